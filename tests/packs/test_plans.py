"""No report of any pack walks through the rows of other organizations: its plans use the indexes that begin with the organization.

Beside each report's own example there stands an organization with more than 10,000 rows in every table of the pack.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from octavo.control.summaries import rules
from octavo.control.tenancy import actions as tenancy
from octavo.database.connection import Database
from octavo.errors import UsageError
from octavo.pipeline import catalog, definition, parameters
from octavo.pipeline.catalog import Entry
from octavo.pipeline.document import Organization
from octavo.pipeline.snapshot import Snapshot, open_snapshot
from tests import examples

MANY = 10_000
PACKS = [name for name, pack in catalog.installed().packs.items() if pack.pack.migrations]
"""All that bring tables of their own; none is left out."""


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


def sizes(database: Database, organization: Organization, schema: str) -> dict[str, int]:
    """How many rows of the organization each table of the schema has."""
    counting = sql.SQL("select count(*) from {}.{}")
    with database.tenant(organization.id) as connection:
        tables = connection.execute("select tablename::text from pg_tables where schemaname = %s", [schema]).fetchall()
        return {
            str(name): int(str(connection.execute(counting.format(sql.Identifier(schema), sql.Identifier(str(name)))).fetchall()[0][0]))
            for (name,) in tables
        }


def scanned(snapshot: Snapshot, schemas: tuple[str, ...]) -> set[str]:
    """The tables that were walked through since the snapshot was opened: also within functions, which EXPLAIN does not show."""
    found = snapshot.connection.execute(
        "select relname::text from pg_stat_xact_user_tables where schemaname = any (%s) and seq_scan > 0", [list(schemas)]
    ).fetchall()
    return {str(name) for (name,) in found}


def walked(snapshot: Snapshot, entry: Entry, asked: dict[str, Any]) -> set[str]:
    """What the look-ups, the sections and the summary of a report walk through, as they are run and by their plans."""
    cursor = psycopg.ClientCursor(snapshot.connection)
    found = set()
    for lookup in catalog.lookups(entry.report.parameters).values():
        for name in filter(None, (lookup.options, lookup.default)):
            snapshot.lookup(name, entry.pack.read(name))
    values, _ = parameters.resolve(entry, parameters.parse(entry, asked), snapshot)
    for section in entry.report.sections:
        if isinstance(section, definition.Chart):  # draws what another section tells
            continue
        text = examples.query(entry, section.name)
        cursor.execute(sql.SQL("explain (format json) {}").format(text), values)
        ((plan,),) = cursor.fetchall()
        found |= {str(node["Relation Name"]) for node in nodes(plan[0]["Plan"]) if node["Node Type"] == "Seq Scan"}
        cursor.execute(text, values)
    try:
        told = rules.sections(entry)
    except UsageError:  # it is rows alone
        told = ()
    if told:
        bound = [
            snapshot.query(section.name, entry.queries[section.name], values, section.columns, masked=False, base=entry.base)
            for section in told
        ]
        snapshot.together(bound, sql.SQL("row_to_json(rows)::text"), rules.MOST_ROWS)
    return found | scanned(snapshot, entry.pack.pack.schemas)


def test_every_pack_with_tables_has_another_organization_to_walk_through() -> None:
    assert {path.stem for path in (Path(__file__).parent / "many_rows").glob("*.sql")} == set(PACKS)
    assert {entry.pack.pack.name for entry in catalog.installed().entries.values()} <= set(PACKS)


@pytest.mark.parametrize("pack", PACKS)
def test_no_report_walks_through_the_rows_of_other_organizations(database: Database, other_organization: Organization, pack: str) -> None:
    entries = {key: entry for key, entry in catalog.installed().entries.items() if entry.pack.pack.name == pack}
    with database.tenant(other_organization.id) as connection:
        connection.execute((Path(__file__).parent / "many_rows" / f"{pack}.sql").read_bytes())
    theirs = sizes(database, other_organization, pack)
    assert {name for name, size in theirs.items() if size <= MANY} == set()
    asked = {}
    for number, (key, entry) in enumerate(entries.items()):
        own = tenancy.create(database, f"own-{number}", "Own", locale="en_GB", time_zone="Europe/London", currency="GBP")
        asked[key] = (own, examples.seed(database, own, entry))
    with database.tenant(other_organization.id) as connection:
        connection.execute("select octavo.gather_statistics(%s)", [pack])
    found = set()
    for key, (own, example) in asked.items():
        fields = entries[key].report.parameters.model_fields
        for more in ({}, {"period": "previous_month"}):
            if set(more) <= set(fields):
                with open_snapshot(database, own, own.time_zone) as snapshot:
                    found |= {(key, str(more), table) for table in walked(snapshot, entries[key], {**example, **more})}
    assert asked
    assert sorted(found) == []
