"""Exports over HTTP: small ones go out, larger ones after a second pair of eyes, and nothing goes out that was not approved."""

import csv
import hashlib
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx2 as httpx
import psycopg
import pytest
from fastapi import FastAPI

from octavo.control.exports import jobs as exports
from octavo.control.runs import jobs, leases
from octavo.database.connection import Database
from octavo.errors import OctavoError
from octavo.pipeline.document import Organization
from octavo.pipeline.store import open_store
from tests.web.conftest import Person

People = dict[str, Person]
CONTRACTS = {"dataset": "energy.contracts", "format": "csv", "reason": "audit"}


def contracts(database: Database, organization: Organization, count: int) -> None:
    """So many contracts more, about one plant."""
    with database.tenant(organization.id, zone="UTC") as connection:
        connection.execute("insert into energy.project (name) values ('Plant') on conflict do nothing")
        connection.execute(
            "insert into energy.contract (project_id, number, name, kind, counterparty_name, currency, start_date) "
            "select project.id, 'C' || (select count(*) from energy.contract) + n, 'Contract', 'ppa', 'Buyer Ltd', 'EUR', date '2024-01-01' "
            "from energy.project, generate_series(1, %s) as n",
            [count],
        )


def work(application: FastAPI, database: Database, perform: Callable[..., bool] = exports.perform) -> bool:
    """One claim, done here as a worker's child does it; False when none is due."""
    server = application.state.server
    claim = leases.claim(database, "test", timedelta(minutes=1), bulk=(False, True), most_running=8)
    return claim is not None and perform(claim, reports=server.reports, database=database, store=open_store(server.settings.store_place))


def ask(person: Person, **more: Any) -> dict[str, Any]:
    asked = person.post("/api/exports", {**CONTRACTS, **more})
    assert asked.status_code == 202, asked.text
    assert asked.headers["location"] == f"/api/exports/{asked.json()['id']}"
    found: dict[str, Any] = asked.json()
    return found


def place(export: dict[str, Any], verb: str = "") -> str:
    return f"/api/exports/{export['id']}{'/' + verb if verb else ''}"


def test_a_small_export_is_made_at_once_and_downloaded_masked(
    ours: People, application: FastAPI, database: Database, organization: Organization
) -> None:
    contracts(database, organization, 10)
    export = ask(ours["member"])
    assert (export["state"], export["needs_approval"], export["estimated_rows"], export["most_rows"]) == ("approved", False, 10, 10)
    assert work(application, database)
    done = ours["member"].get(place(export)).json()
    assert (done["state"], done["records"], done["masked"]) == ("completed", 10, True)
    link = ours["member"].get(place(export, "download"))
    assert link.status_code == 307
    file: httpx.Response = ours["member"].client.get(link.headers["location"])
    assert hashlib.sha256(file.content).hexdigest() == done["sha256"]
    rows = list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert {row["counterparty_name"] for row in rows} == {"***"} and len(rows) == 10


def test_more_than_ten_rows_of_personal_data_wait_for_an_administrator(
    ours: People, application: FastAPI, database: Database, organization: Organization
) -> None:
    contracts(database, organization, 11)
    export = ask(ours["member"])
    assert (export["state"], export["needs_approval"], export["run_id"]) == ("pending", True, None)
    assert not work(application, database)
    assert ours["member"].post(place(export, "approve")).status_code == 403
    assert ours["admin"].post(place(export, "approve"), {"plan_hash": "0" * 64}).status_code == 409
    approved = ours["admin"].post(place(export, "approve"), {"plan_hash": export["plan_hash"]})
    assert approved.status_code == 200
    assert (approved.json()["state"], approved.json()["most_rows"]) == ("approved", 12)  # 11 and a tenth: 12.1
    assert ours["admin"].post(place(export, "approve")).status_code == 409
    assert work(application, database)
    done = ours["member"].get(place(export)).json()
    assert done["state"] == "completed"
    sealed = ours["member"].get(f"/api/reports/generated/{done['run_id']}/manifest").json()
    assert (sealed["requested_by"], sealed["approved_by"]) == (done["requested_by_name"], done["decided_by_name"])
    assert sealed["approved_by"]
    counted = ours["admin"].get("/api/exports/statistics").json()
    assert (counted["total_exports"], counted["completed_exports"], counted["total_records_exported"]) == (1, 1, 11)
    with database.tenant(organization.id) as connection:
        actions = {str(row[0]) for row in connection.execute("select action from octavo.audit_entry where subject = 'export'")}
    assert actions == {"export.requested", "export.approved"}


