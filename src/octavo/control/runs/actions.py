"""What is done with runs: request one, find it, list them, cancel, retry, count. All within the organization of the transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, cast

from psycopg import sql
from psycopg.rows import class_row, dict_row

from octavo.control import events
from octavo.control.runs import orders, progress, rules
from octavo.control.runs.progress import Progress
from octavo.control.tenancy import actions as tenancy
from octavo.database.connection import Connection
from octavo.errors import Conflict, NotFound, TooManyRequests, UsageError
from octavo.pipeline import catalog
from octavo.pipeline.choice import NOTHING, Choice
from octavo.settings import settings


@dataclass(frozen=True)
class Run:
    """A run as it stands. Its file lies in the store under `file_key` once it is completed."""

    organization_id: int
    id: int
    report: str
    report_version: str
    format: str
    parameters: dict[str, Any]
    options: dict[str, Any]
    sections: list[str]
    fields: list[str]
    filters: list[dict[str, Any]]
    arrangement: dict[str, Any]
    compare: str | None
    time_zone: str | None
    locale: str | None
    masked: bool
    protected: bool
    branding: dict[str, Any]
    source: str
    bulk: bool
    template_id: int | None
    export_request_id: int | None
    schedule_id: int | None
    planned_at: datetime | None
    requested_by: int | None
    requested_by_name: str
    state: str
    attempt: int
    failures: int
    not_before: datetime | None
    stage: str
    total_rows: int | None
    processed_rows: int
    records: int | None
    file_key: str | None
    file_bytes: int | None
    sha256: str | None
    media_type: str | None
    manifest: dict[str, Any] | None
    error_kind: str | None
    error_message: str | None
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    duration_ms: int | None
    expires_at: datetime | None
    archived_at: datetime | None
    legal_hold: bool
    hold_reason: str | None
    deliver_to: list[dict[str, Any]]
    subject: str
    message: str
    figures: list[list[str]]
    each: dict[str, Any]
    made_as: str
    group_id: int | None


@dataclass(frozen=True)
class Page:
    """One page of a list, and how many there are in all."""

    items: list[Run]
    total: int
    page: int
    page_size: int


organization = tenancy.current
progress_of = progress.of

_COLUMNS = sql.SQL(", ").join(sql.Identifier(field.name) for field in fields(Run))


def most_rows(connection: Connection) -> int:
    """How many rows a file of the transaction's organization may hold."""
    return tenancy.limits(connection).most_rows or settings().most_rows


def request(
    connection: Connection,
    actor: events.Actor,
    *,
    report: str,
    format: str,
    parameters: Mapping[str, Any],
    options: Mapping[str, Any] | None = None,
    sections: Sequence[str] = (),
    choice: Choice = NOTHING,
    compare: str | None = None,
    time_zone: str | None = None,
    locale: str | None = None,
    source: str = "on_demand",
    template_id: int | None = None,
    export_request_id: int | None = None,
    bulk: bool = False,
    masked: bool = True,
    sealed_password: bytes | None = None,
    branding: Mapping[str, Any] | None = None,
    deliver_to: Sequence[Mapping[str, Any]] = (),
    subject: str = "",
    message: str = "",
    each: Mapping[str, Any] | None = None,
    made_as: str = "runs",
    reports: catalog.Catalog | None = None,
) -> Run:
    """Asks for a file. It is made when the transaction commits, and not at all when it does not.

    With several values of parameters in `each` it is one file of them all, merged or a zip; or, as runs, a file for each: then the first run
    is given, and `group` finds the others.

    `deliver_to` are targets as delivery.check_targets gave them; `subject` and `message` stand in its mails. `sealed_password` is what the
    file will open with, sealed as `sealed_as` says. `branding` takes the place of the organization's, part by part. Unless `masked` is
    False, and the requester may see personal data still when the run starts, it is masked.
    Raises UsageError, NotFound, TooManyRequests.
    """
    if source not in rules.SOURCES:
        raise UsageError(f"There is no source {source!r}; there are: {', '.join(rules.SOURCES)}")
    entry = (reports or catalog.installed()).report(report, organization(connection))
    given = orders.as_json(parameters)
    several = orders.as_json(each or {})
    orders.check(
        entry, format, parameters, options or {}, sections, each=several, made_as=made_as, protected=sealed_password is not None, compare=compare
    )  # fmt: skip
    if choice:
        choice.check(catalog.dataset(entry), masked=masked)
    order = orders.Order(
        report=report, report_version=entry.version, format=format, parameters=given, options=dict(options or {}), sections=list(sections),
        fields=list(choice.fields), filters=choice.stored, arrangement=choice.arrangement.stored, compare=compare, time_zone=time_zone, locale=locale, source=source, template_id=template_id,
        export_request_id=export_request_id, bulk=bulk, masked=masked, branding=dict(branding or {}),
        protected=sealed_password is not None, sealed_password=sealed_password,
        deliver_to=[dict(target) for target in deliver_to], subject=subject, message=message,
        requested_by=actor.user_id, requested_by_name=actor.name, each=several, made_as=made_as,
    )  # fmt: skip
    asked = orders.apart(connection, order) if several and made_as == "runs" else [order]
    refuse_too_many(connection, len(asked))
    return find(connection, orders.write(connection, actor, asked)[0])


