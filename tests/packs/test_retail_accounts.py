"""Customers' accounts in the retail pack: what is open on a day, how old it is, and that every section tells of the same money."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from octavo.database.connection import Database
from octavo.pipeline.document import Organization
from tests.packs import samples

AGED = ("days_0_30", "days_31_60", "days_61_90", "over_90", "unapplied_credits")


def owe(database: Database, organization: Organization, due_on: str, amount: int = 200, number: str = "I1") -> None:
    """Sells for an amount on account to customer K, a month before it is due."""
    with database.tenant(organization.id) as tenant:
        tenant.execute("insert into retail.customer (number, credit_limit) values ('K', 1000) on conflict do nothing")
        tenant.execute("insert into retail.product (stock_code) values ('1') on conflict do nothing")
        tenant.execute(
            "with sold as (insert into retail.sale (invoice_number, sold_at, customer_id, country, status, due_on) "
            "select %s, %s::date - 30, id, 'France', 'credit', %s from retail.customer returning id) "
            "insert into retail.sale_line (sale_id, line_number, stock_code, quantity, unit_price, sold_at) select id, 1, '1', 1, %s, now() from sold",
            [number, due_on, due_on, amount],
        )


def aged(database: Database, organization: Organization, as_of: str, **asked: Any) -> dict[str, Any]:
    (row,) = samples.sections(database, organization, "retail.customers", as_of=as_of, **asked)["credit_ageing"]
    return row


@pytest.mark.parametrize(
    ("days", "bucket"),
    [(-5, "days_0_30"), (0, "days_0_30"), (30, "days_0_30"), (31, "days_31_60"), (60, "days_31_60"), (61, "days_61_90"), (90, "days_61_90"), (91, "over_90"), (400, "over_90")],
)  # fmt: skip
def test_a_debt_is_as_old_as_the_days_since_it_was_due(database: Database, organization: Organization, days: int, bucket: str) -> None:
    owe(database, organization, "2014-06-01")
    row = aged(database, organization, (date(2014, 6, 1) + timedelta(days=days)).isoformat())
    assert {name: row[name] for name in AGED if row[name]} == {bucket: 200}
    assert row["oldest_days"] == days


def test_by_invoice_date_it_is_as_old_as_the_days_since_the_sale(database: Database, organization: Organization) -> None:
    owe(database, organization, "2014-06-01")
    assert aged(database, organization, "2014-06-01", basis="invoice")["oldest_days"] == 30
    assert aged(database, organization, "2014-06-02", basis="invoice")["days_31_60"] == 200


def test_a_credit_that_is_applied_to_nothing_stands_apart_and_the_balance_is_the_account(
    database: Database, organization: Organization
) -> None:
    # 200, 35 days late, and a credit of 50: other policies age the credit, or take it off the debt; here 31-60 stays 200 and the balance is 150.
    owe(database, organization, "2014-06-01")
    with database.tenant(organization.id) as tenant:
        tenant.execute(
            "insert into retail.account_posting (customer_id, posted_at, kind, amount) select id, '2014-06-20', 'credit', -50 from retail.customer"
        )
    row = aged(database, organization, "2014-07-06")
    assert [row[name] for name in (*AGED, "balance", "oldest_days")] == [0, 200, 0, 0, -50, 150, 35]


def test_a_credit_may_exceed_the_debt_and_is_never_cut_off(database: Database, organization: Organization) -> None:
    owe(database, organization, "2014-06-01")
    with database.tenant(organization.id) as tenant:
        tenant.execute(
            "insert into retail.payment (sale_id, paid_at, method, amount) select id, '2014-06-02', 'transfer', 230 from retail.sale"
        )
    row = aged(database, organization, "2014-06-30")
    assert (row["unapplied_credits"], row["balance"], row["open_items"]) == (-30, -30, 0)


def test_a_payment_lowers_the_debt_from_its_day_on(database: Database, organization: Organization) -> None:
    owe(database, organization, "2014-06-01")
    with database.tenant(organization.id, zone=organization.time_zone) as tenant:
        tenant.execute(
            "insert into retail.payment (sale_id, paid_at, method, amount) select id, '2014-06-10 23:59', 'transfer', 80 from retail.sale"
        )
    assert aged(database, organization, "2014-06-09")["balance"] == 200
    assert aged(database, organization, "2014-06-10")["balance"] == 120


def test_the_last_fifty_entries_are_listed_and_the_balance_is_that_of_all(database: Database, organization: Organization) -> None:
    for number in range(1, 61):
        owe(database, organization, (date(2014, 1, 31) + timedelta(days=number)).isoformat(), amount=number, number=f"I{number:02}")
    rows = samples.sections(database, organization, "retail.customers", as_of="2014-12-31")["credit_transactions"]
    assert [row["reference"] for row in rows] == [f"I{number:02}" for number in range(11, 61)]
    assert rows[0]["balance_after"] == sum(range(1, 12))
    assert rows[-1]["balance_after"] == sum(range(1, 61))


@pytest.fixture(params=[1, 2])
def sampled(request: pytest.FixtureRequest, database: Database, organization: Organization) -> Organization:
    samples.load(database, organization, "retail", request.param)
    return organization


def test_every_section_tells_of_the_same_money(database: Database, sampled: Organization) -> None:
    today: date = samples.ask(database, sampled, "select current_date")[0][0]
    for days in (0, 60, 180):
        as_of = today - timedelta(days=days)
        found = samples.sections(database, sampled, "retail.customers", as_of=as_of.isoformat())
        (summary,) = found["summary"]
        with database.tenant(sampled.id, zone=sampled.time_zone) as tenant:
            ((account,),) = tenant.execute(
                "select coalesce(sum(amount), 0) from retail.account_entry where booked_at::date <= %s", [as_of]
            ).fetchall()
        assert summary["balance"] == account == samples.add(found["details"], "balance") == samples.add(found["credit_ageing"], "balance")
        assert samples.add(found["ageing"], "amount") == account
        assert [row["amount"] for row in found["ageing"]] == [summary[name] for name in AGED]
        for row in found["credit_ageing"]:
            assert sum(row[name] for name in AGED) == row["balance"]
        ended = {row["customer_id"]: row["balance_after"] for row in found["credit_transactions"]}
        assert {row["customer_id"]: row["balance"] for row in found["details"] if row["customer_id"] in ended} == ended
        assert len(found["details"]) == summary["customers"] == 60
    assert summary["balance"] > 0


def test_filters_leave_the_customers_that_are_asked_for(database: Database, sampled: Organization) -> None:
    every = samples.sections(database, sampled, "retail.customers")["details"]
    for asked, keeps in (
        ({"customer_type": "wholesale"}, lambda row: row["customer_type"] == "wholesale"),
        ({"credit_status": "overdue"}, lambda row: row["credit_status"] == "overdue"),
        ({"min_outstanding": "200"}, lambda row: row["balance"] >= 200),
        ({"active": "false"}, lambda row: not row["active"]),
    ):
        found = samples.sections(database, sampled, "retail.customers", **asked)
        assert found["details"] == [row for row in every if keeps(row)]
        assert 0 < len(found["details"]) < 60
        assert found["summary"][0]["balance"] == samples.add(found["details"], "balance")
    states = {row["credit_status"] for row in every}
    assert {"blocked", "overdue", "open", "clear"} <= states


def test_in_the_sample_nothing_is_paid_before_it_is_sold_or_in_the_future(database: Database, sampled: Organization) -> None:
    assert samples.ask(
        database,
        sampled,
        "select count(*) from retail.payment join retail.sale on sale.id = sale_id where paid_at < sold_at or paid_at > now()",
    ) == [(0,)]
    assert samples.ask(database, sampled, "select count(*) from retail.sale where status = 'credit' and due_on is null") == [(0,)]
    assert samples.ask(database, sampled, "select count(*) from retail.account_posting where posted_at > now()") == [(0,)]
    assert Decimal(samples.ask(database, sampled, "select count(*) from retail.account_posting")[0][0]) > 0
