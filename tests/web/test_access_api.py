"""Access over HTTP: who I am, sessions with their cookie and token, members, keys, projects and the organization."""

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from octavo import app
from octavo.control.access import actions as access
from octavo.database.connection import Database
from octavo.errors import UsageError
from octavo.pipeline import catalog
from octavo.pipeline.document import Organization
from octavo.settings import Settings
from tests.web.conftest import Person, people

People = dict[str, Person]
PASSWORD = "correct horse battery staple"
OWN = "http://127.0.0.1"
"""One's own machine, where cookies go over http."""


@pytest.fixture
def own(application: FastAPI) -> TestClient:
    return TestClient(application, base_url=OWN, client=("127.0.0.1", 5000), raise_server_exceptions=False)


@pytest.fixture
def boss(ours: People, database: Database) -> str:
    """The e-mail address of the administrator, who has a password too."""
    with database.app() as connection:
        user_id = access.known_person(connection, "admin@alpha.example")
    access.set_password(database, user_id, PASSWORD)
    return "admin@alpha.example"


def sign_in(client: TestClient, email: str, **more: str) -> dict[str, Any]:
    begun = client.post("/api/session", json={"email": email, "password": PASSWORD, **more})
    assert begun.status_code == 201, begun.text
    client.headers["X-CSRF-Token"] = begun.json()["csrf_token"]
    found: dict[str, Any] = begun.json()
    return found


def test_everybody_learns_who_they_are_and_what_they_may(ours: People, own: TestClient, boss: str) -> None:
    me = ours["member"].get("/api/me").json()
    assert (me["name"], me["role"], me["credential"]) == ("octavo demo", "member", "key")
    assert me["permissions"] == ["reports.export_reports", "reports.view_reports"]
    assert me["organization"] == {"slug": "alpha", "name": "Alpha Ltd"}
    sign_in(own, boss)
    assert (own.get("/api/me").json()["name"], own.get("/api/me").json()["credential"]) == (boss, "session")


def test_a_session_is_a_cookie_that_no_script_reads_and_that_changes_nothing_without_its_token(own: TestClient, boss: str) -> None:
    begun = own.post("/api/session", json={"email": boss.upper(), "password": PASSWORD})
    cookie = begun.headers["set-cookie"]
    assert cookie.startswith("octavo=") and "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/" in cookie
    assert "Secure" not in cookie and "Domain" not in cookie
    token = begun.json()["csrf_token"]
    assert own.get("/api/session").json() == begun.json()
    for headers in ({}, {"X-CSRF-Token": "x"}, {"X-CSRF-Token": token[:-1] + ("A" if token[-1] != "A" else "B")}):
        refused = own.post("/api/projects", json={"name": "North"}, headers=headers)
        assert (refused.status_code, "form" in refused.json()["detail"]) == (403, True)
    assert own.get("/api/projects").json()["total"] == 0
    assert own.post("/api/projects", json={"name": "North"}, headers={"X-CSRF-Token": token}).status_code == 201
    assert own.delete("/api/session").status_code == 403
    assert own.delete("/api/session", headers={"X-CSRF-Token": token}).status_code == 204
    own.cookies.set("octavo", cookie.partition("=")[2].partition(";")[0], domain="127.0.0.1")
    assert own.get("/api/session").status_code == 401


@pytest.mark.parametrize(
    ("base", "passed_on"), [("https://reports.example", {}), ("http://reports.example", {}), (OWN, {"X-Forwarded-For": "192.0.2.7"})]
)
def test_off_ones_own_machine_the_cookie_goes_over_https_only_and_no_neighbour_sets_it(
    application: FastAPI, boss: str, base: str, passed_on: dict[str, str]
) -> None:
    client = TestClient(application, base_url=base, raise_server_exceptions=False, headers=passed_on)
    begun = client.post("/api/session", json={"email": boss, "password": PASSWORD})
    name, _, rest = begun.headers["set-cookie"].partition("=")
    value, _, attributes = rest.partition(";")
    assert (name, "Secure" in attributes, "Path=/" in attributes, "Domain" in attributes) == ("__Host-octavo", True, True, False)
    assert client.get("/api/session", headers={"Cookie": f"octavo={value}"}).status_code == 401
    assert client.get("/api/session", headers={"Cookie": f"__Host-octavo={value}"}).status_code == 200


def test_a_wrong_password_an_unknown_address_and_another_organization_are_told_the_same(own: TestClient, boss: str, theirs: People) -> None:
    right = {"email": boss, "password": PASSWORD}
    answers = [
        own.post("/api/session", json={**right, **wrong}).json()
        for wrong in ({"password": "wrong"}, {"email": "nobody@alpha.example"}, {"organization": "beta"}, {"organization": "gamma"})
    ]
    assert {(answer["status"], answer["detail"]) for answer in answers} == {(401, answers[0]["detail"])}


