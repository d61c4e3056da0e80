"""The seal of an artefact: what it is, from which snapshot, with which parameters, and the figures it must still hold years later.

It is written beside the file as FILE.manifest.json. Amounts are strings of digits, so that no reader makes floats of them.
"""

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from octavo import __version__
from octavo.errors import VerificationFailed
from octavo.pipeline import definition
from octavo.pipeline.document import Document, Member, Rows
from octavo.pipeline.earlier import Earlier
from octavo.pipeline.naming import Served
from octavo.pipeline.periods import zone_named

SUFFIX = ".manifest.json"


def served(file: Served) -> Served:
    """What whoever fetches the manifest of a file is told of it."""
    return Served(file.name + SUFFIX, "application/json")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class File(_Part):
    """The bytes: their number and their SHA-256 in hexadecimal."""

    name: str
    bytes: int
    sha256: str


class Total(_Part):
    """The exact sum of a column; `currency` where it is that of some rows only."""

    column: str
    value: str
    currency: str | None = None

    @field_validator("value")
    @classmethod
    def _is_number(cls, value: str) -> str:
        try:
            Decimal(value)
        except InvalidOperation as error:
            raise ValueError("a total is a number in digits") from error
        return value


class Column(_Part):
    """A column as the file has it. `currency_column` says, row by row, which total a value belongs to."""

    name: str
    kind: str
    masked: bool = False
    currency_column: str | None = None


class Section(_Part):
    """A part of the file: where it lies (members of a zip, sheets), its columns, rows and control totals.

    `guarded` counts the text cells by column that the formula guard prefixed with an apostrophe.
    """

    name: str
    kind: str
    places: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: int = Field(ge=0)
    totals: tuple[Total, ...] = ()
    guarded: dict[str, int] = {}

    @model_validator(mode="after")
    def _names_its_columns(self) -> "Section":
        there = {column.name for column in self.columns}
        named = {total.column for total in self.totals} | {column.currency_column for column in self.columns if column.currency_column}
        if named - there or len(there) != len(self.columns):
            raise ValueError("each column stands once, and totals and currencies are those of columns")
        return self


class Figures(_Part):
    """What one section of a file holds."""

    name: str
    rows: int = Field(ge=0)
    totals: tuple[Total, ...] = ()


class Part(_Part):
    """One file of a zip: the values it is of, its bytes, the SHA-256 of the manifest that lies beside it in the zip, and what it holds."""

    parameters: dict[str, Any]
    file: File
    seal: str
    sections: tuple[Figures, ...]

    @property
    def rows(self) -> int:
        return sum(section.rows for section in self.sections)


class Manifest(_Part):
    """Everything that is sealed."""

    octavo: str
    run_id: str
    report: str
    report_version: str
    title: str
    organization: str
    format: str
    options: dict[str, Any]
    parameters: dict[str, Any]
    time_zone: str
    locale: str
    snapshot_taken_at: datetime
    planned_at: datetime | None = None
    """The time for which a schedule planned it: of that its relative periods are."""
    masked: bool
    requested_by: str
    approved_by: str = ""
    """Who let an export out; nobody where it needed no approval."""
    protected: bool = False
    """Whether the file takes a password, which stands nowhere. The hash is that of the file as it is stored."""
    each: tuple[str, ...] = ()
    """The parameters of which it holds several values; what they are called by is a list then."""
    parts: tuple[Part, ...] = ()
    """Where it is a zip with a file for each combination of those values: these files. The sections are then those of all of them together."""
    sections: tuple[Section, ...]
    file: File

    @model_validator(mode="after")
    def _names_differ(self) -> "Manifest":
        if len({section.name for section in self.sections}) != len(self.sections):
            raise ValueError("two sections have one name")
        if len({part.file.name for part in self.parts}) != len(self.parts):
            raise ValueError("two parts have one name")
        return self

    @property
    def rows(self) -> int:
        return sum(section.rows for section in self.sections)

    def to_json(self) -> str:
        return self.model_dump_json(indent=2, exclude_defaults=True) + "\n"


def seal(document: Document, file: File, format: str, options: BaseModel) -> Manifest:
    """The manifest of a file that holds this document."""
    return Manifest(
        octavo=__version__,
        run_id=document.run_id,
        report=document.report,
        report_version=document.version,
        title=document.title,
        organization=document.organization.slug,
        format=format,
        options=options.model_dump(mode="json"),
        parameters={answer.name: plain(answer.value) for answer in document.parameters},
        time_zone=document.zone,
        locale=document.locale,
        snapshot_taken_at=document.taken_at,
        planned_at=document.planned_at.astimezone(zone_named(document.zone)) if document.planned_at else None,
        masked=document.masked,
        requested_by=document.requested_by,
        approved_by=document.approved_by,
        protected=document.protected,
        sections=tuple(
            Section(
                name=section.name,
                kind=type(section.definition).__name__.lower(),
                places=tuple(section.places),
                columns=tuple(_column(column, document.masked) for column in section.columns),
                rows=section.control.rows,
                totals=_totals(section),
                guarded=section.guarded,
            )
            for section in document.tables
        ),
        each=document.each,
        parts=tuple(_part(document, part, member) for part, member in zip(document.parts, document.members, strict=True)),
        file=file,
    )


def _part(document: Document, part: Document, member: Member) -> Part:
    return Part(
        parameters={answer.name: plain(answer.value) for answer in part.parameters if answer.name in document.each},
        file=File(name=member.name, bytes=member.bytes, sha256=member.sha256),
        seal=member.seal,
        sections=tuple(Figures(name=section.name, rows=section.control.rows, totals=_totals(section)) for section in part.tables),
    )


def _totals(section: Rows) -> tuple[Total, ...]:
    return tuple(Total(column=total.column, value=digits(total.value), currency=total.currency) for total in section.control.totals)


def read(text: str) -> Manifest:
    """The manifest that a text holds. Raises VerificationFailed."""
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise VerificationFailed(f"The manifest is not one of Octavo's, or was edited: {where or 'text'}: {first['msg']}") from error


def digits(value: Decimal) -> str:
    """An exact amount in plain digits, never with an exponent."""
    return f"{value:f}"


def plain(value: Any) -> Any:
    """A resolved parameter as JSON has it: numbers that are exact as digits, a period as its two dates (both included), and so what it is compared with."""
    if isinstance(value, Earlier):
        return value.stored
    if hasattr(value, "last_day"):
        return {"start": value.start.isoformat(), "end": value.last_day.isoformat(), "time_zone": value.zone}
    if isinstance(value, Decimal):
        return digits(value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _column(column: definition.Column, masked: bool) -> Column:
    return Column(
        name=column.name, kind=column.kind, masked=masked and column.pii, currency_column=getattr(column, "currency_column", None)
    )
