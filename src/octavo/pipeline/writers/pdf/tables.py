"""A section's rows as the lines of a printed table: groups with headings, subtotals and totals, every figure exact.

Lines are ready to be shown: text only, in the locale of the document. How wide and how high they are is the business of `measure`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Context, Decimal
from typing import Any, Literal

from octavo.errors import Torn
from octavo.pipeline import definition, figures
from octavo.pipeline.document import Compared, Rows
from octavo.pipeline.locales import Conventions
from octavo.pipeline.writers.pdf.characters import Characters

_EXACT = Context(prec=100_000, traps=[])

NOTHING = "\N{EN DASH}"

Kind = Literal["row", "group", "subtotal", "total"]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table. A group line has one cell, its heading; a sum has its label in `label` and empty cells
    before its first figure, and says whether it is the first and the last line of its sum (there is one for each currency).
    """

    kind: Kind
    cells: list[str]
    level: int = 0
    label: str = ""
    first: bool = True
    last: bool = True


@dataclass(frozen=True)
class Heading:
    """The head of a column: what it holds, and in which unit or currency if all of it is in one."""

    name: str
    title: str
    unit: str
    numeric: bool
    wraps: bool


@dataclass(frozen=True)
class Lines:
    """A table as it will be printed. `records` are all rows with all columns, for a layout of the report's own; after them
    stands, for each column with a total, its sum in the innermost group so far, called `<column>_carried`.
    """

    name: str
    title: str
    description: str
    headings: tuple[Heading, ...]
    lines: list[Line]
    records: list[list[str]] = field(default_factory=list)
    names: tuple[str, ...] = ()


def lines(section: Rows, conventions: Conventions, characters: Characters, currency: str, *, records: bool = False) -> Lines:
    """Reads the section, once, into lines. `currency` is the organization's own.

    Raises Torn when the sums of the rows are not those that the database gives.
    """
    table = _Table(section, conventions, characters, currency)
    kept: list[list[str]] = []
    for values in section.rows():
        shown = table.add(values)
        if records:
            kept.append([*shown, *table.carried()])
    table.end()
    return Lines(
        section.name, characters.shown(section.title), characters.shown(section.definition.description), table.headings, table.lines,
        kept, (*(column.name for column in section.columns), *table.carried_names),
    )  # fmt: skip


def heading(column: definition.Column, currency: str) -> Heading:
    """The head of a column; a unit that the title already names is not said twice."""
    return Heading(column.name, column.title, figures.unit(column, currency), column.numeric, column.kind == "text")


def parts(table: Lines, compared: Mapping[str, Compared], fits: Callable[[Lines], bool]) -> list[Lines]:
    """A compared table, which has four columns for a figure, as tables of as many figures as fit beside its labels; any other as it is."""
    there = {head.name for head in table.headings}
    figure_of = {
        name: figure for figure, one in compared.items() for name in (figure, one.before, one.change, one.change_percent) if name in there
    }
    labels = [place for place, head in enumerate(table.headings) if head.name not in figure_of]
    groups = [
        [place for place, head in enumerate(table.headings) if figure_of.get(head.name) == figure]
        for figure in dict.fromkeys(figure_of.values())
    ]
    if not groups or fits(table):
        return [table]
    taken: list[list[int]] = []
    for group in groups:
        if taken and fits(_of_columns(table, [*labels, *taken[-1], *group])):
            taken[-1].extend(group)
        else:
            taken.append(list(group))
    made = [_of_columns(table, [*labels, *places]) for places in taken]
    return [
        replace(one, title=f"{one.title} ({number} of {len(made)})", description=one.description if number == 1 else "")
        for number, one in enumerate(made, start=1)
    ]


def _of_columns(table: Lines, places: list[int]) -> Lines:
    lines = [line if line.kind == "group" else replace(line, cells=[line.cells[place] for place in places]) for line in table.lines]
    return replace(table, headings=tuple(table.headings[place] for place in places), lines=lines)


