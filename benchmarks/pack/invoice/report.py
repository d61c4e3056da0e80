"""One invoice: a header and twenty lines with a total."""

from octavo.pipeline.definition import Date, Integer, Metrics, Money, Quantity, Report, Table, Text

report = Report(
    "Invoice",
    "One invoice of twenty lines",
    sections=(
        Metrics(
            "header",
            "Invoice",
            query="header.sql",
            columns=(
                Text("invoice_number", "Number"),
                Date("issue_date", "Issued"),
                Date("due_date", "Due"),
                Money("subtotal", "Subtotal"),
                Money("tax", "Tax 20 %"),
                Money("total", "To pay"),
            ),
        ),
        Table(
            "lines",
            "Lines",
            query="lines.sql",
            columns=(
                Integer("id", "No."),
                Text("description", "Description"),
                Quantity("quantity", "Quantity", decimals=3, unit="kWh"),
                Money("unit_price", "Unit price", decimals=6),
                Money("line_total", "Total", total=True),
            ),
        ),
    ),
)
