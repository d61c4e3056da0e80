"""Comparison: what stands beside a figure, worked out by hand over a few takings of two months."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from octavo.database.connection import Database
from octavo.errors import UsageError
from octavo.pipeline import catalog, comparison, figures, parameters, run
from octavo.pipeline.binding import Request, bind
from octavo.pipeline.catalog import Entry
from octavo.pipeline.choice import Choice
from octavo.pipeline.definition import (
    Breakdown,
    Chart,
    Date,
    Field,
    Flag,
    Integer,
    Metrics,
    Money,
    Parameters,
    Percent,
    Period,
    Quantity,
    Section,
    Table,
    Text,
)
from octavo.pipeline.document import Chart as BoundChart
from octavo.pipeline.document import Compared, Document, Organization
from octavo.pipeline.snapshot import Snapshot, open_snapshot
from octavo.pipeline.store import Folder
from tests.packs_for_tests import inline

# Day, shop, amount. In June north took 120 in two, south 30 in one; in May north took 100 in four, west 50 in one.
TAKINGS = """
select * from (values
    (date '2014-05-01', 'north', 40.00), (date '2014-05-02', 'north', 20.00), (date '2014-05-30', 'north', 30.00),
    (date '2014-05-31', 'north', 10.00), (date '2014-05-30', 'west', 50.00),
    (date '2014-06-01', 'north', 100.00), (date '2014-06-30', 'north', 20.00), (date '2014-06-02', 'south', 30.00)
) as taking (day, shop, amount)
where day >= %(period_start)s and day < %(period_end)s
"""


class Days(Parameters):
    period: Period | None = Field(None, title="Period")


class DaysAsOf(Days):
    as_of: Period = Field(Period("today"), title="As of")


FIGURES = Metrics(
    "figures",
    "Figures",
    query="",
    columns=(Money("amount", "Amount"), Integer("takings", "Takings"), Percent("mean", "Mean"), Text("best", "Best")),
)
SHOPS = Breakdown(
    "shops", "Shops", query="", share_of="amount",
    columns=(Text("shop", "Shop", pii=True), Integer("takings", "Takings", total=True), Money("amount", "Amount", total=True), Date("last_on", "Last on")),
)  # fmt: skip
DAILY = Table("daily", "Daily", query="", summary=True, columns=(Date("day", "Day"), Money("amount", "Amount", total=True)))
MONTHLY = Table("monthly", "Monthly", query="", summary=True, columns=(Date("month", "Month"), Money("amount", "Amount", total=True)))
ROWS = Table("rows", "Rows", query="", columns=(Date("day", "Day"), Text("shop", "Shop"), Money("amount", "Amount", total=True)))
DRAWN = Chart("drawn", "Drawn", of="shops", x="shop", y="amount")
BOTH = Chart("both", "Both", of="shops", x="shop", y=("takings", "amount"))
QUERIES = {
    "figures": "select coalesce(sum(amount), 0) as amount, count(*) as takings, round(avg(amount), 1) as mean, max(shop) as best from base",
    "shops": "select shop, count(*) as takings, sum(amount) as amount, max(day) as last_on from base group by shop order by amount desc",
    "daily": "select day, sum(amount) as amount from base group by day order by day",
    "monthly": "select date_trunc('month', day::timestamp)::date as month, sum(amount) as amount from base group by month order by month",
    "rows": "select day, shop, amount from base order by day, shop",
}
QUERIES |= {"drawn": QUERIES["shops"], "both": QUERIES["shops"]}

JUNE = {"period": "2014-06"}
PREVIOUS = "previous_period"


@pytest.fixture
def snapshot(database: Database, organization: Organization) -> Iterator[Snapshot]:
    with open_snapshot(database, organization, "UTC") as opened:
        yield opened


def entry(*sections: Section, queries: dict[str, str] = QUERIES, asked: type[Parameters] = Days, base: str | None = TAKINGS) -> Entry:
    return replace(inline.report(sections, queries, asked).entries[inline.KEY], base=base)


def bound(snapshot: Snapshot, report: Entry, given: dict[str, Any] | None = None, **request: Any) -> Document:
    asked = Request(inline.KEY, snapshot.organization, "csv", compare=request.pop("compare", PREVIOUS), **request)
    return bind(report, asked, parameters.parse(report, JUNE if given is None else given), snapshot, "0" * 16, lambda *_: None)


def told(document: Document) -> list[dict[str, Any]]:
    (section,) = document.tables
    names = [column.name for column in section.columns]
    return [dict(zip(names, row, strict=True)) for row in section.rows()]


def columns(rows: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in rows]


def number(text: str) -> Decimal:
    return Decimal(text)


def test_a_key_figure_stands_beside_what_it_was_its_change_and_that_in_percent(snapshot: Snapshot) -> None:
    """150 in 3 after 150 in 5: a mean of 50 after 30. Of a percentage there is a change in points alone, and of words there is none."""
    (row,) = told(bound(snapshot, entry(FIGURES)))
    assert row == {
        "amount": 150, "amount_before": 150, "amount_change": 0, "amount_change_percent": 0,
        "takings": 3, "takings_before": 5, "takings_change": -2, "takings_change_percent": -40,
        "mean": 50, "mean_before": 30, "mean_change": 20, "best": "south",
    }  # fmt: skip


def test_of_nothing_there_is_no_percent_and_of_what_is_not_there_no_change(snapshot: Snapshot) -> None:
    (row,) = told(bound(snapshot, entry(FIGURES), {"period": "2014-05"}))  # in April nothing was taken
    assert (row["amount"], row["amount_before"], row["amount_change"], row["amount_change_percent"]) == (150, 0, 150, None)
    assert (row["mean"], row["mean_before"], row["mean_change"]) == (30, None, None)


def test_a_change_has_its_sign_in_percent_too_where_there_was_a_loss(snapshot: Snapshot) -> None:
    query = "select case when %(period_start)s = date '2014-06-01' then 50 else -200 end as amount, 1 as takings, null::numeric as mean, '' as best"
    (row,) = told(bound(snapshot, entry(FIGURES, queries={"figures": query})))
    assert (row["amount_change"], row["amount_change_percent"]) == (250, 125)


def test_rows_of_one_label_stand_side_by_side_and_those_of_one_side_alone_are_kept(snapshot: Snapshot) -> None:
    document = bound(snapshot, entry(SHOPS))
    rows = told(document)
    assert columns(rows, "shop", "amount", "amount_before", "amount_change", "amount_change_percent") == [
        ("north", 120, 100, 20, 20),
        ("south", 30, None, 30, None),
        ("west", None, 50, -50, -100),
    ]
    assert columns(rows, "takings", "takings_before", "takings_change", "takings_change_percent") == [
        (2, 4, -2, -50), (1, None, 1, None), (None, 1, -1, -100),
    ]  # fmt: skip
    # 120 and 30 of 150, 100 and 50 of 150; and a share that is not there does not change
    assert columns(rows, "share", "share_before", "share_change") == [
        (80, number("66.6667"), number("13.3333")), (20, None, None), (None, number("33.3333"), None),
    ]  # fmt: skip
    # neither label nor figure: told of now
    assert [str(row["last_on"]) for row in rows] == ["2014-06-30", "2014-06-02", "None"]
    totals = {total.column: total.value for total in document.tables[0].control.totals}
    assert totals == {"takings": 3, "takings_before": 5, "takings_change": -2, "amount": 150, "amount_before": 150, "amount_change": 0}


def test_the_columns_say_which_compare_which(snapshot: Snapshot) -> None:
    (section,) = bound(snapshot, entry(SHOPS)).tables
    assert section.compared["amount"] == Compared("amount_before", "amount_change", "amount_change_percent")
    assert section.compared["share"] == Compared("share_before", "share_change", "")
    assert [(column.kind, column.title) for column in section.columns if column.name.startswith("share")] == [
        ("percent", "Share"), ("percent", "Share before"), ("quantity", "Share change"),
    ]  # fmt: skip


def test_a_day_is_compared_with_the_same_day_of_the_month_before(snapshot: Snapshot) -> None:
    """The 31st of May answers to no day of June, so it stands by itself, last; the 30th answers to the 30th."""
    rows = told(bound(snapshot, entry(DAILY)))
    assert [(str(row["day"]), row["amount"], row["amount_before"]) for row in rows] == [
        ("2014-06-01", 100, 40),
        ("2014-06-02", 30, 20),
        ("2014-06-30", 20, 80),
        ("2014-05-31", None, 10),
    ]


def test_a_day_is_compared_with_the_day_as_many_days_before(snapshot: Snapshot) -> None:
    """The two days from the 1st of June follow those from the 30th of May."""
    rows = told(bound(snapshot, entry(DAILY), {"period": "2014-06-01/2014-06-02"}))
    assert [(str(row["day"]), row["amount"], row["amount_before"]) for row in rows] == [("2014-06-01", 100, 80), ("2014-06-02", 30, 10)]


def test_months_answer_to_months_whatever_the_number_of_days(snapshot: Snapshot) -> None:
    """The 45 days from 17 May to 30 June follow those from 2 April to 16 May: May answers to April, and June to May with its 40 and 20."""
    rows = told(bound(snapshot, entry(MONTHLY), {"period": "2014-05-17/2014-06-30"}))
    assert [(str(row["month"]), row["amount"], row["amount_before"]) for row in rows] == [("2014-05-01", 90, None), ("2014-06-01", 150, 60)]
    quarters = told(bound(snapshot, entry(MONTHLY), {"period": "2014-Q3"}))
    assert [(str(row["month"]), row["amount"], row["amount_before"]) for row in quarters] == [
        ("2014-08-01", None, 150),
        ("2014-09-01", None, 150),
    ]


def test_last_year_is_the_same_months_of_it(snapshot: Snapshot) -> None:
    rows = told(bound(snapshot, entry(MONTHLY), {"period": "2015-Q2"}, compare="same_period_last_year"))
    assert [(str(row["month"]), row["amount"], row["amount_before"]) for row in rows] == [
        ("2015-05-01", None, 150),
        ("2015-06-01", None, 150),
    ]


def test_rows_that_stay_rows_are_not_compared(snapshot: Snapshot) -> None:
    figures, rows = bound(snapshot, entry(FIGURES, ROWS)).tables
    assert figures.compared
    assert not rows.compared
    assert [column.name for column in rows.columns] == ["day", "shop", "amount"]
    assert rows.control.rows == 3


def test_labels_are_matched_before_they_are_masked(snapshot: Snapshot) -> None:
    rows = told(bound(snapshot, entry(SHOPS), masked=True))
    assert columns(rows, "shop", "amount", "amount_before") == [("***", 120, 100), ("***", 30, None), ("***", None, 50)]


def test_what_stands_beside_a_masked_figure_is_masked(snapshot: Snapshot) -> None:
    section = replace(FIGURES, columns=(Money("amount", "Amount", pii=True), Integer("takings", "Takings")))
    (row,) = told(bound(snapshot, entry(section), masked=True))
    assert [value for name, value in row.items() if name.startswith("amount")] == [None] * 4
    assert row["takings_before"] == 5
    shares = replace(SHOPS, columns=(Text("shop", "Shop"), Money("amount", "Amount", pii=True)))
    assert {row["share_before"] for row in told(bound(snapshot, entry(shares), masked=True))} == {None}


def test_rows_of_one_label_are_matched_in_their_order_and_none_twice(snapshot: Snapshot) -> None:
    section = Table("rows", "Rows", query="", summary=True, columns=(Text("shop", "Shop"), Money("amount", "Amount", total=True)))
    rows = told(bound(snapshot, entry(section, queries={"rows": "select shop, amount from base order by day"})))
    # north took 100 and 20 in June, 40, 20, 30 and 10 in May
    assert columns(rows, "shop", "amount", "amount_before") == [
        ("north", 100, 40), ("south", 30, None), ("north", 20, 20), ("north", None, 30), ("west", None, 50), ("north", None, 10),
    ]  # fmt: skip


def test_a_label_that_is_empty_is_one(snapshot: Snapshot) -> None:
    query = "select nullif(shop, 'north') as shop, count(*) as takings, sum(amount) as amount, max(day) as last_on from base group by 1"
    rows = told(bound(snapshot, entry(SHOPS, queries={"shops": query})))
    assert (None, 120, 100) in columns(rows, "shop", "amount", "amount_before")


def test_groups_stay_together(snapshot: Snapshot) -> None:
    section = Table(
        "grouped",
        "Grouped",
        query="",
        summary=True,
        group_by="side",
        columns=(Text("side", "Side"), Text("shop", "Shop"), Integer("n", "N", total=True)),
    )
    query = """select side, shop, n from (values
        (date '2014-06-01', 'b', 'x', 1), (date '2014-06-01', 'a', 'x', 2), (date '2014-05-01', 'b', 'y', 3), (date '2014-05-01', 'c', 'x', 4)
    ) as row (day, side, shop, n) where day >= %(period_start)s and day < %(period_end)s order by side desc"""
    rows = told(bound(snapshot, entry(section, queries={"grouped": query})))
    assert columns(rows, "side", "shop", "n", "n_before") == [
        ("b", "x", 1, None),
        ("b", "y", None, 3),
        ("a", "x", 2, None),
        ("c", "x", None, 4),
    ]


def test_amounts_of_rows_are_compared_in_their_currency(snapshot: Snapshot) -> None:
    section = Table(
        "sums",
        "Sums",
        query="",
        summary=True,
        columns=(Text("currency", "Currency"), Money("amount", "Amount", currency_column="currency", total=True)),
    )
    query = """select currency, amount from (values (date '2014-06-01', 'EUR', 5.10), (date '2014-06-01', 'GBP', 7), (date '2014-05-01', 'EUR', 5.00)
    ) as row (day, currency, amount) where day >= %(period_start)s and day < %(period_end)s"""
    document = bound(snapshot, entry(section, queries={"sums": query}))
    assert columns(told(document), "currency", "amount_before", "amount_change", "amount_change_percent") == [
        ("EUR", 5, number("0.10"), 2), ("GBP", None, 7, None),
    ]  # fmt: skip
    totals = {(total.column, total.currency): total.value for total in document.tables[0].control.totals}
    assert totals["amount_change", "EUR"] == number("0.10")
    assert totals["amount_change", "GBP"] == 7


class Two(Days):
    now_currency: str | None = None
    now_amount: int | None = None
    before_currency: str | None = None
    before_amount: int | None = None


# Now and before: the currency, and the amount. The organization's own, in which amounts that name none are, is GBP.
CURRENCIES = [
    (("EUR", 8), ("EUR", 5), ("EUR", 3)),
    (("EUR", 8), ("USD", 5), ("EUR", None)),
    (("EUR", 8), (None, 0), ("EUR", 8)),
    ((None, 0), ("EUR", 5), ("EUR", -5)),
    (("EUR", 8), (None, 5), ("EUR", None)),
    (("GBP", 8), (None, 5), ("GBP", 3)),
    ((None, 8), (None, 5), (None, 3)),
    ((None, None), ("EUR", 5), ("EUR", None)),
]


@pytest.mark.parametrize(("now", "before", "change"), CURRENCIES)
def test_key_figures_in_two_currencies_have_no_change(
    snapshot: Snapshot, now: tuple[str | None, int | None], before: tuple[str | None, int | None], change: tuple[str | None, int | None]
) -> None:
    section = Metrics(
        "figures", "Figures", query="", columns=(Text("currency", "Currency"), Money("amount", "Amount", currency_column="currency"))
    )
    query = """select * from (values
        (date '2014-06-01', %(now_currency)s::text, %(now_amount)s::numeric), (date '2014-05-01', %(before_currency)s::text, %(before_amount)s::numeric)
    ) as figure (day, currency, amount) where day = %(period_start)s"""
    given = {**JUNE, "now_currency": now[0], "now_amount": now[1], "before_currency": before[0], "before_amount": before[1]}
    document = bound(snapshot, entry(section, queries={"figures": query}, asked=Two), given)
    (row,) = told(document)
    assert (row["currency"], row["amount"]) == now
    assert (row["currency_before"], row["amount_before"]) == before
    assert (row["currency_change"], row["amount_change"]) == change
    found = {column.name: getattr(column, "currency_column", None) for column in document.tables[0].columns}
    assert (found["amount"], found["amount_before"], found["amount_change"]) == ("currency", "currency_before", "currency_change")


def test_a_quantity_that_says_its_unit_is_compared_in_it(snapshot: Snapshot) -> None:
    section = Metrics("figures", "Figures", query="", columns=(Text("unit", "Unit"), Quantity("net", "Net", unit_column="unit")))
    query = "select case when %(period_start)s = date '2014-06-01' then 'MWh' else 'kWh' end as unit, 5 as net"
    (row,) = told(bound(snapshot, entry(section, queries={"figures": query})))
    assert (row["net"], row["net_before"], row["net_change"], row["net_change_percent"]) == (5, 5, None, None)


def test_a_query_may_read_a_base_or_none(snapshot: Snapshot) -> None:
    """Most queries here read the takings of the period as their base; this one has the period in itself."""
    query = "select extract(day from %(period_end)s::date - 1)::int as takings, 0 as amount, 0 as mean, '' as best"
    (row,) = told(bound(snapshot, entry(FIGURES, queries={"figures": query}, base=None)))
    assert (row["takings"], row["takings_before"]) == (30, 31)


def test_a_chart_of_one_figure_shows_what_it_was_too_and_one_of_several_does_not(snapshot: Snapshot) -> None:
    drawn, both = bound(snapshot, entry(SHOPS, DRAWN, BOTH)).sections[1:]
    assert isinstance(drawn, BoundChart)
    assert isinstance(both, BoundChart)
    assert [column.title for column in drawn.columns] == ["Shop", "Amount", "Amount before"]
    assert list(drawn.rows()) == [("north", 120, 100), ("south", 30, None), ("west", None, 50)]
    assert list(both.rows()) == [("north", 2, 120), ("south", 1, 30), ("west", None, None)]


def test_what_it_is_compared_with_stands_among_the_parameters(snapshot: Snapshot) -> None:
    document = bound(snapshot, entry(FIGURES, asked=DaysAsOf), {"period": "2014-06", "as_of": "2014-07-31"})
    answer = document.parameters[-1]
    assert (answer.name, answer.title) == ("compare", "Compared with")
    assert answer.shown == "previous period, 2014-05-01 to 2014-05-31 (UTC); As of 2014-06-30 (UTC)"


def test_another_period_of_the_question_goes_back_with_the_first(snapshot: Snapshot) -> None:
    """June with its 3 takings is seen on 31 July; May with its 5 is seen on 30 June."""
    section = replace(FIGURES, columns=(Integer("takings", "Takings"), Integer("day", "Day")))
    query = "select count(*) as takings, extract(day from %(as_of_end)s::date - 1)::int as day from base"
    (row,) = told(bound(snapshot, entry(section, queries={"figures": query}, asked=DaysAsOf), {"period": "2014-06", "as_of": "2014-07-31"}))
    assert (row["takings"], row["takings_before"], row["day"], row["day_before"]) == (3, 5, 31, 30)


def test_the_rows_that_were_chosen_are_those_of_both_periods(snapshot: Snapshot) -> None:
    section = Table(
        "sums",
        "Sums",
        query="",
        summary=True,
        columns=(Text("shop", "Shop"), Integer("takings", "Takings", total=True), Money("amount", "Amount", total=True)),
    )
    chosen = Choice.of(
        ["shop", "amount"], [{"field": "amount", "op": "gt", "value": 40}], {"order": [{"field": "amount_before", "descending": True}]}
    )
    with pytest.raises(UsageError, match="no column 'amount_before'"):
        bound(snapshot, entry(section, queries={"sums": QUERIES["shops"]}), choice=chosen)
    chosen = Choice.of(
        ["shop", "amount"], [{"field": "amount", "op": "gt", "value": 40}], {"order": [{"field": "shop", "descending": True}], "totals": []}
    )
    document = bound(snapshot, entry(section, queries={"sums": QUERIES["shops"]}), choice=chosen)
    assert columns(told(document), *[column.name for column in document.tables[0].columns]) == [
        ("west", None, 50, None, None), ("north", 120, 100, 20, 20),
    ]  # fmt: skip
    assert document.tables[0].control.totals == ()


def test_a_mail_tells_a_key_figure_with_its_change(snapshot: Snapshot) -> None:
    assert figures.key_figures(bound(snapshot, entry(FIGURES))) == [
        ("Amount", "£150.00, no change"), ("Takings", "3, \N{MINUS SIGN}2 (\N{MINUS SIGN}40.0%)"), ("Mean", "50.0%, +20.0\N{NO-BREAK SPACE}pp"),
    ]  # fmt: skip
    (first, *_) = figures.key_figures(bound(snapshot, entry(FIGURES), {"period": "2014-05"}))
    assert first == ("Amount", "£150.00, +£150.00 (n/a)")


def test_both_periods_are_read_from_one_snapshot(database: Database, organization: Organization, tmp_path: Path) -> None:
    """What is sold while the file is made, in either period, is in neither figure of it."""

    def sell(*_: object) -> None:
        with database.tenant(organization.id) as connection:
            connection.execute("insert into retail.product (stock_code) values ('1') on conflict do nothing")
            for number, day in (("1", "2014-05-10"), ("2", "2014-06-10")):
                connection.execute(
                    "with made as (insert into retail.sale (invoice_number, sold_at, country) values (%s, %s, 'France') returning id) "
                    "insert into retail.sale_line (sale_id, line_number, stock_code, quantity, unit_price, sold_at) select id, 1, '1', 1, 5, %s from made",
                    [number, day, day],
                )

    def revenue(name: str, look: Callable[[Document], None] | None) -> list[int]:
        asked = Request("retail.sales", organization, "json", JUNE, sections=("summary",), compare=PREVIOUS)
        made = run.render(
            asked, reports=catalog.installed(), database=database, store=Folder(tmp_path), name_file=lambda *_: name, look=look
        )
        row = json.loads(Path(made.place).read_text(encoding="utf-8"))["sections"]["summary"]
        return [row["revenue"], row["revenue_before"]]

    assert revenue("while.json", sell) == [0, 0]
    assert revenue("after.json", None) == [5, 5]


class Untimed(Parameters):
    shop: str = Field("all", title="Shop")


REFUSED = [
    (entry(FIGURES, asked=Untimed), {}, {}, r"inline\.report is about no period"),
    (entry(FIGURES), {}, {}, r"inline\.report can be compared only where it is about some days; give it a period with period="),
    (entry(ROWS), JUNE, {}, r"inline\.report has only rows here, and no figures that could be compared"),
    (entry(FIGURES, ROWS), JUNE, {"sections": ("rows",)}, r"no figures that could be compared; leave compare out, or ask for other sections"),
    (entry(FIGURES), JUNE, {"compare": "last_year"}, r"cannot be compared by 'last_year'; compare is one of: previous_period, same_period_last_year"),
    (entry(FIGURES), {"period": "0001-01"}, {}, r"it would lie before 0001-01-02"),
]  # fmt: skip


@pytest.mark.parametrize(("report", "given", "request_", "said"), REFUSED)
def test_what_cannot_be_compared_is_refused_in_one_line(
    snapshot: Snapshot, report: Entry, given: dict[str, Any], request_: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        bound(snapshot, report, given, **request_)
    assert "\n" not in str(refused.value)


def test_days_that_are_given_are_taken(snapshot: Snapshot) -> None:
    """A period to date is compared with the days that were found when it was said, though its days alone would not tell which."""
    document = bound(snapshot, entry(FIGURES), {"period": "2014-06-01/2014-06-02"})
    found = document.parameters[-1].value
    pinned = replace(found, days=replace(found.days, start=found.days.start.replace(day=1), end=found.days.end.replace(month=5, day=3)))
    (row,) = told(bound(snapshot, entry(FIGURES), {"period": "2014-06-01/2014-06-02"}, compare=pinned))
    assert (row["takings"], row["takings_before"]) == (2, 2)


def test_a_parameter_of_a_report_cannot_be_called_so() -> None:
    class Own(Parameters):
        compare: str = "x"

    with pytest.raises(Exception, match="has a parameter 'compare', which is asked of every report"):
        entry(FIGURES, asked=Own)


def test_figures_are_what_is_comparable() -> None:
    assert [comparison.comparable(section) for section in (FIGURES, SHOPS, DAILY, ROWS, DRAWN, Table("t", "T", query="", columns=(Flag("f", "F"),)))] == [
        True, True, True, False, False, False,
    ]  # fmt: skip
