"""Stock in the retail pack: AVCO as it is published, values that agree, and movements that are really there."""

from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from octavo.database.connection import Database
from octavo.pipeline.document import Organization
from tests.packs import samples

Move = tuple[str, int, str | None]


def move(database: Database, organization: Organization, moves: list[Move]) -> None:
    with database.tenant(organization.id) as tenant:
        tenant.execute("insert into retail.store (id, code, name) values (1, 'S1', 'One')")
        tenant.execute("insert into retail.product (stock_code, unit_price) values ('A', 10)")
        for number, (kind, quantity, cost) in enumerate(moves):
            tenant.execute(
                "insert into retail.stock_movement (store_id, stock_code, moved_at, kind, quantity, unit_cost) "
                "values (1, 'A', timestamptz '2014-06-01' + %s * interval '1 hour', %s, %s, %s)",
                [number, kind, quantity, cost],
            )


def after(database: Database, organization: Organization, column: str) -> list[Any]:
    return [row[column] for row in samples.sections(database, organization, "retail.inventory")["stock_movements"]]


def test_the_published_example_of_average_cost_comes_out(database: Database, organization: Organization) -> None:
    # +8 at 10 is 80; +4 at 16 is 144 at an average of 12; -10 leaves 24; one back to the vendor, at the average, leaves 12.
    move(database, organization, [("receipt", 8, "10"), ("receipt", 4, "16"), ("sale", -10, None), ("vendor return", -1, None)])
    assert after(database, organization, "value_after") == [80, 144, 24, 12]
    assert after(database, organization, "average_after") == [10, 12, 12, 12]
    move_all = samples.sections(database, organization, "retail.inventory")["stock_items"]
    assert [(row["quantity"], row["unit_cost"], row["stock_value"]) for row in move_all] == [(1, 12, 12)]


def test_what_comes_in_after_a_shortfall_sets_the_average(database: Database, organization: Organization) -> None:
    move(database, organization, [("receipt", 2, "10"), ("sale", -5, None), ("receipt", 4, "16"), ("customer return", 1, None)])
    assert after(database, organization, "average_after") == [10, 10, 16, 16]
    assert after(database, organization, "value_after") == [20, -30, 16, 32]


def test_the_average_is_kept_to_six_places_and_the_value_to_two(database: Database, organization: Organization) -> None:
    # (1 × 1 + 2 × 2) / 3 = 1.666667; three of them are 5.000001, which is 5.00.
    move(database, organization, [("receipt", 1, "1"), ("receipt", 2, "2")])
    assert after(database, organization, "average_after") == [1, Decimal("1.666667")]
    assert after(database, organization, "value_after") == [1, Decimal("5.00")]


def test_margin_is_of_the_price_and_markup_on_the_cost(database: Database, organization: Organization) -> None:
    move(database, organization, [("receipt", 5, "8")])
    found = samples.sections(database, organization, "retail.inventory")
    for row in (found["stock_items"][0], found["summary"][0]):
        assert (row["margin"], row["markup"]) == (20, 25)


@pytest.fixture(params=[1, 2])
def sampled(request: pytest.FixtureRequest, database: Database, organization: Organization) -> Organization:
    samples.load(database, organization, "retail", request.param)
    return organization


def test_the_values_are_those_of_an_independent_program(database: Database, sampled: Organization) -> None:
    rows = samples.ask(
        database, sampled, "select stock_code, store_id, quantity, unit_cost from retail.stock_movement order by moved_at, id"
    )
    quantity: dict[str, Decimal] = defaultdict(Decimal)
    average: dict[str, Decimal] = defaultdict(Decimal)
    stock: dict[tuple[str, int], Decimal] = defaultdict(Decimal)
    for code, store, moved, cost in rows:
        if cost is not None:
            spent = quantity[code] * average[code] + moved * cost
            average[code] = (spent / (quantity[code] + moved)).quantize(Decimal("0.000001"), ROUND_HALF_UP)
        quantity[code] += moved
        stock[code, store] += moved
        assert quantity[code] >= 0
    value = sum((left * average[code]).quantize(Decimal("0.01"), ROUND_HALF_UP) for (code, _), left in stock.items())
    found = samples.sections(database, sampled, "retail.inventory")
    (summary,) = found["summary"]
    assert (summary["stock_value"], summary["quantity"], summary["items"]) == (value, sum(stock.values()), len(stock))
    for name in ("by_store", "by_category", "stock_items"):
        for column in ("stock_value", "retail_value", "quantity"):
            assert samples.add(found[name], column) == summary[column], (name, column)
    assert summary["in_stock"] + summary["low_stock"] + summary["out_of_stock"] == summary["items"]
    assert summary["low_stock"] > 0
    assert samples.add(found["stock_movements"], "quantity") == summary["quantity"]


def test_every_sale_and_return_moved_stock(database: Database, sampled: Organization) -> None:
    lines = "select stock_code, -sum(quantity) from retail.sale_line group by 1 order by 1"
    moved = "select stock_code, sum(quantity) from retail.stock_movement where kind in ('sale', 'customer return') group by 1 order by 1"
    assert samples.ask(database, sampled, lines) == samples.ask(database, sampled, moved)
    assert samples.ask(database, sampled, "select sum(quantity) from retail.stock_movement where kind = 'transfer'") == [(0,)]
    kinds = {kind for (kind,) in samples.ask(database, sampled, "select distinct kind from retail.stock_movement")}
    assert kinds == {"receipt", "sale", "customer return", "vendor return", "transfer", "adjustment"}


def test_filters_leave_the_items_that_are_asked_for_and_their_movements(database: Database, sampled: Organization) -> None:
    every = samples.sections(database, sampled, "retail.inventory")
    for asked, keeps in (
        ({"store_id": "S2"}, lambda row: row["store_code"] == "S2"),
        ({"category": every["by_category"][0]["category"]}, lambda row: row["category"] == every["by_category"][0]["category"]),
        ({"status": "low stock"}, lambda row: row["status"] == "low stock"),
        ({"min_quantity": "8"}, lambda row: row["quantity"] >= 8),
        ({"exclude_zero_value": "true", "include_movements": "false"}, lambda row: row["stock_value"] != 0),
    ):
        found = samples.sections(database, sampled, "retail.inventory", **asked)
        assert found["stock_items"] == [row for row in every["stock_items"] if keeps(row)]
        kept = {(row["store_code"], row["stock_code"]) for row in found["stock_items"]}
        wanted = [row for row in every["stock_movements"] if (row["store_code"], row["stock_code"]) in kept]
        assert found["stock_movements"] == ([] if "include_movements" in asked else wanted)
    month = samples.sections(database, sampled, "retail.inventory", period="previous_month")["stock_movements"]
    assert 0 < len(month) < len(every["stock_movements"])
    assert all(row in every["stock_movements"] for row in month)
