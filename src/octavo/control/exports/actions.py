"""What is done with exports: ask for one, approve, reject, cancel, list, count. All within the organization of the transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, cast

from psycopg import sql
from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from octavo.control import events
from octavo.control.access import actions as access
from octavo.control.access.actions import Principal
from octavo.control.exports import estimates, rules
from octavo.control.exports.rules import Plan
from octavo.control.runs import actions as runs
from octavo.database.connection import Connection, Database
from octavo.errors import Conflict, Forbidden, NotFound, TooLarge, UsageError
from octavo.pipeline import catalog, parameters, protection, writers
from octavo.pipeline.choice import NOTHING, Choice
from octavo.pipeline.document import Organization
from octavo.pipeline.snapshot import open_snapshot

APPROVE = "reports.approve_exports"


@dataclass(frozen=True)
class Export:
    """An export request as it stands; from its approval on its state is that of its run."""

    organization_id: int
    id: int
    dataset: str
    format: str
    parameters: dict[str, Any]
    fields: list[str]
    filters: list[dict[str, Any]]
    arrangement: dict[str, Any]
    options: dict[str, Any]
    personal: bool
    masked: bool
    protected: bool
    reason: str
    estimated_rows: int
    estimated_ms: int | None
    deliver_to: list[dict[str, Any]]
    subject: str
    message: str
    needs_approval: bool
    most_rows: int | None
    plan: dict[str, Any]
    plan_hash: str
    state: str
    requested_by: int
    requested_by_name: str
    decided_by: int | None
    decided_by_name: str
    decided_at: datetime | None
    decision_reason: str
    approval_expires_at: datetime | None
    created_at: datetime
    run_id: int | None
    records: int | None
    file_bytes: int | None
    sha256: str | None
    duration_ms: int | None
    error_kind: str | None
    error_message: str | None
    completed_at: datetime | None
    expires_at: datetime | None


@dataclass(frozen=True)
class Page:
    """One page of a list, and how many there are in all."""

    items: list[Export]
    total: int


_COLUMNS = sql.SQL(", ").join(sql.Identifier(field.name) for field in fields(Export))


def plan(
    database: Database,
    organization: Organization,
    *,
    dataset: str,
    format: str,
    given: Mapping[str, Any],
    choice: Choice = NOTHING,
    options: Mapping[str, Any] | None = None,
    masked: bool = True,
    protected: bool = False,
    deliver_to: Sequence[Mapping[str, Any]] = (),
    reports: catalog.Catalog | None = None,
) -> Plan:
    """What exactly would be exported, its rows counted in a snapshot. Raises UsageError, NotFound, DefinitionError, DatabaseError."""
    entry = (reports or catalog.installed()).report(dataset, organization)
    table = catalog.dataset(entry)
    where = choice.condition(table, masked=masked)
    chosen = choice.narrow(table, masked=masked)
    format_ = writers.named(format)
    said = format_.read_options(dict(options or {}))
    if protected:
        protection.refuse_options(format_, said)
    asked = parameters.parse(entry, given)
    with open_snapshot(database, organization, organization.time_zone) as snapshot:
        values, answers = parameters.resolve(entry, asked, snapshot)
        query = snapshot.query(table.name, entry.queries[table.name], values, chosen.columns, masked=masked, where=where, base=entry.base)
        rows = query.control.rows
    return Plan(
        dataset=dataset,
        report_version=entry.version,
        parameters=rules.pinned({answer.name: answer.value for answer in answers}),
        fields=[column.name for column in chosen.columns],
        filters=choice.stored,
        format=format,
        options=dict(options or {}),
        personal=rules.is_personal(table),
        masked=masked,
        estimated_rows=rows,
        protected=protected,
        recipients=[dict(target) for target in deliver_to],
        arrangement=choice.arrangement.stored,
    )


@dataclass(frozen=True)
class Foreseen:
    """What becomes of a plan when it is asked for: whether somebody else has to approve it, from how many rows on, and how long its file may take."""

    needs_approval: bool
    threshold: int
    milliseconds: int | None


def foresee(connection: Connection, asked: Plan) -> Foreseen:
    """What the organization's thresholds, and the time that earlier files took, say of a plan."""
    decided = connection.execute(
        "select octavo.check_export_requires_approval(%s, %s, null, %s), octavo.export_threshold(%s)",
        [asked.dataset, asked.estimated_rows, asked.personal, asked.personal],
    ).fetchone()
    assert decided is not None
    needs_approval, most = cast("tuple[bool, int]", decided)
    return Foreseen(needs_approval, most, estimates.milliseconds(connection, asked.dataset, asked.format, asked.estimated_rows))


