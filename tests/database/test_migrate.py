"""Migrations are applied once, in order, whole or not at all, whoever else migrates or dies meanwhile."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from octavo.database import migrate
from octavo.errors import DatabaseError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The migrations of a pack of the test's own."""
    made = tmp_path / "schema"
    made.mkdir()
    return made


def tables(conninfo: str) -> set[str]:
    with psycopg.connect(make_conninfo(conninfo, user="postgres")) as connection:
        return {name for (name,) in connection.execute("select tablename::text from pg_tables where schemaname = 'crm'")}


def test_nothing_is_applied_twice(conninfo: str, folder: Path) -> None:
    (folder / "crm-0001.sql").write_text("create schema crm; create table crm.a (id int);")
    assert migrate.apply(conninfo, migrate.sources((folder,))) == ["crm-0001"]
    assert migrate.apply(conninfo, migrate.sources((folder,))) == []
    (folder / "crm-0002.sql").write_text("create table crm.b (id int);")
    (folder / "crm-0002.rollback.sql").write_text("drop table crm.b;")
    assert migrate.apply(conninfo, migrate.sources((folder,))) == ["crm-0002"]
    assert tables(conninfo) == {"a", "b"}


def test_everything_belongs_to_the_owner_that_nobody_logs_in_as(conninfo: str, folder: Path) -> None:
    (folder / "crm-0001.sql").write_text("create schema crm; create table crm.a (id int);")
    migrate.apply(conninfo, migrate.sources((folder,)))
    with psycopg.connect(conninfo) as connection:
        assert connection.execute(
            "select relowner::regrole::text, rolcanlogin from pg_class join pg_roles r on r.oid = relowner where relnamespace = 'crm'::regnamespace"
        ).fetchall() == [("octavo_owner", False)]


def test_a_migration_that_fails_is_named_and_leaves_nothing_of_itself(conninfo: str, folder: Path) -> None:
    (folder / "crm-0001.sql").write_text("create schema crm; create table crm.a (id int);")
    (folder / "crm-0002.sql").write_text("create table crm.b (id int); insert into crm.b values (1); create table crm.c (id no_such_type);")
    (folder / "crm-0003.sql").write_text("create table crm.d (id int);")
    with pytest.raises(
        DatabaseError,
        match=r'^The migration crm-0002 failed and left nothing behind; those before it stand: type "no_such_type" does not exist$',
    ):
        migrate.apply(conninfo, migrate.sources((folder,)))
    assert tables(conninfo) == {"a"}
    (folder / "crm-0002.sql").write_text("create table crm.b (id int);")
    assert migrate.apply(conninfo, migrate.sources((folder,))) == ["crm-0002", "crm-0003"]
    assert tables(conninfo) == {"a", "b", "d"}


def test_a_migration_that_would_run_outside_a_transaction_is_refused(conninfo: str, folder: Path) -> None:
    (folder / "crm-0001.sql").write_text("-- transactional: false\ncreate schema crm;")
    with pytest.raises(DatabaseError, match="The migration crm-0001 asks to run outside a transaction"):
        migrate.apply(conninfo, migrate.sources((folder,)))


def test_two_packs_whose_migrations_have_one_name_are_refused(conninfo: str, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for place in (folder, other):
        (place / "0001.sql").write_text("create schema crm;")
    with pytest.raises(DatabaseError, match=r"^The migrations cannot be read: "):
        migrate.apply(conninfo, migrate.sources((folder, other)))


def migrating(conninfo: str, folder: Path) -> "subprocess.Popen[bytes]":
    code = "import sys; from pathlib import Path; from octavo.database import migrate; migrate.apply(sys.argv[1], migrate.sources((Path(sys.argv[2]),)))"
    return subprocess.Popen([sys.executable, "-c", code, conninfo, str(folder)])


def test_a_migration_whose_process_was_killed_does_not_block_the_next(conninfo: str, folder: Path) -> None:
    (folder / "crm-0001.sql").write_text("create schema crm; create table crm.a (id int); select pg_sleep(60);")
    killed = migrating(conninfo, folder)
    with psycopg.connect(make_conninfo(conninfo, user="postgres"), autocommit=True) as connection:
        asleep = "select count(*) from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'"
        deadline = time.monotonic() + 20
        while connection.execute(asleep).fetchone() != (1,):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait()
        # What yoyo's own lock looks like after a process of it was killed.
        connection.execute(sql.SQL("insert into octavo.yoyo_lock (locked, pid) values (1, {})").format(sql.Literal(killed.pid)))
    (folder / "crm-0001.sql").write_text("create schema crm; create table crm.a (id int);")
    begun = time.monotonic()
    assert migrate.apply(conninfo, migrate.sources((folder,))) == ["crm-0001"]
    assert time.monotonic() - begun < 10
    assert tables(conninfo) == {"a"}


def test_a_migration_and_the_note_that_it_was_applied_are_one_transaction(conninfo: str, folder: Path) -> None:
    # Where the note cannot be written, as when the process dies in between, the migration must not stand.
    forbid = "alter table octavo._yoyo_migration add check (migration_id <> 'crm-0001');"
    (folder / "crm-0001.sql").write_text(f"create schema crm; create table crm.a (id int); {forbid}")
    with pytest.raises(DatabaseError, match="The migration crm-0001 failed and left nothing behind"):
        migrate.apply(conninfo, migrate.sources((folder,)))
    assert tables(conninfo) == set()
    (folder / "crm-0001.sql").write_text("create schema crm; create table crm.a (id int);")
    assert migrate.apply(conninfo, migrate.sources((folder,))) == ["crm-0001"]
