"""A dataset goes out by way of a report no easier than by way of an export: few rows, or by a template that somebody else approved."""

from typing import Any

import httpx2 as httpx
import psycopg
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from octavo.control.exports import actions as exports
from octavo.database.connection import Database
from octavo.errors import NeedsApproval
from octavo.pipeline.document import Organization
from tests.web.conftest import Person
from tests.web.test_approval import join
from tests.web.test_exports_api import ask, contracts, place, work

People = dict[str, Person]
PATH = "/api/reports/templates"
TEMPLATE: dict[str, Any] = {
    "name": "Contracts of the month", "report": "energy.contracts", "format": "csv",
    "template_config": {"fields": ["contract_number", "status"], "filters": [{"field": "status", "op": "eq", "value": "active"}]},
}  # fmt: skip


def generate(person: Person, **asked: Any) -> dict[str, Any]:
    answer = person.post("/api/reports/generate", asked)
    assert answer.status_code == 202, answer.text
    made: dict[str, Any] = answer.json()
    return made


def approve(person: Person, template: dict[str, Any], rows: int = 100) -> httpx.Response:
    return person.client.put(f"{PATH}/{template['id']}/approval", json={"rows": rows}, headers=person.headers)


def withdraw(person: Person, template: dict[str, Any]) -> httpx.Response:
    return person.client.delete(f"{PATH}/{template['id']}/approval", headers=person.headers)


def refused(application: FastAPI, database: Database) -> str:
    with pytest.raises(NeedsApproval) as told:
        work(application, database)
    return str(told.value)


@pytest.fixture
def second(client: TestClient, database: Database, organization: Organization) -> Person:
    """Another administrator, who may see personal data."""
    return join(client, database, organization, "second@tests.example")


@pytest.fixture
def template(ours: People, database: Database, organization: Organization) -> dict[str, Any]:
    """What the first administrator wrote, over thirty contracts."""
    contracts(database, organization, 30)
    made = ours["admin"].post(PATH, TEMPLATE)
    assert made.status_code == 201, made.text
    written: dict[str, Any] = made.json()
    return written


def test_a_dataset_of_few_rows_is_made_for_whoever_asks(
    ours: People, application: FastAPI, database: Database, organization: Organization
) -> None:
    contracts(database, organization, 10)
    generate(ours["member"], report="energy.contracts", format="csv")
    assert work(application, database)


def test_a_dataset_that_needs_approval_is_not_made_by_asking_for_a_report(
    ours: People, application: FastAPI, database: Database, organization: Organization
) -> None:
    contracts(database, organization, 11)
    for role in ("member", "admin"):
        generate(ours[role], report="energy.contracts", format="csv")
        assert "11 rows" in refused(application, database)


def test_a_template_that_nobody_approved_lets_nothing_more_out(
    ours: People, template: dict[str, Any], application: FastAPI, database: Database
) -> None:
    generate(ours["member"], template_id=template["id"])
    assert "more than 10 need approval" in refused(application, database)


def test_what_others_ask_for_by_an_approved_template_goes_out_up_to_so_many_rows(
    ours: People, second: Person, template: dict[str, Any], application: FastAPI, database: Database, organization: Organization
) -> None:
    approved = approve(second, template, rows=30)
    assert approved.status_code == 200, approved.text
    said = approved.json()
    assert (said["approved_rows"], said["approved_by"] is not None, said["changed_by"]) == (30, True, template["created_by"])
    for role in ("member", "admin"):
        run = generate(ours[role], template_id=template["id"])
        assert work(application, database)
        sealed = ours["member"].get(f"/api/reports/generated/{run['id']}/manifest").json()
        assert sealed["approved_by"] == "second@tests.example"
        assert ours["member"].get(f"/api/reports/generated/{run['id']}").json()["records"] == 30
    contracts(database, organization, 1)
    generate(ours["member"], template_id=template["id"])
    assert "31 rows" in refused(application, database)


