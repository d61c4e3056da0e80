"""How a report and its period are called: in the names of files outside, and in what people read."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from octavo.control.runs.actions import Run
from octavo.pipeline import locales
from octavo.pipeline.periods import whole_months


def words(run: Run, zone: str) -> dict[str, str]:
    """What {report}, {date} and {period} stand for in the folder of a file: the same whenever it is sent."""
    made = (run.completed_at or run.created_at).astimezone(ZoneInfo(zone)).date().isoformat()
    return {"report": run.report, "date": made, "period": period(run.manifest or {}) or made}


def period(manifest: Mapping[str, Any], conventions: locales.Conventions | None = None) -> str:
    """The period that a file covers, by its manifest: 2026-10, 2026-Q4, 2026 or its first and last day; "" where it covers none.

    With `conventions` as people of that locale read it.
    """
    for value in dict(manifest.get("parameters", {})).values():
        if isinstance(value, Mapping) and {"start", "end"} <= set(value):
            first, last = date.fromisoformat(value["start"]), date.fromisoformat(value["end"])
            if conventions is not None:
                return _read(first, last, conventions)
            return _written(first, last)
    return ""


def _whole_months(first: date, last: date) -> int:
    return whole_months(first, last + timedelta(days=1))


def _written(first: date, last: date) -> str:
    match _whole_months(first, last):
        case 1:
            return f"{first:%Y-%m}"
        case 3 if first.month % 3 == 1:
            return f"{first:%Y}-Q{first.month // 3 + 1}"
        case 12 if first.month == 1:
            return f"{first:%Y}"
    return f"{first}" if first == last else f"{first}_{last}"


def _read(first: date, last: date, conventions: locales.Conventions) -> str:
    if _whole_months(first, last) == 1:
        return conventions.month(first)
    if _whole_months(first, last) == 12 and first.month == 1:
        return f"{first:%Y}"
    return conventions.date(first) if first == last else f"{conventions.date(first)} \N{EN DASH} {conventions.date(last)}"
