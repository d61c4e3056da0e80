"""The figures of a report as a page shows them: its summary, its charts and its first rows, as the organization's locale writes them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from octavo.control.summaries.preview import Seen
from octavo.pipeline import comparison, definition, figures
from octavo.pipeline.catalog import Entry
from octavo.pipeline.definition import Column
from octavo.pipeline.document import Answer, Compared, Organization
from octavo.pipeline.locales import Conventions, named
from octavo.pipeline.periods import DateRange
from octavo.web.pages import drawings
from octavo.web.pages.shown import NOTHING

MOST_ROWS = 24
"""How many rows of a table of the summary stand on the page; the file has all."""


@dataclass(frozen=True)
class Grid:
    """Rows under headings: each heading with its class ("num" or ""), each cell as text. `more` rows are left out."""

    name: str
    title: str
    description: str
    heads: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, ...], ...]
    more: int = 0


@dataclass(frozen=True)
class Summary:
    """The summary: key figures (title, value, of a rate its base, and how it changed), what else they say in words, tables, and the moment they are of."""

    figures: tuple[tuple[str, str, str], ...]
    words: tuple[tuple[str, str], ...]
    grids: tuple[Grid, ...]
    taken_at: datetime
    zone: str


def summary(text: bytes, entry: Entry, organization: Organization) -> Summary:
    """From the JSON that the API tells as well; every digit of it is exact. A comparison brings its own columns."""
    told = json.loads(text, parse_float=Decimal)
    zone, conventions = told["time_zone"], named(organization.locale)
    sections = {one.name: one for one in entry.report.sections if isinstance(one, definition.Tabular)}
    key: list[tuple[str, str, str]] = []
    words: list[tuple[str, str]] = []
    grids = []
    for one in told["sections"]:
        section = sections[one["name"]]
        beside: Mapping[str, Compared] = {}
        columns = columns_of(section)
        if comparison.ASKED in told["parameters"]:
            columns, beside = comparison.columns(section)
        rows = [{column.name: value(column, row.get(column.name), zone) for column in columns} for row in one["rows"]]
        if isinstance(section, definition.Metrics):
            key += _key_figures(section, columns, beside, rows[0], conventions, organization.currency)
            words += [
                (one.title, conventions.shower(one)(rows[0][one.name]) or NOTHING)
                for one in section.columns
                if not one.numeric and one.name not in _units(columns)
            ]
        elif rows:
            cells = [tuple(row[column.name] for column in columns) for row in rows]
            grids.append(grid(section, columns, cells, organization, most=MOST_ROWS))
    return Summary(tuple(key), tuple(words), tuple(grids), datetime.fromisoformat(told["snapshot_taken_at"]), zone)


def columns_of(section: definition.Tabular) -> tuple[Column, ...]:
    """Its columns, with the share that Octavo adds to a breakdown."""
    return (*section.columns, definition.Percent("share", "Share")) if isinstance(section, definition.Breakdown) else section.columns


def _key_figures(
    section: definition.Metrics,
    columns: Sequence[Column],
    beside: Mapping[str, Compared],
    values: Mapping[str, Any],
    conventions: Conventions,
    currency: str,
) -> list[tuple[str, str, str]]:
    by_name, made = {one.name: one for one in columns}, []
    for column in section.columns:
        if column.numeric:
            under = [column.description] if isinstance(column, definition.Percent) and column.description else []
            if compared := beside.get(column.name):
                before = figures.figure(by_name[compared.before], values, conventions, currency) or NOTHING
                under += [figures.change(by_name, compared, values, conventions, currency), f"before {before}"]
            made.append((column.title, figures.figure(column, values, conventions, currency) or NOTHING, "; ".join(under)))
    return made


def _units(columns: Sequence[Column]) -> set[str | None]:
    """The columns that only say the currency or unit of others."""
    return {getattr(column, "currency_column", None) or getattr(column, "unit_column", None) for column in columns}


def grid(
    section: definition.Tabular, columns: Sequence[Column], rows: Sequence[tuple[Any, ...]], organization: Organization, *, most: int
) -> Grid:
    """Rows as people read them: numbers by the locale, their unit in the heading or, where each row has its own, beside them."""
    conventions, currency = named(organization.locale), organization.currency
    heads = []
    for column in columns:
        unit = figures.unit(column, currency)
        heads.append((f"{column.title}, {unit}" if unit else column.title, "num" if column.numeric else ""))
    shows = [conventions.shower(column) for column in columns]
    cells = tuple(tuple(show(cell) for show, cell in zip(shows, row, strict=True)) for row in rows[:most])
    return Grid(section.name, section.title, section.description, tuple(heads), cells, max(0, len(rows) - most))


def charts(seen: Seen, organization: Organization) -> list[tuple[str, Markup]]:
    """The charts of the report, the same as in its PDF."""
    return [(chart.title, drawings.inline(chart, points, organization, width=560, height=190)) for chart, points in seen.charts]


def asked(answers: Sequence[Answer], organization: Organization) -> list[tuple[str, str]]:
    """What was asked, as it was resolved: the days of its periods, the names of what was looked up."""
    conventions = named(organization.locale)
    return [(answer.title, days(answer.value, conventions) if isinstance(answer.value, DateRange) else answer.shown) for answer in answers]


def days(period: DateRange, conventions: Conventions) -> str:
    """The first and the last day of a period."""
    first, last = conventions.date(period.start), conventions.date(period.last_day)
    return first if first == last else f"{first} \N{EN DASH} {last}"


def value(column: Column, told: Any, zone: str) -> Any:
    """A value of the JSON as the kind of its column; what Python cannot hold stays the text that it is."""
    if not isinstance(told, str) or column.kind not in ("date", "instant"):
        return told
    try:
        return date.fromisoformat(told) if column.kind == "date" else datetime.fromisoformat(told).astimezone(ZoneInfo(zone))
    except ValueError:
        return told
