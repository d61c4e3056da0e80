"""The sample adds up: line by line, from lines to invoices, from invoices to summaries, and from one report to the next."""

from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import sql

from octavo.database.connection import Database
from octavo.pipeline import catalog
from octavo.pipeline.document import Organization
from tests import examples

CENT = Decimal("0.01")
REPORTS = ("invoice_to_client", "invoice_expected", "invoice_received", "invoice_comparison")
"""Those with lines of invoices."""

Sections = dict[str, list[dict[str, Any]]]


def load_sample(database: Database, organization: Organization, seed: int, factor: int = 1) -> None:
    sample = catalog.installed().pack("energy").sample
    assert sample is not None
    with database.tenant(organization.id) as connection:
        psycopg.ClientCursor(connection).execute(sample.encode(), {"seed": seed, "factor": factor})


def ask(database: Database, organization: Organization, query: LiteralString, **names: str) -> list[tuple[Any, ...]]:
    """The rows of a query; `names` are the tables and columns that it leaves open."""
    composed = sql.SQL(query).format(**{key: sql.Identifier(name) for key, name in names.items()})
    with database.tenant(organization.id) as connection:
        return connection.execute(composed).fetchall()


def render(database: Database, organization: Organization, report: str, **asked: Any) -> Sections:
    """Every section of a report as mappings by column."""
    entry = catalog.installed().report(f"energy.{report}")
    columns = {
        section.name: [column.name for column in examples.columns(section)]
        for section in entry.report.sections
        if hasattr(section, "columns")
    }
    found = examples.rows(database, organization, entry, asked)
    return {name: [dict(zip(columns[name], row, strict=True)) for row in rows] for name, rows in found.items()}


def add(rows: list[dict[str, Any]], column: str) -> Decimal:
    return sum((row[column] or Decimal(0) for row in rows), Decimal(0))


def tax_by_rate(lines: list[dict[str, Any]]) -> Decimal:
    """The tax of one invoice: the lines of each rate together, rounded once."""
    rates: dict[Decimal, Decimal] = defaultdict(Decimal)
    for line in lines:
        rates[line["tax_rate"]] += line["line_total"]
    return sum(((amount * rate / 100).quantize(CENT, ROUND_HALF_UP) for rate, amount in rates.items()), Decimal(0))


@pytest.fixture(params=[1, 2])
def sampled(request: pytest.FixtureRequest, database: Database, organization: Organization) -> Organization:
    load_sample(database, organization, request.param)
    return organization


def test_the_last_completed_month_has_an_invoice_for_every_contract(database: Database, sampled: Organization) -> None:
    ((completed, running),) = ask(
        database, sampled,
        "select count(*) filter (where end_date < current_date), count(*) filter (where current_date between start_date and end_date) from energy.billing_period",
    )  # fmt: skip
    assert completed >= 24
    assert running == 1
    ((last,),) = ask(
        database, sampled, "select start_date from energy.billing_period where id = octavo.get_latest_completed_billing_period()"
    )
    ((before,),) = ask(database, sampled, "select (date_trunc('month', current_date) - interval '1 month')::date")
    assert last == before
    kinds = dict(ask(database, sampled, "select kind, count(*) from energy.contract group by kind"))
    assert len(render(database, sampled, "invoice_to_client")["invoices"]) == kinds["ppa"]
    for report in ("invoice_expected", "invoice_received"):
        assert len(render(database, sampled, report)["invoices"]) == kinds["operation_and_maintenance"]
    for table in ("invoice", "expected_invoice", "received_invoice"):
        lines = ask(
            database, sampled, "select count(*) from energy.{line} group by {header}", line=f"{table}_line", header=f"{table}_header_id"
        )
        assert {count for (count,) in lines} <= set(range(1 if table == "received_invoice" else 2, 9))


def test_every_line_is_its_quantity_times_its_price(database: Database, sampled: Organization) -> None:
    for table in ("invoice_line", "expected_invoice_line"):
        lines = ask(database, sampled, "select quantity, unit_price, line_total from energy.{table}", table=table)
        assert lines
        assert all(total == (quantity * price).quantize(CENT, ROUND_HALF_UP) for quantity, price, total in lines)


