"""Revenue and expenses of the plants before tax: by month, by category, by plant, and what remains."""

from octavo.packs.energy import columns
from octavo.packs.energy.parameters import Span
from octavo.pipeline.definition import Chart, Date, Integer, Metrics, Money, Percent, Report, Table, Template, Text

_MARGIN = Percent("margin_percent", "Margin", description="The result in percent of the revenue. Empty where there was no revenue.")


def _amount(name: str, title: str, description: str = "") -> Money:
    return Money(name, title, total=True, currency_column="currency", description=description)


_RESULT = (
    Text("currency", "Currency"),
    _amount("revenue", "Revenue"),
    _amount("expenses", "Expenses"),
    _amount("result", "Result", "Revenue less expenses."),
    _MARGIN,
)

report = Report(
    "Financial summary",
    "Before tax. Revenue: invoices to clients by their date, without drafts. Expenses: received invoices by their date, as they were billed, and other expenses.",
    parameters=Span,
    template=Template("Financial Summary", "xlsx"),
    sections=(
        Metrics(
            "summary",
            "Summary",
            query="summary.sql",
            columns=(
                Text("currency", "Currency", description=columns.ONE_CURRENCY),
                Money("revenue", "Revenue", currency_column="currency", description=columns.ONE_CURRENCY),
                Money("expenses", "Expenses", currency_column="currency", description=columns.ONE_CURRENCY),
                Money("result", "Result", currency_column="currency", description=f"Revenue less expenses. {columns.ONE_CURRENCY}"),
                _MARGIN,
            ),
        ),
        Chart("month_chart", "Revenue and expenses by month", of="by_month", x="month", y=("revenue", "expenses")),
        Table("by_month", "By month", query="by_month.sql", columns=(Date("month", "Month"), *_RESULT)),
        Table(
            "categories",
            "By category",
            query="categories.sql",
            group_by=("side",),
            columns=(
                Text("side", "Side"),
                Text("category", "Category"),
                Text("currency", "Currency"),
                Integer("lines", "Lines", total=True),
                # No total: revenue and expenses are not to be added.
                Money("amount", "Amount", currency_column="currency"),
                Percent("share", "Share", description="Of its side in that currency; empty where that is 0."),
            ),
        ),
        Table("plants", "By plant", query="plants.sql", columns=(Text("project_name", "Plant"), *_RESULT)),
        Table(
            "contracts",
            "By contract",
            query="contracts.sql",
            columns=(
                Text("contract_number", "Contract no."),
                Text("party_name", "Counterparty", pii=True, description="Or that there is no contract."),
                Text("project_name", "Plant"),
                *_RESULT[:-1],
            ),
        ),
    ),
)
