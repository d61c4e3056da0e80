"""Every report that is installed, in every format: its example comes out, and an independent reader finds the same cells."""

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import babel.dates
import babel.numbers
import openpyxl
import pdfplumber
import pytest
from python_calamine import CalamineWorkbook

from octavo.database.connection import Database
from octavo.pipeline import catalog, definition, verify
from octavo.pipeline.catalog import Entry
from octavo.pipeline.document import Organization
from tests import examples
from tests.conftest import Render

ENTRIES = catalog.installed().entries
every_report = pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES.keys())

Cells = dict[str, list[list[Any]]]


def test_the_catalog_holds_the_reports_that_are_promised() -> None:
    assert {
        "energy.invoice_to_client",
        "energy.invoice_expected",
        "energy.invoice_received",
        "energy.invoice_comparison",
        "energy.contracts",
        "energy.invoices_generated",
        "energy.settlement",
        "energy.compliance",
        "energy.financial_summary",
        "energy.invoice_aging",
        "energy.expense_by_category",
        "energy.generation_summary",
        "energy.ld_summary",
        "energy.clauses",
        "energy.invoices_received",
        "energy.expenses",
        "energy.meter_data",
        "retail.sales",
        "retail.customers",
        "retail.inventory",
        "retail.audit_log",
        "services.quote_cycle_time",
        "services.invoice_settlement_time",
        "services.payments_received",
        "services.time_approvals",
        "outreach.campaign",
        "outreach.deliverability",
        "outreach.workspace_summary",
        "outreach.campaigns",
        "outreach.leads",
        "outreach.metrics",
    } <= set(ENTRIES)


@every_report
def test_the_example_comes_out_as_it_was_derived_by_hand(
    entry: Entry, render: Render, database: Database, organization: Organization
) -> None:
    asked = examples.seed(database, organization, entry)
    artefact = render(entry.key, "csv", asked, options={"sections": "single", "line_end": "lf"})
    expected = (entry.folder / "example" / "expected.csv").read_text(encoding="utf-8")
    assert Path(artefact.place).read_text(encoding="utf-8").rstrip("\n") == expected.replace("\r\n", "\n").rstrip("\n")


@every_report
def test_csv_gives_back_the_same_cells(entry: Entry, render: Render, database: Database, organization: Organization) -> None:
    with examples.opened(database, organization, entry) as example:
        artefact = render(entry.key, "csv", example.parameters, options={"guard": "raw"})
        found: Cells = {}
        for section, text in _csv_files(Path(artefact.place), entry):
            header, *rows = csv.reader(text)
            assert header == [column.name for column in _columns(entry, section)]
            found[section] = [
                [_from_text(cell, column) for cell, column in zip(row, _columns(entry, section), strict=True)] for row in rows
            ]
        _assert_same(found, example.rows, entry, empty_is_null=True)
        verify.verify(Path(artefact.place))


@every_report
def test_json_gives_back_the_same_cells(entry: Entry, render: Render, database: Database, organization: Organization) -> None:
    with examples.opened(database, organization, entry) as example:
        artefact = render(entry.key, "json", example.parameters)
        read = json.loads(Path(artefact.place).read_text(encoding="utf-8"), parse_float=Decimal)
        found: Cells = {}
        for section, rows in read["sections"].items():
            listed = [rows] if isinstance(rows, dict) else rows
            assert all(list(row) == [column.name for column in _columns(entry, section)] for row in listed)
            found[section] = [
                [_from_json(value, column) for value, column in zip(row.values(), _columns(entry, section), strict=True)] for row in listed
            ]
        _assert_same(found, example.rows, entry)
        verify.verify(Path(artefact.place))


@every_report
def test_xlsx_gives_back_the_same_cells(entry: Entry, render: Render, database: Database, organization: Organization) -> None:
    with examples.opened(database, organization, entry) as example:
        artefact = render(entry.key, "xlsx", example.parameters)
        book = openpyxl.load_workbook(artefact.place)
        calamine = CalamineWorkbook.from_path(artefact.place)
        assert set(book.sheetnames) == set(calamine.sheet_names)
        for section in artefact.manifest.sections:
            if section.kind == "metrics":
                continue
            (place,) = section.places
            columns, truth = _columns(entry, section.name), example.rows[section.name]
            header, *rows = [row[: len(columns)] for row in book[place].iter_rows(values_only=True)]
            assert all(str(title).startswith(column.title) for title, column in zip(header, columns, strict=True))
            found = [
                [_from_sheet(value, column, organization) for value, column in zip(row, columns, strict=True)] for row in rows[: len(truth)]
            ]
            _assert_same({section.name: found}, {section.name: truth}, entry, empty_is_null=True)
        verify.verify(Path(artefact.place))


