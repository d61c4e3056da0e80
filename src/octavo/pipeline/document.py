"""What a writer receives: a header, and the sections of the report bound to one snapshot, each readable once.

A bound section knows before it is read how many rows it has and what their totals are (`control`, computed by Postgres in the same
snapshot), and counts what is read from it, so that no writer counts for itself. `agree` compares the two.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Context, Decimal
from pathlib import Path
from typing import Any, Protocol

from psycopg import sql

from octavo.errors import NeedsApproval, TooLarge, Torn
from octavo.pipeline import definition
from octavo.pipeline.definition import Column

EXACT = Context(prec=200_000, traps=[])
"""How totals are added: more digits than PostgreSQL's numeric can have; NaN and infinities add up as they do there."""

Progress = Callable[[str, int, int], None]
"""Is told the section that is being written, the rows of the document written so far, and how many there are in all."""


@dataclass(frozen=True)
class Organization:
    """Whom a document is made for.

    `branding` is what branding.Branding says it may be. Bank details are pairs [label, value] in the order in which they are printed, or
    a mapping where the order is no matter, because the database keeps none.
    """

    id: int
    slug: str
    name: str
    locale: str = "en_GB"
    time_zone: str = "UTC"
    currency: str = "EUR"
    branding: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """A parameter as it was resolved: `value` is what the query was given, `shown` what people read."""

    name: str
    title: str
    value: Any
    shown: str


@dataclass(frozen=True)
class Total:
    """The exact sum of a column: over all rows, or over those in `currency` where a column says each row's currency."""

    column: str
    value: Decimal
    currency: str | None = None


@dataclass(frozen=True)
class Control:
    """What a section holds, as the database counts it."""

    rows: int
    totals: tuple[Total, ...] = ()


@dataclass(frozen=True)
class Compared:
    """The names of the columns that stand beside a figure's own: what it was before, and the change, also in percent of what it was.

    There is no change in percent of what is a percentage itself. Of a currency they say in which what was before and the change are.
    """

    before: str
    change: str
    change_percent: str = ""


class Query(Protocol):
    """The rows of one section in the snapshot, masked where they must be. Implemented by snapshot.BoundQuery."""

    @property
    def control(self) -> Control:
        """The number of rows and the totals, as the database counts them."""

    def copy(
        self, select: sql.Composable, options: sql.Composable, *, line_end: bytes | None, break_every: int | None
    ) -> Iterator[tuple[int, bytearray]]:
        """Streams `copy (select {select} from the rows) to stdout ({options})` as (number of rows, their bytes)."""

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Streams the rows as Python values: str, int, Decimal, date, datetime in the zone of the run, bool, None."""

    def first(self, select: sql.Composable, limit: int | None) -> list[tuple[Any, ...]]:
        """What `select` yields over the first `limit` rows, or over all; it may be asked at any time and is not counted as read."""


@dataclass
class Rows:
    """A section with rows (Table, Metrics, Breakdown), bound. Read it once, through `copy` or `rows`."""

    definition: definition.Tabular
    columns: tuple[Column, ...]
    query: Query
    progress: Callable[[str, int], None]
    compared: Mapping[str, Compared] = field(default_factory=dict)
    """By column, the columns that compare it with an earlier period; none where nothing is compared."""
    rows_read: int = 0
    guarded: dict[str, int] = field(default_factory=dict)
    """By column, how many text cells the formula guard of the writer changed. The writer says so here."""
    places: list[str] = field(default_factory=list)
    """Where in the file the section lies (members of a zip, sheets). The writer says so here, and verifying looks there."""

    @property
    def name(self) -> str:
        return self.definition.name

    @property
    def title(self) -> str:
        return self.definition.title

    @property
    def control(self) -> Control:
        return self.query.control

    @property
    def beside(self) -> set[str]:
        """The columns that stand beside others to compare them."""
        return {name for one in self.compared.values() for name in (one.before, one.change, one.change_percent) if name}

    def copy(
        self, select: sql.Composable, options: sql.Composable, *, line_end: bytes | None = None, break_every: int | None = None
    ) -> Iterator[bytearray]:
        """Streams what Postgres writes for `copy (select {select} from rows) to stdout with ({options})`, in buffers of whole rows.

        `select` names the columns by their names (sql.Identifier). `line_end` replaces the newline that ends each row. No buffer
        spans a multiple of `break_every` rows; `rows_read` says after each buffer how many rows have come.
        """
        self._begin()
        for count, buffer in self.query.copy(select, options, line_end=line_end, break_every=break_every):
            self._count(count)
            yield buffer

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Streams the rows as Python values, exact: Decimal for every numeric column, datetimes in the zone of the run."""
        self._begin()
        for row in self.query.rows():
            self._count(1)
            yield row

    def _begin(self) -> None:
        if self.rows_read:
            raise Torn(f"Section {self.name} was read twice")

    def _count(self, count: int) -> None:
        self.rows_read += count
        self.progress(self.name, count)

    def agree(self) -> None:
        """Raises Torn unless as many rows were read as the database counted."""
        if self.rows_read != self.control.rows:
            raise Torn(f"Section {self.name}: {self.rows_read} rows were written of {self.control.rows}; the file was thrown away")


