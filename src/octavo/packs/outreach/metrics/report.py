"""The daily metrics as a dataset: one row a day, campaign and sending domain."""

from octavo.packs.outreach import columns
from octavo.packs.outreach.parameters import CampaignScope
from octavo.pipeline.definition import Date, Report, Table, Template, Text

report = Report(
    "Daily metrics",
    "What was sent each day by each campaign from each domain, and what became of it; rates are left to the reader, who has their bases.",
    parameters=CampaignScope,
    template=Template("Daily metrics", "csv"),
    sections=(
        Table(
            "metrics",
            "Daily metrics",
            query="metrics.sql",
            columns=(
                Date("day", "Day", description="On which the messages were sent, in the time zone of the report."),
                Text("workspace_code", "Workspace"),
                Text("campaign_code", "Campaign"),
                Text("domain", "Sending domain"),
                columns.SENT,
                columns.ACCEPTED,
                *columns.BOUNCES,
                columns.ADMIN_BOUNCES,
                *columns.RESPONSES,
            ),
        ),
    ),
)
