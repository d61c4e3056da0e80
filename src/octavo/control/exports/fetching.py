"""Letting the file of an export out: to whom, and that it is recorded. The API and the pages both come through here."""

from octavo.control import events
from octavo.control.access.actions import Principal
from octavo.control.exports import actions
from octavo.control.runs import actions as runs
from octavo.database.connection import Connection
from octavo.errors import Conflict, Gone
from octavo.web import files


def let_out(connection: Connection, principal: Principal, actor: events.Actor, export_id: int) -> runs.Run:
    """The run whose file this principal may have; that they fetch it is recorded. Raises NotFound, Conflict, Gone, Forbidden."""
    export = actions.find(connection, export_id, principal)
    if export.run_id is None and export.state == "expired":
        raise Gone(f"The file of the export {export_id} has expired; ask for it anew")
    if export.run_id is None or export.state not in ("completed", "expired"):
        raise Conflict(f"The export {export_id} is {export.state}; only a completed one can be downloaded")
    run = runs.find(connection, export.run_id)
    files.require_file(principal, run)
    events.record(connection, actor, "export.downloaded", subject="export", subject_id=export_id, detail={"sha256": export.sha256})
    return run
