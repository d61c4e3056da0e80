"""Inventory: what each store has of each product, what it cost on average and is worth, and every movement."""

from decimal import Decimal
from typing import Literal

from octavo.pipeline.definition import (
    Annotated,
    Breakdown,
    Chart,
    Field,
    Instant,
    Integer,
    Lookup,
    Metrics,
    Money,
    Parameters,
    Percent,
    Period,
    Quantity,
    Report,
    Table,
    Template,
    Text,
)


class InventoryScope(Parameters):
    """All stock, or that of a store, a category, in a state; as it was at the end of a day."""

    as_of: Period = Field(
        Period("today"),
        title="As of",
        description="What moved after this day is not seen. Its last day counts: today, 2014-06-30, or previous_month for the day it ended.",
    )
    store_id: Annotated[str | None, Lookup("lookups/stores.sql")] = Field(
        None, title="Store", description="The code of a store; all of them when it is not given."
    )
    category: Annotated[str | None, Lookup("lookups/categories.sql")] = Field(
        None, title="Category", description="All categories when it is not given."
    )
    status: Literal["in stock", "low stock", "out of stock"] | None = Field(
        None, title="Status", description="low stock: at the level at which to order, or under it; any status when it is not given."
    )
    min_quantity: Decimal | None = Field(None, title="Quantity at least", description="Any quantity when it is not given.")
    exclude_zero_value: bool = Field(False, title="Without zero values", description="Leave out what is worth nothing.")
    include_movements: bool = Field(True, title="With movements", description="Whether the movements of these items are listed.")
    period: Period | None = Field(None, title="Movements of", description="The movements listed; all of them when it is not given.")


QUANTITY = Quantity("quantity", "Quantity", total=True, decimals=0)
ITEMS = Integer("items", "Items", total=True, description="A product in a store.")
STOCK_VALUE = Money("stock_value", "Stock value", total=True, description="At average cost (AVCO), rounded to the cent for each item.")
RETAIL_VALUE = Money("retail_value", "Value at price", total=True, description="At the price it is sold for.")
MARGIN = Percent("margin", "Margin, of price", description="Price less average cost, as a share of the price.")
MARKUP = Percent("markup", "Markup, on cost", description="Price less average cost, as a share of the average cost.")

summary = Metrics(
    "summary",
    "Summary",
    query="summary.sql",
    columns=(
        Integer("products", "Products"),
        ITEMS,
        QUANTITY,
        STOCK_VALUE,
        RETAIL_VALUE,
        Money("potential_profit", "Profit if all is sold"),
        MARGIN,
        MARKUP,
        Integer("in_stock", "Items in stock"),
        Integer("low_stock", "Items low"),
        Integer("out_of_stock", "Items out of stock"),
        Integer("negative", "Items below zero", description="More went out than came in; their values are negative and stay in the sums."),
        Text("valuation", "Valued at"),
    ),
)

items = Table(
    "stock_items",
    "Stock items",
    query="stock_items.sql",
    columns=(
        Text("store_code", "Store"),
        Text("store_name", "Store name"),
        Text("stock_code", "Product"),
        Text("barcode", "Barcode"),
        Text("name", "Name"),
        Text("category", "Category"),
        QUANTITY,
        Quantity("reorder_level", "Order at", decimals=0),
        Text("status", "Status"),
        Money("unit_cost", "Average cost", decimals=4, description="Of a unit, over all stores (AVCO), kept to six places."),
        Money("unit_price", "Price"),
        STOCK_VALUE,
        RETAIL_VALUE,
        Money("potential_profit", "Profit if sold", total=True),
        MARGIN,
        MARKUP,
        Instant("last_moved_at", "Last moved"),
    ),
)

movements = Table(
    "stock_movements",
    "Stock movements",
    query="stock_movements.sql",
    description="Quantity, average cost and value after each movement are those of the product in all stores together.",
    columns=(
        Instant("moved_at", "Moved"),
        Text("store_code", "Store"),
        Text("stock_code", "Product"),
        Text("name", "Name"),
        Text("kind", "Kind"),
        Text("reference", "Reference"),
        QUANTITY,
        Money("unit_cost", "Bought at", description="The price of a unit of what came in."),
        Quantity("quantity_after", "Quantity after", decimals=0),
        Money("average_after", "Average cost after", decimals=4),
        Money("value_after", "Value after"),
    ),
)

report = Report(
    "Inventory",
    "Stock by store, valued at average cost: only what comes in at a price changes the average; what goes out, and a return to the vendor, goes at it.",
    parameters=InventoryScope,
    base="asked.sql",
    template=Template("Inventory", "xlsx"),
    sections=(
        summary,
        Breakdown(
            "by_store",
            "By store",
            query="by_store.sql",
            share_of="stock_value",
            columns=(Text("store_code", "Store"), Text("store_name", "Store name"), ITEMS, QUANTITY, STOCK_VALUE, RETAIL_VALUE),
        ),
        Breakdown(
            "by_category",
            "By category",
            query="by_category.sql",
            share_of="stock_value",
            columns=(Text("category", "Category"), ITEMS, QUANTITY, STOCK_VALUE, RETAIL_VALUE),
        ),
        Chart("value_by_category", "Stock value by category", of="by_category", x="category", y=("stock_value", "retail_value")),
        items,
        movements,
    ),
)
