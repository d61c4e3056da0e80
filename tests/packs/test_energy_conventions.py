"""The conventions of the energy reports by published figures: banded factors, ageing of credits, days sales outstanding, cures, excused hours, La Haute Borne."""

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from octavo.database.connection import Connection, Database
from octavo.pipeline import catalog
from octavo.pipeline.document import Organization
from tests import examples
from tests.packs.test_energy_load import load_meter
from tests.packs.test_energy_schema import one

AS_OF = date(2014, 9, 30)


@pytest.fixture
def tenant(database: Database, organization: Organization) -> Iterator[Connection]:
    """A transaction of the organization, with a plant in Berlin and a power purchase of it."""
    with database.tenant(organization.id) as connection:
        connection.execute("insert into energy.project (id, name, country, time_zone) values (1, 'P', 'DE', 'Europe/Berlin')")
        connection.execute(
            "insert into energy.contract (id, project_id, number, name, kind, counterparty_name, currency, start_date) "
            "values (1, 1, '1', 'C', 'ppa', 'B', 'EUR', '2014-01-01')"
        )
        connection.execute(
            "insert into energy.billing_period (id, name, start_date, end_date) values (1, '2014', '2014-01-01', '2014-12-31')"
        )
        connection.execute("insert into energy.invoice_line_type (id, code, name) values (1, 'energy', 'Energy')")
        yield connection


def bill(connection: Connection, issued: date, amount: str, due: date | None = None) -> int:
    number = int(
        one(
            connection,
            "insert into energy.invoice_header (contract_id, billing_period_id, invoice_number, issue_date, due_date, status, currency) "
            "values (1, 1, 'R' || (select count(*) from energy.invoice_header), %s, %s, 'issued', 'EUR') returning id",
            [issued, due or issued],
        )
    )
    connection.execute(
        "insert into energy.invoice_line (invoice_header_id, line_number, invoice_line_type_id, description, quantity, unit, unit_price, line_total) "
        "values (%s, 1, 1, 'Energy', 1, 'month', %s, %s)",
        [number, amount, amount],
    )
    return number


def pay(connection: Connection, day: date, amount: str) -> int:
    query = "insert into energy.payment (contract_id, reference, received_on, amount, currency) values (1, 'P', %s, %s, 'EUR') returning id"
    return int(one(connection, query, [day, amount]))


# --- the banded factor ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("measured", "factor"), [("98", "100"), ("99.5", "100"), ("90", "84"), ("70", "44"), ("69.9", "0"), (None, None)])
def test_a_storage_payment_falls_by_2_percent_for_each_percent_under_98_and_to_nothing_below_70(
    tenant: Connection, measured: str | None, factor: str | None
) -> None:
    found = one(tenant, "select energy.availability_factor(%s::numeric, 98, 2, 70)", [measured])
    assert found == (Decimal(factor) if factor else None)


# --- ageing --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("credits", "current", "days_60", "unapplied"),
    [("separate", 0, 200, -50), ("current", -50, 200, 0), ("own_date", 0, 150, 0), ("oldest_first", 0, 150, 0)],
)
def test_an_invoice_of_200_that_is_35_days_past_due_and_a_credit_of_50(
    tenant: Connection, credits: str, current: int, days_60: int, unapplied: int
) -> None:
    bill(tenant, AS_OF - timedelta(days=65), "200", AS_OF - timedelta(days=35))
    bill(tenant, AS_OF - timedelta(days=35), "-50")
    found = tenant.execute(
        "select not_due, days_60, unapplied_credits, balance from energy.aged_receivables(%s, 'due', %s)", [AS_OF, credits]
    ).fetchall()
    assert found == [(current, days_60, unapplied, 150)]


def test_credits_beyond_every_debt_stay_in_current_when_they_are_set_against_the_oldest_first(tenant: Connection) -> None:
    for days, amount in ((130, "10"), (100, "20"), (70, "30"), (40, "40"), (10, "50")):
        bill(tenant, AS_OF - timedelta(days=days), amount)
    query = "select days_over_120, days_120, days_90, days_60, days_30, not_due, balance from energy.aged_receivables(%s, 'due', 'oldest_first')"
    pay(tenant, AS_OF, "45")
    assert tenant.execute(query, [AS_OF]).fetchall() == [(0, 0, 15, 40, 50, 0, 105)]
    pay(tenant, AS_OF, "115")
    assert tenant.execute(query, [AS_OF]).fetchall() == [(0, 0, 0, 0, 0, -10, -10)]


