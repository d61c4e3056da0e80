"""Templates over HTTP: administrators write them, members read those of the organization and of their projects."""

import zipfile
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from octavo.control.events import Actor
from octavo.control.runs import actions as runs
from octavo.control.tenancy import actions as tenancy
from octavo.database.connection import Database
from octavo.pipeline.document import Organization
from tests.web.conftest import Person
from tests.web.test_exports_api import work

ACTOR = Actor.system("the tests")
People = dict[str, Person]
PATH = "/api/reports/templates"
SALES = {"name": "Monthly sales", "report": "retail.sales", "format": "xlsx", "parameters": {"period": "previous_month"}}


def test_an_administrator_makes_changes_and_puts_out_of_use_a_template_that_members_read(ours: People) -> None:
    made = ours["admin"].post(PATH, SALES)
    assert made.status_code == 201
    place = made.headers["location"]
    assert ours["viewer"].get(place).json()["parameters"] == {"period": "previous_month"}
    changed = ours["admin"].client.put(place, json={**SALES, "format": "pdf"}, headers=ours["admin"].headers)
    assert (changed.status_code, changed.json()["format"]) == (200, "pdf")
    assert ours["admin"].client.delete(place, headers=ours["admin"].headers).json()["active"] is False
    assert ours["member"].get(PATH, report="retail.sales").json()["total"] == 0
    assert [item["name"] for item in ours["member"].get(PATH, active=False).json()["items"]] == ["Monthly sales"]


def test_a_member_does_not_write_templates(ours: People) -> None:
    place = ours["admin"].post(PATH, SALES).headers["location"]
    assert ours["member"].post(PATH, {**SALES, "name": "Other"}).status_code == 403
    assert ours["member"].client.put(place, json=SALES, headers=ours["member"].headers).status_code == 403
    assert ours["member"].client.delete(place, headers=ours["member"].headers).status_code == 403


def test_a_name_is_taken_once_in_the_organization_and_once_in_each_project(
    ours: People, database: Database, organization: Organization
) -> None:
    with database.tenant(organization.id) as connection:
        project = tenancy.create_project(connection, ACTOR, "North")
    assert ours["admin"].post(PATH, SALES).status_code == 201
    assert ours["admin"].post(PATH, SALES).status_code == 409
    assert ours["admin"].post(PATH, {**SALES, "project_id": project.id}).status_code == 201
    assert ours["admin"].post(PATH, {**SALES, "project_id": project.id}).status_code == 409


def test_a_projects_template_is_seen_by_its_members(ours: People, database: Database, organization: Organization) -> None:
    with database.tenant(organization.id) as connection:
        project = tenancy.create_project(connection, ACTOR, "North")
    place = ours["admin"].post(PATH, {**SALES, "project_id": project.id}).headers["location"]
    assert ours["member"].get(place).status_code == 404
    assert ours["member"].get(PATH).json()["total"] == 0
    assert ours["admin"].get(place).status_code == 200
    with database.tenant(organization.id) as connection:
        row = connection.execute("select user_id from octavo.membership where role = 'member'").fetchone()
        assert row is not None
        tenancy.let_into_project(connection, ACTOR, project.id, int(row[0]))
    assert ours["member"].get(place).status_code == 200
    assert ours["viewer"].get(place).status_code == 404


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_another_organizations_template_is_answered_like_one_that_never_was(ours: People, theirs: People, method: str) -> None:
    template = theirs["admin"].post(PATH, SALES).json()["id"]
    body = {"json": SALES} if method == "put" else {}
    foreign, random = [
        ours["admin"].client.request(method, f"{PATH}/{id_}", headers=ours["admin"].headers, **body) for id_ in (template, 987654321)
    ]
    assert foreign.status_code == random.status_code == 404
    assert foreign.json()["detail"].replace(str(template), "N") == random.json()["detail"].replace("987654321", "N")
    assert theirs["admin"].get(f"{PATH}/{template}").json()["active"] is True


def test_another_organizations_project_is_no_place_for_a_template(
    ours: People, database: Database, other_organization: Organization
) -> None:
    with database.tenant(other_organization.id) as connection:
        project = tenancy.create_project(connection, ACTOR, "North")
    assert ours["admin"].post(PATH, {**SALES, "project_id": project.id}).status_code == 404


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"report": "retail.nothing"}, "There is no report"),
        ({"format": "doc"}, "format"),
        ({"name": ""}, "name"),
        ({"parameters": {"period": "whenever"}}, "period"),
        ({"parameters": {"nothing": 1}}, "has no parameter"),
        ({"template_config": {"sections": ["nothing"]}}, "has no section"),
        ({"template_config": {"nothing": 1}}, "template_config has no"),
        ({"template_config": {"sections": "lines"}}, "list of names"),
        ({"template_config": {"options": {"nothing": 1}}}, "no such option"),
        ({"branding_config": {"accent": "red"}}, "accent"),
        ({"branding_config": {"logo": "logo.png"}}, "a logo is a PNG"),
        ({"branding_config": {"crest": "x"}}, "no such part"),
        ({"branding_config": {"bank": "IBAN"}}, "bank"),
    ],
)
def test_a_template_that_could_never_be_generated_is_refused(ours: People, more: dict[str, object], said: str) -> None:
    refused = ours["admin"].post(PATH, {**SALES, **more})
    assert refused.status_code in (404, 422)
    assert said in refused.json()["detail"]
    assert ours["admin"].get(PATH).json()["total"] == 0


