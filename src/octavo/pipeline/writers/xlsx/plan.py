"""Which sheets there will be, what each is called, and how many rows it holds: known before a row is read."""

import re
from dataclasses import dataclass
from decimal import Context, Decimal

from xlsxwriter.utility import quote_sheetname, xl_col_to_name

from octavo.pipeline import definition
from octavo.pipeline.document import Document, Rows
from octavo.pipeline.writers.xlsx import columns

SUMMARY = "Summary"
_LONGEST_NAME = 31
_ILLEGAL = re.compile(r"[\[\]:*?/\\\x00-\x1f\ufffe\uffff]+")
_RESERVED = "history"
_EXACT = Context(prec=100_000)


@dataclass(frozen=True)
class Sheet:
    """A sheet of `rows` rows under one row of headings."""

    name: str
    rows: int

    @property
    def last_row(self) -> int:
        """The number of its last row, as people count: the heading is row 1."""
        return self.rows + 1

    def cells(self, column: int, *, absolute: bool = False) -> str:
        """The range of a column's cells without the heading."""
        name, mark = xl_col_to_name(column), "$" if absolute else ""
        return f"{mark}{name}{mark}2:{mark}{name}{mark}{self.last_row}"


@dataclass(frozen=True)
class TotalsRow:
    """A row of totals: by column name its exact sum, over all rows or over those of `currency` ('' for none)."""

    values: dict[str, Decimal]
    currency: str | None = None


@dataclass(frozen=True)
class SectionPlan:
    """A Table or a Breakdown: its looks, its sheets in order, and the totals under the last of them."""

    section: Rows
    looks: tuple[columns.Look, ...]
    sheets: tuple[Sheet, ...]
    totals: tuple[TotalsRow, ...]
    rows_per_sheet: int

    def position(self, name: str) -> int:
        """The place of a column, from 0."""
        return [look.column.name for look in self.looks].index(name)

    def formula(self, name: str, currency_cell: str | None) -> str:
        """The sum of a column over all sheets: of what the filter shows, or of the rows in the currency that a cell names."""
        terms = []
        for sheet in self.sheets:
            place = "" if sheet is self.sheets[-1] else f"{quote_sheetname(sheet.name)}!"
            cells = place + sheet.cells(self.position(name))
            if currency_cell is None:
                terms.append(f"SUBTOTAL(109,{cells})")
            else:
                currencies = place + sheet.cells(self.position(self.currency_column(name)))
                terms.append(f"SUMIF({currencies},{currency_cell},{cells})")
        return "=" + "+".join(terms)

    def currency_column(self, name: str) -> str:
        column = self.looks[self.position(name)].column
        assert isinstance(column, definition.Money) and column.currency_column is not None
        return column.currency_column


def plan(document: Document, most_rows: int) -> tuple[SectionPlan, ...]:
    """The sheets after the summary, where a sheet has at most `most_rows` rows, heading and totals included."""
    taken = {SUMMARY.casefold(), _RESERVED}
    return tuple(
        _section(document, section, taken, most_rows)
        for section in document.tables
        if not isinstance(section.definition, definition.Metrics)
    )


def _section(document: Document, section: Rows, taken: set[str], most_rows: int) -> SectionPlan:
    totals = _totals(section)
    count, full = section.control.rows, most_rows - 1
    if count and (count - 1) % full + 1 + len(totals) > full:
        full -= len(totals)  # the totals would not fit under the last rows
    sheets = []
    for first in range(0, max(count, 1), full):
        name = legal_name(section.title, taken)
        taken.add(name.casefold())
        sheets.append(Sheet(name, min(full, count - first)))
    return SectionPlan(section, columns.looks(document, section), tuple(sheets), totals, full)


def _totals(section: Rows) -> tuple[TotalsRow, ...]:
    """One row for what has one total, then one for each currency of what has several; none under no rows."""
    if not section.control.rows:
        return ()
    several = {column.name for column in section.columns if len(columns.currencies(section, column)) > 1}
    whole: dict[str, Decimal] = {}
    apart: dict[str, dict[str, Decimal]] = {}
    for total in section.control.totals:
        values = apart.setdefault(total.currency or "", {}) if total.column in several else whole
        # Only rows that name no currency can meet here, those with null and those with ''.
        values[total.column] = _EXACT.add(values[total.column], total.value) if total.column in values else total.value
    rows = [TotalsRow(whole)] if whole else []
    return (*rows, *(TotalsRow(apart[currency], currency) for currency in sorted(apart)))


def legal_name(title: str, taken: set[str]) -> str:
    """The title as the name of a sheet: without what no name may hold, cut to 31 characters, numbered where it is `taken`."""
    wanted = " ".join(_ILLEGAL.sub(" ", title).split()).strip("'") or "Sheet"
    number = 1
    while True:
        suffix = f" ({number})" if number > 1 else ""
        name = _cut(wanted, _LONGEST_NAME - len(suffix)) + suffix
        if name.casefold() not in taken:
            return name
        number += 1


def _cut(text: str, units: int) -> str:
    while columns.text_units(text) > units:
        text = text[:-1]
    return text.strip(" '")