def test_a_person_of_two_organizations_goes_from_one_to_the_other_and_to_no_third(
    own: TestClient, boss: str, theirs: People, database: Database
) -> None:
    assert theirs["admin"].post("/api/members", {"email": boss, "role": "viewer"}).status_code == 201
    refused = own.post("/api/session", json={"email": boss, "password": PASSWORD})
    assert (refused.status_code, "alpha, beta" in refused.json()["detail"]) == (409, True)
    begun = sign_in(own, boss, organization="alpha")
    assert [place["slug"] for place in begun["organizations"]] == ["alpha", "beta"]
    before = own.cookies["octavo"]
    moved = own.put("/api/session/organization", json={"organization": "beta"})
    assert (moved.status_code, moved.json()["organization"]["slug"]) == (200, "beta")
    own.headers["X-CSRF-Token"] = moved.json()["csrf_token"]
    assert (own.get("/api/me").json()["role"], own.post("/api/projects", json={"name": "x"}).status_code) == ("viewer", 403)
    for elsewhere in ("gamma", "delta"):
        assert own.put("/api/session/organization", json={"organization": elsewhere}).status_code == 404
    own.cookies.set("octavo", before, domain="127.0.0.1")
    assert own.get("/api/me").status_code == 401


def test_a_new_password_takes_the_one_that_holds_and_ends_every_session(own: TestClient, boss: str, application: FastAPI) -> None:
    sign_in(own, boss)
    other = TestClient(application, base_url=OWN, client=("127.0.0.1", 5001))
    sign_in(other, boss)
    new = "another horse another staple"
    assert own.put("/api/session/password", json={"current": "wrong", "new": new}).status_code == 401
    assert own.put("/api/session/password", json={"current": PASSWORD, "new": "short"}).status_code == 422
    assert other.get("/api/session").status_code == 200
    assert own.put("/api/session/password", json={"current": PASSWORD, "new": new}).status_code == 204
    assert (own.get("/api/session").status_code, other.get("/api/session").status_code) == (401, 401)
    assert own.post("/api/session", json={"email": boss, "password": PASSWORD}).status_code == 401
    assert own.post("/api/session", json={"email": boss, "password": new}).status_code == 201


def test_what_is_for_sessions_is_refused_to_a_key(ours: People) -> None:
    headers = ours["admin"].headers
    client = ours["admin"].client
    assert client.get("/api/session", headers=headers).status_code == 403
    assert client.put("/api/session/organization", json={"organization": "alpha"}, headers=headers).status_code == 403
    words = {"current": PASSWORD, "new": PASSWORD + "!"}
    assert client.put("/api/session/password", json=words, headers=headers).status_code == 403


def test_an_administrator_lets_people_in_says_what_they_may_and_closes_them_out(ours: People, client: TestClient) -> None:
    added = ours["admin"].post("/api/members", {"email": "New@Alpha.example", "role": "member"})
    assert (added.status_code, added.json()["name"], added.json()["role"]) == (201, "new@alpha.example", "member")
    place = added.headers["location"]
    assert ours["admin"].post("/api/members", {"email": "new@alpha.example"}).status_code == 409
    changed = client.patch(place, json={"role": "admin", "view_pii": True}, headers=ours["admin"].headers)
    assert (changed.json()["role"], changed.json()["view_pii"], changed.json()["active"]) == ("admin", True, True)
    assert client.patch(place, json={"active": False}, headers=ours["admin"].headers).json()["active"] is False
    assert [item["name"] for item in ours["admin"].get("/api/members", page_size=1, page=4).json()["items"]] == ["viewer@alpha.example"]
    for role in ("member", "viewer"):
        assert ours[role].get("/api/members").status_code == 403
        assert ours[role].post("/api/members", {"email": "x@y.example"}).status_code == 403


def test_the_last_active_administrator_stays_one(ours: People, client: TestClient) -> None:
    boss = ours["admin"].get("/api/me").json()["user_id"]
    for change in ({"role": "member"}, {"active": False}):
        refused = client.patch(f"/api/members/{boss}", json=change, headers=ours["admin"].headers)
        assert (refused.status_code, "without an administrator" in refused.text) == (409, True)
    assert ours["admin"].get("/api/me").json()["role"] == "admin"


def test_whether_somebody_is_known_to_another_organization_is_not_told(ours: People, theirs: People) -> None:
    theirs["admin"].post("/api/members", {"email": "Known@Both.example"})
    known, unknown = (
        ours["admin"].post("/api/members", {"email": f"{name}@both.example", "role": "viewer"}).json() for name in ("known", "unknown")
    )
    assert known.keys() == unknown.keys()
    told = {field for field in known if field not in ("user_id", "name", "created_at") and known[field] != unknown[field]}
    assert (told, known["name"], unknown["name"]) == (set(), "known@both.example", "unknown@both.example")
    theirs_id = theirs["viewer"].get("/api/me").json()["user_id"]
    ids = sorted(member["user_id"] for member in ours["admin"].get("/api/members").json()["items"])
    assert ids[-1] - ids[0] > 2**20 and theirs_id not in ids  # they do not count up: 4 ids of 52 bits


