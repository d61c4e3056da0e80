"""What is decided about runs without asking anybody: their states, which failures pass, how long to wait.

pending ──▶ processing ──▶ completed ──▶ expired
   │  ▲         │  │
   │  └─────────┘  ├─────▶ failed ──────▶ pending   (by hand)
   └───────────────┴─────▶ cancelled ───▶ pending   (by hand)
"""

import errno
import re
import signal
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

import psycopg

from octavo import errors
from octavo.pipeline.naming import Served

STATES = ("pending", "processing", "completed", "failed", "cancelled", "expired")
TRANSITIONS = {
    "pending": ("processing", "cancelled"),
    "processing": ("completed", "failed", "cancelled", "pending"),
    "completed": ("expired",),
    "failed": ("pending",),
    "cancelled": ("pending",),
    "expired": (),
}
BY_WORKERS = {("processing", "pending")}
"""Steps that no person takes: a worker gives a run back, or loses it."""
OVER = ("completed", "failed", "cancelled", "expired")
SOURCES = ("on_demand", "scheduled", "export")

NEEDED = "reports.export_reports"
"""The permission that whoever asked must still have when the run starts."""

MOST_FAILURES = 6
PAUSES = (1, 5, 15, 60, 300)
"""How long to wait after the first failure, the second, ..., times the setting: a dropped connection is back at once, a database within minutes."""

LOST = "The process that made it ended without a word, more than once; nothing was made. Ask for less at once, or see the server's log"


CRASHED = "A library crashed while it was made, twice; nothing was made. Choose another format or ask for less, and report it: the server's log says more"
MOST_CRASHES = 2
"""A crash comes again with the same data; the second attempt is for the machine's sake."""
_CRASHES = (signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGTRAP)
_LONGEST_MESSAGE = 2000


@dataclass(frozen=True)
class Failure:
    """Why an attempt failed: a word for machines, a sentence for people, whether the same may go well the next time, and after how many failures no more."""

    kind: str
    message: str
    passing: bool
    most: int = MOST_FAILURES


_KINDS: tuple[tuple[type[BaseException], str, bool], ...] = (
    (errors.NeedsApproval, "needs_approval", False),
    (errors.Forbidden, "forbidden", False),
    (errors.TooLarge, "too_large", False),
    (errors.NotInstalled, "not_installed", True),
    (errors.OtherSecret, "secret", True),
    (errors.UsageError, "usage", False),
    (errors.DefinitionError, "definition", False),
    (errors.Torn, "torn", False),
    (errors.QueryFailed, "query", False),
    (errors.DatabaseError, "database", True),
    (errors.StorageError, "storage", True),
    (errors.Interrupted, "lost", True),
    (errors.OctavoError, "error", False),
)

KINDS = ("memory", "internal", "crashed", "machine", "refused", *dict.fromkeys(kind for _, kind, _ in _KINDS))
"""Every kind of error that a run can fail by."""


def failure(error: BaseException, memory_mb: int) -> Failure:
    """What an exception means for the run. Of one that is not ours only the name is told: its text may hold data."""
    if _wants_memory(error):
        return Failure(
            "memory", f"It needs more than the {memory_mb} MB that one run may use; nothing was made. Narrow it, or choose CSV", False
        )
    if isinstance(error, psycopg.Error):
        return _of_database(error)
    for family, kind, passing in _KINDS:
        if isinstance(error, family):
            return Failure(kind, str(error)[:_LONGEST_MESSAGE], passing)
    if isinstance(error, OSError):
        return Failure(
            "machine", f"The machine that made it could not go on ({error.strerror or type(error).__name__}); nothing was made", True
        )
    return Failure("internal", f"An error in Octavo ({type(error).__name__}); nothing was made. The server's log says more", False)


def _wants_memory(error: BaseException) -> bool:
    if isinstance(error, RuntimeError):
        return "start new thread" in str(error)
    if isinstance(error, psycopg.OperationalError):  # what libpq says, which knows no SQLSTATE of the client's own lack
        return error.sqlstate is None and "out of memory" in str(error)
    return isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM)


def _of_database(error: psycopg.Error) -> Failure:
    """Of what Octavo itself asked the database, not of a report's queries: those explain themselves."""
    if error.sqlstate == "OC001":
        return Failure("refused", (error.diag.message_primary or "The database refused it")[:_LONGEST_MESSAGE], False)
    if isinstance(
        error, psycopg.OperationalError | psycopg.InterfaceError | psycopg.InternalError
    ):  # the last: also "read-only", of a replica
        return Failure("database", "The database ended the connection; nothing was made", True)
    return Failure("internal", f"An error in Octavo ({type(error).__name__}); nothing was made. The server's log says more", False)


