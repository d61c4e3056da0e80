"""No report of the energy pack walks through the rows of other organizations: its plans use the indexes that begin with the organization."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from octavo.control.tenancy import actions as tenancy
from octavo.database.connection import Database
from octavo.pipeline import catalog, definition, parameters
from octavo.pipeline.document import Organization
from octavo.pipeline.snapshot import open_snapshot
from tests import examples

ENTRIES = {key: entry for key, entry in catalog.installed().entries.items() if key.startswith("energy.")}
MANY = 10_000


@pytest.fixture
def crowded(
    database: Database, organization: Organization, other_organization: Organization
) -> dict[str, tuple[Organization, dict[str, Any]]]:
    """An organization for each report, with its example; and one with many rows everywhere."""
    with database.tenant(other_organization.id) as connection:
        psycopg.ClientCursor(connection).execute((Path(__file__).parent / "many_rows.sql").read_bytes(), {})
    asked = {}
    for number, (key, entry) in enumerate(ENTRIES.items()):
        own = tenancy.create(database, f"own-{number}", "Own", locale="en_GB", time_zone="Europe/London", currency="GBP")
        asked[key] = (own, examples.seed(database, own, entry))
    with database.tenant(organization.id) as connection:
        connection.execute("select octavo.gather_statistics('energy')")
    return asked


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def test_no_query_of_a_report_scans_a_table_of_many_rows_of_others(
    database: Database, other_organization: Organization, crowded: dict[str, tuple[Organization, dict[str, Any]]]
) -> None:
    with database.tenant(other_organization.id) as connection:
        tables = connection.execute(
            "select relname::text from pg_class where relnamespace = 'energy'::regnamespace and relkind = 'r'"
        ).fetchall()
        counting = sql.SQL("select count(*) from energy.{}")
        sizes = {name: connection.execute(counting.format(sql.Identifier(str(name)))).fetchall() for (name,) in tables}
    assert {name for name, ((size,),) in sizes.items() if size <= MANY} == set()
    scanned, explained = set(), 0
    for key, (own, asked) in crowded.items():
        entry = ENTRIES[key]
        for section in entry.report.sections:
            if isinstance(section, definition.Chart):
                continue
            with open_snapshot(database, own, own.time_zone) as snapshot:
                values, _ = parameters.resolve(entry, parameters.parse(entry, asked), snapshot)
                cursor = psycopg.ClientCursor(snapshot.connection)
                text = examples.query(entry, section.name)
                cursor.execute(sql.SQL("explain (format json) {}").format(text), values)
                ((found,),) = cursor.fetchall()
                (plan,) = json.loads(found) if isinstance(found, str) else found
                scanned |= {
                    (key, section.name, node["Relation Name"])
                    for node in nodes(plan["Plan"])
                    if node["Node Type"] == "Seq Scan" and "Relation Name" in node
                }
                # What functions do inside, EXPLAIN does not show; the server counts it.
                cursor.execute(text, values)
                cursor.execute("select relname::text from pg_stat_xact_user_tables where schemaname = 'energy' and seq_scan > 0")
                scanned |= {(key, section.name, name) for (name,) in cursor.fetchall()}
                explained += 1
    assert explained > 50
    assert sorted(scanned) == []
