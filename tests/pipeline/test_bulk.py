"""Several values at once, as one file or as a zip: three projects and two months, one of which is empty for one of them. Every figure was added up by hand.

| project | May 2014 | June 2014 |
|---|---|---|
| 1 Alder | 100.10 EUR (sun), 50.05 EUR (wind) | 20.00 EUR (sun) |
| 2 Birch | 7.77 GBP (wind) | nothing |
| 3 Cedar | 0.01 EUR (sun) | 1000.00 EUR (wind), -1.50 EUR (wind), 2.25 GBP (sun) |

EUR: 100.10 + 50.05 + 20.00 + 0.01 + 1000.00 - 1.50 = 1168.66. GBP: 7.77 + 2.25 = 10.02. Eight rows.
"""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import openpyxl
import pdfplumber
import pytest

from octavo.database.connection import Database
from octavo.errors import HeldBack, NeedsApproval, TooLarge, Torn, UsageError, VerificationFailed
from octavo.pipeline import each as eaches
from octavo.pipeline import run, verify, writers
from octavo.pipeline.binding import Request
from octavo.pipeline.catalog import Catalog
from octavo.pipeline.conditions import Condition
from octavo.pipeline.definition import Breakdown, Chart, Field, Integer, Lookup, Metrics, Money, Parameters, Period, Table, Text
from octavo.pipeline.document import Organization
from octavo.pipeline.run import Artefact
from octavo.pipeline.store import Folder
from tests.conftest import Render
from tests.packs_for_tests import inline

ENTRIES = (
    "(values (1, date '2014-05-02', 'sun', 100.10, 'EUR', 'Ada'), (1, '2014-05-31', 'wind', 50.05, 'EUR', 'Bob'), (1, '2014-06-01', 'sun', 20.00, 'EUR', 'Ada'), "
    "(2, '2014-05-15', 'wind', 7.77, 'GBP', 'Cy'), (3, '2014-05-09', 'sun', 0.01, 'EUR', 'Di'), (3, '2014-06-03', 'wind', 1000.00, 'EUR', 'Di'), "
    "(3, '2014-06-04', 'wind', -1.50, 'EUR', 'Ed'), (3, '2014-06-30', 'sun', 2.25, 'GBP', 'Ed')) as entry(project_id, paid_on, kind, amount, currency, payer) "
    "where (%(project_id)s::int is null or project_id = %(project_id)s) and paid_on >= %(period_start)s and paid_on < %(period_end)s"
)


class Scope(Parameters):
    project_id: Annotated[int | None, Lookup("projects.sql"), Field(title="Project")] = None
    period: Period = Field(Period("2014"), title="Period")
    note: str = Field("", title="Note")


COLUMNS = (
    Text("kind", "Kind"),
    Money("amount", "Amount", currency_column="currency", total=True),
    Text("currency", "Currency"),
    Text("payer", "Payer", pii=True),
)


@pytest.fixture
def ledger(tmp_path: Path) -> Catalog:
    """A report of key figures, a breakdown, a chart and a table."""
    folder = tmp_path / "pack"
    folder.mkdir()
    (folder / "projects.sql").write_text(
        "select id, name from (values (1, 'Alder'), (2, 'Birch'), (3, 'Cedar')) as p(id, name) order by name"
    )
    sections = (
        Metrics("summary", "Summary", query="", columns=(Integer("entries", "Entries"),)),
        Breakdown(
            "kinds", "Kinds", query="", share_of="entries", columns=(Text("kind", "Kind"), Integer("entries", "Entries", total=True))
        ),
        Chart("drawn", "Drawn", of="kinds", x="kind", y="entries"),
        Table("entries", "Entries", query="", columns=COLUMNS),
    )
    kinds = "select kind, count(*) as entries from ENTRIES group by kind order by kind"
    queries = {
        "summary": "select count(*) as entries from ENTRIES",
        "kinds": kinds,
        "drawn": kinds,
        "entries": "select kind, amount, currency, payer from ENTRIES order by paid_on",
    }
    queries = {name: text.replace("ENTRIES", ENTRIES) for name, text in queries.items()}
    return inline.report(sections, queries, Scope, folder)


Make = Callable[..., Artefact]
THREE = [1, 2, 3]
MONTHS = ["2014-05", "2014-06"]
MAY, JUNE = "2014-05", "2014-06"


