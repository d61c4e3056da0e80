"""A connection that is used again is as new, whatever was done with it, and the database may go and come back."""

import threading
import time
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from octavo.database.connection import Connection, Database
from octavo.errors import Busy, DatabaseError
from octavo.pipeline.document import Organization

WHO = "select current_user, coalesce(current_setting('octavo.organization_id', true), ''), current_setting('timezone')"


@pytest.fixture
def pooled(database: Database) -> Iterator[Database]:
    with database.pooled(1, wait_seconds=2) as one:
        yield one


@pytest.fixture
def superuser(conninfo: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with psycopg.connect(make_conninfo(conninfo, user="postgres"), autocommit=True) as connection:
        yield connection


def process(connection: Connection) -> int:
    return connection.info.backend_pid


def until(what: object, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not what():  # type: ignore[operator]
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)


def test_a_connection_is_used_again_and_belongs_to_no_organization_between(pooled: Database, organization: Organization) -> None:
    with pooled.tenant(organization.id, zone="Asia/Kathmandu") as connection:
        first = process(connection)
        assert connection.execute(WHO).fetchone() == ("octavo_app", str(organization.id), "Asia/Kathmandu")
    with pooled.app() as connection:
        assert process(connection) == first
        assert connection.execute(WHO).fetchone() == ("octavo_app", "", connection.execute("show timezone").fetchone()[0])  # type: ignore[index]
        assert connection.execute("select count(*) from octavo.sample_data").fetchone() == (0,)


def test_whatever_a_session_keeps_is_gone_when_it_is_used_again(pooled: Database, organization: Organization) -> None:
    with pooled.connect() as connection:
        first = process(connection)
        for statement in (
            f"select set_config('octavo.organization_id', '{organization.id}', false)",
            "set timezone = 'Asia/Kathmandu'",
            "set statement_timeout = '7s'",
            "select pg_advisory_lock(4711)",
            "listen something",
            "prepare kept as select 1",
            "create temporary table kept (value text)",
            "set role octavo_reader",
        ):
            connection.execute(statement.encode())
    with pooled.connect() as connection:
        assert process(connection) == first
        assert connection.execute(WHO.replace(", current_setting('timezone')", "").encode()).fetchone() == ("octavo_app", "")
        assert connection.execute("show timezone").fetchone() != ("Asia/Kathmandu",)
        assert connection.execute("show statement_timeout").fetchone() == ("0",)
        assert connection.execute("select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()").fetchone() == (0,)
        assert connection.execute("select to_regclass('pg_temp.kept'), count(*) from pg_prepared_statements").fetchone() == (None, 0)
        assert connection.execute("select count(*) from pg_listening_channels()").fetchone() == (0,)


def test_a_transaction_that_failed_leaves_nothing_and_its_connection_is_used_again(pooled: Database, organization: Organization) -> None:
    with pytest.raises(psycopg.errors.DivisionByZero), pooled.tenant(organization.id) as connection:
        first = process(connection)
        connection.execute("insert into octavo.project (name) values ('kept')")
        connection.execute("select 1 / 0")
    with pooled.tenant(organization.id) as connection:
        assert process(connection) == first
        assert connection.execute("select count(*) from octavo.project").fetchone() == (0,)


def test_a_connection_that_is_given_back_in_the_middle_of_something_is_clean_or_does_not_come_back(
    pooled: Database, organization: Organization, superuser: psycopg.Connection[tuple[object, ...]]
) -> None:
    with pooled.connect() as connection:
        connection.execute("begin")
        connection.execute("select set_config('octavo.organization_id', %s, true)", [str(organization.id)])
        connection.execute("insert into octavo.project (name) values ('half')")
    with pooled.connect() as connection:
        assert connection.execute(WHO).fetchone()[:2] == ("octavo_app", "")  # type: ignore[index]
        running = process(connection)
        connection.pgconn.send_query(b"select pg_sleep(60)")
    with pooled.connect() as connection:
        assert process(connection) != running
    with pooled.tenant(organization.id) as connection:
        assert connection.execute("select count(*) from octavo.project").fetchone() == (0,)


def test_a_cancelled_query_and_a_session_that_was_ended_are_survived(
    pooled: Database, superuser: psycopg.Connection[tuple[object, ...]]
) -> None:
    with pytest.raises(psycopg.errors.QueryCanceled), pooled.connect() as connection:
        pid = process(connection)
        threading.Timer(0.2, lambda: superuser.execute("select pg_cancel_backend(%s)", [pid])).start()
        connection.execute("select pg_sleep(60)")
    with pooled.connect() as connection:
        assert connection.execute("select 1").fetchone() == (1,)
        superuser.execute("select pg_terminate_backend(%s, 10000)", [process(connection)])
    with pooled.connect() as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_when_all_connections_are_in_use_one_waits_and_is_then_told_to_come_again(database: Database) -> None:
    with database.pooled(1, wait_seconds=0.2) as pooled, pooled.connect(), pytest.raises(Busy, match="in use"), pooled.connect():
        pass
    with database.pooled(1, wait_seconds=30) as pooled:
        held, served = threading.Event(), []

        def hold() -> None:
            with pooled.connect():
                held.set()
                time.sleep(0.3)
                served.append("first")

        thread = threading.Thread(target=hold)
        thread.start()
        held.wait(10)
        with pooled.connect():
            served.append("second")
        thread.join()
        assert served == ["first", "second"]


def test_the_database_goes_and_comes_back_and_the_pool_serves_again(server: str, conninfo: str, database: Database) -> None:
    name = sql.Identifier(str(conninfo_to_dict(conninfo)["dbname"]))
    with (
        database.pooled(3, wait_seconds=0.5) as pooled,
        psycopg.connect(make_conninfo(server, user="postgres", dbname="postgres"), autocommit=True) as outside,
    ):
        with pooled.connect(), pooled.connect():
            pass
        outside.execute(sql.SQL("alter database {} with allow_connections false").format(name))
        outside.execute(
            "select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = %s", [conninfo_to_dict(conninfo)["dbname"]]
        )
        for _ in range(3):
            with pytest.raises(DatabaseError, match="cannot be reached"), pooled.connect():
                pass
        outside.execute(sql.SQL("alter database {} with allow_connections true").format(name))

        def serves() -> bool:
            try:
                with pooled.connect() as connection:
                    return connection.execute("select 1").fetchone() == (1,)
            except DatabaseError:
                return False

        until(serves)
        with pooled.connect(), pooled.connect(), pooled.connect():
            pass


def test_a_snapshot_has_connections_of_its_own_that_are_used_again_for_another_organization_as_new(
    pooled: Database, organization: Organization, other_organization: Organization
) -> None:
    with pooled.tenant(organization.id) as connection:
        connection.execute("insert into octavo.project (name) values ('theirs alone')")
        with pooled.reader(organization.id, zone="Asia/Kathmandu") as snapshot:  # while the only other one is in use
            first = process(snapshot)
            assert first != process(connection)
    with pooled.reader(other_organization.id, zone="UTC", short=True) as snapshot:
        assert process(snapshot) == first
        assert snapshot.execute(WHO).fetchone() == ("octavo_reader", str(other_organization.id), "UTC")
        assert snapshot.execute("show transaction_read_only").fetchone() == ("on",)
        assert snapshot.execute("show transaction_isolation").fetchone() == ("repeatable read",)
        assert snapshot.execute("show jit").fetchone() == ("off",)
    with pooled.reader(organization.id, zone="UTC") as snapshot:
        assert process(snapshot) == first
        assert snapshot.execute("select setting, reset_val from pg_settings where name = 'max_parallel_workers_per_gather'").fetchone() == (
            "2",
            "2",
        )


def test_a_snapshot_that_is_left_between_two_queries_gives_its_connection_back_and_in_the_middle_of_one_ends_it(
    pooled: Database, organization: Organization, superuser: psycopg.Connection[tuple[object, ...]]
) -> None:
    with pytest.raises(RuntimeError), pooled.reader(organization.id, zone="UTC") as snapshot:
        first = process(snapshot)
        raise RuntimeError
    with pytest.raises(psycopg.errors.DivisionByZero), pooled.reader(organization.id, zone="UTC") as snapshot:
        assert process(snapshot) == first
        snapshot.execute("select 1 / 0")
    with pytest.raises(RuntimeError), pooled.reader(organization.id, zone="UTC") as snapshot:
        assert process(snapshot) == first
        snapshot.pgconn.send_query(b"select pg_sleep(60)")
        raise RuntimeError
    until(lambda: superuser.execute("select count(*) from pg_stat_activity where pid = %s", [first]).fetchone() == (0,))
    with pooled.reader(organization.id, zone="UTC") as snapshot:
        assert process(snapshot) != first


def test_a_snapshot_whose_query_changed_who_reads_is_nobodys_afterwards(
    pooled: Database, organization: Organization, other_organization: Organization
) -> None:
    with pytest.raises(DatabaseError, match="changed who it reads as"), pooled.reader(organization.id, zone="UTC") as snapshot:
        first = process(snapshot)
        snapshot.execute(f"set octavo.organization_id = '{other_organization.id}'".encode())
    with pooled.reader(organization.id, zone="UTC") as snapshot:
        assert process(snapshot) != first
        assert snapshot.execute(WHO).fetchone() == ("octavo_reader", str(organization.id), "UTC")
