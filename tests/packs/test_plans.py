"""Reports read their own organization's rows by index: with many rows of another there, no plan walks through a table of those."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from octavo.database.connection import Database
from octavo.pipeline import catalog, definition, parameters
from octavo.pipeline.document import Organization
from octavo.pipeline.snapshot import open_snapshot
from tests import examples
from tests.packs import samples

MANY = 10_000
PACKS = {"services": 80, "outreach": 35, "retail": 10}
"""How many times the sample another organization has, so that its tables of documents have 10,000 rows and more."""
GROWN = {
    "services": {"quote", "invoice", "payment", "payment_allocation", "time_entry"},
    "outreach": {"lead", "message"},
    "retail": {"sale_line", "stock_movement"},
}


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


@pytest.mark.parametrize("pack", PACKS)
def test_no_plan_walks_through_the_rows_of_other_organizations(
    database: Database, organization: Organization, other_organization: Organization, pack: str
) -> None:
    samples.load(database, other_organization, pack, 2, factor=PACKS[pack])
    samples.load(database, organization, pack, 1)
    with database.tenant(other_organization.id) as tenant:
        tables = [table for (table,) in tenant.execute("select tablename from pg_tables where schemaname = %s", [pack]).fetchall()]
    theirs = {
        table: samples.ask(database, other_organization, "select count(*) from {schema}.{table}", schema=pack, table=table)[0][0]
        for table in tables
    }
    large = {table for table, count in theirs.items() if count >= MANY}
    walked = []
    for key, entry in catalog.installed().entries.items():
        if entry.pack.pack.name != pack:
            continue
        with open_snapshot(database, organization, organization.time_zone) as snapshot:
            for asked in ({}, {"period": "previous_month"}):
                given = {name: value for name, value in asked.items() if name in entry.report.parameters.model_fields}
                values, _ = parameters.resolve(entry, parameters.parse(entry, given), snapshot)
                for section in entry.report.sections:
                    if isinstance(section, definition.Chart):
                        continue
                    text = examples.query(entry, section.name)
                    cursor = psycopg.ClientCursor(snapshot.connection)
                    cursor.execute(sql.SQL("explain (format json) {}").format(text), values)
                    ((plan,),) = cursor.fetchall()
                    found = {str(node["Relation Name"]) for node in nodes(plan[0]["Plan"]) if node["Node Type"] == "Seq Scan"}
                    # What functions do inside, EXPLAIN does not show; the server counts it.
                    cursor.execute(text, values)
                    cursor.execute("select relname::text from pg_stat_xact_user_tables where schemaname = %s and seq_scan > 0", [pack])
                    found |= {str(name) for (name,) in cursor.fetchall()}
                    walked += [f"{key} {section.name} {asked}: {table}" for table in sorted(found & large)]
    assert large >= GROWN[pack], theirs
    assert walked == []