@every_report
def test_pdf_shows_every_cell(entry: Entry, render: Render, database: Database, organization: Organization) -> None:
    with examples.opened(database, organization, entry) as example:
        artefact = render(entry.key, "pdf", example.parameters)
        with pdfplumber.open(artefact.place) as pdf:
            text = "\n".join(page.extract_text(use_text_flow=False) or "" for page in pdf.pages)
        pressed = "".join(text.split())
        for name, rows in example.rows.items():
            for row in rows:
                for value, column in zip(row, _columns(entry, name), strict=True):
                    for word in _pdf_words(value, column, organization):
                        assert word in pressed, (name, column.name, value, word)
        verify.verify(Path(artefact.place))


def _csv_files(place: Path, entry: Entry) -> Iterator[tuple[str, io.TextIOWrapper]]:
    """Each section and its CSV: a file of its own in an archive, or the artefact itself where the report is one table."""
    if place.suffix == ".csv":
        (section,) = entry.report.sections
        with place.open(encoding="utf-8", newline="") as file:
            yield section.name, file
        return
    with zipfile.ZipFile(place) as archive:
        for name in archive.namelist():
            yield name.removesuffix(".csv"), io.TextIOWrapper(archive.open(name), "utf-8", newline="")


# --- cells as each reader has them, brought back to what the database has ----------------------------------------------


def _columns(entry: Entry, section: str) -> tuple[definition.Column, ...]:
    return examples.columns(next(part for part in entry.report.sections if part.name == section))


def _from_text(cell: str, column: definition.Column) -> Any:
    if cell == "":
        return None
    if column.numeric:
        return Decimal(cell)
    match column.kind:
        case "date":
            return date.fromisoformat(cell)
        case "instant":
            return datetime.fromisoformat(cell)
        case "flag":
            return {"true": True, "false": False}[cell]
    return cell


def _from_json(value: Any, column: definition.Column) -> Any:
    if value is None or column.kind in ("text", "flag"):
        return value
    if column.numeric:
        return Decimal(value)
    return date.fromisoformat(value) if column.kind == "date" else datetime.fromisoformat(value)


def _from_sheet(value: Any, column: definition.Column, organization: Organization) -> Any:
    if value is None:
        return None
    if column.numeric:
        return Decimal(str(value))
    match column.kind:
        case "date":
            return value.date()
        case "instant":
            return value.replace(tzinfo=ZoneInfo(organization.time_zone))
    return value


def _assert_same(found: Cells, truth: dict[str, examples.Rows], entry: Entry, *, empty_is_null: bool = False) -> None:
    assert set(found) == set(truth)
    for name, rows in truth.items():
        assert len(found[name]) == len(rows), name
        for number, (ours, theirs) in enumerate(zip(found[name], rows, strict=True)):
            expected = [None if empty_is_null and value == "" else value for value in theirs]
            assert [None if empty_is_null and value == "" else value for value in ours] == expected, (entry.key, name, number)


def _pdf_words(value: Any, column: definition.Column, organization: Organization) -> list[str]:
    """What a reader of the organization's locale expects to see, by Babel."""
    if value is None or value == "":
        return []
    locale = organization.locale
    if column.numeric:
        decimals = getattr(column, "decimals", 0)
        rounded = Decimal(value).quantize(Decimal(1).scaleb(-decimals), rounding="ROUND_HALF_UP")
        pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
        return [babel.numbers.format_decimal(abs(rounded), pattern, locale=locale)]
    if column.kind == "text":
        return str(value).split()
    if column.kind == "date":
        return babel.dates.format_date(value, "medium", locale=locale).split()
    return []


@every_report
@pytest.mark.parametrize("made_as", ["merged", "zip"])
def test_several_values_at_once_come_to_what_each_is_alone(
    entry: Entry, made_as: str, render: Render, database: Database, organization: Organization
) -> None:
    """Asked with one value it holds what the example holds, rows and totals; and it is verified, in every format."""
    asked = examples.seed(database, organization, entry)
    fields = entry.report.parameters.model_fields
    name = next(iter(asked or fields))
    value = asked.pop(name) if name in asked else getattr(fields[name].default, "said", fields[name].default)
    alone = {
        section.name: (section.rows, section.totals) for section in render(entry.key, "json", {**asked, name: value}).manifest.sections
    }
    for format in ("csv", "json", "xlsx", "pdf"):
        artefact = render(entry.key, format, asked, each={name: [value]}, made_as=made_as)
        sealed = verify.verify(Path(artefact.place)).manifest
        assert {section.name: (section.rows, section.totals) for section in sealed.sections} == alone
        assert sealed.rows == sum(part.rows for part in sealed.parts) or made_as == "merged"