@pytest.mark.parametrize(
    ("days", "bucket"),
    [(-1, "not_due"), (0, "not_due"), (1, "days_30"), (30, "days_30"), (31, "days_60"), (60, "days_60"), (61, "days_90"), (90, "days_90"),
     (91, "days_120"), (120, "days_120"), (121, "days_over_120")],
)  # fmt: skip
def test_the_edges_of_the_buckets(tenant: Connection, days: int, bucket: str) -> None:
    bill(tenant, AS_OF - timedelta(days=200), "7", AS_OF - timedelta(days=days))
    names = ("not_due", "days_30", "days_60", "days_90", "days_120", "days_over_120")
    query = "select not_due, days_30, days_60, days_90, days_120, days_over_120 from energy.aged_receivables(%s, 'due', 'separate')"
    (found,) = tenant.execute(query, [AS_OF]).fetchall()
    assert dict(zip(names, found, strict=True)) == {name: 7 if name == bucket else 0 for name in names}
    assert one(tenant, "select days_over_120 from energy.aged_receivables(%s, 'invoice', 'separate')", [AS_OF]) == 7


def test_what_is_paid_issued_or_applied_after_the_day_changes_nothing_of_that_day(tenant: Connection) -> None:
    invoice = bill(tenant, date(2014, 8, 1), "100")
    early = pay(tenant, AS_OF, "30")
    before = tenant.execute("select * from energy.receivables(%s)", [AS_OF]).fetchall()
    late = pay(tenant, AS_OF + timedelta(days=1), "70")
    bill(tenant, AS_OF + timedelta(days=1), "500")
    for payment, amount in ((early, 30), (late, 70)):
        tenant.execute(
            "insert into energy.payment_allocation (payment_id, invoice_header_id, currency, amount, allocated_on) values (%s, %s, 'EUR', %s, %s)",
            [payment, invoice, amount, AS_OF + timedelta(days=1)],
        )
    assert tenant.execute("select * from energy.receivables(%s)", [AS_OF]).fetchall() == before
    assert one(tenant, "select sum(open_amount) from energy.receivables(%s)", [AS_OF + timedelta(days=1)]) == 500


def test_an_allocation_that_is_older_than_its_payment_counts_when_the_payment_has_come(tenant: Connection) -> None:
    invoice = bill(tenant, date(2014, 8, 1), "100")
    payment = pay(tenant, AS_OF + timedelta(days=1), "100")
    tenant.execute(
        "insert into energy.payment_allocation (payment_id, invoice_header_id, currency, amount, allocated_on) values (%s, %s, 'EUR', 100, '2014-08-02')",
        [payment, invoice],
    )
    assert one(tenant, "select sum(open_amount) from energy.receivables(%s)", [AS_OF]) == 100
    assert one(tenant, "select sum(open_amount) from energy.receivables(%s)", [AS_OF + timedelta(days=1)]) == 0


def test_counting_back_12000_over_the_printed_sales_is_166_3_days(tenant: Connection) -> None:
    # May to September are 11,000 and 153 days; 1,000 of April's 2,250 are 13.3 days.
    for month, sales in ((4, "2250"), (5, "2000"), (6, "2500"), (7, "2250"), (8, "1750"), (9, "2500")):
        bill(tenant, date(2014, month, 15), sales)
    pay(tenant, date(2014, 9, 20), "1250")
    assert tenant.execute("select * from energy.countback_days(%s, null, null)", [AS_OF]).fetchall() == [("EUR", 12000, Decimal("166.3"))]


def test_counting_back_knows_no_days_where_more_is_owed_than_was_sold_and_0_where_nothing_is(tenant: Connection) -> None:
    bill(tenant, date(2014, 9, 15), "100")
    pay(tenant, date(2014, 9, 20), "-50")  # sent back
    assert one(tenant, "select days from energy.countback_days(%s, null, null)", [AS_OF]) is None
    pay(tenant, date(2014, 9, 20), "150")
    assert one(tenant, "select days from energy.countback_days(%s, null, null)", [AS_OF]) == 0


# --- cures ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("notice", "days", "kind", "deadline"),
    [
        ("2014-06-01", 30, "calendar", "2014-07-01"),
        ("2014-06-06", 0, "business", "2014-06-06"),
        ("2014-06-06", 1, "business", "2014-06-10"),  # Friday; Whit Monday, 9 June, is a holiday
        ("2014-06-07", 1, "business", "2014-06-10"),  # Saturday
        ("2014-06-02", 10, "business", "2014-06-17"),
        ("2014-06-02", None, None, None),
    ],
)
def test_a_term_in_calendar_or_business_days_begins_on_the_day_after_the_notice(
    tenant: Connection, notice: str, days: int | None, kind: str | None, deadline: str | None
) -> None:
    tenant.execute(
        "insert into energy.holiday (country, day, name) values ('DE', '2014-06-09', 'Pfingstmontag'), ('FR', '2014-06-10', 'no')"
    )
    found = one(tenant, "select energy.add_days(%s::date, %s::integer, %s::text, 'DE')", [notice, days, kind])
    assert found == (date.fromisoformat(deadline) if deadline else None)


# --- what is excused -----------------------------------------------------------------------------------------------------


def guarantee(connection: Connection, **columns: Any) -> None:
    values = {"guaranteed_value": 97, "damages_form": "shortfall_rate", "damages_rate": 25, "maintenance": None, "window": 1} | columns
    connection.execute(
        "insert into energy.clause (contract_id, reference, title, kind, guaranteed_value, guaranteed_unit, window_months, damages_form, damages_rate, "
        "excused_maintenance_hours) select id, '7.2', 'Availability', 'availability', %(guaranteed_value)s, 'percent', %(window)s, %(damages_form)s, "
        "%(damages_rate)s, %(maintenance)s from energy.contract",
        values,
    )


