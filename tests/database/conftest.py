"""Debian's PostgreSQL 15 over TCP with a password, for what must hold on any server from 15 on."""

import itertools
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from octavo.control.tenancy import actions as tenancy
from octavo.database.connection import Database
from tests.conftest import copied
from tests.database.calendars import Calendar

PROGRAMS = Path("/usr/lib/postgresql/15/bin")

_numbers = itertools.count(1)


@dataclass(frozen=True)
class External:
    """A server that is not ours, and the keys of its administrator."""

    port: int
    password: str

    def address(self, user: str = "postgres", password: str | None = None, database: str = "postgres") -> str:
        return f"postgresql://{user}:{password or self.password}@127.0.0.1:{self.port}/{database}"

    def administer(self, *statements: str, database: str = "postgres") -> None:
        """Runs statements as the administrator."""
        with psycopg.connect(self.address(database=database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def database_for(self, attributes: str, *, owned: bool = True) -> "Login":
        """A new login with a password and these attributes, and a new database, which it owns or not."""
        name = f"login_{next(_numbers)}"
        login = Login(self, name, secrets.token_hex(8))
        self.administer(
            f"create role {name} login password '{login.password}' {attributes}",
            f"create database {name} {f'owner {name}' if owned else ''}",
        )
        return login


@dataclass(frozen=True)
class Login:
    """Who connects, to the database of the same name."""

    server: External
    name: str
    password: str

    @property
    def address(self) -> str:
        return self.server.address(self.name, self.password, self.name)


def _run(program: Path, *arguments: str) -> None:
    identity: dict[str, Any] = {"user": "postgres", "group": "postgres", "extra_groups": ()} if os.geteuid() == 0 else {}
    subprocess.run([program, *arguments], check=True, stdout=subprocess.DEVNULL, cwd="/", **identity)


@contextmanager
def started(programs: Path = PROGRAMS) -> Iterator[External]:
    """A PostgreSQL (Debian's 15) of the tests' own, new and empty; it is thrown away at the end."""
    if not (programs / "initdb").exists():
        pytest.skip("PostgreSQL 15 is not installed here (Debian: apt-get install postgresql-15)")
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    password = folder / "password"
    password.write_text(secrets.token_hex(16))
    if os.geteuid() == 0:
        for path in (folder, password):
            shutil.chown(path, "postgres")
    data = folder / "data"
    _run(
        programs / "initdb",
        "-D",
        str(data),
        "-A",
        "scram-sha-256",
        "--pwfile",
        str(password),
        "-U",
        "postgres",
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
        "-N",
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = f"-p {port} -k {folder} -h 127.0.0.1 -c fsync=off -c max_connections=40"
    _run(programs / "pg_ctl", "-D", str(data), "-l", str(folder / "log"), "-o", options, "-w", "start")
    try:
        yield External(port, password.read_text())
    finally:
        _run(programs / "pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def external() -> Iterator[External]:
    """The PostgreSQL 15 of this session."""
    with started() as server:
        yield server


@pytest.fixture
def login(external: External) -> Login:
    """A login as Octavo asks for: it may make roles and owns its database, and is no superuser."""
    return external.database_for("createrole nosuperuser nobypassrls")


@pytest.fixture(scope="module")
def almanac(server: str) -> Iterator[tuple[Database, int]]:
    """A database in which nothing is ever committed but one organization: the calendar only reads."""
    with copied(server) as address:
        database = Database(address)
        yield database, tenancy.create(database, "calendar", "Calendar", locale="en_GB", time_zone="UTC", currency="EUR").id


@pytest.fixture
def calendar(almanac: tuple[Database, int]) -> Iterator[Calendar]:
    """The calendar in a transaction that is rolled back."""
    database, organization = almanac
    with database.tenant(organization) as connection, connection.transaction(force_rollback=True):
        yield Calendar(connection)
