"""Connections that are used again, for a process that answers many short requests. One comes back as new, or not at all.

What a tenant's transaction sets ends with it; whatever else a session could keep (role, settings, locks, temporary tables, prepared
statements, what it listens to) is discarded before anybody gets it again, and looked at once more when they do.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from octavo.errors import Busy, DatabaseError


class Pool:
    """At most `size` connections, which are given out one to a request. Survives outages: what is broken is replaced."""

    def __init__(self, conninfo: str, place: str, *, size: int, wait_seconds: float) -> None:
        self._place, self._size, self._wait = place, size, wait_seconds
        self._free = threading.BoundedSemaphore(size)  # so that "all are in use" and "there is no database" are told apart
        self._connections: ConnectionPool[Any] = ConnectionPool(
            conninfo,
            kwargs={"autocommit": True, "prepare_threshold": None},
            min_size=0,
            max_size=size,
            open=False,
            configure=_prove,
            check=_prove,
            reset=_as_new,
            timeout=wait_seconds,
            reconnect_timeout=wait_seconds,  # it waits longer after each failure; giving up early has the next request try at once
            num_workers=min(3, size),
            name="octavo",
        )

    def open(self) -> None:
        """Begins to connect when somebody asks; the database need not be there yet."""
        self._connections.open(wait=False)

    def close(self) -> None:
        self._connections.close()

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
        """One of them, in no transaction. Raises Busy when all are in use for too long, DatabaseError when there is none to be had."""
        if not self._free.acquire(timeout=self._wait):
            raise Busy(
                f"All {self._size} connections of this server to the database are in use; nothing was changed. Try again in a moment"
            )
        try:
            try:
                taken = self._connections.getconn()
            except PoolTimeout as error:
                raise DatabaseError(
                    f"The database at {self._place} cannot be reached; nothing was changed. Try again in a moment"
                ) from error
            try:
                yield taken
            finally:
                self._connections.putconn(taken)
        finally:
            self._free.release()


def _prove(connection: psycopg.Connection[Any]) -> None:
    """Lets nobody have a session that is not the application's, in no organization. A broken one fails here too."""
    stands = connection.execute("select current_user, coalesce(current_setting('octavo.organization_id', true), '')").fetchone()
    if stands != ("octavo_app", ""):
        raise psycopg.OperationalError("the session is not as new")


# What `discard all` does, but for the plans of functions, which hold nothing of anybody and are the same for the next; and in the end
# the role that the connection was opened with, where `discard all` leaves the login's own.
_AS_NEW = (
    "close all; set session authorization default; reset all; deallocate all; unlisten *; select pg_advisory_unlock_all(); "
    "discard temp; discard sequences; reset role"
)


def _as_new(connection: psycopg.Connection[Any]) -> None:
    if not connection.autocommit:
        raise psycopg.OperationalError("the session was changed by who had it")
    connection.execute(_AS_NEW)
