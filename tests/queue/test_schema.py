"""The queue's tables are procrastinate's own, complete, and out of the reader's sight."""

from importlib.resources import files

import psycopg
import pytest

from octavo.database import migrate
from octavo.database.connection import Database
from octavo.errors import DatabaseError
from octavo.queue import wake
from tests.conftest import superuser


def test_the_migration_holds_the_schema_of_the_installed_procrastinate_to_the_letter() -> None:
    ours = (migrate.OWN_MIGRATIONS / "octavo-0005-queue.sql").read_text()
    theirs = files("procrastinate.sql").joinpath("schema.sql").read_text()
    assert (
        ours.split("-- procrastinate begins\n")[1].split("-- procrastinate ends\n")[0].strip() == theirs[theirs.index("-- Enums") :].strip()
    )


def test_every_function_that_procrastinate_calls_is_there(database: Database) -> None:
    wake.refuse_other_schema(database)


def test_a_worker_does_not_start_when_the_queue_is_of_another_version(database: Database, conninfo: str) -> None:
    with psycopg.connect(superuser(conninfo), dbname=database.conninfo.split("dbname=")[1].split()[0], autocommit=True) as connection:
        connection.execute("alter function octavo_queue.procrastinate_fetch_job_v2 rename to procrastinate_fetch_job_v9")
    with pytest.raises(DatabaseError, match="needs procrastinate_fetch_job_v2, which the database lacks"):
        wake.refuse_other_schema(database)


def test_the_reader_cannot_enter_the_queue(database: Database) -> None:
    with database.app() as connection:
        assert connection.execute("select has_schema_privilege('octavo_reader', 'octavo_queue', 'usage')").fetchone() == (False,)
