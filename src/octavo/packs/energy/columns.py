"""The columns that the invoice reports of this pack share: each is written once."""

from octavo.pipeline.definition import Date, Integer, Money, Percent, Quantity, Text

ONE_CURRENCY = "Empty where the invoices are in several currencies: amounts are never added across them."

PERIOD = (
    Text("billing_period", "Billing period"),
    Date("period_start", "From"),
    Date("period_end", "To", description="The last day, included."),
)

# The sums of what our own rules compute, over all invoices of a report and for each.
SUMMARY_SUMS = (
    Text("currency", "Currency", description=ONE_CURRENCY),
    Money("subtotal", "Subtotal", currency_column="currency", description=ONE_CURRENCY),
    Money("tax", "Tax", currency_column="currency", description=ONE_CURRENCY),
    Money("total", "Total", currency_column="currency", description=ONE_CURRENCY),
)
INVOICE_SUMS = (
    Text("currency", "Currency"),
    Money("subtotal", "Subtotal", total=True, currency_column="currency", description="The sum of the line totals, before tax."),
    Money("tax", "Tax", total=True, currency_column="currency", description="The sum of the tax amounts of the rates, each rounded once."),
    Money("total", "Total", total=True, currency_column="currency", description="Subtotal and tax."),
)

QUANTITY = (
    Quantity("quantity", "Quantity", decimals=3, unit_column="unit", description="Empty for a lump sum."),
    Text("unit", "Unit"),
    Money("unit_price", "Unit price", decimals=4, currency_column="currency"),
)
LINE_SUMS = (
    Money("line_total", "Line total", total=True, currency_column="currency", description="Before tax."),
    Text("currency", "Currency"),
    Percent("tax_rate", "Tax rate"),
)
METERED = (
    Quantity(
        "metered_value", "Metered", decimals=3, unit_column="metered_unit", description="What the meter counted in the billing period."
    ),
    Text("metered_unit", "Metered unit"),
    Text("aggregation_type", "Aggregation", description="What was added up over the intervals of the billing period."),
)

BY_LINE_TYPE = (
    Text("line_type", "Type"),
    Text("currency", "Currency"),
    Integer("lines", "Lines", total=True),
    Money("amount", "Amount", total=True, currency_column="currency", description="Before tax."),
    Percent("share", "Share", description="Of the whole in that currency; empty where that is 0."),
)

ENERGY = (
    Quantity("net_mwh", "Net energy", decimals=3, unit="MWh", total=True, description="What the meters counted; less than 0 is import."),
    Quantity("lost_mwh", "Lost", decimals=3, unit="MWh", total=True, description="Because turbines or inverters were not available."),
    Quantity(
        "curtailed_mwh", "Curtailed", decimals=3, unit="MWh", total=True, description="Because somebody told the plant to produce less."
    ),
)

BREACH = (
    Text("clause_reference", "Clause"),
    Text("breach_reference", "Breach"),
    Text("title", "What happened", long=True),
    Date("occurred_on", "Occurred"),
    Date("notice_date", "Notice", description="The notice starts the clock."),
    Date(
        "cure_deadline",
        "Cure until",
        description="The last day to cure: of the clause's calendar or business days after the notice, or as agreed.",
    ),
    Date("cured_on", "Cured"),
    Text("status", "Status", description="not notified, in cure, overdue, open (the clause gives no time to cure), cured, or cured late."),
    Integer("days_left", "Days left", description="Calendar days until the cure is due; less than 0 when that is past."),
)
READ = (
    Quantity(
        "net_energy_kwh", "Net energy", decimals=3, unit="kWh", total=True, description="What the meter counted; less than 0 is import."
    ),
    Quantity(
        "availability_kwh", "Lost", decimals=3, unit="kWh", total=True, description="Because turbines or inverters were not available."
    ),
    Quantity(
        "curtailment_kwh", "Curtailed", decimals=3, unit="kWh", total=True, description="Because somebody told the plant to produce less."
    ),
)
