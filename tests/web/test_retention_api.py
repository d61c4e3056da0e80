"""Over HTTP: how long what is kept, what would go, legal hold, and what an expired or archived file is answered with."""

from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi import FastAPI

from octavo.control.retention import actions as retention
from octavo.control.retention import jobs as rounds
from octavo.database.connection import Database
from octavo.pipeline.document import Organization
from octavo.pipeline.store import open_store
from tests.web.conftest import Person
from tests.web.test_downloads import link, make
from tests.web.test_exports_api import ask, contracts, work

People = dict[str, Person]
DEFAULTS = {"export_days": 7, "report_days": 90, "archive_exports": False, "archive_reports": False, "archive_years": 7, "row_days": 7}


def put(person: Person, **said: object) -> tuple[int, dict[str, object]]:
    answered = person.client.put("/api/retention", json={**DEFAULTS, **said}, headers=person.headers)
    return answered.status_code, answered.json()


def expire(application: FastAPI, database: Database, organization: Organization, days: int) -> rounds.Tended:
    """As if so many days had passed, and a round after them."""
    with database.tenant(organization.id) as connection:
        connection.execute(
            "update octavo.generated_report set completed_at = completed_at - %(days)s, expires_at = expires_at - %(days)s, archived_at = archived_at - %(days)s, "
            "file_gone_at = file_gone_at - %(days)s",
            {"days": timedelta(days=days)},
        )
    return rounds.tend(database, open_store(application.state.server.settings.store_place), organization)


def test_what_is_kept_is_said_by_administrators_and_seen_by_all(ours: People, theirs: People) -> None:
    assert ours["viewer"].get("/api/retention").json() == {**DEFAULTS, "legal_hold": False, "hold_reason": None, "held_by_name": ""}
    for role in ("viewer", "member"):
        assert put(ours[role])[0] == 403
    status, said = put(ours["admin"], export_days=3, archive_reports=True)
    assert (status, said["export_days"], said["archive_reports"], said["report_days"]) == (200, 3, True, 90)
    assert theirs["viewer"].get("/api/retention").json()["export_days"] == 7
    changed = ours["admin"].get("/api/audit", action="retention.changed").json()["items"]
    assert [entry["detail"]["before"]["export_days"] for entry in changed] == [7]


@pytest.mark.parametrize(
    "wrong",
    [{"export_days": 0}, {"report_days": 36601}, {"archive_years": 101}, {"row_days": "many"}, {"more": 1}, {"archive_reports": None}],
)
def test_a_period_that_is_none_is_refused_and_changes_nothing(ours: People, wrong: dict[str, object]) -> None:
    assert put(ours["admin"], **wrong)[0] == 422
    assert ours["admin"].get("/api/retention").json()["report_days"] == 90


def test_a_preview_says_how_many_files_would_go_and_changes_nothing(ours: People, application: FastAPI, database: Database) -> None:
    make(ours["member"], application, database)
    said = {**DEFAULTS, "report_days": 1}
    with database.tenant(1) as connection:
        connection.execute("update octavo.generated_report set completed_at = completed_at - interval '2 days'")
    asked = ours["admin"].post("/api/retention/preview", said)
    assert (asked.status_code, asked.json()["files_to_delete"]) == (200, 1)
    assert ours["admin"].get("/api/retention").json()["report_days"] == 90
    assert ours["member"].post("/api/retention/preview", said).status_code == 403


def test_an_expired_report_says_that_it_expired(ours: People, application: FastAPI, database: Database, organization: Organization) -> None:
    run_id = make(ours["member"], application, database)
    place = link(ours["member"], run_id)
    assert expire(application, database, organization, 91).deleted == 1
    refused = ours["member"].get(f"/api/reports/generated/{run_id}/download")
    assert (refused.status_code, "has expired; ask for it anew" in refused.json()["detail"]) == (410, True)
    assert ours["member"].client.get(place).status_code == 404
    shown = ours["member"].get(f"/api/reports/generated/{run_id}").json()
    assert (shown["state"], shown["archived_at"], shown["legal_hold"]) == ("expired", None, False)
    assert ours["member"].get(f"/api/reports/generated/{run_id}/manifest").status_code == 200


