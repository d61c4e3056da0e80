"""The API: who may, what is refused and how, and that another organization's ids are nobody's."""

import hashlib
import re
from datetime import timedelta

import httpx2 as httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from octavo.control.runs import jobs, leases
from octavo.database.connection import Database
from octavo.pipeline import catalog, naming
from octavo.pipeline.store import open_store
from octavo.web import bodies, links
from tests.web.conftest import Person

People = dict[str, Person]
SALES = {"report": "retail.sales", "format": "csv"}


def test_no_key_and_a_wrong_key_are_refused_alike(client: TestClient, ours: People) -> None:
    wrong = Person(client, ours["admin"].key[:-1] + ("A" if ours["admin"].key[-1] != "A" else "B"))
    none, bad = client.get("/api/catalog"), wrong.get("/api/catalog")
    assert none.status_code == bad.status_code == 401
    assert none.headers["content-type"] == bad.headers["content-type"] == "application/problem+json"
    assert none.json()["detail"] == bad.json()["detail"]
    assert none.headers["www-authenticate"] == "Bearer"


def test_the_catalog_is_what_is_installed(ours: People) -> None:
    found = ours["viewer"].get("/api/catalog")
    assert found.status_code == 200
    assert {report["key"] for report in found.json()} == set(catalog.installed().entries)
    assert ours["viewer"].get("/api/catalog/retail.sales").json()["title"] == "Sales"
    assert ours["viewer"].get("/api/catalog/retail.nothing").status_code == 404


def test_a_report_is_asked_for_made_and_downloaded(ours: People, application: FastAPI, database: Database) -> None:
    asked = ours["member"].post("/api/reports/generate", SALES)
    assert asked.status_code == 202
    place = asked.headers["location"]
    assert ours["viewer"].get(place).json()["state"] == "pending"
    assert ours["viewer"].get(f"{place}/download").status_code == 409
    _work(application, database)
    done = ours["viewer"].get(place).json()
    assert (done["state"], done["error_message"]) == ("completed", None)
    link = ours["admin"].get(f"{place}/download")
    assert link.status_code == 307
    file = application_get(ours["admin"].client, link.headers["location"])
    assert hashlib.sha256(file.content).hexdigest() == done["sha256"]
    assert re.fullmatch(r'attachment; filename="retail\.sales-[0-9-]+-\d+\.zip"; filename\*=.*', file.headers["content-disposition"])
    part = ours["admin"].client.get(link.headers["location"], headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, file.content[:4])
    assert ours["viewer"].get(f"{place}/manifest").json()["file"]["sha256"] == done["sha256"]


def application_get(client: TestClient, path: str) -> httpx.Response:
    found = client.get(path)
    assert found.status_code == 200
    return found


def _work(application: FastAPI, database: Database) -> None:
    """One claim, done here as a worker's child does it."""
    server = application.state.server
    claim = leases.claim(database, "test", timedelta(minutes=1), bulk=(False, True), most_running=8)
    assert claim is not None
    assert jobs.perform(claim, reports=server.reports, database=database, store=open_store(server.settings.store_place))


def test_a_viewer_does_not_do_a_members_work(ours: People) -> None:
    refused = ours["viewer"].post("/api/reports/generate", SALES)
    assert refused.status_code == 403
    assert "reports.export_reports" in refused.json()["detail"]
    assert ours["viewer"].get("/api/reports/generated").json()["total"] == 0


@pytest.mark.parametrize("path", ["", "/manifest", "/download"])
def test_another_organizations_run_is_answered_like_one_that_never_was(ours: People, theirs: People, path: str) -> None:
    run = theirs["member"].post("/api/reports/generate", SALES).json()["id"]
    foreign, random = ours["admin"].get(f"/api/reports/generated/{run}{path}"), ours["admin"].get(f"/api/reports/generated/987654321{path}")
    assert foreign.status_code == random.status_code == 404
    assert foreign.json()["detail"].replace(str(run), "N") == random.json()["detail"].replace("987654321", "N")


@pytest.mark.parametrize("verb", ["cancel", "retry"])
def test_another_organizations_run_is_not_changed(ours: People, theirs: People, verb: str) -> None:
    run = theirs["member"].post("/api/reports/generate", SALES).json()["id"]
    assert ours["admin"].post(f"/api/reports/generated/{run}/{verb}").status_code == 404
    assert theirs["member"].get(f"/api/reports/generated/{run}").json()["state"] == "pending"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"report": "retail.nothing"}, "There is no report"),
        ({"report": "retail.sales", "format": "doc"}, "format"),
        ({"report": "retail.sales", "parameters": {"period": "whenever"}}, "period"),
        ({"report": "retail.sales", "parameters": {"nothing": 1}}, "has no parameter"),
        ({"report": "retail.sales", "more": 1}, "more"),
        ({}, "report"),
        ([], "body"),
    ],
)
def test_what_is_wrong_is_said_and_changes_nothing(ours: People, body: object, said: str) -> None:
    refused = ours["member"].post("/api/reports/generate", body)
    assert refused.status_code in (404, 422)
    problem = refused.json()
    assert said in problem["detail"]
    assert problem["request_id"] == refused.headers["x-request-id"]
    assert ours["member"].get("/api/reports/generated").json()["total"] == 0


def test_a_large_body_is_refused(ours: People) -> None:
    refused = ours["member"].post("/api/reports/generate", {"report": "x" * (bodies.LARGEST_BODY + 1)})
    assert refused.status_code == 413
    assert refused.headers["content-type"] == "application/problem+json"


def test_a_forged_and_an_ended_link_lead_nowhere(client: TestClient, application: FastAPI) -> None:
    ended = application.state.signer.sign("1:1", -1)
    forged = links.Signer.__new__(links.Signer)
    forged._key = b"0" * 32
    for token in (ended, forged.sign("1:1", 60), "AAAA", "x"):
        assert client.get(f"/files/{token}").status_code == 404


@pytest.mark.parametrize(
    ("name", "saved"),
    [
        ("../../etc/passwd", "passwd"),
        ('a"b\r\nSet-Cookie: x.csv', "a_bSet-Cookie: x.csv"),
        ("C:\\Users\\me\\sales.xlsx", "sales.xlsx"),
        ("con.csv", "_con.csv"),
        ("\u202exslx.csv", "xslx.csv"),
        ("", "file"),
        ("..", "file"),
        ("Umsätze.csv", "Ums_tze.csv"),
    ],
)
def test_a_file_is_saved_under_a_name_that_does_no_harm(name: str, saved: str) -> None:
    header = naming.content_disposition(name)
    assert header.startswith(f'attachment; filename="{saved}"; filename*=UTF-8')
    assert header.isascii() and not re.search(r"[\r\n]", header)


def test_the_process_tells_how_it_is_and_nothing_of_an_organization(client: TestClient, ours: People) -> None:
    ours["member"].post("/api/reports/generate", SALES)
    assert client.get("/health").json()["status"] == "ok"
    assert client.get("/ready").status_code == 200
    metrics = client.get("/metrics").text
    assert 'octavo_http_requests_total{method="POST",route="/api/reports/generate",status="202"}' in metrics
    assert "alpha" not in metrics


def test_an_address_that_is_not_there_is_a_problem_too(client: TestClient) -> None:
    lost = client.get("/api/nothing")
    assert (lost.status_code, lost.headers["content-type"]) == (404, "application/problem+json")
