"""An export is of the columns and rows that were chosen; the choice is approved with it, and nothing else goes out."""

import csv
import io
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fastapi import FastAPI
from psycopg import sql

from octavo.control.exports import estimates
from octavo.database.connection import Database
from octavo.pipeline.document import Organization
from tests.web.conftest import Person
from tests.web.test_exports_api import ask, contracts, work

People = dict[str, Person]


def numbers(database: Database, organization: Organization) -> list[str]:
    with database.tenant(organization.id) as connection:
        return [str(number) for (number,) in connection.execute("select number from energy.contract order by number")]


def file_of(application: FastAPI, database: Database, organization: Organization, run_id: int) -> list[list[str]]:
    with database.tenant(organization.id) as connection:
        row = connection.execute("select file_key from octavo.generated_report where id = %s", [run_id]).fetchone()
    assert row is not None
    text = (Path(application.state.server.settings.store_place) / str(row[0])).read_text(encoding="utf-8")
    return list(csv.reader(io.StringIO(text)))


def test_what_was_chosen_is_counted_approved_and_made(
    ours: People, application: FastAPI, database: Database, organization: Organization
) -> None:
    contracts(database, organization, 14)
    some = numbers(database, organization)[:12]
    chosen = {"fields": ["payment_days", "contract_number"], "filters": [{"field": "contract_number", "op": "in", "value": some}]}
    export = ask(ours["member"], **chosen)
    assert (export["estimated_rows"], export["state"], export["fields"], export["filters"]) == (
        12,
        "pending",
        chosen["fields"],
        chosen["filters"],
    )
    other = ask(ours["member"], **{**chosen, "fields": ["contract_number", "payment_days"]})
    assert len({export["plan_hash"], other["plan_hash"], ask(ours["member"])["plan_hash"]}) == 3
    approved = ours["admin"].post(f"/api/exports/{export['id']}/approve", {"plan_hash": export["plan_hash"]})
    assert approved.status_code == 200, approved.text
    assert work(application, database)
    done = ours["member"].get(f"/api/exports/{export['id']}").json()
    assert (done["state"], done["records"]) == ("completed", 12)
    header, *rows = file_of(application, database, organization, done["run_id"])
    assert header == ["payment_days", "contract_number"]
    assert sorted(number for _, number in rows) == some


def test_a_run_of_other_columns_or_rows_than_were_approved_is_refused_by_the_database(
    ours: People, database: Database, organization: Organization
) -> None:
    contracts(database, organization, 12)
    export = ask(ours["member"])
    ours["admin"].post(f"/api/exports/{export['id']}/approve", {})
    for column, value in (("fields", "{contract_number}"), ("filters", '[{"field": "status", "op": "eq", "value": "x"}]')):
        with database.tenant(organization.id) as connection, pytest.raises(psycopg.Error, match="not what was approved"):
            connection.execute(
                sql.SQL("update octavo.generated_report set state = 'cancelled', {} = {}").format(
                    sql.Identifier(column), sql.Literal(value)
                )
            )
            connection.execute("update octavo.generated_report set state = 'pending'")


def test_who_may_not_see_personal_data_does_not_choose_by_it(ours: People, database: Database, organization: Organization) -> None:
    contracts(database, organization, 2)
    by_name = {"filters": [{"field": "counterparty_name", "op": "contains", "value": "a"}]}
    for path, body in (("/api/exports", {"dataset": "energy.contracts"}), ("/api/reports/generate", {"report": "energy.contracts"})):
        refused = ours["member"].post(path, {**body, **by_name})
        assert (refused.status_code, "personal data" in refused.json()["detail"]) == (403, True)
        assert ours["admin"].post(path, {**body, **by_name}).status_code == 202


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"fields": ["nothing"]}, "no column"),
        ({"filters": [{"field": "status", "op": "like", "value": "%"}]}, "op"),
        ({"filters": [{"field": "status", "op": "eq"}]}, "value"),
        ({"filters": [{"field": "payment_days", "op": "eq", "value": "x"}]}, "no number"),
        ({"date_range": {"start": "2014-01-01", "end": "2014-12-31"}}, "date range"),
        ({"date_range": {"start": "2014-01-01"}}, "end"),
        ({"dataset": "energy.invoices_generated", "date_range": {"start": "2014-12-31", "end": "2014-01-01"}}, "ends before"),
        (
            {
                "dataset": "energy.invoices_generated",
                "date_range": {"start": "2014-01-01", "end": "2014-12-31"},
                "parameters": {"period": "2014"},
            },
            "twice",
        ),
    ],
)
def test_what_cannot_be_chosen_is_refused_and_nothing_is_asked_for(ours: People, more: dict[str, Any], said: str) -> None:
    refused = ours["member"].post("/api/exports", {"dataset": "energy.contracts", **more})
    assert (refused.status_code, said in refused.json()["detail"]) == (422, True), refused.text
    assert ours["member"].get("/api/exports").json()["total"] == 0