def sealed_as(organization_id: int) -> str:
    """What the sealed password of a file is about: it opens in its organization alone."""
    return f"the password of a file of organization {organization_id}"


def sealed_password(connection: Connection, run_id: int) -> bytes | None:
    """What a run's file will open with, as it is kept until the file is made."""
    row = connection.execute("select sealed_password from octavo.generated_report where id = %s", [run_id]).fetchone()
    return cast("bytes | None", row[0]) if row else None


def refuse_too_many(connection: Connection, wanted: int = 1) -> None:
    """Raises TooManyRequests when so many runs more would be too many that wait. What schedules ask for is asked once and does not count."""
    most = settings().most_queued
    row = connection.execute(
        "select count(*) from octavo.generated_report where organization_id = octavo.current_organization() and state = 'pending' and source <> 'scheduled'"
    ).fetchone()
    if row and cast(int, row[0]) + wanted > most:
        raise TooManyRequests(
            f"{most} runs of this organization wait already; ask again when some are done, or cancel some", retry_after=30
        )


def find(connection: Connection, run_id: int) -> Run:
    """The run of that id. Raises NotFound."""
    with connection.cursor(row_factory=class_row(Run)) as cursor:
        run = cursor.execute(sql.SQL("select {} from octavo.generated_report where id = %s").format(_COLUMNS), [run_id]).fetchone()
    if run is None:
        raise NotFound(f"There is no run {run_id}")
    return run


def group(connection: Connection, group_id: int) -> list[Run]:
    """The runs that were asked for together, in the order of what they were asked."""
    with connection.cursor(row_factory=class_row(Run)) as cursor:
        return cursor.execute(
            sql.SQL("select {} from octavo.generated_report where group_id = %s order by id").format(_COLUMNS), [group_id]
        ).fetchall()


_FILTERS = {
    "state": sql.SQL("state = %(state)s"),
    "report": sql.SQL("report = %(report)s"),
    "format": sql.SQL("format = %(format)s"),
    "source": sql.SQL("source = %(source)s"),
    "template_id": sql.SQL("template_id = %(template_id)s"),
    "export_request_id": sql.SQL("export_request_id = %(export_request_id)s"),
    "schedule_id": sql.SQL("schedule_id = %(schedule_id)s"),
    "group_id": sql.SQL("group_id = %(group_id)s"),
    "requested_by": sql.SQL("requested_by = %(requested_by)s"),
    "exports": sql.SQL("(%(exports)s or source <> 'export')"),
    "export_of": sql.SQL("(source <> 'export' or requested_by = %(export_of)s)"),
    "created_from": sql.SQL("created_at >= %(created_from)s"),
    "created_until": sql.SQL("created_at < %(created_until)s"),
}


def list_(
    connection: Connection, filters: Mapping[str, Any] | None = None, *, page: int = 1, page_size: int = 20, most: int | None = None
) -> Page:
    """Runs that fit all the filters, the latest first; `most`: so many are counted at most. Raises UsageError for a filter or a page that there is not."""
    given = {name: value for name, value in (filters or {}).items() if value is not None}
    if unknown := set(given) - set(_FILTERS):
        raise UsageError(f"Runs cannot be filtered by {', '.join(sorted(unknown))}; they can by: {', '.join(_FILTERS)}")
    if page < 1 or not 1 <= page_size <= 100:
        raise UsageError("page begins at 1, and page_size is between 1 and 100")
    where = sql.SQL(" and ").join([sql.SQL("true"), *(_FILTERS[name] for name in given)])
    counted = connection.execute(
        sql.SQL("select count(*) from (select from octavo.generated_report where {} limit %(most)s) as run").format(where),
        {**given, "most": most},
    ).fetchone()
    with connection.cursor(row_factory=class_row(Run)) as cursor:
        items = cursor.execute(
            sql.SQL(
                "select {} from octavo.generated_report where {} order by created_at desc, id desc limit %(limit)s offset %(offset)s"
            ).format(_COLUMNS, where),
            {**given, "limit": page_size, "offset": (page - 1) * page_size},
        ).fetchall()
    return Page(items, cast(int, counted[0]) if counted else 0, page, page_size)


