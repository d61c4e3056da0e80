"""Samples at a size: as much of everything as octavo demo promises, and what follows from something follows there too.

A third of the medium sample is loaded, pack by pack, and asked in SQL of its rows; what reports say of it is set against that.
"""

from decimal import Decimal

import pytest

from octavo.database.connection import Database
from octavo.pipeline import catalog
from octavo.pipeline.document import Organization
from tests.packs import samples
from tests.packs.samples import add, ask, sections

PROMISED = {
    "retail": {"retail.sale_line": 1_000_000},
    "services": {"services.quote": 10_000, "services.invoice": 5_000, "services.payment": 20_000, "services.time_entry": 15_000},
}
"""What there is at least in the large sample of each organization."""


def load(database: Database, organization: Organization, pack: str) -> int:
    """Loads a third of the medium sample; gives how many times the smallest that is."""
    factor = catalog.installed().pack(pack).pack.sample_factors["medium"] // 3
    samples.load(database, organization, pack, 1, factor)
    return factor


@pytest.mark.parametrize("pack", PROMISED)
def test_the_large_sample_has_as_much_as_is_promised(database: Database, organization: Organization, pack: str) -> None:
    """What there is grows with the factor, but for chance: a third of the medium one, times what the large one is of that."""
    factor = load(database, organization, pack)
    times = Decimal(catalog.installed().pack(pack).pack.sample_factors["large"]) / factor
    for table, promised in PROMISED[pack].items():
        schema, name = table.split(".")
        ((there,),) = ask(database, organization, "select count(*) from {schema}.{table}", schema=schema, table=name)
        assert there * times >= promised, table


def test_sales_add_up_and_stock_follows_them(database: Database, organization: Organization) -> None:
    load(database, organization, "retail")
    asked: tuple[tuple[str, str], ...] = (
        ("a sale is its lines", "select count(*) from retail.sale where (lines, revenue) <> (select count(*), sum(line_total) from retail.sale_line where sale_id = sale.id)"),
        ("nobody pays more than was sold", "select count(*) from retail.sale where kind = 'sale' and paid > revenue - discount + tax"),
        ("what is completed is paid", "select count(*) from retail.sale where kind = 'sale' and status = 'completed' and paid <> revenue - discount + tax"),
        ("every line moves stock", "select (select count(*) from retail.sale_line) - (select count(*) from retail.stock_movement where sale_id is not null)"),
        ("stock lasts", "select count(*) from (select sum(quantity) as quantity from retail.stock_movement group by store_id, stock_code) as item where quantity < 0"),
        ("every sale is in the log", "select (select count(*) from retail.sale) - (select count(distinct sale_id) from retail.audit_event where event_type like 'sale.%%')"),
    )  # fmt: skip
    for what, question in asked:
        with database.tenant(organization.id, zone=organization.time_zone) as connection:
            assert connection.execute(question.replace("%%", "%").encode()).fetchone() == (0,), what
    ((account,),) = ask(database, organization, "select sum(amount) from retail.account_entry where booked_at < now()")
    (summary,) = sections(database, organization, "retail.customers")["summary"]
    aged = ("days_0_30", "days_31_60", "days_61_90", "over_90", "unapplied_credits")
    assert summary["balance"] == account == sum(summary[name] for name in aged)


def test_settlements_follow_from_payments_and_hours_from_people(database: Database, organization: Organization) -> None:
    load(database, organization, "services")
    ((open_amount, overdue),) = ask(
        database, organization,
        "select sum(open), sum(open) filter (where due_on < current_date) from ("
        "select invoice.due_on, invoice.total - coalesce((select sum(amount) from services.payment_allocation where invoice_id = invoice.id), 0) as open "
        "from services.invoice) as invoice",
    )  # fmt: skip
    told = sections(database, organization, "services.invoice_settlement_time", period="2020-01-01/2099-12-31")
    assert (told["summary"][0]["open_amount"], told["summary"][0]["overdue_amount"]) == (open_amount, overdue)
    assert add(told["invoices"], "open_amount") == add(told["by_customer"], "open_amount") == open_amount > 0
    ((applied,),) = ask(database, organization, "select sum(amount) from services.payment_allocation")
    received = sections(database, organization, "services.payments_received", period="2020-01-01/2099-12-31")
    assert received["summary"][0]["applied"] == add(received["payments"], "applied") == applied
    ((alone,),) = ask(database, organization, "select count(*) from services.time_entry where decided_by = person_id")
    assert alone == 0


def test_a_settlement_follows_from_readings_and_tariff_and_ageing_from_payments(database: Database, organization: Organization) -> None:
    load(database, organization, "energy")
    ((period, start, end),) = ask(
        database, organization, "select id, start_date, end_date from energy.billing_period where end_date < current_date order by end_date desc limit 1"
    )  # fmt: skip
    told = sections(database, organization, "energy.settlement", billing_period_id=period)
    assert not any(contract["differs"] for contract in told["contracts"])
    delivered = ask(
        database, organization,
        "select project.name, sum(net_energy_kwh) / 1000 from energy.meter_reading join energy.meter on meter.id = meter_id "
        "join energy.project on project.id = project_id, energy.billing_period as period where period.id = octavo.get_latest_completed_billing_period() "
        "and (interval_start at time zone time_zone)::date between period.start_date and period.end_date group by project.name",
    )  # fmt: skip
    assert {contract["project_name"]: contract["net_mwh"] for contract in told["contracts"]} == dict(delivered)
    ((billed,),) = ask(
        database, organization,
        "select sum(line_total) from energy.invoice_line join energy.invoice_header as header on header.id = invoice_header_id "
        "where billing_period_id = octavo.get_latest_completed_billing_period()",
    )  # fmt: skip
    assert told["summary"][0]["net_amount"] == told["summary"][0]["invoiced_amount"] == billed
    ((invoiced,),) = ask(database, organization, "select sum(subtotal + tax) from energy.invoice_header where status <> 'draft'")
    ((paid,),) = ask(database, organization, "select sum(amount) from energy.payment where received_on <= current_date")
    (ageing,) = sections(database, organization, "energy.invoice_aging")["summary"]
    assert (ageing["balance"], ageing["difference"]) == (invoiced - paid, 0)
    assert start < end


def test_nobody_is_written_to_after_an_answer(database: Database, organization: Organization) -> None:
    load(database, organization, "outreach")
    ((after,),) = ask(
        database, organization,
        "select count(*) from outreach.message as later join outreach.message as earlier on earlier.lead_id = later.lead_id and earlier.sent_at < later.sent_at "
        "where earlier.replied_at is not null or earlier.unsubscribed_at is not null or earlier.complained_at is not null or earlier.outcome = 'hard bounce'",
    )  # fmt: skip
    assert after == 0
    ((sent,),) = ask(database, organization, "select count(*) from outreach.message where outcome <> 'admin bounce'")
    told = sections(database, organization, "outreach.workspace_summary", period="2020-01-01/2099-12-31")
    assert told["summary"][0]["sent"] == add(told["by_workspace"], "sent") == add(told["by_month"], "sent") == sent
