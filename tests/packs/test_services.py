"""The services pack: how figures are measured, what is overdue, and that every section of a report tells of the same rows."""

import statistics
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from octavo.database.connection import Database
from octavo.pipeline.document import Organization
from tests.packs import samples

REPORTS = {
    "quote_cycle_time": ("quotes", "quotes", "amount"),
    "invoice_settlement_time": ("invoices", "invoices", "total"),
    "payments_received": ("payments", "payments", "amount"),
    "time_approvals": ("time_entries", "entries", "hours"),
}
"""Of each report: its rows, what the breakdowns count, and what they add up."""


@pytest.fixture(params=[1, 2])
def sampled(request: pytest.FixtureRequest, database: Database, organization: Organization) -> Organization:
    samples.load(database, organization, "services", request.param)
    return organization


def one(database: Database, organization: Organization, query: str, *values: Any) -> Any:
    with database.tenant(organization.id, zone=organization.time_zone) as tenant:
        ((value,),) = tenant.execute(query.encode(), values).fetchall()
    return value


# --- percentiles ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("figures", [[7], [1, 2], [1, 4, 10, 30], [3, 3, 3, 8, 9, 9, 12, 40, 41, 77, 102]])
@pytest.mark.parametrize("fraction", ["0.1", "0.25", "0.5", "0.75", "0.9"])
def test_percentiles_are_those_of_an_independent_program(
    database: Database, organization: Organization, figures: list[int], fraction: str
) -> None:
    place = int(Decimal(fraction) * 100) - 1

    def ours(method: str) -> Decimal | None:
        value: Decimal | None = one(
            database, organization, "select services.percentile(%s::numeric[], %s::numeric, %s)", figures, fraction, method
        )
        return value

    if len(figures) > 1:
        assert float(ours("inc") or 0) == pytest.approx(statistics.quantiles(figures, n=100, method="inclusive")[place])
        reach = Decimal(fraction) * (len(figures) + 1)
        if 1 <= reach <= len(figures):
            assert float(ours("exc") or 0) == pytest.approx(statistics.quantiles(figures, n=100, method="exclusive")[place])
        else:
            assert ours("exc") is None
    continuous = "select percentile_cont(%s::float8) within group (order by n) from unnest(%s::int[]) as n"
    assert float(ours("inc") or 0) == pytest.approx(one(database, organization, continuous, fraction, figures))
    assert ours("disc") == one(
        database,
        organization,
        "select percentile_disc(%s::float8) within group (order by n) from unnest(%s::int[]) as n",
        fraction,
        figures,
    )


def test_nothing_has_no_percentile(database: Database, organization: Organization) -> None:
    for method in ("inc", "exc", "disc"):
        assert one(database, organization, "select services.percentile('{}', 0.5, %s)", method) is None
        assert one(database, organization, "select services.percentile(null, 0.5, %s)", method) is None


@pytest.mark.parametrize("report", REPORTS)
def test_nothing_is_zero_and_has_no_rate_and_no_days(database: Database, organization: Organization, report: str) -> None:
    (summary,) = samples.sections(database, organization, f"services.{report}")["summary"]
    empty = {name for name, value in summary.items() if value is None}
    assert summary[REPORTS[report][1]] == 0
    assert {name for name in summary if name.endswith("_rate") or name.startswith(("mean_", "median_", "min_", "max_"))} <= empty
    assert summary["percentile_method"].startswith("PERCENTILE.INC")


# --- every section tells of the same rows -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked",
    [{}, {"overdue_only": True}, {"customer_id": "C003"}, {"project_id": "P005"}, {"period": "last_30d"}, {"period": "previous_quarter", "overdue_only": True}],
)  # fmt: skip
@pytest.mark.parametrize("report", REPORTS)
def test_all_sections_agree_whatever_is_asked(database: Database, organization: Organization, report: str, asked: dict[str, Any]) -> None:
    samples.load(database, organization, "services", 1)
    rows, counted, added = REPORTS[report]
    found = samples.sections(database, organization, f"services.{report}", **asked)
    (summary,) = found["summary"]
    assert summary[counted] == len(found[rows])
    assert summary[added] == samples.add(found[rows], added)
    parts = [name for name in found if name.startswith("by_")]
    assert len(parts) >= 4
    for name in parts:
        assert samples.add(found[name], counted) == len(found[rows]), name
        assert samples.add(found[name], added) == samples.add(found[rows], added), name
        if found[rows]:
            assert abs(samples.add(found[name], "share") - 100) < Decimal("0.01"), name
    measured = summary.get(
        "measured", sum(row["days"] is not None for row in found[rows]) if report == "time_approvals" else len(found[rows])
    )
    assert samples.add(found["distribution"], counted) == measured
    if asked.get("customer_id"):
        assert {row["customer_code"] for row in found[rows]} == {"C003"}


@pytest.mark.parametrize("report", [report for report in REPORTS if report != "payments_received"])
def test_the_states_together_are_the_whole(database: Database, sampled: Organization, report: str) -> None:
    rows = REPORTS[report][0]
    whole = samples.sections(database, sampled, f"services.{report}")
    parts = [
        row
        for state in whole["by_status"]
        for row in samples.sections(database, sampled, f"services.{report}", status=state["status"])[rows]
    ]
    assert len(whole["by_status"]) >= 3
    assert sorted(map(str, parts)) == sorted(map(str, whole[rows]))


