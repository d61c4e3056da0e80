"""The standing approval of a dataset's template: what others ask for by it goes out without being looked at each time, up to so many rows.

Two people always stand behind a file: who approved the template neither wrote it nor asks by it. It ends by itself when the template says
something else, when the report is of another version, or when who approved may not approve any more.
"""

from dataclasses import dataclass
from typing import Any

from psycopg import sql
from psycopg.rows import class_row

from octavo.control import events
from octavo.control.access import actions as access
from octavo.control.access.actions import Principal
from octavo.control.runs import actions as runs
from octavo.control.templates import actions
from octavo.control.templates.actions import COLUMNS, Template
from octavo.database.connection import Connection
from octavo.errors import Conflict, Forbidden
from octavo.pipeline import catalog, parameters
from octavo.pipeline.choice import Choice

APPROVE = "reports.approve_exports"
_PERSONAL = "reports.view_pii"


@dataclass(frozen=True)
class Approval:
    """Who lets a file out, and how many rows of it."""

    by: str
    rows: int


def approve(
    connection: Connection,
    principal: Principal,
    actor: events.Actor,
    template_id: int,
    *,
    rows: int,
    reports: catalog.Catalog | None = None,
) -> Template:
    """Lets out what others ask for by a template, up to so many rows a file. Raises NotFound, Forbidden, UsageError, Conflict."""
    if principal.user_id is None or not (principal.may(APPROVE) and principal.may(_PERSONAL)):
        raise Forbidden(f"Only a person with the permissions {APPROVE} and {_PERSONAL} may approve a template; ask an administrator")
    connection.execute("select from octavo.report_template where id = %s for update", [template_id])
    template = actions.find(connection, principal, template_id)
    entry = (reports or catalog.installed()).report(template.report, principal.organization)
    catalog.dataset(entry)
    if template.changed_by == principal.user_id:
        raise Forbidden("Nobody may approve a template that he wrote himself; another administrator has to")
    if not template.active:
        raise Conflict(f"The template {template.name!r} is out of use; put it in use again first")
    approved = _say(connection, template_id, {"by": principal.user_id, "name": actor.name, "rows": rows, "version": entry.version})
    events.record(
        connection, actor, "template.approved", subject="template", subject_id=template_id,
        detail={"name": template.name, "report": template.report, "version": entry.version, "rows": rows},
    )  # fmt: skip
    return approved


def withdraw(connection: Connection, actor: events.Actor, template_id: int) -> Template:
    """Ends the approval of a template, if it has one. Raises NotFound."""
    left = _say(connection, template_id, {"by": None, "name": "", "rows": None, "version": None})
    events.record(connection, actor, "template.approval_withdrawn", subject="template", subject_id=template_id, detail={"name": left.name})
    return left


def _say(connection: Connection, template_id: int, values: dict[str, Any]) -> Template:
    with connection.cursor(row_factory=class_row(Template)) as cursor:
        said = cursor.execute(
            sql.SQL(
                "update octavo.report_template set approved_by = %(by)s, approved_by_name = %(name)s, approved_rows = %(rows)s, "
                "approved_version = %(version)s, approved_at = case when %(by)s::bigint is not null then now() end where id = %(id)s returning {}"
            ).format(COLUMNS),
            {**values, "id": template_id},
        ).fetchone()
    if said is None:
        raise actions.no(template_id)
    return said


def covering(connection: Connection, run: runs.Run, entry: catalog.Entry) -> Approval | None:
    """The approval under which a run may go out, if there is one: of its template as that stands now, and of what the run asks."""
    if run.template_id is None:
        return None
    with connection.cursor(row_factory=class_row(Template)) as cursor:
        template = cursor.execute(
            sql.SQL("select {} from octavo.report_template where id = %s and active and approved_at is not null").format(COLUMNS),
            [run.template_id],
        ).fetchone()
    if template is None or template.approved_by is None or template.approved_rows is None or template.approved_by == run.requested_by:
        return None
    if template.approved_version != entry.version or not _as_approved(run, template, entry):
        return None
    try:
        approver = access.principal_of(connection, template.approved_by)
    except Forbidden:
        return None
    if not approver.may(APPROVE) or not (run.masked or approver.may(_PERSONAL)):
        return None
    return Approval(approver.name, template.approved_rows)


def _as_approved(run: runs.Run, template: Template, entry: catalog.Entry) -> bool:
    """Whether the run asks what the template says: its columns, its conditions, its comparison, its parameters. Periods pass; the rows are counted anyway."""
    periods = parameters.periods_of(entry.report.parameters)

    def lasting(given: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in given.items() if name not in periods}

    asked = Choice.of(run.fields, run.filters, run.arrangement)
    several = template.template_config.get("each", {})
    return (
        run.report == template.report
        and asked == template.choice
        and run.compare == template.compare
        and lasting(run.parameters) == lasting(template.parameters)
        and lasting(run.each) == lasting(several)
    )