@pytest.fixture
def make(ledger: Catalog, render: Render) -> Make:
    def one(format: str = "csv", made_as: str = "merged", **asked: Any) -> Artefact:
        asked.setdefault("each", {"project_id": THREE, "period": MONTHS})
        parameters = asked.pop("parameters", {})
        return render(inline.KEY, format, parameters, reports=ledger, made_as=made_as, **asked)

    return one


ROWS = [
    ["Alder", MAY, "sun", "100.10", "EUR", "Ada"],
    ["Alder", MAY, "wind", "50.05", "EUR", "Bob"],
    ["Alder", JUNE, "sun", "20.00", "EUR", "Ada"],
    ["Birch", MAY, "wind", "7.77", "GBP", "Cy"],
    ["Cedar", MAY, "sun", "0.01", "EUR", "Di"],
    ["Cedar", JUNE, "wind", "1000.00", "EUR", "Di"],
    ["Cedar", JUNE, "wind", "-1.50", "EUR", "Ed"],
    ["Cedar", JUNE, "sun", "2.25", "GBP", "Ed"],
]
TOTALS = {"EUR": Decimal("1168.66"), "GBP": Decimal("10.02")}


def totals(artefact: Artefact, section: str = "entries") -> dict[str | None, Decimal]:
    (found,) = (one for one in artefact.manifest.sections if one.name == section)
    return {total.currency: Decimal(total.value) for total in found.totals}


# --- one file ---------------------------------------------------------------------------------------------------------


def test_the_merged_rows_are_those_of_all_led_by_what_they_are_of(make: Make) -> None:
    artefact = make(sections=("entries",))
    with Path(artefact.place).open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["each_project_id", "each_period", "kind", "amount", "currency", "payer"]
    assert rows == ROWS


def test_control_totals_are_those_of_the_whole(make: Make) -> None:
    artefact = make()
    assert totals(artefact) == TOTALS
    assert totals(artefact, "kinds") == {None: Decimal(8)}
    # six rows of key figures, (2 + 1) + 1 + (1 + 2) of kinds, eight entries
    assert {section.name: section.rows for section in artefact.manifest.sections} == {"summary": 6, "kinds": 7, "entries": 8}


def test_key_figures_become_a_row_for_each_also_for_what_is_empty(make: Make) -> None:
    rows = json.loads(Path(make("json").place).read_text())["sections"]["summary"]
    assert [tuple(row.values()) for row in rows] == [
        ("Alder", MAY, 2), ("Alder", JUNE, 1), ("Birch", MAY, 1), ("Birch", JUNE, 0), ("Cedar", MAY, 1), ("Cedar", JUNE, 3),
    ]  # fmt: skip


def test_a_share_is_that_of_its_own_part(make: Make) -> None:
    rows = json.loads(Path(make("json").place).read_text(), parse_float=Decimal)["sections"]["kinds"]
    assert [(row["each_project_id"], row["kind"], row["share"]) for row in rows if row["each_period"] == JUNE] == [
        ("Alder", "sun", Decimal(100)), ("Cedar", "sun", Decimal("33.3333")), ("Cedar", "wind", Decimal("66.6667")),
    ]  # fmt: skip


def test_a_workbook_has_the_rows_and_the_totals_of_all(make: Make) -> None:
    book = openpyxl.load_workbook(make("xlsx").place)
    assert book.sheetnames == ["Summary", "Summary of each", "Kinds", "Entries"]
    rows = [list(row) for row in book["Entries"].iter_rows(min_row=2, max_row=9, values_only=True)]
    assert [[*row[:3], f"{Decimal(str(row[3])):.2f}", *row[4:]] for row in rows] == ROWS
    values = openpyxl.load_workbook(make("xlsx").place, data_only=True)["Entries"]
    assert {values.cell(10 + n, 5).value: Decimal(str(values.cell(10 + n, 4).value)) for n in range(2)} == TOTALS
    assert str(book["Summary"]["B11"].value) == "Alder, Birch, Cedar"


