"""Invoices: how long customers take to pay them, what is still open, and for how many days of sales that stands."""

from typing import Literal

from octavo.packs.services import columns
from octavo.packs.services.parameters import Scope
from octavo.pipeline.definition import Chart, Date, Field, Flag, Integer, Metrics, Money, Percent, Quantity, Report, Table, Text


class InvoiceScope(Scope):
    """Invoices by the day on which they were issued. Overdue: something is open after the due date."""

    status: Literal["open", "partly paid", "overdue", "settled"] | None = Field(
        None, title="Status", description="Any status when it is not given."
    )


INVOICES = Integer("invoices", "Invoices", total=True)
TOTAL = Money("total", "Invoiced", total=True)
OPEN = Money("open_amount", "Open", total=True)
BREAKDOWNS = columns.breakdowns(INVOICES, (TOTAL, OPEN))

summary = Metrics(
    "summary",
    "Summary",
    query="summary.sql",
    columns=(
        Integer("invoices", "Invoices", description="Issued; drafts and void invoices are not counted."),
        Money("total", "Invoiced"),
        Money("paid", "Paid", description="Payments that are applied to these invoices, up to the day."),
        Money("open_amount", "Open"),
        Integer("overdue", "Overdue invoices"),
        Money("overdue_amount", "Overdue amount"),
        Integer("settled", "Settled invoices"),
        Percent("settled_late", "Settled late, of settled invoices"),
        *columns.DAYS,
        Quantity(
            "dso",
            "DSO, of invoices of the period",
            unit="days",
            decimals=1,
            description="What is open of the invoices of the period, as a share of what they came to, times the days of the period; not "
            "available without a period.",
        ),
        Quantity(
            "dso_countback",
            "DSO, counted back",
            unit="days",
            decimals=1,
            description="What is open in all, taken from the sales of the latest month and of those before until it is used up: all the days of "
            "a month whose sales are used up, and of the last as many as the rest is of its sales.",
        ),
    ),
)

invoices = Table(
    "invoices",
    "Invoices",
    query="invoices.sql",
    columns=(
        Text("number", "Invoice"),
        *columns.CUSTOMER,
        *columns.PROJECT,
        Text("status", "Status"),
        Date("issued_on", "Issued"),
        Date("due_on", "Due"),
        Money("total", "Invoiced", total=True),
        Money("paid", "Paid", total=True),
        Money("open_amount", "Open", total=True),
        Date("settled_on", "Settled", description="The day of the payment that left nothing open."),
        Integer("days", "Days", description="Calendar days from issue to settlement."),
        Integer("days_overdue", "Days late", description="Calendar days after the due date, up to settlement or the day of the report."),
        Flag("overdue", "Overdue", highlight=True),
    ),
)

report = Report(
    "Invoice settlement time",
    "How many calendar days pass between the issue of an invoice and the payment that settles it, and what is still open.",
    parameters=InvoiceScope,
    base="asked.sql",
    sections=(
        summary,
        columns.distribution(INVOICES, "Days", "Days from issue to settlement; the last row is what is still open."),
        Chart("settlement_times", "Settlement times", of="distribution", x="range", y="invoices"),
        BREAKDOWNS["by_status"],
        BREAKDOWNS["by_month"],
        Chart("invoiced_by_month", "Invoiced and still open, by month of issue", of="by_month", x="month", y=("total", "open_amount")),
        BREAKDOWNS["by_customer"],
        BREAKDOWNS["by_project"],
        invoices,
    ),
)
