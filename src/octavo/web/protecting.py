"""Passwords on files, as they are asked for and answered: given, or made and shown once; sealed from then on."""

from pydantic import BaseModel, ConfigDict, Field

from octavo.control.runs import actions as runs
from octavo.pipeline import protection
from octavo.web.asking import Asking


class Protection(BaseModel):
    """A password on the file: a PDF takes it itself, anything else lies in a zip that does; AES with 256 bits."""

    model_config = ConfigDict(extra="forbid", strict=True)

    password: str | None = Field(
        None,
        description=f"The password: {protection.SHORTEST} to {protection.LONGEST} ASCII characters. Without it one is made and shown in the answer, once.",
        max_length=1000,
    )


def seal(asking: Asking, asked: Protection | None) -> tuple[bytes | None, str | None]:
    """The password of a file that is asked for, sealed, and, where it was made here, in clear for the answer. Raises UsageError for a bad one."""
    if asked is None:
        return None, None
    if asked.password is not None:
        protection.check(asked.password)
    password = asked.password or protection.made()
    asking.show_once("password")
    sealed = asking.server.vault.seal(password, runs.sealed_as(asking.principal.organization.id))
    return sealed, None if asked.password else password
