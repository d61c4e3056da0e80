"""From a report's page to a template and a schedule: what the form says is what they say, and nothing of it is lost on the way."""

import html
import re
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from octavo.control.events import Actor
from octavo.control.templates import actions as templates
from octavo.database.connection import Database
from octavo.pipeline import catalog
from octavo.pipeline.document import Organization
from tests.web.conftest import Person
from tests.web.test_bulk_api import plants
from tests.web.test_report_pages import send, signed_in

__all__ = ["plants"]

People = dict[str, Person]


@pytest.fixture
def admin(ours: People, application: FastAPI, database: Database, organization: Organization) -> TestClient:
    return signed_in(application, database, organization, "admin")


def filled(page: str) -> dict[str, str | list[str]]:
    """What a browser would send of the page's first form in the main part, as it stands."""
    form = page.partition("<main")[2].partition("<form")[2].partition("</form>")[0]
    found: dict[str, list[str]] = {}
    for tag in re.findall(r"<(?:input|button)\b[^>]*>", form):
        said = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        chosen = "checked" in tag if said.get("type") in ("checkbox", "radio") else said.get("type") not in ("file", "submit")
        if "name" in said and chosen and said["name"] != "csrf_token":
            found.setdefault(said["name"], []).append(html.unescape(said.get("value", "")))
    for name, options in re.findall(r'<select id="[^"]*" name="([^"]+)".*?>(.*?)</select>', form, re.DOTALL):
        found[name] = re.findall(r'value="([^"]*)" selected', options) or re.findall(r'value="([^"]*)"', options)[:1]
    for name, text in re.findall(r'<textarea id="[^"]*" name="([^"]+)"[^>]*>([^<]*)', form):
        found[name] = [html.unescape(text)]
    return {name.replace("-", "__"): values for name, values in found.items()}


def said_by(database: Database, organization: Organization, number: str) -> tuple[str, dict[str, Any], int | None, dict[str, Any]]:
    """Format, parameters, days and config of a template."""
    with database.tenant(organization.id) as connection:
        row = connection.execute(
            "select format, parameters, default_date_range_days, template_config from octavo.report_template where id = %s", [number]
        ).fetchone()
    assert row is not None
    return row[0], row[1], row[2], row[3]


def test_saved_as_a_template_the_form_keeps_its_comparison_and_sections(
    admin: TestClient, database: Database, organization: Organization
) -> None:
    asked: dict[str, str | list[str]] = {
        "p_period": "previous_month", "compare": "same_period_last_year", "sections": ["summary", "over_time"], "file__format": "xlsx"
    }  # fmt: skip
    status, place = send(admin, "/reports/retail.sales", do="template", **asked)
    assert status == 303 and place.startswith("/templates/new?"), place
    page = admin.get(place).text
    assert '<option value="same_period_last_year" selected>' in page
    status, made = send(admin, "/templates/new", **{**filled(page), "name": "Sales beside last year"})
    assert status == 303, made
    number = made.removeprefix("/templates/")
    wanted = ("xlsx", {"period": "previous_month"}, None, {"compare": "same_period_last_year", "sections": ["summary", "over_time"]})
    assert said_by(database, organization, number) == wanted
    assert re.search(r"<dt>Compared with</dt><dd>same period last year</dd>", admin.get(made).text)
    page = admin.get(f"{made}/edit").text
    assert send(admin, f"{made}/edit", **{**filled(page), "description": "For the board"})[0] == 303
    assert said_by(database, organization, number) == wanted
    assert send(admin, f"{made}/edit", **{**filled(page), "compare": ""})[0] == 303
    assert said_by(database, organization, number)[3] == {"sections": ["summary", "over_time"]}
    alone = send(admin, f"{made}/edit", **{**filled(page), "sections": ["sales"]})
    assert alone[0] == 422 and "no figures that could be compared" in alone[1]


def test_saved_as_a_template_the_form_keeps_several_values_and_what_was_chosen_of_a_dataset(
    admin: TestClient, ours: People, database: Database, organization: Organization, plants: dict[str, int]
) -> None:
    chosen: dict[str, Any] = {"fields": ["contract_number", "kind"], "filters": [{"field": "kind", "op": "eq", "value": "ppa"}]}
    before = ours["admin"].post(
        "/api/reports/generate", {"report": "energy.contracts", "format": "csv", "options": {"delimiter": ";"}, **chosen}
    )
    assert before.status_code == 202, before.text
    asked: dict[str, str | list[str]] = {"as__run": str(before.json()["id"]), "file__format": "csv", "e_project_id": "*"}
    status, page = send(admin, "/reports/energy.contracts", do="template", made__as="runs", **asked)
    assert status == 422 and re.search(r'id="f-made-as-error">A template keeps several values as one file', page)
    status, place = send(admin, "/reports/energy.contracts", do="template", made__as="zip", **asked)
    assert status == 303, place
    page = admin.get(place).text
    assert re.search(r"<dt>One for each: Project</dt><dd>all there are. One zip with a file for each</dd>", page)
    assert re.search(r"<dt>Only where</dt><dd>Kind is ppa</dd>", page), page
    status, made = send(admin, "/templates/new", **{**filled(page), "name": "Every plant"})
    assert status == 303, made
    config = {"each": {"project_id": "*"}, "made_as": "zip", "options": {"delimiter": ";"}, **chosen}
    assert said_by(database, organization, made.removeprefix("/templates/")) == ("csv", {}, None, config)
    as_pdf = send(admin, "/templates/new", **{**filled(page), "name": "As PDF", "format": "pdf"})[1]  # the options were of CSV
    assert said_by(database, organization, as_pdf.removeprefix("/templates/"))[3] == {
        name: said for name, said in config.items() if name != "options"
    }
    assert send(admin, "/templates/new", **{**filled(page), "name": "Bent", "as__kept": '{"each": 5}'})[0] == 422


