"""What a cell of a sheet holds: every value of the database comes back from an independent reader, or is refused by name."""

import re
import string
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from psycopg import sql
from python_calamine import CalamineWorkbook

from octavo.errors import TooLarge
from octavo.pipeline.definition import Column, Date, Flag, Instant, Integer, Money, Quantity, Text
from tests.conftest import Render
from tests.packs_for_tests import inline

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
LONGEST = 32_767

slowly = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

Sheet = Callable[..., Path]


@pytest.fixture
def sheet(render: Render) -> Sheet:
    """A workbook of one table of one column, which holds the values in order: sheet(Integer("v", "V"), "int8", [1, None])."""

    def make(column: Column, of_type: str, values: Sequence[Any], zone: str | None = None) -> Path:
        listed = sql.Literal([None if value is None else str(value) for value in values]).as_string()
        query = f"select v::{of_type} as v from unnest({listed}::text[]) with ordinality as given(v, place) order by place"  # noqa: S608
        return Path(render(inline.KEY, "xlsx", reports=inline.table(query.replace("%", "%%"), column), zone=zone).place)

    return make


def cells(workbook: Path) -> list[ElementTree.Element | None]:
    """The cell of each data row as XML, by the row's own number; None where there is no cell."""
    with zipfile.ZipFile(workbook) as archive:
        root = ElementTree.fromstring(archive.read("xl/worksheets/sheet2.xml"))
    found = {}
    for row in root.iter(f"{MAIN}row"):
        (cell,) = list(row) or [None]
        assert cell is None or cell.get("r") == f"A{row.get('r')}"
        found[int(str(row.get("r")))] = cell
    assert sorted(found) == list(range(1, len(found) + 1))
    return [found[number] for number in range(2, len(found) + 1)]


def text_of(cell: ElementTree.Element | None) -> str | None:
    """The text of an inline string, decoded as ECMA-376 part 1, 22.4.2.4 has it: `_x000D_` is one character."""
    if cell is None:
        return None
    assert cell.get("t") == "inlineStr"
    element = cell.find(f"{MAIN}is/{MAIN}t")
    assert element is not None
    text = element.text or ""
    keeps = element.get("{http://www.w3.org/XML/1998/namespace}space") == "preserve"
    assert keeps or text == text.strip(" \t\n"), "a reader would take the outer spaces away"
    return re.sub("_x([0-9A-Fa-f]{4})_", lambda match: chr(int(match[1], 16)), text)


def number_of(cell: ElementTree.Element | None) -> str:
    assert cell is not None and cell.get("t") is None
    return str(cell.findtext(f"{MAIN}v"))


# --- text -------------------------------------------------------------------------------------------------------------

troublesome = st.sampled_from(
    [
        "_x0041_",
        "_x0041_x0042_",
        "_x005F_",
        "_x0041",
        "x0041_",
        "__x000d_",
        "\r\n",
        "\r",
        "\t",
        "&amp;",
        "]]>",
        "<f>",
        "=1+1",
        "\x01",
        "\x7f",
        "\ufffe",
        "\U0001f600",
    ]
)
texts = st.lists(
    st.one_of(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=6), troublesome, st.sampled_from(" \n_x'\"")
    ),
    max_size=6,
).map("".join)


@slowly
@given(values=st.lists(st.one_of(st.none(), texts), min_size=1, max_size=30))
@example(values=["", None, " a", "a ", "\na\n", "a  b", "_x0041\x01", "\x01x0041_", "\u2028\x85"])
def test_every_text_comes_back_as_it_was(sheet: Sheet, values: list[str | None]) -> None:
    workbook = sheet(Text("v", "V"), "text", values)
    assert [text_of(cell) for cell in cells(workbook)] == values


def test_a_second_reader_finds_the_same_texts(sheet: Sheet) -> None:
    values = [
        "=1+1",
        "00042",
        "+49 30 1234",
        "@SUM(A1)",
        "Größe & <Maß>",
        "a\nb",
        " outer ",
        "\U0001f600",
        "-5",
        "1E5",
        "2014-06-01",
        "TRUE",
    ]
    workbook = sheet(Text("v", "V"), "text", values)
    assert [row[0] for row in CalamineWorkbook.from_path(workbook).get_sheet_by_index(1).to_python()[1:]] == values
    assert [row[0].value for row in openpyxl.load_workbook(workbook).worksheets[1].iter_rows(min_row=2)] == values


