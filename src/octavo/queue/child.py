"""The processes that make runs: forked from a warm server, limited in memory, killed without ceremony, and gone with their parent.

A child makes one run after the other, since a warm one is several times faster; it is replaced when it was killed, when it grew, and
after so many runs. What it tells its parent goes through a pipe: how far it is, then how it ended. One that ends without a word was lost.
"""

import logging
import os
import resource
import shutil
import signal
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import connection as multiprocessing_connection
from multiprocessing import forkserver, get_context, parent_process, resource_tracker
from multiprocessing.connection import Connection
from pathlib import Path

from octavo import logs
from octavo.control.runs import leases, rules
from octavo.control.schedules import jobs as schedules
from octavo.database.connection import Database
from octavo.pipeline import catalog
from octavo.pipeline.store import open_store
from octavo.settings import settings

_STOPPING = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
_TELL_SECONDS = 0.25
_MOST_RUNS = 50

_log = logging.getLogger("octavo.worker")
_context = get_context("forkserver")
_starting = threading.Lock()


@dataclass(frozen=True)
class Progress:
    """How far the file is."""

    stage: str = ""
    done: int = 0
    expected: int | None = None


@dataclass(frozen=True)
class Ended:
    """The run is through: `failure` says why, if it failed. `fit` says whether the child may make another."""

    failure: rules.Failure | None
    fit: bool


@dataclass(frozen=True)
class Kit:
    """What a child needs to know once."""

    database: Database
    store_place: str
    memory_mb: int


Message = Progress | Ended


class Child:
    """A child, as its parent sees it."""

    def __init__(self, kit: Kit, room: Path) -> None:
        """`room` is the folder for its temporary files, which goes with it. Raises OSError when the machine has no place for another process."""
        self._room = room
        self._pipe, theirs = _context.Pipe()
        self._process = _context.Process(target=_serve, args=(theirs, kit, str(room)), daemon=True)
        try:
            with _starting:
                _start_server()
                self._process.start()
        except BaseException as error:
            self._pipe.close()
            shutil.rmtree(room, ignore_errors=True)
            if isinstance(error, EOFError):
                raise ConnectionError("the server from which children are forked ended") from error
            raise
        finally:
            theirs.close()

    def begin(self, claim: leases.Claim) -> None:
        """Lets it make a run."""
        with suppress(OSError):  # it died: hear() will say nothing, and `ended` that
            self._pipe.send(claim)

    def hear(self, seconds: float) -> list[Message]:
        """What it said since, after waiting at most so long for something."""
        heard: list[Message] = []
        multiprocessing_connection.wait([self._pipe, self._process.sentinel], timeout=max(seconds, 0))
        try:
            while self._pipe.poll():
                heard.append(self._pipe.recv())
        except (EOFError, OSError):  # it ended, and everything it said was heard
            self._process.join()
        return heard

    @property
    def ended(self) -> bool:
        return not self._process.is_alive()

    @property
    def exit_code(self) -> int | None:
        """How it ended: less than 0 is the number of the signal that did it."""
        return self._process.exitcode

    def end(self) -> None:
        """Ends it at once; returns when it is gone."""
        self._process.kill()
        self._process.join()
        self._pipe.close()
        self._process.close()
        shutil.rmtree(self._room, ignore_errors=True)


def warm_up() -> None:
    """Starts the server from which children are forked, with everything that a render needs imported."""
    with _starting:
        _context.set_forkserver_preload(["octavo.queue.warm"])
        _start_server()


def _start_server() -> None:
    """A signal that stops the worker is for the worker alone, also when it is sent to all of its processes: it decides what becomes of a run."""
    resource_tracker.ensure_running()  # on its own, because it lifts the mask
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _STOPPING)
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(parent: Connection, kit: Kit, room: str) -> None:
    """The life of a child."""
    tempfile.tempdir = os.environ["TMPDIR"] = room
    # What it may write to; the address space would be too much to count, since the library of the charts reserves terabytes it never uses.
    resource.setrlimit(resource.RLIMIT_DATA, (kit.memory_mb * 1024**2,) * 2)
    logs.install(settings())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with suppress(EOFError, OSError):  # its parent is gone, or wants it no more
        for number in range(1, _MOST_RUNS + 1):
            claim: leases.Claim = parent.recv()
            with logs.about(logs.Subject(run=claim.run_id, organization=claim.organization_id)):
                failure = _make(parent, kit, claim)
            small = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < kit.memory_mb * 1024 // 2
            sound = failure is None or failure.kind not in ("memory", "internal")
            parent.send(Ended(failure, fit=small and sound and number < _MOST_RUNS))
    os._exit(0)  # nothing is left to be done, and the libraries' own farewells take their time


def _make(parent: Connection, kit: Kit, claim: leases.Claim) -> rules.Failure | None:
    told_at = 0.0

    def tell(stage: str, done: int, expected: int) -> None:
        nonlocal told_at
        if time.monotonic() - told_at >= _TELL_SECONDS:
            told_at = time.monotonic()
            parent.send(Progress(stage, done, expected))

    try:
        schedules.perform(claim, reports=catalog.installed(), database=kit.database, store=open_store(kit.store_place), progress=tell)
    except BaseException as error:  # also a panic of a library in Rust, which is no Exception
        failure = rules.failure(error, kit.memory_mb)
        if failure.kind == "internal":
            _log.exception("the run failed by an error in Octavo")
        return failure
    return None


def _end_with_parent() -> None:
    """A child without a parent has nobody to renew its leases; one whose server of forks died can no longer be ended by its parent."""
    parent, forked_by = parent_process(), os.getppid()
    assert parent is not None
    while parent.is_alive() and os.getppid() == forked_by:
        parent.join(1)
    os.kill(os.getpid(), signal.SIGKILL)
