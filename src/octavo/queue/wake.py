"""The wire between who asks and who works: procrastinate, for as much as saying "a run is due". What is due, and whose it is, the runs say.

A wake-up that comes twice finds nothing to claim; one that is lost is repeated by the reaper (octavo.tend_queue).
"""

import re
from collections.abc import Callable

import procrastinate
import psycopg
from procrastinate.sql import queries

from octavo.database.connection import Database
from octavo.errors import DatabaseError

SCHEMA = "octavo_queue"
TASK = "octavo.wake"
QUEUES = {False: "interactive", True: "bulk"}
"""The queue of each kind of run, by whether it is bulk."""
AWAY = (procrastinate.exceptions.ConnectorException, psycopg.OperationalError, psycopg.InterfaceError, OSError)
"""What is raised when the database is away."""


def application(database: Database, wake: Callable[[procrastinate.JobContext], None], slots: int) -> procrastinate.App:
    """The queue as a worker sees it: `wake` is called in a thread for each wake-up, at most `slots` at once."""
    connector = procrastinate.PsycopgConnector(conninfo=database.address(SCHEMA), min_size=1, max_size=slots + 3, timeout=10)
    app = procrastinate.App(connector=connector)
    app.task(name=TASK, pass_context=True)(wake)
    return app


def refuse_other_schema(database: Database) -> None:
    """Raises DatabaseError when the database lacks a function that the installed procrastinate calls."""
    called = {name for text in queries.values() for name in re.findall(r"\bprocrastinate_\w+_v\d+(?=\s*\()", text)}
    with database.app() as connection:
        there = {
            str(name)
            for (name,) in connection.execute(
                "select proname from pg_proc where pronamespace = (select oid from pg_namespace where nspname = %s)", [SCHEMA]
            )
        }
    if missing := sorted(called - there):
        raise DatabaseError(
            f"The installed procrastinate {procrastinate.__version__} needs {missing[0]}, which the database lacks; install procrastinate 3.10, "
            "which the migrations of this Octavo are made for"
        )
