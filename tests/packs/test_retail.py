"""The retail pack: what a file of invoice lines becomes, and that the figures of a sale agree wherever they are told."""

import csv
import gzip
import io
import zipfile
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from octavo.database import load
from octavo.database.connection import Database
from octavo.errors import TooLarge, UsageError
from octavo.packs.retail import pack as retail
from octavo.pipeline import catalog
from octavo.pipeline.document import Organization
from octavo.pipeline.run import Artefact
from tests.conftest import Render
from tests.packs import samples

FOLDER = Path(retail.__file__).parent
HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"

Sections = dict[str, list[dict[str, str]]]


def load_lines(database: Database, organization: Organization, path: Path, content: str | None = None) -> dict[str, object]:
    if content is not None:
        path.write_text(HEADER + content)
    transform = (FOLDER / "load.sql").read_text()
    return dict(
        load.load_file(
            database,
            organization.id,
            retail.INVOICE_LINES,
            transform,
            path,
            zone=retail.INVOICE_LINES.zone,
            progress=lambda read, size: None,
        )
    )


def load_sample(database: Database, organization: Organization, seed: int) -> None:
    samples.load(database, organization, "retail", seed)


def sections_of(artefact: Artefact) -> Sections:
    with zipfile.ZipFile(artefact.place) as archive:
        return {
            name.removesuffix(".csv"): list(csv.DictReader(io.TextIOWrapper(archive.open(name), "utf-8", newline="")))
            for name in archive.namelist()
        }


def summed(rows: list[dict[str, str]], column: str) -> Decimal:
    return sum((Decimal(row[column]) for row in rows), Decimal(0))


def agree(sections: Sections) -> None:
    """Fails unless every section tells the same revenue, units and number of invoices."""
    (summary,) = sections["summary"]
    revenue, units, invoices = Decimal(summary["revenue"]), Decimal(summary["units"]), Decimal(summary["invoices"])
    for name in ("over_time", "by_country", "sales"):
        assert summed(sections[name], "revenue") == revenue, name
        assert summed(sections[name], "units") == units, name
    assert summed(sections["line_items"], "line_total") == revenue
    assert summed(sections["line_items"], "quantity") == units
    assert summed(sections["over_time"], "invoices") == summed(sections["by_country"], "invoices") == len(sections["sales"]) == invoices
    assert len(sections["line_items"]) == Decimal(summary["lines"]) == summed(sections["sales"], "lines")


# --- the file ---------------------------------------------------------------------------------------------------------


def test_an_invoice_whose_number_begins_with_c_is_a_cancellation(
    database: Database, organization: Organization, render: Render, tmp_path: Path
) -> None:
    load_lines(
        database, organization, tmp_path / "lines.csv",
        "5001,1,Mug,4,2011-06-01 09:00:00,2.5,17850.0,France\n"
        "C5002,1,Mug,-1,2011-06-02 09:00:00,2.5,17850.0,France\n"
        "A5003,B,Adjust bad debt,1,2011-06-03 09:00:00,-11062.06,,France\n",
    )  # fmt: skip
    sections = sections_of(render("retail.sales", "csv"))
    assert [(row["invoice_number"], row["kind"], row["revenue"]) for row in sections["sales"]] == [
        ("5001", "sale", "10.0"), ("A5003", "sale", "-11062.06"), ("C5002", "cancellation", "-2.5"),
    ]  # fmt: skip
    assert sections["summary"][0]["cancelled"] == "-2.5"
    agree(sections)


def test_a_customer_is_known_by_the_number_that_people_use(
    database: Database, organization: Organization, render: Render, tmp_path: Path
) -> None:
    load_lines(
        database, organization, tmp_path / "lines.csv",
        "5001,1,Mug,1,2011-06-01 09:00:00,1,17850.0,France\n5002,1,Mug,1,2011-06-01 09:00:00,1,0042,France\n"
        "5003,1,Mug,1,2011-06-01 09:00:00,1,,France\n5004,1,Mug,1,2011-06-01 09:00:00,1,K-1.0,France\n",
    )  # fmt: skip
    sections = sections_of(render("retail.sales", "csv"))
    assert [row["customer_id"] for row in sections["line_items"]] == ["17850", "0042", "", "K-1.0"]
    assert sections["summary"][0]["customers"] == "3"


