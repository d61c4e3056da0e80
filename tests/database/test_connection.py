"""The doors to the database: one organization at a time, one snapshot, and nothing left behind."""

import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from octavo.database import connection
from octavo.database.connection import Database, open_database
from octavo.errors import DatabaseError, UsageError
from octavo.pipeline.document import Organization
from octavo.settings import Settings

COUNT = "select count(*) from retail.store"
SLOW = "select count(*), pg_sleep(60) from retail.store"


@pytest.fixture
def superuser(conninfo: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(make_conninfo(conninfo, user="postgres"), autocommit=True) as connection:
        yield connection


def add_store(database: Database, organization: Organization, code: str) -> None:
    with database.tenant(organization.id) as connection:
        connection.execute("insert into retail.store (code, name) values (%s, %s)", [code, code])


def test_every_query_of_a_snapshot_sees_the_same_rows_whatever_is_committed_meanwhile(
    database: Database, organization: Organization
) -> None:
    add_store(database, organization, "first")
    with database.reader(organization.id, zone="UTC") as snapshot:
        before = snapshot.execute(COUNT).fetchone()
        add_store(database, organization, "second")
        assert snapshot.execute(COUNT).fetchone() == before == (1,)
        assert snapshot.execute("select array_agg(code) from retail.store").fetchone() == (["first"],)
    with database.reader(organization.id, zone="UTC") as snapshot:
        assert snapshot.execute(COUNT).fetchone() == (2,)


def test_a_snapshot_is_repeatable_and_read_only_as_the_reader_of_one_organization_in_the_zone_asked_for(
    conninfo: str, organization: Organization
) -> None:
    with Database(conninfo, statement_timeout_seconds=90).reader(organization.id, zone="Asia/Kathmandu") as snapshot:
        said = "session_user::text, current_user::text, octavo.current_organization()"
        assert snapshot.execute(f"select {said}".encode()).fetchone() == ("octavo", "octavo_reader", organization.id)
        settings = ("transaction_isolation", "transaction_read_only", "statement_timeout", "timezone", "datestyle", "intervalstyle")
        assert [snapshot.execute("select current_setting(%s)", [name]).fetchone() for name in settings] == [
            ("repeatable read",), ("on",), ("90s",), ("Asia/Kathmandu",), ("ISO, YMD",), ("iso_8601",),
        ]  # fmt: skip


def test_a_zone_that_the_database_does_not_know_is_wrong_usage(database: Database, organization: Organization) -> None:
    said = "'Mars/Olympus' is no time zone that the database knows"
    with pytest.raises(UsageError, match=said), database.reader(organization.id, zone="Mars/Olympus"):
        pass
    with pytest.raises(UsageError, match="is no time zone"), database.tenant(organization.id, zone="Mars/Olympus"):
        pass


@pytest.mark.parametrize(("seconds", "wanted"), [(0.5, "500ms"), (90, "90s"), (1e12, "2147483647ms")])
def test_a_query_always_has_a_longest_time(conninfo: str, organization: Organization, seconds: float, wanted: str) -> None:
    with Database(conninfo, statement_timeout_seconds=seconds).reader(organization.id, zone="UTC") as snapshot:
        assert snapshot.execute("select current_setting('statement_timeout')::interval = %s::interval", [wanted]).fetchone() == (True,)


def test_the_shortest_time_is_not_taken_for_none(conninfo: str, organization: Organization) -> None:
    with pytest.raises(psycopg.errors.QueryCanceled), Database(conninfo, 0.0001).reader(organization.id, zone="UTC") as snapshot:
        snapshot.execute("select pg_sleep(5)")


@pytest.mark.parametrize(
    "statement", ["insert into retail.store (code, name) values ('a', 'a')", "create temporary table t (a int)", "delete from retail.store"]
)
def test_nothing_can_be_written_through_a_snapshot(database: Database, organization: Organization, statement: str) -> None:
    refused = (psycopg.errors.ReadOnlySqlTransaction, psycopg.errors.InsufficientPrivilege)
    with pytest.raises(refused), database.reader(organization.id, zone="UTC") as snapshot:
        snapshot.execute(statement.encode())


def test_a_transaction_of_an_organization_is_kept_whole_or_not_at_all(database: Database, organization: Organization) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation), database.tenant(organization.id) as connection:
        connection.execute("insert into retail.store (code, name) values ('a', 'a')")
        connection.execute("insert into retail.store (code, name) values ('a', 'a')")
    with database.reader(organization.id, zone="UTC") as snapshot:
        assert snapshot.execute(COUNT).fetchone() == (0,)


