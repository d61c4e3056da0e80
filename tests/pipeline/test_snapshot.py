"""The snapshot: one moment, one organization, exact figures, and errors that tell no data."""

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg import sql

from octavo.database.connection import Database
from octavo.errors import DatabaseError, DefinitionError, TooLarge, UsageError
from octavo.pipeline.definition import Column, Date, Flag, Instant, Integer, Money, Percent, Quantity, Text
from octavo.pipeline.document import Organization, Total
from octavo.pipeline.snapshot import BoundQuery, Snapshot, open_snapshot
from tests.conftest import superuser

ENDLESS = "select generate_series(1, 100000000) as x"  # in the select list it is streamed
Open = Callable[..., AbstractContextManager[Snapshot]]
CSV = sql.SQL("format csv")


@pytest.fixture
def open_(database: Database, organization: Organization) -> Open:
    return lambda zone="UTC", **settings: open_snapshot(Database(database.conninfo, **settings), organization, zone)


def bind(snapshot: Snapshot, query: str, *columns: Column, masked: bool = False, **values: Any) -> BoundQuery:
    return snapshot.query("rows", query, values, columns, masked=masked)


def copied(query: BoundQuery, select: str = "*") -> str:
    return b"".join(bytes(buffer) for _, buffer in query.copy(sql.SQL(select), CSV)).decode()  # type: ignore[arg-type]


def test_a_statement_longer_than_goes_out_at_once_is_sent_whole(open_: Open) -> None:
    with open_() as snapshot:
        query = bind(snapshot, "select length(%(word)s) as x", Integer("x", "X"), word="x" * 5_000_000)
        assert copied(query) == "5000000\n"


# --- what a query may yield -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "expression", "advice"),
    [
        (Money("x", "X"), "1.5::float8", "as float8; cast it to numeric in the query, so that it is exact"),
        (Quantity("x", "X"), "1.5::float4", "as float4; cast it to numeric"),
        (Integer("x", "X"), "'1'::text", "as text; a column of the kind integer is one of: int2, int4, int8, numeric"),
        (Percent("x", "X"), "'{}'::jsonb", "as jsonb; a column of the kind percent"),
        (Instant("x", "X"), "timestamp '2024-01-01'", "as timestamp; say in the query which zone it is in"),
        (Instant("x", "X"), "date '2024-01-01'", "as date; a column of the kind instant is one of: timestamptz"),
        (Date("x", "X"), "now()", r"as timestamptz; cast it to a date in the query: \(column at time zone"),
        (Flag("x", "X"), "1", "as int4; a column of the kind flag is one of: bool"),
    ],
)
def test_a_type_that_does_not_fit_is_refused_with_advice(open_: Open, column: Column, expression: str, advice: str) -> None:
    with pytest.raises(DefinitionError, match=f"The query of section rows yields 'x' {advice}"), open_() as snapshot:
        bind(snapshot, f"select {expression} as x", column)


def test_a_missing_column_is_named_with_those_that_are_there(open_: Open) -> None:
    with pytest.raises(DefinitionError, match=r"yields no column 'price'; it yields: amount, day"), open_() as snapshot:
        bind(snapshot, "select 1 as amount, current_date as day", Money("price", "Price"))


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("select * from shop.nowhere", 'relation "shop.nowhere" does not exist'),
        ("selct 1", "syntax error"),
        ("select 1 as x, 2 as x", "ambiguous"),
        ("select 1 as x where %(day)s is null", "query parameter missing: day"),
        ("select 1 as x where 'a' like 'a%'", "any other % is written %%"),
        ("delete from octavo.organization", "syntax error"),
        ("select * from octavo.sample_data, octavo._yoyo_migration", "permission denied"),
    ],
)
def test_a_wrong_query_is_told_by_its_section(open_: Open, query: str, said: str) -> None:
    with pytest.raises(DefinitionError) as refused, open_() as snapshot:
        bind(snapshot, query, Integer("x", "X")).control  # noqa: B018
    assert str(refused.value).startswith("The query of section rows is wrong: ")
    assert said in str(refused.value)


