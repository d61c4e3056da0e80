"""Real PostgreSQL for every test: one embedded server a session, one migrated database a test, copied from a template."""

import itertools
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from octavo.control.tenancy import actions as tenancy
from octavo.database import embedded, migrate
from octavo.database.connection import Database
from octavo.pipeline import catalog, run
from octavo.pipeline.binding import Request
from octavo.pipeline.document import Organization
from octavo.pipeline.store import Folder
from tests import quick
from tests.buckets import s3, s3_server

__all__ = ["s3", "s3_server"]

ROOT = Path(__file__).parent.parent
SHARED_DATA = Path(os.environ.get("OCTAVO_SHARED_DATA", ROOT.parent / "shared" / "data"))

_numbers = itertools.count(1)

# A suite that a script starts in the background is told to ignore what some tests send.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """A test that runs a command in this process leaves its handlers to nobody: one that ignores a signal would be inherited by every process begun later."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data; tests that need it skip aloud where it is not there."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the real data is not in {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The connection string of the template database, as the role octavo, which is no superuser."""
    conninfo = embedded.start(quick.folder(tmp_path_factory.mktemp("server")))
    with psycopg.connect(superuser(conninfo), autocommit=True) as connection:
        connection.execute("alter system set fsync = off")
        connection.execute("select pg_reload_conf()")
    migrate.apply(conninfo, migrate.sources(catalog.installed().migrations))
    return conninfo


def superuser(conninfo: str) -> str:
    """The same server as its superuser, for what Octavo itself may not do."""
    return make_conninfo(conninfo, user="postgres", dbname="postgres")


@contextmanager
def copied(server: str) -> Iterator[str]:
    """A migrated, empty database, as the role octavo; it is thrown away at the end."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(superuser(server), autocommit=True) as connection:
        connection.execute(sql.SQL("create database {} template octavo owner octavo").format(sql.Identifier(name)))
        yield make_conninfo(server, dbname=name)
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
def conninfo(server: str) -> Iterator[str]:
    """A database of the test's own."""
    with copied(server) as address:
        yield address


@pytest.fixture
def database(conninfo: str) -> Database:
    return Database(conninfo)


@pytest.fixture
def organization(database: Database) -> Organization:
    return tenancy.create(database, "alpha", "Alpha Ltd", locale="en_GB", time_zone="Europe/London", currency="GBP")


@pytest.fixture
def other_organization(database: Database) -> Organization:
    return tenancy.create(database, "beta", "Beta GmbH", locale="de_DE", time_zone="Europe/Berlin", currency="EUR")


Render = Callable[..., run.Artefact]


@pytest.fixture
def render(database: Database, organization: Organization, tmp_path: Path) -> Render:
    """Renders a report of the installed catalog for `organization` into a folder of the test: render("retail.sales", "csv", ...)."""

    def render_one(report: str, format: str, parameters: dict[str, Any] | None = None, **request: Any) -> run.Artefact:
        reports = request.pop("reports", None) or catalog.installed()
        asked = Request(report, request.pop("organization", organization), format, parameters or {}, **request)
        number = next(_numbers)
        return run.render(
            asked,
            reports=reports,
            database=database,
            store=Folder(tmp_path),
            name_file=lambda document, extension: f"{document.report}-{number}.{extension}",
        )

    return render_one
