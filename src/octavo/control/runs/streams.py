"""How runs go on, as it happens: streams of server-sent events. Whoever watches is asked again and again whether he still may."""

import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import asdict
from typing import Annotated, Any

import psycopg
from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from octavo.control.access import actions as access
from octavo.control.runs import actions, progress, rights, routes, rules
from octavo.control.runs.progress import Progress
from octavo.errors import DatabaseError, Forbidden, Unauthenticated
from octavo.web import asking as who
from octavo.web import problems
from octavo.web.asking import Asking, Viewing
from octavo.web.live import RECHECK_SECONDS, Live
from octavo.web.passing import STREAM

router = APIRouter(prefix="/api/reports", tags=["reports"])

HEARTBEAT_SECONDS = 15
LONGEST_SECONDS = 3600
RETRY_MS = 2000

_MEDIA_TYPE = "text/event-stream"
_EVENT = {
    "type": "object",
    "properties": {
        "event": {"type": "string", "description": "run."},
        "id": {"type": "string", "description": "What Last-Event-ID says when the stream is opened again."},
        "data": {"type": "string", "description": "The run, as JSON."},
        "retry": {"type": "integer", "description": "Milliseconds after which to open it again."},
    },
}
"""One event of the stream."""
_SHOWN: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events named `run`, each with a run as it stands (id, state, stage, rows, percent, seconds left); comments in between.",
        "content": {_MEDIA_TYPE: {"schema": _EVENT}},
    }
}
Seconds = Annotated[
    int,
    Query(
        ge=1,
        le=LONGEST_SECONDS,
        description="After how long the stream ends in any case; whoever wants more opens it again, as browsers do.",
    ),
]
LastEventId = Annotated[
    str | None,
    Header(
        description="The id of the last event that was received; how things stand is not told again where it is still that.", max_length=200
    ),
]


@router.get(
    "/generated/{run_id}/events", summary="How a run goes on, until it is over", response_class=Response,
    responses={**_SHOWN, 204: {"description": "It is over, and the end was received."}, **problems.documented(401, 403, 404, 422)},
)  # fmt: skip
def run_events(
    asking: Viewing, run_id: routes.RunId, request: Request, seconds: Seconds = LONGEST_SECONDS, last_event_id: LastEventId = None
) -> Response:
    """How the run stands now, then every change within a second. The stream ends with the run; after that there is nothing to reconnect to (204)."""
    with asking.transaction() as connection:
        rights.seen(asking.principal, actions.find(connection, run_id))
        (now,) = progress.of(connection, [run_id])
    if now.over and last_event_id == now.mark:
        return Response(status_code=204)
    return stream(asking, request, run_id, seconds, last_event_id)


@router.get(
    "/events", summary="How the runs of the organization go on", response_class=Response,
    responses={**_SHOWN, **problems.documented(401, 403, 422)},
)  # fmt: skip
def events(asking: Viewing, request: Request, seconds: Seconds = LONGEST_SECONDS, last_event_id: LastEventId = None) -> Response:
    """The runs that are not over, and those that ended within the last minute; then every change of any run within a second."""
    return stream(asking, request, None, seconds, last_event_id)


def stream(
    asking: Asking, request: Request, run_id: int | None, seconds: int, last_event_id: str | None, told: Callable[[Progress], Any] = asdict,
    *, by_cookie: bool = False,
) -> Response:  # fmt: skip
    """A stream of how a run goes on, or all of the organization; `told` is what is said of each."""
    request.scope[STREAM] = True
    events = _events(asking, request, run_id, seconds, last_event_id, told, by_cookie)
    return StreamingResponse(events, media_type=_MEDIA_TYPE, headers={"X-Accel-Buffering": "no"})


async def _events(
    asking: Asking,
    request: Request,
    run_id: int | None,
    seconds: int,
    last_event_id: str | None,
    told: Callable[[Progress], Any],
    by_cookie: bool,
) -> AsyncIterator[str]:
    live: Live = request.app.state.live
    database, organization = asking.server.database, asking.principal.organization

    def look(wanted: set[int] | None) -> Sequence[Progress]:
        with database.tenant(organization.id, zone=organization.time_zone) as connection:
            if run_id is not None:
                return progress.of(connection, [run_id])
            return progress.lately(connection) if wanted is None else progress.of(connection, wanted)

    yield f"retry: {RETRY_MS}\n\n"
    principal, checked_at, sent_at = asking.principal, time.monotonic(), time.monotonic()
    ends_at = time.monotonic() + seconds
    news: dict[int, Progress] = {}
    with live.watch((organization.id, run_id), look) as watching:
        while True:
            news |= {
                item.id: item
                for item in await watching.news(min(RECHECK_SECONDS, max(ends_at - time.monotonic(), 0)))
                if isinstance(item, Progress)
            }
            if live.closing:
                return
            if time.monotonic() - checked_at >= RECHECK_SECONDS:
                try:
                    principal = await live.recheck(
                        who.credential(request, by_cookie=by_cookie), lambda: who.identify(request, by_cookie=by_cookie)
                    )
                    access.require(principal, "reports.view_reports")
                except (Unauthenticated, Forbidden):
                    return
                except (DatabaseError, psycopg.Error):
                    continue  # nobody can say whether he still may, so nothing is told until somebody can
                checked_at = time.monotonic()
            for item in news.values():
                if rules.may_see(principal, item) and item.mark != last_event_id:
                    yield f"id: {item.mark}\nevent: run\ndata: {json.dumps(told(item), default=_iso, ensure_ascii=False)}\n\n"
                    sent_at = time.monotonic()
            if run_id is not None and any(item.over for item in news.values()):
                return
            news.clear()
            if time.monotonic() >= ends_at:
                return
            if time.monotonic() - sent_at >= HEARTBEAT_SECONDS:
                yield ": still here\n\n"
                sent_at = time.monotonic()


def _iso(value: Any) -> str:
    return str(value.isoformat())