def test_a_pdf_has_a_heading_and_subtotals_for_each(make: Make) -> None:
    with pdfplumber.open(make("pdf").place) as pdf:
        text = "\n".join(page.extract_text() or "" for page in pdf.pages)
    for said in (
        "Alder",
        "Subtotal Alder EUR 170.15",
        "Subtotal Birch GBP 7.77",
        "Subtotal Cedar EUR 998.51",
        "Subtotal Cedar GBP 2.25",
        "Total EUR 1,168.66",
        "Total GBP 10.02",
    ):
        assert said in " ".join(text.split()), said


def test_the_manifest_names_the_values(make: Make) -> None:
    sealed = make().manifest
    assert sealed.each == ("project_id", "period")
    assert sealed.parameters["project_id"] == [1, 2, 3]
    assert [one["start"] for one in sealed.parameters["period"]] == ["2014-05-01", "2014-06-01"]
    assert sealed.parameters["note"] == ""


# --- a zip ------------------------------------------------------------------------------------------------------------


def members(artefact: Artefact) -> dict[str, bytes]:
    with zipfile.ZipFile(artefact.place) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_zip_has_a_file_for_each_with_its_manifest(make: Make) -> None:
    artefact = make(made_as="zip", sections=("entries",))
    assert artefact.place.endswith(".zip")
    names = [f"{number:03} inline.report {project} {month}.csv" for number, (project, month) in enumerate(
        [("Alder", MAY), ("Alder", JUNE), ("Birch", MAY), ("Birch", JUNE), ("Cedar", MAY), ("Cedar", JUNE)], 1)]  # fmt: skip
    files = members(artefact)
    assert list(files) == [name for pair in zip(names, (f"{name}.manifest.json" for name in names), strict=True) for name in pair]
    rows = [list(csv.reader(io.StringIO(files[name].decode())))[1:] for name in names]
    assert [[row[1] for row in part] for part in rows] == [
        ["100.10", "50.05"],
        ["20.00"],
        ["7.77"],
        [],
        ["0.01"],
        ["1000.00", "-1.50", "2.25"],
    ]


def test_the_manifest_of_a_zip_lists_its_parts(make: Make) -> None:
    artefact = make(made_as="zip")
    files = members(artefact)
    parts = artefact.manifest.parts
    assert [part.file.sha256 for part in parts] == [hashlib.sha256(files[part.file.name]).hexdigest() for part in parts]
    assert [part.seal for part in parts] == [hashlib.sha256(files[part.file.name + ".manifest.json"]).hexdigest() for part in parts]
    # key figures, kinds, entries: 1 + 2 + 2, 1 + 1 + 1, 1 + 1 + 1, 1 + 0 + 0, 1 + 1 + 1, 1 + 2 + 3
    assert [part.rows for part in parts] == [5, 3, 3, 1, 3, 6]
    assert [part.parameters["project_id"] for part in parts] == [1, 1, 2, 2, 3, 3]
    assert [{total.currency: total.value for total in part.sections[-1].totals} for part in parts] == [
        {"EUR": "150.15"}, {"EUR": "20.00"}, {"GBP": "7.77"}, {}, {"EUR": "0.01"}, {"EUR": "998.50", "GBP": "2.25"},
    ]  # fmt: skip
    assert totals(artefact) == TOTALS
    assert artefact.manifest.rows == 21


every_writer = pytest.mark.parametrize("format", writers.NAMES)


@every_writer
@pytest.mark.parametrize("made_as", ["merged", "zip"])
def test_what_was_made_is_verified(format: str, made_as: str, make: Make) -> None:
    artefact = make(format, made_as)
    assert verify.verify(Path(artefact.place)).manifest == artefact.manifest


@every_writer
def test_a_part_taken_out_of_the_zip_is_verified_alone(format: str, make: Make, tmp_path: Path) -> None:
    artefact = make(format, "zip")
    with zipfile.ZipFile(artefact.place) as archive:
        archive.extractall(tmp_path / "out")
    for part in artefact.manifest.parts:
        assert verify.verify(tmp_path / "out" / part.file.name).manifest.rows == part.rows


def rewritten(artefact: Artefact, change: Callable[[str, bytes], bytes | None]) -> Path:
    """The zip with its members changed, or taken out."""
    place = Path(artefact.place)
    files = members(artefact)
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, contents in files.items():
            if (now := change(name, contents)) is not None:
                archive.writestr(name, now)
    return place


