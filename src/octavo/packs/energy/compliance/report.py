"""Which clauses were broken, what was cured, until when the rest must be, and what is due next."""

from octavo.packs.energy import columns
from octavo.packs.energy.parameters import AsOf, OneContract, OneProject
from octavo.pipeline.definition import (
    Breakdown,
    Date,
    Field,
    Flag,
    Integer,
    Metrics,
    Parameters,
    Percent,
    Period,
    Report,
    Table,
    Template,
    Text,
)


class Compliance(Parameters):
    """Breaches and duties as they stood at the end of a day."""

    as_of: AsOf = Period("today")
    project_id: OneProject = None
    contract_id: OneContract = None
    upcoming_days: int = Field(60, title="Due within, days", ge=0, le=3650, description="How far ahead one wants to see.")
    cured_days: int = Field(365, title="Cured within, days", ge=0, le=36500, description="How far back one wants to see.")


_WHERE = (
    Text("contract_number", "Contract no."),
    Text("project_name", "Plant"),
    Text("counterparty_name", "Counterparty", pii=True),
)

report = Report(
    "Compliance status",
    "Breaches of contracts at the end of the day named, cured and not, and what is due next. What happened or was told later is not known yet.",
    parameters=Compliance,
    base="base.sql",
    template=Template("Compliance Status"),
    sections=(
        Metrics(
            "summary",
            "Summary",
            query="summary.sql",
            columns=(
                Date("as_of", "As of"),
                Integer("open", "Not cured"),
                Integer("overdue", "Of these overdue"),
                Integer("not_notified", "Not notified", description="No notice was given, so no clock runs."),
                Integer("cured", "Cured", description="Of those cured in the days asked for."),
                Percent("cured_in_time_percent", "Cured in time", description="Of the cured. Empty where nothing was cured."),
                Integer("upcoming", "Due next"),
                Integer("upcoming_overdue", "Of these past due"),
            ),
        ),
        Breakdown(
            "statuses",
            "Breaches by status",
            query="statuses.sql",
            share_of="breaches",
            columns=(Text("status", "Status"), Integer("breaches", "Breaches", total=True)),
        ),
        Table(
            "breaches",
            "Not cured",
            query="breaches.sql",
            columns=(*_WHERE, *columns.BREACH, Text("remark", "Remark", long=True), Flag("overdue", "Overdue", highlight=True)),
        ),
        Table(
            "cured",
            "Cured",
            query="cured.sql",
            columns=(
                *_WHERE,
                *columns.BREACH[:-1],
                Integer("days_to_cure", "Days to cure", description="Calendar days from the notice; from the breach where there was none."),
            ),
        ),
        Table(
            "upcoming",
            "Due next",
            query="upcoming.sql",
            columns=(
                Date("due_date", "Due"),
                Integer("days_left", "Days left", description="Less than 0 when it is past due."),
                Text("kind", "What", description="obligation: what a clause asks for by a day. cure: a breach to be cured."),
                Text("title", "Title", long=True),
                *_WHERE,
                Text("clause_reference", "Clause"),
                Flag("overdue", "Past due", highlight=True),
            ),
        ),
    ),
)
