"""What a payment is applied to and what an invoice was paid stand with them, and are what the allocations say, however those change."""

import random
import threading
import time
from collections.abc import Iterator
from decimal import Decimal

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from octavo.database.connection import Connection, Database
from octavo.pipeline.document import Organization
from tests.packs import samples

WORLD = """
insert into services.customer (id, code, name) values (1, 'C', 'Customer');
insert into services.invoice (id, number, customer_id, issued_on, due_on, total)
select n, 'I' || n, 1, '2025-01-01', date '2025-01-15' + n, 100 from generate_series(1, 6) n;
insert into services.payment (id, number, customer_id, received_on, method, amount)
select n, 'P' || n, 1, date '2025-01-09' + n, 'card', 1000 from generate_series(1, 6) n;
"""
ALLOCATE = "insert into services.payment_allocation (payment_id, invoice_id, amount) values (%s, %s, %s)"
INVOICES = "select id, paid, last_paid_on from services.invoice order by id"
PAYMENTS = "select id, applied, settles_due from services.payment order by id"
SAID_OF_INVOICES = """
select invoice.id, coalesce(sum(allocation.amount), 0), max(payment.received_on)
from services.invoice
left join services.payment_allocation as allocation on allocation.invoice_id = invoice.id
left join services.payment on payment.id = allocation.payment_id
group by invoice.id order by invoice.id
"""
SAID_OF_PAYMENTS = """
select payment.id, coalesce(sum(allocation.amount), 0), min(invoice.due_on)
from services.payment
left join services.payment_allocation as allocation on allocation.payment_id = payment.id
left join services.invoice on invoice.id = allocation.invoice_id
group by payment.id order by payment.id
"""


@pytest.fixture
def world(database: Database, organization: Organization) -> Organization:
    with database.tenant(organization.id) as connection:
        connection.execute(WORLD.encode())
    return organization


@pytest.fixture
def tenant(database: Database, world: Organization) -> Iterator[Connection]:
    with database.tenant(world.id) as connection:
        yield connection


def agree(connection: Connection) -> None:
    assert connection.execute(INVOICES).fetchall() == connection.execute(SAID_OF_INVOICES).fetchall()
    assert connection.execute(PAYMENTS).fetchall() == connection.execute(SAID_OF_PAYMENTS).fetchall()


def test_sums_are_kept_through_every_kind_of_change(tenant: Connection) -> None:
    chance = random.Random(20261130)
    changes = (
        "insert into services.payment_allocation (payment_id, invoice_id, amount) values (%(a)s, %(b)s, %(n)s) on conflict do nothing",
        "insert into services.payment_allocation (payment_id, invoice_id, amount) select %(a)s, id, %(n)s from services.invoice on conflict do nothing",
        "update services.payment_allocation set amount = amount + %(n)s where payment_id = %(a)s",
        "update services.payment_allocation set invoice_id = %(b)s where payment_id = %(a)s and invoice_id = %(c)s"
        " and not exists (select from services.payment_allocation where payment_id = %(a)s and invoice_id = %(b)s)",
        "delete from services.payment_allocation where payment_id = %(a)s or invoice_id = %(b)s",
        "update services.payment set received_on = received_on + %(n)s where id >= %(a)s",
        "update services.invoice set due_on = due_on + %(n)s where id <= %(a)s",
        "update services.invoice set total = total + 1",
    )
    for _ in range(200):
        values = {"a": chance.randint(1, 6), "b": chance.randint(1, 6), "c": chance.randint(1, 6), "n": chance.randint(1, 9)}
        tenant.execute(chance.choice(changes).encode(), values)
        agree(tenant)
    tenant.execute("insert into services.payment_allocation (payment_id, invoice_id, amount) values (2, 3, 5) on conflict do nothing")
    tenant.execute("delete from services.payment where id = 2")
    agree(tenant)


def test_the_sums_of_a_sample_are_what_its_allocations_say(database: Database, organization: Organization) -> None:
    samples.load(database, organization, "services", 1)
    with database.tenant(organization.id) as connection:
        agree(connection)
        assert connection.execute("select count(*) > 50 from services.invoice where paid > 0").fetchone() == (True,)


def test_an_invoice_stood_on_an_earlier_day_as_it_was_paid_until_then(database: Database, world: Organization) -> None:
    """100 of 1 January, due on the 16th: 60 paid on the 10th, 40 on the 12th. On the 9th all is open, on the 11th 40; on the 12th it is settled."""
    with database.tenant(world.id) as connection:
        connection.execute(ALLOCATE, [1, 1, 60])
        connection.execute(ALLOCATE, [3, 1, 40])
    for day, paid, open_amount, status in (
        ("09", 0, 100, "open"),
        ("11", 60, 40, "partly paid"),
        ("12", 100, 0, "settled"),
        ("20", 100, 0, "settled"),
    ):
        found = samples.sections(database, world, "services.invoice_settlement_time", period="2025-01", as_of=f"2025-01-{day}")["invoices"]
        (invoice,) = [row for row in found if row["number"] == "I1"]
        told = (invoice["paid"], invoice["open_amount"], invoice["status"])
        assert told == (Decimal(paid), Decimal(open_amount), status), day


def test_a_payment_is_late_by_the_due_date_that_holds(database: Database, world: Organization) -> None:
    """Received on the 15th of January for invoices due on the 16th and 17th: not late; when the first turns out to have been due on the 5th, ten days."""
    with database.tenant(world.id) as connection:
        connection.execute(ALLOCATE, [6, 1, 100])
        connection.execute(ALLOCATE, [6, 2, 100])

    def told() -> tuple[object, ...]:
        found = samples.sections(database, world, "services.payments_received", period="2025-01", as_of="2025-01-31")["payments"]
        (payment,) = [row for row in found if row["number"] == "P6"]
        return payment["days_late"], payment["applied"], payment["unapplied"], payment["status"], payment["invoices"]

    assert told() == (0, Decimal(200), Decimal(800), "partly applied", "I1, I2")
    with database.tenant(world.id) as connection:
        connection.execute("update services.invoice set due_on = '2025-01-05' where id = 1")
    assert told() == (10, Decimal(200), Decimal(800), "partly applied", "I1, I2")


def test_who_moves_a_due_date_waits_for_whoever_allocates_and_counts_it(database: Database, world: Organization, conninfo: str) -> None:
    def move() -> None:
        with database.tenant(world.id) as other:
            other.execute("update services.invoice set due_on = '2025-01-03' where id = 1")

    with database.tenant(world.id) as connection:
        connection.execute(ALLOCATE, [1, 1, 60])
        waiting = threading.Thread(target=move)
        waiting.start()
        with psycopg.connect(make_conninfo(conninfo, user="postgres"), autocommit=True) as admin:
            deadline = time.monotonic() + 60
            while (
                admin.execute("select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'").rowcount == 0
            ):
                assert time.monotonic() < deadline, "nobody waits"
                time.sleep(0.02)
    waiting.join(60)
    with database.tenant(world.id) as connection:
        agree(connection)
        assert connection.execute("select settles_due::text from services.payment where id = 1").fetchone() == ("2025-01-03",)


def test_allocations_cannot_be_truncated_while_their_sums_stay(world: Organization, conninfo: str) -> None:
    with (
        psycopg.connect(make_conninfo(conninfo, user="postgres")) as admin,
        pytest.raises(psycopg.errors.RaiseException, match="cannot be truncated"),
    ):
        admin.execute("truncate services.payment_allocation")
