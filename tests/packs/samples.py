"""The samples of packs for tests: loaded as octavo demo does, at a size, and the reports over them as mappings by column."""

from decimal import Decimal
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from octavo.database.connection import Database
from octavo.pipeline import catalog
from octavo.pipeline.document import Organization
from tests import examples

Sections = dict[str, list[dict[str, Any]]]


def load(database: Database, organization: Organization, pack: str, seed: int, factor: int = 1) -> None:
    """The sample of a pack; `factor` times as much of it as octavo demo makes."""
    installed = catalog.installed().pack(pack)
    assert installed.sample is not None
    with database.tenant(organization.id, zone=organization.time_zone) as connection:
        psycopg.ClientCursor(connection).execute(installed.sample.encode(), {"seed": seed, "factor": factor})


def sections(database: Database, organization: Organization, report: str, **asked: Any) -> Sections:
    """Every section of a report, its rows by column."""
    entry = catalog.installed().report(report)
    columns = {
        section.name: [column.name for column in examples.columns(section)]
        for section in entry.report.sections
        if hasattr(section, "columns")
    }
    found = examples.rows(database, organization, entry, asked)
    return {name: [dict(zip(columns[name], row, strict=True)) for row in rows] for name, rows in found.items()}


def ask(database: Database, organization: Organization, query: LiteralString, **names: str) -> list[tuple[Any, ...]]:
    """The rows of a query; `names` are the tables and columns that it leaves open."""
    composed = sql.SQL(query).format(**{key: sql.Identifier(name) for key, name in names.items()})
    with database.tenant(organization.id, zone=organization.time_zone) as connection:
        return connection.execute(composed).fetchall()


def add(rows: list[dict[str, Any]], column: str) -> Decimal:
    return sum((row[column] or Decimal(0) for row in rows), Decimal(0))