def test_null_is_no_cell_and_an_empty_text_is_an_empty_cell(sheet: Sheet) -> None:
    nothing, empty = cells(sheet(Text("v", "V"), "text", [None, ""]))
    assert nothing is None
    assert text_of(empty) == ""


def test_a_formula_in_the_data_stays_text(sheet: Sheet) -> None:
    workbook = sheet(
        Text("v", "V"), "text", ["=1+1", '=HYPERLINK("http://example.com")', "{=1}", "http://example.com", "mailto:a@example.com"]
    )
    with zipfile.ZipFile(workbook) as archive:
        assert b"<f" not in archive.read("xl/worksheets/sheet2.xml")
        assert not any(b"<hyperlink" in archive.read(name) for name in archive.namelist())
        assert "xl/worksheets/_rels/sheet2.xml.rels" not in archive.namelist()
    assert {cell.data_type for (cell,) in openpyxl.load_workbook(workbook).worksheets[1].iter_rows(min_row=2)} <= {"s", "inlineStr"}


@pytest.mark.parametrize("character", ["a", "\u00e9", "\u4e2d", "&", "\x01"])
def test_a_cell_holds_32767_characters_and_not_one_more(sheet: Sheet, character: str) -> None:
    (cell,) = cells(sheet(Text("v", "V"), "text", [character * LONGEST]))
    assert text_of(cell) == character * LONGEST
    with pytest.raises(
        TooLarge, match=r"Section Rows: the column V has a text of 32768 characters in row 2, .* at most 32,767; nothing was made"
    ):
        sheet(Text("v", "V"), "text", ["short", character * (LONGEST + 1)])


def test_a_character_beyond_the_basic_plane_counts_twice(sheet: Sheet) -> None:
    # 16,383 of them are 32,766 UTF-16 code units, which is how spreadsheets count.
    (cell,) = cells(sheet(Text("v", "V"), "text", ["\U0001f600" * 16_383 + "a"]))
    assert text_of(cell) == "\U0001f600" * 16_383 + "a"
    with pytest.raises(TooLarge, match="32768 characters in row 1"):
        sheet(Text("v", "V"), "text", ["\U0001f600" * 16_384])


# --- numbers ----------------------------------------------------------------------------------------------------------

decimals = st.builds(
    lambda digits, exponent, sign: Decimal(sign * digits).scaleb(exponent),
    st.one_of(st.integers(0, 10**18), st.integers(0, 10**40), st.integers(10**14, 10**16 + 1)),
    st.one_of(st.integers(-20, 5), st.integers(-340, 320)),
    st.sampled_from([1, -1]),
)


@slowly
@given(values=st.lists(decimals, min_size=1, max_size=30))
@example(
    values=[
        Decimal(text)
        for text in (
            "0",
            "0.00",
            "2.50",
            "-0.1",
            "1e20",
            "123456789012345",
            "1234567890123456",
            "12345678901234.5",
            "123456789012.345",
            "-12345678901234.5",
            "0.000000000000001",
            "9999999999999990",
            "1e308",
            "9e307",
            "1e-307",
            "9e-308",
        )
    ]
)
def test_a_number_is_written_in_its_own_digits_or_as_text(sheet: Sheet, values: list[Decimal]) -> None:
    for value, cell in zip(values, cells(sheet(Quantity("v", "V"), "numeric", values)), strict=True):
        assert cell is not None
        is_number = cell.get("t") is None
        written = number_of(cell) if is_number else text_of(cell)
        assert set(str(written)) <= set(string.digits + "-.")
        assert Decimal(str(written)) == value
        # 15 significant digits are what every double gives back (C's DBL_DIG).
        digits = "".join(map(str, value.as_tuple().digits)).strip("0")
        held = len(digits) <= 15 and (not value or Decimal("1e-307") <= abs(value) < Decimal("1e308"))
        assert is_number == held
        if is_number:
            assert Decimal(f"{float(value):.15g}") == value


def test_what_is_no_number_is_written_as_text(sheet: Sheet) -> None:
    values = ["NaN", "Infinity", "-Infinity"]
    assert [text_of(cell) for cell in cells(sheet(Money("v", "V"), "numeric", values))] == values


