"""The contract of a format: what it can hold, as data, and the function that writes a document into a file.

A writer writes every section of the document into `file`, a new empty scratch file that may be written, sought and read. It neither
names nor publishes it, opens no database connection, counts nothing and cuts nothing. What it cannot hold it has said in
`Format.max_rows`; a cell that it cannot hold it refuses by name.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

from pydantic import BaseModel, ConfigDict, ValidationError

from octavo.errors import TooLarge, UsageError
from octavo.pipeline.document import Document


class Options(BaseModel):
    """What can be asked of a format. Each field has a default and a description."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def why_no_password(self) -> str:
        """Why a file that is made so takes no password; nothing where it takes one."""
        return ""


@dataclass(frozen=True)
class Format:
    """A format and its limits. `file_kind(document, options)` gives the extension and the media type of the file it makes."""

    name: str
    title: str
    options: type[Options]
    write: Callable[[Document, BinaryIO, Any], None]
    file_kind: Callable[[Document, Any], tuple[str, str]]
    max_rows: int | None = None
    many_rows: int = 100_000
    """More rows than this take seconds: such a run waits behind those that somebody waits for."""
    lock: Callable[[BinaryIO, BinaryIO, str], None] | None = None
    """Writes a finished file into another with a password on it; where a format knows none, protection.py puts the file into a zip."""

    def read_options(self, given: dict[str, Any]) -> Options:
        """The options, checked. Raises UsageError."""
        try:
            return self.options(**given)
        except ValidationError as error:
            first = error.errors()[0]
            said = first["msg"].removeprefix("Value error, ")
            if not first["loc"]:  # it is not one option, but how two go together
                raise UsageError(f"{self.title} cannot be made so: {said}") from error
            name = str(first["loc"][0])
            known = ", ".join(self.options.model_fields) or "none"
            said = "there is no such option" if first["type"] == "extra_forbidden" else said
            raise UsageError(f"{self.title} cannot be made with {name}={given.get(name)!r}: {said}; its options are: {known}") from error

    def refuse_too_large(self, document: Document) -> None:
        """Raises TooLarge, before anything is written, when the document, or the largest of its parts, has more rows than the format holds."""
        rows = max((part.rows for part in document.parts), default=document.rows) if self.max_rows is not None else 0
        if self.max_rows is not None and rows > self.max_rows:
            raise TooLarge(
                f"{document.report} has {rows:,} rows and {self.title} holds at most {self.max_rows:,}; nothing was made. "
                "Narrow it with a parameter, or choose CSV, XLSX or JSON"
            )
