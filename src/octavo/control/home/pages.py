"""Home: what is at work, what failed, what waits for me, what is due next, and the figures of the last 30 days."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from fastapi.responses import Response
from markupsafe import Markup

from octavo.control.exports import actions as exports
from octavo.control.runs import actions as runs
from octavo.control.schedules import actions as schedules
from octavo.database.connection import Connection
from octavo.pipeline.definition import Date, Integer, Text
from octavo.web.pages import drawings, visit
from octavo.web.pages.routing import Router
from octavo.web.pages.visit import Visit

router = Router()

DAYS = 30
FAILED_DAYS = 7
_SHOWN = 6
_DUE_HOURS = 168

_BY_DAY = drawings.lines("Runs by day", Date("day", "Day"), [Integer("completed", "Completed"), Integer("failed", "Failed")])
_BY_REPORT = drawings.bars("Runs by report, the six with most", Text("report", "Report"), [Integer("runs", "Runs")])


@dataclass(frozen=True)
class _Found:
    """What the page shows, read in one transaction."""

    working: list[Any]
    failed: Any
    waiting: Any
    due: Any
    figures: dict[str, Any]
    by_day: list[Any]


@router.page("/")
def home(looking: visit.Viewing) -> Response:
    with looking.transaction() as connection:
        found = _find(connection, looking)
    return looking.page(
        "home/home.html", title="Home", found=found, days=DAYS, failed_days=FAILED_DAYS, key_figures=_key_figures(looking, found.figures),
        charts=_charts(looking, found), me=looking.principal.user_id, approves=looking.may(exports.APPROVE),
    )  # fmt: skip


def _find(connection: Connection, looking: Visit) -> _Found:
    principal = looking.principal
    # A run of an export is seen by who asked for it and by who decides about exports.
    seen = {} if looking.may(exports.APPROVE) else {"export_of": principal.user_id}
    since = datetime.now(UTC) - timedelta(days=FAILED_DAYS)
    return _Found(
        working=runs.under_way(connection, principal)[:_SHOWN],
        failed=runs.list_(connection, {"state": "failed", "created_from": since, **seen}, page_size=_SHOWN),
        waiting=exports.list_(connection, principal, {"state": "pending"}, page_size=_SHOWN),
        due=schedules.list_(connection, principal, {"until": _DUE_HOURS}, by_time=True, page_size=_SHOWN),
        figures=runs.statistics(connection, DAYS),
        by_day=runs.by_day(connection, DAYS),
    )


def _key_figures(looking: Visit, figures: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Each with its base: a share without one says nothing."""
    shown = looking.shown
    total, completed, failed = figures["total_reports"], figures["completed_reports"], figures["failed_reports"]
    over = completed + failed
    share = shown.percent(Decimal(failed * 100) / over) if over else shown.percent(None)
    return [
        ("Runs", shown.number(total), f"in {DAYS} days, exports apart"),
        ("Failed", shown.number(failed), f"{share} of {shown.number(over)} that ended" if over else "none has ended"),
        ("Rows", shown.number(figures["total_records_exported"]), f"in {shown.number(completed)} files"),
        ("Mean time", shown.duration(figures["avg_processing_time_ms"]), f"of {shown.number(completed)} completed"),
    ]


def _charts(looking: Visit, found: _Found) -> list[tuple[str, Markup]]:
    runs_of: Counter[str] = Counter()
    for one in found.figures["by_report"]:
        runs_of[looking.report_title(one["report"])] += one["runs"]
    if not runs_of:
        return []
    organization = looking.principal.organization
    points = {_BY_DAY: found.by_day, _BY_REPORT: runs_of.most_common(_SHOWN)}
    return [(chart.definition.title, drawings.inline(chart, rows, organization)) for chart, rows in points.items()]
