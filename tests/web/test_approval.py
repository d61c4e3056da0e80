"""Four eyes: who may let an export out, what exactly is let out, and until when; by every way round it that somebody might try."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import httpx2 as httpx
import psycopg
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from psycopg import sql
from psycopg.conninfo import make_conninfo

from octavo.control.access import actions as access
from octavo.control.events import Actor
from octavo.database.connection import Database
from octavo.pipeline import catalog
from octavo.pipeline.document import Organization
from tests.web.conftest import Person
from tests.web.test_exports_api import People, ask, contracts, place, work

APPROVED = sql.SQL("state = 'approved', decided_at = now(), approval_expires_at = now() + interval '1 day'")
ACTOR = Actor.system("the tests")


@pytest.fixture
def asked(ours: People, database: Database, organization: Organization) -> dict[str, Any]:
    """An export of twenty contracts that waits for approval."""
    contracts(database, organization, 20)
    return ask(ours["member"])


def join(client: TestClient, database: Database, organization: Organization, email: str, role: str = "admin", **key: Any) -> Person:
    """Somebody more, or another key of somebody."""
    with database.tenant(organization.id) as connection:
        member = access.set_member(connection, ACTOR, access.person(connection, email), role=role)
        return Person(client, access.create_key(connection, ACTOR, user_id=member.user_id, name="more", **key).text)


def state(person: Person, export: dict[str, Any]) -> tuple[str, str]:
    """Its state, and what is said of the decision."""
    now = person.get(place(export)).json()
    return now["state"], now["decision_reason"]


def test_an_approval_that_is_not_used_in_time_asks_again(
    ours: People, asked: dict[str, Any], application: FastAPI, database: Database, organization: Organization
) -> None:
    approved = ours["admin"].post(place(asked, "approve")).json()
    with database.tenant(organization.id) as connection:
        left = connection.execute("select approval_expires_at - decided_at = interval '7 days' from octavo.export_request").fetchone()
        connection.execute("update octavo.export_request set approval_expires_at = now()")
    assert left == (True,)
    assert not work(application, database)
    back = ours["member"].get(place(asked)).json()
    assert (back["state"], back["decided_by"], back["approval_expires_at"], back["most_rows"]) == ("pending", None, None, None)
    assert "not used in time" in back["decision_reason"]
    assert ours["member"].get(f"/api/reports/generated/{approved['run_id']}").json()["state"] == "cancelled"
    assert ours["admin"].post(f"/api/reports/generated/{approved['run_id']}/retry").status_code == 409
    assert ours["admin"].post(place(asked, "approve"), {"plan_hash": back["plan_hash"]}).json()["decision_reason"] == ""
    assert work(application, database)
    assert state(ours["member"], asked) == ("completed", "")


def test_of_two_who_decide_at_once_one_does_and_the_other_is_told(
    ours: People, asked: dict[str, Any], client: TestClient, database: Database, organization: Organization
) -> None:
    second = join(client, database, organization, "second@alpha.example")
    begun = threading.Barrier(2, timeout=60)

    def decide(how: tuple[Person, str]) -> httpx.Response:
        begun.wait()
        return how[0].post(place(asked, how[1]), {"reason": "too much"} if how[1] == "reject" else None)

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(decide, ((ours["admin"], "approve"), (second, "reject"))), key=lambda answer: answer.status_code)
    assert [answer.status_code for answer in answers] == [200, 409]
    stands = answers[0].json()["state"]
    assert f"is {stands}" in answers[1].json()["detail"]
    assert state(ours["member"], asked)[0] == stands
    assert ours["admin"].get("/api/reports/generated").json()["total"] == (1 if stands == "approved" else 0)


def test_nobody_approves_his_own_export_with_another_credential(
    ours: People, client: TestClient, database: Database, organization: Organization, application: FastAPI
) -> None:
    contracts(database, organization, 20)
    email = "admin@alpha.example"
    export = ask(ours["admin"])
    with database.tenant(organization.id) as connection:
        user_id = access.known_person(connection, email)
    access.set_password(database, user_id, "correct horse battery staple")
    own = TestClient(application, base_url="http://127.0.0.1", client=("127.0.0.1", 1), raise_server_exceptions=False)
    own.headers["X-CSRF-Token"] = own.post("/api/session", json={"email": email, "password": "correct horse battery staple"}).json()[
        "csrf_token"
    ]
    narrowed = join(client, database, organization, email, scopes=["reports.approve_exports", "reports.view_pii"])
    refusals = [
        own.post(place(export, "approve")), narrowed.post(place(export, "approve")),
        join(client, database, organization, email.upper()).post(place(export, "approve")),
    ]  # fmt: skip
    assert [(answer.status_code, "himself" in answer.json()["detail"]) for answer in refusals] == [(403, True)] * 3
    assert state(ours["admin"], export)[0] == "pending"


def test_who_may_not_see_personal_data_lets_none_of_it_out(
    ours: People, client: TestClient, database: Database, organization: Organization
) -> None:
    contracts(database, organization, 20)
    unmasked = ask(ours["admin"])
    assert unmasked["masked"] is False
    blind = join(client, database, organization, "blind@alpha.example", scopes=["reports.approve_exports", "reports.export_reports"])
    refused = blind.post(place(unmasked, "approve"))
    assert (refused.status_code, "unmasked" in refused.json()["detail"]) == (403, True)
    masked = ask(ours["member"])
    assert blind.post(place(masked, "approve")).status_code == 200


@pytest.mark.parametrize("change", [{"active": False}, {"role": "member"}])
def test_an_approval_ends_with_the_rights_of_who_gave_it(
    ours: People,
    asked: dict[str, Any],
    client: TestClient,
    application: FastAPI,
    database: Database,
    organization: Organization,
    change: dict[str, Any],
) -> None:
    second = join(client, database, organization, "second@alpha.example")
    user_id = second.get("/api/me").json()["user_id"]
    assert second.post(place(asked, "approve")).status_code == 200
    assert client.patch(f"/api/members/{user_id}", json=change, headers=ours["admin"].headers).status_code == 200
    assert second.post(place(asked, "approve")).status_code in (401, 403)
    assert not work(application, database)
    now, why = state(ours["member"], asked)
    assert (now, "may not approve it any more" in why) == ("pending", True)
    assert ours["admin"].post(place(asked, "approve")).status_code == 200
    assert work(application, database)


def test_an_export_that_grew_past_its_approval_says_by_how_much(
    ours: People, asked: dict[str, Any], application: FastAPI, database: Database, organization: Organization
) -> None:
    ours["admin"].post(place(asked, "approve"))
    contracts(database, organization, 3)
    assert not work(application, database)
    assert state(ours["member"], asked) == (
        "pending", "The export has 23 rows by now, and the approval covers 22; look at it again",
    )  # fmt: skip
    sent = ours["admin"].get("/api/audit", action="export.sent_back").json()["items"]
    assert [entry["detail"]["estimated_rows"] for entry in sent] == [23]


def newer(reports: catalog.Catalog) -> catalog.Catalog:
    """The same catalog, with another version of the contracts."""
    changed = replace(reports.entries["energy.contracts"], version="0123456789ab")
    return replace(reports, entries={**reports.entries, "energy.contracts": changed})


def test_a_dataset_that_changed_is_neither_approved_nor_made_as_it_was(
    ours: People, asked: dict[str, Any], application: FastAPI, database: Database
) -> None:
    server = application.state.server
    application.state.server = replace(server, reports=newer(server.reports))
    refused = ours["admin"].post(place(asked, "approve"))
    assert (refused.status_code, "the dataset has changed" in refused.json()["detail"]) == (409, True)
    application.state.server = server
    assert ours["admin"].post(place(asked, "approve")).status_code == 200
    application.state.server = replace(server, reports=newer(server.reports))
    assert not work(application, database)
    now, why = state(ours["member"], asked)
    assert (now, "not what it was" in why) == ("pending", True)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("update octavo.export_request set decided_by = requested_by", "four_eyes"),
        ("update octavo.export_request set requested_by = {other}", "does not change"),
        ("update octavo.export_request set needs_approval = false", "goes on needing it"),
        ("update octavo.export_request set masked = false", "does not change"),
        ("update octavo.export_request set parameters = '{{\"status\": \"active\"}}'", "does not change"),
        ("update octavo.export_request set format = 'json'", "does not change"),
        ("update octavo.export_request set fields = array['contract_number']", "does not change"),
        ("update octavo.export_request set filters = '[1]'", "does not change"),
        ("update octavo.export_request set {approved}, decided_by = {admin}, most_rows = 22, estimated_rows = 1000", "looked at"),
        ("update octavo.export_request set {approved}, decided_by = {admin}, most_rows = 22, plan_hash = repeat('0', 64)", "looked at"),
        ("update octavo.export_request set {approved}, decided_by = {admin}, most_rows = 23", "a tenth more"),
        ("update octavo.export_request set {approved}, most_rows = 22", "what_needs_approval_was_approved_by_somebody"),
        ("update octavo.export_request set {approved}, most_rows = 22, decided_by = requested_by", "four_eyes"),
        ("insert into octavo.export_request (dataset, format, plan_hash, requested_by, estimated_rows, needs_approval) "
         "values ('energy.contracts', 'csv', repeat('0', 64), {other}, 11, false)", "need approval"),
        ("insert into octavo.export_request (dataset, format, plan_hash, requested_by, decided_by, state, most_rows, decided_at, approval_expires_at) "
         "values ('energy.contracts', 'csv', repeat('0', 64), {other}, {admin}, 'approved', 9, now(), now())", "nobody has decided"),
        ("insert into octavo.generated_report (report, report_version, format, source, export_request_id) "
         "select dataset, '1', format, 'export', id from octavo.export_request", "not approved"),
    ],
)  # fmt: skip
def test_plain_sql_of_the_application_goes_no_way_round_the_four_eyes(
    ours: People, asked: dict[str, Any], database: Database, organization: Organization, statement: str, said: str
) -> None:
    admin, other = (ours[role].get("/api/me").json()["user_id"] for role in ("admin", "viewer"))
    query = sql.SQL(statement).format(approved=APPROVED, admin=sql.Literal(admin), other=sql.Literal(other))
    with pytest.raises(psycopg.Error, match=said), database.tenant(organization.id) as connection:
        assert connection.execute("select current_user::text").fetchone() == ("octavo_app",)
        connection.execute(query)
    assert state(ours["admin"], asked)[0] == "pending"


def test_an_approval_that_stands_is_not_changed_by_plain_sql(
    ours: People, asked: dict[str, Any], database: Database, organization: Organization
) -> None:
    second = ours["viewer"].get("/api/me").json()["user_id"]
    assert ours["admin"].post(place(asked, "approve")).status_code == 200
    for change in ("most_rows = 21", f"decided_by = {second}", "estimated_rows = 10", "plan = '{}'"):
        with pytest.raises(psycopg.Error, match=r"does not change|looked at"), database.tenant(organization.id) as connection:
            connection.execute(sql.SQL("update octavo.export_request set {}").format(sql.SQL(change)))


def test_a_run_that_is_not_what_was_approved_is_not_published(
    ours: People, asked: dict[str, Any], application: FastAPI, database: Database, organization: Organization
) -> None:
    ours["admin"].post(place(asked, "approve"))
    with database.tenant(organization.id) as connection:
        connection.execute('update octavo.generated_report set parameters = \'{"status": "active"}\'')
    with pytest.raises(psycopg.Error, match="not what was approved"):
        work(application, database)
    assert ours["member"].get(place(asked, "download")).status_code == 409


@pytest.mark.parametrize("over", ["rejected", "cancelled"])
def test_what_is_over_stays_over(
    ours: People, asked: dict[str, Any], application: FastAPI, database: Database, organization: Organization, over: str
) -> None:
    if over == "rejected":
        assert ours["admin"].post(place(asked, "reject"), {"reason": "no"}).status_code == 200
    else:
        assert ours["member"].post(place(asked, "cancel")).status_code == 200
    for verb, body in (("approve", None), ("reject", {"reason": "no"}), ("cancel", None)):
        refused = ours["admin"].post(place(asked, verb), body)
        assert (refused.status_code, f"is {over}" in refused.json()["detail"]) == (409, True), verb
    assert ours["admin"].get(place(asked, "download")).status_code == 409
    with pytest.raises(psycopg.Error, match="stays so"), database.tenant(organization.id) as connection:
        connection.execute("update octavo.export_request set state = 'pending'")
    assert not work(application, database)


def test_an_expired_export_is_not_downloaded_and_not_decided_on(
    ours: People, asked: dict[str, Any], application: FastAPI, database: Database, conninfo: str
) -> None:
    ours["admin"].post(place(asked, "approve"))
    assert work(application, database)
    with psycopg.connect(make_conninfo(conninfo, user="postgres"), autocommit=True) as superuser:
        superuser.execute("update octavo.generated_report set state = 'expired'")
    assert state(ours["member"], asked)[0] == "expired"
    assert ours["member"].get(place(asked, "download")).status_code == 410
    assert ours["admin"].post(place(asked, "approve")).status_code == 409
    assert ours["member"].post(place(asked, "cancel")).status_code == 409


def test_the_question_whether_approval_is_needed_is_asked_in_sql_as_it_is_written(database: Database, organization: Organization) -> None:
    with database.tenant(organization.id) as connection:
        connection.execute("set local search_path to octavo")
        for asked, needed in (
            ("'contract'::export_data_type, 25", True),
            ("'contract'::export_data_type, 10", False),
            ("'meter_data'::export_data_type, 20", False),
        ):
            assert connection.execute(f"select check_export_requires_approval({asked})".encode()).fetchone() == (needed,), asked
