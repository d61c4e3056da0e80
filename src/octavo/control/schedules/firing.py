"""Taking what is due, by the database's clock: runs, the row of the planned time, the wake-ups and the next time in one transaction, or nothing.

Any number of schedulers may at once: each takes schedules that no other holds, and a planned time has one row.
"""

import logging
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, cast

from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from octavo.control import events
from octavo.control.runs import orders
from octavo.control.schedules import rules
from octavo.control.schedules.actions import COLUMNS, Schedule
from octavo.control.schedules.making import Making, Standing, Stopped
from octavo.control.schedules.rules import Planned
from octavo.database.connection import Connection, Database
from octavo.errors import NotInstalled, OctavoError
from octavo.pipeline import catalog

SCHEDULER = events.Actor.system("octavo schedule")
MOST = 500
"""How many schedules one transaction takes: enough that its own cost does not count, few enough that others of the organization do not wait long."""

_log = logging.getLogger("octavo.worker")

_DUE = sql.SQL(
    "select {}, clock_timestamp() as found_at, case when s.next_run_at < clock_timestamp() - interval '20 hours' then ("
    "select jsonb_agg(jsonb_build_array(run.run_at, run.days) order by run.run_at) from octavo.find_runs("
    "jsonb_populate_record(null::octavo.schedule_rule, to_jsonb(s)), s.next_run_at, clock_timestamp(), null, "
    "s.next_run_days[cardinality(s.next_run_days)] + 1) as run) end as later "
    "from octavo.scheduled_report as s where s.active and s.next_run_at <= clock_timestamp() and s.id <> all(%(left)s) "
    "order by s.next_run_at limit %(most)s for no key update of s skip locked"
)
_IN_TURN = sql.SQL(
    "select {}, clock_timestamp() as found_at, (select jsonb_build_array(min(t.planned_at), '[]'::jsonb) "
    "from octavo.scheduled_tick as t where t.schedule_id = s.id and t.state = 'queued') as first "
    "from octavo.scheduled_report as s where s.id in (select t.schedule_id from octavo.scheduled_tick as t where t.state = 'queued') "
    "and not exists (select from octavo.scheduled_tick as t where t.schedule_id = s.id and t.state = 'running') and s.id <> all(%(left)s) "
    "limit %(most)s for no key update of s skip locked"
)


@dataclass(frozen=True)
class Row:
    """What is written of a planned time."""

    schedule_id: int
    planned_at: datetime
    state: str
    kind: str = "planned"
    days: tuple[date, ...] = ()
    why: str | None = None
    reason: str = ""

    @property
    def told(self) -> dict[str, Any]:
        return {**vars(self), "planned_at": self.planned_at.isoformat(), "days": [day.isoformat() for day in self.days]}


@dataclass
class Taken:
    """What one transaction did."""

    rows: list[Row] = field(default_factory=list)
    lateness: list[float] = field(default_factory=list)
    """In seconds, of each time that the rule planned and that was run."""
    left: set[int] = field(default_factory=set)
    """Schedules whose reports this process does not have: another may."""
    schedules: int = 0


@dataclass
class _Work:
    taken: Taken
    asked: list[tuple[int, datetime, list[orders.Order]]] = field(default_factory=list)
    paused: list[tuple[int, Stopped]] = field(default_factory=list)
    last: dict[int, datetime] = field(default_factory=dict)


def ahead(database: Database) -> dict[int, float]:
    """For each organization in how many seconds something is due there; 0 or less: now. Raises DatabaseError, psycopg.Error."""
    with database.connect() as connection:
        rows = connection.execute("select organization_id, min(seconds) from octavo.schedules_ahead() group by 1").fetchall()
    return {cast(int, organization): cast(float, seconds) for organization, seconds in rows}