def request(
    connection: Connection, actor: events.Actor, asked: Plan, *, reason: str = "", subject: str = "", message: str = "",
    sealed_password: bytes | None = None,
    reports: catalog.Catalog | None = None,
) -> Export:  # fmt: skip
    """Asks for an export; of one that is protected `sealed_password` is kept until its file is made. Where it needs no approval its run is asked for at once, in the same transaction.

    Raises Forbidden for whoever is no person, TooLarge, UsageError, TooManyRequests.
    """
    if actor.user_id is None:
        raise Forbidden("An export is asked for by a person; nothing was asked for")
    if asked.estimated_rows > (most := runs.most_rows(connection)):
        raise TooLarge(
            f"The export would hold {asked.estimated_rows:,} rows, and one of this organization may hold {most:,}; nothing was asked for. Narrow it, "
            "or have who runs the server allow more (octavo admin limits)"
        )
    foreseen = foresee(connection, asked)
    needs_approval = foreseen.needs_approval
    with connection.cursor(row_factory=dict_row) as cursor:
        made = cursor.execute(
            "insert into octavo.export_request (dataset, format, parameters, fields, filters, arrangement, options, personal, masked, protected, sealed_password, reason, estimated_rows, "
            "estimated_ms, needs_approval, plan, plan_hash, deliver_to, subject, message, requested_by, requested_by_name) values (%(dataset)s, %(format)s, %(parameters)s, "
            "%(fields)s, %(filters)s, %(arrangement)s, %(options)s, %(personal)s, %(masked)s, %(protected)s, %(sealed_password)s, %(reason)s, %(rows)s, %(ms)s, %(needs_approval)s, %(plan)s, %(hash)s, %(deliver_to)s, %(subject)s, %(message)s, %(user_id)s, %(name)s) returning id",
            {
                "dataset": asked.dataset, "format": asked.format, "parameters": Jsonb(asked.parameters), "options": Jsonb(asked.options),
                "fields": asked.fields, "filters": Jsonb(asked.filters), "arrangement": Jsonb(asked.arrangement), "protected": asked.protected, "sealed_password": sealed_password,
                "ms": foreseen.milliseconds,
                "personal": asked.personal, "masked": asked.masked, "reason": reason, "rows": asked.estimated_rows,
                "needs_approval": needs_approval, "plan": Jsonb(asked.content), "hash": asked.hash, "deliver_to": Jsonb(asked.recipients), "subject": subject, "message": message,
                "user_id": actor.user_id, "name": actor.name,
            },
        ).fetchone()  # fmt: skip
    assert made is not None
    export_id = int(made["id"])
    if not needs_approval:
        _approve(connection, export_id, None, "", rules.most_rows(asked.estimated_rows, by_person=False, threshold=foreseen.threshold))
        _run(connection, find(connection, export_id), actor, reports)
    events.record(
        connection, actor, "export.requested", subject="export", subject_id=export_id,
        detail={
            "dataset": asked.dataset, "format": asked.format, "parameters": asked.parameters, "fields": asked.fields,
            "filters": asked.filters, "estimated_rows": asked.estimated_rows,
            "masked": asked.masked, "protected": asked.protected, "needs_approval": needs_approval, "plan_hash": asked.hash, "reason": reason,
            "deliver_to": asked.recipients,
        },
    )  # fmt: skip
    return find(connection, export_id)


def _approve(connection: Connection, export_id: int, by: int | None, name: str, most_rows: int) -> None:
    connection.execute(
        "update octavo.export_request set state = 'approved', decided_by = %(by)s, decided_by_name = %(name)s, decided_at = now(), decision_reason = '', most_rows = %(most)s, "
        "approval_expires_at = now() + make_interval(days => coalesce((select approval_days from octavo.export_setting), 7)) where id = %(id)s",
        {"by": by, "name": name, "most": most_rows, "id": export_id},
    )


def _run(connection: Connection, export: Export, actor: events.Actor, reports: catalog.Catalog | None) -> None:
    """Asks for the run of an approved export: as the requester, with whose rights it is made."""
    asks = events.Actor(export.requested_by, None, export.requested_by_name, None, actor.request_id)
    runs.request(
        connection, asks, report=export.dataset, format=export.format, parameters=export.parameters, options=export.options, source="export",
        choice=Choice.of(export.fields, export.filters, export.arrangement),
        export_request_id=export.id, bulk=export.estimated_rows > writers.named(export.format).many_rows, masked=export.masked,
        sealed_password=_sealed_password(connection, export.id), deliver_to=export.deliver_to, subject=export.subject,
        message=export.message, reports=reports,
    )  # fmt: skip