def test_a_query_may_end_in_a_semicolon_or_a_comment(open_: Open) -> None:
    with open_() as snapshot:
        for query in ("select 1 as x;", "select 1 as x ;\n", "select 1 as x -- one", "-- one\nselect 1 as x"):
            assert copied(bind(snapshot, query, Integer("x", "X"))) == "1\n"


def test_every_type_of_text_is_text(open_: Open) -> None:
    query = "select array[1, 2] as a, '{\"k\": 1}'::jsonb as j, interval '1 day 2 hours' as i, '\\x00ff'::bytea as b, 0.1::float8 as f"
    with open_() as snapshot:
        columns = [Text(name, name) for name in "ajibf"]
        assert list(bind(snapshot, query, *columns).rows()) == [("{1,2}", '{"k": 1}', "P1DT2H", "\\x00ff", "0.1")]


# --- one moment -------------------------------------------------------------------------------------------------------


def test_everything_in_a_snapshot_is_from_one_moment(open_: Open, database: Database, organization: Organization, conninfo: str) -> None:
    query = "select count(*) as x from octavo.organization where name = 'Alpha Ltd'"
    with open_() as snapshot:
        before = list(bind(snapshot, query, Integer("x", "X")).rows())
        with database.app() as other:
            other.execute("update octavo.organization set name = 'Renamed'")
        assert list(bind(snapshot, query, Integer("x", "X")).rows()) == before == [(1,)]
    with open_() as snapshot:
        assert list(bind(snapshot, query, Integer("x", "X")).rows()) == [(0,)]


def test_an_organization_sees_no_other(open_: Open, other_organization: Organization) -> None:
    with open_() as snapshot:
        assert list(bind(snapshot, "select slug as x from octavo.organization", Text("x", "X")).rows()) == [("alpha",)]


def test_a_query_that_changes_who_it_reads_for_is_thrown_away(open_: Open, other_organization: Organization) -> None:
    query = f"select set_config('octavo.organization_id', '{other_organization.id}', true) as x"
    with (
        pytest.raises((DatabaseError, DefinitionError), match=r"changed who it reads as|permission denied for function set_config"),
        open_() as snapshot,
    ):
        list(bind(snapshot, query, Text("x", "X")).rows())


# --- masks and totals -------------------------------------------------------------------------------------------------


def test_personal_data_is_masked_by_its_kind_and_nothing_stays_nothing(open_: Open) -> None:
    columns = (
        Text("name", "Name", pii=True), Text("town", "Town"), Money("pay", "Pay", pii=True, total=True), Date("born", "Born", pii=True),
        Instant("seen", "Seen", pii=True), Flag("member", "Member", pii=True), Integer("age", "Age", pii=True), Quantity("height", "Height", pii=True),
        Percent("part", "Part", pii=True),
    )  # fmt: skip
    query = """select 'Ada' as name, 'Rome' as town, 10.5 as pay, date '1815-12-10' as born, now() as seen, true as member, 36 as age, 1.65 as height,
               50 as part union all select null, null, null, null, null, null, null, null, null"""
    with open_() as snapshot:
        masked = bind(snapshot, query, *columns, masked=True)
        assert list(masked.rows()) == [("***", "Rome", *[None] * 7), (None,) * 9]
        assert masked.control.totals == (Total("pay", Decimal(0)),)
        assert bind(snapshot, query, *columns).control.totals == (Total("pay", Decimal("10.5")),)


def test_a_share_of_a_masked_figure_is_masked(open_: Open) -> None:
    columns = (Text("who", "Who"), Integer("pay", "Pay", pii=True))
    with open_() as snapshot:
        for masked, expected in (
            (True, [("a", None, None), ("b", None, None)]),
            (False, [("a", 1, Decimal("25.0000")), ("b", 3, Decimal("75.0000"))]),
        ):
            query = snapshot.query("rows", "select * from (values ('a', 1), ('b', 3)) as v (who, pay)", {}, columns,
                                   masked=masked, share_of="pay")  # fmt: skip
            assert list(query.rows()) == expected


