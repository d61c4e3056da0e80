"""What the contractors should bill for a period, worked out from their contracts, with the calculation of each line."""

from octavo.packs.energy import columns
from octavo.packs.energy.parameters import InvoiceScope
from octavo.pipeline.definition import Chart, Date, Integer, Metrics, Report, Table, Template, Text

report = Report(
    "Expected invoices",
    "What contractors should bill for a billing period under the terms of their contracts.",
    parameters=InvoiceScope,
    template=Template("Expected Invoice"),
    sections=(
        Metrics(
            "summary",
            "Summary",
            query="summary.sql",
            columns=(
                Integer("invoices", "Expected invoices"),
                Integer("lines", "Lines"),
                *columns.SUMMARY_SUMS,
            ),
        ),
        Chart("amount_chart", "Expected by type of line", of="by_line_type", x="line_type", y=("amount",)),
        Table(
            "by_line_type",
            "By type of line",
            query="by_line_type.sql",
            summary=True,
            columns=columns.BY_LINE_TYPE,
        ),
        Table(
            "invoices",
            "Expected invoices",
            query="invoices.sql",
            columns=(
                Text("reference", "Reference"),
                Text("contract_number", "Contract no."),
                Text("contract_name", "Contract"),
                Text("project_name", "Project"),
                Text("vendor_name", "Contractor", pii=True),
                *columns.PERIOD,
                Date("due_date", "Due"),
                *columns.INVOICE_SUMS,
            ),
        ),
        Table(
            "lines",
            "Lines",
            query="lines.sql",
            group_by=("reference",),
            columns=(
                Text("reference", "Reference"),
                Integer("line_number", "Line"),
                Text("description", "Description", long=True),
                Text("line_type", "Type"),
                Text("calculation", "Calculation", long=True, description="How the contract leads to this line."),
                *columns.QUANTITY,
                *columns.LINE_SUMS,
                *columns.METERED,
            ),
        ),
    ),
)
