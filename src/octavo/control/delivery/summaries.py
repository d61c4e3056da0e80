"""The weekly summary: on Monday at 08:00 in the organization's zone, what the week before was and what the next one will be."""

from datetime import date, timedelta
from typing import Any, cast

from octavo.control.tenancy import actions as tenancy
from octavo.database.connection import Connection, Database
from octavo.pipeline import locales
from octavo.pipeline.catalog import Catalog
from octavo.pipeline.document import Organization

_MOST_LINES = 10


def write_due(database: Database) -> int:
    """Writes the deliveries of the summaries that are due; gives how many. Any number may do so at once. Raises DatabaseError, psycopg.Error."""
    with database.connect() as connection:
        due = [cast(int, row[0]) for row in connection.execute("select * from octavo.summaries_due()")]
    return sum(_write(database, organization_id) for organization_id in due)


def _write(database: Database, organization_id: int) -> int:
    """Once for each Monday: of two who write it, one finds that it is not due any more. What was missed while nobody worked is not made up for."""
    with database.tenant(organization_id) as connection:
        zone = tenancy.current(connection).time_zone
        due = connection.execute(
            "select (clock_timestamp() at time zone %(zone)s)::date, recipients from octavo.notification_setting "
            "where next_summary_at <= clock_timestamp() for update skip locked",
            {"zone": zone},
        ).fetchone()
        if due is None:
            return 0
        today, recipients = cast("tuple[date, list[str]]", due)
        monday = today - timedelta(days=today.weekday())
        written = connection.execute(
            "insert into octavo.delivery (purpose, occasion, channel, recipient, target) "
            "select 'summary', %(monday)s, 'email', recipient, jsonb_build_object('channel', 'email', 'to', recipient) "
            "from unnest(%(recipients)s::text[]) as recipient on conflict do nothing",
            {"monday": monday.isoformat(), "recipients": recipients},
        ).rowcount
        connection.execute("update octavo.notification_setting set next_summary_at = octavo.monday_morning(%s)", [zone])
    return written


def facts(connection: Connection, organization: Organization, occasion: str, reports: Catalog) -> dict[str, Any]:
    """What the summary of a Monday tells: the seven days before it. Exports are nobody's but their requesters', so they are counted and not named."""
    conventions = locales.named(organization.locale)
    monday = date.fromisoformat(occasion)
    first = monday - timedelta(days=7)
    span = {"first": first, "after": monday, "zone": organization.time_zone}
    counted = connection.execute(
        "select count(*) filter (where r.state in ('completed', 'expired')), count(*) filter (where r.state = 'failed'), "
        "count(*) filter (where r.source = 'export'), coalesce(sum(r.records), 0)::bigint from octavo.run_figure as r where "
        "r.created_at >= (%(first)s::date::timestamp at time zone %(zone)s) and r.created_at < (%(after)s::date::timestamp at time zone %(zone)s)",
        span,
    ).fetchone()
    assert counted is not None
    handed = connection.execute(
        "select count(*) filter (where r.state = 'sent'), count(*) filter (where r.state in ('failed', 'unknown')) from octavo.delivery as r "
        "where r.purpose = 'file' and "
        "r.created_at >= (%(first)s::date::timestamp at time zone %(zone)s) and r.created_at < (%(after)s::date::timestamp at time zone %(zone)s)",
        span,
    ).fetchone()
    assert handed is not None
    failed = connection.execute(
        "select r.report, r.completed_at at time zone %(zone)s, r.error_message from octavo.generated_report as r where r.state = 'failed' "
        "and r.source <> 'export' and "
        "r.created_at >= (%(first)s::date::timestamp at time zone %(zone)s) and r.created_at < (%(after)s::date::timestamp at time zone %(zone)s) "
        "order by r.completed_at desc limit %(most)s",
        {**span, "most": _MOST_LINES},
    ).fetchall()
    names = ("Made", "Not made", "Exports", "Rows", "Sent", "Not sent")
    values = cast("list[int]", [*counted, *handed])
    due = _due(connection, organization, monday)
    return {
        "week": f"{conventions.date(first)} \N{EN DASH} {conventions.date(monday - timedelta(days=1))}",
        "figures": [(name, conventions.number(value, 0)) for name, value in zip(names, values, strict=True)],
        "failed": [
            {"title": _title(str(report), reports), "at": conventions.instant(at), "error": str(error)} for report, at, error in failed
        ],
        "due": due,
        "due_rows": [(one["at"], one["title"]) for one in due],
        "zone": organization.time_zone,
    }


def _title(report: str, reports: Catalog) -> str:
    entry = reports.entries.get(report)
    return entry.report.title if entry else report


def _due(connection: Connection, organization: Organization, monday: date) -> list[dict[str, str]]:
    """What schedules will ask for in the week that begins on that Monday, the first of it."""
    conventions = locales.named(organization.locale)
    rows = connection.execute(
        "select s.name, run.run_at at time zone %(zone)s from octavo.scheduled_report as s cross join lateral octavo.run_times_between("
        "jsonb_populate_record(null::octavo.schedule_rule, to_jsonb(s)), (%(monday)s::date::timestamp at time zone %(zone)s) - interval '1 second', "
        "((%(monday)s::date + 7)::timestamp at time zone %(zone)s) - interval '1 second') as run where s.active and s.paused_at is null "
        "order by run.run_at, s.name limit %(most)s",
        {"zone": organization.time_zone, "monday": monday, "most": _MOST_LINES},
    ).fetchall()
    return [{"title": str(name), "at": conventions.instant(at)} for name, at in rows]
