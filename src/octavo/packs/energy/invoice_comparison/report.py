"""What contractors billed against what their contracts let one expect: variances, lines missing on either side, discrepancies."""

from decimal import Decimal
from typing import Literal

from octavo.packs.energy import columns
from octavo.packs.energy.parameters import InvoiceScope
from octavo.pipeline.definition import Breakdown, Chart, Date, Field, Flag, Integer, Metrics, Money, Percent, Report, Table, Template, Text

_VARIANCE = "Received less expected; what is missing counts as 0."
_PERCENT = "The variance in percent of the size of what was expected, with the sign of the variance. Empty (not applicable) where nothing or 0 was expected."
_DISCREPANCY = (
    "The variance exceeds the tolerances, both of them or either one as the rule says. Exactly the tolerance does not exceed it. "
    "Where nothing or 0 was expected, the amount decides alone."
)


class Tolerance(InvoiceScope):
    """The comparisons of one billing period, and how much variance is let pass.

    Either tolerance alone would be the strict reading of "what exceeds a tolerance is held"; the default asks for both, so that the
    amount lets rounding of small lines pass and the percentage judges the rest.
    """

    tolerance_percent: Decimal = Field(
        Decimal(3), title="Tolerance, percent", ge=0, max_digits=12, decimal_places=6, description="Of what was expected."
    )
    tolerance_amount: Decimal = Field(
        Decimal("0.01"),
        title="Tolerance, amount",
        ge=0,
        max_digits=18,
        decimal_places=6,
        description="In the currency of the invoices, before tax.",
    )
    tolerance_rule: Literal["both", "either"] = Field(
        "both", title="A discrepancy exceeds", description="both: the percentage and the amount. either: already one of them."
    )


report = Report(
    "Invoice comparison",
    "Expected against received invoices of a billing period, line by line before tax, with what is missing on either side.",
    parameters=Tolerance,
    base="compared.sql",
    template=Template("Invoice Comparison"),
    sections=(
        Metrics(
            "summary",
            "Summary",
            query="summary.sql",
            columns=(
                Integer("comparisons", "Comparisons"),
                Integer("lines", "Lines"),
                Integer("discrepancies", "Discrepancies", description=_DISCREPANCY),
                Text("currency", "Currency", description=columns.ONE_CURRENCY),
                Money("expected_amount", "Expected", currency_column="currency", description=columns.ONE_CURRENCY),
                Money("received_amount", "Received", currency_column="currency", description=columns.ONE_CURRENCY),
                Money("variance_amount", "Variance", currency_column="currency", description=f"{_VARIANCE} {columns.ONE_CURRENCY}"),
                Percent("variance_percent", "Variance, %", decimals=2, description=_PERCENT),
            ),
        ),
        Breakdown(
            "matching",
            "Matching of lines",
            query="matching.sql",
            share_of="lines",
            columns=(
                Text("match", "Match"),
                Integer("lines", "Lines", total=True),
                Integer("discrepancies", "Discrepancies", total=True, description=_DISCREPANCY),
            ),
        ),
        Chart(
            "variance_chart",
            "Expected and received by type of line",
            of="by_line_type",
            x="line_type",
            y=("expected_amount", "received_amount"),
        ),
        Table(
            "by_line_type",
            "Variance by type of line",
            query="by_line_type.sql",
            summary=True,
            columns=(
                Text("line_type", "Type"),
                Text("currency", "Currency"),
                Integer("lines", "Lines", total=True),
                Integer("discrepancies", "Discrepancies", total=True, description=_DISCREPANCY),
                Money("expected_amount", "Expected", total=True, currency_column="currency"),
                Money("received_amount", "Received", total=True, currency_column="currency"),
                Money("variance_amount", "Variance", total=True, currency_column="currency", description=_VARIANCE),
                Percent("variance_percent", "Variance, %", decimals=2, description=_PERCENT),
            ),
        ),
        Table(
            "comparisons",
            "Comparisons",
            query="comparisons.sql",
            columns=(
                Text("contract_number", "Contract no."),
                Text("expected_reference", "Expected invoice"),
                Text("vendor_invoice_number", "Vendor's invoice"),
                Text("contract_name", "Contract"),
                Text("project_name", "Project"),
                Text("billing_period", "Billing period"),
                Date("period_start", "From"),
                Date("period_end", "To", description="The last day, included."),
                Text("status", "Status", description="What people decided: open, matched, disputed or accepted."),
                Text("currency", "Currency"),
                Money("expected_amount", "Expected", total=True, currency_column="currency"),
                Money("received_amount", "Received", total=True, currency_column="currency"),
                Money("variance_amount", "Variance", total=True, currency_column="currency", description=_VARIANCE),
                Percent("variance_percent", "Variance, %", decimals=2, description=_PERCENT),
                Flag("discrepancy", "Discrepancy", highlight=True, description=f"Of the invoice as a whole. {_DISCREPANCY}"),
                Integer("line_discrepancies", "Lines in discrepancy", total=True),
            ),
        ),
        Table(
            "lines",
            "Lines",
            query="lines.sql",
            group_by=("comparison",),
            columns=(
                Text("comparison", "Comparison", description="Contract: expected invoice / received invoice."),
                Text("match", "Match", description="matched, missing in received, or missing in expected."),
                Text("line_type", "Type"),
                Text("expected_description", "Expected line", long=True),
                Text("received_description", "Received line", long=True),
                Text("currency", "Currency"),
                Money("expected_amount", "Expected", total=True, currency_column="currency"),
                Money("received_amount", "Received", total=True, currency_column="currency"),
                Money("variance_amount", "Variance", total=True, currency_column="currency", description=_VARIANCE),
                Percent("variance_percent", "Variance, %", decimals=2, description=_PERCENT),
                Text("cause", "Cause", description="What differs on matched lines: price, quantity, both, or only the amount."),
                Flag("discrepancy", "Discrepancy", highlight=True, description=_DISCREPANCY),
                Text("remark", "Remark", long=True),
            ),
        ),
    ),
)
