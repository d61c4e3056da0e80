"""Summaries over HTTP: the figures of a report as they stand in its file, exactly, for who may see them, and without a file."""

import json
import threading
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from octavo.control.summaries import actions
from octavo.database.connection import Database
from octavo.errors import DefinitionError
from octavo.pipeline import catalog, definition
from octavo.pipeline.document import Organization
from tests import examples
from tests.conftest import Render
from tests.web.conftest import Person

People = dict[str, Person]
PATH = "/api/reports/summary"
SUMMARIZED = {
    key: entry
    for key, entry in catalog.installed().entries.items()
    if any(isinstance(section, definition.Metrics | definition.Breakdown) for section in entry.report.sections)
}


def sections(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return {section["name"]: section for section in json.loads(answer.text, parse_float=Decimal)["sections"]}


@pytest.mark.parametrize("key", SUMMARIZED)
def test_a_summary_says_what_the_file_says(ours: People, database: Database, organization: Organization, render: Render, key: str) -> None:
    asked = examples.seed(database, organization, SUMMARIZED[key])
    file = Path(render(key, "json", asked).place).read_text(encoding="utf-8")
    written = json.loads(file, parse_float=Decimal)["sections"]
    told = sections(ours["admin"].get(f"{PATH}/{key}", **asked))
    assert set(told) >= {"summary"}
    for name, section in told.items():
        rows = written[name] if isinstance(written[name], list) else [written[name]]
        assert section["rows"] == rows
        assert [column["name"] for column in section["columns"]] == list(rows[0])
    assert ours["admin"].get("/api/reports/generated").json()["total"] == 0


def shop(database: Database, organization: Organization, *amounts: str) -> None:
    """A sale of each amount, in one country each."""
    with database.tenant(organization.id) as connection:
        connection.execute("insert into retail.product (stock_code) values ('1') on conflict do nothing")
        for number, amount in enumerate(amounts):
            connection.execute(
                "with made as (insert into retail.sale (invoice_number, sold_at, country) values (%s, '2014-06-01', %s) returning id) "
                "insert into retail.sale_line (sale_id, line_number, stock_code, quantity, unit_price, sold_at) select id, 1, '1', 1, %s, '2014-06-01' from made",
                [str(number), f"Country {number}", amount],
            )


def test_numbers_have_every_digit_that_the_database_holds(ours: People, database: Database, organization: Organization) -> None:
    shop(database, organization, "12345678901234567890.123456789", "0.1")
    answer = ours["viewer"].get(f"{PATH}/retail.sales", sections="summary")
    assert '"revenue":12345678901234567890.223456789' in answer.text
    assert answer.json()["masked"] is True
    assert [column["currency"] for column in answer.json()["sections"][0]["columns"] if column["name"] == "revenue"] == ["GBP"]


def test_only_the_sections_that_are_asked_for_are_told(ours: People) -> None:
    everything = sections(ours["viewer"].get(f"{PATH}/retail.sales"))
    assert list(everything) == ["summary", "over_time", "by_country"]
    assert list(sections(ours["viewer"].get(f"{PATH}/retail.sales?sections=by_country&sections=summary"))) == ["summary", "by_country"]


def test_parameters_are_those_of_the_report(ours: People, database: Database, organization: Organization) -> None:
    shop(database, organization, "1", "2", "4")
    narrowed = ours["viewer"].get(f"{PATH}/retail.sales", country="Country 2", period="2014-06", time_zone="Asia/Tokyo")
    assert sections(narrowed)["summary"]["rows"][0]["revenue"] == 4
    assert narrowed.json()["time_zone"] == "Asia/Tokyo"
    assert narrowed.json()["parameters"]["period"] == {"start": "2014-06-01", "end": "2014-06-30", "time_zone": "Asia/Tokyo"}


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("retail.nothing", 404, "There is no report"),
        ("retail.sales?sections=nothing", 404, "no section"),
        ("retail.sales?sections=sales", 422, "no part of its summary"),
        ("energy.contracts", 422, "no summary"),
        ("retail.sales?nothing=1", 422, "no parameter"),
        ("retail.sales?period=whenever", 422, "period"),
        ("retail.sales?country=Nowhere", 422, "country"),
        ("retail.sales?country=Nowhere&country=Here", 422, "country"),
        ("retail.sales?time_zone=Mars/Olympus", 422, "time zone"),
        ("energy.invoice_to_client", 422, "billing_period_id"),
    ],
)
def test_what_cannot_be_told_is_refused(ours: People, path: str, status: int, said: str) -> None:
    refused = ours["viewer"].get(f"{PATH}/{path}")
    assert (refused.status_code, said in refused.json()["detail"]) == (status, True), refused.text


