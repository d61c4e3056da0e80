"""A form as a browser sent it, checked by a Pydantic model; what is wrong with it is said beside the field, and nothing that was typed is lost."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from pydantic import BaseModel, ValidationError

from octavo.errors import Forbidden, OctavoError, Unauthenticated
from octavo.web.pages import multipart

MOST_FIELDS = 1000
CSRF = "csrf_token"
TYPE = "application/x-www-form-urlencoded"
TYPES = (TYPE, multipart.TYPE)
"""The second for forms with a file."""

Model = TypeVar("Model", bound=BaseModel)


class Form:
    """What was sent, or what the fields hold at the beginning; and what is wrong with it."""

    def __init__(self, pairs: Sequence[tuple[str, str]] = (), files: Mapping[str, bytes] | None = None) -> None:
        self._sent: dict[str, list[str]] = {}
        for name, value in pairs:
            self._sent.setdefault(name, []).append(value)
        self.files = dict(files or {})
        """What is in the files that were chosen, by field."""
        self.errors: dict[str, str] = {}
        """What is wrong, by field."""
        self.error = ""
        """What is wrong with the whole."""
        self.status = 200
        """That of the answer which shows the form again."""

    @property
    def ok(self) -> bool:
        return not (self.errors or self.error)

    def text(self, name: str) -> str:
        """The field's value, "" without one."""
        return (self._sent.get(name) or [""])[-1]

    def all(self, name: str) -> list[str]:
        """Every value of a field that may be given several times."""
        return list(self._sent.get(name, ()))

    def has(self, name: str, value: str) -> bool:
        """Whether a box is ticked or a choice chosen."""
        return value in self._sent.get(name, ())

    def fill(self, values: Mapping[str, Any]) -> "Form":
        """Puts values where nothing was sent: a new form, or one that changes something that is there."""
        for name, value in values.items():
            if name not in self._sent and value is not None:
                many = value if isinstance(value, list | tuple | set | frozenset) else [value]
                self._sent[name] = ["on" if one is True else str(one) for one in many if one is not False]
        return self

    def put(self, values: Mapping[str, str]) -> None:
        """Puts values in the place of what was sent: a form that is worked on in steps shows where it stands."""
        for name, value in values.items():
            self._sent[name] = [value]

    def read(self, model: type[Model]) -> Model | None:
        """The form as that model; None, and what is wrong beside each field, when it is none.

        An empty field counts as not given. A field of the model that takes a list gets every value; a tick box is "on" or not given,
        which is False where the model's field is a bool.
        """
        given: dict[str, Any] = {}
        for name, field in model.model_fields.items():
            values = [value for value in self._sent.get(name, ()) if value != ""]
            if _takes_many(field.annotation):
                given[name] = values
            elif values:
                given[name] = values[-1]
            elif field.annotation is bool:
                given[name] = False
        try:
            return model.model_validate(given)
        except ValidationError as error:
            for one in error.errors():
                name = str(one["loc"][0]) if one["loc"] else ""
                said = "This is needed." if one["type"] == "missing" else one["msg"].removeprefix("Value error, ")
                self.refuse(said, field=name)
            return None

    def refuse(self, said: str, *, field: str = "", status: int = 422) -> None:
        """Says what is wrong, with a field or with the whole; the first thing said of each stands."""
        if field:
            self.errors.setdefault(field, said)
        elif not self.error:
            self.error = said
        self.status = status

    @contextmanager
    def refusals(self, field: str = "") -> Iterator[None]:
        """Takes what the house refuses within for what is wrong with the form. Who may not, and what failed, is told on a page of its own."""
        try:
            yield
        except (Unauthenticated, Forbidden):
            raise
        except OctavoError as error:
            if error.status >= 500:
                raise
            self.refuse(str(error), field=field, status=error.status)


def parse(body: bytes, content_type: str = TYPE) -> Form:
    """The form in a body that web/bodies.py let pass."""
    sent, files = fields(body, content_type)
    return Form(sent, files)


def fields(body: bytes, content_type: str = TYPE) -> tuple[list[tuple[str, str]], dict[str, bytes]]:
    """Names and values, and the files that were chosen. Raises ValueError for what is no form in UTF-8, or has too many fields."""
    if not content_type.lower().startswith(multipart.TYPE):
        return parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS), {}
    parts = multipart.parts(body, content_type, MOST_FIELDS) if body else []
    return [(one.name, one.content.decode()) for one in parts if not one.file], {
        one.name: one.content for one in parts if one.file and one.content
    }


def _takes_many(annotation: Any) -> bool:
    origin = getattr(annotation, "__origin__", annotation)
    if origin in (list, tuple, set, frozenset):
        return True
    return any(_takes_many(part) for part in getattr(annotation, "__args__", ()) if part is not type(None))