def test_only_what_is_overdue_is_left_when_that_is_asked(database: Database, sampled: Organization) -> None:
    for report in ("quote_cycle_time", "invoice_settlement_time", "time_approvals"):
        rows = REPORTS[report][0]
        every = samples.sections(database, sampled, f"services.{report}")[rows]
        overdue = samples.sections(database, sampled, f"services.{report}", overdue_only=True)[rows]
        assert overdue
        assert overdue == [row for row in every if row["overdue"]]
    late = samples.sections(database, sampled, "services.payments_received", overdue_only=True)["payments"]
    assert late
    assert all(row["days_late"] > 0 for row in late)


# --- as of a day ------------------------------------------------------------------------------------------------------


def test_what_was_paid_later_is_not_seen(database: Database, sampled: Organization) -> None:
    (today,) = samples.ask(database, sampled, "select current_date")[0]
    paid = samples.ask(
        database, sampled,
        "select i.number, p.received_on, a.amount from services.payment_allocation a join services.payment p on p.id = a.payment_id join services.invoice i on i.id = a.invoice_id",
    )  # fmt: skip
    for days in (0, 45, 200):
        as_of = today - timedelta(days=days)
        then: dict[str, Decimal] = defaultdict(Decimal)
        for number, received_on, amount in paid:
            if received_on <= as_of:
                then[number] += amount
        found = samples.sections(database, sampled, "services.invoice_settlement_time", as_of=as_of.isoformat())
        assert {row["number"]: row["paid"] for row in found["invoices"] if row["paid"]} == {k: v for k, v in then.items() if v}
        assert all(row["issued_on"] <= as_of for row in found["invoices"])
        for row in found["invoices"]:
            assert row["open_amount"] == row["total"] - row["paid"]
            assert row["overdue"] is (row["open_amount"] > 0 and row["due_on"] < as_of)
            assert (row["settled_on"] is not None) is (row["open_amount"] <= 0)


def test_days_sales_outstanding_end_where_the_sales_end(database: Database, organization: Organization) -> None:
    with database.tenant(organization.id) as tenant:
        tenant.execute("insert into services.customer (id, code, name) values (1, 'A', 'A')")
        tenant.execute(
            "insert into services.invoice (number, customer_id, issued_on, due_on, total) values ('1', 1, '2014-02-10', '2014-03-10', 100), ('2', 1, '2014-04-10', '2014-05-10', 300)"
        )
    countback = "select services.dso_countback(%s, null, null)"
    # All 400 are open on 15 April: 15 days of April, 31 of March without sales, and all 28 of February.
    assert one(database, organization, countback, "2014-04-15") == 15 + 31 + 28
    # In March nothing was sold, so the 100 of February are still those of its whole month.
    assert one(database, organization, countback, "2014-03-31") == 31 + 28
    assert one(database, organization, countback, "2014-01-31") is None


# --- the sample -------------------------------------------------------------------------------------------------------


def test_the_sample_is_a_business_whose_money_adds_up(database: Database, sampled: Organization) -> None:
    assert samples.ask(
        database, sampled,
        "select (select count(*) from services.customer), (select count(distinct number) from services.quote), (select count(*) from services.invoice), (select count(*) from services.time_entry)",
    ) == [(24, 120, 150, 420)]  # fmt: skip
    allocated = "select count(*) from services.{table} as whole join (select {key} as id, sum(amount) as amount from services.payment_allocation group by 1) as part using (id) where part.amount > whole.{column}"
    assert samples.ask(database, sampled, allocated, table="payment", key="payment_id", column="amount") == [(0,)]
    assert samples.ask(database, sampled, allocated, table="invoice", key="invoice_id", column="total") == [(0,)]
    assert samples.ask(
        database, sampled, "select count(*) from services.payment_allocation a join services.payment p on p.id = payment_id join services.invoice i on i.id = invoice_id where p.customer_id <> i.customer_id or p.received_on < i.issued_on",
    ) == [(0,)]  # fmt: skip
    for table, day in (("payment", "received_on"), ("invoice", "issued_on"), ("time_entry", "worked_on")):
        assert samples.ask(database, sampled, "select count(*) from services.{table} where {day} > current_date", table=table, day=day) == [
            (0,)
        ]
    assert samples.ask(
        database, sampled, "select count(*) from services.time_entry where person_id = decided_by or decided_at > now()"
    ) == [(0,)]
    states = {row["status"] for row in samples.sections(database, sampled, "services.invoice_settlement_time")["by_status"]}
    assert {"settled", "open", "overdue"} <= states
    assert samples.add(samples.sections(database, sampled, "services.payments_received")["payments"], "unapplied") > 0


def test_the_same_seed_gives_the_same_sample_once(database: Database, organization: Organization, other_organization: Organization) -> None:
    rows = "select q.number, q.amount, c.name from services.quote q join services.customer c on c.id = customer_id order by 1, version"
    samples.load(database, organization, "services", 1)
    samples.load(database, other_organization, "services", 1)
    assert samples.ask(database, organization, rows) == samples.ask(database, other_organization, rows)
    with pytest.raises(psycopg.Error, match="needs an organization without quotes of its own"):
        samples.load(database, organization, "services", 2)


def test_a_larger_sample_is_that_many_times_as_large(database: Database, organization: Organization) -> None:
    samples.load(database, organization, "services", 1, factor=3)
    assert samples.ask(
        database, organization, "select (select count(distinct number) from services.quote), (select count(*) from services.time_entry)"
    ) == [(360, 1260)]
