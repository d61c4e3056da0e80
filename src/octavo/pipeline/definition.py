"""What a report is: columns, sections, parameters, packs. The only module of Octavo that a pack imports.

A definition is data. It says each thing once (a column's name, title, kind, total and privacy), and every query, format,
form, mask and page is derived from it. Nothing here touches a database or a file.
"""

import re
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from octavo.errors import DefinitionError
from octavo.pipeline.periods import Period

__all__ = [
    "Annotated", "Breakdown", "Chart", "Column", "Date", "Field", "Flag", "Instant", "Integer", "Loader", "Lookup",
    "Metrics", "Money", "Pack", "Parameters", "Percent", "Period", "Quantity", "Report", "Section", "Table", "Template", "Text",
]  # fmt: skip

SampleSize = Literal["small", "medium", "large"]
"""How much sample data octavo demo makes."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


def _require_name(name: str, what: str) -> None:
    if not _NAME.fullmatch(name):
        raise DefinitionError(f"{what} is called {name!r}: use lower-case letters, digits and _, beginning with a letter")


# --- columns ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Column:
    """One column of a section: `name` is what the query calls it and what CSV and JSON write; `title` is what people read.

    `pii`: the column holds personal data and is masked for readers who may not see it.
    """

    numeric: ClassVar[bool] = False
    kind: ClassVar[str]

    name: str
    title: str
    _: KW_ONLY
    description: str = ""
    pii: bool = False

    def __post_init__(self) -> None:
        _require_name(self.name, "A column")


@dataclass(frozen=True)
class Text(Column):
    """Any text, and identifiers: `0042` keeps its zeros. `long`: prose that may take several lines in a PDF."""

    kind = "text"
    _: KW_ONLY
    long: bool = False


@dataclass(frozen=True)
class Date(Column):
    """A calendar date, without a time zone."""

    kind = "date"


@dataclass(frozen=True)
class Instant(Column):
    """A point in time (timestamptz), shown in the time zone of the run."""

    kind = "instant"


@dataclass(frozen=True)
class Flag(Column):
    """True or false. `highlight`: people must not overlook the rows where it is true, so a PDF marks them and a sheet tints them."""

    kind = "flag"
    _: KW_ONLY
    highlight: bool = False


@dataclass(frozen=True)
class Integer(Column):
    """A whole number. `total`: its sum means something, is shown, and becomes a control total."""

    kind = "integer"
    numeric = True
    _: KW_ONLY
    total: bool = False
    decimals: ClassVar[int] = 0


@dataclass(frozen=True)
class Quantity(Column):
    """An exact decimal number, in `unit` (or in the unit that the column `unit_column` names, row by row).

    `decimals` is how many places people are shown; CSV, JSON and XLSX always hold every digit.
    """

    kind = "quantity"
    numeric = True
    _: KW_ONLY
    total: bool = False
    decimals: int = 2
    unit: str = ""
    unit_column: str | None = None


@dataclass(frozen=True)
class Money(Column):
    """An exact amount. Its currency is `currency` (ISO 4217), or that of the column `currency_column` in the same row, or,
    where neither is given, the organization's own. Totals are kept by currency and never added across.
    """

    kind = "money"
    numeric = True
    _: KW_ONLY
    total: bool = False
    decimals: int = 2
    currency: str | None = None
    currency_column: str | None = None


@dataclass(frozen=True)
class Percent(Column):
    """A number that counts hundredths: 12.5 means 12.5 %, in every format."""

    kind = "percent"
    numeric = True
    _: KW_ONLY
    total: ClassVar[bool] = False
    decimals: int = 1


# --- sections ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Section:
    """A part of a report. `query` names the file beside report.py that holds its SELECT."""

    name: str
    title: str

    def __post_init__(self) -> None:
        _require_name(self.name, "A section")


@dataclass(frozen=True)
class _Rows(Section):
    """A section with a query and columns of its own."""

    _: KW_ONLY
    query: str
    columns: tuple[Column, ...]
    description: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "columns", tuple(self.columns))
        _check_columns(self.name, self.columns)


@dataclass(frozen=True)
class Metrics(_Rows):
    """Key figures: the query yields exactly one row."""


@dataclass(frozen=True)
class Table(_Rows):
    """Rows, in the order of the query. `group_by` names columns that the query sorts by first: a PDF sets a heading and a
    subtotal for each group. `summary`: it has few rows whatever is asked, and belongs to what people read first.
    """

    _: KW_ONLY
    group_by: str | tuple[str, ...] = ()
    summary: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "group_by", _names(self.group_by))
        unknown = set(self.group_by) - {column.name for column in self.columns}
        if unknown:
            raise DefinitionError(f"Section {self.name}: group_by names {sorted(unknown)}, which are not among its columns")


@dataclass(frozen=True)
class Breakdown(_Rows):
    """A distribution: the query yields a label and one or more figures; `share_of` names the figure whose share of the whole,
    in percent, Octavo adds as the last column `share`.
    """

    _: KW_ONLY
    share_of: str

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.share_of not in {column.name for column in self.columns if column.numeric}:
            raise DefinitionError(f"Section {self.name}: share_of names {self.share_of!r}, which is no numeric column of it")


Tabular = Table | Metrics | Breakdown
"""The sections that have rows."""


@dataclass(frozen=True)
class Chart(Section):
    """A picture of another section's rows: `x` against one or more figures `y`. Native in XLSX, vector in PDF."""

    _: KW_ONLY
    of: str
    x: str
    y: str | tuple[str, ...]
    mark: Literal["bar", "line", "area"] = "bar"

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "y", _names(self.y))


