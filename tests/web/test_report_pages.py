"""The pages of reports and of what was made, as they answer: what is asked becomes a run, what may not be done is refused, filters stand in the address."""

import html
import re

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from octavo.control.access import actions as access
from octavo.control.runs import actions as runs
from octavo.database.connection import Database
from octavo.pipeline.document import Organization
from tests.web.conftest import Person
from tests.web.test_bulk_api import plants

__all__ = ["plants"]

People = dict[str, Person]
PASSWORD = "correct horse battery staple"


def signed_in(application: FastAPI, database: Database, organization: Organization, role: str) -> TestClient:
    client = TestClient(
        application, base_url="http://127.0.0.1", client=("127.0.0.1", 5000), raise_server_exceptions=False, follow_redirects=False
    )
    email = f"{role}@{organization.slug}.example"
    with database.tenant(organization.id) as connection:
        person = access.known_person(connection, email)
    access.set_password(database, person, PASSWORD)
    assert client.post("/sign-in", data={"email": email, "password": PASSWORD}).status_code == 303
    return client


def send(client: TestClient, address: str, /, **fields: str | list[str]) -> tuple[int, str]:
    """What a form is answered: the status, and where it leads or what it says."""
    token = access.csrf_token(client.cookies["octavo"])
    answered = client.post(address, data={"csrf_token": token, **{name.replace("__", "-"): value for name, value in fields.items()}})
    return answered.status_code, answered.headers.get("location", answered.text)


@pytest.fixture
def member(ours: People, application: FastAPI, database: Database, organization: Organization) -> TestClient:
    return signed_in(application, database, organization, "member")


def test_looking_leads_to_an_address_that_says_what_was_asked(member: TestClient) -> None:
    status, place = send(
        member, "/reports/energy.compliance", do="look", p_as_of="previous_month", p_upcoming_days="30", p_cured_days="365", p_project_id=""
    )
    assert (status, place) == (303, "/reports/energy.compliance?as_of=previous_month&upcoming_days=30&cured_days=365")
    shown = member.get(place).text
    assert re.search(r'<option value="previous_month" selected>Previous month: ', shown) and 'name="p_upcoming_days" value="30"' in shown


def test_making_again_keeps_the_columns_and_conditions_of_a_dataset(
    member: TestClient, ours: People, database: Database, organization: Organization
) -> None:
    asked = {
        "report": "energy.contracts", "format": "csv", "parameters": {"status": "active"}, "options": {"delimiter": ";"}, "fields": ["contract_number", "kind"],
        "filters": [{"field": "kind", "op": "eq", "value": "ppa"}], "arrangement": {"order": [{"field": "kind", "descending": True}]},
    }  # fmt: skip
    before = ours["member"].post("/api/reports/generate", asked)
    assert before.status_code == 202, before.text
    number = before.json()["id"]
    page = member.get(f"/reports/energy.contracts?again={number}").text
    assert "only where Kind is ppa" in page and '<option value="active" selected>' in page
    status, place = send(member, "/reports/energy.contracts", do="make", p_status="active", as__run=str(number), file__format="csv")
    assert status == 303 and place.startswith("/history/"), place
    with database.tenant(organization.id) as connection:
        first, again = runs.find(connection, number), runs.find(connection, int(place.removeprefix("/history/")))
    for name in ("report", "format", "parameters", "options", "fields", "filters", "arrangement", "masked"):
        assert getattr(again, name) == getattr(first, name), name
    assert member.get(f"/reports/energy.expenses?again={number}").status_code == 404


def test_a_viewer_looks_and_makes_nothing(ours: People, application: FastAPI, database: Database, organization: Organization) -> None:
    viewer = signed_in(application, database, organization, "viewer")
    assert send(viewer, "/reports/energy.compliance", do="look", p_as_of="today", p_upcoming_days="1", p_cured_days="1")[0] == 303
    for doing in ("make", "template", "schedule"):
        assert send(viewer, "/reports/energy.compliance", do=doing, p_as_of="today", p_upcoming_days="1", p_cured_days="1")[0] == 403
    with database.tenant(organization.id) as connection:
        assert runs.list_(connection).total == 0


def test_a_file_goes_to_ones_own_address_and_elsewhere_for_who_manages(
    member: TestClient, database: Database, organization: Organization
) -> None:
    status, said = send(member, "/reports/energy.contracts", do="make", file__format="csv", send__to="stranger@nobody.example")
    assert status == 403 and "only for who has the permission" in said
    status, place = send(member, "/reports/energy.contracts", do="make", file__format="csv", send__me="on")
    assert status == 303
    with database.tenant(organization.id) as connection:
        run = runs.find(connection, int(place.removeprefix("/history/")))
    assert run.deliver_to == [{"channel": "email", "to": f"member@{organization.slug}.example"}]