def test_of_scheduled_maintenance_only_the_first_hours_of_a_year_are_excused_and_what_overlaps_counts_once(tenant: Connection) -> None:
    guarantee(tenant, maintenance=10)
    for cause, start, end in (
        ("scheduled_maintenance", "2014-03-01 06:00", "2014-03-01 12:00"),  # 6 hours
        ("scheduled_maintenance", "2014-03-01 10:00", "2014-03-01 12:00"),  # the same once more
        ("scheduled_maintenance", "2014-05-01 06:00", "2014-05-01 14:00"),  # 4 of 8 are left
        ("scheduled_maintenance", "2014-07-01 06:00", "2014-07-01 14:00"),  # none is
        ("grid", "2014-07-01 13:00", "2014-07-01 15:00"),  # always
        ("equipment_failure", "2014-08-01 06:00", "2014-08-02 06:00"),  # never
        ("scheduled_maintenance", "2015-01-01 06:00", "2015-01-01 08:00"),  # a new year
    ):
        tenant.execute(
            "insert into energy.outage (project_id, cause, starts_at, ends_at) values (1, %s, %s::timestamp at time zone 'UTC', %s::timestamp at time zone 'UTC')",
            [cause, start, end],
        )
    found = tenant.execute(
        "select month, excused_hours from energy.guarantee_months('2014-01-01', '2015-02-01', null) where excused_hours > 0 order by month"
    ).fetchall()
    assert found == [(date(2014, 3, 1), 6), (date(2014, 5, 1), 4), (date(2014, 7, 1), 2), (date(2015, 1, 1), 2)]


# --- La Haute Borne ------------------------------------------------------------------------------------------------------


def published(path: Path, zone: str) -> dict[date, Decimal]:
    """The availability of each month of the file in percent, computed here."""
    sums: dict[date, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            local = datetime.fromisoformat(line["time_utc"]).astimezone(ZoneInfo(zone))
            figures = [Decimal(line[name]) for name in ("net_energy_kwh", "availability_kwh", "curtailment_kwh")]
            sums[local.date().replace(day=1)] = [old + new for old, new in zip(sums[local.date().replace(day=1)], figures, strict=True)]
    return {month: round(100 - 100 * lost / (net + lost + curtailed), 4) for month, (net, lost, curtailed) in sums.items()}


def test_the_ld_report_finds_the_months_of_la_haute_borne_below_97_percent_and_says_whose_months_they_are(
    database: Database, organization: Organization, shared_data: Path
) -> None:
    path = shared_data / "la_haute_borne_plant.csv.gz"
    load_meter(database, organization, path)
    with database.tenant(organization.id) as connection:
        guarantee(connection)
    entry = catalog.installed().report("energy.ld_summary")
    columns = {
        section.name: [column.name for column in examples.columns(section)]
        for section in entry.report.sections
        if hasattr(section, "columns")
    }
    seen = {}
    for zone, asked in (("UTC", "run"), ("Europe/Paris", "plant")):
        found = examples.rows(database, _in_zone(organization, "UTC"), entry, {"period": "2014-01-01/2015-12-31", "months_in": asked})
        months = [dict(zip(columns["months"], row, strict=True)) for row in found["months"]]
        (summary,) = [dict(zip(columns["summary"], row, strict=True)) for row in found["summary"]]
        truth = published(path, zone)
        assert len(months) == 24
        assert {month["month"]: month["measured"] for month in months} == {month: truth[month] for month in truth if month.year < 2016}
        below = {month["month"] for month in months if month["below"]}
        assert below == {month for month, measured in truth.items() if measured < 97 and month.year < 2016}
        assert 0 < len(below) == summary["months_below"] < 24
        assert summary["time_zones"] == zone
        assert {month["time_zone"] for month in months} == {zone}
        seen[zone] = {month["month"]: month for month in months}
    june = {zone: months[date(2014, 6, 1)] for zone, months in seen.items()}
    assert june["UTC"]["measured"] == 100 - Decimal("4.0019")
    assert june["UTC"]["below"]
    assert june["Europe/Paris"]["net_mwh"] != june["UTC"]["net_mwh"]
    # 1.0019 % of what was possible in June, 0.692400 + 0.029417 GWh and what was curtailed, at 25 a MWh.
    possible = june["UTC"]["net_mwh"] + june["UTC"]["lost_mwh"] + june["UTC"]["curtailed_mwh"]
    assert june["UTC"]["uncapped"] == (round(Decimal("0.010019") * possible, 3) * 25).quantize(Decimal("0.01"), ROUND_HALF_UP)


def _in_zone(organization: Organization, zone: str) -> Organization:
    return Organization(organization.id, organization.slug, organization.name, organization.locale, zone, organization.currency)