def test_one_byte_of_one_part_is_found_in_that_part(make: Make) -> None:
    artefact = make(made_as="zip", sections=("entries",))
    place = rewritten(artefact, lambda name, contents: contents.replace(b"7.77", b"7.78") if name.endswith(".csv") else contents)
    with pytest.raises(VerificationFailed) as told:
        verify.verify(place)
    assert "003 inline.report Birch 2014-05.csv: its SHA-256 is" in str(told.value)
    assert "the total of entries.amount in GBP is 7.78, not 7.77" in str(told.value)
    assert "Alder" not in str(told.value) and "Cedar" not in str(told.value)


def test_a_part_that_is_gone_is_named(make: Make) -> None:
    artefact = make(made_as="zip")
    place = rewritten(artefact, lambda name, contents: None if name.startswith("004") else contents)
    with pytest.raises(
        VerificationFailed, match=r"004 inline\.report Birch 2014-06\.zip and 004 inline\.report Birch 2014-06\.zip\.manifest\.json"
    ):
        verify.verify(place)


def test_a_part_with_another_manifest_and_a_part_too_many_are_named(make: Make) -> None:
    artefact = make(made_as="zip")
    place = rewritten(artefact, lambda name, contents: contents.replace(b'"rows": 1', b'"rows": 2') if name.startswith("004") else contents)
    with zipfile.ZipFile(place, "a") as archive:
        archive.writestr("007 more.csv", "1")
    with pytest.raises(VerificationFailed) as told:
        verify.verify(place)
    assert "007 more.csv in it, of which the manifest knows nothing" in str(told.value)
    assert "its manifest is another one; " in str(told.value) and "its manifest says something else of it" in str(told.value)


def test_parts_that_do_not_add_up_to_the_whole_are_found(make: Make) -> None:
    artefact = make(made_as="zip")
    seal = Path(artefact.place + ".manifest.json")
    seal.write_text(seal.read_text().replace('"value": "1168.66"', '"value": "1168.67"'))
    with pytest.raises(VerificationFailed, match=r"the total of entries\.amount in its parts is 1168\.66, not 1168\.67"):
        verify.verify(Path(artefact.place))


def test_a_zip_that_takes_a_password_shows_no_values_in_its_names(make: Make) -> None:
    artefact = make(made_as="zip", password="told by telephone")
    assert artefact.manifest.protected
    with zipfile.ZipFile(artefact.place) as archive:
        assert {name.split(".")[0] for name in archive.namelist()} == {f"{number:03} inline" for number in range(1, 7)}
        with pytest.raises(RuntimeError, match=r"password required|encrypted"):
            archive.read(archive.namelist()[0])
    verify.verify(Path(artefact.place))


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("made_as", ["merged", "zip"])
@pytest.mark.parametrize(
    ("each", "said"),
    [
        ({"project_id": [1, 9]}, "there is no project_id 9"),
        ({"period": ["2014-05", "2014-13"]}, "period cannot be '2014-13'"),
        ({"plant": [1]}, "no parameter 'plant'"),
        ({"project_id": []}, "at least one"),
        ({"project_id": [1, 2, 1]}, "Two values of project_id are the same"),
        ({"period": ["2014-05", "2014-05-01/2014-05-31"]}, "Two values of period are the same"),
        ({"note": "*"}, "no list of values of its own"),
        ({"note": "abc"}, "takes a list"),
    ],
)
def test_one_value_that_cannot_be_asked_refuses_all(made_as: str, each: dict[str, Any], said: str, make: Make, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=said.replace("*", r"\*")):
        make(made_as=made_as, each=each)
    assert [path.name for path in tmp_path.iterdir()] == ["pack"]


def test_a_parameter_is_said_once(make: Make) -> None:
    with pytest.raises(UsageError, match="project_id is said twice"):
        make(parameters={"project_id": 1})


def test_at_most_two_hundred_combinations_are_asked_for_at_once(make: Make) -> None:
    assert eaches.MOST == 200
    with pytest.raises(TooLarge, match="201 combinations were asked for, and at most 200"):
        make(each={"note": [str(number) for number in range(201)]})
    with pytest.raises(TooLarge, match="300 combinations"):
        make(each={"note": [str(number) for number in range(100)], "project_id": THREE})


