"""The shell around every module's routes: who asks, problems, pages of lists, limits, metrics, health."""

from starlette.convertors import Convertor, register_url_convertor


class _Id(Convertor[str]):
    """`{schedule_id:id}` in an address: digits. What is no number is no id, so that beside it `/scheduled/next` is an address of its own for every method."""

    regex = "[0-9]{1,20}"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("id", _Id())
