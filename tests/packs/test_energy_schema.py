"""What the energy tables and their functions promise: billing periods, readings added up in a zone, tolerances, tenants kept apart."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from octavo.database.connection import Connection, Database
from octavo.errors import UsageError
from octavo.pipeline import catalog, parameters
from octavo.pipeline.document import Organization
from octavo.pipeline.snapshot import open_snapshot


@pytest.fixture
def tenant(database: Database, organization: Organization) -> Iterator[Connection]:
    with database.tenant(organization.id) as connection:
        yield connection


def one(connection: Connection, query: str, values: list[Any] | None = None) -> Any:
    """The only value of the only row."""
    ((value,),) = connection.execute(query.encode(), values).fetchall()
    return value


def add_period(connection: Connection, name: str, start: date, end: date) -> int:
    return int(
        one(
            connection,
            "insert into energy.billing_period (name, start_date, end_date) values (%s, %s, %s) returning id",
            [name, start, end],
        )
    )


def latest(connection: Connection) -> Any:
    return one(connection, "select octavo.get_latest_completed_billing_period()")


# --- the latest completed billing period ---------------------------------------------------------------------------------


def test_there_is_no_latest_billing_period_before_there_is_any(tenant: Connection) -> None:
    assert latest(tenant) is None


def test_a_billing_period_is_completed_on_the_day_after_its_last(tenant: Connection) -> None:
    today: date = one(tenant, "select current_date")
    yesterday, long_ago = today - timedelta(days=1), today - timedelta(days=40)
    ended = add_period(tenant, "ended", long_ago, yesterday)
    add_period(tenant, "ends today", long_ago, today)
    add_period(tenant, "runs", today, today + timedelta(days=30))
    add_period(tenant, "before", long_ago - timedelta(days=30), long_ago)
    assert latest(tenant) == ended


def test_of_two_periods_that_end_together_the_shorter_is_the_latest(tenant: Connection) -> None:
    month = add_period(tenant, "March 2014", date(2014, 3, 1), date(2014, 3, 31))
    add_period(tenant, "2014-Q1", date(2014, 1, 1), date(2014, 3, 31))
    assert latest(tenant) == month


def test_the_day_is_that_of_the_zone_of_the_run(tenant: Connection) -> None:
    # Kiritimati is at UTC+14 and Midway at UTC-11: 25 hours apart, they never share a date.
    tenant.execute("set local timezone = 'Pacific/Kiritimati'")
    ended = add_period(tenant, "ended", date(2014, 1, 1), one(tenant, "select current_date - 1"))
    assert latest(tenant) == ended
    tenant.execute("set local timezone = 'Pacific/Midway'")
    assert latest(tenant) is None


def test_the_latest_billing_period_is_the_organizations_own(
    database: Database, organization: Organization, other_organization: Organization
) -> None:
    with database.tenant(other_organization.id) as connection:
        add_period(connection, "theirs", date(2014, 1, 1), date(2014, 1, 31))
    with database.tenant(organization.id) as connection:
        assert latest(connection) is None


def test_a_report_takes_the_latest_completed_billing_period_when_none_is_given(database: Database, organization: Organization) -> None:
    with database.tenant(organization.id) as connection:
        june = add_period(connection, "June 2014", date(2014, 6, 1), date(2014, 6, 30))
        add_period(connection, "May 2014", date(2014, 5, 1), date(2014, 5, 31))
    entry = catalog.installed().report("energy.invoice_received")
    with open_snapshot(database, organization, "UTC") as snapshot:
        values, answers = parameters.resolve(entry, parameters.parse(entry, {}), snapshot)
    assert values == {"billing_period_id": june, "project_id": None, "contract_id": None}
    assert answers[0].shown == "June 2014"


def test_a_billing_period_of_another_organization_is_refused(
    database: Database, organization: Organization, other_organization: Organization
) -> None:
    with database.tenant(other_organization.id) as connection:
        theirs = add_period(connection, "theirs", date(2014, 1, 1), date(2014, 1, 31))
    entry = catalog.installed().report("energy.invoice_received")
    with open_snapshot(database, organization, "UTC") as snapshot, pytest.raises(UsageError, match="there is no billing_period_id"):
        parameters.resolve(entry, parameters.parse(entry, {"billing_period_id": theirs}), snapshot)


# --- readings added up by billing period ---------------------------------------------------------------------------------


@pytest.fixture
def meter(tenant: Connection) -> int:
    """A meter with March 2014 and April 2014. In Paris March ends on 31 March 22:00 UTC, for the clocks have gone forward."""
    add_period(tenant, "March 2014", date(2014, 3, 1), date(2014, 3, 31))
    add_period(tenant, "April 2014", date(2014, 4, 1), date(2014, 4, 30))
    project = one(tenant, "insert into energy.project (name) values ('P') returning id")
    return int(one(tenant, "insert into energy.meter (project_id, number, name) values (%s, '1', 'M') returning id", [project]))


def add_reading(connection: Connection, meter: int, start: datetime, net: str, lost: str = "0", curtailed: str = "0") -> None:
    connection.execute(
        "insert into energy.meter_reading (meter_id, interval_start, interval_minutes, net_energy_kwh, availability_kwh, curtailment_kwh) "
        "values (%s, %s, 10, %s, %s, %s)",
        [meter, start, Decimal(net), Decimal(lost), Decimal(curtailed)],
    )


def aggregates(connection: Connection, zone: str) -> dict[tuple[str, str], Decimal]:
    found: list[Any] = connection.execute(
        "select period.name, aggregation_type, total_value from energy.meter_aggregate "
        "join energy.billing_period as period on period.id = billing_period_id where time_zone = %s",
        [zone],
    ).fetchall()
    return {(name, kind): value for name, kind, value in found}


def test_a_reading_belongs_to_the_period_in_whose_days_of_the_zone_it_begins(tenant: Connection, meter: int) -> None:
    for start, net in (
        (datetime(2014, 2, 28, 22, 50, tzinfo=UTC), "1000"),  # February, in UTC and in Paris
        (datetime(2014, 2, 28, 23, 0, tzinfo=UTC), "1"),  # 1 March 00:00 in Paris, still February in UTC
        (datetime(2014, 3, 1, 0, 0, tzinfo=UTC), "2"),
        (datetime(2014, 3, 31, 21, 50, tzinfo=UTC), "4"),  # 31 March 23:50 in Paris
        (datetime(2014, 3, 31, 22, 0, tzinfo=UTC), "8"),  # 1 April 00:00 in Paris, still March in UTC
        (datetime(2014, 4, 30, 21, 50, tzinfo=UTC), "-16.5"),
        (datetime(2014, 4, 30, 23, 50, tzinfo=UTC), "32"),  # May in Paris
    ):
        add_reading(tenant, meter, start, net)
    assert one(tenant, "select energy.aggregate_readings(%s, 'UTC')", [meter]) == 6
    assert one(tenant, "select energy.aggregate_readings(%s, 'Europe/Paris')", [meter]) == 6
    utc, paris = aggregates(tenant, "UTC"), aggregates(tenant, "Europe/Paris")
    assert (utc["March 2014", "net_energy"], utc["April 2014", "net_energy"]) == (Decimal(14), Decimal("15.5"))
    assert (paris["March 2014", "net_energy"], paris["April 2014", "net_energy"]) == (Decimal(7), Decimal("-8.5"))


def test_net_energy_availability_loss_and_curtailment_are_added_up_apart(tenant: Connection, meter: int) -> None:
    add_reading(tenant, meter, datetime(2014, 3, 5, tzinfo=UTC), "10.001", "0.1", "0.02")
    add_reading(tenant, meter, datetime(2014, 3, 6, tzinfo=UTC), "-0.001", "0.2", "0.03")
    tenant.execute("select energy.aggregate_readings(%s, 'UTC')", [meter])
    assert aggregates(tenant, "UTC") == {
        ("March 2014", "net_energy"): Decimal("10.000"),
        ("March 2014", "availability_loss"): Decimal("0.3"),
        ("March 2014", "curtailment"): Decimal("0.05"),
    }


def test_adding_up_again_replaces_and_doubles_nothing(tenant: Connection, meter: int) -> None:
    add_reading(tenant, meter, datetime(2014, 3, 5, tzinfo=UTC), "10")
    tenant.execute("select energy.aggregate_readings(%s, 'UTC')", [meter])
    known = one(tenant, "select id from energy.meter_aggregate where aggregation_type = 'net_energy'")
    add_reading(tenant, meter, datetime(2014, 3, 6, tzinfo=UTC), "5")
    tenant.execute("select energy.aggregate_readings(%s, 'UTC')", [meter])
    assert tenant.execute(
        "select id, total_value, reading_count from energy.meter_aggregate where aggregation_type = 'net_energy'"
    ).fetchall() == [(known, 15, 2)]
    tenant.execute("delete from energy.meter_reading")
    tenant.execute("select energy.aggregate_readings(%s, 'UTC')", [meter])
    assert tenant.execute(
        "select id, total_value, reading_count from energy.meter_aggregate where aggregation_type = 'net_energy'"
    ).fetchall() == [(known, 0, 0)]


# --- variance and tolerance ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expected", "received", "percent"),
    [
        ("100", "103", "3"),
        ("100", None, "-100"),
        ("-100", "-120", "-20"),  # more credit: the sign of the variance
        ("-100", "-80", "20"),
        ("3", "4", "33.3333"),
        ("0", "5", None),
        (None, "5", None),
    ],
)
def test_variance_is_in_percent_of_what_was_expected_and_not_applicable_at_0(
    tenant: Connection, expected: str | None, received: str | None, percent: str | None
) -> None:
    found = one(tenant, "select energy.variance_percent(%s::numeric, %s::numeric)", [expected, received])
    assert found == (Decimal(percent) if percent else None)


@pytest.mark.parametrize(
    ("expected", "received", "both", "either"),
    [
        ("1000", "1030", False, True),  # exactly 3 percent, 30.00
        ("1000", "1030.01", True, True),
        ("1000", "969.99", True, True),
        ("0.10", "0.11", False, True),  # exactly 0.01, 10 percent
        ("0.10", "0.12", True, True),
        ("1000", "1000.01", False, False),
        ("-1000", "-1030", False, True),
        ("-1000", "-1031", True, True),
        ("0", "0.01", False, False),  # no percentage: the amount decides alone
        ("0", "0.02", True, True),
        (None, "5", True, True),
        ("5", None, True, True),
        ("0", None, False, False),
        (None, None, False, False),
    ],
)
def test_a_variance_of_exactly_the_tolerance_does_not_exceed_it(
    tenant: Connection, expected: str | None, received: str | None, both: bool, either: bool
) -> None:
    for rule, exceeds in (("both", both), ("either", either)):
        found = one(tenant, "select energy.exceeds_tolerance(%s::numeric, %s::numeric, 3, 0.01, %s)", [expected, received, rule])
        assert found is exceeds, rule


def test_a_line_paired_with_a_line_of_another_invoice_is_missing_on_both_sides_and_never_lost(
    database: Database, organization: Organization
) -> None:
    entry = catalog.installed().report("energy.invoice_comparison")
    with database.tenant(organization.id) as connection:
        connection.execute((entry.folder / "example" / "seed.sql").read_bytes())
        # Line 7 stands on the expected invoice of July, which this comparison is not about.
        connection.execute("update energy.invoice_comparison_line set expected_invoice_line_id = 7 where received_invoice_line_id = 2")
        found = connection.execute(
            "select match, expected_amount, received_amount from energy.compare_invoice_lines(42, null, null, 3, 0.01, 'both') "
            "where expected_line_number = 1 and invoice_comparison_id = 1 or received_line_number = 2 and invoice_comparison_id = 1 order by match"
        ).fetchall()
    assert found == [("missing in expected", None, Decimal("1030.00")), ("missing in received", Decimal("1000.00"), None)]


# --- tenants -------------------------------------------------------------------------------------------------------------


def test_no_row_can_point_into_another_organization(
    database: Database, organization: Organization, other_organization: Organization
) -> None:
    with database.tenant(other_organization.id) as connection:
        theirs = one(connection, "insert into energy.project (name) values ('Theirs') returning id")
    with database.tenant(organization.id) as connection, pytest.raises(psycopg.errors.ForeignKeyViolation), connection.transaction():
        connection.execute("insert into energy.meter (project_id, number, name) values (%s, '1', 'M')", [theirs])


def test_every_foreign_key_between_energy_tables_and_every_unique_key_begins_with_the_organization(database: Database) -> None:
    with database.app() as connection:
        loose = connection.execute(
            """
            select conrelid::regclass::text, conname, contype
            from pg_constraint
            where connamespace = 'energy'::regnamespace and contype in ('p', 'u', 'f') and confrelid <> 'octavo.organization'::regclass
                and (select attname from pg_attribute where attrelid = conrelid and attnum = conkey[1]) <> 'organization_id'
            """
        ).fetchall()
        indexes = connection.execute(
            """
            select indexrelid::regclass::text
            from pg_index join pg_class on pg_class.oid = indrelid
            where relnamespace = 'energy'::regnamespace
                and (select attname from pg_attribute where attrelid = indrelid and attnum = indkey[0]) <> 'organization_id'
            """
        ).fetchall()
    assert (loose, indexes) == ([], [])


def test_a_comparison_holds_together_only_invoices_of_one_contract_period_and_currency(
    database: Database, organization: Organization
) -> None:
    entry = catalog.installed().report("energy.invoice_comparison")
    with database.tenant(organization.id) as connection:
        connection.execute((entry.folder / "example" / "seed.sql").read_bytes())
        connection.execute("delete from energy.invoice_comparison where id = 3")
        for contract, period, currency in ((1, 42, "EUR"), (2, 43, "EUR"), (2, 42, "USD")):  # the invoice is of contract 2, June, euros
            with pytest.raises(psycopg.errors.ForeignKeyViolation), connection.transaction():
                connection.execute(
                    "insert into energy.invoice_comparison (id, contract_id, billing_period_id, currency, received_invoice_header_id) values (9, %s, %s, %s, 2)",
                    [contract, period, currency],
                )


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-Infinity"])
def test_an_amount_is_really_a_number(tenant: Connection, meter: int, amount: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation), tenant.transaction():
        add_reading(tenant, meter, datetime(2014, 3, 5, tzinfo=UTC), amount)