def test_nothing_of_an_organization_is_carried_over(
    database: Database, organization: Organization, other_organization: Organization
) -> None:
    add_store(database, organization, "first")
    with database.connect() as connection:
        for begin in ("begin", "begin isolation level repeatable read read only"):
            connection.execute(begin.encode())
            connection.execute("select set_config('octavo.organization_id', %s, true)", [str(organization.id)])
            assert connection.execute(COUNT).fetchone() == (1,)
            connection.execute("rollback")
            assert connection.execute("select octavo.current_organization(), current_user::text").fetchone() == (None, "octavo_app")
            assert connection.execute(COUNT).fetchone() == (0,)
    with database.reader(other_organization.id, zone="UTC") as snapshot:
        assert snapshot.execute(COUNT).fetchone() == (0,)


def test_a_query_of_a_report_may_not_name_another_organization(
    database: Database, organization: Organization, other_organization: Organization
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), database.reader(organization.id, zone="UTC") as snapshot:
        snapshot.execute("select set_config('octavo.organization_id', %s, true)", [str(other_organization.id)])


@pytest.mark.parametrize(
    "statement",
    [
        "set local octavo.organization_id = '{other}'",
        "reset role",
        "set local role octavo_app",
        "rollback; begin",
        "reset octavo.organization_id",
    ],
)
def test_a_run_whose_query_changed_who_reads_is_thrown_away(
    database: Database, organization: Organization, other_organization: Organization, statement: str
) -> None:
    thrown_away = pytest.raises(DatabaseError, match="changed who it reads as; the run was thrown away")
    with thrown_away, database.reader(organization.id, zone="UTC") as snapshot:
        snapshot.execute(statement.format(other=other_organization.id).encode())


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, GeneratorExit])
def test_a_query_that_still_runs_when_its_snapshot_is_left_by_an_error_is_cancelled(
    database: Database, superuser: psycopg.Connection[Any], organization: Organization, error: type[BaseException]
) -> None:
    with pytest.raises(error), database.reader(organization.id, zone="UTC") as snapshot:
        snapshot.pgconn.send_query(SLOW.encode())
        wait_until_running(superuser, 1)
        raise error
    wait_until_running(superuser, 0)


def test_ctrl_c_while_a_query_runs_ends_the_query_too(
    database: Database, superuser: psycopg.Connection[Any], organization: Organization
) -> None:
    def interrupt() -> None:
        wait_until_running(superuser, 1)
        signal.raise_signal(signal.SIGINT)

    begun = time.monotonic()
    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt), database.reader(organization.id, zone="UTC") as snapshot:
        snapshot.execute(SLOW.encode())
    thread.join()
    wait_until_running(superuser, 0)
    assert time.monotonic() - begun < 10


def test_a_server_that_ends_the_connection_leaves_the_error_as_it_was(
    database: Database, superuser: psycopg.Connection[Any], organization: Organization
) -> None:
    with pytest.raises(psycopg.errors.AdminShutdown), database.reader(organization.id, zone="UTC") as snapshot:
        superuser.execute("select pg_terminate_backend(%s)", [snapshot.info.backend_pid])
        snapshot.execute(COUNT)


def wait_until_running(superuser: psycopg.Connection[Any], wanted: int) -> None:
    """Waits until so many queries run as octavo in this database; they have three seconds."""
    running = "select count(*) from pg_stat_activity where datname = current_database() and usename = 'octavo' and state = 'active'"
    deadline = time.monotonic() + 3
    while superuser.execute(running.encode()).fetchone() != (wanted,):
        assert time.monotonic() < deadline, f"not {wanted} queries are running"
        time.sleep(0.01)


def test_the_embedded_server_is_migrated_when_it_is_opened(tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = Settings(data_dir=tmp_path_factory.mktemp("opened"), statement_timeout_seconds=5)  # type: ignore[call-arg]
    database = open_database(settings)
    assert database.statement_timeout_seconds == 5
    with database.app() as connection:
        assert connection.execute("select count(*) from octavo.organization").fetchone() == (0,)
    assert open_database(settings) == database


def test_a_connection_whose_other_side_vanished_is_noticed_soon_unless_the_address_says_when() -> None:
    named = conninfo_to_dict(connection.address(Settings(database_url="postgresql://octavo@db.example/octavo")))
    assert (named["tcp_user_timeout"], named["keepalives_idle"]) == ("30000", "15")
    patient = conninfo_to_dict(connection.address(Settings(database_url="postgresql://octavo@db.example/octavo?tcp_user_timeout=90000")))
    assert (patient["tcp_user_timeout"], patient["keepalives_idle"]) == ("90000", "15")