def test_an_export_expires_with_its_file_and_says_so_also_when_its_run_is_gone(
    ours: People, application: FastAPI, database: Database, organization: Organization
) -> None:
    contracts(database, organization, 4)
    export = ask(ours["member"])
    assert work(application, database)
    path = f"/api/exports/{export['id']}"
    done = ours["member"].get(path).json()
    with database.tenant(organization.id) as connection:
        row = connection.execute("select file_key from octavo.generated_report").fetchone()
    assert row and str(row[0]).startswith(f"exports/{organization.id}/{export['id']}/{done['run_id']}-1.")
    assert expire(application, database, organization, 6).deleted == 0
    assert expire(application, database, organization, 2).deleted == 1
    for _ in range(2):
        now = ours["member"].get(path).json()
        assert (now["state"], now["records"], now["sha256"]) == ("expired", 4, done["sha256"])
        refused = ours["member"].get(f"{path}/download")
        assert (refused.status_code, "has expired; ask for it anew" in refused.json()["detail"]) == (410, True)
        counted = ours["admin"].get("/api/exports/statistics").json()
        assert (counted["total_exports"], counted["completed_exports"], counted["total_records_exported"]) == (1, 1, 4)
        expire(application, database, organization, 8)
    assert ours["member"].get(path).json()["run_id"] is None


def test_an_archived_file_is_fetched_by_administrators_alone(
    ours: People, application: FastAPI, database: Database, organization: Organization
) -> None:
    with database.tenant(organization.id) as connection:
        retention.change(connection, rounds.actions.WORKER, replace(retention.find(connection), archive_reports=True))
    run_id = make(ours["member"], application, database)
    whole = ours["member"].client.get(link(ours["member"], run_id)).content
    assert expire(application, database, organization, 91).archived == 1
    refused = ours["member"].get(f"/api/reports/generated/{run_id}/download")
    assert (refused.status_code, "lies in the archive; an administrator can fetch it" in refused.json()["detail"]) == (410, True)
    assert ours["admin"].client.get(link(ours["admin"], run_id)).content == whole
    assert ours["admin"].get("/api/audit", action="run.downloaded").json()["total"] == 2


def test_holds_are_set_and_lifted_by_administrators_with_a_reason(
    ours: People, theirs: People, application: FastAPI, database: Database, organization: Organization
) -> None:
    run_id = make(ours["member"], application, database)
    for base in (f"/api/reports/generated/{run_id}", "/api/retention"):
        why = {"reason": "case 7"}
        assert ours["member"].post(f"{base}/hold", why).status_code == 403
        assert ours["admin"].post(f"{base}/hold", {}).status_code == 422
        held = ours["admin"].post(f"{base}/hold", why)
        assert (held.status_code, held.json()["legal_hold"], held.json()["hold_reason"]) == (200, True, "case 7")
        assert ours["admin"].post(f"{base}/hold", why).status_code == 409
    assert expire(application, database, organization, 91) == rounds.Tended(organization.slug)
    assert put(ours["admin"], report_days=1)[0] == 409
    assert ours["admin"].post("/api/retention/preview", DEFAULTS).json()["held"] == 1
    foreign, never = (theirs["admin"].post(f"/api/reports/generated/{number}/hold", {"reason": "x"}) for number in (run_id, 987654321))
    assert foreign.status_code == never.status_code == 404
    for base in (f"/api/reports/generated/{run_id}", "/api/retention"):
        assert ours["admin"].post(f"{base}/release", {"reason": "over"}).json()["legal_hold"] is False
        assert ours["admin"].post(f"{base}/release", {"reason": "over"}).status_code == 409
    actions = [entry["action"] for entry in ours["admin"].get("/api/audit", page_size=100).json()["items"]]
    assert [action for action in actions if "held" in action or "released" in action] == [
        "retention.released", "run.released", "retention.held", "run.held",
    ]  # fmt: skip
    assert expire(application, database, organization, 1).deleted == 1
    assert ours["admin"].post(f"/api/reports/generated/{run_id}/hold", {"reason": "late"}).status_code == 410
