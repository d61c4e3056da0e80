"""What is done with schedules: make, find, list, change, put out of use and in use again. All within the organization of the transaction.

The only file of this folder that others import; who acts by hand is in `byhand`.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, cast

import psycopg
from psycopg import sql
from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from octavo.control import events
from octavo.control.access.actions import Principal
from octavo.control.delivery import actions as delivery
from octavo.control.delivery import rules as mails
from octavo.control.runs import actions as runs
from octavo.control.schedules import rules
from octavo.control.templates import actions as templates
from octavo.database.connection import Connection
from octavo.errors import Conflict, Forbidden, NotFound, UsageError
from octavo.pipeline import catalog, writers
from octavo.pipeline import each as eaches
from octavo.pipeline.conditions import Condition

MANAGE = "reports.manage"


@dataclass(frozen=True)
class Rule:
    """When: the columns of octavo.schedule_rule; docs/schedules.md says what they mean."""

    frequency: str = "on_demand"
    every: int | None = None
    days_of_week: list[int] | None = None
    day_of_month: int | None = None
    weekday_of_month: int | None = None
    business_day_of_month: int | None = None
    month: int | None = None
    time_of_day: time | None = None
    time_zone: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    when_closed: str | None = None


@dataclass(frozen=True)
class Content(Rule):
    """What a schedule says. Without `formats` it is the template's."""

    name: str = ""
    template_id: int = 0
    formats: Sequence[str] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    deliver_to: Sequence[Mapping[str, Any]] = ()
    subject: str = ""
    message: str = ""
    missed: str = "once"
    missed_within_hours: int = 24
    overlap: str = "queue"
    only_if: str = "always"
    metric: str | None = None
    comparison: str | None = None
    threshold: Decimal | None = None
    pause_after_failures: int = 5

    @property
    def condition(self) -> Condition | None:
        """Without which no file is made."""
        if self.only_if == "rows":
            return Condition("rows")
        if self.only_if == "metric":
            return Condition("metric", self.metric or "", self.comparison or "", Decimal(0) if self.threshold is None else self.threshold)
        return None


@dataclass(frozen=True, kw_only=True)
class Schedule(Content):
    """A schedule as it stands."""

    organization_id: int
    id: int
    owner_id: int
    failures: int
    active: bool
    paused_at: datetime | None
    paused_reason: str | None
    next_run_at: datetime | None
    next_run_days: list[date] | None
    last_planned_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True)
class Tick:
    """A planned time, and what became of it."""

    schedule_id: int
    planned_at: datetime
    kind: str
    days: list[date]
    state: str
    why: str | None
    reason: str
    fired_at: datetime | None
    settled_at: datetime | None
    runs: list[int]


@dataclass(frozen=True)
class Page:
    """One page of a list, and how many there are in all."""

    items: list[Any]
    total: int


COLUMNS = sql.SQL(", ").join(sql.Identifier("s", one.name) for one in fields(Schedule))
_WRITTEN = [one.name for one in fields(Content)]
_TICK = sql.SQL(
    "t.schedule_id, t.planned_at, t.kind, t.days, t.state, t.why, t.reason, t.fired_at, t.settled_at, "
    "array(select r.id from octavo.generated_report as r where r.schedule_id = t.schedule_id and r.planned_at = t.planned_at order by r.id) as runs"
)
_VISIBLE = sql.SQL(
    "exists (select from octavo.report_template as t where t.id = s.template_id and (%(all)s or t.project_id is null or exists ("
    "select from octavo.project_member as m where m.project_id = t.project_id and m.user_id = %(user_id)s)))"
)


@contextmanager
def refused_as_usage() -> Iterator[None]:
    """What the calendar refuses of a rule, as an error of who wrote it."""
    try:
        yield
    except psycopg.Error as error:
        if error.sqlstate == "OC001":
            raise UsageError(f"{error.diag.message_primary}; nothing was changed") from error
        raise


def create(
    connection: Connection, principal: Principal, actor: events.Actor, content: Content, *, reports: catalog.Catalog | None = None
) -> Schedule:
    """Makes a schedule that runs with this principal's rights. Raises UsageError, NotFound, Conflict for a template out of use, Forbidden."""
    if principal.user_id is None:
        raise Forbidden("A schedule runs with the rights of a person; nothing was made")
    values = _values(content, check(connection, principal, content, reports)) | {"owner_id": principal.user_id}
    statement = sql.SQL("insert into octavo.scheduled_report as s ({}) values ({}) returning {}").format(
        sql.SQL(", ").join(map(sql.Identifier, values)), sql.SQL(", ").join(map(sql.Placeholder, values)), COLUMNS
    )
    made = _write(connection, statement, values)
    assert made is not None
    record(connection, actor, "schedule.created", made)
    return made