def _sealed_password(connection: Connection, export_id: int) -> bytes | None:
    row = connection.execute("select sealed_password from octavo.export_request where id = %s", [export_id]).fetchone()
    return cast("bytes | None", row[0]) if row else None


def approve(
    connection: Connection, principal: Principal, actor: events.Actor, export_id: int, *, seen: str | None = None,
    reports: catalog.Catalog | None = None,
) -> Export:  # fmt: skip
    """Lets an export out, exactly as it was planned; its run is asked for in the same transaction. `seen` is the hash of the plan looked at.

    Raises NotFound; Forbidden for the requester, and for who may not see what is let out; Conflict when the plan is not what it was.
    """
    export = _undecided(connection, principal, export_id, "approve")
    if not export.masked:
        _require(principal, "reports.view_pii", "It holds personal data unmasked, which only who may see it lets out")
    entry = (reports or catalog.installed()).report(export.dataset, principal.organization)
    stored = Plan(**export.plan)
    now = Plan(
        dataset=export.dataset, report_version=entry.version, parameters=export.parameters,
        fields=export.fields, filters=export.filters, format=export.format, options=export.options,
        personal=rules.is_personal(catalog.dataset(entry)), masked=export.masked, estimated_rows=export.estimated_rows,
        protected=export.protected, recipients=export.deliver_to, arrangement=export.arrangement,
    )  # fmt: skip
    if not now.hash == stored.hash == export.plan_hash:
        raise Conflict(
            "What this export would hold is not what was asked for any more: the dataset has changed; reject it and have it asked for again"
        )
    if seen is not None and seen != export.plan_hash:
        raise Conflict("The export is not what you looked at; look at it again, then approve that")
    _approve(connection, export_id, actor.user_id, actor.name, rules.most_rows(export.estimated_rows, by_person=True, threshold=0))
    _run(connection, export, actor, reports)
    events.record(
        connection, actor, "export.approved", subject="export", subject_id=export_id,
        detail={"plan_hash": export.plan_hash, "estimated_rows": export.estimated_rows, "requested_by": export.requested_by},
    )  # fmt: skip
    return find(connection, export_id)


def reject(connection: Connection, principal: Principal, actor: events.Actor, export_id: int, *, reason: str) -> Export:
    """Keeps an export in, and says why. Raises NotFound, Forbidden, Conflict, UsageError without a reason."""
    if not reason.strip():
        raise UsageError("Say why it is rejected; whoever asked will read it")
    _undecided(connection, principal, export_id, "reject")
    connection.execute(
        "update octavo.export_request set state = 'rejected', decided_by = %s, decided_by_name = %s, decided_at = now(), decision_reason = %s where id = %s",
        [actor.user_id, actor.name, reason, export_id],
    )
    events.record(connection, actor, "export.rejected", subject="export", subject_id=export_id, detail={"reason": reason})
    return find(connection, export_id)


def _undecided(connection: Connection, principal: Principal, export_id: int, verb: str) -> Export:
    """The export, locked, if this principal may decide on it. Two who decide at once come one after the other."""
    _require(principal, APPROVE, f"Only who has the permission {APPROVE} may {verb} an export; ask an administrator")
    _lock(connection, export_id)
    export = find(connection, export_id)
    if principal.user_id is None or principal.user_id == export.requested_by:
        raise Forbidden(f"Nobody may {verb} an export that he asked for himself; another administrator has to")
    if export.state != "pending":
        raise Conflict(f"The export {export_id} is {export.state}; only a pending one can be decided on")
    return export


def cancel(connection: Connection, principal: Principal, actor: events.Actor, export_id: int) -> Export:
    """Takes an export back that is not over, with its run. Raises NotFound, Conflict."""
    _lock(connection, export_id)
    export = find(connection, export_id, principal)
    if export.state not in ("pending", "approved", "processing"):
        raise Conflict(f"The export {export_id} is {export.state}; only one that is not over can be cancelled")
    if export.run_id is not None and export.state != "pending":
        runs.cancel(connection, actor, export.run_id)
    connection.execute("update octavo.export_request set state = 'cancelled' where id = %s", [export_id])
    events.record(connection, actor, "export.cancelled", subject="export", subject_id=export_id)
    return find(connection, export_id)


def threshold(connection: Connection, entry: catalog.Entry) -> int:
    """How many rows of a dataset may go out without anybody's approval."""
    row = connection.execute("select octavo.export_threshold(%s)", [rules.is_personal(catalog.dataset(entry))]).fetchone()
    assert row is not None
    return cast(int, row[0])


