"""Hours: what was worked, what of it is approved, and how long approval takes."""

from typing import Literal

from octavo.packs.services import columns
from octavo.packs.services.parameters import Scope
from octavo.pipeline.definition import (
    Breakdown,
    Chart,
    Date,
    Field,
    Flag,
    Instant,
    Integer,
    Metrics,
    Percent,
    Quantity,
    Report,
    Table,
    Text,
)


class TimeScope(Scope):
    """Time entries by the day that was worked. Overdue: submitted, and waiting for a decision longer than the days given."""

    status: Literal["draft", "submitted", "approved", "rejected"] | None = Field(
        None, title="Status", description="Any status when it is not given."
    )
    overdue_after: int = Field(5, ge=0, title="Overdue after days", description="Calendar days that an entry may wait for a decision.")


ENTRIES = Integer("entries", "Entries", total=True)
HOURS = Quantity("hours", "Hours", total=True)
BREAKDOWNS = columns.breakdowns(ENTRIES, (HOURS,))
PERSON = (Text("person_code", "Person"), Text("person_name", "Name", pii=True))

summary = Metrics(
    "summary",
    "Summary",
    query="summary.sql",
    columns=(
        Integer("entries", "Entries"),
        Quantity("hours", "Hours worked", unit="h"),
        Quantity("approved_hours", "Hours approved", unit="h"),
        Quantity("rejected_hours", "Hours rejected", unit="h"),
        Quantity("waiting_hours", "Hours waiting", unit="h", description="Submitted, and not decided."),
        Percent("approval_rate", "Approved, of decided entries"),
        Percent("billable_rate", "Billable, of hours worked"),
        Integer("overdue", "Overdue entries"),
        *columns.DAYS,
    ),
)

by_person = Breakdown("by_person", "By person", query="by_person.sql", share_of="entries", columns=(*PERSON, ENTRIES, HOURS))

entries = Table(
    "time_entries",
    "Time entries",
    query="time_entries.sql",
    columns=(
        Text("number", "Entry"),
        Date("worked_on", "Worked on"),
        *PERSON,
        *columns.PROJECT,
        *columns.CUSTOMER,
        HOURS,
        Flag("billable", "Billable"),
        Text("status", "Status"),
        Instant("submitted_at", "Submitted"),
        Instant("decided_at", "Decided"),
        Text("decided_by", "Decided by", pii=True),
        Integer("days", "Days", description="Calendar days from submission to decision."),
        Integer("waiting_days", "Waiting", description="Calendar days since submission, where nobody has decided."),
        Flag("overdue", "Overdue", highlight=True),
    ),
)

report = Report(
    "Time approvals",
    "The hours worked, what of them is approved, and how many calendar days pass between submission and decision.",
    parameters=TimeScope,
    base="asked.sql",
    sections=(
        summary,
        columns.distribution(ENTRIES, "Days", "Entries that were decided, by the days from submission to decision."),
        Chart("approval_times", "Approval times", of="distribution", x="range", y="entries"),
        BREAKDOWNS["by_status"],
        BREAKDOWNS["by_month"],
        Chart("hours_by_month", "Hours by month", of="by_month", x="month", y="hours"),
        by_person,
        BREAKDOWNS["by_customer"],
        BREAKDOWNS["by_project"],
        entries,
    ),
)
