"""Links for outsiders: what is in one, what it opens and for how long, and that whatever is wrong with it, it is not there."""

import hashlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2 as httpx
import psycopg
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from octavo.control.access import actions as access
from octavo.control.audit import actions as audit
from octavo.control.events import Actor
from octavo.database.connection import Database
from octavo.pipeline.document import Organization
from tests.conftest import superuser
from tests.web.conftest import Person
from tests.web.test_downloads import bucket, make, member, on_s3, recorded
from tests.web.test_protection_api import kept

__all__ = ["bucket", "member", "on_s3"]

People = dict[str, Person]
CONTRACTS = {"report": "energy.contracts", "format": "csv"}
PASSWORD = "a word that is told by telephone"
ACTOR = Actor.system("test")


@pytest.fixture
def run_id(ours: People, application: FastAPI, database: Database) -> int:
    return make(ours["admin"], application, database, CONTRACTS)


@pytest.fixture
def visitor(application: FastAPI) -> TestClient:
    """Somebody outside, with nothing but a link."""
    return TestClient(application, base_url="https://reports.example", client=("192.0.2.7", 1), raise_server_exceptions=False)


def share(person: Person, run_id: int, **more: Any) -> dict[str, Any]:
    answered = person.post("/api/reports/shares", {"run_id": run_id, **more})
    assert answered.status_code == 201, answered.text
    made: dict[str, Any] = answered.json()
    return made


def look(visitor: TestClient, token: str) -> httpx.Response:
    return visitor.get(f"/share/{token}", follow_redirects=False)


def fetch(visitor: TestClient, token: str, password: str | None = None) -> httpx.Response:
    return visitor.post(f"/share/{token}", data=None if password is None else {"password": password}, follow_redirects=False)


# --- what a link opens ------------------------------------------------------------------------------------------------


def test_whoever_has_the_link_sees_what_it_leads_to_and_fetches_the_file(
    ours: People, visitor: TestClient, run_id: int, database: Database, organization: Organization
) -> None:
    made = share(ours["admin"], run_id, note="for the auditors")
    run = ours["admin"].get(f"/api/reports/generated/{run_id}").json()
    shown = look(visitor, made["token"])
    assert shown.status_code == 200
    name = f"energy.contracts-{run['created_at'][:10]}-{run_id}.csv"
    for text in ("Alpha Ltd shares a file with you.", name, f"{run['file_bytes']:,}\N{NO-BREAK SPACE}bytes", "(Europe/London)"):
        assert text in shown.text, text
    assert "password" not in shown.text.lower() and "auditors" not in shown.text
    fetched = fetch(visitor, made["token"])
    assert fetched.status_code == 303
    file = visitor.get(fetched.headers["location"])
    assert hashlib.sha256(file.content).hexdigest() == run["sha256"]
    assert file.headers["content-disposition"].startswith(f'attachment; filename="{name}"')
    assert recorded(database, organization, "share.downloaded") == 1
    now = ours["viewer"].get(f"/api/reports/shares/{made['id']}").json()
    assert (now["downloads"], now["live"], now["last_used_at"] is not None) == (1, True, True)
    (use,) = ours["admin"].get(f"/api/reports/shares/{made['id']}/uses").json()["items"]
    assert (use["action"], use["address"]) == ("share.downloaded", "192.0.2.7")


def test_a_link_holds_256_random_bits_that_stand_nowhere_else(ours: People, run_id: int, conninfo: str) -> None:
    body = {"run_id": run_id, "password": PASSWORD}
    first = ours["admin"].post("/api/reports/shares", body, **{"Idempotency-Key": "share"})
    again = ours["admin"].post("/api/reports/shares", body, **{"Idempotency-Key": "share"})
    made = first.json()
    organization, _, secret = made["token"].partition(".")
    assert (organization, len(secret), made["url"]) == ("1", 43, f"http://testserver/share/{made['token']}")
    assert (again.json(), again.headers["idempotency-replayed"]) == ({**made, "token": None, "url": None}, "true")
    everything = kept(conninfo)
    assert hashlib.sha256(secret.encode()).hexdigest() in everything
    assert secret not in everything and PASSWORD not in everything and "$argon2id$" in everything
    shown = [ours["admin"].get(place).text for place in ("/api/reports/shares", f"/api/reports/shares/{made['id']}", "/api/audit")]
    assert not any(secret in text or PASSWORD in text or "argon2" in text for text in shown)
    assert len({share(ours["admin"], run_id)["token"] for _ in range(20)}) == 20