def number_of(database: Database, organization: Organization, name: str) -> int:
    with database.tenant(organization.id) as connection:
        row = connection.execute("select id from octavo.report_template where name = %s", [name]).fetchone()
    assert row is not None
    return int(row[0])


def test_what_a_template_says_already_is_scheduled_by_it_at_once(
    admin: TestClient, ours: People, database: Database, organization: Organization
) -> None:
    """A template that says no period makes the last thirty days, as one that is seeded does; of two that say the same it is the first."""
    for said in (
        {"name": "In red", "report": "retail.sales", "format": "pdf", "branding_config": {"accent": "#aa0000"}},
        {"name": "Beside", "report": "retail.sales", "format": "pdf", "template_config": {"compare": "previous_period"}},
        {"name": "A month", "report": "retail.sales", "format": "pdf", "parameters": {"period": "previous_month"}, "default_date_range_days": None},
        {"name": "Plain", "report": "retail.sales", "format": "pdf"},
        {"name": "Plain too", "report": "retail.sales", "format": "pdf"},
        {"name": "Out of use", "report": "retail.sales", "format": "json", "active": False},
    ):  # fmt: skip
        assert ours["admin"].post("/api/reports/templates", said).status_code == 201
    last: dict[str, str | list[str]] = {"p_period": "last_30d", "file__format": "pdf"}
    for asked, name in (
        (last, "Plain"),
        ({**last, "compare": "previous_period"}, "Beside"),
        ({**last, "p_period": "previous_month", "sections": []}, "A month"),
    ):
        status, place = send(
            admin, "/reports/retail.sales", do="schedule", send__to="a@alpha.example, b@alpha.example", time_zone="Asia/Tokyo", **asked
        )
        number = number_of(database, organization, name)
        assert status == 303 and place.startswith("/schedules/new?") and place.endswith(f"&template_id={number}"), place
        page = admin.get(place).text
        assert (
            f'<option value="{number}" selected>' in page
            and 'value="Asia/Tokyo"' in page
            and ">a@alpha.example\nb@alpha.example</textarea>" in page
        )
    for other in ({"file__format": "json"}, {"p_period": "previous_year"}, {"sections": ["summary"]}, {"compare": "same_period_last_year"}):
        status, place = send(admin, "/reports/retail.sales", do="schedule", **{**last, **other})  # type: ignore[arg-type]
        assert status == 303 and place.startswith("/templates/new?"), (other, place)


def test_a_report_asked_as_its_seeded_template_says_is_scheduled_by_that(
    admin: TestClient, database: Database, organization: Organization
) -> None:
    with database.tenant(organization.id) as connection:
        templates.seed(connection, Actor.system("a test"), catalog.installed())
    for report, format, asked in (("energy.contracts", "csv", {}), ("retail.sales", "xlsx", {"p_period": "last_30d"})):
        entry = catalog.installed().report(report, organization)
        assert entry.report.template is not None and entry.report.template.format == format
        number = number_of(database, organization, entry.report.template.name)
        status, place = send(admin, f"/reports/{report}", do="schedule", file__format=format, **asked)
        assert (status, place) == (303, f"/schedules/new?template_id={number}")


def test_what_no_template_says_is_saved_as_one_first_and_then_scheduled(
    admin: TestClient, database: Database, organization: Organization
) -> None:
    asked: dict[str, str | list[str]] = {
        "p_period": "dates",
        "p_period__first": "2014-06-01",
        "p_period__last": "2014-06-30",
        "compare": "previous_period",
    }
    status, place = send(admin, "/reports/retail.sales", do="schedule", file__format="xlsx", send__me="on", **asked)
    assert status == 303 and place.startswith("/templates/new?"), place
    page = admin.get(place).text
    assert "Name it, and go on to the schedule" in page and 'id="f-name" name="name" value=""' in page
    status, again = send(admin, "/templates/new", **filled(page))
    assert status == 422 and "Save and go on to the schedule" in again  # it has no name yet
    status, place = send(admin, "/templates/new", **{**filled(again), "name": "June"})
    number = number_of(database, organization, "June")
    assert status == 303 and place.startswith("/schedules/new?") and place.endswith(f"&template_id={number}"), place
    assert said_by(database, organization, str(number)) == (
        "xlsx",
        {"period": "2014-06-01/2014-06-30"},
        None,
        {"compare": "previous_period"},
    )
    page = admin.get(place).text
    assert f'<option value="{number}" selected>' in page and ">admin@alpha.example</textarea>" in page
    status, place = send(admin, "/schedules/new", **{**filled(page), "do": "save", "name": "June, weekly"})
    assert status == 303 and re.fullmatch(r"/schedules/\d+", place), place
    status, place = send(admin, "/reports/retail.sales", do="schedule", file__format="xlsx", **asked)  # now there is one that says it
    assert place == f"/schedules/new?template_id={number}"


def test_where_a_saved_template_leads_is_the_form_of_a_schedule_and_nowhere_else(admin: TestClient) -> None:
    for number, then in enumerate(("https://elsewhere.example/", "/schedules/newer", "//elsewhere.example/schedules/new", "/sign-out")):
        said = {"report": "energy.contracts", "name": f"Contracts {number}", "format": "csv", "then": then}
        status, place = send(admin, "/templates/new", **said)
        assert status == 303 and re.fullmatch(r"/templates/\d+", place), (then, place)
