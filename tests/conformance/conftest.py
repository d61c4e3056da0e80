"""A database with a row of each of two organizations in every table, for the proofs that they are kept apart."""

import threading
import time
from collections.abc import Iterator

import psycopg
import pytest
import uvicorn
from fastapi import FastAPI
from psycopg.conninfo import make_conninfo

from octavo.pipeline.document import Organization
from tests.conformance.breaches import Filled
from tests.conformance.tenant_tables import Connection, discover, fill, schemas


@pytest.fixture
def superuser(conninfo: str) -> Iterator[Connection]:
    """Who sees everything: the truth to compare with."""
    with psycopg.connect(make_conninfo(conninfo, user="postgres"), autocommit=True) as connection:
        connection.execute("set search_path = ''")
        yield connection


@pytest.fixture
def filled(conninfo: str, superuser: Connection, organization: Organization, other_organization: Organization) -> Filled:
    tables = discover(superuser, schemas())
    return Filled(
        conninfo, tables, fill(superuser, tables, (organization.id, other_organization.id)), organization.id, other_organization.id
    )


@pytest.fixture
def session(filled: Filled) -> Iterator[Connection]:
    """A transaction of the login that Octavo really uses, which is undone."""
    with psycopg.connect(filled.conninfo, autocommit=True) as connection, connection.transaction(force_rollback=True):
        yield connection


@pytest.fixture
def address(application: FastAPI) -> Iterator[str]:
    """Where the application of the test answers over HTTP, as it is served."""
    server = uvicorn.Server(uvicorn.Config(application, port=0, log_level="error", access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + 60
    while not server.started:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()
