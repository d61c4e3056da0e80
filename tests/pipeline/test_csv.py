"""CSV: what Postgres holds comes back cell for cell to readers that are not ours, and no cell runs as a formula."""

import csv
import io
import re
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo.errors import UsageError
from octavo.pipeline.definition import Integer, Metrics, Money, Section, Table, Text
from tests.conftest import Render
from tests.packs_for_tests import inline
from tests.pipeline import cells

RAW = {"guard": "raw"}


def written(render: Render, rows: list[cells.Row], options: dict[str, Any] = RAW, **request: Any) -> bytes:
    request.setdefault("zone", "UTC")
    return Path(render(inline.KEY, "csv", cells.asked(rows), reports=cells.reports(), options=options, **request).place).read_bytes()


def read_back(row: list[str | None]) -> tuple[Any, ...]:
    _, text, number, day, instant, flag = row
    return (
        text,
        None if number is None else Decimal(number),
        None if day is None else date.fromisoformat(day),
        None if instant is None else datetime.fromisoformat(instant),
        {"true": True, "false": False, None: None}[flag],
    )


def same(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """NaN is not equal to itself; as text it is."""
    return (row[0], "NaN" if row[1] is not None and row[1].is_nan() else row[1], *row[2:])


@cells.PROPERTY
@given(cells.rows)
def test_every_cell_comes_back_and_nothing_differs_from_empty(render: Render, rows: list[cells.Row]) -> None:
    raw = written(render, rows)
    header, *found = cells.parse_csv(raw)
    assert header == ["n", "t", "x", "d", "i", "f"]
    assert [same(read_back(row)) for row in found] == [same(row) for row in rows]
    by_python = list(csv.reader(io.StringIO(raw.decode(), newline=""), strict=True))
    assert [row[1] for row in by_python[1:]] == [row[0] or "" for row in rows]


@cells.PROPERTY
@given(st.lists(st.one_of(st.none(), cells.texts, cells.risky_texts), max_size=40))
def test_what_the_guard_did_can_be_undone(render: Render, texts: list[str | None]) -> None:
    artefact = render(inline.KEY, "csv", cells.asked_texts(texts), reports=cells.reports(Text("t", "T")))
    _, *found = cells.parse_csv(Path(artefact.place).read_bytes())
    guarded = [cell for (cell,) in found]
    assert [undone(cell) for cell in guarded] == texts
    assert not [cell for cell in guarded if cell and cell[0] in cells.TRIGGERS and not harmless(cell)]
    changed = sum(cell != text for cell, text in zip(guarded, texts, strict=True))
    assert artefact.manifest.sections[0].guarded == ({"t": changed} if changed else {})


def undone(cell: str | None) -> str | None:
    return cell[1:] if cell and re.match(f"''*[{re.escape(cells.TRIGGERS)}]", cell) else cell


def harmless(cell: str) -> bool:
    """A number or a phone number: a sign, a digit, and nothing but digits and their punctuation."""
    return re.fullmatch(r"[+-]?[0-9][0-9 .,()/%-]*", cell) is not None


# OWASP's list of characters that begin a formula, with the full-width forms that Excel takes for them.
ATTACKS = [
    "=1+1", "=HYPERLINK(\"http://192.0.2.1\",\"x\")", "+1+1", "+cmd|' /C calc'!A0", "-1+1", "-2+3+cmd|' /C calc'!A0", "@SUM(1+1)", "\t=1+1", "\r=1+1",
    "\n=1+1", "＝1+1", "＋1+1", "－1+1", "＠SUM(1+1)", "=", "-", "'=1+1", "''=1+1", "+49 30 1234 ext", "-5\n=1+1",
]  # fmt: skip
HARMLESS = [
    "-5",
    "+49 30 1234",
    "+49 (30) 1234-5",
    "-1.234,56",
    "-12.5 %",
    "1=1",
    "a@b.example",
    "'quoted'",
    "",
    " =1+1",
    "|cmd",
    "%a",
    "0042",
    "x-1",
]


def test_every_beginning_of_a_formula_is_made_text(render: Render) -> None:
    raw = Path(render(inline.KEY, "csv", cells.asked_texts([*ATTACKS]), reports=cells.reports(Text("t", "T"))).place).read_bytes()
    assert [cell for (cell,) in list(cells.parse_csv(raw))[1:]] == ["'" + attack for attack in ATTACKS]


def test_numbers_phone_numbers_and_plain_text_are_left_alone(render: Render) -> None:
    artefact = render(inline.KEY, "csv", cells.asked_texts([*HARMLESS]), reports=cells.reports(Text("t", "T")))
    assert [cell for (cell,) in list(cells.parse_csv(Path(artefact.place).read_bytes()))[1:]] == HARMLESS
    assert artefact.manifest.sections[0].guarded == {}


def test_raw_leaves_every_text_as_it_is(render: Render) -> None:
    artefact = render(inline.KEY, "csv", cells.asked_texts([*ATTACKS]), reports=cells.reports(Text("t", "T")), options=RAW)
    assert [cell for (cell,) in list(cells.parse_csv(Path(artefact.place).read_bytes()))[1:]] == ATTACKS
    assert artefact.manifest.sections[0].guarded == {}


def test_negative_numbers_are_never_touched(render: Render) -> None:
    raw = written(render, [(None, Decimal("-5.50"), None, None, None)], {})
    assert list(cells.parse_csv(raw))[1] == ["1", None, "-5.50", None, None, None]


def test_titles_that_begin_like_a_formula_are_made_text(render: Render) -> None:
    for mode, expected in (("safe", ["'=cmd()", "'-5+1", "Plain", "''=x"]), ("raw", ["=cmd()", "-5+1", "Plain", "'=x"])):
        columns = (Text("a", "=cmd()"), Text("b", "-5+1"), Text("c", "Plain"), Text("d", "'=x"))
        reports = inline.table("select 'a' as a, 'b' as b, 'c' as c, 'd' as d", *columns)
        artefact = render(inline.KEY, "csv", reports=reports, options={"header": "title", "guard": mode})
        assert next(cells.parse_csv(Path(artefact.place).read_bytes())) == expected


# --- profiles ---------------------------------------------------------------------------------------------------------

SALE = inline.table("select 'Bolt; \"M8\", zinc' as name, -1234.5 as price", Text("name", "Name, long"), Money("price", "Price"))

PROFILES = [
    ({}, b'name,price\r\n"Bolt; ""M8"", zinc",-1234.5\r\n'),
    ({"line_end": "lf"}, b'name,price\n"Bolt; ""M8"", zinc",-1234.5\n'),
    ({"profile": "excel"}, b'\xef\xbb\xbf"Name, long",Price\r\n"Bolt; ""M8"", zinc",-1234.5\r\n'),
    ({"profile": "excel-eu"}, b'\xef\xbb\xbfName, long;Price\r\n"Bolt; ""M8"", zinc";-1234,5\r\n'),
    ({"profile": "excel-eu", "bom": "false", "header": "none"}, b'"Bolt; ""M8"", zinc";-1234,5\r\n'),
    ({"delimiter": "\t"}, b'name\tprice\r\n"Bolt; ""M8"", zinc"\t-1234.5\r\n'),
    ({"delimiter": "|", "decimal": ","}, b'name|price\r\n"Bolt; ""M8"", zinc"|-1234,5\r\n'),
]


@pytest.mark.parametrize(("options", "expected"), PROFILES)
def test_a_profile_sets_marks_and_header_and_what_is_given_wins(render: Render, options: dict[str, str], expected: bytes) -> None:
    assert Path(render(inline.KEY, "csv", reports=SALE, options=options).place).read_bytes() == expected


@pytest.mark.parametrize("tab", ["\t", "tab", "\\t"])
def test_a_tab_may_be_said_in_words(render: Render, tab: str) -> None:
    artefact = render(inline.KEY, "csv", reports=SALE, options={"delimiter": tab})
    assert Path(artefact.place).read_bytes().count(b"\t") == 2 * (len(artefact.manifest.sections[0].columns) - 1)
    assert artefact.manifest.options["delimiter"] == "\t"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"profile": "lotus"}, "profile='lotus'"),
        ({"delimiter": "::"}, "delimiter='::'"),
        ({"decimal": ","}, "^CSV cannot be made so: the decimal mark and the delimiter must differ; write delimiter=;$"),
        ({"bom": "perhaps"}, "bom='perhaps'"),
        (
            {"quote": "'"},
            "quote=.*there is no such option; its options are: profile, delimiter, decimal, bom, header, line_end, guard, sections",
        ),
    ],
)
def test_a_wrong_option_is_refused_with_those_that_are_there(render: Render, options: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        render(inline.KEY, "csv", reports=SALE, options=options)


# --- sections ---------------------------------------------------------------------------------------------------------

SECTIONS: tuple[Section, ...] = (
    Metrics("figures", "Figures", query="f.sql", columns=(Integer("n", "N"),)),
    Table("rows", "Rows", query="r.sql", columns=(Text("name", "Name"), Integer("n", "N", total=True))),
    Table("none", "None", query="n.sql", columns=(Text("name", "Name"),)),
)
SEVERAL = inline.report(
    SECTIONS,
    {
        "figures": "select 2 as n",
        "rows": "select * from (values ('a', 1), ('b', 2)) as v (name, n)",
        "none": "select 'x' as name where false",
    },
)


def test_several_sections_are_a_zip_of_files(render: Render) -> None:
    artefact = render(inline.KEY, "csv", reports=SEVERAL)
    assert artefact.place.endswith(".zip")
    with zipfile.ZipFile(artefact.place) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == {
            "figures.csv": b"n\r\n2\r\n",
            "rows.csv": b"name,n\r\na,1\r\nb,2\r\n",
            "none.csv": b"name\r\n",
        }
    assert [section.places for section in artefact.manifest.sections] == [("figures.csv",), ("rows.csv",), ("none.csv",)]


def test_several_sections_may_be_one_file_in_sections(render: Render) -> None:
    artefact = render(inline.KEY, "csv", reports=SEVERAL, options={"sections": "single", "bom": True})
    assert artefact.place.endswith(".csv")
    expected = b"\xef\xbb\xbf[figures]\r\nn\r\n2\r\n\r\n[rows]\r\nname,n\r\na,1\r\nb,2\r\n\r\n[none]\r\nname\r\n\r\n"
    assert Path(artefact.place).read_bytes() == expected


def test_one_section_is_one_file(render: Render) -> None:
    artefact = render(inline.KEY, "csv", reports=SEVERAL, sections=("rows",))
    assert artefact.place.endswith(".csv")
    assert Path(artefact.place).read_bytes() == b"name,n\r\na,1\r\nb,2\r\n"


# --- back into Postgres -----------------------------------------------------------------------------------------------

ROWS: list[cells.Row] = [
    ("plain", Decimal("1.10"), date(2024, 2, 29), datetime(2024, 3, 31, 1, 30, tzinfo=UTC), True),
    ("", Decimal("9" * 40 + ".001"), date(1, 1, 1), datetime(1, 1, 2, tzinfo=UTC), False),
    (None, None, None, None, None),
    (
        'a "quoted", cell\r\nof two lines',
        Decimal("-0.000000000000000000000000000001"),
        date(9999, 12, 31),
        datetime(9999, 12, 30, tzinfo=UTC),
        None,
    ),
    ("\\.", Decimal("NaN"), None, datetime(2024, 10, 27, 0, 30, 0, 123456, tzinfo=UTC), True),
    ("=1+1", Decimal("Infinity"), None, None, True),
]


@pytest.mark.parametrize("zone", ["UTC", "Europe/London", "Pacific/Apia"])
def test_a_csv_reads_back_into_postgres_equal_to_its_source(render: Render, conninfo: str, zone: str) -> None:
    raw = written(render, ROWS, zone=zone)
    with psycopg.connect(conninfo) as connection:
        connection.execute("create temporary table back (n bigint, t text, x numeric, d date, i timestamptz, f boolean)")
        with connection.cursor().copy("copy back from stdin (format csv, header match)") as copy:
            copy.write(raw)
        source = psycopg.ClientCursor(connection).mogrify(f"create temporary table source as {cells.QUERY}", cells.asked(ROWS))
        connection.execute(source)  # type: ignore[arg-type]
        assert connection.execute("select count(*) from back").fetchone() == (6,)
        assert connection.execute("(table source except all table back) union all (table back except all table source)").fetchall() == []
