"""The leads as a dataset: one row each, with how often they were written to and what they did."""

from typing import Literal

from octavo.packs.outreach import columns
from octavo.packs.outreach.parameters import WorkspaceScope
from octavo.pipeline.definition import Field, Instant, Integer, Report, Table, Template, Text


class LeadScope(WorkspaceScope):
    """Leads by the day on which they came."""

    status: Literal["new", "contacted", "replied", "interested", "won", "not interested", "unsubscribed", "bounced"] | None = Field(
        None, title="Status", description="Any status when it is not given."
    )
    country: str | None = Field(None, title="Country", description="All countries when it is not given.")


report = Report(
    "Leads",
    "One row a lead that came in the period, with all that was ever sent to it.",
    parameters=LeadScope,
    template=Template("Leads", "csv"),
    sections=(
        Table(
            "leads",
            "Leads",
            query="leads.sql",
            columns=(
                Text("number", "Lead"),
                *columns.WORKSPACE,
                Text("email", "E-mail", pii=True),
                Text("first_name", "First name", pii=True),
                Text("last_name", "Last name", pii=True),
                Text("company", "Company"),
                Text("job_title", "Job title"),
                Text("country", "Country"),
                Text("source", "Source"),
                Text("status", "Status"),
                Instant("created_at", "Came"),
                columns.SENT,
                columns.ACCEPTED,
                Integer("opened", "Opened", total=True),
                Integer("clicked", "Clicked", total=True),
                Integer("replied", "Replied", total=True),
                Instant("last_sent_at", "Last written to"),
            ),
        ),
    ),
)
