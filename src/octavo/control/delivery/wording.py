"""How a report and its period are called: in the names of files outside, and in what people read."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from octavo.control.runs.actions import Run
from octavo.pipeline import locales, periods


def words(run: Run, zone: str) -> dict[str, str]:
    """What {report}, {date} and {period} stand for in the folder of a file: the same whenever it is sent."""
    made = (run.completed_at or run.created_at).astimezone(ZoneInfo(zone)).date().isoformat()
    return {"report": run.report, "date": made, "period": period(run.manifest or {}) or made}


def period(manifest: Mapping[str, Any], conventions: locales.Conventions | None = None) -> str:
    """The period that a file covers, by its manifest: 2026-10, 2026-Q4, 2026 or its first and last day; "" where it covers none.

    With `conventions` as people of that locale read it.
    """
    for value in dict(manifest.get("parameters", {})).values():
        spans = value if isinstance(value, list) else [value]  # a file of several covers from the first to the last of them
        if spans and all(isinstance(one, Mapping) and {"start", "end"} <= set(one) for one in spans):
            first, last = date.fromisoformat(min(one["start"] for one in spans)), date.fromisoformat(max(one["end"] for one in spans))
            if conventions is not None:
                return _read(first, last, conventions)
            return periods.written(first, last, "_")
    return ""


def _read(first: date, last: date, conventions: locales.Conventions) -> str:
    months = periods.whole_months(first, last + timedelta(days=1))
    if months == 1:
        return conventions.month(first)
    if months == 12 and first.month == 1:
        return f"{first:%Y}"
    return conventions.date(first) if first == last else f"{conventions.date(first)} \N{EN DASH} {conventions.date(last)}"
