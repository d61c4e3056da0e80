"""The campaigns as a dataset: one row each, with what was sent in the period and what became of it."""

from octavo.packs.outreach import columns
from octavo.packs.outreach.parameters import CampaignScope
from octavo.pipeline.definition import Date, Instant, Integer, Report, Table, Template

report = Report(
    "Campaigns as data",
    "One row a campaign, whether it sent anything in the period or not.",
    parameters=CampaignScope,
    template=Template("Campaigns as data", "csv"),
    sections=(
        Table(
            "campaigns",
            "Campaigns",
            query="campaigns.sql",
            columns=(
                *columns.WORKSPACE,
                *columns.CAMPAIGN,
                Date("starts_on", "Starts"),
                Date("ends_on", "Ends", description="The last day, included."),
                Instant("created_at", "Created"),
                Integer("leads", "Leads", total=True, description="Those who were written to in the period."),
                columns.SENT,
                columns.ACCEPTED,
                *columns.BOUNCES,
                columns.ADMIN_BOUNCES,
                *columns.RESPONSES,
            ),
        ),
    ),
)