def test_nobody_approves_his_own_export(ours: People, database: Database, organization: Organization) -> None:
    contracts(database, organization, 11)
    export = ask(ours["admin"])
    for verb, body in (("approve", None), ("reject", {"reason": "no"})):
        refused = ours["admin"].post(place(export, verb), body)
        assert (refused.status_code, "himself" in refused.json()["detail"]) == (403, True)
    assert ours["admin"].get(place(export)).json()["state"] == "pending"
    with database.tenant(organization.id) as connection, pytest.raises(psycopg.errors.CheckViolation, match="four_eyes"):
        connection.execute("update octavo.export_request set decided_by = requested_by")


def test_a_rejected_export_says_why_and_is_never_made(
    ours: People, application: FastAPI, database: Database, organization: Organization
) -> None:
    contracts(database, organization, 11)
    export = ask(ours["member"])
    assert ours["admin"].post(place(export, "reject"), {}).status_code == 422
    assert ours["admin"].post(place(export, "reject"), {"reason": "too much"}).status_code == 200
    assert ours["member"].get(place(export)).json()["decision_reason"] == "too much"
    assert ours["admin"].post(place(export, "approve")).status_code == 409
    assert ours["member"].get(place(export, "download")).status_code == 409
    assert not work(application, database)


def test_a_cancelled_export_takes_its_run_along_and_is_not_begun_anew(
    ours: People, application: FastAPI, database: Database, organization: Organization
) -> None:
    contracts(database, organization, 1)
    export = ask(ours["member"])
    assert ours["member"].post(place(export, "cancel")).json()["state"] == "cancelled"
    assert ours["member"].post(place(export, "cancel")).status_code == 409
    assert not work(application, database)
    assert ours["admin"].post(f"/api/reports/generated/{export['run_id']}/retry").status_code >= 400
    assert not work(application, database)


def test_an_export_that_grew_past_its_approval_goes_back_for_another(
    ours: People, application: FastAPI, database: Database, organization: Organization
) -> None:
    contracts(database, organization, 20)
    export = ask(ours["member"])
    assert ours["admin"].post(place(export, "approve")).json()["most_rows"] == 22
    contracts(database, organization, 3)
    assert not work(application, database)
    back = ours["member"].get(place(export)).json()
    assert (back["state"], back["estimated_rows"], back["decided_by"]) == ("pending", 23, None)
    assert back["plan_hash"] != export["plan_hash"]
    assert ours["admin"].post(place(export, "approve"), {"plan_hash": export["plan_hash"]}).status_code == 409
    assert ours["admin"].post(place(export, "approve"), {"plan_hash": back["plan_hash"]}).status_code == 200
    assert work(application, database)
    assert ours["member"].get(place(export)).json()["records"] == 23


def test_an_export_that_grew_within_its_approval_goes_out(
    ours: People, application: FastAPI, database: Database, organization: Organization
) -> None:
    contracts(database, organization, 20)
    export = ask(ours["member"])
    ours["admin"].post(place(export, "approve"))
    contracts(database, organization, 2)
    assert work(application, database)
    assert ours["member"].get(place(export)).json()["records"] == 22


def test_a_small_export_that_grew_past_what_needs_nobody_waits_for_approval(
    ours: People, application: FastAPI, database: Database, organization: Organization
) -> None:
    contracts(database, organization, 10)
    export = ask(ours["member"])
    contracts(database, organization, 1)
    assert not work(application, database)
    back = ours["member"].get(place(export)).json()
    assert (back["state"], back["needs_approval"]) == ("pending", True)