def test_following_a_link_uses_nothing_up(ours: People, visitor: TestClient, run_id: int) -> None:
    """Scanners of mails and previews of messengers follow every link that they see."""
    made = share(ours["admin"], run_id, most_downloads=1)
    for method in ("GET", "HEAD", "OPTIONS", "GET"):
        visitor.request(method, f"/share/{made['token']}")
    assert ours["admin"].get(f"/api/reports/shares/{made['id']}").json()["downloads"] == 0
    assert "<dt>Left</dt><dd>1 download</dd>" in look(visitor, made["token"]).text
    assert fetch(visitor, made["token"]).status_code == 303


def test_the_page_runs_nothing_is_framed_and_indexed_nowhere_and_tells_nobody_of_itself(
    ours: People, visitor: TestClient, run_id: int
) -> None:
    made = share(ours["admin"], run_id, password=PASSWORD)
    for page in (look(visitor, made["token"]), look(visitor, "1." + "A" * 43), fetch(visitor, made["token"], "another password")):
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'; form-action ") and "script-src" not in policy
        assert "<style" not in page.text and "style=" not in page.text
        assert "base-uri 'none'; frame-ancestors 'none'" in policy
        assert page.headers["referrer-policy"] == "no-referrer" and 'name="referrer" content="no-referrer"' in page.text
        assert "noindex" in page.headers["x-robots-tag"] and 'name="robots" content="noindex' in page.text
        assert (page.headers["cache-control"], page.headers["x-frame-options"], page.headers["x-content-type-options"]) == (
            "no-store", "DENY", "nosniff",
        )  # fmt: skip
        assert "<script" not in page.text and "javascript:" not in page.text and "http://" not in page.text.replace("http://www.w3.org", "")
        assert "set-cookie" not in page.headers


def test_a_name_that_holds_html_is_text_on_the_page(ours: People, visitor: TestClient, run_id: int) -> None:
    named = ours["admin"].client.patch(
        "/api/organization", json={"name": '<b>A</b> & "B" <script>x</script>'}, headers=ours["admin"].headers
    )
    assert named.status_code == 200
    page = look(visitor, share(ours["admin"], run_id)["token"]).text
    assert "&lt;b&gt;A&lt;/b&gt; &amp; &#34;B&#34; &lt;script&gt;" in page
    assert "<script" not in page and "<b>" not in page


def test_a_file_in_a_bucket_is_fetched_from_the_bucket_which_the_page_may_lead_to(
    database: Database, organization: Organization, on_s3: FastAPI, s3_server: str
) -> None:
    client = TestClient(on_s3, raise_server_exceptions=False)
    admin = Person(client, next(one.key.text for one in access.demo_credentials(database, organization) if one.role == "admin"))
    made = share(admin, make(admin, on_s3, database, CONTRACTS))
    page = look(client, made["token"])
    assert f"form-action 'self' {s3_server.rstrip('/')};" in page.headers["content-security-policy"]
    fetched = fetch(client, made["token"])
    assert fetched.headers["location"].startswith(s3_server)
    run = admin.get(f"/api/reports/generated/{made['run_id']}").json()
    assert hashlib.sha256(httpx.get(fetched.headers["location"]).content).hexdigest() == run["sha256"]


# --- what ends one ----------------------------------------------------------------------------------------------------


def told(answer: httpx.Response) -> tuple[int, str, dict[str, str]]:
    """What an answer tells, but for its own number."""
    headers = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
    return answer.status_code, answer.text, headers


def test_whatever_is_wrong_with_a_link_it_is_not_there(
    ours: People,
    theirs: People,
    visitor: TestClient,
    application: FastAPI,
    database: Database,
    organization: Organization,
    run_id: int,
    conninfo: str,
) -> None:
    """Revoked, over, used up, unknown, of another organization, no link at all: one answer, whether one looks or fetches, with a password or without."""
    admin = ours["admin"]
    revoked, over, used, whole = (share(admin, run_id, most_downloads=1)["token"] for _ in range(4))
    other = share(theirs["admin"], make(theirs["admin"], application, database, CONTRACTS))["token"]
    ids = {one["id"]: one for one in admin.get("/api/reports/shares?page_size=100").json()["items"]}
    assert len(ids) == 4
    number = sorted(ids)[0]
    assert admin.client.delete(f"/api/reports/shares/{number}", headers=admin.headers).status_code == 204
    assert admin.client.delete(f"/api/reports/shares/{number}", headers=admin.headers).status_code == 204
    age(conninfo, over)
    assert fetch(visitor, used).status_code == 303
    secret = whole.partition(".")[2]
    wrong = {
        "revoked": revoked, "over": over, "used up": used, "unknown": f"{organization.id}." + "A" * 43, "changed": whole[:-3] + ("AAA" if whole[-3:] != "AAA" else "BBB"),
        "under another organization": f"{other.partition('.')[0]}.{secret}", "no organization": f"999999.{secret}", "no link": "x", "no secret": "1.", "long": "1." + "A" * 5000,
        "another's secret here": f"{organization.id}.{other.partition('.')[2]}", "not ASCII": "1.é", "huge": "9" * 18 + "." + secret,
    }  # fmt: skip
    answers = {(name, how): told(call(token)) for name, token in wrong.items() for how, call in _calls(visitor)}
    assert {status for status, _, _ in answers.values()} == {404}
    assert len({(text, str(headers)) for _, text, headers in answers.values()}) == 1, answers
    assert look(visitor, whole).status_code == look(visitor, other).status_code == 200
    assert recorded(database, organization, "share.downloaded") == 1
    assert recorded(database, organization, "share.revoked") == 1


