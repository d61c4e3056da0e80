"""What the plants cost by category: against the budget, and from month to month."""

from octavo.packs.energy import columns
from octavo.packs.energy.parameters import OneProject
from octavo.pipeline.definition import (
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
    Report,
    Table,
    Template,
    Text,
)


class Expenses(Parameters):
    """The expenses of a period, of all plants or of one."""

    period: Period = Field(Period("year_to_date"), title="Period")
    project_id: OneProject = None


_BUDGET = "Of the months that begin in the period, whole."
_VARIANCE = "Expenses less budget: above 0 more was spent."
_PERCENT = "The variance in percent of the budget. Empty (not applicable) where nothing or 0 was budgeted."


def _amount(name: str, title: str, description: str = "") -> Money:
    return Money(name, title, total=True, currency_column="currency", description=description)


_AGAINST_BUDGET = (
    _amount("amount", "Expenses"),
    _amount("budget", "Budget", _BUDGET),
    _amount("variance_amount", "Variance", _VARIANCE),
    Percent("variance_percent", "Variance, %", decimals=2, description=_PERCENT),
)
_TREND = (
    Money("change_amount", "Change", currency_column="currency", description="From the month before, in the period. Empty in the first."),
    Percent("change_percent", "Change, %", decimals=2, description="Of the month before. Empty (not applicable) where that was 0."),
)

report = Report(
    "Expense by category",
    "Received invoices by their date, as they were billed, and other expenses, before tax; against the budget, and from month to month.",
    parameters=Expenses,
    template=Template("Expense by Category", "xlsx"),
    sections=(
        Metrics(
            "summary",
            "Summary",
            query="summary.sql",
            columns=(
                Integer("categories", "Categories"),
                Integer("over_budget", "Over budget", description="Categories of which more was spent than was budgeted."),
                Text("currency", "Currency", description=columns.ONE_CURRENCY),
                Money("amount", "Expenses", currency_column="currency", description=columns.ONE_CURRENCY),
                Money("budget", "Budget", currency_column="currency", description=f"{_BUDGET} {columns.ONE_CURRENCY}"),
                Money("variance_amount", "Variance", currency_column="currency", description=f"{_VARIANCE} {columns.ONE_CURRENCY}"),
                Percent("variance_percent", "Variance, %", decimals=2, description=_PERCENT),
            ),
        ),
        Chart("category_chart", "Expenses and budget by category", of="categories", x="category", y=("amount", "budget")),
        Table(
            "categories",
            "By category",
            query="categories.sql",
            columns=(
                Text("category", "Category"),
                Text("currency", "Currency"),
                Integer("lines", "Lines", total=True),
                *_AGAINST_BUDGET,
                Percent("share", "Share", description="Of all expenses in that currency; empty where that is 0."),
                Flag("over_budget", "Over budget", highlight=True),
            ),
        ),
        Chart("month_chart", "Expenses and budget by month", of="by_month", x="month", y=("amount", "budget")),
        Table(
            "by_month",
            "By month",
            query="by_month.sql",
            columns=(Date("month", "Month"), Text("currency", "Currency"), *_AGAINST_BUDGET, *_TREND),
        ),
        Table(
            "months",
            "By category and month",
            query="months.sql",
            group_by=("category",),
            columns=(Text("category", "Category"), Date("month", "Month"), Text("currency", "Currency"), *_AGAINST_BUDGET, *_TREND),
        ),
    ),
)
