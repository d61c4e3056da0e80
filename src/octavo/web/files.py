"""Downloads: who may have the file of a run, where it is fetched, and what a signed link leads to, in pieces where they are asked for."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import FileResponse, RedirectResponse, Response

from octavo.control.access import actions as access
from octavo.control.runs import actions as runs
from octavo.control.runs import rules
from octavo.errors import NotFound
from octavo.pipeline.store import Folder, open_store
from octavo.web import problems
from octavo.web.asking import server_of
from octavo.web.links import Signer

router = APIRouter(tags=["files"])

_GONE = "The file of this link is not there any more"

_FILE = {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file", **_FILE},
    206: {"description": "The part of it that was asked for (Range)", **_FILE},
}


def require_file(principal: access.Principal, run: runs.Run) -> None:
    """Raises Conflict when there is no file yet, Gone when there is none any more, Forbidden when this principal may not have it."""
    rules.require_file(run.id, run.state, archived=run.archived_at is not None, for_admin=principal.may("reports.manage"))
    if not run.masked:
        access.require(principal, "reports.view_pii")


def redirect(request: Request, run: runs.Run) -> RedirectResponse:
    """To a fresh link. Whoever calls it has checked and recorded the download. Raises StorageError."""
    return RedirectResponse(link(request, run), 307)


def link(request: Request, run: runs.Run) -> str:
    """A fresh link to the file of a run: the bucket's own, or one that is served here. Raises StorageError."""
    given = server_of(request).settings
    assert run.file_key is not None
    found = open_store(given.store_place).link(run.file_key, given.link_seconds)
    if found is not None:
        return found
    signer: Signer = request.app.state.signer
    return f"/files/{signer.sign(f'{run.organization_id}:{run.id}', given.link_seconds)}"


@router.get(
    "/files/{token}",
    summary="The file of a signed link",
    response_class=Response,
    responses={**_ANSWERS, **problems.documented(404, 416, 422)},
)
def file(request: Request, token: Annotated[str, Path(max_length=500, description="What the download's redirect holds.")]) -> Response:
    server = server_of(request)
    signer: Signer = request.app.state.signer
    organization_id, _, run_id = signer.read(token).partition(":")
    with server.database.tenant(int(organization_id)) as connection:
        run = runs.find(connection, int(run_id))
    store = open_store(server.settings.store_place)
    if run.file_key is None or (run.state != "completed" and run.archived_at is None) or not isinstance(store, Folder):
        raise NotFound(_GONE)
    path = store.path / run.file_key
    if not path.is_file():
        raise NotFound(_GONE)
    served = rules.served(run.report, run.created_at, run.id, run.file_key, run.media_type)
    headers = {"Content-Disposition": served.disposition, "Content-Security-Policy": "sandbox", "ETag": f'"{run.sha256}"'}
    return FileResponse(path, media_type=served.media_type, headers=headers)