def _calls(visitor: TestClient) -> list[tuple[str, Callable[[str], httpx.Response]]]:
    return [
        ("look", lambda token: look(visitor, token)),
        ("fetch", lambda token: fetch(visitor, token)),
        ("fetch with a password", lambda token: fetch(visitor, token, "some password")),
    ]


def age(conninfo: str, token: str) -> None:
    """Has a link be over, as it will be; the application could not say so."""
    digest = hashlib.sha256(token.partition(".")[2].encode()).digest()
    with psycopg.connect(superuser(conninfo), dbname=conninfo.split("dbname=")[1].split(maxsplit=1)[0]) as connection:
        connection.execute("alter table octavo.share disable trigger hold_share")
        assert connection.execute("update octavo.share set expires_at = now() where token_hash = %s", [digest]).rowcount == 1
        connection.execute("alter table octavo.share enable trigger hold_share")


@pytest.mark.parametrize("loss", ["put out", "made a member", "the run expires", "sharing is switched off"])
def test_what_its_maker_may_not_do_any_more_a_link_does_not_do_either(
    ours: People, visitor: TestClient, application: FastAPI, database: Database, organization: Organization, conninfo: str, loss: str
) -> None:
    with database.tenant(organization.id) as connection:
        maker = access.add_member(connection, ACTOR, "maker@alpha.example", role="admin").user_id
        key = access.create_key(connection, ACTOR, user_id=maker, name="maker")
    person = Person(ours["admin"].client, key.text)
    made = share(person, make(person, application, database, CONTRACTS))
    assert (look(visitor, made["token"]).status_code, fetch(visitor, made["token"]).status_code) == (200, 303)
    with database.tenant(organization.id) as connection:
        if loss == "put out":
            access.set_member(connection, ACTOR, maker, active=False)
        elif loss == "made a member":
            access.set_member(connection, ACTOR, maker, role="member", view_pii=True)
        elif loss == "the run expires":
            connection.execute("update octavo.generated_report set state = 'expired'")
    if loss == "sharing is switched off":
        said = {"enabled": False, "most_days": 90, "needs_password": False}
        answered = ours["admin"].client.put("/api/reports/shares/settings", json=said, headers=ours["admin"].headers)
        assert (answered.status_code, answered.json()) == (200, said)
        refused = ours["admin"].post("/api/reports/shares", {"run_id": made["run_id"]})
        assert (refused.status_code, "shares no files" in refused.json()["detail"]) == (403, True)
    assert (look(visitor, made["token"]).status_code, fetch(visitor, made["token"]).status_code) == (404, 404)
    if loss == "sharing is switched off":
        ours["admin"].client.put("/api/reports/shares/settings", json={**said, "enabled": True}, headers=ours["admin"].headers)
        assert look(visitor, made["token"]).status_code == 200


def test_of_many_at_once_no_more_fetch_the_file_than_may(
    ours: People, application: FastAPI, run_id: int, database: Database, organization: Organization
) -> None:
    made = share(ours["admin"], run_id, most_downloads=5)
    start = threading.Barrier(16)

    def one(number: int) -> int:
        client = TestClient(application, client=(f"192.0.2.{number}", 1), raise_server_exceptions=False)
        start.wait()
        return fetch(client, made["token"]).status_code

    with ThreadPoolExecutor(16) as pool:
        answers = sorted(pool.map(one, range(16)))
    assert answers == [303] * 5 + [404] * 11
    assert recorded(database, organization, "share.downloaded") == 5
    with database.tenant(organization.id) as connection:
        assert connection.execute("select downloads from octavo.share").fetchone() == (5,)
    assert audit.verify(database, organization).problems == []