@pytest.mark.parametrize("of_type", ["int8", "numeric"])
def test_a_whole_number_beyond_15_digits_is_written_as_text(sheet: Sheet, of_type: str) -> None:
    values = [
        0,
        -7,
        999_999_999_999_999,
        -999_999_999_999_999,
        1_000_000_000_000_000,
        9_223_372_036_854_775_807,
        -9_223_372_036_854_775_807,
    ]
    found = cells(sheet(Integer("v", "V"), of_type, values))
    assert [number_of(cell) for cell in found[:5]] == [str(value) for value in values[:5]]
    assert [text_of(cell) for cell in found[5:]] == [str(value) for value in values[5:]]


def test_a_number_that_is_null_is_no_cell(sheet: Sheet) -> None:
    assert cells(sheet(Money("v", "V"), "numeric", [None])) == [None]
    assert cells(sheet(Integer("v", "V"), "int4", [None])) == [None]


# --- dates, instants, flags -------------------------------------------------------------------------------------------


def test_a_date_is_a_date_where_all_spreadsheets_agree_on_its_number(sheet: Sheet) -> None:
    # Excel's 1 January 1900 is day 1, but it counts a 29 February 1900; from 1 March 1900 (day 61) on everyone agrees.
    found = cells(
        sheet(
            Date("v", "V"),
            "date",
            ["1900-03-01", "2014-06-30", "9999-12-31", "1900-02-28", "0001-01-01", "0044-03-15 BC", "infinity", None],
        )
    )
    assert [number_of(cell) for cell in found[:3]] == ["61", "41820", "2958465"]
    assert [text_of(cell) for cell in found[3:]] == ["1900-02-28", "0001-01-01", "0044-03-15 BC", "infinity", None]


def test_readers_see_real_dates_and_times(sheet: Sheet) -> None:
    workbook = sheet(Date("v", "V"), "date", ["1900-03-01", "9999-12-31"])
    assert [row[0] for row in CalamineWorkbook.from_path(workbook).get_sheet_by_index(1).to_python()[1:]] == [
        date(1900, 3, 1),
        date(9999, 12, 31),
    ]
    # 21:50 UTC is 23:50 in Berlin in June and 22:50 in December.
    workbook = sheet(Instant("v", "V"), "timestamptz", ["2014-06-30 21:50:00.123+00", "2014-12-30 21:50+00"], zone="Europe/Berlin")
    expected = [datetime(2014, 6, 30, 23, 50, 0, 123_000), datetime(2014, 12, 30, 22, 50)]  # noqa: DTZ001
    assert [row[0] for row in CalamineWorkbook.from_path(workbook).get_sheet_by_index(1).to_python()[1:]] == expected
    written = openpyxl.load_workbook(workbook).worksheets[1]
    assert [cell.value for (cell,) in written.iter_rows(min_row=2)] == expected
    assert written["A1"].value == "V (Europe/Berlin)"


@slowly
@given(values=st.lists(st.datetimes(datetime(1900, 3, 1), datetime(9999, 12, 31, 23, 59, 59)), min_size=1, max_size=30))  # noqa: DTZ001
def test_a_time_keeps_its_milliseconds(sheet: Sheet, values: list[datetime]) -> None:
    for value, cell in zip(
        values, cells(sheet(Instant("v", "V"), "timestamptz", [f"{value.isoformat()}+00" for value in values], zone="UTC")), strict=True
    ):
        since = value - datetime(1899, 12, 30)  # noqa: DTZ001
        exact = Decimal(since.days) + Decimal(since.seconds * 10**6 + since.microseconds) / (86_400 * 10**6)
        assert abs(Decimal(number_of(cell)) - exact) * 86_400 * 1000 < 1


def test_a_time_beyond_the_calendar_of_spreadsheets_is_written_as_text(sheet: Sheet) -> None:
    values = ["0001-01-01 00:00:00+00", "1900-02-28 23:59:59+00", "9999-12-31 23:59:59+00", "10000-01-01 00:00:00+00", "-infinity", None]
    found = cells(sheet(Instant("v", "V"), "timestamptz", values, zone="UTC"))
    assert number_of(found[2]).startswith("2958465.99998")
    assert [text_of(cell) for cell in [*found[:2], *found[3:]]] == [*values[:2], *values[3:]]


def test_a_flag_is_a_real_boolean(sheet: Sheet) -> None:
    workbook = sheet(Flag("v", "V"), "bool", [None, "true", "false"])
    assert [row[0] for row in CalamineWorkbook.from_path(workbook).get_sheet_by_index(1).to_python()[2:]] == [True, False]
    assert [cell.value for (cell,) in openpyxl.load_workbook(workbook).worksheets[1].iter_rows(min_row=2)] == [None, True, False]