def test_every_invoice_adds_up_to_its_lines_and_the_summary_to_the_invoices(database: Database, sampled: Organization) -> None:
    number = {"invoice_to_client": "invoice_number", "invoice_expected": "reference"}
    for (period,) in ask(
        database, sampled, "select id from energy.billing_period where end_date < current_date order by end_date desc limit 13"
    ):
        for report, key in number.items():
            found = render(database, sampled, report, billing_period_id=period)
            (summary,) = found["summary"]
            for invoice in found["invoices"]:
                lines = [line for line in found["lines"] if line[key] == invoice[key]]
                assert lines
                assert invoice["subtotal"] == add(lines, "line_total")
                assert invoice["tax"] == tax_by_rate(lines)
                assert invoice["total"] == invoice["subtotal"] + invoice["tax"]
            assert (summary["invoices"], summary["lines"]) == (len(found["invoices"]), len(found["lines"]))
            assert [summary[column] for column in ("subtotal", "tax", "total")] == [
                add(found["invoices"], column) for column in ("subtotal", "tax", "total")
            ]
            if "taxes" in found:
                assert add(found["taxes"], "taxable_amount") == summary["subtotal"]
                assert add(found["taxes"], "tax_amount") == summary["tax"]
            if "by_line_type" in found:
                assert add(found["by_line_type"], "amount") == summary["subtotal"]


def test_a_received_invoice_says_whether_its_printed_total_is_that_of_its_lines(database: Database, sampled: Organization) -> None:
    verdicts = set()
    for (period,) in ask(database, sampled, "select id from energy.billing_period where end_date < current_date"):
        found = render(database, sampled, "invoice_received", billing_period_id=period)
        for invoice in found["invoices"]:
            key = ("contract_number", "vendor_invoice_number")
            lines = [line for line in found["lines"] if all(line[name] == invoice[name] for name in key)]
            assert invoice["difference"] == invoice["stated_total"] - add(lines, "line_total") - tax_by_rate(lines)
            assert invoice["adds_up"] is (invoice["difference"] == 0)
            verdicts.add(invoice["adds_up"])
        assert found["summary"][0]["not_adding_up"] == sum(not invoice["adds_up"] for invoice in found["invoices"])
    assert verdicts == {True, False}


def test_the_comparison_holds_every_line_of_both_sides_once(database: Database, sampled: Organization) -> None:
    seen = set()
    for (period,) in ask(database, sampled, "select id from energy.billing_period where end_date < current_date"):
        found = render(database, sampled, "invoice_comparison", billing_period_id=period)
        expected = render(database, sampled, "invoice_expected", billing_period_id=period)["lines"]
        received = render(database, sampled, "invoice_received", billing_period_id=period)["lines"]
        lines, (summary,) = found["lines"], found["summary"]
        assert sorted(line["line_total"] for line in expected) == sorted(
            line["expected_amount"] for line in lines if line["expected_amount"] is not None
        )
        assert sorted(line["line_total"] for line in received) == sorted(
            line["received_amount"] for line in lines if line["received_amount"] is not None
        )
        for section in ("comparisons", "by_line_type", "lines"):
            for column in ("expected_amount", "received_amount", "variance_amount"):
                assert add(found[section], column) == summary[column]
        assert summary["variance_amount"] == add(received, "line_total") - add(expected, "line_total")
        assert summary["discrepancies"] == sum(line["discrepancy"] for line in lines) == add(found["matching"], "discrepancies")
        assert summary["lines"] == len(lines) == add(found["matching"], "lines")
        seen |= {(line["match"], line["discrepancy"]) for line in lines}
    assert {("matched", False), ("matched", True), ("missing in received", True), ("missing in expected", True)} <= seen


def test_the_contracts_and_the_projects_together_are_the_whole(database: Database, sampled: Organization) -> None:
    for report in REPORTS:
        whole = render(database, sampled, report)["lines"]
        for parameter, table in (("contract_id", "contract"), ("project_id", "project")):
            keys = ask(database, sampled, "select id from energy.{table}", table=table)
            parts = [render(database, sampled, report, **{parameter: key})["lines"] for (key,) in keys]
            assert sorted(map(str, (row for part in parts for row in part))) == sorted(map(str, whole))


