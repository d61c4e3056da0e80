"""What the contractors billed for a period, as printed on their invoices, and whether each invoice adds up."""

from octavo.packs.energy import columns
from octavo.packs.energy.parameters import InvoiceScope
from octavo.pipeline.definition import Chart, Date, Flag, Integer, Metrics, Money, Report, Table, Template, Text

report = Report(
    "Received invoices",
    "What contractors billed for a billing period, for review: numbers and dates, what is printed, and whether it adds up.",
    parameters=InvoiceScope,
    template=Template("Received Invoice"),
    sections=(
        Metrics(
            "summary",
            "Summary",
            query="summary.sql",
            columns=(
                Integer("invoices", "Received invoices"),
                Integer("lines", "Lines"),
                Integer("not_adding_up", "Not adding up", description="Invoices whose printed total is not that of their lines with tax."),
                Text("currency", "Currency", description=columns.ONE_CURRENCY),
                Money(
                    "subtotal",
                    "Subtotal",
                    currency_column="currency",
                    description=f"The sum of the line totals, before tax. {columns.ONE_CURRENCY}",
                ),
                Money("stated_tax", "Tax", currency_column="currency", description=f"As printed. {columns.ONE_CURRENCY}"),
                Money("stated_total", "Total", currency_column="currency", description=f"As printed, tax included. {columns.ONE_CURRENCY}"),
            ),
        ),
        Chart("amount_chart", "Received by type of line", of="by_line_type", x="line_type", y=("amount",)),
        Table(
            "by_line_type",
            "By type of line",
            query="by_line_type.sql",
            summary=True,
            columns=columns.BY_LINE_TYPE,
        ),
        Table(
            "invoices",
            "Received invoices",
            query="invoices.sql",
            columns=(
                Text("vendor_invoice_number", "Vendor's invoice"),
                Text("vendor_name", "Contractor", pii=True),
                Text("contract_number", "Contract no."),
                Text("contract_name", "Contract"),
                Text("project_name", "Project"),
                *columns.PERIOD,
                Date("invoice_date", "Dated"),
                Date("received_date", "Received"),
                Date("due_date", "Due"),
                Text("status", "Status"),
                Text("currency", "Currency"),
                Money(
                    "subtotal", "Subtotal", total=True, currency_column="currency", description="The sum of the line totals, before tax."
                ),
                Money("stated_tax", "Tax", total=True, currency_column="currency", description="As printed."),
                Money("stated_total", "Total", total=True, currency_column="currency", description="As printed, tax included."),
                Money(
                    "difference",
                    "Difference",
                    total=True,
                    currency_column="currency",
                    description="The printed total less the lines with the tax of each rate, rounded once a rate. 0 where the invoice adds up.",
                ),
                Flag("adds_up", "Adds up"),
            ),
        ),
        Table(
            "lines",
            "Lines",
            query="lines.sql",
            group_by=("contract_number", "vendor_invoice_number"),
            columns=(
                Text("contract_number", "Contract no."),
                Text("vendor_invoice_number", "Vendor's invoice"),
                Integer("line_number", "Line"),
                Text("description", "Description", long=True),
                Text("line_type", "Type"),
                *columns.QUANTITY,
                *columns.LINE_SUMS,
            ),
        ),
    ),
)