def test_the_password_of_a_file_is_refused_beside_its_field_when_it_is_short(member: TestClient) -> None:
    status, said = send(member, "/reports/energy.contracts", do="make", file__format="csv", file__password="short")
    assert status == 422 and re.search(r'id="f-file-password-error">The password of a file has 12 to 100', said)
    assert 'value="short"' not in said


def test_history_is_filtered_by_its_address(member: TestClient) -> None:
    for report in ("energy.contracts", "energy.expenses"):
        assert send(member, f"/reports/{report}", do="make", p_period="year_to_date", file__format="csv")[0] == 303
    places = re.compile(r'<a href="/history/\d+">([^<]+)</a>')
    assert set(places.findall(member.get("/history").text)) == {"Contracts", "Expenses"}
    assert set(places.findall(member.get("/history?report=energy.expenses&state=&format=").text)) == {"Expenses"}
    assert places.findall(member.get("/history?since=2199-01-01").text) == []
    wrong = member.get("/history?state=lost")
    assert wrong.status_code == 422 and 'id="f-state-error"' in wrong.text
    assert "no such page" in member.get("/history?page=7").text


def test_the_catalog_is_searched_by_words_of_titles_descriptions_and_columns(member: TestClient) -> None:
    names = re.compile(r'<a href="/reports/([^"]+)" class="title">')
    assert names.findall(member.get("/reports?q=METERS revenue").text) == ["energy.generation_summary"]
    assert "Nothing is called so" in member.get("/reports?q=xyzzy").text
    assert len(names.findall(member.get("/reports").text)) == 31


def test_figures_are_shown_beside_those_of_the_period_before_and_so_is_the_file(
    member: TestClient, database: Database, organization: Organization
) -> None:
    with database.tenant(organization.id) as connection:
        connection.execute("insert into retail.product (stock_code) values ('1')")
        for number, day, amount in (("0", "2014-05-10", "30"), ("1", "2014-06-10", "120")):
            connection.execute(
                "with made as (insert into retail.sale (invoice_number, sold_at, country) values (%s, %s, 'France') returning id) "
                "insert into retail.sale_line (sale_id, line_number, stock_code, quantity, unit_price, sold_at) select id, 1, '1', 1, %s, %s from made",
                [number, day, amount, day],
            )
    assert 'name="compare"' in member.get("/reports/retail.sales").text
    assert 'name="compare"' not in member.get("/reports/energy.contracts").text  # it is rows alone
    said = {"p_period": "dates", "p_period__first": "2014-06-01", "p_period__last": "2014-06-30", "compare": "previous_period"}
    status, place = send(member, "/reports/retail.sales", do="look", **said)
    assert (
        status == 303
        and place.endswith("&compare=previous_period")
        and '<option value="previous_period" selected>' in member.get(place).text
    )
    shown = member.get(place.replace("?", "/figures?")).text
    # 120 after 30 is 90 more, which is 300 % of what was
    assert re.search(r"\+\S*90[.,]00\S* \(\+300[.,]0.?%\); before \S*30[.,]00", shown.replace("\u00a0", "").replace("\u202f", "")), shown
    assert "previous period, 2014-05-01 to 2014-05-31" in shown
    status, place = send(member, "/reports/retail.sales", do="make", file__format="json", **said)
    assert status == 303, place
    with database.tenant(organization.id) as connection:
        assert runs.find(connection, int(place.removeprefix("/history/"))).compare == "previous_period"
    assert send(member, "/reports/energy.contracts", do="look", compare="previous_period")[0] == 422


def test_one_for_each_is_a_group_of_runs_or_one_file_as_by_the_api(
    member: TestClient, database: Database, organization: Organization, plants: dict[str, int]
) -> None:
    page = member.get("/reports/energy.contracts").text
    assert "One for each project" in page and re.search(r'name="e_project_id" value="\*"> All there are', page)
    two = [plants["Alder"], plants["Birch"]]
    asked: dict[str, str | list[str]] = {
        "e_project_id": [str(number) for number in two],
        "file__format": "csv",
        "p_project_id": str(plants["Cedar"]),
    }
    status, place = send(member, "/reports/energy.contracts", do="make", made__as="runs", **asked)
    assert status == 303 and place.startswith("/history?group_id="), place
    with database.tenant(organization.id) as connection:
        made = runs.group(connection, int(place.partition("=")[2]))
    assert [run.parameters for run in made] == [{"project_id": number} for number in two]
    send(member, "/reports/energy.contracts", do="make", file__format="csv")  # of no group
    listed = member.get(place).text
    assert set(re.findall(r'href="/history/(\d+)"', listed)) == {str(run.id) for run in made}
    assert "Only what was asked for at once" in listed and f'name="group_id" value="{made[0].group_id}"' in listed
    for made_as, each in (("zip", two), ("merged", "*")):
        said = asked if made_as == "zip" else {**asked, "e_project_id": ["*", str(two[0])]}
        status, place = send(member, "/reports/energy.contracts", do="make", made__as=made_as, **said)
        assert status == 303, place
        number = int(place.removeprefix("/history/"))
        with database.tenant(organization.id) as connection:
            run = runs.find(connection, number)
        assert (run.made_as, run.each, run.parameters) == (made_as, {"project_id": each}, {})
        again = member.get(f"/reports/energy.contracts?again={number}").text
        assert f'name="made-as" value="{made_as}" checked' in again
        ticked = re.findall(r'name="e_project_id" value="([^"]+)" checked', again)
        assert ticked == (["*"] if each == "*" else [str(one) for one in two])