def pause_after(failures: int, first: timedelta, most: int = MOST_FAILURES) -> timedelta | None:
    """How long to wait after so many failures, if `first` is the wait after the first; none when they were too many."""
    return first * PAUSES[failures - 1] if failures < most else None


def lost(exit_code: int | None = None) -> Failure:
    """The child that made it died without a word: killed, perhaps for want of memory on the machine, or by a crash in a library, which says so itself."""
    if exit_code is not None and -exit_code in _CRASHES:
        return Failure("crashed", CRASHED, True, MOST_CRASHES)
    return Failure("lost", LOST, True)


def is_over(state: str) -> bool:
    """Whether nothing more happens to a run by itself, but that its file goes one day."""
    return state in OVER


def how_far(state: str, done: int, total: int | None, worked_seconds: float | None) -> tuple[int | None, int | None]:
    """How many percent of the rows are written, and how many seconds the rest will take at this pace; None where nobody can say."""
    if state == "completed":
        return 100, 0
    if state != "processing" or not total:
        return None, None
    percent = min(done * 100 // total, 99)
    return percent, round(worked_seconds * max(total - done, 0) / done) if done and worked_seconds else None


def attempt_name(run_id: int, attempt: int) -> str:
    """How an attempt is called: in the names of its files, in its manifest, and by its sessions in the database."""
    return f"{run_id}-{attempt}"


FOLDERS = ("exports/", "reports/", "archive/")
"""Where in the store the files of runs lie: each below the id of its organization."""

_KEY = re.compile(r"(?:exports/(?P<e>\d+)/\d+|reports/(?P<r>\d+)/\d{4}/\d\d|archive/(?P<a>\d+)/\d{4})/(?P<attempt>\d+-\d+)\.")


def folder(organization_id: int, asked_at: datetime, export_request_id: int | None) -> str:
    """Where in the store the file of a run lies: with its export request, or in the month (UTC) in which the report was asked for."""
    if export_request_id is not None:
        return f"exports/{organization_id}/{export_request_id}/"
    return f"reports/{organization_id}/{asked_at.astimezone(UTC):%Y/%m}/"


def archive_folder(organization_id: int, asked_at: datetime) -> str:
    """Where the archive keeps the files that were asked for in that year (UTC)."""
    return f"archive/{organization_id}/{asked_at.astimezone(UTC):%Y}/"


def owner_of(key: str) -> tuple[int, str] | None:
    """The organization and the attempt that a key in the store says it belongs to; None when no run's file is called so."""
    found = _KEY.match(key)
    return (int(found["e"] or found["r"] or found["a"]), found["attempt"]) if found else None


def save_as(report: str, asked_at: datetime, run_id: int) -> str:
    """What a browser saves the file of a run as, without its extension."""
    return f"{report}-{asked_at.astimezone(UTC):%Y-%m-%d}-{run_id}"


def served(report: str, asked_at: datetime, run_id: int, file_key: str, media_type: str | None) -> Served:
    """What whoever fetches the file of a run is told of it."""
    return Served(f"{save_as(report, asked_at, run_id)}.{file_key.rsplit('.', 1)[-1]}", media_type or "application/octet-stream")


def require_file(run_id: int, state: str, *, archived: bool, for_admin: bool) -> None:
    """Raises Conflict when a run has no file yet, Gone when it has none any more, or only in the archive and it is not an administrator who asks."""
    if archived and not for_admin:
        raise errors.Gone(f"The file of the run {run_id} has expired and lies in the archive; an administrator can fetch it from there")
    if state == "expired" and not archived:
        raise errors.Gone(f"The file of the run {run_id} has expired; ask for it anew")
    if state not in ("completed", "expired"):
        raise errors.Conflict(f"The run {run_id} is {state}; only a completed one can be downloaded")


class Seeing(Protocol):
    """What decides whether somebody sees a run."""

    @property
    def user_id(self) -> int | None: ...
    def may(self, permission: str) -> bool: ...


class Owned(Protocol):
    """What decides who sees a run."""

    @property
    def id(self) -> int: ...
    @property
    def source(self) -> str: ...
    @property
    def requested_by(self) -> int | None: ...


def may_see(principal: Seeing, run: Owned) -> bool:
    """A run of an export is seen by who asked for it and by who decides about exports."""
    return run.source != "export" or run.requested_by == principal.user_id or principal.may("reports.approve_exports")