def test_the_energy_billed_is_the_energy_metered(database: Database, sampled: Organization) -> None:
    lines = [line for line in render(database, sampled, "invoice_to_client")["lines"] if line["line_type"] == "Energy"]
    assert lines
    for line in lines:
        assert line["quantity"] == (line["metered_value"] / 1000).quantize(Decimal("0.001"), ROUND_HALF_UP)
    (readings,) = ask(database, sampled, "select sum(net_energy_kwh) from energy.meter_reading")
    assert (
        readings == ask(database, sampled, "select sum(total_value) from energy.meter_aggregate where aggregation_type = 'net_energy'")[0]
    )


def test_the_days_of_a_sample_meter_follow_the_clocks(database: Database, sampled: Organization) -> None:
    minutes = {length for (length,) in ask(database, sampled, "select distinct interval_minutes from energy.meter_reading")}
    assert minutes == {23 * 60, 24 * 60, 25 * 60}


def test_the_same_seed_gives_the_same_sample_and_another_seed_another(
    database: Database, organization: Organization, other_organization: Organization
) -> None:
    first = "select number, counterparty_name from energy.contract order by number"
    lines = "select invoice_number, line_number, line_total from energy.invoice_header as header join energy.invoice_line on invoice_header_id = header.id order by 1, 2"
    load_sample(database, organization, 1)
    load_sample(database, other_organization, 1)
    assert ask(database, organization, lines) == ask(database, other_organization, lines)
    with database.app() as connection:
        connection.execute("insert into octavo.organization (slug, name) values ('gamma', 'Gamma')")
        ((third,),) = connection.execute("select id from octavo.organization where slug = 'gamma'").fetchall()
    another = Organization(id=third, slug="gamma", name="Gamma")  # type: ignore[arg-type]
    load_sample(database, another, 2)
    assert ask(database, organization, first) != ask(database, another, first)


# --- what follows from something follows here too ------------------------------------------------------------------------


def test_a_settlement_is_readings_times_prices_and_the_invoices_bill_it_to_the_cent(database: Database, sampled: Organization) -> None:
    damages = Decimal(0)
    for period, start, end in ask(
        database, sampled, "select id, start_date, end_date from energy.billing_period where end_date < current_date"
    ):
        found = render(database, sampled, "settlement", billing_period_id=period)
        (summary,) = found["summary"]
        assert not any(contract["differs"] for contract in found["contracts"])
        assert summary["net_amount"] == add(found["lines"], "amount") == add(found["contracts"], "net_amount") == summary["invoiced_amount"]
        for line in found["lines"]:
            assert line["amount"] == (line["quantity"] * line["unit_price"]).quantize(CENT, ROUND_HALF_UP)
        for name in ("net_mwh", "lost_mwh", "curtailed_mwh"):
            assert add(found["days"], name) == add(found["metering"], name)
        generated = render(database, sampled, "generation_summary", period=f"{start}/{end}")
        delivered = {plant["project_name"]: plant["net_mwh"] for plant in generated["plants"]}
        assert {contract["project_name"]: contract["net_mwh"] for contract in found["contracts"]} == delivered
        owed = render(database, sampled, "ld_summary", period=f"{start}/{end}")["summary"][0]["payable"]
        assert (
            -add([line for line in found["lines"] if line["kind"] == "liquidated damages"], "amount") == owed == -summary["damages_amount"]
        )
        damages += owed
    assert damages > 0


def test_damages_follow_from_what_was_measured(database: Database, sampled: Organization) -> None:
    found = render(database, sampled, "ld_summary", period="2023-01-01/2025-12-31")
    forms = set()
    by_clause = {f"{clause['contract_number']} clause {clause['clause_reference']}, Availability": clause for clause in found["clauses"]}
    for month in found["months"]:
        owed = month["payable"] if month["payable"] is not None else month["receivable"]
        assert month["below"] is (month["measured"] < month["guaranteed_value"])
        assert (owed > 0) is month["below"]
        assert owed <= month["uncapped"]
        form = by_clause[month["guarantee"]]["form"]
        if form.startswith("25 "):
            possible = month["net_mwh"] + month["curtailed_mwh"] + month["lost_mwh"] - month["excused_mwh"]
            assert abs(month["uncapped"] - month["missing"] / 100 * possible * 25) < Decimal("0.2")
        elif form.startswith("the monthly"):
            assert month["factor_percent"] == 100 - 2 * month["missing"]
        forms |= {form.split()[0]} if month["below"] else set()
    assert forms == {"25", "(guaranteed", "the"}


