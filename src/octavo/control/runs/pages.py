"""What pages show of runs as they go on: the stream behind every place that says data-run."""

from functools import lru_cache
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response

from octavo.control.runs import streams
from octavo.control.runs.progress import Progress
from octavo.web.pages import rail, rendering, visit
from octavo.web.pages.routing import Router
from octavo.web.pages.shown import Shown

router = Router()


@router.page("/live")
def live(looking: visit.Viewing, request: Request) -> Response:
    """For one EventSource a page: of each run that changes, how far it is as HTML, and its line for a list of what is at work."""

    def told(run: Progress) -> dict[str, Any]:
        return _told(request.app, looking.root, looking.shown, looking.report_title(run.report), run, looking.may("reports.view_pii"))

    last = request.headers.get("last-event-id", "")[:200] or None
    return streams.stream(looking.asking, request, None, streams.LONGEST_SECONDS, last, told, by_cookie=True)


@lru_cache(maxsize=500)
def _told(app: FastAPI, root: str, shown: Shown, title: str, run: Progress, sees_personal: bool) -> dict[str, Any]:
    """Written once for all who look at the same moment of a run: of who they are it depends on nothing but whether they see personal data."""
    context = {
        "shown": shown,
        "run": run,
        "report_title": lambda key: title,
        "there_is": lambda path: rail.there_is(app, path),
        "may": lambda permission: sees_personal,
    }
    return {
        "id": run.id, "state": run.state, "over": run.over,
        "progress": rendering.render("runs/progress.html", context, root=root), "line": rendering.render("runs/line.html", context, root=root),
    }  # fmt: skip
