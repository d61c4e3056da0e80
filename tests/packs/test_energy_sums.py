"""What stands with an invoice and with a comparison is what their lines say, however those change and whoever else writes meanwhile."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, cast

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from octavo.database.connection import Connection, Database
from octavo.pipeline.document import Organization

KINDS = ("invoice", "expected_invoice", "received_invoice")
WORLD = """
insert into energy.project (id, name) values (1, 'P');
insert into energy.contract (id, project_id, number, name, kind, counterparty_name, currency, start_date) values (1, 1, 'C', 'C', 'other', 'B', 'EUR', '2014-01-01');
insert into energy.billing_period (id, name, start_date, end_date) values (1, 'June', '2014-06-01', '2014-06-30');
insert into energy.invoice_line_type (id, code, name) values (1, 'E', 'Energy'), (2, 'S', 'Service');
insert into energy.invoice_header (id, contract_id, billing_period_id, invoice_number, issue_date, due_date, currency)
select n, 1, 1, n::text, '2014-07-01', '2014-07-31', 'EUR' from generate_series(1, 3) n;
insert into energy.expected_invoice_header (id, contract_id, billing_period_id, reference, currency) select n, 1, 1, n::text, 'EUR' from generate_series(1, 3) n;
insert into energy.received_invoice_header (id, contract_id, billing_period_id, vendor_invoice_number, invoice_date, received_date, due_date, currency, stated_tax, stated_total)
select n, 1, 1, n::text, '2014-07-01', '2014-07-01', '2014-07-31', 'EUR', 0, 0 from generate_series(1, 3) n;
"""
COMPARE = "insert into energy.invoice_comparison (id, contract_id, billing_period_id, currency, expected_invoice_header_id, received_invoice_header_id) values (%s, 1, 1, 'EUR', %s, %s)"
PAIR = "insert into energy.invoice_comparison_line (invoice_comparison_id, expected_invoice_line_id, received_invoice_line_id) values (%s, %s, %s)"


@pytest.fixture
def world(database: Database, organization: Organization) -> Organization:
    with database.tenant(organization.id) as connection:
        connection.execute(WORLD.encode())
    return organization


@pytest.fixture
def tenant(database: Database, world: Organization) -> Iterator[Connection]:
    with database.tenant(world.id) as connection:
        yield connection


def about(kind: str, text: str) -> sql.Composed:
    """A statement about the lines or the invoices of a kind."""
    return sql.SQL(cast(Any, text)).format(
        line=sql.Identifier("energy", f"{kind}_line"),
        header=sql.Identifier("energy", f"{kind}_header"),
        reference=sql.Identifier(f"{kind}_header_id"),
    )


def add(connection: Connection, kind: str, header: int, number: int, amount: str, rate: str = "20", type_id: int | None = 1) -> int:
    row = connection.execute(
        about(
            kind,
            "insert into {line} ({reference}, line_number, invoice_line_type_id, description, quantity, unit, unit_price, line_total, tax_rate) "
            "values (%s, %s, %s, 'L', 1, 'MWh', 1, %s, %s) returning id",
        ),
        [header, number, type_id, amount, rate],
    ).fetchone()
    assert row is not None
    return int(str(row[0]))


def kept(connection: Connection, kind: str) -> list[tuple[Any, ...]]:
    return connection.execute(about(kind, "select id, lines, subtotal, tax from {header} order by id")).fetchall()


def compared(connection: Connection, comparison: int = 1) -> Counter[tuple[Any, ...]]:
    """The kept lines of a comparison: type, expected, received."""
    return Counter(
        connection.execute(
            "select line.* from energy.invoice_comparison as comparison, "
            "unnest(compared_types, compared_expected, compared_received) as line where comparison.id = %s",
            [comparison],
        ).fetchall()
    )


@pytest.mark.parametrize("kind", KINDS)
def test_an_invoice_comes_to_the_sum_of_its_lines_and_the_tax_of_each_rate_rounded_once(tenant: Connection, kind: str) -> None:
    lines = [add(tenant, kind, 1, 1, "10.02"), add(tenant, kind, 1, 2, "10.01"), add(tenant, kind, 1, 3, "0.50", "7")]
    # 20.03 at 20 % is 4.006, rounded once 4.01 (each line alone: 2.00 + 2.00); 0.50 at 7 % is 0.035, half away from zero 0.04
    assert kept(tenant, kind) == [(1, 3, Decimal("20.53"), Decimal("4.05")), (2, 0, 0, 0), (3, 0, 0, 0)]
    tenant.execute(about(kind, "update {line} set line_total = -0.50 where id = %s"), [lines[2]])
    assert kept(tenant, kind)[0] == (1, 3, Decimal("19.53"), Decimal("3.97"))  # 4.01 - 0.04
    tenant.execute(about(kind, "update {line} set tax_rate = 0 where id = %s"), [lines[0]])
    assert kept(tenant, kind)[0] == (1, 3, Decimal("19.53"), Decimal("1.96"))  # 10.01 at 20 % is 2.002, less 0.04
    tenant.execute(about(kind, "update {line} set {reference} = 2 where id = %s"), [lines[0]])
    assert kept(tenant, kind) == [(1, 2, Decimal("9.51"), Decimal("1.96")), (2, 1, Decimal("10.02"), 0), (3, 0, 0, 0)]
    tenant.execute(about(kind, "delete from {line} where {reference} = 1"))
    assert kept(tenant, kind) == [(1, 0, 0, 0), (2, 1, Decimal("10.02"), 0), (3, 0, 0, 0)]
    tenant.execute(about(kind, "delete from {header} where id = 2"))
    assert kept(tenant, kind) == [(1, 0, 0, 0), (3, 0, 0, 0)]


def test_compared_lines_follow_the_lines_the_pairs_and_the_invoices(tenant: Connection) -> None:
    energy, service = add(tenant, "expected_invoice", 1, 1, "100"), add(tenant, "expected_invoice", 1, 2, "50", type_id=2)
    billed, other = add(tenant, "received_invoice", 1, 1, "103", type_id=None), add(tenant, "received_invoice", 1, 2, "7", type_id=None)
    tenant.execute(COMPARE.encode(), [1, 1, 1])
    assert compared(tenant) == Counter([(1, 100, None), (2, 50, None), (None, None, 103), (None, None, 7)])
    tenant.execute(PAIR.encode(), [1, energy, billed])
    assert compared(tenant) == Counter([(1, 100, 103), (2, 50, None), (None, None, 7)])
    tenant.execute("update energy.invoice_comparison_line set received_invoice_line_id = %s", [other])
    assert compared(tenant) == Counter([(1, 100, 7), (2, 50, None), (None, None, 103)])
    tenant.execute("update energy.received_invoice_line set line_total = 99, invoice_line_type_id = 2 where id = %s", [billed])
    assert compared(tenant) == Counter([(1, 100, 7), (2, 50, None), (2, None, 99)])
    tenant.execute("update energy.expected_invoice_line set expected_invoice_header_id = 2 where id = %s", [service])
    assert compared(tenant) == Counter([(1, 100, 7), (2, None, 99)])
    tenant.execute("update energy.invoice_comparison set expected_invoice_header_id = 2")
    assert compared(tenant) == Counter([(2, 50, None), (None, None, 7), (2, None, 99)])
    tenant.execute("update energy.invoice_comparison set expected_invoice_header_id = 1")
    tenant.execute("delete from energy.expected_invoice_line where id = %s", [energy])  # and with it the pair
    assert compared(tenant) == Counter([(None, None, 7), (2, None, 99)])
    tenant.execute("delete from energy.invoice_comparison")
    tenant.execute("delete from energy.received_invoice_header")
    assert tenant.execute("select count(*) from energy.received_invoice_line").fetchone() == (0,)


def by_hand(connection: Connection, kind: str) -> list[tuple[Any, ...]]:
    """The same sums, added up here from the rows."""
    rates: dict[int, dict[Decimal, list[Decimal]]] = {}
    for header, rate, amount in connection.execute(about(kind, "select {reference}, tax_rate, line_total from {line}")).fetchall():
        rates.setdefault(int(header), {}).setdefault(rate, []).append(amount)
    told = []
    for (header,) in connection.execute(about(kind, "select id from {header} order by id")).fetchall():
        found = rates.get(int(str(header)), {})
        taxes = [(sum(amounts, Decimal(0)) * rate / 100).quantize(Decimal("0.01"), ROUND_HALF_UP) for rate, amounts in found.items()]
        amounts = [amount for several in found.values() for amount in several]
        told.append((header, len(amounts), sum(amounts, Decimal(0)), sum(taxes, Decimal(0))))
    return told


def matched_by_hand(connection: Connection, comparison: int) -> Counter[tuple[Any, ...]]:
    """The compared lines, matched here from the rows."""
    row = connection.execute(
        "select expected_invoice_header_id, received_invoice_header_id from energy.invoice_comparison where id = %s", [comparison]
    ).fetchone()
    assert row is not None
    expected, received = (
        {
            line: (kind, amount)
            for line, kind, amount in connection.execute(
                about(f"{side}_invoice", "select id, invoice_line_type_id, line_total from {line} where {reference} = %s"),
                [header],
            ).fetchall()
        }
        for side, header in zip(("expected", "received"), row, strict=True)
    )
    told, answered = [], set()
    pairs: dict[Any, Any] = dict(
        connection.execute(
            "select received_invoice_line_id, expected_invoice_line_id from energy.invoice_comparison_line where invoice_comparison_id = %s",
            [comparison],
        ).fetchall()
    )
    for line, (kind, amount) in received.items():
        answers = pairs.get(line)
        if answers in expected:
            answered.add(answers)
            told.append((expected[answers][0] or kind, expected[answers][1], amount))
        else:
            told.append((kind, None, amount))
    return Counter([*told, *((kind, amount, None) for line, (kind, amount) in expected.items() if line not in answered)])


@pytest.mark.parametrize("seed", range(3))
def test_after_any_changes_the_kept_is_what_another_program_works_out_from_the_rows(tenant: Connection, seed: int) -> None:
    chance = random.Random(seed)
    tenant.execute(COMPARE.encode(), [1, 1, 1])
    tenant.execute(COMPARE.encode(), [2, 2, 2])
    numbers = iter(range(1, 1000))

    def some(table: str) -> Any:
        rows = tenant.execute(sql.SQL("select id from {}").format(sql.Identifier("energy", table))).fetchall()
        return chance.choice(rows)[0] if rows else None

    def amount() -> str:
        return f"{chance.randint(-999, 9999)}.{chance.randint(0, 99):02}"

    def change(kind: str) -> None:
        line, act = some(f"{kind}_line"), chance.randrange(6)
        if line is None or act < 2:
            add(tenant, kind, chance.randint(1, 3), next(numbers), amount(), chance.choice(("0", "7", "20")), chance.choice((1, 2)))
        elif act == 2:
            tenant.execute(about(kind, "update {line} set line_total = %s where id = %s"), [amount(), line])
        elif act == 3:
            tenant.execute(about(kind, "update {line} set {reference} = %s where id = %s"), [chance.randint(1, 3), line])
        elif act == 4:
            tenant.execute(about(kind, "update {line} set tax_rate = tax_rate + 1, invoice_line_type_id = 3 - invoice_line_type_id"))
        else:
            tenant.execute(about(kind, "delete from {line} where id = %s"), [line])

    def pair() -> None:
        expected, received, known = some("expected_invoice_line"), some("received_invoice_line"), some("invoice_comparison_line")
        if known is not None and chance.random() < 0.4:
            tenant.execute("delete from energy.invoice_comparison_line where id = %s", [known])
        elif expected is not None and received is not None:
            tenant.execute(PAIR.encode() + b" on conflict do nothing", [chance.randint(1, 2), expected, received])

    def move() -> None:
        taken = {
            header
            for (header,) in tenant.execute("select expected_invoice_header_id from energy.invoice_comparison where id = 2").fetchall()
        }
        free = chance.choice(sorted({1, 2, 3} - taken))
        tenant.execute("update energy.invoice_comparison set expected_invoice_header_id = %s where id = 1", [free])

    acts: list[Callable[[], None]] = [*(lambda kind=kind: change(kind) for kind in KINDS * 2), pair, pair, pair, move]
    for _ in range(150):
        chance.choice(acts)()
        for kind in KINDS:
            assert kept(tenant, kind) == by_hand(tenant, kind)
        for comparison in (1, 2):
            assert compared(tenant, comparison) == matched_by_hand(tenant, comparison)


# --- at the same time ----------------------------------------------------------------------------------------------------


@contextmanager
def meanwhile(work: Callable[[], None]) -> Iterator[list[BaseException]]:
    """Does the work in a thread while the block runs; gives what it raised."""
    raised: list[BaseException] = []

    def caught() -> None:
        try:
            work()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=caught)
    thread.start()
    try:
        yield raised
    finally:
        thread.join(60)
        assert not thread.is_alive()


def until_somebody_waits(conninfo: str) -> None:
    deadline = time.monotonic() + 60
    with psycopg.connect(make_conninfo(conninfo, user="postgres"), autocommit=True) as superuser:
        waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        while superuser.execute(waiting).fetchone() == (0,):
            assert time.monotonic() < deadline, "nobody waits for a lock"
            time.sleep(0.01)


def test_writers_of_one_invoice_lose_nothing_of_each_other(database: Database, world: Organization) -> None:
    def write(first: int) -> None:
        for number in range(first, first + 15):
            with database.tenant(world.id) as connection:
                add(connection, "expected_invoice", 1, number, "1.10")

    with database.tenant(world.id) as connection:
        connection.execute(COMPARE.encode(), [1, 1, 1])
    threads = [threading.Thread(target=write, args=[1 + 100 * n]) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    with database.tenant(world.id) as connection:
        assert kept(connection, "expected_invoice")[0] == (1, 60, Decimal("66.00"), Decimal("13.20"))
        assert compared(connection) == Counter({(1, Decimal("1.10"), None): 60})


@pytest.mark.parametrize("side", ["expected_invoice", "received_invoice"])
@pytest.mark.parametrize("first", ["comparison", "line"])
def test_a_comparison_and_a_line_of_its_invoice_that_come_at_once_both_count(
    database: Database, world: Organization, conninfo: str, side: str, first: str
) -> None:
    def compare(connection: Connection) -> None:
        connection.execute(COMPARE.encode(), [1, 1, 1])

    def write(connection: Connection) -> None:
        add(connection, side, 1, 1, "5")

    def second() -> None:
        with database.tenant(world.id) as connection:
            (write if first == "comparison" else compare)(connection)

    with database.tenant(world.id) as connection:
        (compare if first == "comparison" else write)(connection)
        waiting = threading.Thread(target=second)
        waiting.start()
        until_somebody_waits(conninfo)
    waiting.join(60)
    with database.tenant(world.id) as connection:
        assert compared(connection) == Counter([(1, 5, None) if side == "expected_invoice" else (1, None, 5)])


@pytest.mark.parametrize("act", ["line", "comparison"])
def test_who_writes_from_an_older_snapshot_fails_instead_of_leaving_something_out(
    database: Database, world: Organization, act: str
) -> None:
    with database.connect() as old, pytest.raises(psycopg.errors.SerializationFailure):
        old.execute("begin isolation level repeatable read")
        old.execute("select set_config('octavo.organization_id', %s, true)", [str(world.id)])
        assert kept(old, "expected_invoice")[0] == (1, 0, 0, 0)
        with database.tenant(world.id) as connection:
            connection.execute(COMPARE.encode(), [1, 1, 1]) if act == "line" else add(connection, "expected_invoice", 1, 1, "5")
        add(old, "expected_invoice", 1, 2, "7") if act == "line" else old.execute(COMPARE.encode(), [1, 1, 1])


def test_who_waits_for_another_writer_counts_what_that_one_took_back_as_never_written(
    database: Database, world: Organization, conninfo: str
) -> None:
    def second() -> None:
        with database.tenant(world.id) as connection:
            add(connection, "invoice", 1, 2, "7")

    with database.connect() as connection, meanwhile(second) as raised:
        connection.execute("begin")
        connection.execute("select set_config('octavo.organization_id', %s, true)", [str(world.id)])
        add(connection, "invoice", 1, 1, "5")
        connection.execute("rollback")
    assert raised == []
    with database.tenant(world.id) as connection:
        assert kept(connection, "invoice")[0] == (1, 1, 7, Decimal("1.40"))


# --- tenants, and what would go past the sums ----------------------------------------------------------------------------


def test_invoices_of_the_same_number_in_two_organizations_keep_sums_of_their_own(
    database: Database, world: Organization, other_organization: Organization, conninfo: str
) -> None:
    with database.tenant(other_organization.id) as connection:
        connection.execute(WORLD.encode())
    for organization, amount in ((world, "5"), (other_organization, "7")):
        with database.tenant(organization.id) as connection:
            for kind in KINDS:
                add(connection, kind, 1, 1, amount)
            connection.execute(COMPARE.encode(), [1, 1, 1])
    with psycopg.connect(make_conninfo(conninfo, user="postgres"), autocommit=True) as superuser:
        superuser.execute("update energy.expected_invoice_line set line_total = line_total + 1")  # as one who sees both
    for organization, written in ((world, 5), (other_organization, 7)):
        with database.tenant(organization.id) as connection:
            assert [kept(connection, kind)[0][2] for kind in KINDS] == [written, written + 1, written]
            assert compared(connection) == Counter([(1, written + 1, None), (1, None, written)])


@pytest.mark.parametrize(
    "tables",
    [
        "energy.invoice_line",
        "energy.expected_invoice_line cascade",
        "energy.received_invoice_line cascade",
        "energy.invoice_comparison_line",
    ],
)
def test_lines_are_not_truncated_away_from_under_the_sums(database: Database, world: Organization, conninfo: str, tables: str) -> None:
    with database.tenant(world.id) as connection:
        lines = [add(connection, kind, 1, 1, "5") for kind in KINDS]
        connection.execute(COMPARE.encode(), [1, 1, 1])
        connection.execute(PAIR.encode(), [1, lines[1], lines[2]])
    with psycopg.connect(make_conninfo(conninfo, user="postgres"), autocommit=True) as superuser:
        with pytest.raises(psycopg.errors.RaiseException, match="cannot be truncated without"):
            superuser.execute(f"truncate {tables}".encode())
        assert superuser.execute("select count(*) from energy.invoice_comparison_line").fetchone() == (1,)
        superuser.execute("truncate energy.invoice_header, energy.expected_invoice_header, energy.received_invoice_header cascade")
        assert superuser.execute("select count(*) from energy.invoice_comparison_line").fetchone() == (0,)