def take_due(
    database: Database, organization_id: int, *, reports: catalog.Catalog | None = None, left: Collection[int] = (), most: int = MOST
) -> Taken:
    """Takes schedules of an organization that are due, but those that were `left` before. Raises DatabaseError, psycopg.Error."""
    work = _Work(Taken())
    with database.tenant(organization_id) as connection:
        found = list(_found(connection, _DUE, left, most))
        if found:
            making = Making(connection, reports)
            busy = _busy(connection, [schedule.id for schedule, _ in found])
            for schedule, seen in found:
                due = [Planned(cast(datetime, schedule.next_run_at), tuple(schedule.next_run_days or ())), *_planned(seen["later"] or ())]
                _judge(making, work, schedule, due, seen["found_at"], schedule.id in busy)
            _write(connection, work)
    work.taken.schedules = len(found)
    return work.taken


def take_turns(
    database: Database, organization_id: int, *, reports: catalog.Catalog | None = None, left: Collection[int] = (), most: int = MOST
) -> Taken:
    """Begins what waited for the run before it, where that is over. Raises DatabaseError, psycopg.Error."""
    work = _Work(Taken())
    with database.tenant(organization_id) as connection:
        found = list(_found(connection, _IN_TURN, left, most))
        if found:
            making = Making(connection, reports)
            for schedule, seen in found:
                for planned in _planned([seen["first"]] if seen["first"] and seen["first"][0] is not None else ()):
                    _begin(making, work, schedule, planned, seen["found_at"])
            _write(connection, work, waited=True)
    work.taken.schedules = len(found)
    return work.taken