# --- passwords --------------------------------------------------------------------------------------------------------


def test_a_link_with_a_password_asks_for_it(
    ours: People, visitor: TestClient, run_id: int, database: Database, organization: Organization
) -> None:
    made = share(ours["admin"], run_id, password=PASSWORD)
    assert made["has_password"] is True
    page = look(visitor, made["token"])
    assert 'type="password"' in page.text and '<label for="password">' in page.text and "role=" not in page.text
    for wrong in (None, "", "another password", PASSWORD + " "):
        answered = fetch(visitor, made["token"], wrong)
        assert (answered.status_code, 'role="alert"' in answered.text, "location" in answered.headers) == (403, True, False)
    assert recorded(database, organization, "share.refused") == 4
    assert fetch(visitor, made["token"], PASSWORD).status_code == 303
    assert [one["action"] for one in ours["admin"].get(f"/api/reports/shares/{made['id']}/uses").json()["items"]] == [
        "share.downloaded", *["share.refused"] * 4,
    ]  # fmt: skip


def test_guessing_at_the_password_of_a_link_is_slowed_down(ours: People, application: FastAPI, visitor: TestClient, run_id: int) -> None:
    made, other = share(ours["admin"], run_id, password=PASSWORD), share(ours["admin"], run_id, password=PASSWORD)
    assert [fetch(visitor, made["token"], f"guess number {number}").status_code for number in range(5)] == [403] * 5
    slowed = fetch(visitor, made["token"], PASSWORD)
    assert (slowed.status_code, int(slowed.headers["retry-after"]) >= 1, "Wait" in slowed.text) == (429, True, True)
    assert fetch(visitor, other["token"], PASSWORD).status_code == 303  # each link by itself
    elsewhere = TestClient(application, client=("198.51.100.9", 1), raise_server_exceptions=False)
    assert fetch(elsewhere, made["token"], PASSWORD).status_code == 303  # and each place
    # until there were too many of them altogether
    answers = [
        fetch(TestClient(application, client=(f"203.0.113.{number}", 1), raise_server_exceptions=False), other["token"], "x").status_code
        for number in range(60)
    ]
    assert answers[0] == 403 and answers[-1] == 429


def test_who_follows_too_many_links_that_lead_nowhere_waits(application: FastAPI, visitor: TestClient, ours: People, run_id: int) -> None:
    good = share(ours["admin"], run_id)["token"]
    most = application.state.server.settings.strangers_per_minute
    answers = [look(visitor, f"1.{'A' * 40}{number:03d}") for number in range(most + 1)]
    assert {one.status_code for one in answers[:most]} == {404}
    assert (answers[-1].status_code, answers[-1].headers["content-type"]) == (429, "text/html; charset=utf-8")
    assert int(answers[-1].headers["retry-after"]) >= 1
    elsewhere = TestClient(application, client=("198.51.100.9", 1), raise_server_exceptions=False)
    assert look(elsewhere, good).status_code == 200


def test_an_organization_may_want_a_password_on_each_link(ours: People, run_id: int) -> None:
    said = {"enabled": True, "most_days": 3, "needs_password": True}
    assert ours["admin"].client.put("/api/reports/shares/settings", json=said, headers=ours["admin"].headers).status_code == 200
    assert ours["viewer"].get("/api/reports/shares/settings").json() == said
    assert ours["admin"].post("/api/reports/shares", {"run_id": run_id, "days": 3}).status_code == 422
    assert ours["admin"].post("/api/reports/shares", {"run_id": run_id, "days": 4, "password": PASSWORD}).status_code == 422
    share(ours["admin"], run_id, days=3, password=PASSWORD)


# --- making one -------------------------------------------------------------------------------------------------------


def test_a_link_lasts_as_long_as_was_said(ours: People, run_id: int) -> None:
    made = share(ours["admin"], run_id, days=30)
    lasts = datetime.fromisoformat(made["expires_at"]) - datetime.fromisoformat(made["created_at"])
    assert timedelta(days=29, hours=22) < lasts < timedelta(days=30, hours=2)
    default = share(ours["admin"], run_id)
    assert (datetime.fromisoformat(default["expires_at"]) - datetime.fromisoformat(default["created_at"])).days in (6, 7)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"days": 91}, 422), ({"days": 0}, 422), ({"days": 367}, 422), ({"password": "short"}, 422), ({"most_downloads": 0}, 422),
        ({"note": "a\nb"}, 422), ({"note": "x" * 201}, 422), ({"more": 1}, 422), ({"run_id": 999999}, 404),
    ],
)  # fmt: skip
def test_a_link_that_cannot_be_is_refused_and_nothing_is_made(ours: People, run_id: int, body: dict[str, Any], status: int) -> None:
    assert ours["admin"].post("/api/reports/shares", {"run_id": run_id, **body}).status_code == status
    assert ours["admin"].get("/api/reports/shares").json()["total"] == 0


