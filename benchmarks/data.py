"""The rows that everybody renders: 3,000,000 invoice lines of twelve columns, made once in an embedded PostgreSQL."""

from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from octavo.control.tenancy import actions as tenancy
from octavo.database import embedded, migrate
from octavo.database.connection import Database
from octavo.pipeline.document import Organization

FOLDER = Path("build/benchmarks")
ROWS = 3_000_000

_LINES = """
create table bench.line as
select g::bigint as id, (g / 7)::bigint as invoice_id, 'INV-' || lpad((g / 7)::text, 8, '0') as invoice_number,
       date '2024-01-01' + (g %% 700)::int as period_start, date '2024-01-31' + (g %% 700)::int as period_end,
       'Wind PPA ' || (g %% 50) as contract_name, 'Energy delivered, block ' || (g %% 97) || ' of the month' as description,
       round((g %% 100000) / 7.0, 3) as quantity, round(0.04 + (g %% 977) / 10000.0, 6) as unit_price,
       round(round((g %% 100000) / 7.0, 3) * round(0.04 + (g %% 977) / 10000.0, 6), 2) as line_total,
       'kWh' as unit, timestamptz '2024-01-01 00:00Z' + g * interval '1 second' as created_at
from generate_series(1, %(rows)s) g
"""


def prepare() -> tuple[Database, Organization]:
    """The database with the lines in it, and the organization they belong to."""
    conninfo = embedded.start(FOLDER.resolve() / "data")
    migrate.apply(conninfo, migrate.sources())
    database = Database(conninfo)
    every = {organization.slug: organization for organization in tenancy.list_all(database)}
    organization = every.get("bench") or tenancy.create(database, "bench", "Benchmark Ltd", currency="GBP")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        if connection.execute("select to_regclass('bench.line')").fetchone() == (None,):
            connection.execute("set role octavo_owner")
            connection.execute("create schema bench")
            psycopg.ClientCursor(connection).execute(_LINES, {"rows": ROWS})
            connection.execute("alter table bench.line add primary key (id)")
            connection.execute("grant usage on schema bench to octavo_reader")
            connection.execute("grant select on bench.line to octavo_reader")
            connection.execute("vacuum (freeze, analyze) bench.line")
    return database, organization


def retail_file(rows: int) -> Path:
    """A CSV of `rows` lines of invoices, twenty lines each, as `octavo load retail` takes it."""
    path = FOLDER / f"retail-{rows}.csv"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            file.write("InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\r\n")
            for row in range(rows):
                file.write(
                    f'{500000 + row // 20},{row % 4000:05},"ITEM {row % 4000}, BOXED",{row % 24 + 1},2011-{row % 12 + 1:02}-15 10:{row % 60:02}:00,'
                    f"{row % 1700 / 100:.2f},{12000 + row // 20 % 4000}.0,United Kingdom\r\n"
                )
    return path


def peer_conninfo(database: Database) -> str:
    """The address for everybody else: the same server, as the role that owns the rows, so that nothing stands in their way."""
    return make_conninfo(database.conninfo, options="-c role=octavo_owner")


def sqlalchemy_url(database: Database) -> str:
    """The same as SQLAlchemy writes it."""
    parts = psycopg.conninfo.conninfo_to_dict(peer_conninfo(database))
    return f"postgresql+psycopg://{parts['user']}@/{parts['dbname']}?host={parts['host']}&options={str(parts['options']).replace(' ', '%20').replace('=', '%3D')}"
