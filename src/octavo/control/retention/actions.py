"""What is done about keeping: say how long, look what would go, hold and release, and the steps by which files and rows go.

Each step is one transaction that says what is about to happen or what has happened to the file, so that a process may die between any
two: no run that is completed, or archived, is ever without its file, and no file that is to go is forgotten.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import cast

from psycopg import sql
from psycopg.rows import class_row, dict_row

from octavo.control import events
from octavo.control.retention import rules
from octavo.control.retention.rules import Kept
from octavo.control.runs import actions as runs
from octavo.database.connection import Connection, Database
from octavo.errors import Conflict, Gone, UsageError

WORKER = events.Actor.system("octavo retention")

_ROUND = (3194, 2)
"""The advisory lock that whoever looks after files holds; (3194, 1) is that of claims."""


@dataclass(frozen=True)
class Due:
    """A run whose file has to go somewhere."""

    id: int
    attempt: int
    report: str
    created_at: datetime
    export_request_id: int | None
    file_key: str
    sha256: str
    media_type: str | None
    archived: bool
    """Whether the file lies in the archive now."""
    to_archive: bool
    """Whether the organization wants it there."""


@dataclass(frozen=True)
class Going:
    """How much goes at the next round if nothing changes before; `held` is due too, and stays."""

    files_to_delete: int
    files_to_archive: int
    archived_to_delete: int
    rows_to_delete: int
    held: int


@contextmanager
def alone(database: Database) -> Iterator[bool]:
    """Whether nobody else looks after files now; until the end of the block nobody begins to. Raises DatabaseError, psycopg.Error."""
    with database.connect() as connection:
        row = connection.execute("select pg_try_advisory_lock(%s, %s)", _ROUND).fetchone()
        got = row == (True,)
        try:
            yield got
        finally:
            if got and not connection.closed:
                connection.execute("select pg_advisory_unlock(%s, %s)", _ROUND)


def find(connection: Connection) -> Kept:
    """What holds for the transaction's organization."""
    with connection.cursor(row_factory=class_row(Kept)) as cursor:
        found = cursor.execute(
            "select export_days, report_days, archive_exports, archive_reports, archive_years, row_days, legal_hold, hold_reason, held_by_name "
            "from octavo.kept"
        ).fetchone()
    assert found is not None
    return found


def change(connection: Connection, actor: events.Actor, said: Kept) -> Kept:
    """Has the organization keep files as `said`, also those that are there already. Raises Conflict for less than now while all is on hold."""
    _lock(connection)
    now = find(connection)
    if now.legal_hold and rules.keeps_less(now, said):
        raise Conflict("Everything of this organization is on legal hold; release it before you keep anything for a shorter time")
    _say(connection, said)
    _follow(connection)
    events.record(
        connection, actor, "retention.changed", subject="retention",
        detail={name: getattr(said, name) for name in rules.PERIODS} | {"before": {name: getattr(now, name) for name in rules.PERIODS}},
    )  # fmt: skip
    return find(connection)


def preview(connection: Connection, said: Kept) -> Going:
    """What would go at the next round if the organization said that. Changes nothing."""
    with connection.transaction(force_rollback=True):
        _say(connection, said)
        _follow(connection)
        return going(connection)


def _lock(connection: Connection) -> None:
    connection.execute("select pg_advisory_xact_lock(hashtextextended('octavo legal hold', octavo.current_organization()))")


def _say(connection: Connection, said: Kept) -> None:
    connection.execute(
        "insert into octavo.retention (export_days, report_days, archive_exports, archive_reports, archive_years, row_days) values (%(export_days)s, "
        "%(report_days)s, %(archive_exports)s, %(archive_reports)s, %(archive_years)s, %(row_days)s) on conflict (organization_id) do update set "
        "export_days = excluded.export_days, report_days = excluded.report_days, archive_exports = excluded.archive_exports, "
        "archive_reports = excluded.archive_reports, archive_years = excluded.archive_years, row_days = excluded.row_days",
        asdict(said),
    )


def _follow(connection: Connection) -> None:
    """Has what is there already expire as the organization now says."""
    connection.execute(
        "update octavo.generated_report as run set expires_at = octavo.file_expires(run.source, run.completed_at, kept) from octavo.kept as kept "
        "where run.state = 'completed' and run.expires_at is distinct from octavo.file_expires(run.source, run.completed_at, kept)"
    )
    connection.execute(
        "update octavo.generated_report set expires_at = archived_at + make_interval(years => (select archive_years from octavo.kept)) "
        "where archived_at is not null"
    )