def test_duplicate_lines_are_lines_and_lines_keep_the_order_of_the_file(
    database: Database, organization: Organization, render: Render, tmp_path: Path
) -> None:
    a, b = "5001,1,Mug,1,2011-06-01 09:00:00,1,,France\n", "5002,2,Cup,1,2011-06-01 09:00:00,1,,France\n"
    later = "5001,0,Jug,1,2011-06-01 09:01:00,1,,France\n"
    figures = load_lines(database, organization, tmp_path / "lines.csv", a + b + a + b + later)
    assert (figures["lines"], figures["invoices"]) == (5, 2)
    rows = sections_of(render("retail.sales", "csv"))["line_items"]
    assert [(row["invoice_number"], row["stock_code"]) for row in rows] == [
        ("5001", "1"),
        ("5001", "1"),
        ("5001", "0"),
        ("5002", "2"),
        ("5002", "2"),
    ]
    assert rows[2]["sold_at"] == "2011-06-01T09:01:00+01:00"


@pytest.mark.parametrize(
    ("second", "what"),
    [("5001,1,Mug,1,2011-06-01 09:00:00,1,12346.0,France\n", "customer"), ("5001,1,Mug,1,2011-06-01 09:00:00,1,,France\n", "customer"),
     ("5001,1,Mug,1,2011-06-01 09:00:00,1,12345.0,Spain\n", "country")],
)  # fmt: skip
def test_an_invoice_has_one_customer_and_one_country(
    database: Database, organization: Organization, tmp_path: Path, second: str, what: str
) -> None:
    with pytest.raises(UsageError, match=f"invoice 5001 has lines of more than one {what}; nothing was loaded"):
        load_lines(database, organization, tmp_path / "lines.csv", "5001,1,Mug,1,2011-06-01 09:00:00,1,12345.0,France\n" + second)


def test_the_times_of_the_file_are_the_shops_own_clock(
    database: Database, organization: Organization, render: Render, tmp_path: Path
) -> None:
    load_lines(
        database, organization, tmp_path / "lines.csv",
        "5001,1,Mug,1,2011-01-05 00:30:00,1,,France\n5002,1,Mug,1,2011-07-05 00:30:00,1,,France\n",
    )  # fmt: skip
    rows = sections_of(render("retail.sales", "csv", zone="UTC"))["sales"]
    assert [row["sold_at"] for row in rows] == ["2011-01-05T00:30:00+00:00", "2011-07-04T23:30:00+00:00"]


# --- the report -------------------------------------------------------------------------------------------------------


def test_an_invoice_belongs_whole_to_the_period_in_which_it_was_begun(
    database: Database, organization: Organization, render: Render, tmp_path: Path
) -> None:
    load_lines(
        database, organization, tmp_path / "lines.csv",
        "5001,1,Mug,1,2011-06-30 23:59:00,1,,France\n5001,2,Cup,1,2011-07-01 00:00:00,2,,France\n5002,1,Mug,1,2011-07-01 00:00:00,4,,France\n",
    )  # fmt: skip
    june, july = (sections_of(render("retail.sales", "csv", {"period": period})) for period in ("2011-06", "2011-07"))
    agree(june)
    agree(july)
    assert (june["summary"][0]["revenue"], july["summary"][0]["revenue"]) == ("3", "4")
    assert [row["starting"] for row in june["over_time"]] == ["2011-06-30"]


def test_profit_is_told_only_where_every_cost_is_known(
    database: Database, organization: Organization, render: Render, tmp_path: Path
) -> None:
    load_lines(
        database,
        organization,
        tmp_path / "lines.csv",
        "5001,1,Mug,2,2011-06-01 09:00:00,8,,France\n5002,1,Mug,1,2011-06-02 09:00:00,10,,France\n",
    )
    with database.tenant(organization.id) as tenant:
        tenant.execute("update retail.sale_line set unit_cost = 6 where line_total = 16")
    sections = sections_of(render("retail.sales", "csv"))
    # 16 of revenue cost 12, which leaves 4 of 16: 25 per cent. What 5002 cost nobody knows, so the whole has no profit either.
    assert [(row["cost"], row["profit"], row["margin"]) for row in sections["sales"]] == [("12", "4", "25.0000"), ("", "", "")]
    (summary,) = sections["summary"]
    assert (summary["cost"], summary["profit"], summary["margin"]) == ("", "", "")