def test_totals_are_kept_by_currency_and_never_added_across(open_: Open) -> None:
    query = """select * from (values (1.10, 'EUR', 2.00, 'USD', 1), (2.20, 'GBP', 3.00, 'USD', 1), (3.30, 'EUR', 5.00, 'EUR', 1), (4.40, null, null, '', 1))
               as v (price, currency, fee, fee_currency, pieces)"""
    columns = (
        Money("price", "Price", currency_column="currency", total=True), Text("currency", "Currency"),
        Money("fee", "Fee", currency_column="fee_currency", total=True), Text("fee_currency", "Fee currency"), Integer("pieces", "Pieces", total=True),
    )  # fmt: skip
    with open_() as snapshot:
        control = bind(snapshot, query, *columns).control
    assert control.rows == 4
    assert {(total.column, total.currency): str(total.value) for total in control.totals} == {
        ("price", "EUR"): "4.40", ("price", "GBP"): "2.20", ("price", None): "4.40",
        ("fee", "USD"): "5.00", ("fee", "EUR"): "5.00", ("fee", None): "0",
        ("pieces", None): "4",
    }  # fmt: skip


def test_totals_are_exact_however_many_digits_they_have(open_: Open) -> None:
    """Forty nines and a thousandth, twice, in two currencies: nothing is rounded to 28 digits."""
    nines = "9" * 40
    query = "select %(amount)s::numeric as price, c as currency from unnest(array['EUR', 'EUR', 'GBP']) as c"
    with open_() as snapshot:
        control = bind(
            snapshot,
            query,
            Money("price", "Price", currency_column="currency", total=True),
            Text("currency", "Currency"),
            amount=f"{nines}.001",
        ).control
    assert {total.currency: f"{total.value:f}" for total in control.totals} == {"EUR": "1" + "9" * 39 + "8.002", "GBP": f"{nines}.001"}


def test_totals_of_numbers_without_end_do_not_fail(open_: Open) -> None:
    query = "select x::numeric as x, c from (values ('NaN', 'A'), ('Infinity', 'B'), ('-Infinity', 'C')) as v (x, c)"
    with open_() as snapshot:
        totals = bind(snapshot, query, Money("x", "X", currency_column="c", total=True), Text("c", "C"))
        assert {total.currency: str(total.value) for total in totals.control.totals} == {"A": "NaN", "B": "Infinity", "C": "-Infinity"}


def test_nothing_adds_up_to_nought(open_: Open) -> None:
    with open_() as snapshot:
        control = bind(snapshot, "select 1.0 as x where false", Money("x", "X", total=True)).control
    assert (control.rows, control.totals) == (0, (Total("x", Decimal(0)),))


# --- values that Python has not ---------------------------------------------------------------------------------------


def test_dates_before_christ_and_without_end_are_shown_and_not_refused(open_: Open) -> None:
    query = """select d::date as d, d::timestamptz as t from unnest(array['0044-03-15 BC', 'infinity', '-infinity', '10000-01-01', '2024-02-29', '0001-01-01',
               '9999-12-31']) as d"""
    with open_() as snapshot:
        rows = list(bind(snapshot, query, Date("d", "D"), Instant("t", "T")).rows())
    assert [row[0] for row in rows] == [
        "0044-03-15 BC", "infinity", "-infinity", "10000-01-01", date(2024, 2, 29), date(1, 1, 1), date(9999, 12, 31)
    ]  # fmt: skip
    assert rows[0][1] == "0044-03-15 00:00:00+00 BC"
    assert rows[4][1] == datetime(2024, 2, 29, tzinfo=UTC)


# --- what goes wrong in the middle ------------------------------------------------------------------------------------


