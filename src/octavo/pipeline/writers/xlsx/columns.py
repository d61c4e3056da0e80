"""How a column looks in a sheet: its heading, its number format, its width. And what a cell can hold."""

import math
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from psycopg import sql

from octavo.errors import TooLarge
from octavo.pipeline import definition
from octavo.pipeline.document import Document, Rows

LONGEST_TEXT = 32_767  # UTF-16 code units in a cell
EXACT_DIGITS = 15  # decimal digits that every double keeps

LINE_HEIGHT = 15  # points
TALLEST_ROW = 409
_SAMPLED_ROWS = 200
_SAMPLED_CHARACTERS = 200
_WIDEST = 60
_NARROWEST = 8
_PADDING = 2  # beside the content, in characters
_FILTER_BUTTON = 4


@dataclass(frozen=True)
class Look:
    """A column as it is set in a sheet, perhaps to the right of numbers.

    `width` is in characters of the default font; `heading_lines` is what the heading needs.
    """

    column: definition.Column
    heading: str
    number_format: str | None
    width: float
    heading_lines: int
    after_number: bool

    @property
    def wraps(self) -> bool:
        return isinstance(self.column, definition.Text) and self.column.long


def looks(document: Document, section: Rows) -> tuple[Look, ...]:
    """The looks of a section's columns; widths are taken from its first rows and its totals."""
    shown = _sample(section)
    result = []
    for before, column in zip((None, *section.columns), section.columns, strict=False):
        title = heading(document, column, currencies(section, column))
        texts = [
            *shown.get(column.name, ()),
            *(_shown(column, total.value) for total in section.control.totals if total.column == column.name),
        ]
        width, lines = _fit(column, title, texts)
        after_number = before is not None and before.numeric and not column.numeric
        result.append(Look(column, title, number_format(column), width + after_number, lines, after_number))
    return tuple(result)


def currencies(section: Rows, column: definition.Column) -> tuple[str, ...]:
    """The currencies in which a column has a control total ('' where a row names none), sorted."""
    if getattr(column, "currency_column", None) is None:
        return ()
    return tuple(sorted({total.currency or "" for total in section.control.totals if total.column == column.name}))


def heading(document: Document, column: definition.Column, found: Sequence[str] = ()) -> str:
    """The title, with the unit, the zone, or the currency when it is one (`found` are those in the rows)."""
    unit = ""
    if isinstance(column, definition.Instant):
        unit = document.zone
    elif isinstance(column, definition.Quantity) and column.unit_column is None:
        unit = column.unit
    elif isinstance(column, definition.Money):
        unit = column.currency or ""
        if column.currency_column is not None:
            unit = found[0] if len(found) == 1 else ""
        elif not unit:
            unit = document.organization.currency
    return f"{column.title} ({unit})" if unit else column.title


def number_format(column: definition.Column, decimals: int | None = None) -> str | None:
    """The format of a column's cells, or None for text. `decimals` takes the place of the column's own."""
    match column:
        case definition.Date():
            return "yyyy-mm-dd"
        case definition.Instant():
            return "yyyy-mm-dd hh:mm:ss"
        case definition.Flag():
            return '"TRUE";"TRUE";"FALSE"'  # Excel needs none; LibreOffice would show 1
        case definition.Integer() | definition.Quantity() | definition.Money() | definition.Percent():
            places = column.decimals if decimals is None else decimals
            digits = "#,##0" + ("." + "0" * places if places else "")
            if isinstance(column, definition.Money):
                return f"{digits}_);({digits})"
            return f'{digits}" %"' if isinstance(column, definition.Percent) else digits
    return None


def fits_double(value: Decimal) -> bool:
    """Whether a spreadsheet shows exactly this number: at most 15 digits, and neither too large nor too small."""
    if not value.is_finite():
        return False
    digits = "".join(map(str, value.as_tuple().digits)).strip("0")
    return not value or (len(digits) <= EXACT_DIGITS and -307 <= value.adjusted() < 308)


def lines(text: str, width: float) -> int:
    """How many lines a text takes in a cell that wraps."""
    return sum(max(1, math.ceil(_breadth(line) / width)) for line in text.split("\n"))


def height(lines: int) -> int:
    """The height of a row of so many lines, in points."""
    return min(LINE_HEIGHT * lines, TALLEST_ROW)


def text_units(text: str) -> int:
    """The length of a text as spreadsheets count it."""
    return len(text.encode("utf-16-le")) // 2


def _sample(section: Rows) -> dict[str, list[str]]:
    """By column, what the first rows show. Dates and flags are not asked for: their width is known."""
    asked = [column for column in section.columns if column.kind == "text" or column.numeric]
    if not asked or not section.control.rows:
        return {}
    terms = [sql.SQL("left({}::text, {})").format(sql.Identifier(column.name), sql.Literal(_SAMPLED_CHARACTERS)) for column in asked]
    rows = section.query.first(sql.SQL(", ").join(terms), _SAMPLED_ROWS)
    return {
        column.name: [_shown(column, value) for value in values if value is not None]
        for column, values in zip(asked, zip(*rows, strict=True), strict=False)
    }


def _shown(column: definition.Column, value: Any) -> str:
    if not column.numeric:
        return str(value)
    try:
        number = Decimal(value)
        places = getattr(column, "decimals", 0)
        text = f"{number:,.{places}f}" if number.is_finite() and fits_double(number) else format(number, "f")
    except InvalidOperation:
        return str(value)
    return text + {"money": "()", "percent": " %"}.get(column.kind, "")


def _fit(column: definition.Column, title: str, texts: Iterable[str]) -> tuple[float, int]:
    """The width that holds the texts and, on one line or two, the heading."""
    content = {"date": 10, "instant": 19, "flag": 6}.get(column.kind, 0)
    content = max([content, *(_breadth(line) for text in texts for line in text.split("\n"))])
    content = min(max(content + _PADDING, _NARROWEST), _WIDEST)
    whole = _breadth(title) + _FILTER_BUTTON
    if whole <= max(content + 5, 14):
        return float(max(content, whole)), 1
    longest_word = max(map(_breadth, title.split()), default=0)
    width = min(max(content, longest_word + _FILTER_BUTTON, math.ceil(whole / 2) + 2), _WIDEST)
    return float(width), min(math.ceil(whole / width), 4)


def _breadth(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def held_text(text: str, what: str) -> str:
    """The text, which a cell can hold. Raises TooLarge."""
    if text_units(text) > LONGEST_TEXT:
        raise TooLarge(f"{what} has {text_units(text):,} characters, and a cell of XLSX holds at most {LONGEST_TEXT:,}; nothing was made")
    return text
