"""Over HTTP: who may have files go where, what an export is approved with, and what is shown of deliveries, notifications and places."""

from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from octavo.database.connection import Database
from octavo.pipeline.document import Organization
from tests.web.test_exports_api import People, contracts, place

RUN = {"report": "retail.sales", "format": "csv", "parameters": {"period": "2011-10"}}
OUTSIDE = {"channel": "email", "to": "auditor@elsewhere.example"}


def own(organization: Organization, role: str = "member") -> dict[str, str]:
    return {"channel": "email", "to": f"{role}@{organization.slug}.example"}


def test_a_member_has_a_file_sent_to_himself_and_to_nobody_else(ours: People, organization: Organization) -> None:
    asked = ours["member"].post("/api/reports/generate", {**RUN, "deliver_to": [own(organization)], "subject": "{report}"})
    assert asked.status_code == 202, asked.text
    assert asked.json()["deliver_to"] == [own(organization)]
    refused = ours["member"].post("/api/reports/generate", {**RUN, "deliver_to": [own(organization), OUTSIDE]})
    assert refused.status_code == 403
    assert "reports.manage" in refused.json()["detail"]
    assert ours["admin"].post("/api/reports/generate", {**RUN, "deliver_to": [OUTSIDE]}).status_code == 202
    assert ours["admin"].get("/api/reports/generated").json()["total"] == 2


@pytest.mark.parametrize(
    "target",
    [
        {"channel": "pigeon", "to": "a@b.example"}, {"channel": "email"}, {"channel": "email", "to": "a@b.example, c@d.example"},
        {"channel": "email", "to": "a@b.example\r\nBcc: c@d.example"}, {"channel": "email", "to": "a@b.example", "folder": "x"},
        {"channel": "place", "to": "a@b.example"}, {"to": "a@b.example"}, {"channel": "email", "to": "a@b.example", "cc": "c@d.example"},
    ],
)  # fmt: skip
def test_a_target_that_is_none_is_refused_and_nothing_is_asked_for(target: dict[str, Any], ours: People) -> None:
    for path, body in (("/api/reports/generate", RUN), ("/api/exports", {"dataset": "energy.contracts"})):
        assert ours["admin"].post(path, {**body, "deliver_to": [target]}).status_code == 422
    assert ours["admin"].get("/api/reports/generated").json()["total"] == 0


def test_a_domain_outside_of_the_list_is_refused(ours: People, organization: Organization) -> None:
    said = {"on_success": False, "on_failure": True, "recipients": [], "allowed_domains": ["alpha.example"]}
    assert ours["member"].client.put("/api/reports/notifications", json=said, headers=ours["member"].headers).status_code == 403
    changed = ours["admin"].client.put("/api/reports/notifications", json=said, headers=ours["admin"].headers)
    assert changed.status_code == 200, changed.text
    assert ours["viewer"].get("/api/reports/notifications").json()["allowed_domains"] == ["alpha.example"]
    refused = ours["admin"].post("/api/reports/generate", {**RUN, "deliver_to": [OUTSIDE]})
    assert refused.status_code == 422
    assert "outside of the domains" in refused.json()["detail"]
    assert ours["admin"].post("/api/reports/generate", {**RUN, "deliver_to": [own(organization)]}).status_code == 202


def test_an_export_is_approved_with_its_recipients_which_nobody_changes_afterwards(
    ours: People, database: Database, organization: Organization
) -> None:
    contracts(database, organization, 20)
    plain = ours["member"].post("/api/exports", {"dataset": "energy.contracts", "format": "csv"}).json()
    asked = ours["member"].post("/api/exports", {"dataset": "energy.contracts", "format": "csv", "deliver_to": [own(organization)]}).json()
    assert asked["state"] == "pending"
    assert asked["deliver_to"] == [own(organization)]
    assert asked["plan_hash"] != plain["plan_hash"]
    with database.tenant(organization.id) as connection, pytest.raises(psycopg.Error, match="To whom an export goes"):
        connection.execute("update octavo.export_request set deliver_to = '[]' where id = %s", [asked["id"]])
    approved = ours["admin"].post(place(asked, "approve"), {"plan_hash": asked["plan_hash"]})
    assert approved.status_code == 200, approved.text
    run = ours["admin"].get(f"/api/reports/generated/{approved.json()['run_id']}").json()
    assert run["deliver_to"] == [own(organization)]
    with psycopg.connect(make_conninfo(database.conninfo, user="postgres")) as superuser:
        superuser.execute("update octavo.generated_report set deliver_to = '[]' where id = %s", [run["id"]])
        superuser.execute("update octavo.generated_report set state = 'cancelled' where id = %s", [run["id"]])
        with pytest.raises(psycopg.Error, match="would go to others"):
            superuser.execute("update octavo.generated_report set state = 'pending' where id = %s", [run["id"]])