def test_a_query_that_runs_too_long_is_stopped_with_the_setting_that_says_how_long(open_: Open) -> None:
    begun = time.monotonic()
    with (
        pytest.raises(DatabaseError, match=r"ran too long .* raise OCTAVO_STATEMENT_TIMEOUT_SECONDS"),
        open_(statement_timeout_seconds=0.3) as snapshot,
    ):
        copied(bind(snapshot, "select 1 as x from pg_sleep(20)", Integer("x", "X")))
    assert time.monotonic() - begun < 5


def test_a_query_that_fails_at_row_fifty_thousand_tells_no_data(open_: Open) -> None:
    query = "select 1 / (50000 - g) as x from generate_series(1, 60000) as g"
    for read in (copied, lambda bound: list(bound.rows())):
        with pytest.raises(DatabaseError) as refused, open_() as snapshot:
            read(bind(snapshot, query, Integer("x", "X")))
        assert str(refused.value) == "The query of section rows failed: DivisionByZero (SQLSTATE 22012); nothing was made"


def test_an_error_holds_no_value_of_the_data(open_: Open) -> None:
    with pytest.raises(DatabaseError) as refused, open_() as snapshot:
        copied(bind(snapshot, "select c::int as x from unnest(array['1', 'IBAN DE02 1203']) as c", Integer("x", "X")))
    assert "IBAN" not in str(refused.value)
    assert "InvalidTextRepresentation" in str(refused.value)


def test_a_query_can_refuse_in_its_own_words(open_: Open) -> None:
    with pytest.raises(TooLarge, match=r"^Choose one contract\.$"), open_() as snapshot:
        copied(bind(snapshot, "select octavo.refuse('Choose one contract.') as x", Text("x", "X")))


def killed_when(conninfo: str, condition: str) -> threading.Thread:
    """Ends, as the superuser, every backend of the test's database whose query fulfils `condition`, as soon as there is one."""

    def kill() -> None:
        deadline = time.monotonic() + 20
        with psycopg.connect(superuser(conninfo), autocommit=True) as admin:
            wanted = "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s and pid <> pg_backend_pid() and state = 'active' and "
            name = str(psycopg.conninfo.conninfo_to_dict(conninfo)["dbname"])
            while not admin.execute(wanted + condition, [name]).fetchall() and time.monotonic() < deadline:  # type: ignore[arg-type]
                time.sleep(0.02)

    thread = threading.Thread(target=kill)
    thread.start()
    return thread


@pytest.mark.parametrize("query", ["select 1 as x from pg_sleep(20)", ENDLESS])
def test_a_killed_backend_is_told_as_a_database_that_ended_the_connection(open_: Open, conninfo: str, query: str) -> None:
    with (
        pytest.raises(DatabaseError, match=r"The query of section rows was cut off: the database ended the connection"),
        open_() as snapshot,
    ):
        bound = bind(snapshot, query, Integer("x", "X"))
        killer = killed_when(conninfo, "query ilike 'copy%%'")
        for _ in bound.copy(sql.SQL("*"), CSV):
            time.sleep(0.001)
    killer.join()


def test_no_query_goes_on_when_the_snapshot_is_left(open_: Open, conninfo: str) -> None:
    with pytest.raises(KeyboardInterrupt), open_() as snapshot:
        for _ in bind(snapshot, ENDLESS, Integer("x", "X")).copy(sql.SQL("*"), CSV):
            raise KeyboardInterrupt
    deadline = time.monotonic() + 2
    with psycopg.connect(superuser(conninfo), autocommit=True) as admin:
        running = "select query from pg_stat_activity where datname = %s and state = 'active'"
        while left := admin.execute(running, [psycopg.conninfo.conninfo_to_dict(conninfo)["dbname"]]).fetchall():  # type: ignore[arg-type]
            assert time.monotonic() < deadline, left
            time.sleep(0.02)


def test_a_zone_that_only_one_side_knows_is_refused(open_: Open) -> None:
    with pytest.raises(UsageError, match=r"is no time zone"), open_("Mars/Olympus"):
        pass
    with pytest.raises(UsageError, match=r"'localtime' is no time zone"), open_("localtime"):
        pass
