"""What a person does with a schedule beside its rule: run it now, look at what it would make, make up for times that passed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from octavo.control import events
from octavo.control.access.actions import Principal
from octavo.control.runs import actions as runs
from octavo.control.runs import orders
from octavo.control.schedules import actions, firing, rules
from octavo.control.schedules.actions import Schedule, Tick
from octavo.control.schedules.making import Making, Standing, Stopped
from octavo.database.connection import Connection
from octavo.errors import Conflict, UsageError
from octavo.pipeline import catalog

MOST_AT_ONCE = 366
"""How many times one backfill makes up for: those of a daily schedule in a year."""


def trigger(
    connection: Connection, principal: Principal, actor: events.Actor, schedule_id: int, *, reports: catalog.Catalog | None = None
) -> Tick:
    """Runs a schedule now, as it would run at a time of its rule: with its owner's rights, for its recipients, by its condition.

    Raises NotFound; Conflict when it is out of use, cannot run, or overlaps and skips that; TooManyRequests.
    """
    schedule = actions.lock(connection, principal, schedule_id)
    if not schedule.active:
        raise Conflict(f"The schedule {schedule.name!r} is out of use; activate it first, or ask for a preview")
    making, stands = _standing(connection, schedule, reports)
    planned_at = _now(connection)
    busy = _busy(connection, schedule_id)
    if busy and schedule.overlap == "skip":
        raise Conflict(f"{rules.OVERLAPPED}, and the schedule skips what overlaps; nothing was asked for. Wait for its end, or cancel it")
    waits = busy and schedule.overlap == "queue"
    asked = [] if waits else making.order(schedule, stands, planned_at, bulk=False, source="scheduled", schedule_id=schedule_id)
    runs.refuse_too_many(connection, len(schedule.formats))
    row = firing.Row(schedule_id, planned_at, "running", "triggered")
    if waits:
        row = replace(row, state="queued", why="overlap", reason=f"{rules.OVERLAPPED}; it waits for that")
    firing.insert_ticks(connection, [row])
    if asked:
        orders.write(connection, actor, asked)
    actions.record(connection, actor, "schedule.triggered", schedule, planned_at=planned_at.isoformat())
    return actions.tick(connection, schedule_id, planned_at)


def preview(
    connection: Connection, principal: Principal, actor: events.Actor, schedule_id: int, *, planned_at: datetime | None = None,
    formats: Sequence[str] = (), reports: catalog.Catalog | None = None,
) -> list[runs.Run]:  # fmt: skip
    """Asks for what a schedule would make at a planned time, the next one unless it is said, with the rights of who asks: it is sent to nobody.

    Its condition is not asked. Raises NotFound, UsageError, Conflict, TooManyRequests.
    """
    schedule = actions.find(connection, principal, schedule_id)
    if planned_at is not None and not 1970 <= planned_at.year <= 9998:
        raise UsageError("A planned time lies in the years 1970 to 9998, as those of rules do; nothing was asked for")
    if unknown := set(formats) - set(schedule.formats):
        raise UsageError(f"The schedule makes no {', '.join(sorted(unknown))}; it makes: {', '.join(schedule.formats)}")
    making = Making(connection, reports)
    stands = making.for_asker(schedule, principal)
    if isinstance(stands, Stopped):
        raise Conflict(f"{stands.reason}; nothing was asked for")
    runs.refuse_too_many(connection, len(formats or schedule.formats))
    asked = [
        order
        for order in making.order(schedule, stands, planned_at or schedule.next_run_at or _now(connection), bulk=False, sent=False)
        if not formats or order.format in formats
    ]
    return [runs.find(connection, run_id) for run_id in orders.write(connection, actor, asked)]


def backfill(
    connection: Connection, principal: Principal, actor: events.Actor, schedule_id: int, *, after: datetime, until: datetime, send: bool = False,
    reports: catalog.Catalog | None = None,
) -> list[Tick]:  # fmt: skip
    """Makes up for the times of the rule after one instant and up to another that have no file and no run that may yet make one.

    Only with `send` its recipients get them. Raises NotFound, UsageError, Conflict when it cannot run, TooManyRequests.
    """
    schedule = actions.lock(connection, principal, schedule_id)
    making, stands = _standing(connection, schedule, reports)
    lacking = would_backfill(connection, schedule, after=after, until=until)
    runs.refuse_too_many(connection, len(lacking) * len(schedule.formats))
    rows, asked = [], []
    for time in lacking:
        again, at = time["state"] is not None and time["runs"] > 0, time["run_at"]
        asked += making.order(schedule, stands, at, sent=send, source="scheduled", schedule_id=schedule_id, again=again)
        rows.append((time["state"] is not None, firing.Row(schedule_id, at, "running", "backfill", tuple(time["days"]))))
    firing.insert_ticks(connection, [row for known, row in rows if not known])
    firing.update_ticks(connection, [row for known, row in rows if known])
    if asked:
        orders.write(connection, actor, asked)
    actions.record(
        connection, actor, "schedule.backfilled", schedule, after=after.isoformat(), until=until.isoformat(), times=len(rows), sent=send
    )
    return [actions.tick(connection, schedule_id, row.planned_at) for _, row in rows]


def would_backfill(connection: Connection, schedule: Schedule, *, after: datetime, until: datetime) -> list[dict[str, Any]]:
    """The times that a backfill would make up for: run_at, days, state and runs. Raises UsageError."""
    if until > _now(connection):
        raise UsageError("Only what has passed can be made up for; nothing was asked for. Say an end that is not in the future")
    lacking = _lacking(connection, schedule, after, until)
    if len(lacking) > MOST_AT_ONCE:
        raise UsageError(
            f"That would be {len(lacking):,} times, and {MOST_AT_ONCE} are made up for at once; nothing was asked for. Choose a shorter stretch"
        )
    return lacking


def _lacking(connection: Connection, schedule: Schedule, after: datetime, until: datetime) -> list[dict[str, Any]]:
    with actions.refused_as_usage(), connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            "select run.run_at, run.days, t.state, "
            "(select count(*) from octavo.generated_report as r where r.schedule_id = %(id)s and r.planned_at = run.run_at) as runs "
            "from octavo.run_times_between(jsonb_populate_record(null::octavo.schedule_rule, %(rule)s), %(after)s, %(until)s) as run "
            "left join octavo.scheduled_tick as t on t.schedule_id = %(id)s and t.planned_at = run.run_at "
            "where run.run_at is distinct from %(next)s and (t.state is null or t.state in ('failed', 'skipped') or t.state = 'completed' and not exists ("
            "select from octavo.generated_report as r where r.schedule_id = %(id)s and r.planned_at = run.run_at and r.state <> 'expired')) "
            "order by run.run_at",
            {"id": schedule.id, "rule": Jsonb(actions.as_rule(schedule)), "after": after, "until": until, "next": schedule.next_run_at},
        ).fetchall()


def _standing(connection: Connection, schedule: Schedule, reports: catalog.Catalog | None) -> tuple[Making, Standing]:
    making = Making(connection, reports)
    stands = making.stands(schedule)
    if isinstance(stands, Stopped):
        raise Conflict(f"{stands.reason}; nothing was asked for")
    return making, stands


def _busy(connection: Connection, schedule_id: int) -> bool:
    row = connection.execute(
        "select exists (select from octavo.scheduled_tick where schedule_id = %s and state in ('queued', 'running'))", [schedule_id]
    ).fetchone()
    return row == (True,)


def _now(connection: Connection) -> datetime:
    row = connection.execute("select clock_timestamp()").fetchone()
    assert row is not None
    return cast(datetime, row[0])