def test_the_ageing_of_any_day_is_the_ledger(database: Database, sampled: Organization) -> None:
    for day, basis, credits in (
        ("2023-06-30", "due", "separate"), ("2025-12-31", "invoice", "own_date"), ("today", "due", "current"), ("today", "due", "oldest_first"), ("today", "due", "separate"),
    ):  # fmt: skip
        found = render(database, sampled, "invoice_aging", as_of=day, basis=basis, credits=credits)
        (summary,) = found["summary"]
        assert summary["difference"] == 0
        assert (
            summary["balance"]
            == add(found["clients"], "balance")
            == add(found["buckets"], "amount")
            == add(found["entries"], "open_amount")
        )
        issued = render(database, sampled, "invoices_generated", period="2023-01-01/" + str(summary["as_of"]))["invoices"]
        assert summary["invoiced"] == add([invoice for invoice in issued if invoice["status"] != "draft"], "total")
        assert (summary["unapplied_credits"] != 0) <= (credits == "separate")
    assert summary["balance"] > 0
    assert summary["unapplied_credits"] < 0


def test_the_financial_summary_is_the_invoices_and_the_expenses(database: Database, sampled: Organization) -> None:
    asked = {"period": "2024-01-01/2025-06-30"}
    found = render(database, sampled, "financial_summary", **asked)
    (summary,) = found["summary"]
    assert summary["revenue"] == add(render(database, sampled, "invoices_generated", **asked)["invoices"], "subtotal")
    expenses = render(database, sampled, "expenses", **asked)["expenses"]
    billed = [line for line in expenses if line["source"] == "received invoice"]
    assert add(billed, "amount") == add(render(database, sampled, "invoices_received", **asked)["invoices"], "subtotal")
    assert 0 < len(billed) < len(expenses)
    assert summary["expenses"] == add(expenses, "amount")
    for section in ("by_month", "plants", "contracts"):
        assert [add(found[section], column) for column in ("revenue", "expenses", "result")] == [
            summary[column] for column in ("revenue", "expenses", "result")
        ]
    categories = render(database, sampled, "expense_by_category", **asked)
    assert categories["summary"][0]["amount"] == summary["expenses"]
    for section in ("categories", "by_month", "months"):
        for column in ("amount", "budget", "variance_amount"):
            assert add(categories[section], column) == categories["summary"][0][column]


def test_a_breach_is_told_of_every_month_far_below_and_of_every_invoice_that_is_not_paid(database: Database, sampled: Organization) -> None:
    found = render(database, sampled, "compliance", cured_days=36500, upcoming_days=60)
    (summary,) = found["summary"]
    assert summary["open"] == len(found["breaches"])
    assert summary["cured"] == len(found["cured"]) > 0
    assert summary["upcoming"] == len(found["upcoming"]) > 0
    assert add(found["statuses"], "breaches") == summary["open"] + summary["cured"]
    titles = [breach["title"] for breach in (*found["breaches"], *found["cured"])]
    months = render(database, sampled, "ld_summary", period="2023-01-01/2035-12-31")["months"]
    assert sum(title.startswith("Availability") for title in titles) == sum((month["missing"] or 0) > Decimal("1.5") for month in months)
    assert any(title.startswith("Invoice") for title in titles)


def test_the_factor_says_how_many_times_the_plants_stand_there(
    database: Database, organization: Organization, other_organization: Organization
) -> None:
    load_sample(database, organization, 1)
    load_sample(database, other_organization, 1, factor=2)
    for table in ("project", "contract", "meter_reading", "invoice_header", "obligation", "budget"):
        ((once,),) = ask(database, organization, "select count(*) from energy.{table}", table=table)
        assert ask(database, other_organization, "select count(*) from energy.{table}", table=table) == [(2 * once,)]
