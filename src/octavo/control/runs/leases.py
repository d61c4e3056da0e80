"""How a worker holds a run: claim, renew, publish, fail, give back, take back. Every write names the attempt and finds nothing when it is no longer that one's.

So a worker that was slow, cut off or thought dead can do no harm: what it made is thrown away.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from psycopg import sql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from octavo.control import events
from octavo.control.runs import rules
from octavo.database.connection import Database

WORKER = events.Actor.system("octavo worker")


@dataclass(frozen=True)
class Claim:
    """One attempt at one run, held by this worker until its lease runs out."""

    organization_id: int
    run_id: int
    attempt: int
    bulk: bool = False

    @property
    def name(self) -> str:
        return rules.attempt_name(self.run_id, self.attempt)

    @property
    def session(self) -> str:
        """What its sessions in the database are called."""
        return f"octavo run {self.name}"

    @property
    def key(self) -> dict[str, int]:
        return {"run_id": self.run_id, "attempt": self.attempt}


@dataclass(frozen=True)
class Sealed:
    """A finished file that is about to be published."""

    file_key: str
    file_bytes: int
    sha256: str
    media_type: str
    records: int
    duration_ms: int
    masked: bool
    report_version: str
    manifest: Mapping[str, Any]
    figures: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Seen:
    """What is counted of an attempt; times in seconds, from the run's request to its last attempt and to its end."""

    report: str
    format: str
    source: str
    state: str
    failures: int
    error_kind: str | None
    records: int | None
    file_bytes: int | None
    wait_seconds: float
    total_seconds: float | None


_MINE = sql.SQL("id = %(run_id)s and attempt = %(attempt)s and state = 'processing'")


def claim(database: Database, worker: str, lease: timedelta, *, bulk: tuple[bool, ...], most_running: int) -> Claim | None:
    """The fairest run that is due, of the kinds in `bulk`; none when there is none. Raises DatabaseError, psycopg.Error."""
    with database.connect() as connection:
        row = connection.execute("select * from octavo.claim_run(%s, %s, %s, %s)", [worker, lease, list(bulk), most_running]).fetchone()
    return Claim(*cast("tuple[int, int, int, bool]", row)) if row else None


def renew(database: Database, claim: Claim, lease: timedelta, *, stage: str, done: int, expected: int | None) -> bool:
    """Keeps the run and writes how far it is. False when it is no longer ours: cancelled, or given to another."""
    statement = sql.SQL(
        "update octavo.generated_report set lease_until = clock_timestamp() + %(lease)s, stage = %(stage)s, processed_rows = %(done)s, "
        "total_rows = %(expected)s where {mine}"
    ).format(mine=_MINE)
    with database.tenant(claim.organization_id) as connection:
        values = {**claim.key, "lease": lease, "stage": stage, "done": done, "expected": expected}
        return connection.execute(statement, values).rowcount == 1


def publish(database: Database, claim: Claim, sealed: Sealed) -> bool:
    """Makes the file the run's result. False when the run is no longer ours: then the file must be thrown away."""
    statement = sql.SQL(
        "update octavo.generated_report set state = 'completed', lease_until = null, completed_at = clock_timestamp(), stage = '', "
        "file_key = %(file_key)s, file_bytes = %(file_bytes)s, sha256 = %(sha256)s, media_type = %(media_type)s, records = %(records)s, "
        "processed_rows = %(records)s, total_rows = %(records)s, duration_ms = %(duration_ms)s, masked = %(masked)s, "
        "report_version = %(report_version)s, manifest = %(manifest)s, figures = %(figures)s where {mine}"
    ).format(mine=_MINE)
    values = {**vars(sealed), **claim.key, "manifest": Jsonb(sealed.manifest), "figures": Jsonb(list(sealed.figures))}
    with database.tenant(claim.organization_id) as connection:
        if connection.execute(statement, values).rowcount == 0:
            return False
        figures = {"records": sealed.records, "bytes": sealed.file_bytes, "sha256": sealed.sha256, "masked": sealed.masked}
        events.record(
            connection, WORKER, "run.completed", subject="run", subject_id=claim.run_id, detail={"attempt": claim.attempt, **figures}
        )
    return True