def hold(connection: Connection, actor: events.Actor, run_id: int, reason: str) -> runs.Run:
    """Puts a run on legal hold. Raises NotFound, Conflict when it is on hold already, Gone when its file is not there any more."""
    _held(connection, actor, run_id, held=True, reason=reason)
    return runs.find(connection, run_id)


def release(connection: Connection, actor: events.Actor, run_id: int, reason: str) -> runs.Run:
    """Lifts the hold; what is due then goes at the next round. Raises NotFound, Conflict."""
    _held(connection, actor, run_id, held=False, reason=reason)
    return runs.find(connection, run_id)


def _held(connection: Connection, actor: events.Actor, run_id: int, *, held: bool, reason: str) -> None:
    _require(reason)
    changed = connection.execute(
        "update octavo.generated_report set legal_hold = %(held)s, hold_reason = case when %(held)s then %(reason)s end, held_by_name = %(name)s, "
        "held_at = clock_timestamp() where id = %(id)s and legal_hold <> %(held)s and (not %(held)s or state <> 'expired' or archived_at is not null)",
        {"held": held, "reason": reason, "name": actor.name, "id": run_id},
    )
    if not changed.rowcount:
        run = runs.find(connection, run_id)
        if run.legal_hold == held:
            raise Conflict(f"The run {run_id} is {'on legal hold already' if held else 'not on legal hold'}")
        raise Gone(f"The file of the run {run_id} has expired; there is nothing left to hold")
    events.record(connection, actor, "run.held" if held else "run.released", subject="run", subject_id=run_id, detail={"reason": reason})


def hold_all(connection: Connection, actor: events.Actor, reason: str) -> Kept:
    """Puts everything of the organization on legal hold, what is still to come too. Raises Conflict."""
    return _all_held(connection, actor, held=True, reason=reason)


def release_all(connection: Connection, actor: events.Actor, reason: str) -> Kept:
    """Lifts the hold on everything; runs that are on hold by themselves stay so. Raises Conflict."""
    return _all_held(connection, actor, held=False, reason=reason)


def _all_held(connection: Connection, actor: events.Actor, *, held: bool, reason: str) -> Kept:
    _require(reason)
    _lock(connection)
    now = find(connection)
    if now.legal_hold == held:
        raise Conflict("The organization is " + ("on legal hold already" if held else "not on legal hold"))
    _say(connection, now)
    connection.execute(
        "update octavo.retention set legal_hold = %(held)s, hold_reason = case when %(held)s then %(reason)s end, held_by_name = %(name)s, "
        "held_at = clock_timestamp()",
        {"held": held, "reason": reason, "name": actor.name},
    )
    events.record(connection, actor, "retention.held" if held else "retention.released", subject="retention", detail={"reason": reason})
    return find(connection)


def _require(reason: str) -> None:
    if not reason.strip():
        raise UsageError("Say why; it stands in the audit list")


# The steps of the round, in their order.

_RUNS = sql.SQL("octavo.generated_report as run cross join octavo.kept as kept")
_FREE = sql.SQL("not run.legal_hold and not kept.legal_hold")
_DUE = sql.SQL("(run.state = 'completed' or run.archived_at is not null) and run.expires_at <= statement_timestamp()")
_AFTER_FILE = sql.SQL(
    "(run.file_gone_at is not null or run.state in ('failed', 'cancelled')) "
    "and coalesce(run.file_gone_at, octavo.file_expires(run.source, run.completed_at, kept)) <= statement_timestamp() - make_interval(days => kept.row_days)"
)
_TO_ARCHIVE = sql.SQL("case when run.source = 'export' then kept.archive_exports else kept.archive_reports end")
"""Conditions on a run and on what its organization keeps."""


def going(connection: Connection) -> Going:
    """What goes at the next round."""
    with connection.cursor(row_factory=class_row(Going)) as cursor:
        found = cursor.execute(
            sql.SQL(
                "select count(*) filter (where {due} and {free} and run.state = 'completed' and not {to_archive}) as files_to_delete, "
                "count(*) filter (where {due} and {free} and run.state = 'completed' and {to_archive}) as files_to_archive, "
                "count(*) filter (where {due} and {free} and run.archived_at is not null) as archived_to_delete, "
                "count(*) filter (where {free} and {after_file}) as rows_to_delete, "
                "count(*) filter (where not ({free}) and ({due} or {after_file})) as held from {runs} where {due} or {after_file}"
            ).format(due=_DUE, free=_FREE, to_archive=_TO_ARCHIVE, after_file=_AFTER_FILE, runs=_RUNS)
        ).fetchone()
    assert found is not None
    return found


