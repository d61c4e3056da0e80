"""What the power purchases of a billing period are settled with: metered energy at its prices, adjustments, damages, net; and what was invoiced."""

from octavo.packs.energy import columns
from octavo.packs.energy.parameters import InvoiceScope
from octavo.pipeline.definition import Chart, Date, Flag, Integer, Metrics, Money, Percent, Quantity, Report, Table, Template, Text

_ONE = columns.ONE_CURRENCY


def _amount(name: str, title: str, description: str = "") -> Money:
    return Money(name, title, total=True, currency_column="currency", description=description)


def _one(name: str, title: str, description: str = "") -> Money:
    return Money(name, title, currency_column="currency", description=f"{description} {_ONE}".strip())


_ENERGY = "With deemed energy and monthly payments."
_ADJUSTMENTS = "Certificates, balancing, fees, true-ups of earlier months."
_DAMAGES = "Liquidated damages of the months that end in the billing period, within the caps of the clauses; they lower the settlement."
_DIFFERENCE = "Invoiced less net. 0 where the invoices bill what is settled."

report = Report(
    "Monthly settlement",
    "Metered energy at the prices of the contracts, adjustments and damages, before tax. The days of the billing period are those of each plant's time zone.",
    parameters=InvoiceScope,
    base="base.sql",
    template=Template("Monthly Settlement"),
    sections=(
        Metrics(
            "summary",
            "Summary",
            query="summary.sql",
            columns=(
                *columns.PERIOD[1:],
                Integer("contracts", "Contracts"),
                Quantity("net_mwh", "Net energy", decimals=3, unit="MWh", description="Of the plants settled, each once."),
                Text("currency", "Currency", description=_ONE),
                _one("energy_amount", "Energy", _ENERGY),
                _one("adjustment_amount", "Adjustments", _ADJUSTMENTS),
                _one("damages_amount", "Damages", _DAMAGES),
                _one("net_amount", "Net"),
                _one("invoiced_amount", "Invoiced", "Issued invoices to the clients for the billing period, before tax."),
                _one("difference", "Difference", _DIFFERENCE),
            ),
        ),
        Chart("day_chart", "Energy by day", of="days", x="day", y=("net_mwh", "lost_mwh", "curtailed_mwh")),
        Table(
            "contracts",
            "By contract",
            query="contracts.sql",
            columns=(
                Text("contract_number", "Contract no."),
                Text("buyer_name", "Buyer", pii=True),
                Text("project_name", "Plant"),
                Text("time_zone", "Days in"),
                Quantity("net_mwh", "Net energy", decimals=3, unit="MWh"),
                Text("currency", "Currency"),
                _amount("energy_amount", "Energy", _ENERGY),
                _amount("adjustment_amount", "Adjustments", _ADJUSTMENTS),
                _amount("damages_amount", "Damages", _DAMAGES),
                _amount("net_amount", "Net"),
                _amount("invoiced_amount", "Invoiced", "Issued invoices to the client for the billing period, before tax."),
                _amount("difference", "Difference", _DIFFERENCE),
                Flag("differs", "Differs", highlight=True),
            ),
        ),
        Table(
            "lines",
            "Pricing, adjustments and damages",
            query="lines.sql",
            group_by=("contract",),
            columns=(
                Text("contract", "Contract", description="Number and name."),
                Integer("line_number", "Line"),
                Text("kind", "Kind", description="energy, deemed energy (curtailed), monthly payment, adjustment, or liquidated damages."),
                Text("description", "Description", long=True),
                Quantity("quantity", "Quantity", decimals=3, unit_column="unit"),
                Text("unit", "Unit"),
                Money("unit_price", "Unit price", decimals=4, currency_column="currency"),
                Text("currency", "Currency"),
                _amount("amount", "Amount", "Quantity times unit price, rounded once."),
            ),
        ),
        Table(
            "metering",
            "Metering",
            query="metering.sql",
            columns=(
                Text("meter_number", "Meter"),
                Text("meter_name", "Name"),
                Text("project_name", "Plant"),
                Text("time_zone", "Days in"),
                Integer("readings", "Readings", total=True),
                Percent(
                    "covered_percent",
                    "Covered",
                    decimals=2,
                    description="Of the hours in the billing period, those that the readings cover.",
                ),
                *columns.ENERGY,
            ),
        ),
        Table(
            "days",
            "Meter data by day",
            query="days.sql",
            columns=(Date("day", "Day"), Integer("readings", "Readings", total=True), *columns.ENERGY),
        ),
    ),
)
