"""Liquidated damages: what each guarantee measured month by month, what is missing, and what falling short costs by the form of the contract."""

from octavo.packs.energy import columns
from octavo.packs.energy.parameters import MonthsIn, Span
from octavo.pipeline.definition import Chart, Date, Flag, Integer, Metrics, Money, Percent, Quantity, Report, Table, Template, Text


class Damages(Span):
    """The whole months of a period that have ended."""

    months_in: MonthsIn = "plant"


_CAPS = "Within the caps: of the month, a percentage of what the prices of the contract come to; of the calendar year, an amount."
_UNCAPPED = Money("uncapped", "Before caps", currency_column="currency", description="By the form of the clause, before its caps.")
_OWED = (
    Money("payable", "We owe", total=True, currency_column="currency", description=f"Of power purchases: to the buyer. {_CAPS}"),
    Money(
        "receivable", "Owed to us", total=True, currency_column="currency", description=f"Of other contracts: by the contractor. {_CAPS}"
    ),
)

report = Report(
    "LD summary",
    "Liquidated damages for the whole months of the period that have ended. Available is (net + curtailed) of (net + curtailed + lost) energy, without what was lost in excused outages.",
    parameters=Damages,
    base="base.sql",
    template=Template("LD Summary"),
    sections=(
        Metrics(
            "summary",
            "Summary",
            query="summary.sql",
            columns=(
                Integer("clauses", "Guarantees"),
                Integer("months", "Months measured", description="Each month of each guarantee."),
                Integer("months_below", "Months below"),
                Integer(
                    "months_open", "Not measured", description="Months in which nothing was metered, or whose guarantee is assessed later."
                ),
                Integer(
                    "clauses_left_out",
                    "Guarantees left out",
                    description="With damages, but of a kind that needs other data than meter readings (a performance ratio needs the irradiation).",
                ),
                Text("time_zones", "Months in", description="The time zones whose midnights bound the months."),
                Text("currency", "Currency", description=columns.ONE_CURRENCY),
                Money(
                    "payable",
                    "We owe",
                    currency_column="currency",
                    description=f"Of power purchases, to the buyers. {columns.ONE_CURRENCY}",
                ),
                Money(
                    "receivable",
                    "Owed to us",
                    currency_column="currency",
                    description=f"Of other contracts, by the contractors. {columns.ONE_CURRENCY}",
                ),
            ),
        ),
        Chart("damages_chart", "Damages by month", of="by_month", x="month", y=("payable", "receivable")),
        Table(
            "by_month",
            "By month",
            query="by_month.sql",
            columns=(
                Date("month", "Month"),
                Integer("months_measured", "Measured", total=True, description="Guarantees measured in it."),
                Integer("months_below", "Below", total=True),
                Text("currency", "Currency"),
                *_OWED,
            ),
        ),
        Table(
            "clauses",
            "By guarantee",
            query="clauses.sql",
            columns=(
                Text("contract_number", "Contract no."),
                Text("clause_reference", "Clause"),
                Text("counterparty_name", "Counterparty", pii=True),
                Text("project_name", "Plant"),
                Text("form", "Damages", long=True, description="What falling short costs, as the clause says."),
                Text("caps", "Caps", long=True),
                Quantity("guaranteed_value", "Guaranteed", decimals=2, unit_column="unit"),
                Quantity("lowest", "Lowest measured", decimals=4, unit_column="unit"),
                Text("unit", "Unit"),
                Integer("months_measured", "Months", total=True),
                Integer("months_below", "Below", total=True),
                Text("currency", "Currency"),
                _UNCAPPED,
                *_OWED,
            ),
        ),
        Table(
            "months",
            "By guarantee and month",
            query="months.sql",
            group_by=("guarantee",),
            columns=(
                Text("guarantee", "Guarantee", description="Contract, clause and title."),
                Date("month", "Month"),
                Text("time_zone", "Months in"),
                Percent("covered_percent", "Metered", decimals=2, description="Of the hours in the month, those that the readings cover."),
                Quantity("net_mwh", "Net", decimals=3, unit="MWh"),
                Quantity("lost_mwh", "Lost", decimals=3, unit="MWh"),
                Quantity("excused_mwh", "Excused", decimals=3, unit="MWh", description="Of what was lost, the part in excused outages."),
                Quantity("excused_hours", "Excused", decimals=2, unit="h"),
                Quantity("curtailed_mwh", "Curtailed", decimals=3, unit="MWh"),
                Quantity("measured", "Measured", decimals=4, unit_column="unit", description="Over the months that the clause says."),
                Quantity("guaranteed_value", "Guaranteed", decimals=2, unit_column="unit"),
                Text("unit", "Unit"),
                Quantity("missing", "Missing", decimals=4, unit_column="unit"),
                Percent("factor_percent", "Factor", decimals=4, description="Of the payment, what is left (forms that lower a payment)."),
                Text("currency", "Currency"),
                _UNCAPPED,
                *_OWED,
                Flag("below", "Below", highlight=True),
            ),
        ),
        Table(
            "events", "Breaches of these guarantees", query="events.sql", columns=(Text("contract_number", "Contract no."), *columns.BREACH)
        ),
    ),
)