def approver_left(connection: Connection, export: Export) -> bool:
    """Whether the person who approved it could not do so now: put out, no longer an approver, or no longer let see what is in it."""
    if not export.needs_approval or export.decided_by is None:
        return False
    try:
        approver = access.principal_of(connection, export.decided_by)
    except Forbidden:
        return True
    return not approver.may(APPROVE) or not (export.masked or approver.may("reports.view_pii"))


def send_back(connection: Connection, actor: events.Actor, export_id: int, asked: Plan, *, reason: str) -> Export:
    """Has an approved export approved again, and says why; the run of the old approval is cancelled. Raises Conflict."""
    _lock(connection, export_id)
    export = find(connection, export_id)
    if export.state not in ("approved", "processing") or export.run_id is None:
        raise Conflict(f"The export {export_id} is {export.state}; only one at work can be sent back")
    password = _sealed_password(connection, export_id)  # the end of its run has it forgotten, and the next one will need it
    runs.cancel(connection, actor, export.run_id)
    connection.execute(
        "update octavo.export_request set state = 'pending', sealed_password = %s, needs_approval = true, estimated_rows = %s, plan = %s, plan_hash = %s, most_rows = null, "
        "decided_by = null, decided_by_name = '', decided_at = null, decision_reason = %s, approval_expires_at = null where id = %s",
        [password, asked.estimated_rows, Jsonb(asked.content), asked.hash, reason, export_id],
    )
    events.record(
        connection, actor, "export.sent_back", subject="export", subject_id=export_id,
        detail={"approved_rows": export.most_rows, "estimated_rows": asked.estimated_rows, "plan_hash": asked.hash, "reason": reason},
    )  # fmt: skip
    return find(connection, export_id)


def _require(principal: Principal, permission: str, otherwise: str) -> None:
    if not principal.may(permission):
        raise Forbidden(otherwise)


def _lock(connection: Connection, export_id: int) -> None:
    if connection.execute("select from octavo.export_request where id = %s for update", [export_id]).fetchone() is None:
        raise NotFound(f"There is no export {export_id}")


def find(connection: Connection, export_id: int, principal: Principal | None = None) -> Export:
    """The export of that id, if it is the principal's own or he approves exports. Raises NotFound."""
    with connection.cursor(row_factory=class_row(Export)) as cursor:
        export = cursor.execute(sql.SQL("select {} from octavo.export where id = %s").format(_COLUMNS), [export_id]).fetchone()
    if export is None or (principal and not principal.may(APPROVE) and principal.user_id != export.requested_by):
        raise NotFound(f"There is no export {export_id}")
    return export


_FILTERS = {
    "state": sql.SQL("state = %(state)s"),
    "dataset": sql.SQL("dataset::text = %(dataset)s"),
    "requested_by": sql.SQL("requested_by = %(requested_by)s"),
    "not_by": sql.SQL("requested_by <> %(not_by)s"),
}
_OF_REQUESTS = ("pending", "rejected")
"""States that say nothing of a run, so that the runs need not be read to find the exports that are in them."""


def list_(
    connection: Connection, principal: Principal, filters: Mapping[str, Any] | None = None, *, page: int = 1, page_size: int = 20
) -> Page:
    """Exports that fit all the filters, the latest first: one's own, or all for who approves them. Raises UsageError."""
    given = {name: value for name, value in (filters or {}).items() if value is not None}
    if unknown := set(given) - set(_FILTERS):
        raise UsageError(f"Exports cannot be filtered by {', '.join(sorted(unknown))}; they can by: {', '.join(_FILTERS)}")
    where = sql.SQL(" and ").join(
        [sql.SQL("true" if principal.may(APPROVE) else "requested_by = %(own)s"), *(_FILTERS[name] for name in given)]
    )
    values = {**given, "own": principal.user_id, "limit": page_size, "offset": (page - 1) * page_size}
    among = sql.Identifier("octavo", "export_request" if given.get("state", _OF_REQUESTS[0]) in _OF_REQUESTS else "export")
    counted = connection.execute(sql.SQL("select count(*) from {} where {}").format(among, where), values).fetchone()
    with connection.cursor(row_factory=class_row(Export)) as cursor:
        items = cursor.execute(
            sql.SQL(
                "select {} from octavo.export where id = any(array(select id from {} where {} order by created_at desc, id desc limit %(limit)s "
                "offset %(offset)s)) order by created_at desc, id desc"
            ).format(_COLUMNS, among, where),
            values,
        ).fetchall()
    return Page(items, cast(int, counted[0]) if counted else 0)


def statistics(connection: Connection, days: int = 30) -> dict[str, Any]:
    """The organization's exports of the last so many days, by what became of them."""
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute("select * from octavo.get_export_statistics(octavo.current_organization(), %s)", [days]).fetchone()
    assert found is not None
    return found
