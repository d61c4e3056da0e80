"""Every format that is registered keeps the same promises: what it writes reads back, what it cannot hold it refuses, and nothing torn is seen."""

import csv
import json
import os
import re
import threading
import time
import unicodedata
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pdfplumber
import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from octavo.errors import DatabaseError, Torn
from octavo.pipeline import verify, writers
from octavo.pipeline.definition import Date, Field, Integer, Money, Parameters, Quantity, Text
from tests.conftest import Render, superuser
from tests.packs_for_tests import inline

every_writer = pytest.mark.parametrize("format", writers.NAMES)


def _csv_rows(path: Path) -> list[list[Any]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]


def _xlsx_rows(path: Path) -> list[list[Any]]:
    rows = openpyxl.load_workbook(path)["Rows"].iter_rows(min_row=2, values_only=True)
    return [[_unescaped(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]


def _unescaped(text: str) -> str:
    """What _xHHHH_ stands for by the standard; openpyxl leaves that to its user."""
    return re.sub("_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), text)


READERS: dict[str, Callable[[Path], list[list[Any]]]] = {
    "csv": _csv_rows,
    "json": lambda path: [
        list(row.values()) for row in json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)["sections"]["rows"]
    ],
    "xlsx": _xlsx_rows,
}


def _pdf_text(path: Path) -> str:
    with pdfplumber.open(path) as pdf:
        return "\n".join(page.extract_text() or "" for page in pdf.pages)


def test_every_format_that_can_be_read_back_is() -> None:
    assert set(writers.NAMES) == {*READERS, "pdf"}


@every_writer
def test_a_source_that_changes_between_counting_and_writing_is_torn(format: str, render: Render, tmp_path: Path) -> None:
    reports = inline.table("select g as n from generate_series(1, 1000) g where random() < 0.5", Integer("n", "N"))
    with pytest.raises(Torn):
        for _ in range(20):  # two counts of a thousand coins are seldom the same
            render(inline.KEY, format, reports=reports)
    assert _unsealed(tmp_path) == []


class Noted(Parameters):
    note: str = Field("", title="Note")


@every_writer
@pytest.mark.parametrize("several", [{}, {"made_as": "merged"}, {"made_as": "zip"}], ids=["alone", "merged", "zip"])
def test_a_killed_backend_leaves_nothing(format: str, several: dict[str, Any], render: Render, conninfo: str, tmp_path: Path) -> None:
    slow = "select g as n, %(note)s::text as note from generate_series(1, 600) g where pg_sleep(0.001) is not null"
    reports = inline.table(slow, Integer("n", "N"), Text("note", "Note"), parameters=Noted)
    each = {"note": ["a", "b"]} if several else {}
    stop = threading.Event()
    killer = threading.Thread(target=_kill_while_reading, args=(conninfo, stop))
    killer.start()
    try:
        with pytest.raises(DatabaseError):
            render(inline.KEY, format, reports=reports, each=each, **several)
    finally:
        stop.set()
        killer.join()
    assert list(tmp_path.rglob("*.*")) == []


def _kill_while_reading(conninfo: str, stop: threading.Event) -> None:
    database = psycopg.conninfo.conninfo_to_dict(conninfo)["dbname"]
    find = "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s and state = 'active' and (query like '%%pg_sleep%%' and query not like '%%count(*)%%' or query like 'FETCH%%')"
    with psycopg.connect(superuser(conninfo), autocommit=True) as connection:
        while not stop.is_set():
            if connection.execute(find, [database]).fetchall():
                return
            time.sleep(0.02)


@every_writer
def test_a_query_that_fails_far_down_leaves_nothing(format: str, render: Render, tmp_path: Path) -> None:
    # Counting does not need the value, so the error comes while the rows are written.
    reports = inline.table("select 1 / (5000 - g) as n from generate_series(1, 10000) g", Integer("n", "N"))
    with pytest.raises(DatabaseError, match="DivisionByZero"):
        render(inline.KEY, format, reports=reports)
    assert list(tmp_path.rglob("*.*")) == []


@every_writer
def test_personal_data_that_is_masked_is_nowhere_in_the_file(format: str, render: Render) -> None:
    query = "select 'Ada Lovelace'::text as name, date '1815-12-10' as born, 1234.56 as salary, 'Countess'::text as title"
    columns = (
        Text("name", "Name", pii=True),
        Date("born", "Born", pii=True),
        Money("salary", "Salary", pii=True, total=True),
        Text("title", "Title"),
    )
    artefact = render(inline.KEY, format, reports=inline.table(query, *columns), masked=True)
    shown = _pdf_text(Path(artefact.place)) if format == "pdf" else str(READERS[format](Path(artefact.place)))
    assert "Countess" in shown and "***" in shown
    assert not re.search(r"Ada|Lovelace|1815|1,?234[.]56", shown)
    assert artefact.manifest.masked


@every_writer
def test_a_table_without_rows_is_a_file_without_rows(format: str, render: Render) -> None:
    artefact = render(
        inline.KEY,
        format,
        reports=inline.table("select 1 as n, 2.5 as amount where false", Integer("n", "N"), Money("amount", "Amount", total=True)),
    )
    assert artefact.manifest.rows == 0
    verify.verify(Path(artefact.place))


@every_writer
def test_two_runs_share_their_rows_and_not_their_run(format: str, render: Render) -> None:
    reports = inline.table("select 1 as n", Integer("n", "N"))
    first, second = render(inline.KEY, format, reports=reports).manifest, render(inline.KEY, format, reports=reports).manifest
    assert first.run_id != second.run_id
    assert first.sections == second.sections


# --- cells ------------------------------------------------------------------------------------------------------------

# Everything but NUL and lone surrogates, which PostgreSQL text cannot hold.
texts = st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=30), min_size=1, max_size=20)
numbers = st.lists(
    st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**10), max_value=10**10), min_size=1, max_size=20
)
days = st.lists(st.dates(date(1900, 3, 1), date(9999, 12, 31)), min_size=1, max_size=20)
thorough = settings(
    max_examples=int(os.environ.get("OCTAVO_EXAMPLES", "40")), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def _values(kind: str, values: list[Any]) -> str:
    """A query of one column with these values, in order; numbered, so that the order is the query's own."""
    rows = ", ".join(f"({number}, {psycopg.sql.Literal(value).as_string()}::{kind})" for number, value in enumerate(values))
    return f"select cell from (values {rows}) as source(number, cell) order by number".replace("%", "%%")  # noqa: S608 - literals


@pytest.mark.parametrize("format", READERS)
@given(values=texts)
@example(
    values=[
        "=1+1",
        "@SUM(A1)",
        "-5",
        "+49 30 1234",
        "\t=1",
        "'=1",
        "",
        " two spaces ",
        'a "quote", and\r\na line',
        "\x01\x1f\x7f",
        "_x0041_",
        "😀" * 20,
    ]
)
@thorough
def test_any_text_comes_back_as_it_was(format: str, render: Render, values: list[str]) -> None:
    options = {"guard": "raw"} if format == "csv" else {}
    artefact = render(inline.KEY, format, reports=inline.table(_values("text", values), Text("cell", "Cell")), options=options)
    found = [(row or [""])[0] or "" for row in READERS[format](Path(artefact.place))]
    assert found == values


@pytest.mark.parametrize("format", READERS)
@given(values=numbers)
@example(values=[Decimal("0.0001"), Decimal("-11062.0600"), Decimal("9999999999.9999")])
@thorough
def test_any_number_comes_back_to_the_last_digit_and_adds_up(format: str, render: Render, values: list[Decimal]) -> None:
    artefact = render(inline.KEY, format, reports=inline.table(_values("numeric", values), Quantity("cell", "Cell", total=True)))
    found = [Decimal(str(row[0])) for row in READERS[format](Path(artefact.place))[: len(values)]]
    assert found == values
    (section,) = artefact.manifest.sections
    assert Decimal(section.totals[0].value) == sum(values)
    verify.verify(Path(artefact.place))


@pytest.mark.parametrize("format", READERS)
@given(values=days)
@example(values=[date(9999, 12, 31), date(2000, 2, 29), date(1900, 3, 1)])
@thorough
def test_any_day_comes_back(format: str, render: Render, values: list[date]) -> None:
    artefact = render(inline.KEY, format, reports=inline.table(_values("date", values), Date("cell", "Cell")))
    found = [row[0].date().isoformat() if format == "xlsx" else row[0] for row in READERS[format](Path(artefact.place))]
    assert found == [day.isoformat() for day in values]


@pytest.mark.parametrize(
    "values", [["Ünïcödé, “quoted”", '#import "x"', "*bold* $x$ _y_ `code` <label> @ref \\ //", "Ελληνικά и кириллица"]]
)
def test_a_pdf_shows_text_as_it_is(render: Render, values: list[str]) -> None:
    artefact = render(inline.KEY, "pdf", reports=inline.table(_values("text", values), Text("cell", "Cell")))
    shown = "".join(_words(_pdf_text(Path(artefact.place))))
    for value in values:
        assert "".join(_words(value)) in shown


def _words(text: str) -> Iterator[str]:
    return (unicodedata.normalize("NFC", word) for word in text.split())


def _unsealed(folder: Path) -> list[str]:
    """Files that are neither an artefact with its manifest nor that manifest."""
    names = {path.name for path in folder.iterdir()}
    return sorted(name for name in names if not name.endswith(".manifest.json") and f"{name}.manifest.json" not in names)