def change(
    connection: Connection, principal: Principal, actor: events.Actor, schedule_id: int, content: Content, *, take_over: bool = False,
    reports: catalog.Catalog | None = None,
) -> Schedule:  # fmt: skip
    """Has a schedule say something else; with `take_over` it runs with this principal's rights from now on. A time that was due is skipped when the rule changes.

    Raises as `create`.
    """
    before = lock(connection, principal, schedule_id)
    values = _values(content, check(connection, principal, content, reports))
    if take_over and principal.user_id is not None:
        values["owner_id"] = principal.user_id
    statement = sql.SQL("update octavo.scheduled_report as s set {}, updated_at = now() where id = %(id)s returning {}").format(
        sql.SQL(", ").join(sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in values), COLUMNS
    )
    if any(getattr(before, one.name) != getattr(content, one.name) for one in fields(Rule)):
        _skip_overdue(connection, before, "changed", "The schedule was changed before a worker came to it")
    changed = _write(connection, statement, {**values, "id": schedule_id})
    assert changed is not None
    record(connection, actor, "schedule.changed", changed)
    return changed


def deactivate(connection: Connection, principal: Principal, actor: events.Actor, schedule_id: int) -> Schedule:
    """Puts a schedule out of use; what it made stays, and what waited or was due is skipped. Raises NotFound."""
    before = lock(connection, principal, schedule_id)
    reason = "The schedule was put out of use before its turn came"
    _skip_overdue(connection, before, "deactivated", reason)
    connection.execute("select octavo.drop_queued(%s, 'deactivated', %s)", [schedule_id, reason])
    left = _write(
        connection,
        sql.SQL("update octavo.scheduled_report as s set active = false, paused_at = null, paused_reason = null, updated_at = now() where id = %(id)s returning {}").format(COLUMNS),
        {"id": schedule_id},
    )  # fmt: skip
    assert left is not None
    if before.active or before.paused_at:
        record(connection, actor, "schedule.deactivated", left)
    return left


def activate(
    connection: Connection, principal: Principal, actor: events.Actor, schedule_id: int, *, reports: catalog.Catalog | None = None
) -> Schedule:
    """Puts a schedule in use again, from now on. Raises NotFound; Conflict when it would be paused at once, because of its owner or its template."""
    before = lock(connection, principal, schedule_id)
    if before.active:
        return before
    if stops := why_stopped(connection, before, reports):
        raise Conflict(f"{stops}; nothing was changed")
    with refused_as_usage():
        again = _write(
            connection,
            sql.SQL("update octavo.scheduled_report as s set active = true, paused_at = null, paused_reason = null, failures = 0, updated_at = now() "
                    "where id = %(id)s returning {}").format(COLUMNS),
            {"id": schedule_id},
        )  # fmt: skip
    assert again is not None
    record(connection, actor, "schedule.activated", again)
    return again


def why_stopped(connection: Connection, schedule: Schedule, reports: catalog.Catalog | None = None) -> str | None:
    """Why a schedule cannot run now, by its owner's rights and its template's state; none when it can."""
    from octavo.control.schedules import making  # which fills orders from what is read here

    found = making.Making(connection, reports).stands(schedule)
    return found.reason if isinstance(found, making.Stopped) else None


def find(connection: Connection, principal: Principal, schedule_id: int) -> Schedule:
    """The schedule of that id, if this principal may see its template. Raises NotFound."""
    return _find(connection, principal, schedule_id, sql.SQL(""))


def lock(connection: Connection, principal: Principal, schedule_id: int) -> Schedule:
    """The same, held until the transaction ends, so that no scheduler takes it meanwhile. Raises NotFound."""
    return _find(connection, principal, schedule_id, sql.SQL("for no key update of s"))


def _find(connection: Connection, principal: Principal, schedule_id: int, locking: sql.SQL) -> Schedule:
    with connection.cursor(row_factory=class_row(Schedule)) as cursor:
        found = cursor.execute(
            sql.SQL("select {} from octavo.scheduled_report as s where s.id = %(id)s and {} {}").format(COLUMNS, _VISIBLE, locking),
            {"id": schedule_id, **_sight(principal)},
        ).fetchone()
    if found is None:
        raise NotFound(f"There is no schedule {schedule_id}")
    return found


