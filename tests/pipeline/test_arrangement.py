"""A custom report of a dataset: five columns, two conditions, an order, groups and totals, in every format; worked out by hand."""

import csv
import json
from pathlib import Path
from typing import Any

import openpyxl
import pdfplumber
import pytest

from octavo.database.connection import Database
from octavo.errors import Forbidden, UsageError
from octavo.pipeline import verify
from octavo.pipeline.choice import Choice
from octavo.pipeline.document import Organization
from tests.conftest import Render

FIELDS = ["category", "project_name", "reference", "currency", "amount"]
FILTERS = [{"field": "amount", "op": "ge", "value": 50}, {"field": "category", "op": "ne", "value": "tax"}]
YEAR = {"period": "2024-01-01/2024-12-31"}
ARRANGED = {"order": [{"field": "amount", "descending": True}], "group_by": ["category"], "totals": ["amount"]}

EXPENSES = (  # project, day, category, reference, amount, currency
    ("Nord", "2024-01-05", "service", "S-1", "100.00", "EUR"),
    ("Süd", "2024-01-06", "service", "S-2", "300.00", "EUR"),
    ("Nord", "2024-01-07", "insurance", "I-1", "250.50", "EUR"),
    ("Süd", "2024-01-08", "insurance", "I-2", "250.50", "EUR"),
    ("Nord", "2024-01-09", "insurance", "I-3", "70.00", "GBP"),
    ("Nord", "2024-01-10", "service", "S-3", "49.99", "EUR"),  # too small
    ("Nord", "2024-01-11", "tax", "T-1", "900.00", "EUR"),  # left out
)
# By category, then the largest first; I-1 and I-2 are alike and stay in the order of the dataset, which is by day.
ROWS = [
    ["insurance", "Nord", "I-1", "EUR", "250.50"],
    ["insurance", "Süd", "I-2", "EUR", "250.50"],
    ["insurance", "Nord", "I-3", "GBP", "70.00"],
    ["service", "Süd", "S-2", "EUR", "300.00"],
    ["service", "Nord", "S-1", "EUR", "100.00"],
]


@pytest.fixture(autouse=True)
def expenses(database: Database, organization: Organization) -> None:
    with database.tenant(organization.id) as connection:
        connection.execute("insert into energy.project (name, time_zone) values ('Nord', 'UTC'), ('Süd', 'UTC')")
        connection.cursor().executemany(
            "insert into energy.expense (project_id, expense_date, category, reference, description, supplier_name, amount, currency) "
            "select id, %(day)s, %(category)s, %(reference)s::text, 'x', 'Supplier ' || %(reference)s::text, %(amount)s, %(currency)s "
            "from energy.project where name = %(project)s",
            [dict(zip(("project", "day", "category", "reference", "amount", "currency"), row, strict=True)) for row in EXPENSES],
        )


def made(render: Render, format: str, arranged: dict[str, Any] = ARRANGED, fields: list[str] = FIELDS, **more: Any) -> Path:
    artefact = render("energy.expenses", format, YEAR, choice=Choice.of(fields, FILTERS, arranged), **more)
    verify.verify(Path(artefact.place))
    return Path(artefact.place)


def references(render: Render, arranged: dict[str, Any], **more: Any) -> list[str]:
    with made(render, "csv", arranged, **more).open(encoding="utf-8", newline="") as file:
        return [row["reference"] for row in csv.DictReader(file)]


def test_in_csv_and_json_the_rows_stand_by_group_and_order(render: Render) -> None:
    with made(render, "csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [FIELDS, *ROWS]
    document = json.loads(made(render, "json").read_text(encoding="utf-8"))
    assert [row["reference"] for row in document["sections"]["expenses"]] == [row[2] for row in ROWS]
    assert document["parameters"]["group_by"] == ["category"]
    assert document["parameters"]["order"] == ["amount descending"]


def test_in_xlsx_they_stand_alike_with_the_sums_by_currency(render: Render) -> None:
    sheets = openpyxl.load_workbook(made(render, "xlsx"), data_only=True)
    cells = [[cell.value for cell in row] for row in sheets["Expenses"]]
    assert [row[2] for row in cells if row[2] in {row[2] for row in ROWS}] == [row[2] for row in ROWS]
    texts = {str(cell.value) for sheet in sheets for row in sheet for cell in row}
    assert {"Category", "Amount, descending"} <= texts


def test_a_pdf_has_a_heading_and_subtotals_for_each_group_and_totals_at_the_end(render: Render) -> None:
    with pdfplumber.open(made(render, "pdf")) as file:
        lines = [line for page in file.pages for line in page.extract_text().splitlines()]
    places = [next(n for n, line in enumerate(lines) if line.startswith(word)) for word in ("Category insurance", "Category service")]
    assert places == sorted(places)
    sums = [line for line in lines if "otal" in line and any(digits in line for digits in ("501.00", "70.00", "400.00", "901.00"))]
    # 250.50 + 250.50 = 501.00 EUR and 70.00 GBP; 300.00 + 100.00 = 400.00 EUR; in all 901.00 EUR and 70.00 GBP
    told = " ".join(lines[places[0] :])
    for figure in ("501.00", "400.00", "901.00"):
        assert told.count(figure) == 1, lines
    assert told.count("70.00") == 3  # the row, the group's sum, the sum of all
    assert sums


def test_a_descending_group_and_an_order_by_a_column_that_is_not_shown(render: Render) -> None:
    turned = {"group_by": ["category"], "order": [{"field": "category", "descending": True}, {"field": "expense_date", "descending": True}]}
    assert references(render, turned) == ["S-2", "S-1", "I-3", "I-2", "I-1"]


def test_without_an_order_the_datasets_own_stands(render: Render) -> None:
    assert references(render, {}) == ["S-1", "S-2", "I-1", "I-2", "I-3"]


def test_no_totals_are_none(render: Render) -> None:
    kept = render("energy.expenses", "csv", YEAR, choice=Choice.of(FIELDS, FILTERS, {})).manifest
    none = render("energy.expenses", "csv", YEAR, choice=Choice.of(FIELDS, FILTERS, {"totals": []})).manifest
    assert {total.column for total in kept.sections[0].totals} == {"amount"}
    assert not none.sections[0].totals


@pytest.mark.parametrize(
    ("arranged", "said"),
    [
        ({"group_by": ["nothing"]}, "'nothing' is not among"),
        ({"group_by": ["source"]}, "'source' is not among"),
        ({"group_by": ["category", "category"]}, "once"),
        ({"order": [{"field": "nothing"}]}, "no column 'nothing'"),
        ({"order": ["amount"]}, "cannot be arranged"),
        ({"totals": ["reference"]}, "has no sum"),
        ({"totals": ["source"]}, "'source' is not among"),
        ({"sort": []}, "cannot be arranged"),
        ({"group_by": ["a", "b", "c", "d"]}, "cannot be arranged"),
    ],
)
def test_what_cannot_be_arranged_is_refused(render: Render, arranged: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        made(render, "csv", arranged)


def test_who_may_not_see_personal_data_sorts_and_groups_nothing_by_it(render: Render) -> None:
    for arranged in ({"order": [{"field": "supplier_name"}]}, {"group_by": ["supplier_name"]}):
        with pytest.raises(Forbidden, match="supplier_name holds personal data"):
            made(render, "csv", arranged, [*FIELDS, "supplier_name"], masked=True)
    assert references(render, {"order": [{"field": "supplier_name"}]}) == ["I-1", "I-2", "I-3", "S-1", "S-2"]
