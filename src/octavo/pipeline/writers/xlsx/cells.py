"""The row of a sheet as one SQL expression: Postgres writes the cells, so a number goes into the file as its own digits.

What a cell cannot hold as its kind it holds as text: a number that a double would round, a date outside the calendar that all
spreadsheets share. Text that needs care is found by one cheap test, so that ordinary text costs little.

Characters that XML or a spreadsheet would change are written `_xHHHH_` (ECMA-376 part 1, 22.9.2.19), and so is the underscore of a text that
looks like that. U+0001 stands for the row's number while the row is put together; it is never in the data, where it is `_x0001_`.
"""

from collections.abc import Sequence

from psycopg import sql
from xlsxwriter.utility import xl_col_to_name

from octavo.pipeline import definition
from octavo.pipeline.writers.xlsx.columns import EXACT_DIGITS, LINE_HEIGHT, LONGEST_TEXT, TALLEST_ROW, Look

OPTIONS = sql.SQL("format csv, quote E'\\x01', delimiter E'\\x02'")
"""Of COPY: raw lines. No row holds a control character, so nothing is ever quoted."""

_ROW_NUMBER = "\x01"
_BELOW_LIMIT = 10**EXACT_DIGITS - 1

_SPECIAL = r"[\u0001-\u001f&<>_\ufffe\uffff]"
_UNWRITABLE = r"[\u0001-\u0008\u000b\u000c\u000d-\u001f\ufffe\uffff]"
_LOOKS_ESCAPED = r"_(?=x[0-9A-Fa-f]{4}[_\u0001-\u0008\u000b\u000c\u000d-\u001f\ufffe\uffff])"
_ESCAPED = [chr(code) for code in (*range(1, 9), 11, 12, *range(13, 32), 0xFFFE, 0xFFFF)]


def row(section: str, looks: Sequence[Look], styles: Sequence[str], rows_per_sheet: int) -> sql.Composable:
    """The `<row>` of a sheet whose first row is the heading and which holds `rows_per_sheet` others.

    `styles` are the numbers of the columns' cell formats, '' for none.
    """
    cells = [
        sql.SQL("coalesce({}, '')").format(_cell(section, look.column, index, style))
        for index, (look, style) in enumerate(zip(looks, styles, strict=True))
    ]
    text = _joined(f'<row r="{_ROW_NUMBER}"', *_height(looks), ">", *cells, "</row>")
    number = sql.SQL("((row_number() over () - 1) % {} + 2)::text").format(sql.Literal(rows_per_sheet))
    return sql.SQL("replace({}, {}, {})").format(text, sql.Literal(_ROW_NUMBER), number)


def _height(looks: Sequence[Look]) -> Sequence[str | sql.Composable]:
    """The attribute for the lines that the longest wrapped text takes, because not every spreadsheet measures that itself."""
    lines = [
        sql.SQL(
            "case when position(e'\\n' in {0}) = 0 then (char_length({0}) + {1} - 1) / {1} "
            "else (select sum(greatest(1, (char_length(line) + {1} - 1) / {1})) from string_to_table({0}, e'\\n') as line) end"
        ).format(sql.Identifier(look.column.name), sql.Literal(int(look.width)))
        for look in looks
        if look.wraps
    ]
    if not lines:
        return ()
    points = sql.SQL("least({} * greatest(1, {}), {})::int").format(
        sql.Literal(LINE_HEIGHT), sql.SQL(", ").join(lines), sql.Literal(TALLEST_ROW)
    )
    return (' ht="', points, '" customHeight="1"')


def _cell(section: str, column: definition.Column, index: int, style: str) -> sql.Composable:
    name = sql.Identifier(column.name)
    opening = f'<c r="{xl_col_to_name(index)}{_ROW_NUMBER}"' + (f' s="{style}"' if style else "")
    match column:
        case definition.Date():
            return _date(name, opening)
        case definition.Instant():
            return _instant(name, opening)
        case definition.Flag():
            return _joined(f'{opening} t="b"><v>', sql.SQL("{}::int").format(name), "</v></c>")
        case definition.Text():
            return _text(section, name, column.title, opening)
    return _number(name, opening)


def _number(name: sql.Identifier, opening: str) -> sql.Composable:
    """16 characters, of which one is a sign or a point unless the number is too large, are 15 digits at most: the quick test.

    The slow one counts the digits between the outer zeros. NaN is greater than every number.
    """
    return sql.SQL(
        "case when {name} between -{limit} and {limit} and octet_length({name}::text) <= {longest} then {number} "
        "when {name}::numeric > '-Infinity' and {name}::numeric < 'Infinity' "
        "and ({name} = 0 or abs({name}::numeric) >= 1e-307 and abs({name}::numeric) < 1e308) "
        "and octet_length(trim(both '0' from translate({name}::numeric::text, '-.', ''))) <= {digits} then {number} else {text} end"
    ).format(
        name=name, limit=sql.Literal(_BELOW_LIMIT), longest=sql.Literal(EXACT_DIGITS + 1), digits=sql.Literal(EXACT_DIGITS),
        number=_value(opening, name), text=_inline(opening, sql.SQL("{}::text").format(name)),
    )  # fmt: skip