def condition_of(connection: Connection, schedule_id: int) -> Condition | None:
    """Without which the schedule makes no file."""
    with connection.cursor(row_factory=class_row(Schedule)) as cursor:
        found = cursor.execute(
            sql.SQL("select {} from octavo.scheduled_report as s where s.id = %s").format(COLUMNS), [schedule_id]
        ).fetchone()
    return found.condition if found else None


_FILTERS = {
    "active": sql.SQL("s.active = %(active)s"),
    "paused": sql.SQL("(s.paused_at is not null) = %(paused)s"),
    "template_id": sql.SQL("s.template_id = %(template_id)s"),
    "owner_id": sql.SQL("s.owner_id = %(owner_id)s"),
    "until": sql.SQL("s.active and s.next_run_at <= now() + make_interval(hours => %(until)s)"),
    "overdue": sql.SQL("s.active and s.next_run_at <= now() - make_interval(secs => %(overdue)s)"),
}


def list_(
    connection: Connection, principal: Principal, filters: Mapping[str, Any] | None = None, *, by_time: bool = False, page: int = 1,
    page_size: int = 20,
) -> Page:  # fmt: skip
    """The schedules that this principal may see and that fit all the filters, by name or by their next time.

    `until`: due within so many hours; `overdue`: due since so many seconds.
    """
    given = {name: value for name, value in (filters or {}).items() if value is not None}
    if unknown := set(given) - set(_FILTERS):
        raise UsageError(f"Schedules cannot be filtered by {', '.join(sorted(unknown))}; they can by: {', '.join(_FILTERS)}")
    where = sql.SQL("octavo.scheduled_report as s where {}").format(sql.SQL(" and ").join([_VISIBLE, *(_FILTERS[name] for name in given)]))
    values = {**given, **_sight(principal), "limit": page_size, "offset": (page - 1) * page_size}
    counted = connection.execute(sql.SQL("select count(*) from {}").format(where), values).fetchone()
    with connection.cursor(row_factory=class_row(Schedule)) as cursor:
        items = cursor.execute(
            sql.SQL("select {} from {} order by {}, s.id limit %(limit)s offset %(offset)s").format(
                COLUMNS, where, sql.SQL("s.next_run_at" if by_time else "s.name")
            ),
            values,
        ).fetchall()
    return Page(items, cast(int, counted[0]) if counted else 0)


def ticks(connection: Connection, schedule_id: int, *, state: str | None = None, page: int = 1, page_size: int = 20) -> Page:
    """What became of the times of a schedule, the latest first."""
    where = sql.SQL("octavo.scheduled_tick as t where t.schedule_id = %(id)s and (%(state)s::text is null or t.state = %(state)s)")
    values = {"id": schedule_id, "state": state, "limit": page_size, "offset": (page - 1) * page_size}
    counted = connection.execute(sql.SQL("select count(*) from {}").format(where), values).fetchone()
    with connection.cursor(row_factory=class_row(Tick)) as cursor:
        items = cursor.execute(
            sql.SQL("select {} from {} order by t.planned_at desc limit %(limit)s offset %(offset)s").format(_TICK, where), values
        ).fetchall()
    return Page(items, cast(int, counted[0]) if counted else 0)


def latest(connection: Connection, schedule_ids: Sequence[int]) -> dict[int, Tick]:
    """What became of the latest time of each of these schedules, where there was one."""
    with connection.cursor(row_factory=class_row(Tick)) as cursor:
        found = cursor.execute(
            sql.SQL(
                "select {} from unnest(%s::bigint[]) as one(id) cross join lateral (select * from octavo.scheduled_tick as every "
                "where every.schedule_id = one.id order by every.planned_at desc limit 1) as t"
            ).format(_TICK),
            [list(schedule_ids)],
        ).fetchall()
    return {one.schedule_id: one for one in found}


def tick(connection: Connection, schedule_id: int, planned_at: datetime) -> Tick:
    """What became of one of them."""
    with connection.cursor(row_factory=class_row(Tick)) as cursor:
        found = cursor.execute(
            sql.SQL("select {} from octavo.scheduled_tick as t where t.schedule_id = %s and t.planned_at = %s").format(_TICK),
            [schedule_id, planned_at],
        ).fetchone()
    assert found is not None
    return found