def test_secrets_of_a_place_go_in_and_never_come_out(ours: People) -> None:
    said = {
        "name": "the auditors", "url": "sftp://octavo@files.example/in", "options": {"host_key": "SHA256:abc"}, "secrets": {"password": "canary-5ecret"},
    }  # fmt: skip
    assert ours["member"].post("/api/places", said).status_code == 403
    made = ours["admin"].post("/api/places", said)
    assert made.status_code == 201, made.text
    where = made.headers["location"]
    answers = [made, ours["viewer"].get(where), ours["viewer"].get("/api/places"), ours["admin"].get("/api/audit")]
    answers.append(ours["admin"].post("/api/places", said))
    assert answers[-1].status_code == 409
    answers.append(ours["admin"].post("/api/places", {**said, "name": "x", "secrets": {"password": "canary-5ecret", "pin": "canary"}}))
    assert answers[-1].status_code == 422
    assert [answer.status_code for answer in answers if "canary" in answer.text] == []
    assert ours["viewer"].get(where).json()["secret_names"] == ["password"]
    moved = {**said, "url": "sftp://octavo@evil.example/in", "secrets": {}}
    assert ours["admin"].client.put(where, json=moved, headers=ours["admin"].headers).status_code == 422


def test_where_a_run_went_is_told_one_by_one_and_in_sum(ours: People, organization: Organization, database: Database) -> None:
    run = ours["member"].post("/api/reports/generate", {**RUN, "deliver_to": [own(organization)]}).json()
    assert ours["viewer"].get(f"/api/reports/generated/{run['id']}/deliveries").json() == {"delivered": "nobody", "items": []}
    with psycopg.connect(make_conninfo(database.conninfo, user="postgres")) as superuser:
        superuser.execute(
            "update octavo.generated_report set state = 'completed', file_key = 'x', file_bytes = 1, sha256 = repeat('0', 64), records = 1, manifest = '{}' "
            "where id = %s",
            [run["id"]],
        )
    found = ours["viewer"].get(f"/api/reports/generated/{run['id']}/deliveries").json()
    assert found["delivered"] == "open"
    (delivery,) = found["items"]
    assert (delivery["recipient"], delivery["state"], delivery["purpose"]) == (own(organization)["to"], "pending", "file")
    assert ours["member"].post(f"/api/reports/deliveries/{delivery['id']}/retry").status_code == 409
    with database.tenant(organization.id) as connection:
        connection.execute("update octavo.delivery set state = 'failed', next_try_at = null, error_kind = 'refused', last_error = 'no'")
    assert ours["viewer"].get(f"/api/reports/generated/{run['id']}/deliveries").json()["delivered"] == "none"
    assert ours["viewer"].post(f"/api/reports/deliveries/{delivery['id']}/retry").status_code == 403
    again = ours["member"].post(f"/api/reports/deliveries/{delivery['id']}/retry")
    assert (again.status_code, again.json()["state"]) == (200, "pending")
    assert ours["viewer"].get("/api/reports/deliveries", state="pending", channel="email").json()["total"] == 1
    assert ours["viewer"].get(f"/api/reports/deliveries/{delivery['id']}").json()["tried"] == []


def test_where_an_export_went_is_seen_by_who_asked_and_by_who_decides(ours: People, organization: Organization, database: Database) -> None:
    contracts(database, organization, 3)
    export = ours["member"].post("/api/exports", {"dataset": "energy.contracts", "format": "csv", "deliver_to": [own(organization)]}).json()
    with database.tenant(organization.id) as connection:
        connection.execute(
            "insert into octavo.delivery (run_id, purpose, channel, recipient, target) values (%s, 'file', 'email', 'x@y.example', '{}')",
            [export["run_id"]],
        )
    assert {role: ours[role].get("/api/reports/deliveries").json()["total"] for role in ("viewer", "member", "admin")} == {
        "viewer": 0, "member": 1, "admin": 1,
    }  # fmt: skip
    assert ours["viewer"].get("/api/reports/deliveries", run_id=export["run_id"]).json()["total"] == 0


def test_a_test_mail_goes_to_oneself_or_by_who_manages_reports_to_anybody(ours: People, organization: Organization) -> None:
    path = "/api/reports/notifications/test"
    told = ours["member"].post(path, {})
    assert (told.status_code, told.json()["recipient"], told.json()["purpose"]) == (202, own(organization)["to"], "test")
    assert ours["member"].post(path, {"to": OUTSIDE["to"]}).status_code == 403
    assert ours["admin"].post(path, {"to": OUTSIDE["to"]}).status_code == 202