def fail(database: Database, claim: Claim, failure: rules.Failure, pause: timedelta, *, only_if_expired: bool = False) -> bool:
    """Ends the attempt: if the failure may pass the run is tried again, the first time after `pause`; otherwise it failed. False when it is no longer ours."""
    select = sql.SQL(
        "select failures + 1, bulk from octavo.generated_report where {mine} and (not %(expired)s or lease_until < clock_timestamp()) for update {waiting}"
    ).format(mine=_MINE, waiting=sql.SQL("skip locked" if only_if_expired else ""))
    update = sql.SQL(
        "update octavo.generated_report set state = %(state)s, lease_until = null, failures = %(failures)s, stage = '', "
        "not_before = clock_timestamp() + %(pause)s::interval, completed_at = case when %(state)s = 'failed' then clock_timestamp() end, "
        "error_kind = %(kind)s, error_message = %(message)s where {mine}"
    ).format(mine=_MINE)
    with database.tenant(claim.organization_id) as connection:
        row = connection.execute(select, {**claim.key, "expired": only_if_expired}).fetchone()
        if row is None:
            return False
        failures, bulk = cast("tuple[int, bool]", row)
        wait = rules.pause_after(failures, pause, failure.most) if failure.passing else None
        state = "failed" if wait is None else "pending"
        values = {"state": state, "failures": failures, "pause": wait, "kind": failure.kind, "message": failure.message}
        connection.execute(update, {**claim.key, **values})
        if wait is not None:
            connection.execute("select octavo.wake(%s, clock_timestamp() + %s)", [bulk, wait])
        action = "run.failed" if wait is None else "run.attempt_failed"
        detail = {"attempt": claim.attempt, "kind": failure.kind}
        events.record(connection, WORKER, action, subject="run", subject_id=claim.run_id, detail=detail)
    return True


def hold_back(database: Database, claim: Claim, reason: str) -> bool:
    """Ends the attempt without a file, because the condition of its schedule does not hold. False when it is no longer ours."""
    statement = sql.SQL(
        "update octavo.generated_report set state = 'cancelled', lease_until = null, stage = '', completed_at = clock_timestamp(), "
        "error_kind = 'held_back', error_message = %(reason)s where {mine}"
    ).format(mine=_MINE)
    with database.tenant(claim.organization_id) as connection:
        if connection.execute(statement, {**claim.key, "reason": reason}).rowcount == 0:
            return False
        detail = {"attempt": claim.attempt, "kind": "held_back"}
        events.record(connection, WORKER, "run.held_back", subject="run", subject_id=claim.run_id, detail=detail)
    return True


def see(database: Database, claim: Claim) -> Seen | None:
    """The attempt as it stands; none when another has followed it. Raises DatabaseError, psycopg.Error."""
    with database.tenant(claim.organization_id) as connection, connection.cursor(row_factory=class_row(Seen)) as cursor:
        return cursor.execute(
            "select report, format, source, state, failures, error_kind, records, file_bytes, "
            "extract(epoch from coalesce(started_at, created_at) - created_at)::float8 as wait_seconds, "
            "extract(epoch from completed_at - created_at)::float8 as total_seconds "
            "from octavo.generated_report where id = %(run_id)s and attempt = %(attempt)s",
            claim.key,
        ).fetchone()


def give_back(database: Database, claim: Claim) -> bool:
    """Puts the run back as if it had not begun, because the worker stops. False when it is no longer ours."""
    statement = sql.SQL(
        "update octavo.generated_report set state = 'pending', lease_until = null, stage = '', processed_rows = 0 where {mine} returning bulk"
    ).format(mine=_MINE)
    with database.tenant(claim.organization_id) as connection:
        row = connection.execute(statement, claim.key).fetchone()
        if row is not None:
            connection.execute("select octavo.wake(%s)", [row[0]])
    return row is not None


def expired(database: Database) -> list[Claim]:
    """The attempts whose worker no longer says anything."""
    with database.connect() as connection:
        return [Claim(*cast("tuple[int, int, int]", row)) for row in connection.execute("select * from octavo.expired_runs()")]


def take_back(database: Database, claim: Claim, pause: timedelta) -> bool:
    """Ends an expired attempt. False when it is not expired any more, or when somebody is just writing to it: then the next round will see."""
    return fail(database, claim, rules.lost(), pause, only_if_expired=True)


def at_work(database: Database) -> set[str]:
    """The names of the attempts that some worker holds."""
    with database.connect() as connection:
        rows = connection.execute("select run_id, attempt from octavo.attempts_at_work()").fetchall()
    return {rules.attempt_name(*cast("tuple[int, int]", row)) for row in rows}


def wake_ups(database: Database, listener: int) -> set[int]:
    """The jobs in the queue that this listener has taken and not yet finished."""
    with database.connect() as connection:
        rows = connection.execute(
            "select id from octavo_queue.procrastinate_jobs where status = 'doing' and worker_id = %s", [listener]
        ).fetchall()
    return {cast(int, row[0]) for row in rows}


def forget_wake_ups(database: Database, jobs: Collection[int]) -> None:
    """Takes those jobs out of the queue."""
    with database.connect() as connection:
        connection.execute("delete from octavo_queue.procrastinate_jobs where id = any(%s)", [sorted(jobs)])


def tend_queue(database: Database, most: int, silent: timedelta) -> None:
    """Wakes workers for at most so many runs that are due and that nothing in the queue speaks for, and clears what workers left in it that have been silent for so long."""
    with database.connect() as connection:
        connection.execute("select octavo.tend_queue(%s, %s)", [most, silent])
