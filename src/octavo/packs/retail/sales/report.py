"""Sales: what was sold, taken back, paid and earned, over time and by country, invoice by invoice and line by line."""

from octavo.pipeline.definition import (
    Annotated,
    Breakdown,
    Chart,
    Date,
    Field,
    Instant,
    Integer,
    Lookup,
    Metrics,
    Money,
    Parameters,
    Percent,
    Period,
    Report,
    Table,
    Template,
    Text,
)


class SalesScope(Parameters):
    """All sales, or those of a period, a country, a store, a customer."""

    period: Period | None = Field(
        None, title="Period", description="All sales when it is not given. An invoice belongs to the period in which it was begun."
    )
    country: Annotated[str | None, Lookup("lookups/countries.sql")] = Field(
        None, title="Country", description="All countries when it is not given."
    )
    store_id: Annotated[str | None, Lookup("lookups/stores.sql")] = Field(
        None, title="Store", description="The code of a store; all of them when it is not given."
    )
    customer_id: Annotated[str | None, Lookup("lookups/customers.sql", pii=True)] = Field(
        None, title="Customer", description="The number of a customer; all of them, and sales to nobody by name, when it is not given."
    )


REVENUE = "Quantity times unit price, before discount and tax; cancellations count as negative."
NO_COST = "Not available where the cost of a line is unknown."

summary = Metrics(
    "summary",
    "Summary",
    query="summary.sql",
    columns=(
        Money("revenue", "Revenue", description=REVENUE),
        Money("discount", "Discounts"),
        Money("net_revenue", "Net revenue", description="Revenue less discounts, before tax."),
        Money("tax", "Tax"),
        Money("total", "Invoiced", description="Net revenue and tax."),
        Money("paid", "Payments", description="Money received for these invoices, whenever it came."),
        Money("refunded", "Refunds", description="Money given back for these invoices. What it takes off the revenue is the cancellation."),
        Money("cost", "Cost of goods sold", description=NO_COST),
        Money("profit", "Profit", description="Net revenue less the cost of goods sold. " + NO_COST),
        Percent("margin", "Margin", description="Profit as a share of net revenue. " + NO_COST),
        Integer("invoices", "Invoices", description="Sales and cancellations."),
        Integer("cancellations", "Cancellations"),
        Money("cancelled", "Cancelled", description="The part of the revenue that cancellations took back."),
        Integer("customers", "Customers", description="Different customers who are known by number."),
        Integer("lines", "Lines"),
        Integer("units", "Units", description="Sold less taken back."),
    ),
)

over_time = Table(
    "over_time",
    "Sales over time",
    query="over_time.sql",
    summary=True,
    description="By day where the period has at most 62 days, otherwise by month.",
    columns=(
        Date("starting", "Starting"),
        Integer("invoices", "Invoices", total=True),
        Integer("units", "Units", total=True),
        Money("revenue", "Revenue", total=True, description=REVENUE),
    ),
)

by_country = Breakdown(
    "by_country",
    "Sales by country",
    query="by_country.sql",
    share_of="revenue",
    columns=(
        Text("country", "Country"),
        Integer("invoices", "Invoices", total=True),
        Integer(
            "customers",
            "Customers",
            description="Different customers who are known by number; one who buys in two countries counts in both.",
        ),
        Integer("units", "Units", total=True),
        Money("revenue", "Revenue", total=True, description=REVENUE),
    ),
)

sales = Table(
    "sales",
    "Sales",
    query="sales.sql",
    columns=(
        Text("invoice_number", "Invoice"),
        Instant("sold_at", "Sold at"),
        Text("kind", "Kind"),
        Text("status", "Status", description="completed: settled; credit: still owed in whole or in part."),
        Text("store_id", "Store"),
        Text("customer_id", "Customer"),
        Text("country", "Country"),
        Integer("lines", "Lines", total=True),
        Integer("units", "Units", total=True),
        Money("revenue", "Revenue", total=True, description=REVENUE),
        Money("discount", "Discount", total=True),
        Money("tax", "Tax", total=True),
        Money("total", "Invoiced", total=True, description="Revenue less discount, and tax."),
        Money("paid", "Paid", total=True),
        Money("refunded", "Refunded", total=True),
        Money("cost", "Cost", description=NO_COST),
        Money("profit", "Profit", description="Revenue less discount and cost. " + NO_COST),
        Percent("margin", "Margin", description="Profit as a share of revenue less discount. " + NO_COST),
    ),
)

line_items = Table(
    "line_items",
    "Line items",
    query="line_items.sql",
    columns=(
        Text("invoice_number", "Invoice"),
        Instant("sold_at", "Sold at"),
        Text("stock_code", "Stock code"),
        Text("description", "Description"),
        Text("customer_id", "Customer"),
        Text("country", "Country"),
        Integer("quantity", "Quantity", total=True),
        Money("unit_price", "Unit price"),
        Money("line_total", "Line total", total=True, description="Quantity times unit price, exactly."),
    ),
)

report = Report(
    "Sales",
    "What was sold, taken back, paid and earned: in all, over time, by country, by invoice and by line.",
    parameters=SalesScope,
    template=Template("Sales", "xlsx"),
    sections=(
        summary,
        Chart("revenue_over_time", "Revenue over time", of="over_time", x="starting", y=("revenue",)),
        over_time,
        by_country,
        sales,
        line_items,
    ),
)