def test_nothing_sold_is_zero_and_has_no_margin(render: Render) -> None:
    sections = sections_of(render("retail.sales", "csv"))
    (summary,) = sections["summary"]
    assert (summary["revenue"], summary["invoices"], summary["profit"], summary["margin"]) == ("0", "0", "0", "")
    agree(sections)


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"country": "Ireland"},
        {"store_id": "S2"},
        {"customer_id": "0004"},
        {"period": "previous_month"},
        {"period": "last_30d", "store_id": "S1"},
    ],
)
def test_all_sections_agree_whatever_is_asked(
    database: Database, organization: Organization, render: Render, asked: dict[str, Any]
) -> None:
    load_sample(database, organization, 2)
    sections = sections_of(render("retail.sales", "csv", asked))
    agree(sections)
    assert sections["sales"]
    for name, value in asked.items():
        if name != "period":
            assert {row[name] for row in sections["sales"]} == {value}


@pytest.mark.parametrize("asked", [{"country": "Atlantis"}, {"store_id": "S9"}, {"customer_id": "42"}])
def test_a_country_store_or_customer_that_is_not_there_is_refused(
    database: Database, organization: Organization, render: Render, asked: dict[str, str]
) -> None:
    load_sample(database, organization, 1)
    ((name, value),) = asked.items()
    with pytest.raises(UsageError, match=f"there is no {name} {value}"):
        render("retail.sales", "csv", asked)


# --- the sample -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2])
def test_the_sample_is_a_shop_whose_money_adds_up(database: Database, organization: Organization, seed: int) -> None:
    load_sample(database, organization, seed)
    with database.tenant(organization.id) as tenant:

        def count(query: str) -> object:
            return (tenant.execute(query).fetchone() or (None,))[0]  # type: ignore[call-overload]

        assert (
            count("select count(*) from retail.store"),
            count("select count(*) from retail.customer"),
            count("select count(*) from retail.product"),
        ) == (3, 60, 80)
        assert count("select count(*) from retail.sale where kind = 'sale'") == 400
        assert count("select count(*) from retail.sale where sold_at > now()") == 0
        assert count("select count(*) from retail.sale_line where unit_cost >= unit_price or unit_cost is null") == 0
        figures = "select count(*) from retail.sale_figures where "
        assert count(figures + "tax <> round(net_revenue * 0.20, 2)") == 0
        assert count(figures + "status = 'completed' and paid - refunded <> total") == 0
        assert count(figures + "status = 'credit' and paid >= total") == 0
        for some in (
            "kind = 'cancellation'",
            "status = 'credit' and paid > 0",
            "status = 'credit' and paid = 0",
            "discount > 0",
            "customer_number is null",
        ):
            assert count(figures + some) != 0, some


def test_the_sample_is_the_same_for_the_same_seed(database: Database, organization: Organization, other_organization: Organization) -> None:
    def fingerprint(seed: int, of: Organization) -> object:
        with database.tenant(of.id) as tenant:
            factor = {"seed": seed, "factor": 1}
            psycopg.ClientCursor(tenant).execute((catalog.installed().pack("retail").sample or "").encode(), factor)
            row = tenant.execute(
                "select md5(string_agg(concat_ws('/', invoice_number, sold_at, customer_number, country, units, total, paid, cost), ';' order by invoice_number)) "
                "from retail.sale_figures"
            ).fetchone()
            for table in ("audit_event", "stock_movement", "sale", "account_posting", "store", "customer", "product"):
                tenant.execute(f"delete from retail.{table}")  # type: ignore[arg-type]  # noqa: S608
        return row

    assert fingerprint(1, organization) == fingerprint(1, other_organization) != fingerprint(2, organization)


