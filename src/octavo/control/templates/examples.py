"""What a template would make, looked at before it is saved: the first rows of a dataset, and a PDF of the first rows of a report. Nothing of it is kept."""

import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from psycopg import sql

from octavo.database.connection import Database
from octavo.errors import TooManyRequests
from octavo.pipeline import catalog, definition, figures, locales, parameters
from octavo.pipeline.binding import Request, bind
from octavo.pipeline.choice import Choice
from octavo.pipeline.document import Document, Organization
from octavo.pipeline.run import render
from octavo.pipeline.snapshot import open_snapshot
from octavo.pipeline.store import Folder

ROWS = 20
SECONDS = 2.0
"""How long the query of an example may take."""
_AT_ONCE = threading.BoundedSemaphore(2)
"""So many PDFs of examples are set at a time in a process: they take its processor from everybody else."""


@dataclass(frozen=True)
class Group:
    """Rows that are alike in what they are grouped by; its heading is empty where nothing is."""

    heading: str
    rows: list[list[str]]


@dataclass(frozen=True)
class Excerpt:
    """The first rows, each cell as people read it; `more`: there are further ones."""

    columns: Sequence[definition.Column]
    groups: list[Group]
    rows: int
    more: bool
    masked: bool


def first_rows(
    database: Database, organization: Organization, entry: catalog.Entry, given: Mapping[str, Any], choice: Choice, *, masked: bool
) -> Excerpt:
    """The first rows of a dataset as they were chosen. Raises UsageError, Forbidden, QueryFailed where it takes too long."""
    asked = parameters.parse(entry, given)
    catalog.dataset(entry)
    quick = replace(database, statement_timeout_seconds=SECONDS)
    request = Request(entry.key, organization, "csv", given, choice=choice, masked=masked, first_rows=ROWS + 1)
    with open_snapshot(quick, organization, organization.time_zone, short=True) as snapshot:
        section = bind(entry, request, asked, snapshot, "example", lambda _, __: None).tables[0]
        names = [column.name for column in section.columns]
        found = section.query.first(sql.SQL(", ").join(map(sql.Identifier, names)), ROWS + 1)
    table = section.definition
    assert isinstance(table, definition.Table)
    shown = locales.named(organization.locale)
    groups: list[Group] = []
    for row in found[:ROWS]:
        values = dict(zip(names, row, strict=True))
        cells = [figures.figure(column, values, shown, organization.currency) for column in section.columns]
        by = dict(zip(names, cells, strict=True))
        heading = " · ".join(by[name] or "(empty)" for name in table.group_by)
        if not groups or groups[-1].heading != heading:
            groups.append(Group(heading, []))
        groups[-1].rows.append(cells)
    return Excerpt(section.columns, groups, min(len(found), ROWS), len(found) > ROWS, masked)


def pdf(
    database: Database,
    organization: Organization,
    reports: catalog.Catalog,
    report: str,
    given: Mapping[str, Any],
    branding: Mapping[str, Any],
    *,
    choice: Choice,
    sections: Sequence[str] = (),
    masked: bool,
) -> bytes:
    """A PDF of the first rows with that branding in the place of the organization's, by the spine. Raises UsageError, TooManyRequests, QueryFailed."""
    branded = replace(organization, branding={**organization.branding, **branding})
    request = Request(
        report, branded, "pdf", given, sections=tuple(sections), choice=choice, masked=masked, first_rows=ROWS, requested_by="example"
    )  # fmt: skip
    if not _AT_ONCE.acquire(blocking=False):
        raise TooManyRequests("Other examples are being set just now; nothing was made. Ask again in a few seconds", retry_after=5)
    try:
        with tempfile.TemporaryDirectory(prefix="octavo-example-") as folder:
            artefact = render(
                request, reports=reports, database=replace(database, statement_timeout_seconds=SECONDS), store=Folder(Path(folder)), name_file=_name,
            )  # fmt: skip
            return Path(artefact.place).read_bytes()
    finally:
        _AT_ONCE.release()


def _name(document: Document, extension: str) -> str:
    return f"example.{extension}"
