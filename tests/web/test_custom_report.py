"""A report of one's own, over HTTP: a dataset with chosen columns, rows, groups and totals, in every format, by hand and by a schedule."""

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pdfplumber
import psycopg
import pytest
from fastapi import FastAPI
from psycopg.conninfo import make_conninfo

from octavo.control.schedules import jobs
from octavo.database.connection import Database
from octavo.pipeline import catalog
from octavo.pipeline.document import Organization
from tests.web.conftest import Person
from tests.web.test_exports_api import work

People = dict[str, Person]
FORMATS = ("csv", "json", "xlsx", "pdf")
FIELDS = ["project_name", "reference", "category", "currency", "amount"]
CUSTOM: dict[str, Any] = {
    "name": "What insurance and land cost", "report": "energy.expenses", "format": "pdf",
    "template_config": {
        "fields": FIELDS,
        "filters": [
            {"field": "category", "op": "in", "value": ["insurance", "land lease"]},
            {"field": "amount", "op": "ge", "value": 100},
        ],
        "arrangement": {"group_by": ["project_name"], "order": [{"field": "amount", "descending": True}], "totals": ["amount"]},
    },
}  # fmt: skip
EXPENSES = (
    ("Aller", "E-1", "insurance", "120.50"),
    ("Aller", "E-2", "land_lease", "1000.00"),
    ("Aller", "E-3", "insurance", "99.99"),  # too little
    ("Aller", "E-4", "grid", "5000.00"),  # something else
    ("Weser", "E-5", "insurance", "100.00"),
    ("Weser", "E-6", "insurance", "300.25"),
)
EXPECTED = [
    ["Aller", "E-2", "land lease", "EUR", "1000.00"],
    ["Aller", "E-1", "insurance", "EUR", "120.50"],
    ["Weser", "E-6", "insurance", "EUR", "300.25"],
    ["Weser", "E-5", "insurance", "EUR", "100.00"],
]
TOTAL = Decimal("1520.75")
"""Aller 1,120.50 and Weser 400.25."""


@pytest.fixture
def template(ours: People, database: Database, organization: Organization) -> dict[str, Any]:
    with database.tenant(organization.id) as connection:
        for project, reference, category, amount in EXPENSES:
            connection.execute("insert into energy.project (name) values (%s) on conflict do nothing", [project])
            connection.execute(
                "insert into energy.expense (project_id, expense_date, category, reference, description, supplier_name, amount, currency) "
                "select id, '2026-10-05', %s, %s, 'of the tests', 'Somebody', %s, 'EUR' from energy.project where name = %s",
                [category, reference, amount, project],
            )
    made = ours["admin"].post("/api/reports/templates", CUSTOM)
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


def csv_rows(data: bytes) -> list[list[str]]:
    header, *rows = csv.reader(io.StringIO(data.decode("utf-8-sig")))
    assert header == FIELDS
    return rows


def json_rows(data: bytes) -> list[list[str]]:
    (rows,) = (value for value in json.loads(data, parse_float=str)["sections"].values())
    return [[str(row[name]) for name in FIELDS] for row in rows]


def xlsx_rows(data: bytes) -> list[list[str]]:
    workbook = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    header, *rows = [list(row) for row in workbook["Expenses"].iter_rows(values_only=True)]
    assert [str(cell) for cell in header[:3]] == ["Plant", "Reference", "Category"]
    *rows, total = [row for row in rows if any(cell is not None for cell in row)]
    assert Decimal(str(total[-1])) == TOTAL
    return [[*map(str, row[:4]), f"{Decimal(str(row[4])):.2f}"] for row in rows]


def pdf_rows(data: bytes) -> list[list[str]]:
    """The lines of the table; and the groups, subtotals and the total are there, in English."""
    with pdfplumber.open(io.BytesIO(data)) as pdf:
        lines = [line for page in pdf.pages for line in page.extract_text().splitlines()]
    said = "\n".join(lines)
    for told in ("Plant Aller", "Plant Weser", "1,120.50", "400.25", "1,520.75"):
        assert told in said, said
    rows, project = [], ""
    for line in lines:
        if line.startswith("Plant "):
            project = line.removeprefix("Plant ")
        for reference, category in (("E-1", "insurance"), ("E-2", "land lease"), ("E-5", "insurance"), ("E-6", "insurance")):
            if f"{reference} {category} EUR " in line:
                rows.append([project, reference, category, "EUR", line.rsplit(" ", 1)[1].replace(",", "")])
    return rows


READERS: dict[str, Callable[[bytes], list[list[str]]]] = {"csv": csv_rows, "json": json_rows, "xlsx": xlsx_rows, "pdf": pdf_rows}


def file_of(application: FastAPI, database: Database, organization: Organization, run_id: int) -> bytes:
    with database.tenant(organization.id) as connection:
        row = connection.execute("select file_key from octavo.generated_report where id = %s", [run_id]).fetchone()
    assert row is not None and row[0] is not None
    return (Path(application.state.server.settings.store_place) / str(row[0])).read_bytes()


@pytest.mark.parametrize("format", FORMATS)
def test_a_custom_report_is_made_in_every_format(
    format: str, ours: People, application: FastAPI, database: Database, organization: Organization, template: dict[str, Any]
) -> None:
    asked = ours["member"].post(
        "/api/reports/generate", {"template_id": template["id"], "format": format, "parameters": {"period": "2026-10"}}
    )
    assert asked.status_code == 202, asked.text
    assert work(application, database)
    assert READERS[format](file_of(application, database, organization, asked.json()["id"])) == EXPECTED


def test_a_custom_report_runs_on_a_schedule_in_every_format(
    ours: People, application: FastAPI, database: Database, organization: Organization, template: dict[str, Any]
) -> None:
    at = datetime(2026, 11, 2, 6, tzinfo=UTC)
    said = {
        "name": "Insurance and land", "template_id": template["id"], "formats": list(FORMATS), "parameters": {"period": "previous_month"},
        "rule": {"frequency": "monthly", "day_of_month": 2, "time_of_day": "06:00", "time_zone": "UTC"}, "missed": "all", "missed_within_hours": 8760,
    }  # fmt: skip
    made = ours["admin"].post("/api/reports/scheduled", said)
    assert made.status_code == 201, made.text
    with psycopg.connect(make_conninfo(database.conninfo, user="postgres"), autocommit=True) as superuser:
        superuser.execute("set session_replication_role = replica")  # as if nobody had looked since
        superuser.execute(
            "update octavo.scheduled_report set next_run_at = %s, next_run_days = %s where id = %s", [at, [at.date()], made.json()["id"]]
        )
    jobs.take_all_due(database, catalog.installed())
    assert [work(application, database) for _ in FORMATS] == [True] * len(FORMATS)
    runs = ours["member"].get("/api/reports/generated", page_size=100).json()["items"]
    first = [run for run in runs if datetime.fromisoformat(run["planned_at"]) - at < timedelta(seconds=1)]
    assert sorted(run["format"] for run in first) == sorted(FORMATS)
    for run in first:
        assert READERS[run["format"]](file_of(application, database, organization, run["id"])) == EXPECTED
