"""The run of an export is its requester's business: other people's viewers find nothing of it among the reports."""

from octavo.database.connection import Database
from octavo.pipeline.document import Organization
from tests.web.conftest import Person
from tests.web.test_exports_api import ask, contracts

People = dict[str, Person]


def test_the_run_of_an_export_is_there_for_its_requester_and_for_who_decides_about_exports_alone(
    ours: People, database: Database, organization: Organization
) -> None:
    contracts(database, organization, 3)
    export = ask(ours["member"])
    run = export["run_id"]
    for role, status in (("member", 200), ("admin", 200), ("viewer", 404)):
        assert ours[role].get(f"/api/reports/generated/{run}").status_code == status, role
        listed = ours[role].get("/api/reports/generated").json()
        assert listed["total"] == len(listed["items"]) == (1 if status == 200 else 0), role
        assert ours[role].get("/api/reports/recent").json() == [], "exports are listed with exports"
    hidden, never = (
        ours["viewer"].get(f"/api/reports/generated/{run}/download"),
        ours["viewer"].get("/api/reports/generated/987654321/download"),
    )
    assert hidden.json()["detail"].replace(str(run), "N") == never.json()["detail"].replace("987654321", "N")


def test_the_audit_list_is_for_administrators(ours: People, database: Database, organization: Organization) -> None:
    contracts(database, organization, 3)
    ask(ours["member"])
    assert ours["member"].get("/api/audit").status_code == 403
    listed = ours["admin"].get("/api/audit", subject="run").json()
    assert [entry["action"] for entry in listed["items"]] == ["run.requested"]
