"""The readings of the meters as a dataset: one row for each interval."""

from typing import Literal

from octavo.packs.energy import columns
from octavo.packs.energy.parameters import MonthsIn, OneProject
from octavo.pipeline.definition import Date, Field, Instant, Integer, Parameters, Period, Report, Table, Template, Text


class Readings(Parameters):
    """The readings whose interval begins in a period, of all plants or of one."""

    period: Period = Field(Period("previous_month"), title="Period")
    project_id: OneProject = None
    meter_kind: Literal["revenue", "check", "import"] | None = Field(
        None, title="Kind of meter", description="Any kind when it is not given."
    )
    months_in: MonthsIn = "plant"


report = Report(
    "Meter data",
    "What the meters counted, interval by interval. The days of the period are those of the zone named in each row; the instants are shown in the zone of the report.",
    parameters=Readings,
    template=Template("Meter Data", "csv"),
    sections=(
        Table(
            "readings",
            "Readings",
            query="readings.sql",
            columns=(
                Text("project_name", "Plant"),
                Text("meter_number", "Meter"),
                Text("meter_kind", "Kind"),
                Instant("interval_start", "Interval begins"),
                Integer("interval_minutes", "Minutes"),
                Date("day", "Day", description="On which the interval begins, in the zone beside it."),
                Text("time_zone", "Days in"),
                *columns.READ,
            ),
        ),
    ),
)