def template(admin: Person, **more: object) -> int:
    made = admin.post(PATH, {**SALES, **more})
    assert made.status_code == 201, made.text
    return int(made.json()["id"])


def generated(person: Person, **asked: object) -> dict[str, Any]:
    answer = person.post("/api/reports/generate", asked)
    assert answer.status_code == 202, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_a_run_by_a_template_is_what_the_template_says_unless_something_else_is_said(ours: People) -> None:
    told = template(ours["admin"], parameters={"period": "2011", "country": None})
    run = generated(ours["member"], template_id=told)
    assert (run["report"], run["format"], run["parameters"], run["template_id"]) == (
        "retail.sales",
        "xlsx",
        {"period": "2011", "country": None},
        told,
    )
    run = generated(ours["member"], template_id=told, format="csv", parameters={"period": "2012"})
    assert (run["format"], run["parameters"]) == ("csv", {"period": "2012", "country": None})


def test_a_period_that_nobody_named_covers_the_days_that_the_template_says(ours: People) -> None:
    told = template(ours["admin"], parameters={}, default_date_range_days=45)
    assert generated(ours["member"], template_id=told)["parameters"] == {"period": "last_45d"}
    assert generated(ours["member"], template_id=told, parameters={"period": "2011"})["parameters"] == {"period": "2011"}
    assert generated(ours["member"], template_id=told, parameters={"period": None})["parameters"] == {"period": None}
    without = template(ours["admin"], name="All", parameters={}, default_date_range_days=None)
    assert generated(ours["member"], template_id=without)["parameters"] == {}


def test_sections_options_and_branding_of_a_template_reach_the_file(
    ours: People, application: FastAPI, database: Database, organization: Organization
) -> None:
    told = template(
        ours["admin"], parameters={}, template_config={"sections": ["sales", "by_country"]}, branding_config={"accent": "#AA3300"}
    )
    run = generated(ours["member"], template_id=told)
    assert work(application, database)
    manifest = ours["member"].get(f"/api/reports/generated/{run['id']}/manifest").json()
    assert [section["name"] for section in manifest["sections"]] == ["by_country", "sales"]
    with database.tenant(organization.id) as connection:
        key = runs.find(connection, run["id"]).file_key
    assert key is not None
    with zipfile.ZipFile(Path(application.state.server.settings.store_place) / key) as book:
        assert b"FFAA3300" in book.read("xl/styles.xml").upper()


def test_options_of_a_template_hold_for_its_format_alone(ours: People, database: Database, organization: Organization) -> None:
    told = template(ours["admin"], format="csv", template_config={"options": {"delimiter": ";"}})
    own = generated(ours["member"], template_id=told, options={"line_end": "lf"})["id"]
    other = generated(ours["member"], template_id=told, format="json")["id"]
    with database.tenant(organization.id) as connection:
        assert runs.find(connection, own).options == {"delimiter": ";", "line_end": "lf"}
        assert runs.find(connection, other).options == {}


def test_a_template_out_of_use_or_of_another_report_is_refused(ours: People) -> None:
    told = template(ours["admin"])
    refused = ours["member"].post("/api/reports/generate", {"template_id": told, "report": "energy.contracts"})
    assert (refused.status_code, "retail.sales" in refused.json()["detail"]) == (422, True)
    ours["admin"].client.delete(f"{PATH}/{told}", headers=ours["admin"].headers)
    refused = ours["member"].post("/api/reports/generate", {"template_id": told})
    assert (refused.status_code, "out of use" in refused.json()["detail"]) == (409, True)
    assert ours["member"].post("/api/reports/generate", {"format": "csv"}).status_code == 422
    assert ours["member"].get("/api/reports/generated").json()["total"] == 0


def test_a_projects_template_is_used_by_its_members_alone(
    ours: People, theirs: People, database: Database, organization: Organization
) -> None:
    with database.tenant(organization.id) as connection:
        project = tenancy.create_project(connection, ACTOR, "North")
        row = connection.execute("select user_id from octavo.membership where role = 'member'").fetchone()
    assert row is not None
    told = template(ours["admin"], project_id=project.id)
    asked = {"template_id": told}
    assert ours["member"].post("/api/reports/generate", asked).status_code == 404
    assert theirs["admin"].post("/api/reports/generate", asked).status_code == 404
    with database.tenant(organization.id) as connection:
        tenancy.let_into_project(connection, ACTOR, project.id, int(row[0]))
    assert generated(ours["member"], **asked)["template_id"] == told
