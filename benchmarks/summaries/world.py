"""Three organizations in an embedded PostgreSQL, made once: two with many rows of sales and invoices, one with everything that businesses have."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from benchmarks import data
from octavo.control.tenancy import actions as tenancy
from octavo.database import embedded, migrate
from octavo.database.connection import Connection, Database
from octavo.errors import NotFound
from octavo.pipeline import catalog
from octavo.pipeline.document import Organization

FOLDER = (data.FOLDER / "summaries").absolute()
ZONE = "Europe/Berlin"


@dataclass(frozen=True)
class World:
    """An organization: what is in it as people read it, how it is made, and within how many milliseconds its figures must come."""

    slug: str
    holds: str
    make: Callable[[Connection], None]
    bar: int
    reports: tuple[str, ...] = ()
    """What is asked; every report that has a summary when none is named."""


def _sql(name: str, connection: Connection, **values: int) -> None:
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    psycopg.ClientCursor(connection).execute(text.encode(), values)


def _documents(connection: Connection) -> None:
    """Quotes, invoices, payments and time entries in the numbers of the documents; of the other packs their sample, so many times."""
    _sql("documents.sql", connection)
    for pack, factor in (("outreach", 12), ("retail", 5), ("energy", 4)):
        sample = catalog.installed().pack(pack).sample
        psycopg.ClientCursor(connection).execute((sample or "").encode(), {"seed": 1, "factor": factor})


_OF_ROWS = ("retail.sales", "energy.invoice_to_client", "energy.invoice_expected", "energy.invoice_received", "energy.invoice_comparison")
WORLDS = (
    World("rows-20000", "20,000 rows", lambda connection: _sql("rows.sql", connection, rows=20_000, periods=1), 100, _OF_ROWS),
    World("rows-1000000", "1,000,000 rows", lambda connection: _sql("rows.sql", connection, rows=1_000_000, periods=24), 400, _OF_ROWS),
    World("documents", "documents", _documents, 100),
)


def prepare() -> tuple[Database, dict[str, Organization]]:
    """The database with the organizations in it, by slug."""
    conninfo = embedded.start(FOLDER)
    migrate.apply(conninfo, migrate.sources(catalog.installed().migrations))
    database = Database(conninfo)
    found = {}
    for world in WORLDS:
        try:
            found[world.slug] = tenancy.find(database, world.slug)
        except NotFound:
            found[world.slug] = _made(database, world)
    return database, found


def _made(database: Database, world: World) -> Organization:
    organization = tenancy.create(database, world.slug, world.slug, time_zone=ZONE)
    try:
        with database.tenant(organization.id, zone=ZONE) as connection:
            connection.execute("set local enable_nestloop = off")  # nothing is known of the tables yet
            connection.execute("set local idle_in_transaction_session_timeout = 0")
            world.make(connection)
    except BaseException:
        tenancy.remove(database, organization)
        raise
    with psycopg.connect(make_conninfo(database.conninfo, user="postgres"), autocommit=True) as superuser:
        superuser.execute("vacuum (analyze)")
    return organization


def contents(database: Database, organization: Organization) -> dict[str, int]:
    """How many there are of what the documents count."""
    tables = {
        "quotes": "services.quote", "invoices": "services.invoice", "payments": "services.payment", "time entries": "services.time_entry",
        "leads": "outreach.lead", "messages": "outreach.message", "sales": "retail.sale", "stock movements": "retail.stock_movement",
        "invoices of the plants": "energy.invoice_header", "invoices to the plants": "energy.received_invoice_header",
        "meter readings": "energy.meter_reading",
    }  # fmt: skip
    with database.tenant(organization.id) as connection:
        rows = {
            name: connection.execute(
                psycopg.sql.SQL("select count(*) from {}").format(psycopg.sql.Identifier(*table.split(".")))
            ).fetchone()
            for name, table in tables.items()
        }
    return {name: int(str(row[0])) for name, row in rows.items() if row}