def under_way(connection: Connection, principal: rules.Seeing) -> list[Progress]:
    """The runs that this principal may see and that are not over, the latest first, with how far each is."""
    return [one for one in reversed(progress.lately(connection)) if not one.over and rules.may_see(principal, one)]


def recent(connection: Connection, count: int = 10) -> list[Run]:
    """The latest runs that are no exports."""
    return list_(connection, {"exports": False}, page_size=count).items


def cancel(connection: Connection, actor: events.Actor, run_id: int) -> Run:
    """Ends a run that is not over. One that waits never begins; of one at work the SQL ends within moments, and nothing it made is kept.

    Raises NotFound, Conflict.
    """
    return _move(
        connection, actor, run_id, "cancelled", "run.cancelled",
        sql.SQL("state = 'cancelled', lease_until = null, not_before = null, stage = '', completed_at = clock_timestamp()"),
    )  # fmt: skip


def retry(connection: Connection, actor: events.Actor, run_id: int) -> Run:
    """Begins a run that failed or was cancelled anew, with the same parameters. Raises NotFound, Conflict, TooManyRequests."""
    if find(connection, run_id).protected:
        raise Conflict(f"The password of the run {run_id} was forgotten when the run ended; ask for the file anew, with a password")
    refuse_too_many(connection)
    run = _move(
        connection, actor, run_id, "pending", "run.retried",
        sql.SQL("state = 'pending', failures = 0, not_before = null, completed_at = null, started_at = null, processed_rows = 0, total_rows = null, "
                "error_kind = null, error_message = null, requested_by = coalesce(%(user_id)s, requested_by)"),
        wake=True,
    )  # fmt: skip
    return run


def _move(
    connection: Connection, actor: events.Actor, run_id: int, state: str, action: str, changes: sql.SQL, *, wake: bool = False
) -> Run:
    states = [before for before, after in rules.TRANSITIONS.items() if state in after and (before, state) not in rules.BY_WORKERS]
    with connection.cursor(row_factory=class_row(Run)) as cursor:
        run = cursor.execute(
            sql.SQL("update octavo.generated_report set {} where id = %(id)s and state = any(%(states)s) returning {}").format(
                changes, _COLUMNS
            ),
            {"id": run_id, "states": states, "user_id": actor.user_id},
        ).fetchone()
    if run is None:
        stands = find(connection, run_id).state
        raise Conflict(f"The run {run_id} is {stands}; only one that is {' or '.join(states)} can become {state}")
    if wake:
        connection.execute("select octavo.wake(%s)", [run.bulk])
    events.record(connection, actor, action, subject="run", subject_id=run_id, detail={"attempt": run.attempt})
    return run


def statistics(connection: Connection, days: int = 30) -> dict[str, Any]:
    """The runs of the last so many days that are no exports, by what became of them; and the same for each report and format (`by_report`)."""
    with connection.cursor(row_factory=dict_row) as cursor:
        counted = cursor.execute("select * from octavo.get_report_statistics(octavo.current_organization(), %s)", [days]).fetchone()
        assert counted is not None
        counted["by_report"] = cursor.execute(
            "select report, format, count(*) as runs, count(*) filter (where state in ('completed', 'expired')) as completed, "
            "count(*) filter (where state = 'failed') as failed, count(*) filter (where state = 'cancelled') as cancelled, "
            "count(*) filter (where state in ('pending', 'processing')) as open, coalesce(sum(records), 0)::bigint as records, "
            "coalesce(sum(file_bytes), 0)::bigint as bytes, round(avg(duration_ms))::bigint as mean_ms, "
            "percentile_disc(0.95) within group (order by duration_ms) as p95_ms from octavo.run_figure "
            "where organization_id = octavo.current_organization() and source <> 'export' and created_at >= now() - make_interval(days => %s) "
            "group by report, format order by report, format",
            [days],
        ).fetchall()
    return counted


def by_day(connection: Connection, days: int = 30) -> list[tuple[date, int, int]]:
    """Of each of the last so many days, in the zone of the transaction: how many runs that are no exports were completed, and how many failed."""
    rows = connection.execute(
        "select day::date, coalesce(completed, 0), coalesce(failed, 0) "
        "from generate_series(current_date - (%(days)s - 1), current_date, interval '1 day') as day "
        "left join (select created_at::date as made_on, count(*) filter (where state in ('completed', 'expired')) as completed, "
        "count(*) filter (where state = 'failed') as failed from octavo.run_figure "
        "where organization_id = octavo.current_organization() and source <> 'export' and created_at >= (current_date - (%(days)s - 1))::timestamptz "
        "group by 1) as r on made_on = day::date order by 1",
        {"days": days},
    ).fetchall()
    return cast("list[tuple[date, int, int]]", rows)
