"""Comparing over HTTP: with a report that is asked for, by a template and its schedule, and in a summary."""

import json
from decimal import Decimal
from typing import Any

import pytest
from fastapi import FastAPI

from octavo.database.connection import Database
from octavo.pipeline.document import Organization
from tests.web.conftest import Person
from tests.web.test_exports_api import work

People = dict[str, Person]
GENERATE, TEMPLATES, SUMMARY = "/api/reports/generate", "/api/reports/templates", "/api/reports/summary"
JUNE = {"period": "2014-06"}


@pytest.fixture
def sold(database: Database, organization: Organization) -> None:
    """30 in May and 120 in June 2014, to one customer each."""
    with database.tenant(organization.id) as connection:
        connection.execute("insert into retail.product (stock_code) values ('1')")
        for number, (day, amount) in enumerate((("2014-05-10", "30"), ("2014-06-10", "120"))):
            connection.execute(
                "with made as (insert into retail.sale (invoice_number, sold_at, country) values (%s, %s, 'France') returning id) "
                "insert into retail.sale_line (sale_id, line_number, stock_code, quantity, unit_price, sold_at) select id, 1, '1', 1, %s, %s from made",
                [str(number), day, amount, day],
            )


def manifest(person: Person, run: int) -> Any:
    return person.get(f"/api/reports/generated/{run}/manifest").json()


def test_a_report_is_made_beside_the_period_before(ours: People, sold: None, application: FastAPI, database: Database) -> None:
    asked = ours["member"].post(GENERATE, {"report": "retail.sales", "format": "json", "parameters": JUNE, "compare": "previous_period"})
    assert (asked.status_code, asked.json()["compare"]) == (202, "previous_period")
    assert work(application, database)
    run = ours["member"].get(asked.headers["location"]).json()
    assert (run["state"], run["compare"]) == ("completed", "previous_period")
    sealed = manifest(ours["member"], run["id"])
    assert sealed["parameters"]["compare"] == {
        "how": "previous_period", "start": "2014-05-01", "end": "2014-05-31", "time_zone": "Europe/London", "months": 1,
    }  # fmt: skip
    names = [column["name"] for section in sealed["sections"] if section["name"] == "by_country" for column in section["columns"]]
    assert names[-7:-3] == ["revenue", "revenue_before", "revenue_change", "revenue_change_percent"]
    detail = next(item["detail"] for item in ours["admin"].get("/api/audit").json()["items"] if item["action"] == "run.requested")
    assert detail["compare"] == "previous_period"


def test_a_summary_tells_what_was_before(ours: People, sold: None) -> None:
    answer = ours["viewer"].get(f"{SUMMARY}/retail.sales", **JUNE, compare="previous_period", sections="summary")
    assert answer.status_code == 200, answer.text
    told = json.loads(answer.text, parse_float=Decimal)
    (row,) = told["sections"][0]["rows"]
    assert (row["revenue"], row["revenue_before"], row["revenue_change"], row["revenue_change_percent"]) == (120, 30, 90, 300)
    kinds = {column["name"]: (column["title"], column["kind"]) for column in told["sections"][0]["columns"]}
    assert kinds["revenue_before"] == ("Revenue before", "money")
    assert kinds["revenue_change_percent"] == ("Revenue change %", "percent")
    assert told["parameters"]["compare"]["start"] == "2014-05-01"
    plain = ours["viewer"].get(f"{SUMMARY}/retail.sales", **JUNE, sections="summary").json()
    assert "revenue_before" not in plain["sections"][0]["rows"][0]


def test_all_of_a_summary_is_compared(ours: People, sold: None) -> None:
    told = ours["viewer"].get(f"{SUMMARY}/retail.sales", **JUNE, compare="same_period_last_year").json()
    assert [section["name"] for section in told["sections"]] == ["summary", "over_time", "by_country"]
    assert [section["rows"][0]["revenue_before"] for section in told["sections"]] == [0, None, None]
    assert told["parameters"]["compare"]["end"] == "2013-06-30"


REFUSED = [
    ({"report": "retail.sales", "compare": "previous_period"}, "give it a period with period="),
    ({"report": "energy.contracts", "compare": "previous_period"}, "is about no period"),
    ({"report": "energy.meter_data", "parameters": JUNE, "compare": "previous_period"}, "has only rows here"),
    ({"report": "retail.sales", "parameters": JUNE, "sections": ["sales"], "compare": "previous_period"}, "or ask for other sections"),
    ({"report": "retail.sales", "parameters": JUNE, "compare": "yesterday"}, "previous_period"),
]