def due(connection: Connection, after: int, most: int) -> list[Due]:
    """Runs whose files have stayed as long as they may, with ids above `after`; none that is on hold."""
    return _listed(connection, sql.SQL("{} and {}").format(_DUE, _FREE), after, most)


def left(connection: Connection, after: int, most: int) -> list[Due]:
    """Runs that have expired and whose files were not taken away yet: they just did, or a round was ended in the middle."""
    return _listed(
        connection,
        sql.SQL("run.state = 'expired' and run.archived_at is null and run.file_key is not null and {}").format(_FREE),
        after,
        most,
    )


def _listed(connection: Connection, which: sql.Composable, after: int, most: int) -> list[Due]:
    with connection.cursor(row_factory=class_row(Due)) as cursor:
        return cursor.execute(
            sql.SQL(
                "select run.id, run.attempt, run.report, run.created_at, run.export_request_id, run.file_key, run.sha256, run.media_type, "
                "run.archived_at is not null as archived, {} as to_archive from {} where run.id > %s and {} order by run.id limit %s"
            ).format(_TO_ARCHIVE, _RUNS, which),
            [after, most],
        ).fetchall()


def expire(connection: Connection, run: Due) -> bool:
    """Says that the file goes: from now on nobody gets it. False when it does not go after all: it was held, or is to be kept longer."""
    return _step(connection, run, "run.archive_ended" if run.archived else "run.expired", sql.SQL("state = 'expired', archived_at = null"))


def archive(connection: Connection, run: Due, to: str) -> bool:
    """Says that the file is in the archive now, where it lies already. False when it stays in its place after all."""
    return _step(
        connection, run, "run.archived",
        sql.SQL("state = 'expired', file_key = %(to)s, archived_at = clock_timestamp(), "
                "expires_at = clock_timestamp() + make_interval(years => kept.archive_years)"),
        to=to,
    )  # fmt: skip


def _step(connection: Connection, run: Due, action: str, changes: sql.SQL, *, to: str = "") -> bool:
    moved = connection.execute(
        sql.SQL(
            "update octavo.generated_report as run set {} from octavo.kept as kept where run.id = %(id)s and run.file_key = %(key)s and {} and {}"
        ).format(changes, _DUE, _FREE),
        {"id": run.id, "key": run.file_key, "to": to},
    )
    if not moved.rowcount:
        return False
    events.record(connection, WORKER, action, subject="run", subject_id=run.id, detail={"sha256": run.sha256})
    return True


def gone(connection: Connection, run: Due) -> None:
    """Says that the file is gone for good."""
    connection.execute(
        "update octavo.generated_report set file_key = null, file_gone_at = clock_timestamp() "
        "where id = %s and file_key = %s and state = 'expired' and archived_at is null",
        [run.id, run.file_key],
    )
    events.record(connection, WORKER, "run.file_deleted", subject="run", subject_id=run.id, detail={"sha256": run.sha256})


def forget(connection: Connection, most: int) -> list[int]:
    """Deletes the rows of runs whose files went long enough ago, but their figures; gives their ids."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            sql.SQL(
                "with over as (delete from octavo.generated_report where id = any(array(select run.id from {} where {} and {} "
                "order by run.id limit %s for update of run skip locked)) returning *) "
                "insert into octavo.past_run (id, report, format, source, export_request_id, state, records, file_bytes, sha256, duration_ms, error_kind, "
                "created_at, completed_at, expires_at) select id, report, format, source, export_request_id, state, records, file_bytes, sha256, "
                "duration_ms, error_kind, created_at, completed_at, coalesce(file_gone_at, expires_at) from over returning id"
            ).format(_RUNS, _FREE, _AFTER_FILE),
            [most],
        ).fetchall()
    ids = sorted(cast(int, row["id"]) for row in rows)
    for run_id in ids:
        events.record(connection, WORKER, "run.forgotten", subject="run", subject_id=run_id)
    return ids