def _found(connection: Connection, query: sql.SQL, left: Collection[int], most: int) -> Iterator[tuple[Schedule, dict[str, Any]]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(query.format(COLUMNS), {"left": list(left), "most": most}).fetchall()
    for row in rows:
        more: dict[str, Any] = {name: row.pop(name) for name in ("found_at", "later", "first") if name in row}
        yield Schedule(**row), more


def _planned(told: Sequence[Any]) -> list[Planned]:
    return [Planned(datetime.fromisoformat(at), tuple(map(date.fromisoformat, days))) for at, days in told]


def _busy(connection: Connection, schedules: list[int]) -> set[int]:
    """Of those schedules the ones that are at work, or have something that waits. Asked once they are held."""
    rows = connection.execute(
        "select distinct schedule_id from octavo.scheduled_tick where state in ('queued', 'running') and schedule_id = any(%s)", [schedules]
    )
    return {cast(int, row[0]) for row in rows}


def _judge(making: Making, work: _Work, schedule: Schedule, due: list[Planned], now: datetime, busy: bool) -> None:
    stands = making.stands(schedule)
    if isinstance(stands, Stopped):
        work.last[schedule.id] = due[-1].at
        work.paused.append((schedule.id, stands))
        work.taken.rows += [Row(schedule.id, one.at, "skipped", days=one.days, why=stands.why, reason=stands.reason) for one in due]
        return
    verdicts = rules.decide(
        due, now, missed=schedule.missed, within=timedelta(hours=schedule.missed_within_hours), overlap=schedule.overlap, busy=busy
    )
    for verdict in verdicts:
        if verdict.does == "run":
            if not _begin(making, work, schedule, verdict.planned, now, stands):
                return
        else:
            state = "queued" if verdict.does == "wait" else "skipped"
            work.taken.rows.append(
                Row(schedule.id, verdict.planned.at, state, days=verdict.planned.days, why=verdict.why, reason=verdict.reason)
            )
    work.last[schedule.id] = due[-1].at


def _begin(making: Making, work: _Work, schedule: Schedule, planned: Planned, now: datetime, stands: Standing | None = None) -> bool:
    """Has a planned time run. False, and nothing done, where another worker may have the report that this one lacks."""
    row = Row(schedule.id, planned.at, "running", days=planned.days)
    found = stands or making.stands(schedule)
    if isinstance(found, Stopped):
        work.taken.rows.append(Row(row.schedule_id, row.planned_at, "skipped", why=found.why, reason=found.reason))
        work.paused.append((schedule.id, found))
        return True
    try:
        asked = making.order(schedule, found, planned.at, source="scheduled", schedule_id=schedule.id)
    except NotInstalled as error:
        if now - planned.at < rules.MISSING_REPORT:
            work.taken.left.add(schedule.id)
            return False
        work.taken.rows.append(_failed(row, str(error)))
    except OctavoError as error:
        work.taken.rows.append(_failed(row, str(error)))
    except Exception as error:  # an error of ours in one schedule must not keep all the others from running
        _log.exception("schedule %s of organization %s could not be run", schedule.id, schedule.organization_id)
        work.taken.rows.append(_failed(row, f"An error in Octavo ({type(error).__name__}); the server's log says more"))
    else:
        work.taken.rows.append(row)
        work.asked.append((schedule.id, planned.at, asked))
        if stands:  # taken by its rule, and not after having waited for its turn
            work.taken.lateness.append((now - planned.at).total_seconds())
    return True


def _failed(row: Row, reason: str) -> Row:
    return Row(row.schedule_id, row.planned_at, "failed", row.kind, row.days, "request", reason)


def _write(connection: Connection, work: _Work, *, waited: bool = False) -> None:
    """The last of it takes the list of what happened, for which others of the organization wait."""
    fresh = (update_ticks if waited else insert_ticks)(connection, work.taken.rows)
    work.taken.rows = [row for row in work.taken.rows if (row.schedule_id, row.planned_at) in fresh]
    if work.last:
        connection.execute(
            "update octavo.scheduled_report as s set last_planned_at = (one ->> 'at')::timestamptz from jsonb_array_elements(%s) as one "
            "where s.id = (one ->> 'id')::bigint",
            [Jsonb([{"id": schedule, "at": at.isoformat()} for schedule, at in work.last.items()])],
        )
    wanted = [order for schedule, at, asked in work.asked if (schedule, at) in fresh for order in asked]
    if wanted:
        orders.write(connection, SCHEDULER, wanted)
    for schedule, stopped in work.paused:
        connection.execute("select octavo.pause_schedule(%s, %s, %s)", [schedule, stopped.why, stopped.reason])


def insert_ticks(connection: Connection, rows: Sequence[Row]) -> set[tuple[int, datetime]]:
    """Writes what becomes of planned times; gives those that had no row before."""
    made = connection.execute(
        "insert into octavo.scheduled_tick (schedule_id, planned_at, kind, days, state, why, reason, fired_at, settled_at) "
        "select one.schedule_id, one.planned_at, one.kind, coalesce(one.days, '{}'), one.state, one.why, one.reason, "
        "case when one.state = 'running' then clock_timestamp() end, case when one.state not in ('running', 'queued') then clock_timestamp() end "
        "from jsonb_populate_recordset(null::octavo.scheduled_tick, %s) as one on conflict do nothing returning schedule_id, planned_at",
        [Jsonb([row.told for row in rows])],
    )
    return {cast("tuple[int, datetime]", tuple(row)) for row in made}


def update_ticks(connection: Connection, rows: Sequence[Row]) -> set[tuple[int, datetime]]:
    """Writes what becomes of times that waited, or are made up for."""
    changed = connection.execute(
        "update octavo.scheduled_tick as t set state = one.state, why = one.why, reason = one.reason, "
        "fired_at = case when one.state = 'running' then clock_timestamp() else t.fired_at end, "
        "settled_at = case when one.state not in ('running', 'queued') then clock_timestamp() end "
        "from jsonb_populate_recordset(null::octavo.scheduled_tick, %s) as one "
        "where t.schedule_id = one.schedule_id and t.planned_at = one.planned_at returning t.schedule_id, t.planned_at",
        [Jsonb([row.told for row in rows])],
    )
    return {cast("tuple[int, datetime]", tuple(row)) for row in changed}
