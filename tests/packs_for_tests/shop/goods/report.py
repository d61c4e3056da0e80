"""Every kind of column and of section, over as many rows as are asked for."""

from typing import Annotated, Literal

from octavo.pipeline.definition import (
    Breakdown,
    Chart,
    Date,
    Field,
    Flag,
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
    Text,
)


class GoodsScope(Parameters):
    rows: int = Field(10, ge=0, title="Rows")
    order: Literal["up", "down"] = Field("up", title="Order")
    colour: Annotated[str | None, Lookup("lookups/colours.sql")] = Field(None, title="Colour")
    period: Period | None = Field(None, title="Period")


GOODS = (
    Text("group", "Group"),
    Integer("number", "Number", total=True),
    Text("buyer", "Buyer", pii=True),
    Quantity("weight", "Weight", unit_column="unit", decimals=3, total=True),
    Text("unit", "Unit"),
    Money("price", "Price", currency_column="currency", total=True),
    Text("currency", "Currency"),
    Percent("discount", "Discount"),
    Date("sold_on", "Sold on"),
    Instant("sold_at", "Sold at"),
    Flag("gift", "Gift"),
)

report = Report(
    "Goods",
    "What the shop sold, row by row.",
    parameters=GoodsScope,
    sections=(
        Metrics(
            "summary",
            "Summary",
            query="summary.sql",
            columns=(Integer("goods", "Goods"), Money("dearest", "Dearest", currency="EUR"), Date("first_day", "First day")),
        ),
        Breakdown(
            "by_group",
            "By group",
            query="by_group.sql",
            share_of="goods",
            columns=(Text("group", "Group"), Integer("goods", "Goods", total=True)),
        ),
        Chart("groups", "Groups", of="by_group", x="group", y=("goods",)),
        Table("goods", "Goods", query="goods.sql", columns=GOODS, group_by=("group",)),
    ),
)
