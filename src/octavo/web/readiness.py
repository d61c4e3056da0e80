"""Whether the process can work now: the database answers, its migrations are these, the store can be written."""

import os
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLong
from dataclasses import dataclass, field

import psycopg

from octavo.database import connection
from octavo.errors import NotReady, OctavoError
from octavo.pipeline.store import open_store
from octavo.web.asking import Server

_GOOD_SECONDS = 10
"""For how long a good answer stands: anybody may ask, and asking must cost nothing."""
_LONGEST_SECONDS = 5


@dataclass
class _Look:
    """One thing that is looked at: what is done, and when it was last found good."""

    what: str
    look: Callable[[], None]
    good_at: float = -_GOOD_SECONDS
    turn: threading.Lock = field(default_factory=threading.Lock)
    thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "ready"))

    def take(self) -> None:
        """Raises NotReady. Who asks while another's look goes on waits for that."""
        with self.turn:
            if time.monotonic() - self.good_at < _GOOD_SECONDS:
                return
            try:
                self.thread.submit(self.look).result(_LONGEST_SECONDS)
            except TooLong as error:
                raise NotReady(f"{self.what} has not answered for {_LONGEST_SECONDS} seconds") from error
            except (psycopg.Error, OSError) as error:
                raise NotReady(f"{self.what} cannot be used ({type(error).__name__}); octavo doctor says more") from error
            except OctavoError as error:
                raise NotReady(str(error)) from error
            self.good_at = time.monotonic()


class Readiness:
    """Looks, in the order in which one thing needs the other."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._name = f"ready-{socket.gethostname()}-{os.getpid()}"
        self._looks = (_Look("The database", self._migrations), _Look("The store", self._store))

    def look(self) -> None:
        """Raises NotReady, saying what is missing."""
        try:
            with self._server.database.app() as session:
                session.execute("select 1")
        except (OctavoError, psycopg.Error) as error:
            raise NotReady("The database does not answer; octavo doctor says more") from error
        for look in self._looks:
            look.take()

    def _migrations(self) -> None:
        pending = connection.lacking(self._server.database.conninfo, self._server.reports.migrations)
        if pending:
            raise NotReady(f"The database lacks {len(pending)} migrations; run: octavo migrate")

    def _store(self) -> None:
        store = open_store(self._server.settings.store_place)
        store.discard_scratch(self._name)  # of an earlier process with the same number
        with store.scratch(self._name) as scratch:
            scratch.write(b"ready")
            store.put(scratch, self._name)
        store.remove(self._name)
