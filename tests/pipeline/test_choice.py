"""What is chosen of a dataset: its columns in an order, and the rows that fulfil conditions on declared columns; never SQL, and never a leak."""

import csv
import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from octavo.database.connection import Database
from octavo.errors import Forbidden, UsageError
from octavo.pipeline import catalog, definition, verify
from octavo.pipeline.choice import OPERATORS, Choice
from octavo.pipeline.document import Organization
from tests.conftest import Render

CONTRACTS = (  # number, name, buyer, from, to, days
    ("C-1", "Alpha wind", "Buyer One", "2020-01-01", None, 30),
    ("C-2", "beta solar", "Buyer Two", "2021-06-30", "2030-12-31", 14),
    ("C-3", "50% 'Alpha'_x", "Other", "2022-01-01", "2025-01-01", 7),
)


@pytest.fixture(autouse=True)
def contracts(database: Database, organization: Organization, other_organization: Organization) -> None:
    for one in (organization, other_organization):
        with database.tenant(one.id) as connection:
            connection.execute("insert into energy.project (name) values ('Plant')")
            connection.cursor().executemany(
                "insert into energy.contract (project_id, number, name, kind, counterparty_name, currency, start_date, end_date, payment_days) "
                "select id, %s, %s, 'ppa', %s, 'EUR', %s, %s, %s from energy.project",
                CONTRACTS,
            )


def rows(render: Render, *filters: tuple[str, str, Any], fields: tuple[str, ...] = ("contract_number",), **more: Any) -> list[list[str]]:
    choice = Choice.of(fields, [{"field": field, "op": op, "value": value} for field, op, value in filters], {})
    made = render("energy.contracts", "csv", choice=choice, **more)
    with Path(made.place).open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize(
    ("condition", "numbers"),
    [
        (("contract_number", "eq", "C-2"), "2"),
        (("contract_number", "ne", "C-2"), "13"),
        (("contract_number", "in", ["C-1", "C-3", "C-9"]), "13"),
        (("contract_name", "contains", "ALPHA"), "13"),
        (("contract_name", "contains", "%"), "3"),
        (("contract_name", "contains", "'alpha'_"), "3"),
        (("contract_name", "starts_with", "Alpha"), "1"),
        (("start_date", "ge", "2021-06-30"), "23"),
        (("start_date", "gt", "2021-06-30"), "3"),
        (("start_date", "lt", "2021-06-30"), "1"),
        (("end_date", "is_null", True), "1"),
        (("end_date", "is_null", False), "23"),
        (("end_date", "ne", "2025-01-01"), "12"),
        (("payment_days", "le", 14), "23"),
        (("payment_days", "le", 13.5), "3"),
        (("payment_days", "eq", "30"), "1"),
        (("payment_days", "in", [7, 30]), "13"),
        (("contract_number", "eq", "C-1' or true --"), ""),
        (("contract_name", "contains", "%(organization_id)s"), ""),
    ],
)
def test_a_condition_leaves_the_rows_that_fulfil_it(render: Render, condition: tuple[str, str, Any], numbers: str) -> None:
    assert [number for (number,) in rows(render, condition)[1:]] == [f"C-{number}" for number in numbers]


def test_every_condition_is_fulfilled_and_columns_come_in_the_order_chosen(render: Render) -> None:
    found = rows(
        render,
        ("payment_days", "lt", 30),
        ("contract_name", "contains", "alpha"),
        fields=("payment_days", "contract_number", "counterparty_name"),
    )
    assert found == [["payment_days", "contract_number", "counterparty_name"], ["7", "C-3", "Other"]]


def test_a_column_that_was_not_chosen_may_be_asked_about(render: Render) -> None:
    assert rows(render, ("start_date", "gt", "2021-12-31"))[1:] == [["C-3"]]


def test_rows_are_not_chosen_by_what_who_asks_may_not_see(render: Render) -> None:
    assert rows(render, ("counterparty_name", "contains", "buyer"))[1:] == [["C-1"], ["C-2"]]
    with pytest.raises(Forbidden, match="personal data"):
        rows(render, ("counterparty_name", "contains", "buyer"), masked=True)
    assert rows(render, masked=True, fields=("counterparty_name",))[1:] == [["***"]] * 3


@pytest.mark.parametrize(
    ("fields", "filters", "said"),
    [
        (("nothing",), [], "no column 'nothing'"),
        (("contract_number; drop table energy.contract",), [], "no column"),
        (("contract_number", "contract_number"), [], "twice"),
        ((), [("organization_id", "eq", 1)], "no column"),
        ((), [("contract_number", "lt", "C-2")], "cannot be asked by 'lt'"),
        ((), [("contract_number", "or", "C-2")], "op"),
        ((), [("contract_number", "eq", 5)], "no text"),
        ((), [("contract_number", "eq", "a\0b")], "no text"),
        ((), [("start_date", "eq", "yesterday")], "no date"),
        ((), [("payment_days", "eq", "many")], "no number"),
        ((), [("payment_days", "eq", "Infinity")], "no number"),
        ((), [("payment_days", "eq", True)], "no number"),
        ((), [("end_date", "is_null", "yes")], "true or false"),
        ((), [("contract_number", "in", "C-1")], "list"),
        ((), [("contract_number", "in", [])], "list"),
    ],
)
def test_what_cannot_be_chosen_is_refused(render: Render, fields: tuple[str, ...], filters: list[tuple[str, str, Any]], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        rows(render, *filters, fields=fields)


def test_an_amount_is_not_chosen_without_its_currency(render: Render) -> None:
    with pytest.raises(UsageError, match="without 'currency'"):
        render("energy.invoices_generated", "csv", choice=Choice(("invoice_number", "total")))
    render("energy.invoices_generated", "csv", choice=Choice(("currency", "total")))


def test_of_a_report_that_is_no_dataset_nothing_is_chosen(render: Render) -> None:
    with pytest.raises(UsageError, match="not a dataset"):
        render("retail.sales", "csv", choice=Choice(("invoice_number",)))


@pytest.mark.parametrize("format", ["csv", "json", "xlsx", "pdf"])
def test_the_seal_says_what_was_chosen_and_the_file_agrees_with_it(render: Render, format: str) -> None:
    choice = Choice.of(["contract_number", "payment_days"], [{"field": "payment_days", "op": "ge", "value": 14}], {})
    made = render("energy.contracts", format, choice=choice)
    assert made.manifest.parameters["fields"] == ["contract_number", "payment_days"]
    assert made.manifest.parameters["filters"] == ["payment_days ge 14"]
    assert ([column.name for column in made.manifest.sections[0].columns], made.manifest.rows) == (["contract_number", "payment_days"], 2)
    verify.verify(Path(made.place))
    if format == "xlsx":
        texts = {str(cell.value) for sheet in openpyxl.load_workbook(made.place) for row in sheet for cell in row}
        assert "Payment days ≥ 14" in texts
    if format == "json":
        assert json.loads(Path(made.place).read_text(encoding="utf-8"))["parameters"]["filters"] == ["payment_days ge 14"]


def test_every_kind_of_column_can_be_asked_about() -> None:
    kinds = {kind.kind for kind in definition.Column.__subclasses__()}
    assert kinds == set(OPERATORS)
    assert all(column.kind in OPERATORS for entry in catalog.installed().entries.values() for section in entry.report.sections
               if isinstance(section, definition.Tabular) for column in section.columns)  # fmt: skip
