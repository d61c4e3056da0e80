"""A POST with an Idempotency-Key is done once, whoever repeats it how often; what failed is not remembered."""

import threading
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from octavo.control import answers
from octavo.database.connection import Database
from octavo.pipeline.document import Organization
from tests.web.conftest import Person
from tests.web.test_exports_api import CONTRACTS, contracts

People = dict[str, Person]
SALES = {"report": "retail.sales", "format": "json"}
TEMPLATE = {"name": "Monthly sales", "report": "retail.sales"}
KEY = {"Idempotency-Key": "a-key-of-mine"}

MAKING = [
    ("member", "/api/reports/generate", SALES, "/api/reports/generated"),
    ("member", "/api/exports", CONTRACTS, "/api/exports"),
    ("admin", "/api/reports/templates", TEMPLATE, "/api/reports/templates"),
]


@pytest.mark.parametrize(("role", "path", "body", "listed"), MAKING)
def test_a_repeated_post_is_given_the_first_answer_and_makes_nothing_more(
    ours: People, role: str, path: str, body: dict[str, Any], listed: str
) -> None:
    first = ours[role].post(path, body, **KEY)
    assert first.status_code in (201, 202), first.text
    again = ours[role].post(path, body, **KEY)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["content-type"] == first.headers["content-type"]
    assert (first.headers.get("idempotency-replayed"), again.headers["idempotency-replayed"]) == (None, "true")
    assert ours[role].get(listed).json()["total"] == 1
    assert ours[role].post(path, body, **{"Idempotency-Key": "another"}).status_code in (201, 202, 409)  # a template's name is taken


def test_another_body_or_another_address_under_the_same_key_is_refused(ours: People) -> None:
    assert ours["admin"].post("/api/reports/generate", SALES, **KEY).status_code == 202
    for path, body in (("/api/reports/generate", {**SALES, "format": "csv"}), ("/api/reports/templates", TEMPLATE)):
        refused = ours["admin"].post(path, body, **KEY)
        assert refused.status_code == 422
        assert "Take a new key" in refused.json()["detail"]
    assert ours["admin"].get("/api/reports/generated").json()["total"] == 1
    assert ours["admin"].get("/api/reports/templates").json()["total"] == 0


def test_a_key_is_a_persons_own_in_an_organization(ours: People, theirs: People) -> None:
    places = {
        person.post("/api/reports/generate", {**SALES, "format": format}, **KEY).headers["location"]
        for person, format in ((ours["member"], "json"), (ours["admin"], "csv"), (theirs["member"], "pdf"))
    }
    assert len(places) == 3


def test_two_at_the_same_time_make_one(ours: People, database: Database, organization: Organization) -> None:
    answered: list[tuple[int, bytes]] = []
    begin = threading.Barrier(6)

    def post() -> None:
        begin.wait(30)
        answer = ours["member"].post("/api/reports/generate", SALES, **KEY)
        answered.append((answer.status_code, answer.content))

    threads = [threading.Thread(target=post) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(answered), len(set(answered)), answered[0][0]) == (6, 1, 202)
    with database.tenant(organization.id) as connection:
        assert connection.execute("select count(*) from octavo.generated_report").fetchone() == (1,)
        assert connection.execute("select count(*) from octavo.audit_entry where action = 'run.requested'").fetchone() == (1,)


def test_of_a_request_that_failed_nothing_is_remembered(ours: People, database: Database, organization: Organization) -> None:
    wrong = {"report": "retail.sales", "parameters": {"period": "whenever"}}
    assert ours["member"].post("/api/reports/generate", wrong, **KEY).status_code == 422
    assert ours["viewer"].post("/api/reports/generate", SALES, **KEY).status_code == 403
    assert ours["member"].post("/api/reports/generate", {"nothing": 1}, **KEY).status_code == 422
    with database.tenant(organization.id) as connection:
        assert connection.execute("select count(*) from octavo.kept_answer").fetchone() == (0,)
    assert ours["member"].post("/api/reports/generate", SALES, **KEY).status_code == 202