@pytest.mark.parametrize(("asked", "said"), REFUSED)
def test_what_cannot_be_compared_is_refused_when_it_is_asked_for(ours: People, asked: dict[str, Any], said: str) -> None:
    answer = ours["member"].post(GENERATE, {"format": "csv", **asked})
    assert answer.status_code == 422
    assert said in answer.text
    assert ours["member"].get("/api/reports/generated").json()["total"] == 0


def test_a_summary_refuses_what_cannot_be_compared(ours: People) -> None:
    for path, query, said in (
        ("retail.sales", {}, "give it a period with period="),
        ("energy.invoice_received", {}, "is about no period"),
        ("retail.sales", JUNE | {"compare": "yesterday"}, "previous_period"),
    ):
        answer = ours["viewer"].get(f"{SUMMARY}/{path}", **{"compare": "previous_period", **query})
        assert answer.status_code == 422
        assert said in answer.text


def test_a_template_compares_and_so_does_what_a_schedule_makes_by_it(ours: People, application: FastAPI, database: Database) -> None:
    said = {
        "name": "Sales compared", "report": "retail.sales", "format": "csv", "parameters": {"period": "previous_month"},
        "template_config": {"compare": "same_period_last_year"},
    }  # fmt: skip
    template = ours["admin"].post(TEMPLATES, said)
    assert template.status_code == 201, template.text
    template_id = template.json()["id"]
    assert ours["member"].post(GENERATE, {"template_id": template_id}).json()["compare"] == "same_period_last_year"
    other = ours["member"].post(GENERATE, {"template_id": template_id, "compare": "previous_period"})
    assert other.json()["compare"] == "previous_period"
    rule = {"frequency": "daily", "time_of_day": "06:00", "time_zone": "Europe/Berlin"}
    schedule = ours["admin"].post("/api/reports/scheduled", {"name": "Sales", "template_id": template_id, "rule": rule})
    (run,) = ours["admin"].post(schedule.headers["location"] + "/preview").json()
    assert run["compare"] == "same_period_last_year"


@pytest.mark.parametrize(
    ("report", "config", "said"),
    [
        ("energy.contracts", {"compare": "previous_period"}, "is about no period"),
        ("energy.meter_data", {"compare": "previous_period"}, "has only rows here"),
        ("retail.sales", {"compare": "previous_period", "sections": ["line_items"]}, "or ask for other sections"),
        ("retail.sales", {"compare": "before"}, "previous_period, same_period_last_year"),
        ("retail.sales", {"compare": ["previous_period"]}, "previous_period, same_period_last_year"),
    ],
)
def test_a_template_that_could_never_compare_is_refused(ours: People, report: str, config: dict[str, Any], said: str) -> None:
    answer = ours["admin"].post(TEMPLATES, {"name": "Never", "report": report, "template_config": config})
    assert answer.status_code == 422
    assert said in answer.json()["detail"]


def test_a_run_of_an_export_compares_nothing_even_by_sql(ours: People, database: Database, organization: Organization) -> None:
    """The plan of an export says nothing of a comparison, so the database lets none of its runs have one."""
    export = ours["member"].post("/api/exports", {"dataset": "energy.contracts", "format": "csv"}).json()
    with database.tenant(organization.id) as connection, pytest.raises(Exception, match="The run is not what was approved"):
        connection.execute(
            "insert into octavo.generated_report (report, report_version, format, parameters, fields, source, export_request_id, requested_by, "
            "requested_by_name, masked, compare) select report, report_version, format, parameters, fields, source, export_request_id, requested_by, "
            "requested_by_name, masked, 'previous_period' from octavo.generated_report where export_request_id = %s",
            [export["id"]],
        )


def test_of_several_values_each_run_is_compared_and_one_file_of_them_is_refused(
    ours: People, sold: None, application: FastAPI, database: Database
) -> None:
    asked = {"report": "retail.sales", "format": "json", "each": {"period": ["2014-06", "2014-07"]}, "compare": "previous_period"}
    for made_as in ("merged", "zip"):
        refused = ours["member"].post(GENERATE, {**asked, "made_as": made_as})
        assert (refused.status_code, "A comparison is of one question" in refused.json()["detail"]) == (422, True)
    assert ours["member"].get("/api/reports/generated").json()["total"] == 0
    template = {"name": "Sales", "report": "retail.sales", "format": "pdf"}
    config = {"compare": "previous_period", "each": {"period": ["2014-06", "2014-07"]}, "made_as": "zip"}
    assert ours["admin"].post(TEMPLATES, {**template, "template_config": config}).status_code == 422
    made = ours["member"].post(GENERATE, asked)
    assert made.status_code == 202, made.text
    group = [run["id"] for run in made.json()["runs"]]
    assert [work(application, database) for _ in group] == [True, True]
    assert [manifest(ours["member"], run)["parameters"]["compare"]["start"] for run in group] == ["2014-05-01", "2014-06-01"]
