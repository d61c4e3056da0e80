"""What every report of this pack can be asked: when, as of which day, for whom, and which percentile."""

from typing import Literal

from octavo.pipeline.definition import Annotated, Field, Lookup, Parameters, Period


class Scope(Parameters):
    """Everything, or what belongs to a period, a customer, a project; as it stood at the end of a day."""

    period: Period | None = Field(None, title="Period", description="All of them when it is not given.")
    as_of: Period = Field(
        Period("today"),
        title="As of",
        description="What happened after this day is not seen. Its last day counts: today, 2014-06-30, or previous_month for the day it ended.",
    )
    customer_id: Annotated[str | None, Lookup("lookups/customers.sql", pii=True)] = Field(
        None, title="Customer", description="The code of a customer; all of them when it is not given."
    )
    project_id: Annotated[str | None, Lookup("lookups/projects.sql")] = Field(
        None, title="Project", description="The code of a project; all of them when it is not given."
    )
    overdue_only: bool = Field(False, title="Overdue only")
    percentile: Literal["inc", "exc", "disc"] = Field(
        "inc",
        title="Percentile method",
        description="inc: interpolated, as PERCENTILE.INC; exc: as PERCENTILE.EXC; disc: a value that is there, as percentile_disc.",
    )
