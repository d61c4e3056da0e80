"""The first rows of a report and the points of its charts, for a page: few, soon, and masked as for any file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from psycopg import sql

from octavo.control.summaries.actions import Asked
from octavo.database.connection import Database
from octavo.pipeline import comparison, definition, document, parameters
from octavo.pipeline.catalog import Entry
from octavo.pipeline.comparison import Comparison
from octavo.pipeline.snapshot import Snapshot, open_snapshot

MOST_POINTS = 400
"""A chart of more points than this is for a file."""


@dataclass(frozen=True)
class Seen:
    """What was read: the moment it is of, what was asked as people read it, the first rows by section, and the charts with their points."""

    taken_at: datetime
    answers: tuple[document.Answer, ...]
    rows: Mapping[str, list[tuple[Any, ...]]]
    charts: Sequence[tuple[document.Chart, list[tuple[Any, ...]]]]


def table(entry: Entry) -> definition.Table | None:
    """The table whose first rows say most of what the report holds: the first that is no part of its summary."""
    tables = [section for section in entry.report.sections if isinstance(section, definition.Table)]
    return next((one for one in tables if not one.summary), tables[0] if tables else None)


def look(database: Database, asked: Asked, *, most: int, timeout_seconds: float) -> Seen:
    """The first rows of its table and its charts, from one snapshot. Raises UsageError, NotFound, QueryFailed when it takes too long, DatabaseError."""
    entry = asked.entry
    checked = parameters.parse(entry, asked.parameters)
    comparison.refuse(entry, asked.compare)
    limited = replace(database, statement_timeout_seconds=timeout_seconds)
    with open_snapshot(limited, asked.organization, asked.zone or asked.organization.time_zone, short=True) as snapshot:
        values, answers = parameters.resolve(entry, checked, snapshot, masked=asked.masked)
        compared = comparison.resolve(entry, checked, asked.compare, values, answers) if asked.compare else None
        answers += (compared.answer,) if compared else ()
        shown = table(entry)
        rows = {shown.name: _first(asked, shown, shown.columns, values, snapshot, most)} if shown else {}
        drawn = [_chart(asked, one, values, snapshot, compared) for one in entry.report.sections if isinstance(one, definition.Chart)]
    return Seen(snapshot.taken_at, answers, rows, [(chart, points) for chart, points in drawn if 0 < len(points) <= MOST_POINTS])


def _chart(
    asked: Asked, chart: definition.Chart, values: Mapping[str, Any], snapshot: Snapshot, compared: Comparison | None
) -> tuple[document.Chart, list[tuple[Any, ...]]]:
    source = next(one for one in asked.entry.report.sections if one.name == chart.of)
    assert isinstance(source, definition.Tabular)
    entry, text = asked.entry, asked.entry.queries[chart.name]
    if compared and comparison.comparable(source):
        columns = comparison.drawn(chart, source)
        query = comparison.query(snapshot, entry, source, text, values, compared, columns, masked=asked.masked, check=False)
    else:
        by_name = {column.name: column for column in source.columns}
        columns = tuple(by_name[name] for name in (chart.x, *chart.y))
        query = snapshot.query(chart.name, text, values, columns, masked=asked.masked, base=entry.base, check=False)
    return document.Chart(chart, columns, query), query.first(sql.SQL("*"), MOST_POINTS + 1)


def _first(
    asked: Asked,
    section: definition.Tabular,
    columns: Sequence[definition.Column],
    values: Mapping[str, Any],
    snapshot: Snapshot,
    most: int,
) -> list[tuple[Any, ...]]:
    query = snapshot.query(section.name, asked.entry.queries[section.name], values, columns, masked=asked.masked, base=asked.entry.base)
    return query.first(sql.SQL("*"), most)