def test_a_section_that_is_not_small_is_refused_with_what_to_do(ours: People, database: Database, organization: Organization) -> None:
    with database.tenant(organization.id) as connection:
        connection.execute(
            "insert into retail.sale (invoice_number, sold_at, country) select n::text, '2014-06-01', 'Country ' || n from generate_series(1, 1001) n"
        )
    refused = ours["viewer"].get(f"{PATH}/retail.sales")
    assert (refused.status_code, "by_country" in refused.json()["detail"]) == (413, True)
    assert sections(ours["viewer"].get(f"{PATH}/retail.sales", sections="summary"))["summary"]["rows"][0]["invoices"] == 1001


def test_another_organizations_figures_are_in_no_summary(
    ours: People, theirs: People, database: Database, organization: Organization, other_organization: Organization
) -> None:
    shop(database, organization, "1")
    shop(database, other_organization, "2")
    for people, revenue in ((ours, 1), (theirs, 2)):
        assert sections(people["viewer"].get(f"{PATH}/retail.sales", sections="summary"))["summary"]["rows"][0]["revenue"] == revenue


def test_who_asks_the_same_at_once_is_answered_by_one_query_and_no_other_organization_or_right_shares_it(
    ours: People, theirs: People, application: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked: list[tuple[int, bool]] = []
    summarize = actions.summarize
    flight = application.state.summaries

    def slowly(database: Database, asked: actions.Asked, **more: Any) -> bytes:
        worked.append((asked.organization.id, asked.masked))
        go_on.wait(30)
        return summarize(database, asked, **more)

    monkeypatch.setattr(actions, "summarize", slowly)  # holds the work up, so that all come while it is under way
    go_on = threading.Event()
    told: list[Any] = []
    askers = [ours["viewer"]] * 3 + [ours["admin"]] * 2 + [theirs["viewer"]] * 2
    threads = [
        threading.Thread(target=lambda person=person: told.append(person.get(f"{PATH}/retail.sales").status_code)) for person in askers
    ]
    for thread in threads:
        thread.start()
    while len(worked) < 3 or flight.waiting() < 4:
        assert any(thread.is_alive() for thread in threads)
    go_on.set()
    for thread in threads:
        thread.join(30)
    assert told == [200] * 7
    assert sorted(worked) == [(1, False), (1, True), (2, True)]


def test_that_a_query_yields_what_its_columns_promise_is_asked_once_and_a_query_that_does_not_is_never_let_pass(
    database: Database, organization: Organization
) -> None:
    entry = SUMMARIZED["retail.sales"]
    wrong = replace(
        entry, queries={**entry.queries, "summary": entry.queries["summary"].replace("    revenue,\n", "    revenue::float8,\n", 1)}
    )
    proven: set[Any] = set()
    for _ in range(2):
        with pytest.raises(DefinitionError, match="'revenue' as float8"):
            actions.summarize(database, actions.Asked(wrong, organization, {}), timeout_seconds=30, proven=proven)
    assert proven == set()
    for _ in range(2):
        actions.summarize(database, actions.Asked(entry, organization, {}), timeout_seconds=30, proven=proven)
        assert len(proven) == 3  # summary, over_time, by_country
    actions.summarize(database, actions.Asked(entry, organization, {"period": "2014-06"}), timeout_seconds=30, proven=proven)
    assert len(proven) == 6  # values of other types
