"""What pages show of runs as they go on: the stream behind every place that says data-run."""

from typing import Any

from fastapi import Request
from fastapi.responses import Response

from octavo.control.runs import streams
from octavo.control.runs.progress import Progress
from octavo.web.pages import visit
from octavo.web.pages.routing import Router

router = Router()


@router.page("/live")
def live(looking: visit.Viewing, request: Request) -> Response:
    """For one EventSource a page: of each run that changes, how far it is as HTML, and its line for a list of what is at work."""

    def told(run: Progress) -> dict[str, Any]:
        return {
            "id": run.id, "state": run.state, "over": run.over,
            "progress": looking.part("runs/progress.html", run=run), "line": looking.part("runs/line.html", run=run),
        }  # fmt: skip

    last = request.headers.get("last-event-id", "")[:200] or None
    return streams.stream(looking.asking, request, None, streams.LONGEST_SECONDS, last, told, by_cookie=True)