class _Table:
    """The lines of one table as its rows come in."""

    def __init__(self, section: Rows, conventions: Conventions, characters: Characters, currency: str) -> None:
        columns = section.columns
        by_name = {column.name: place for place, column in enumerate(columns)}
        grouped = section.definition.group_by if isinstance(section.definition, definition.Table) else ()
        self.lines: list[Line] = []
        self._section = section
        self._columns = columns
        self._groups = [by_name[name] for name in grouped] if len(grouped) < len(columns) else []
        self._printed = [place for place in range(len(columns)) if place not in self._groups]
        rates = {one.change_percent for one in section.compared.values()}
        self._shows = [_shower(column, conventions, characters, rates) for column in columns]
        heads = [heading(columns[place], currency) for place in self._printed]
        self.headings = tuple(
            Heading(head.name, characters.shown(head.title), characters.shown(head.unit), head.numeric, head.wraps) for head in heads
        )
        self._totalled = [place for place, column in enumerate(columns) if column.numeric and getattr(column, "total", False)]
        self._keys = {place: by_name.get(key_column(columns[place])) for place in self._totalled}
        self._sums = [_Sums() for _ in range(len(self._groups) + 1)]
        self._open: list[str] | None = None

    def add(self, values: Sequence[Any]) -> list[str]:
        shown = [show(value) for show, value in zip(self._shows, values, strict=True)]
        if self._groups:
            self._turn([shown[place] for place in self._groups])
        for place in self._totalled:
            value = values[place]
            if value is not None:
                key = self._keys[place]
                self._sums[-1].add(place, None if key is None else values[key], value)
        self.lines.append(Line("row", [shown[place] for place in self._printed] if self._groups else shown))
        return shown

    @property
    def carried_names(self) -> list[str]:
        return [f"{self._columns[place].name}_carried" for place in self._totalled]

    def carried(self) -> list[str]:
        """The sums of the innermost group up to here, for what a layout carries forward; "" where they are in several currencies."""
        shown = []
        for place in self._totalled:
            values = [value for (other, _), value in self._sums[-1].by.items() if other == place]
            shown.append(self._shows[place](values[0]) if len(values) == 1 else "")
        return shown

    def end(self) -> None:
        if self._open is not None:
            self._close_groups(0)
        if not self._totalled or not self.lines:
            return
        whole = self._sums[0]
        self._compare(whole)
        self.lines.extend(self._sum_lines(whole, "total", 0, "Total"))

    def _turn(self, names: list[str]) -> None:
        """Closes the groups that end here and opens those that begin."""
        if self._open == names:
            return
        level = 0
        if self._open is not None:
            level = next(place for place, (old, new) in enumerate(zip(self._open, names, strict=True)) if old != new)
            self._close_groups(level)
        for depth in range(level, len(names)):
            title = self._columns[self._groups[depth]].title
            self.lines.append(Line("group", [names[depth] or NOTHING], depth, title))
        self._open = names

    def _close_groups(self, level: int) -> None:
        assert self._open is not None
        for depth in range(len(self._groups) - 1, level - 1, -1):
            sums = self._sums[depth + 1]
            if self._totalled:
                self.lines.extend(self._sum_lines(sums, "subtotal", depth, f"Subtotal {self._open[depth] or NOTHING}"))
            self._sums[depth].take(sums)
            self._sums[depth + 1] = _Sums()

    def _sum_lines(self, sums: "_Sums", kind: Kind, level: int, label: str) -> list[Line]:
        """One line; or, where amounts are in several currencies, one for what has none and one for each currency."""
        money = {place for place in self._totalled if isinstance(self._columns[place], definition.Money)}
        currencies = sorted({str(key) for place, key in sums.by if place in money and key is not None})
        plain: dict[int, Decimal] = {}
        for (place, key), value in sums.by.items():
            in_one_unit = place not in money and len([1 for other, _ in sums.by if other == place]) == 1
            if key is None or in_one_unit:
                plain[place] = value
        split = [
            (
                f"{label} {code}",
                {place: value for (place, key), value in sums.by.items() if place in money and key is not None and str(key) == code},
            )
            for code in currencies
        ]
        parts = ([(label, plain)] if plain else []) + split
        if len(split) == 1:
            parts = [(split[0][0], {**plain, **split[0][1]})]
        return [
            Line(
                kind,
                [self._shows[place](figures[place]) if place in figures else "" for place in self._printed],
                level,
                said,
                place == 0,
                place == len(parts) - 1,
            )
            for place, (said, figures) in enumerate(parts)
        ]

    def _compare(self, whole: "_Sums") -> None:
        for total in self._section.control.totals:
            place = next(place for place in self._totalled if self._columns[place].name == total.column)
            key = self._keys[place]
            ours = (
                whole.by.get((place, total.currency))
                if key is not None and isinstance(self._columns[place], definition.Money)
                else whole.all(place)
            )
            if (ours or Decimal(0)) != total.value and not total.value.is_nan():
                raise Torn(
                    f"Section {self._section.name}: the sum of {total.column} over the rows is not the one that the database gives; the file was thrown away"
                )


@dataclass
class _Sums:
    """Exact sums by column and by currency or unit."""

    by: dict[tuple[int, Any], Decimal] = field(default_factory=dict)

    def add(self, place: int, key: Any, value: Any) -> None:
        self.by[place, key] = _EXACT.add(self.by.get((place, key), Decimal(0)), value)

    def take(self, other: "_Sums") -> None:
        for (place, key), value in other.by.items():
            self.add(place, key, value)

    def all(self, place: int) -> Decimal:
        total = Decimal(0)
        for (other, _), value in self.by.items():
            if other == place:
                total = _EXACT.add(total, value)
        return total


def key_column(column: definition.Column) -> str:
    """The column that says in what the cells of this one are counted, if there is one."""
    return getattr(column, "currency_column", None) or getattr(column, "unit_column", None) or ""


MARK = "▲"
"""Stands before a flag that must not be overlooked: a shape beside the word, since colour alone is not seen by everybody."""


def _shower(column: definition.Column, conventions: Conventions, characters: Characters, rates: set[str]) -> Any:
    show = conventions.shower(column)
    if column.kind == "text":
        return lambda value: "" if value is None else characters.shown(value)
    if column.name in rates:  # of nothing there is no percent, which an empty cell would not say
        return lambda value: figures.NOT_AVAILABLE if value is None else show(value)
    if isinstance(column, definition.Flag) and column.highlight:
        return lambda value: f"{MARK} {show(value)}" if value else show(value)
    return show
