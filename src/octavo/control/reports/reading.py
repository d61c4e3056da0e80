"""What a report's page asks the database: its figures, its charts and its first rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from fastapi import Request

from octavo.control.reports import shown
from octavo.control.summaries import actions as summaries
from octavo.control.summaries import preview, routes, rules
from octavo.errors import OctavoError, UsageError
from octavo.pipeline.catalog import Entry
from octavo.web.pages.offering import PERSONAL, SOON_SECONDS
from octavo.web.pages.visit import Visit

PREVIEWED = 10


@dataclass(frozen=True)
class Figures:
    """What the page of a report shows of its data; where a part cannot be told, why."""

    asked: Sequence[tuple[str, str]] = ()
    summary: shown.Summary | None = None
    why_no_summary: str = ""
    charts: Sequence[tuple[str, Any]] = ()
    rows: shown.Grid | None = None
    why_no_rows: str = ""
    taken_at: datetime | None = None
    masked: bool = False


def figures(
    looking: Visit, request: Request, entry: Entry, given: Mapping[str, Any], zone: str | None, compare: str | None = None
) -> Figures:
    """The summary as the API tells it, the charts, and the first rows. What takes too long is left out, and says so. Raises UsageError for what cannot be asked."""
    organization = looking.principal.organization
    asked = summaries.Asked(entry, organization, dict(given), zone=zone, compare=compare, masked=not looking.may(PERSONAL))
    told, why_not = _summary(looking, request, asked)
    try:
        seen = preview.look(looking.server.database, asked, most=PREVIEWED, timeout_seconds=SOON_SECONDS)
    except UsageError:
        raise
    except OctavoError as error:
        return Figures(summary=told, why_no_summary=why_not, why_no_rows=_why(error), masked=asked.masked)
    table = preview.table(entry)
    rows = shown.grid(table, table.columns, seen.rows[table.name], organization, most=PREVIEWED) if table else None
    return Figures(
        shown.asked(seen.answers, organization), told, why_not, shown.charts(seen, organization), rows, "", seen.taken_at, asked.masked
    )


def _summary(looking: Visit, request: Request, asked: summaries.Asked) -> tuple[shown.Summary | None, str]:
    """The summary, or why there is none."""
    try:
        rules.sections(asked.entry)
    except UsageError:
        return None, ""  # it is rows alone
    try:
        return shown.summary(routes.told(request, looking.principal, asked), asked.entry, asked.organization), ""
    except UsageError:
        raise
    except OctavoError as error:
        return None, _why(error)


def _why(error: OctavoError) -> str:
    if isinstance(error.__cause__, psycopg.errors.QueryCanceled):
        return "This takes longer than a page may wait. Ask for less, a shorter period for example, or make the file: that may take as long as it needs."
    return str(error)