def _names(given: str | tuple[str, ...]) -> tuple[str, ...]:
    """One name may be written without a tuple around it."""
    return (given,) if isinstance(given, str) else tuple(given)


def _check_columns(section: str, columns: tuple[Column, ...]) -> None:
    names = [column.name for column in columns]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise DefinitionError(f"Section {section}: the columns {doubled} stand more than once")
    if not names:
        raise DefinitionError(f"Section {section} has no columns")
    for column in columns:
        for attribute in ("currency_column", "unit_column"):
            other = getattr(column, attribute, None)
            if other is not None and other not in names:
                raise DefinitionError(f"Section {section}: {column.name} takes its {attribute} from {other!r}, which is not there")


# --- parameters -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Lookup:
    """Says where the values of a parameter come from: `options` names an SQL file of the pack that yields (value, label).

    A value that is not among them is refused, with those that are. `default` names an SQL file that yields the value to take
    when none was given. Both run in the snapshot, as the organization. `pii`: the labels are personal data (names of people), and are
    not told to readers who may not see it.
    """

    options: str
    default: str | None = None
    pii: bool = False


class Parameters(BaseModel):
    """What a report can be asked. Subclass it; each field has a title, and a default unless it must be given.

    In SQL a field `contract_id` is `%(contract_id)s`. A field of type Period is four values: `%(period_start)s` and
    `%(period_end)s`, dates of which the end is the first day after, and `%(period_from)s` and `%(period_until)s`, the same as
    instants in the time zone of the run; all are null when no period was given.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class Template:
    """What a new organization's template of a report is called, and the format it is made in."""

    name: str
    format: Literal["csv", "xlsx", "json", "pdf"] = "pdf"


# --- reports and packs ------------------------------------------------------------------------------------------------


_ASKED_OF_EVERY_REPORT = {"sections", "fields", "filters", "time_zone", "compare"}


@dataclass(frozen=True)
class Report:
    """A report: what it is called, what it can be asked, and its sections in the order people read them.

    `base` names an SQL file whose rows every section's query may read as `base`: where several sections are told together it is worked
    out once for all of them. `layout` names a Typst file beside report.py, where the default layout is not enough. `template` is the one that new organizations
    are given of it; without, that is called by the report's title, and is a PDF.
    """

    title: str
    description: str
    _: KW_ONLY
    sections: tuple[Section, ...]
    parameters: type[Parameters] = Parameters
    layout: str | None = None
    base: str | None = None
    template: Template | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "sections", tuple(self.sections))
        names = [section.name for section in self.sections]
        if not names or len(set(names)) != len(names):
            raise DefinitionError(f"Report {self.title!r} needs sections, each with a name of its own; it has {names}")
        if taken := sorted(_ASKED_OF_EVERY_REPORT & set(self.parameters.model_fields)):
            raise DefinitionError(f"Report {self.title!r} has a parameter {taken[0]!r}, which is asked of every report; call it otherwise")
        tables = {section.name: section for section in self.sections if isinstance(section, _Rows)}
        for chart in self.sections:
            if isinstance(chart, Chart):
                columns = {column.name for column in tables[chart.of].columns} if chart.of in tables else set()
                missing = {chart.x, *chart.y} - columns
                if missing:
                    raise DefinitionError(f"Chart {chart.name} draws {sorted(missing)} of section {chart.of!r}, which are not there")


@dataclass(frozen=True)
class Loader:
    """How `octavo load PACK FILE` brings a CSV file in: its header, the table it is staged in, and what is made of it.

    `columns` are the file's header, in order, with the PostgreSQL type each cell must be. They are staged in the temporary
    table `staging` (columns `line`, then those of `columns`); the SQL file `transform` moves them into the pack's tables, and its
    last statement yields (label, figure) rows that are told to the person. `checks` are SQL conditions that every line must
    fulfil, with the reason a person is given when one does not.
    """

    columns: Mapping[str, str]
    transform: str
    _: KW_ONLY
    checks: Mapping[str, str] = field(default_factory=dict)
    zone: str = "UTC"


@dataclass(frozen=True)
class Pack:
    """The reports of one business domain: a folder with pack.py, and a folder for each report.

    How its rows are kept apart is declared here and checked at the start. `schemas` are the PostgreSQL schemas it reads: each
    relation in them has forced row-level security on `organization_id`, or is a security-barrier view over the host's tables.
    `single_tenant` says instead that the whole source belongs to the organization of that slug; no other sees the pack.
    `sample` is an SQL file, or a folder of them, that makes sample data of the organization from `%(seed)s` and `%(factor)s`: how many times as
    much of it there is as in the smallest. `sample_factors` says the factor of each size of `octavo demo`.
    `billing_period` is the SQL file that gives the first and the last day of the latest completed billing period, where the pack bills.
    """

    name: str
    title: str
    _: KW_ONLY
    schemas: tuple[str, ...]
    single_tenant: str | None = None
    migrations: str | None = None
    sample: str | None = None
    sample_factors: Mapping[SampleSize, int] = field(default_factory=lambda: {"small": 1, "medium": 10, "large": 100})
    loader: Loader | None = None
    billing_period: str | None = None

    def __post_init__(self) -> None:
        _require_name(self.name, "A pack")
        object.__setattr__(self, "schemas", tuple(self.schemas))
        if tuple(self.sample_factors) != get_args(SampleSize) or min(self.sample_factors.values()) < 1:
            raise DefinitionError(
                f"The sample of pack {self.name} needs a factor of 1 or more for each of: {', '.join(get_args(SampleSize))}"
            )


def numeric_totals(columns: tuple[Column, ...]) -> tuple[Any, ...]:
    """The columns whose sum is a control total, in order."""
    return tuple(column for column in columns if column.numeric and getattr(column, "total", False))