def test_two_hundred_are_made(make: Make) -> None:
    artefact = make(each={"note": [str(number) for number in range(200)]}, sections=("entries",))
    assert artefact.manifest.rows == 8 * 200
    assert totals(artefact)["EUR"] == 200 * TOTALS["EUR"]


def test_every_value_is_what_the_look_up_offers(make: Make) -> None:
    assert totals(make(each={"project_id": "*"})) == TOTALS
    assert make(each={"project_id": "*"}).manifest.parameters["project_id"] == [1, 2, 3]


@pytest.mark.parametrize("made_as", ["merged", "zip"])
def test_rows_are_limited_in_all_parts_together(made_as: str, make: Make) -> None:
    make(made_as=made_as, sections=("entries",), most_rows=8)
    with pytest.raises(TooLarge, match="8 rows here, and a file of this organization may hold 7"):
        make(made_as=made_as, sections=("entries",), most_rows=7)


@pytest.mark.parametrize("made_as", ["merged", "zip", "runs"])
def test_approval_counts_the_rows_of_all_parts_together(made_as: str, make: Make) -> None:
    own = {"project_id": 2, "period": "2014-05"} if made_as == "runs" else {}  # of a group, a run that has one row itself
    make(made_as=made_as, parameters=own, sections=("entries",), approved_rows=8)
    with pytest.raises(NeedsApproval, match="8 rows"):
        make(made_as=made_as, parameters=own, sections=("entries",), approved_rows=7)


def test_the_limit_of_a_format_is_that_of_one_file(ledger: Catalog, render: Render) -> None:
    many = inline.table(
        "select g as n from generate_series(1, 20000) g where %(note)s <> ''", Integer("n", "N", total=True), parameters=Scope
    )
    each = {"note": ["a", "b"]}
    with pytest.raises(TooLarge, match="40,000 rows and PDF holds at most 30,000"):
        render(inline.KEY, "pdf", {}, reports=many, each=each, made_as="merged")


@pytest.mark.parametrize("made_as", ["merged", "zip"])
def test_a_condition_asks_whether_any_of_them_has_rows(made_as: str, make: Make) -> None:
    make(made_as=made_as, each={"project_id": [2], "period": MONTHS}, condition=Condition("rows"))
    with pytest.raises(HeldBack):  # the key figures of the empty month have a row, and are no rows
        make(made_as=made_as, each={"project_id": [2], "period": ["2014-06", "2014-07"]}, condition=Condition("rows"))
    with pytest.raises(UsageError, match="a key figure of one value"):
        make(made_as=made_as, condition=Condition("metric", "summary.entries", "above", Decimal(0)))


@pytest.mark.parametrize("made_as", ["merged", "zip"])
def test_a_source_that_changes_between_counting_and_writing_is_torn(made_as: str, render: Render, tmp_path: Path) -> None:
    coins = inline.table(
        "select g as n from generate_series(1, 1000) g where random() < 0.5 and %(note)s <> ''", Integer("n", "N"), parameters=Scope
    )
    with pytest.raises(Torn):
        for _ in range(5):
            render(inline.KEY, "csv", {}, reports=coins, each={"note": ["a", "b"]}, made_as=made_as)
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("format", ["csv", "json"])
@pytest.mark.parametrize("made_as", ["merged", "zip"])
def test_personal_data_stays_masked(format: str, made_as: str, make: Make) -> None:
    artefact = make(format, made_as, masked=True, sections=("entries",))
    contents = b"".join(members(artefact).values()) if made_as == "zip" else Path(artefact.place).read_bytes()
    assert artefact.manifest.masked
    assert b"Ada" not in contents and b"***" in contents


@pytest.mark.parametrize("made_as", ["merged", "zip"])
def test_progress_comes_to_the_rows_of_all(
    made_as: str, ledger: Catalog, database: Database, organization: Organization, tmp_path: Path
) -> None:
    told: list[tuple[int, int]] = []
    asked = Request(inline.KEY, organization, "csv", each={"project_id": THREE, "period": MONTHS}, made_as=made_as)
    run.render(
        asked, reports=ledger, database=database, store=Folder(tmp_path), name_file=lambda _, extension: f"made.{extension}",
        progress=lambda _, done, expected: told.append((done, expected)),
    )  # fmt: skip
    assert told[-1] == (21, 21)
