"""The example of a report: its seed in the database, its parameters, and its rows as the database has them, by no code of a writer."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

import psycopg
from psycopg import sql

from octavo.database.connection import Database
from octavo.pipeline import definition, parameters
from octavo.pipeline.catalog import Entry
from octavo.pipeline.document import Organization
from octavo.pipeline.snapshot import open_snapshot

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Example:
    """What example/params.json asks, and the rows of each section for it, as Python values by column."""

    parameters: dict[str, Any]
    rows: dict[str, Rows]


def seed(database: Database, organization: Organization, entry: Entry) -> dict[str, Any]:
    """Loads example/seed.sql for the organization, or the pack's example.sql where there is none; gives what params.json asks."""
    folder = entry.folder / "example"
    own = folder / "seed.sql"
    with database.tenant(organization.id, zone=organization.time_zone) as connection:
        connection.execute((own if own.exists() else entry.pack.folder / "example.sql").read_bytes())
    asked: dict[str, Any] = json.loads((folder / "params.json").read_text(encoding="utf-8"))
    return asked


@contextmanager
def opened(database: Database, organization: Organization, entry: Entry) -> Iterator[Example]:
    """The seeded example with the rows of every section, read by plain execution of its queries."""
    asked = seed(database, organization, entry)
    yield Example(asked, rows(database, organization, entry, asked))


def rows(database: Database, organization: Organization, entry: Entry, asked: dict[str, Any]) -> dict[str, Rows]:
    """The rows of every section that has some, in the order of its columns; a breakdown's share is computed here."""
    with open_snapshot(database, organization, organization.time_zone) as snapshot:
        values, _ = parameters.resolve(entry, parameters.parse(entry, asked), snapshot)
        return {
            section.name: _section_rows(snapshot.connection, entry, section, values)
            for section in entry.report.sections
            if not isinstance(section, definition.Chart)
        }


def query(entry: Entry, section: str) -> sql.Composable:
    """The query of a section as it is run plainly, with what it reads as `base`."""
    text = sql.SQL(cast(Any, entry.queries[section]))
    if entry.base is None:
        return text
    return sql.SQL("with base as (\n{}\n) select * from (\n{}\n) as section").format(sql.SQL(cast(Any, entry.base)), text)


def _section_rows(connection: Any, entry: Entry, section: Any, values: dict[str, Any]) -> Rows:
    cursor = psycopg.ClientCursor(connection)
    cursor.execute(query(entry, section.name), values)
    assert cursor.description is not None
    position = {described.name: index for index, described in enumerate(cursor.description)}
    found = [tuple(row[position[column.name]] for column in section.columns) for row in cursor.fetchall()]
    if isinstance(section, definition.Breakdown):
        index = [column.name for column in section.columns].index(section.share_of)
        whole = sum(row[index] or 0 for row in found)
        found = [(*row, round(100 * Decimal(row[index]) / whole, 4) if whole and row[index] is not None else None) for row in found]
    return found


def columns(section: Any) -> tuple[definition.Column, ...]:
    """The columns as a file has them."""
    share = (definition.Percent("share", "Share"),) if isinstance(section, definition.Breakdown) else ()
    return (*section.columns, *share)
