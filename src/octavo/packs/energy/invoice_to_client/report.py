"""The invoices of a billing period as they go to the client: header, lines with what was metered, tax by rate."""

from octavo.packs.energy import columns
from octavo.packs.energy.parameters import InvoiceScope
from octavo.pipeline.definition import Date, Integer, Metrics, Money, Percent, Quantity, Report, Table, Template, Text

report = Report(
    "Invoice to client",
    "The invoices issued for a billing period: who owes what, for which deliveries and readings, with tax by rate.",
    parameters=InvoiceScope,
    template=Template("Invoice to Client"),
    layout="layout.typ",
    sections=(
        Metrics(
            "summary",
            "Summary",
            query="summary.sql",
            columns=(
                Integer("invoices", "Invoices"),
                Integer("lines", "Lines"),
                *columns.SUMMARY_SUMS,
            ),
        ),
        Table(
            "invoices",
            "Invoices",
            query="invoices.sql",
            columns=(
                Text("invoice_number", "Invoice"),
                Date("issue_date", "Issued"),
                Date("due_date", "Due"),
                Text("status", "Status"),
                Text("contract_number", "Contract no."),
                Text("contract_name", "Contract"),
                Text("project_name", "Project"),
                *columns.PERIOD,
                Text("buyer_name", "Buyer", pii=True),
                Text("buyer_address", "Buyer's address", pii=True, long=True, description="One line of the address a line."),
                Text("buyer_vat_number", "Buyer's VAT number", pii=True),
                *columns.INVOICE_SUMS,
                Text(
                    "note", "Note", long=True, description="What the law or the contract wants said on the invoice, such as reverse charge."
                ),
            ),
        ),
        Table(
            "lines",
            "Lines",
            query="lines.sql",
            group_by=("invoice_number",),
            columns=(
                Text("invoice_number", "Invoice"),
                Integer("line_number", "Line"),
                Text("description", "Description", long=True),
                Text("line_type", "Type"),
                *columns.QUANTITY,
                *columns.LINE_SUMS,
                *columns.METERED,
                Text("meter_name", "Meter"),
            ),
        ),
        Table(
            "taxes",
            "Tax by rate",
            query="taxes.sql",
            group_by=("invoice_number",),
            columns=(
                Text("invoice_number", "Invoice"),
                Percent("tax_rate", "Tax rate"),
                Money("taxable_amount", "Taxable amount", total=True, currency_column="currency"),
                Money(
                    "tax_amount",
                    "Tax",
                    total=True,
                    currency_column="currency",
                    description="Taxable amount × rate, rounded to the cent, half away from zero.",
                ),
                Text("currency", "Currency"),
            ),
        ),
        Table(
            "metering",
            "Metering",
            query="metering.sql",
            group_by=("invoice_number",),
            columns=(
                Text("invoice_number", "Invoice"),
                Text("meter_number", "Meter no."),
                Text("meter_name", "Meter"),
                Text("aggregation_type", "Aggregation"),
                Date("period_start", "From"),
                Date("period_end", "To", description="The last day, included."),
                Text("time_zone", "Time zone", description="Whose midnights bound the period."),
                Integer("intervals", "Intervals", description="How many readings were added up."),
                Quantity("metered_value", "Metered", decimals=3, unit_column="metered_unit"),
                Text("metered_unit", "Unit"),
            ),
        ),
    ),
)