def test_the_database_publishes_no_more_rows_than_were_approved(
    ours: People, application: FastAPI, database: Database, organization: Organization
) -> None:
    contracts(database, organization, 10)
    export = ask(ours["member"])
    contracts(database, organization, 1)
    with pytest.raises((OctavoError, psycopg.Error), match="more rows than were approved"):
        work(application, database, perform=jobs.perform)
    assert ours["member"].get(place(export)).json()["state"] == "processing"


def test_one_sees_ones_own_exports_and_an_administrator_all(ours: People, database: Database, organization: Organization) -> None:
    contracts(database, organization, 1)
    mine, admins = ask(ours["member"]), ask(ours["admin"])
    assert [item["id"] for item in ours["member"].get("/api/exports").json()["items"]] == [mine["id"]]
    assert ours["admin"].get("/api/exports").json()["total"] == 2
    assert ours["member"].get(place(admins)).status_code == 404
    assert ours["member"].post(place(admins, "cancel")).status_code == 404
    assert ours["viewer"].get("/api/exports").status_code == 403
    assert ours["member"].get("/api/exports/statistics").status_code == 403


@pytest.mark.parametrize(
    ("verb", "body"), [("approve", None), ("reject", {"reason": "no"}), ("cancel", None), ("download", None), ("", None)]
)
def test_another_organizations_export_is_answered_like_one_that_never_was(
    ours: People, theirs: People, database: Database, other_organization: Organization, verb: str, body: object
) -> None:
    contracts(database, other_organization, 11)
    export = ask(theirs["member"])
    paths = [place(export, verb), place({"id": 987654321}, verb)]
    foreign, random = [ours["admin"].get(path) if verb in ("", "download") else ours["admin"].post(path, body) for path in paths]
    assert foreign.status_code == random.status_code == 404
    assert foreign.json()["detail"].replace(str(export["id"]), "N") == random.json()["detail"].replace("987654321", "N")
    assert theirs["member"].get(place(export)).json()["state"] == "pending"


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"dataset": "energy.nothing"}, 404, "There is no report"),
        ({"dataset": "retail.sales"}, 422, "not a dataset"),
        ({"dataset": "energy.contracts", "parameters": {"status": "asleep"}}, 422, "status"),
        ({"dataset": "energy.contracts", "parameters": {"project_id": 4711}}, 422, "project_id"),
        ({"dataset": "energy.contracts", "options": {"nothing": 1}}, 422, "nothing"),
        ({"dataset": "energy.contracts", "more": 1}, 422, "more"),
    ],
)
def test_what_cannot_be_exported_is_refused_and_nothing_is_asked_for(ours: People, body: object, status: int, said: str) -> None:
    refused = ours["member"].post("/api/exports", body)
    assert (refused.status_code, said in refused.json()["detail"]) == (status, True), refused.text
    assert ours["member"].get("/api/exports").json()["total"] == 0


def test_an_administrator_says_how_many_rows_go_out_without_approval(
    ours: People, theirs: People, database: Database, organization: Organization
) -> None:
    said = {"threshold": 5, "personal_threshold": 2, "approval_days": 1}
    place_ = "/api/exports/settings"
    assert ours["member"].get(place_).json() == {"threshold": 20, "personal_threshold": 10, "approval_days": 7}
    assert ours["member"].client.put(place_, json=said, headers=ours["member"].headers).status_code == 403
    assert ours["admin"].client.put(place_, json=said, headers=ours["admin"].headers).json() == said
    assert ours["admin"].client.put(place_, json={**said, "threshold": 6}, headers=ours["admin"].headers).status_code == 200
    assert theirs["member"].get(place_).json()["threshold"] == 20
    contracts(database, organization, 3)
    assert ask(ours["member"])["state"] == "pending"
