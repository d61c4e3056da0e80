"""What the reports of this pack can be asked, each written once: which billing period, which project or contract, whose months."""

from typing import Literal

from octavo.pipeline.definition import Annotated, Field, Lookup, Parameters, Period

OneProject = Annotated[int | None, Lookup("lookups/projects.sql"), Field(title="Project", description="All projects when it is not given.")]
OneContract = Annotated[
    int | None, Lookup("lookups/contracts.sql"), Field(title="Contract", description="All contracts when it is not given.")
]
AsOf = Annotated[
    Period,
    Field(title="As of", description="The end of its last day counts: today, 2014-06-30, or previous_month for the day it ended."),
]
MonthsIn = Annotated[
    Literal["plant", "run"],
    Field(
        title="Months in",
        description="plant: the time zone of each plant. run: the zone in which the report is made. The report says which it was.",
    ),
]


class InvoiceScope(Parameters):
    """The invoices of one billing period, of all contracts or of those that are named."""

    billing_period_id: Annotated[int | None, Lookup("lookups/billing_periods.sql", default="lookups/latest_billing_period.sql")] = Field(
        None, title="Billing period", description="The latest completed one when it is not given."
    )
    project_id: OneProject = None
    contract_id: OneContract = None


class Span(Parameters):
    """What happened in a period, at all plants and contracts or at those that are named."""

    period: Period = Field(Period("year_to_date"), title="Period")
    project_id: OneProject = None
    contract_id: OneContract = None