def test_what_the_template_does_not_say_is_not_covered(
    ours: People, second: Person, template: dict[str, Any], application: FastAPI, database: Database
) -> None:
    assert approve(second, template).status_code == 200
    for more in (
        {"fields": ["contract_number", "counterparty_name"]},
        {"filters": [{"field": "contract_number", "op": "ne", "value": "C0"}]},
    ):
        generate(ours["member"], template_id=template["id"], **more)
        assert "need approval" in refused(application, database)


def test_nobody_is_covered_by_his_own_approval(
    ours: People, second: Person, template: dict[str, Any], application: FastAPI, database: Database
) -> None:
    assert approve(second, template).status_code == 200
    generate(second, template_id=template["id"])
    assert "need approval" in refused(application, database)


def test_nobody_approves_a_template_that_he_wrote(
    ours: People, second: Person, template: dict[str, Any], database: Database, organization: Organization
) -> None:
    own = approve(ours["admin"], template)
    assert (own.status_code, "wrote himself" in own.json()["detail"]) == (403, True)
    again = second.client.put(f"{PATH}/{template['id']}", json={**TEMPLATE, "description": "now mine"}, headers=second.headers)
    assert again.status_code == 200
    assert approve(second, template).status_code == 403
    with database.tenant(organization.id) as connection, pytest.raises(psycopg.errors.CheckViolation, match="four_eyes"):
        connection.execute(
            "update octavo.report_template set approved_by = changed_by, approved_at = now(), approved_rows = 1, approved_version = 'x'"
        )


def test_a_change_of_what_it_says_ends_the_approval_and_a_change_of_its_name_does_not(
    ours: People, second: Person, template: dict[str, Any]
) -> None:
    def change(**more: Any) -> dict[str, Any]:
        answer = ours["admin"].client.put(f"{PATH}/{template['id']}", json={**TEMPLATE, **more}, headers=ours["admin"].headers)
        changed: dict[str, Any] = answer.json()
        return changed

    assert approve(second, template).status_code == 200
    assert change(name="Renamed")["approved_rows"] == 100
    ended = change(template_config={"fields": ["contract_number", "status", "counterparty_name"]})
    assert (ended["approved_by"], ended["approved_by_name"], ended["approved_at"], ended["approved_rows"]) == (None, "", None, None)


def test_an_approval_ends_with_the_rights_of_who_gave_it_and_when_it_is_withdrawn(
    ours: People, second: Person, template: dict[str, Any], application: FastAPI, database: Database, organization: Organization
) -> None:
    approver = approve(second, template).json()["approved_by"]
    assert withdraw(ours["member"], template).status_code == 403
    assert withdraw(ours["admin"], template).json()["approved_by"] is None
    generate(ours["member"], template_id=template["id"])
    assert "need approval" in refused(application, database)
    assert approve(second, template).status_code == 200
    with database.tenant(organization.id) as connection:
        connection.execute("update octavo.membership set role = 'member' where user_id = %s", [approver])
    generate(ours["member"], template_id=template["id"])
    assert "need approval" in refused(application, database)


def test_only_a_dataset_and_only_an_approver_approves(ours: People, second: Person, template: dict[str, Any]) -> None:
    sales = ours["admin"].post(PATH, {"name": "Sales", "report": "retail.sales"}).json()
    assert approve(second, sales).status_code == 422
    assert approve(ours["member"], template).status_code == 403
    assert approve(second, template, rows=0).status_code == 422
    assert approve(second, {"id": 2**40}).status_code == 404


def test_an_export_that_grows_while_it_is_made_goes_back_as_one_that_grew_before(
    ours: People, application: FastAPI, database: Database, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    contracts(database, organization, 10)
    export = ask(ours["member"])
    assert export["needs_approval"] is False
    counted, times = exports.plan, []

    def plan(*given: Any, **named: Any) -> exports.Plan:
        found = counted(*given, **named)
        if not times:
            contracts(database, organization, 1)
        times.append(found.estimated_rows)
        return found

    monkeypatch.setattr(exports, "plan", plan)
    assert not work(application, database)
    assert times == [10, 11]
    back = ours["member"].get(place(export)).json()
    assert (back["state"], back["estimated_rows"]) == ("pending", 11)
    assert not work(application, database)
