"""What most commands begin with: the database and the catalog, proved fit, and the organization that is meant."""

from typing import Annotated

import typer

from octavo.control.tenancy import actions as tenancy
from octavo.database import connection, isolation
from octavo.database.connection import Database
from octavo.errors import NotFound
from octavo.pipeline import catalog
from octavo.pipeline.document import Organization
from octavo.settings import settings

Slug = Annotated[
    str | None, typer.Option("--organization", help="Slug of the organization.", show_default="OCTAVO_ORGANIZATION, or the only one")
]


def everything() -> tuple[Database, catalog.Catalog]:
    """The database of the settings and the packs that are installed, when organizations are kept apart in it."""
    reports = catalog.installed()
    database = connection.open_database(settings(), reports.migrations)
    isolation.refuse_weak(database, *reports.schemas)
    return database, reports


def organization(database: Database, slug: str | None) -> Organization:
    """The organization that is named; or else the one of the settings, if it is there; or else the only one."""
    if slug:
        return tenancy.find(database, slug)
    every = tenancy.list_all(database)
    for candidate in every:
        if candidate.slug == settings().organization or len(every) == 1:
            return candidate
    known = ", ".join(candidate.slug for candidate in every)
    raise NotFound(
        f"Say for which organization: --organization with one of {known}"
        if every
        else "There is no organization yet; octavo demo or octavo load makes one"
    )
