"""Who sees a run, who changes it, who fetches its file: asked by the API and by the pages alike."""

from octavo.control import events
from octavo.control.access.actions import Principal
from octavo.control.runs import actions, rules
from octavo.control.runs.actions import Run
from octavo.database.connection import Connection
from octavo.errors import Forbidden, NotFound
from octavo.web import files

MANAGE = "reports.manage"


def seen(principal: Principal, run: Run) -> Run:
    """The run, for who may see it; to others it is not there. Raises NotFound."""
    if not rules.may_see(principal, run):
        raise NotFound(f"There is no run {run.id}")
    return run


def hidden(principal: Principal) -> int | None:
    """Whose exports alone are listed: those of who asks, unless they decide about exports."""
    return None if principal.may("reports.approve_exports") else principal.user_id


def may_change(principal: Principal, run: Run) -> bool:
    """A run is changed by who asked for it, or by who manages reports."""
    return run.requested_by == principal.user_id or principal.may(MANAGE)


def own(principal: Principal, run: Run) -> Run:
    """The run, for who may change it. Raises NotFound, Forbidden."""
    if not may_change(principal, seen(principal, run)):
        raise Forbidden("This run is somebody else's; who asked for it can change it, or an administrator")
    return run


def fetch(connection: Connection, principal: Principal, actor: events.Actor, run_id: int) -> Run:
    """The run whose file is about to be fetched: checked, and recorded. Raises NotFound, Conflict, Gone, Forbidden."""
    run = seen(principal, actions.find(connection, run_id))
    files.require_file(principal, run)
    events.record(connection, actor, "run.downloaded", subject="run", subject_id=run.id, detail={"sha256": run.sha256})
    return run
