"""What is done for a summary: its sections from one snapshot, as the JSON that Postgres writes, so that numbers are the digits it holds."""

import json
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from psycopg import sql

from octavo.control.summaries import rules
from octavo.database.connection import Database
from octavo.errors import DefinitionError, TooLarge
from octavo.pipeline import comparison, definition, manifest, parameters
from octavo.pipeline.catalog import Entry
from octavo.pipeline.comparison import Comparison
from octavo.pipeline.document import Organization
from octavo.pipeline.snapshot import BoundQuery, Snapshot, open_snapshot

_OBJECT = sql.SQL("row_to_json(rows)::text")


@dataclass(frozen=True)
class Asked:
    """Which summary: of which sections (all when none is named), for whom."""

    entry: Entry
    organization: Organization
    parameters: Mapping[str, Any]
    sections: tuple[str, ...] = ()
    zone: str | None = None
    compare: str | None = None
    masked: bool = True


def summarize(database: Database, asked: Asked, *, timeout_seconds: float, proven: set[Hashable]) -> bytes:
    """The summary as JSON. Raises UsageError, NotFound, TooLarge, DatabaseError.

    `proven` remembers which queries yield what their columns promise, so that a process asks that once.
    """
    entry = asked.entry
    wanted = rules.sections(entry, asked.sections)
    checked = parameters.parse(entry, asked.parameters)
    comparison.refuse(entry, asked.compare, tuple(section.name for section in wanted))
    limited = replace(database, statement_timeout_seconds=timeout_seconds)
    with open_snapshot(limited, asked.organization, asked.zone or asked.organization.time_zone, short=True) as snapshot:
        values, answers = parameters.resolve(entry, checked, snapshot, masked=asked.masked)
        compared = comparison.resolve(entry, checked, asked.compare, values, answers) if asked.compare else None
        bound = [_bound(asked, section, values, snapshot, proven, compared) for section in wanted]
        rows = snapshot.together(bound, _OBJECT, rules.MOST_ROWS + 1)
    told = [_section(asked, section, some) for section, some in zip(wanted, rows, strict=True)]
    head = {
        "report": entry.key,
        "title": entry.report.title,
        "version": entry.version,
        "snapshot_taken_at": snapshot.taken_at.isoformat(),
        "time_zone": snapshot.zone,
        "masked": asked.masked,
        "parameters": {answer.name: manifest.plain(answer.value) for answer in (*answers, *([compared.answer] if compared else ()))},
    }
    return _text(head)[:-1] + b', "sections": [' + b", ".join(told) + b"]}"


def _bound(
    asked: Asked,
    section: definition.Tabular,
    values: Mapping[str, Any],
    snapshot: Snapshot,
    proven: set[Hashable],
    compared: Comparison | None,
) -> BoundQuery:
    entry = asked.entry
    share_of = section.share_of if isinstance(section, definition.Breakdown) else None
    # The types of what it yields follow from its text and from the types of the values in it.
    key = (entry.key, entry.version, section.name, compared is not None, tuple(type(value) for value in values.values()))
    text, check = entry.queries[section.name], key not in proven
    if compared is not None:
        columns, _ = comparison.columns(section)
        query = comparison.query(snapshot, entry, section, text, values, compared, columns, masked=asked.masked, check=check)
    else:
        query = snapshot.query(
            section.name, text, values, section.columns, masked=asked.masked, share_of=share_of, base=entry.base, check=check
        )
    proven.add(key)
    return query


def _section(asked: Asked, section: definition.Tabular, rows: list[str]) -> bytes:
    if len(rows) > rules.MOST_ROWS:
        raise TooLarge(
            f"The section {section.name} of {asked.entry.key} has more than {rules.MOST_ROWS:,} rows here, which is no summary; narrow it with a "
            "parameter, leave the section out with sections=..., or ask for a file"
        )
    if isinstance(section, definition.Metrics) and len(rows) != 1:
        raise DefinitionError(f"Section {section.name} is key figures, and its query yields {len(rows)} rows; it must yield one")
    columns = (*section.columns, definition.Percent("share", "Share")) if isinstance(section, definition.Breakdown) else section.columns
    if asked.compare:
        columns, _ = comparison.columns(section)
    head = {
        "name": section.name,
        "title": section.title,
        "kind": type(section).__name__.lower(),
        "columns": [_column(column, asked) for column in columns],
    }
    return _text(head)[:-1] + b', "rows": [' + ", ".join(rows).encode() + b"]}"


def _column(column: definition.Column, asked: Asked) -> dict[str, Any]:
    described: dict[str, Any] = {"name": column.name, "title": column.title, "kind": column.kind, "masked": asked.masked and column.pii}
    if isinstance(column, definition.Money):
        described["currency"] = None if column.currency_column else column.currency or asked.organization.currency
        described["currency_column"] = column.currency_column
    if isinstance(column, definition.Quantity):
        described["unit"], described["unit_column"] = column.unit or None, column.unit_column
    return described


def _text(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