def test_a_run_without_a_file_is_not_shared(ours: People) -> None:
    pending = ours["admin"].post("/api/reports/generate", CONTRACTS).json()["id"]
    assert ours["admin"].post("/api/reports/shares", {"run_id": pending}).status_code == 409


def test_who_may_not_manage_reports_shares_nothing_and_ends_nothing(ours: People, run_id: int) -> None:
    made = share(ours["admin"], run_id)
    for role in ("member", "viewer"):
        person = ours[role]
        assert person.post("/api/reports/shares", {"run_id": run_id}).status_code == 403
        assert person.client.delete(f"/api/reports/shares/{made['id']}", headers=person.headers).status_code == 403
        assert person.get(f"/api/reports/shares/{made['id']}/uses").status_code == 403
        assert person.get("/api/reports/shares").json()["total"] == 1


def test_lists_tell_which_links_still_lead_somewhere(ours: People, run_id: int) -> None:
    first, second = share(ours["admin"], run_id), share(ours["admin"], run_id)
    ours["admin"].client.delete(f"/api/reports/shares/{first['id']}", headers=ours["admin"].headers)
    for query, ids in (
        ({"live": True}, [second["id"]]),
        ({"live": False}, [first["id"]]),
        ({"run_id": run_id}, [second["id"], first["id"]]),
        ({"run_id": 1 + run_id}, []),
    ):
        assert [one["id"] for one in ours["admin"].get("/api/reports/shares", **query).json()["items"]] == ids


def test_plain_sql_of_the_application_makes_no_link_last_longer(
    ours: People, run_id: int, database: Database, organization: Organization
) -> None:
    share(ours["admin"], run_id, most_downloads=1)
    assert ours["admin"].post("/api/reports/generate", CONTRACTS).status_code == 202
    for statement in (
        "update octavo.share set expires_at = now() + interval '1 year'", "update octavo.share set most_downloads = null",
        "update octavo.share set downloads = -1", "update octavo.share set token_hash = sha256('x')",
        "update octavo.share set password_hash = '$argon2id$'",
        "update octavo.share set run_id = (select max(id) from octavo.generated_report)",
    ):  # fmt: skip
        with (
            pytest.raises(psycopg.Error, match=r"A link leads to what it led to|share_downloads_check"),
            database.tenant(organization.id) as connection,
        ):
            connection.execute(statement)
    with pytest.raises(psycopg.errors.CheckViolation), database.tenant(organization.id) as connection:
        connection.execute("update octavo.share set downloads = 2")


def test_the_page_takes_forms_alone_and_the_api_none(ours: People, visitor: TestClient, run_id: int) -> None:
    token = share(ours["admin"], run_id)["token"]
    assert visitor.post(f"/share/{token}", json={"password": "x"}).status_code == 415
    assert visitor.post(f"/share/{token}", data={"password": "x" * 1_100_000}).status_code == 413
    assert (
        visitor.post(
            f"/share/{token}", content=b"\xff&" * 50, headers={"Content-Type": "application/x-www-form-urlencoded"}, follow_redirects=False
        ).status_code
        == 422
    )
    assert ours["admin"].client.post("/api/reports/shares", data={"run_id": 1}, headers=ours["admin"].headers).status_code == 415


def test_a_link_ends_by_the_clock(ours: People, visitor: TestClient, run_id: int, conninfo: str, tmp_path: Path) -> None:
    token = share(ours["admin"], run_id)["token"]
    digest = hashlib.sha256(token.partition(".")[2].encode()).digest()
    with psycopg.connect(superuser(conninfo), dbname=conninfo.split("dbname=")[1].split(maxsplit=1)[0]) as connection:
        connection.execute("alter table octavo.share disable trigger hold_share")
        connection.execute("update octavo.share set expires_at = clock_timestamp() + interval '3 seconds' where token_hash = %s", [digest])
    assert look(visitor, token).status_code == 200
    deadline = time.monotonic() + 60
    while look(visitor, token).status_code == 200:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert fetch(visitor, token).status_code == 404