def test_a_key_is_shown_once_narrowed_expiring_and_ended_by_its_person_or_an_administrator(
    ours: People, own: TestClient, boss: str, client: TestClient
) -> None:
    assert ours["admin"].post("/api/keys", {"name": "more"}).status_code == 403  # a key makes no keys
    sign_in(own, boss)
    made = own.post("/api/keys", json={"name": "nightly", "scopes": ["reports.view_reports"], "days": 7})
    assert made.status_code == 201
    assert made.json()["secret"].startswith(f"oct_{made.json()['prefix']}_")
    nightly = Person(client, made.json()["secret"])
    assert nightly.get("/api/me").json()["permissions"] == ["reports.view_reports"]
    assert nightly.get("/api/members").status_code == 403  # an administrator's, but narrowed
    listed = own.get("/api/keys").json()
    assert listed["total"] == 4 and made.json()["secret"] not in own.get("/api/keys").text
    assert [key["user_id"] for key in nightly.get("/api/keys").json()["items"]] == [made.json()["user_id"]] * 2
    mine = ours["member"].get("/api/keys").json()["items"]
    assert len(mine) == 1
    place = f"/api/keys/{made.json()['id']}"
    refused = client.delete(place, headers=ours["member"].headers)
    assert refused.status_code == 404
    assert (own.delete(place).status_code, own.delete(place).status_code) == (204, 204)
    assert nightly.get("/api/me").status_code == 401
    assert own.delete(f"/api/keys/{mine[0]['id']}").status_code == 204
    assert ours["member"].get("/api/me").status_code == 401


def test_projects_are_made_by_administrators_and_seen_by_who_was_let_in(ours: People, client: TestClient) -> None:
    made = ours["admin"].post("/api/projects", {"name": "North"})
    place, member = made.headers["location"], ours["member"].get("/api/me").json()["user_id"]
    assert ours["admin"].post("/api/projects", {"name": "North"}).status_code == 409
    assert ours["member"].get("/api/projects").json()["total"] == 0
    assert client.put(f"{place}/{member}", headers=ours["admin"].headers).status_code == 204
    assert ours["member"].get("/api/projects").json()["items"] == [made.json()]
    assert ours["member"].get("/api/me").json()["projects"] == [made.json()["id"]]
    assert ours["admin"].get(place).json()["items"] == [{"user_id": member}]
    assert client.delete(f"{place}/{member}", headers=ours["admin"].headers).status_code == 204
    assert client.delete(f"{place}/{member}", headers=ours["admin"].headers).status_code == 404
    assert ours["member"].post("/api/projects", {"name": "South"}).status_code == 403


def test_the_organization_is_written_by_administrators_and_what_is_wrong_changes_nothing(ours: People, client: TestClient) -> None:
    headers, place = ours["admin"].headers, "/api/organization"
    before = ours["viewer"].get(place).json()
    assert (before["slug"], before["locale"], before["time_zone"], before["currency"]) == ("alpha", "en_GB", "Europe/London", "GBP")
    for wrong in (
        {"time_zone": "Mars/Base"},
        {"locale": "xx_YY"},
        {"currency": "Pounds"},
        {"name": " "},
        {"slug": "beta"},
        {"name": "a\u202eb"},
    ):
        assert client.patch(place, json={"name": "Alpha 2", **wrong}, headers=headers).status_code == 422, wrong
    assert ours["viewer"].get(place).json() == before
    changed = client.patch(place, json={"name": "Alpha 2", "branding": {"accent": "#123456"}}, headers=headers).json()
    assert changed == {**before, "name": "Alpha 2", "branding": {"accent": "#123456"}}
    assert client.patch(place, json={"name": "x"}, headers=ours["member"].headers).status_code == 403
    latest = ours["admin"].get("/api/audit").json()["items"][0]
    assert (latest["action"], latest["detail"]) == ("organization.changed", {"name": "Alpha 2", "branding": {"accent": "#123456"}})


def test_settings_that_are_not_safe_to_serve_with_refuse_the_start(database: Database, tmp_path: Any) -> None:
    with pytest.raises(UsageError, match="OCTAVO_JWT_SECRET is too short"):
        app.web(database, catalog.installed(), Settings(data_dir=tmp_path, jwt_issuer="i", jwt_audience="a", jwt_secret="short"))
    with pytest.raises(UsageError, match="OCTAVO_JWT_ISSUER"):
        app.web(database, catalog.installed(), Settings(data_dir=tmp_path, jwt_secret="x" * 32))


def test_every_change_of_access_is_in_the_audit_list(
    ours: People, client: TestClient, database: Database, organization: Organization
) -> None:
    user = ours["admin"].post("/api/members", {"email": "a@b.example"}).json()["user_id"]
    place = ours["admin"].post("/api/projects", {"name": "North"}).headers["location"]
    client.put(f"{place}/{user}", headers=ours["admin"].headers)
    client.delete(f"{place}/{user}", headers=ours["admin"].headers)
    listed = [entry["action"] for entry in ours["admin"].get("/api/audit").json()["items"]][:4]
    assert listed == ["project.left", "project.joined", "project.created", "member.set"]


def test_a_new_demonstration_ends_the_keys_of_the_last(
    client: TestClient, database: Database, ours: People, organization: Organization
) -> None:
    people(client, database, organization)
    assert ours["admin"].get("/api/me").status_code == 401