def _date(name: sql.Identifier, opening: str) -> sql.Composable:
    """Days since 1899-12-30. Before 1900-03-01 spreadsheets disagree: some believe in a 29 February 1900."""
    serial = sql.SQL("({} - date '1899-12-30')").format(name)
    return sql.SQL("case when {name} between date '1900-03-01' and date '9999-12-31' then {number} else {text} end").format(
        name=name, number=_value(opening, serial), text=_inline(opening, sql.SQL("{}::text").format(name))
    )


def _instant(name: sql.Identifier, opening: str) -> sql.Composable:
    """Days and their fraction, as the clock in the session's zone (which is the run's) shows them; to the microsecond."""
    serial = sql.SQL("(date_part('epoch', {}::timestamp) / 86400 + 25569)").format(name)
    return sql.SQL(
        "case when {name} >= timestamptz '1900-03-01' and {name} < timestamptz '10000-01-01' then {number} else {text} end"
    ).format(name=name, number=_value(opening, serial), text=_inline(opening, sql.SQL("{}::text").format(name)))


def _text(section: str, column: sql.Identifier, title: str, opening: str) -> sql.Composable:
    name = sql.SQL('{} collate "C"').format(column)  # bytes are compared, whatever the column's own collation
    return sql.SQL(
        "case when ({name}) ~ {special} or octet_length({name}) > {longest} or ({name}) like ' %' or ({name}) like '% ' then {careful} else {plain} end"
    ).format(
        name=name, special=sql.Literal(_SPECIAL), longest=sql.Literal(LONGEST_TEXT),
        careful=_careful_text(section, name, title, opening), plain=_inline(opening, name),
    )  # fmt: skip


def _careful_text(section: str, name: sql.Composable, title: str, opening: str) -> sql.Composable:
    """Escaped, with its outer spaces; or the end of the run, when it is longer than a cell can be."""
    escaped: sql.Composable = sql.SQL("regexp_replace({}, {}, '_x005F_', 'g')").format(name, sql.Literal(_LOOKS_ESCAPED))
    # A newline is written by its number, because a row of COPY ends with one.
    for character, written in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\n", "&#10;")):
        escaped = _replaced(escaped, character, written)
    rare = escaped
    for character in _ESCAPED:
        rare = _replaced(rare, character, f"_x{ord(character):04X}_")
    units = sql.SQL("(2 * char_length({0}) - char_length(regexp_replace({0}, {1}, '', 'g')))").format(
        name, sql.Literal(r"[\U00010000-\U0010ffff]")
    )
    refusal = _joined(
        f"Section {section}: the column {title} has a text of ", units, " characters in row ", sql.SQL("(row_number() over ())"),
        f", and a cell of XLSX holds at most {LONGEST_TEXT:,}; nothing was made. Choose CSV or JSON, or leave the column out",
    )  # fmt: skip
    kept = f'{opening} t="inlineStr"><is><t xml:space="preserve">'
    return sql.SQL(
        "case when octet_length({name}) > {longest} and {units} > {longest} then octavo.refuse({refusal}) "
        "when ({name}) ~ {unwritable} then {rare} else {escaped} end"
    ).format(
        name=name, longest=sql.Literal(LONGEST_TEXT), units=units, refusal=refusal, unwritable=sql.Literal(_UNWRITABLE),
        rare=_joined(kept, rare, "</t></is></c>"), escaped=_joined(kept, escaped, "</t></is></c>"),
    )  # fmt: skip


def _replaced(text: sql.Composable, character: str, written: str) -> sql.Composable:
    return sql.SQL("replace({}, {}, {})").format(text, sql.Literal(character), sql.Literal(written))


def _value(opening: str, number: sql.Composable) -> sql.Composable:
    return _joined(f"{opening}><v>", number, "</v></c>")


def _inline(opening: str, text: sql.Composable) -> sql.Composable:
    return _joined(f'{opening} t="inlineStr"><is><t>', text, "</t></is></c>")


def _joined(*parts: str | sql.Composable) -> sql.Composable:
    return sql.SQL("({})").format(sql.SQL(" || ").join(sql.Literal(part) if isinstance(part, str) else part for part in parts))
