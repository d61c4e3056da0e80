"""Invoice lines, as many as asked for."""

from octavo.pipeline.definition import Date, Instant, Integer, Money, Parameters, Quantity, Report, Table, Text


class HowMany(Parameters):
    """`rows`: how many lines."""

    rows: int = 1_000_000


report = Report(
    "Invoice lines",
    "Twelve columns of invoice lines",
    parameters=HowMany,
    sections=(
        Table(
            "lines",
            "Lines",
            query="lines.sql",
            columns=(
                Integer("id", "Id"),
                Integer("invoice_id", "Invoice id"),
                Text("invoice_number", "Invoice"),
                Date("period_start", "From"),
                Date("period_end", "To"),
                Text("contract_name", "Contract"),
                Text("description", "Description"),
                Quantity("quantity", "Quantity", total=True, decimals=3, unit="kWh"),
                Money("unit_price", "Unit price", decimals=6),
                Money("line_total", "Total", total=True),
                Text("unit", "Unit"),
                Instant("created_at", "Created"),
            ),
        ),
    ),
)