def test_a_date_range_is_the_period_of_the_dataset(ours: People) -> None:
    export = ask(ours["member"], dataset="energy.invoices_generated", date_range={"start": "2014-01-01", "end": "2014-12-31"})
    assert export["parameters"] == {"period": "2014-01-01/2014-12-31"}


def test_a_template_of_a_dataset_says_its_columns_and_rows(
    ours: People, application: FastAPI, database: Database, organization: Organization
) -> None:
    contracts(database, organization, 3)
    first = numbers(database, organization)[0]
    config = {"fields": ["contract_number"], "filters": [{"field": "contract_number", "op": "eq", "value": first}]}
    body = {"name": "One", "report": "energy.contracts", "format": "csv"}
    assert ours["admin"].post("/api/reports/templates", {**body, "template_config": {"fields": ["nothing"]}}).status_code == 422
    assert ours["admin"].post("/api/reports/templates", {**body, "template_config": {"filters": [{"field": "status"}]}}).status_code == 422
    made = ours["admin"].post("/api/reports/templates", {**body, "template_config": config}).json()
    run = ours["member"].post("/api/reports/generate", {"template_id": made["id"]}).json()
    assert (run["fields"], run["filters"]) == (config["fields"], config["filters"])
    assert work(application, database)
    assert file_of(application, database, organization, run["id"]) == [["contract_number"], [first]]


def test_a_template_and_an_export_say_how_the_rows_stand_and_it_is_part_of_what_is_approved(
    ours: People, application: FastAPI, database: Database, organization: Organization
) -> None:
    contracts(database, organization, 3)
    backwards = {"order": [{"field": "contract_number", "descending": True}], "group_by": ["status"]}
    config = {"fields": ["status", "contract_number"], "arrangement": backwards}
    body = {"name": "Backwards", "report": "energy.contracts", "format": "csv"}
    for wrong in ({"order": [{"field": "nothing"}]}, {"group_by": ["payment_days"]}, {"sort": 1}, []):
        refused = ours["admin"].post("/api/reports/templates", {**body, "template_config": {**config, "arrangement": wrong}})
        assert refused.status_code == 422, wrong
    made = ours["admin"].post("/api/reports/templates", {**body, "template_config": config}).json()
    run = ours["member"].post("/api/reports/generate", {"template_id": made["id"]}).json()
    assert run["arrangement"] == {"order": backwards["order"], "group_by": ["status"], "totals": None}
    export = ask(ours["member"], **config)
    assert export["arrangement"] == run["arrangement"]
    assert len({export["plan_hash"], ask(ours["member"], fields=config["fields"])["plan_hash"]}) == 2
    assert work(application, database) and work(application, database)
    wanted = [["status", "contract_number"], *(["active", number] for number in reversed(numbers(database, organization)))]
    for one in (run["id"], export["run_id"]):
        assert file_of(application, database, organization, one) == wanted
    with database.tenant(organization.id) as connection, pytest.raises(psycopg.Error, match="does not change once it was asked for"):
        connection.execute("update octavo.export_request set arrangement = '{}' where id = %s", [export["id"]])


def test_the_time_is_estimated_from_what_the_same_took_before(ours: People, database: Database, organization: Organization) -> None:
    with database.tenant(organization.id) as connection:
        before = estimates.milliseconds(connection, "energy.contracts", "csv", 570_000)
        assert before == 150 + 1000  # the start, and 570,000 rows a second
        connection.execute(
            "insert into octavo.generated_report (report, report_version, format, state, records, duration_ms, file_key, file_bytes, sha256, manifest) "
            "select 'energy.contracts', '1', 'csv', 'completed', 0, 150 * slower, 'x', 1, repeat('0', 64), '{}' from unnest(array[2, 3, 40]) slower"
        )
        assert estimates.milliseconds(connection, "energy.contracts", "csv", 570_000) == 3 * 1150  # the middle one of the three
        assert estimates.milliseconds(connection, "energy.contracts", "xlsx", 0) == 150
    assert ask(ours["member"])["estimated_ms"] == 450
