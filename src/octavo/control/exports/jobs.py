"""What a worker does with a run before it makes the file: sees how much of it may go out, and whether what was approved is still what would."""

from dataclasses import dataclass, replace

from octavo.control.events import Actor
from octavo.control.exports import actions, rules
from octavo.control.exports.actions import Export
from octavo.control.runs import actions as runs
from octavo.control.runs import jobs, leases
from octavo.control.templates import approvals
from octavo.database.connection import Connection, Database
from octavo.errors import NeedsApproval
from octavo.pipeline.catalog import Catalog
from octavo.pipeline.choice import Choice
from octavo.pipeline.conditions import Condition
from octavo.pipeline.document import Progress
from octavo.pipeline.store import Store
from octavo.vault import Vault

WORKER = Actor.system("octavo worker")


@dataclass(frozen=True)
class _Leave:
    """How many rows may go out, and who said so; None and nobody ("") where nobody has to."""

    by: str = ""
    rows: int | None = None
    export: Export | None = None


def perform(
    claim: leases.Claim,
    *,
    reports: Catalog,
    database: Database,
    store: Store,
    progress: Progress | None = None,
    vault: Vault | None = None,
    condition: Condition | None = None,
) -> bool:
    """As runs.jobs.perform, for every run. An export that outgrew its approval goes back for another one, and False is given.

    Raises OctavoError; HeldBack when the condition does not hold, NeedsApproval where more of a dataset would go out than an export of it might without being asked for.
    """
    named = replace(database, application_name=claim.session)
    with named.tenant(claim.organization_id) as connection:
        run = runs.find(connection, claim.run_id)
        leave = _leave(connection, run, reports)
    if leave.export and _sent_back(named, claim, leave.export, reports):
        return False
    try:
        return jobs.perform(
            claim,
            reports=reports,
            database=database,
            store=store,
            progress=progress,
            vault=vault,
            condition=condition,
            approved_by=leave.by,
            approved_rows=leave.rows,
        )
    except NeedsApproval:
        if leave.export and _sent_back(named, claim, leave.export, reports):  # it grew in this moment
            return False
        raise


def _leave(connection: Connection, run: runs.Run, reports: Catalog) -> _Leave:
    if run.export_request_id is not None:
        export = actions.find(connection, run.export_request_id)
        return _Leave(export.decided_by_name, export.most_rows or 0, export)
    entry = reports.report(run.report, runs.organization(connection))
    if not entry.is_dataset:
        return _Leave()
    if approval := approvals.covering(connection, run, entry):
        return _Leave(approval.by, approval.rows)
    return _Leave(rows=actions.threshold(connection, entry))


def _sent_back(named: Database, claim: leases.Claim, export: Export, reports: Catalog) -> bool:
    """Whether the claimed run needs another approval: then that is asked for, and the run is cancelled."""
    with named.tenant(claim.organization_id) as connection:
        organization = runs.organization(connection)
        expired = connection.execute("select %s::timestamptz <= now()", [export.approval_expires_at]).fetchone() == (True,)
        left = actions.approver_left(connection, export)
    now = actions.plan(
        named, organization, dataset=export.dataset, format=export.format, given=export.parameters, options=export.options,
        choice=Choice.of(export.fields, export.filters, export.arrangement),
        masked=export.masked, protected=export.protected, deliver_to=export.deliver_to, reports=reports,
    )  # fmt: skip
    approved = rules.Plan(**export.plan)
    changed = export.needs_approval and replace(now, estimated_rows=approved.estimated_rows) != approved
    reason = rules.why_again(
        expired=expired,
        changed=changed,
        left=left,
        rows=now.estimated_rows,
        most_rows=export.most_rows or 0,
        by_person=export.needs_approval,
    )
    if reason is None:
        return False
    with named.tenant(claim.organization_id) as connection:
        actions.send_back(connection, WORKER, export.id, now, reason=reason)
    return True