def next_times(connection: Connection, rule: Rule, count: int = 10) -> list[dict[str, Any]]:
    """The next times of a rule: run_at, local_time, utc_offset, days. Raises UsageError, in the words of the calendar."""
    with refused_as_usage(), connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            "select run_at, local_time, utc_offset, days from octavo.next_run_times(jsonb_populate_record(null::octavo.schedule_rule, %s), now(), %s)",
            [Jsonb(as_rule(rule)), count],
        ).fetchall()


def as_rule(rule: Rule) -> dict[str, Any]:
    """The columns of octavo.schedule_rule as JSON."""
    given = {one.name: getattr(rule, one.name) for one in fields(Rule)}
    return {name: value.isoformat() if isinstance(value, date | time) else value for name, value in given.items()}


def check(
    connection: Connection, principal: Principal, content: Content, reports: catalog.Catalog | None
) -> tuple[list[str], list[dict[str, Any]]]:
    """Refuses at once whatever could never run; gives the formats and the targets as they are stored."""
    if not content.name.strip():
        raise UsageError("A schedule needs a name")
    template = templates.find(connection, principal, content.template_id)
    if not template.active:
        raise Conflict(f"The template {template.name!r} is out of use; take another, or put it in use again")
    entry = (reports or catalog.installed()).report(template.report, runs.organization(connection))
    formats = list(dict.fromkeys(content.formats or [template.format]))
    wanted = templates.Wanted(parameters=content.parameters)
    for format in formats:
        writers.named(format)
        said = templates.filled(template, templates.Wanted(format=format, parameters=content.parameters), entry)
        eaches.check(entry, said.parameters, said.each)
    if content.only_if not in rules.ONLY_IF or content.missed not in rules.MISSED or content.overlap not in rules.OVERLAP:
        raise UsageError(
            f"only_if is one of {', '.join(rules.ONLY_IF)}; missed of {', '.join(rules.MISSED)}; overlap of {', '.join(rules.OVERLAP)}"
        )
    if content.only_if == "metric" and None in (content.metric, content.comparison, content.threshold):
        raise UsageError("A condition on a metric needs metric, comparison and threshold")
    if content.only_if != "metric" and (content.metric, content.comparison, content.threshold) != (None, None, None):
        raise UsageError("metric, comparison and threshold are for only_if = metric; leave them out, or say that")
    if content.condition:
        said = templates.filled(template, wanted, entry)
        content.condition.check(entry.report, said.sections)
        if said.each and content.only_if == "metric":
            raise UsageError("A key figure is that of one value, and this template asks for several at once; choose always or rows")
    mails.line(content.subject, "subject", 200)
    mails.prose(content.message, "message", 5000)
    return formats, delivery.check_targets(connection, content.deliver_to, principal=principal)


def _values(content: Content, checked: tuple[list[str], list[dict[str, Any]]]) -> dict[str, Any]:
    formats, targets = checked
    values = {name: getattr(content, name) for name in _WRITTEN}
    return values | {"formats": formats, "deliver_to": Jsonb(targets), "parameters": Jsonb(dict(content.parameters))}


def _write(connection: Connection, statement: sql.Composed, values: Mapping[str, Any]) -> Schedule | None:
    with refused_as_usage(), connection.transaction(), connection.cursor(row_factory=class_row(Schedule)) as cursor:
        return cursor.execute(statement, values).fetchone()


def _skip_overdue(connection: Connection, schedule: Schedule, why: str, reason: str) -> None:
    """A time that was due and is now never taken leaves its row like any other."""
    connection.execute(
        "insert into octavo.scheduled_tick (schedule_id, planned_at, days, state, why, reason, settled_at) "
        "select s.id, s.next_run_at, s.next_run_days, 'skipped', %s, %s, clock_timestamp() from octavo.scheduled_report as s "
        "where s.id = %s and s.active and s.next_run_at <= clock_timestamp() on conflict do nothing",
        [why, reason, schedule.id],
    )


def record(connection: Connection, actor: events.Actor, action: str, schedule: Schedule, **more: Any) -> None:
    """Adds to the list of what happened."""
    rule = {name: value for name, value in as_rule(schedule).items() if value is not None}
    events.record(
        connection, actor, action, subject="schedule", subject_id=schedule.id,
        detail={
            "name": schedule.name, "template_id": schedule.template_id, "formats": list(schedule.formats), "rule": rule, "owner_id": schedule.owner_id,
            "deliver_to": list(schedule.deliver_to), **more,
        },
    )  # fmt: skip


def _sight(principal: Principal) -> dict[str, Any]:
    return {"all": principal.may(MANAGE), "user_id": principal.user_id}
