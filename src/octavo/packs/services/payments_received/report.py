"""Payments: what came in, from whom, how, and what it was applied to."""

from typing import Literal

from octavo.packs.services import columns
from octavo.packs.services.parameters import Scope
from octavo.pipeline.definition import Breakdown, Chart, Date, Field, Integer, Metrics, Money, Report, Table, Text

METHODS = Literal["bank transfer", "direct debit", "card", "cheque", "cash"]


class PaymentScope(Scope):
    """Payments by the day on which they were received. Overdue: received after the due date of an invoice that they settle.
    A project: the payments that settle something of it, whole.
    """

    status: Literal["applied", "partly applied", "unapplied"] | None = Field(
        None, title="Status", description="Whether the payment is applied to invoices; any when it is not given."
    )
    method: METHODS | None = Field(None, title="Method", description="Any method when it is not given.")


PAYMENTS = Integer("payments", "Payments", total=True)
AMOUNT = Money("amount", "Amount", total=True)
BREAKDOWNS = columns.breakdowns(PAYMENTS, (AMOUNT,))

summary = Metrics(
    "summary",
    "Summary",
    query="summary.sql",
    columns=(
        Integer("payments", "Payments"),
        Money("amount", "Received"),
        Money("applied", "Applied to invoices"),
        Money("unapplied", "Not applied"),
        Integer("late", "Late payments", description="Received after the due date of an invoice that they settle."),
        Money("mean_amount", "Mean payment"),
        Money("median_amount", "Median payment"),
        Money("p90_amount", "90th percentile"),
        Money("min_amount", "Smallest payment"),
        Money("max_amount", "Largest payment"),
        Text("percentile_method", "Percentile method"),
    ),
)

by_method = Breakdown(
    "by_method", "By method", query="by_method.sql", share_of="payments", columns=(Text("method", "Method"), PAYMENTS, AMOUNT)
)

payments = Table(
    "payments",
    "Payments",
    query="payments.sql",
    columns=(
        Text("number", "Payment"),
        Date("received_on", "Received"),
        *columns.CUSTOMER,
        Text("method", "Method"),
        Text("status", "Status"),
        Text("invoices", "Invoices", description="Those that it settles, in whole or in part."),
        Integer("days_late", "Days late", description="After the earliest due date of those invoices."),
        Money("amount", "Amount", total=True),
        Money("applied", "Applied", total=True),
        Money("unapplied", "Not applied", total=True),
    ),
)

report = Report(
    "Payments received",
    "What customers paid, by method, month and customer, and what it was applied to.",
    parameters=PaymentScope,
    base="asked.sql",
    sections=(
        summary,
        columns.distribution(PAYMENTS, "Amount", "The upper end of a range belongs to it."),
        by_method,
        BREAKDOWNS["by_status"],
        BREAKDOWNS["by_month"],
        Chart("received_by_month", "Received by month", of="by_month", x="month", y="amount"),
        BREAKDOWNS["by_customer"],
        payments,
    ),
)