def test_what_was_asked_and_its_answer_are_kept_together_or_not_at_all(
    ours: People, database: Database, conninfo: str, organization: Organization
) -> None:
    with psycopg.connect(make_conninfo(conninfo, user="postgres"), autocommit=True) as superuser:
        superuser.execute("revoke insert on octavo.kept_answer from octavo_app")
        assert ours["member"].post("/api/reports/generate", SALES, **KEY).status_code == 503
        superuser.execute("grant insert on octavo.kept_answer to octavo_app")
    assert ours["member"].get("/api/reports/generated").json()["total"] == 0
    assert ours["member"].post("/api/reports/generate", SALES, **KEY).status_code == 202


def test_the_first_answer_is_given_even_when_the_same_would_be_refused_now(
    ours: People, database: Database, organization: Organization
) -> None:
    contracts(database, organization, 1)
    with database.tenant(organization.id) as connection:
        row = connection.execute("select id from energy.project").fetchone()
    assert row is not None
    body = {**CONTRACTS, "parameters": {"project_id": row[0]}}
    first = ours["member"].post("/api/exports", body, **KEY)
    assert first.status_code == 202
    with database.tenant(organization.id) as connection:
        connection.execute("delete from energy.contract")
        connection.execute("delete from energy.project")
    assert ours["member"].post("/api/exports", body).status_code == 422
    assert ours["member"].post("/api/exports", body, **KEY).json() == first.json()


def test_who_may_no_longer_ask_is_not_given_the_answer_either(ours: People, database: Database, organization: Organization) -> None:
    assert ours["member"].post("/api/reports/generate", SALES, **KEY).status_code == 202
    with database.tenant(organization.id) as connection:
        connection.execute("update octavo.membership set role = 'viewer' where role = 'member'")
    assert ours["member"].post("/api/reports/generate", SALES, **KEY).status_code == 403


def test_after_a_day_by_the_databases_clock_a_key_is_new_and_the_worker_clears_it_away(
    ours: People, theirs: People, database: Database, organization: Organization, other_organization: Organization
) -> None:
    first = ours["member"].post("/api/reports/generate", SALES, **KEY).headers["location"]
    theirs["member"].post("/api/reports/generate", SALES, **KEY)
    assert answers.forget(database) == 0
    for one in (organization, other_organization):
        with database.tenant(one.id) as connection:
            connection.execute("update octavo.kept_answer set kept_at = now() - interval '24 hours 1 second'")
    second = ours["member"].post("/api/reports/generate", {**SALES, "format": "csv"}, **KEY)
    assert (second.status_code, second.headers["location"] != first) == (202, True)
    assert answers.forget(database) == 1
    assert ours["member"].post("/api/reports/generate", {**SALES, "format": "csv"}, **KEY).headers["location"] == second.headers["location"]


@pytest.mark.parametrize("key", ["", "x" * 256, "with space"])
def test_what_is_no_key_is_refused_and_nothing_is_done(ours: People, key: str) -> None:
    assert ours["member"].post("/api/reports/generate", SALES, **{"Idempotency-Key": key}).status_code == 422
    assert ours["member"].get("/api/reports/generated").json()["total"] == 0


def test_every_post_that_makes_something_says_that_it_may_be_repeated(ours: People) -> None:
    paths = ours["viewer"].client.get("/openapi.json").json()["paths"]
    without = [
        path
        for path, operations in paths.items()
        if "post" in operations
        and "idempotency-key" not in [parameter["name"].lower() for parameter in operations["post"].get("parameters", [])]
    ]
    # What is told once is not kept for a second time (keys, sessions); and a member is added, or let in, once however often it is said.
    # A link is followed by a browser, which knows no such header.
    assert sorted(without) == ["/api/keys", "/api/members", "/api/session", "/share/{token}"]
