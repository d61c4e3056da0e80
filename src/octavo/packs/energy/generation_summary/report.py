"""What the plants produced, lost and were told not to produce, by month and by plant."""

from octavo.packs.energy import columns
from octavo.packs.energy.parameters import MonthsIn, OneProject
from octavo.pipeline.definition import (
    Chart,
    Date,
    Field,
    Integer,
    Metrics,
    Parameters,
    Percent,
    Period,
    Quantity,
    Report,
    Table,
    Template,
    Text,
)


class Generation(Parameters):
    """The production of a period, of all plants or of one."""

    period: Period = Field(Period("year_to_date"), title="Period")
    project_id: OneProject = None
    months_in: MonthsIn = "plant"


_FIGURES = (
    *columns.ENERGY,
    Percent(
        "availability_percent",
        "Available",
        decimals=2,
        description="What was not lost, of net + lost + curtailed energy; nothing is excused.",
    ),
    Percent(
        "capacity_factor_percent",
        "Capacity factor",
        decimals=2,
        description="Net energy, of what the capacity would yield in the hours that were metered. Empty where no capacity is known.",
    ),
)
_COVERED = Percent("covered_percent", "Metered", decimals=2, description="Of the hours in the month, those that the readings cover.")

report = Report(
    "Generation summary",
    "Energy by the revenue meters of the plants. A reading belongs to the day on which its interval begins, in the zone named beside it.",
    parameters=Generation,
    template=Template("Generation Summary"),
    sections=(
        Metrics(
            "summary",
            "Summary",
            query="summary.sql",
            columns=(
                Integer("plants", "Plants"),
                Integer("readings", "Readings"),
                Text("time_zones", "Months in", description="The time zones whose midnights bound the days and months."),
                *_FIGURES,
            ),
        ),
        Chart("month_chart", "Net energy and what was lost", of="by_month", x="month", y=("net_mwh", "lost_mwh", "curtailed_mwh")),
        Table("by_month", "By month", query="by_month.sql", columns=(Date("month", "Month"), Integer("plants", "Plants"), *_FIGURES)),
        Table(
            "plants",
            "By plant",
            query="plants.sql",
            columns=(
                Text("project_name", "Plant"),
                Text("technology", "Technology"),
                Text("time_zone", "Months in"),
                Quantity("capacity_kw", "Capacity", decimals=0, unit="kW", total=True),
                *_FIGURES,
            ),
        ),
        Table(
            "months",
            "By plant and month",
            query="months.sql",
            group_by=("project_name",),
            columns=(
                Text("project_name", "Plant"),
                Date("month", "Month"),
                Text("time_zone", "Months in"),
                Integer("readings", "Readings", total=True),
                _COVERED,
                *_FIGURES,
            ),
        ),
    ),
)
