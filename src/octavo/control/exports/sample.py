"""The first rows of an export as its frozen plan would give them, for whoever decides about it: few, masked as the plan says, and waited for briefly."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from psycopg import sql

from octavo.control.exports.actions import Export
from octavo.database.connection import Database
from octavo.errors import OctavoError
from octavo.pipeline import catalog, definition, parameters
from octavo.pipeline.choice import Choice
from octavo.pipeline.document import Answer, Organization
from octavo.pipeline.snapshot import open_snapshot

ROWS = 10
SECONDS = 1.5
"""How long is waited for them; who decides can do so without."""


@dataclass(frozen=True)
class Sample:
    """The rows with their columns, and what was asked as people read it; or why there are none."""

    columns: Sequence[definition.Column] = ()
    rows: Sequence[Sequence[Any]] = ()
    answers: Sequence[Answer] = ()
    masked: bool = True
    problem: str = ""


def look(database: Database, organization: Organization, export: Export, reports: catalog.Catalog, *, masked: bool) -> Sample:
    """The first rows. `masked`: whoever looks may not see personal data, whatever the plan says."""
    try:
        return _look(database, organization, export, reports, masked=export.masked or masked)
    except OctavoError as error:
        return Sample(problem=str(error))


def _look(database: Database, organization: Organization, export: Export, reports: catalog.Catalog, *, masked: bool) -> Sample:
    entry = reports.report(export.dataset, organization)
    table = catalog.dataset(entry)
    choice = Choice.of(export.fields, export.filters, export.arrangement)
    # The conditions are those of who asked, and were allowed to them.
    where, chosen = choice.condition(table, masked=export.masked), choice.narrow(table, masked=export.masked)
    asked = parameters.parse(entry, export.parameters)
    waiting = replace(database, statement_timeout_seconds=SECONDS)
    with open_snapshot(waiting, organization, organization.time_zone, short=True) as snapshot:
        values, answers = parameters.resolve(entry, asked, snapshot, masked=masked)
        query = snapshot.query(
            table.name, entry.queries[table.name], values, chosen.columns, masked=masked, where=where,
            sorting=choice.arrangement.sorting(chosen), base=entry.base, check=False,
        )  # fmt: skip
        return Sample(chosen.columns, query.first(sql.SQL("*"), ROWS), answers, masked)