def test_one_for_each_period_is_typed_or_ticked_and_what_cannot_be_is_said_in_the_form(
    member: TestClient, database: Database, organization: Organization
) -> None:
    said: dict[str, str | list[str]] = {"p_period": "previous_month", "e_period": ["previous_year"], "e_period__typed": "2014-06, 2014-Q2"}
    status, place = send(member, "/reports/retail.sales", do="look", made__as="runs", **said)
    assert status == 303 and "e_period=previous_year&e_period=2014-06&e_period=2014-Q2&made-as=runs" in place
    kept = member.get(place).text
    assert '"parameters": {}, "each": {"period": ["previous_year", "2014-06", "2014-Q2"]}, "made_as": "runs"}' in html.unescape(kept)
    assert 'value="previous_year" checked' in kept and 'name="e_period-typed" value="2014-06, 2014-Q2"' in kept
    status, place = send(member, "/reports/retail.sales", do="make", file__format="json", made__as="runs", **said)
    assert status == 303, place
    with database.tenant(organization.id) as connection:
        made = runs.group(connection, int(place.partition("=")[2]))
    assert [run.parameters["period"] for run in made] == ["previous_year", "2014-06", "2014-Q2"]
    beside = re.compile(r'id="f-([\w-]+)-error">([^<]+)')
    before = len(made)
    for more, field, words in (
        ({"e_period__typed": "2014-13"}, "e_period-typed", "2014-13"),
        ({"e_period": [], "e_period__typed": "", "made__as": "zip"}, "made-as", "made of several values"),
    ):
        status, page = send(member, "/reports/retail.sales", do="make", file__format="json", **{**said, **more})  # type: ignore[arg-type]
        errors = dict(beside.findall(page))
        assert status == 422 and set(errors) == {field} and words in errors[field], errors
    for more, words in (
        ({"compare": "previous_period", "made__as": "merged"}, "compar"),
        ({"e_period__typed": "2014-06, 2014-06"}, "are the same"),
    ):
        status, page = send(member, "/reports/retail.sales", do="make", file__format="json", **{**said, **more})  # type: ignore[arg-type]
        (alert,) = re.findall(r'<p class="wrong" role="alert">([^<]+)', page)
        assert status == 422 and words in alert and 'value="previous_year" checked' in page, alert
    with database.tenant(organization.id) as connection:
        assert runs.list_(connection).total == before


def test_where_there_are_too_many_to_tick_values_and_parts_of_names_are_typed(
    member: TestClient, database: Database, organization: Organization, plants: dict[str, int]
) -> None:
    with database.tenant(organization.id) as connection:
        connection.execute("insert into energy.project (name) select 'Plant ' || n from generate_series(1, 200) as n")
    page = member.get("/reports/energy.contracts").text
    assert 'name="e_project_id-typed"' in page and 'name="e_project_id" ' not in page
    asked: dict[str, str | list[str]] = {"file__format": "csv", "made__as": "zip"}
    status, place = send(member, "/reports/energy.contracts", do="make", e_project_id__typed=f"alder, {plants['Cedar']}", **asked)
    assert status == 303, place
    with database.tenant(organization.id) as connection:
        run = runs.find(connection, int(place.removeprefix("/history/")))
    assert run.each == {"project_id": [plants["Alder"], plants["Cedar"]]}
    again = member.get(f"/reports/energy.contracts?again={run.id}").text
    assert f'name="e_project_id-typed" value="{plants["Alder"]}, {plants["Cedar"]}"' in again
    for typed, words in (("Plant 1", "Several are called so"), ("alder, nowhere", "Nothing is called nowhere")):
        status, page = send(member, "/reports/energy.contracts", do="make", e_project_id__typed=typed, **asked)
        (error,) = re.findall(r'id="f-e_project_id-typed-error">([^<]+)', page)
        assert status == 422 and words in error and f'value="{typed}"' in page