@dataclass
class Chart:
    """A chart, bound: `columns` are x and then each y; `rows` gives its points."""

    definition: definition.Chart
    columns: tuple[Column, ...]
    query: Query

    @property
    def name(self) -> str:
        return self.definition.name

    @property
    def title(self) -> str:
        return self.definition.title

    def rows(self) -> Iterator[tuple[Any, ...]]:
        return self.query.rows()


BoundSection = Rows | Chart


@dataclass(frozen=True)
class Member:
    """A file in a zip that was made for one part: its name, its bytes, and the SHA-256 of the file and of the manifest beside it."""

    name: str
    bytes: int
    sha256: str
    seal: str


@dataclass(frozen=True)
class Document:
    """One report for one organization from one snapshot, about to be written."""

    report: str
    version: str
    title: str
    description: str
    organization: Organization
    parameters: tuple[Answer, ...]
    sections: tuple[BoundSection, ...]
    run_id: str
    taken_at: datetime
    zone: str
    locale: str
    masked: bool
    layout: Path | None = None
    requested_by: str = ""
    approved_by: str = ""
    protected: bool = False
    """Whether the file takes a password."""
    planned_at: datetime | None = None
    """The instant of which relative periods are, where it is not that of the snapshot."""
    each: tuple[str, ...] = ()
    """The parameters that have several values; their answers are lists."""
    parts: tuple["Document", ...] = ()
    """One for each combination of those values, where each becomes a file of its own; the sections are then those of all of them together."""
    called: tuple[str, ...] = ()
    """Of a part: what people read for its values of those parameters."""
    members: list[Member] = field(default_factory=list)
    """The files of the parts, in the same order. The writer says so here."""
    goes_out_with: int = 0
    """How many rows go out in all, where it is one of several files that are asked for at once."""
    first_rows: int | None = None
    """How many rows of each table there are at most, where this is an example."""

    @property
    def tables(self) -> Sequence[Rows]:
        """The sections that have rows, in order."""
        return [section for section in self.sections if isinstance(section, Rows)]

    @property
    def rows(self) -> int:
        """How many rows there are in all sections together."""
        return sum(section.control.rows for section in self.tables)

    def refuse_more_than(self, rows: int | None) -> None:
        """Raises TooLarge, before anything is written, when there are more rows than that in all sections together."""
        if rows is not None and self.rows > rows:
            raise TooLarge(
                f"{self.report} has {self.rows:,} rows here, and a file of this organization may hold {rows:,}; nothing was made. "
                "Narrow it with a parameter, or have who runs the server allow more (octavo admin limits)"
            )

    def refuse_unapproved(self, rows: int | None) -> None:
        """Raises NeedsApproval, before anything is written, when there are more rows than may go out as things are."""
        if rows is not None and (found := max(self.rows, self.goes_out_with)) > rows:
            raise NeedsApproval(
                f"{self.report} has {found:,} rows {'in all the files asked for at once' if self.goes_out_with else 'here'}, and more than {rows:,} need approval; nothing was made. Ask for it as an export, "
                "or have an administrator who did not write the template approve that"
            )

    def agree(self) -> None:
        """Raises Torn unless everything that the snapshot holds was read."""
        for section in self.tables:
            section.agree()


class Counter:
    """Adds up the rows of all sections for whoever watches."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._done = 0
        self._expected = 0

    def expect(self, rows: int) -> None:
        self._expected = rows

    def add(self, section: str, rows: int) -> None:
        self._done += rows
        if self._progress:
            self._progress(section, self._done, self._expected)