def test_the_sample_does_not_mix_with_sales_that_are_there(database: Database, organization: Organization, tmp_path: Path) -> None:
    load_lines(database, organization, tmp_path / "lines.csv", "5001,1,Mug,1,2011-06-01 09:00:00,1,,France\n")
    with pytest.raises(psycopg.Error, match="needs an organization without sales of its own"):
        load_sample(database, organization, 1)


# --- the real file ----------------------------------------------------------------------------------------------------


def test_the_online_retail_file_comes_out_as_it_went_in(
    database: Database, organization: Organization, render: Render, shared_data: Path
) -> None:
    source = shared_data / "online_retail.csv.gz"
    figures = load_lines(database, organization, source)
    # As published with the data set: rows, invoices, customers, and the sum of quantity times price.
    published = (541_909, 25_900, 4_372, Decimal("9747747.934"))
    assert tuple(figures.values()) == published

    sections = sections_of(render("retail.sales", "csv", options={"guard": "raw"}))
    agree(sections)
    (summary,) = sections["summary"]
    assert (int(summary["lines"]), int(summary["invoices"]), int(summary["customers"]), Decimal(summary["revenue"])) == published
    assert len(sections["by_country"]) == 38

    came_out = Counter(
        (row["invoice_number"], row["stock_code"], row["description"], row["quantity"], row["sold_at"][:19].replace("T", " "),
         Decimal(row["unit_price"]), row["customer_id"], row["country"])
        for row in sections["line_items"]
    )  # fmt: skip
    with gzip.open(source, "rt", encoding="utf-8", newline="") as file:
        went_in = Counter(
            (number, code, description, quantity, at, Decimal(price), customer.removesuffix(".0"), country)
            for number, code, description, quantity, at, price, customer, country in list(csv.reader(file))[1:]
        )
    assert came_out == went_in

    with pytest.raises(TooLarge, match="nothing was made"):
        render("retail.sales", "pdf")


def test_what_a_sale_comes_to_is_the_sum_of_its_parts_however_they_change(database: Database, organization: Organization) -> None:
    kept = "select invoice_number, lines, units, revenue, lines_without_cost, cost, paid, refunded from retail.sale order by invoice_number"
    with database.tenant(organization.id) as connection:
        connection.execute("insert into retail.product (stock_code) values ('1'), ('2')")
        connection.execute("insert into retail.sale (invoice_number, sold_at, country) values ('A', now(), 'X'), ('B', now(), 'X')")
        connection.execute(
            "insert into retail.sale_line (sale_id, line_number, stock_code, quantity, unit_price, unit_cost, sold_at) "
            "select id, n, '1', 2 * n, 1.25, case n when 1 then 0.5 end, now() from retail.sale cross join generate_series(1, 2) n"
        )
        connection.execute("insert into retail.payment (sale_id, paid_at, method, amount) select id, now(), 'card', 7 from retail.sale")
        connection.execute("insert into retail.refund (sale_id, refunded_at, method, amount) select id, now(), 'card', 3 from retail.sale")
        # two lines of 2 and 4 at 1.25: 6 units, 7.50; of the first alone the cost is known, 2 × 0.50
        whole = (2, 6, Decimal("7.50"), 1, Decimal("1.00"), 7, 3)
        assert connection.execute(kept).fetchall() == [("A", *whole), ("B", *whole)]
        connection.execute(
            "update retail.sale_line set quantity = 10, unit_cost = 1 where line_number = 2 and sale_id = (select min(id) from retail.sale)"
        )
        connection.execute("delete from retail.sale_line where line_number = 1 and sale_id = (select max(id) from retail.sale)")
        connection.execute("update retail.payment set amount = 8, sale_id = (select max(id) from retail.sale)")
        connection.execute("delete from retail.refund where sale_id = (select min(id) from retail.sale)")
        assert connection.execute(kept).fetchall() == [
            ("A", 2, 12, Decimal("15.00"), 0, Decimal("11.00"), 0, 0), ("B", 1, 4, Decimal("5.00"), 1, Decimal("0"), 16, 3),
        ]  # fmt: skip
        connection.execute("delete from retail.sale where invoice_number = 'A'")
        assert connection.execute(kept).fetchall() == [("B", 1, 4, Decimal("5.00"), 1, Decimal("0"), 16, 3)]
