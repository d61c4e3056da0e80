"""Rows that tell of something that is over and hold no file: the times of schedules, and messages that were of no run. They go after the files of reports."""

from psycopg import sql

from octavo.database.connection import Connection

_OVER = sql.SQL("clock_timestamp() - (select make_interval(days => report_days + row_days) from octavo.kept)")
_FREE = sql.SQL("not (select legal_hold from octavo.kept)")

_TICKS = sql.SQL(
    "delete from octavo.scheduled_tick as gone using (select t.schedule_id, t.planned_at from octavo.scheduled_tick as t "
    "where t.settled_at <= {over} and {free} and not exists (select from octavo.generated_report as r where r.organization_id = t.organization_id "
    "and r.schedule_id = t.schedule_id and r.planned_at = t.planned_at) and exists (select from octavo.scheduled_tick as later "
    "where later.organization_id = t.organization_id and later.schedule_id = t.schedule_id and later.planned_at > t.planned_at) "
    "order by t.settled_at limit %(most)s for update of t skip locked) as old where (gone.schedule_id, gone.planned_at) = (old.schedule_id, old.planned_at)"
).format(over=_OVER, free=_FREE)

_MESSAGES = sql.SQL(
    "delete from octavo.delivery as gone using (select id from octavo.delivery where run_id is null and ended_at <= {over} and {free} "
    "order by ended_at limit %(most)s for update skip locked) as old where gone.id = old.id"
).format(over=_OVER, free=_FREE)


def forget(connection: Connection, most: int) -> int:
    """Deletes so many of each at most, and gives how many. A time whose run is there stays with it, and so does a schedule's latest."""
    return sum(connection.execute(statement, {"most": most}).rowcount for statement in (_TICKS, _MESSAGES))
