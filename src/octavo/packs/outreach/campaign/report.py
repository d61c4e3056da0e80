"""Campaigns: what was sent, what was accepted, and what people did with it."""

from octavo.packs.outreach import columns
from octavo.packs.outreach.parameters import CampaignScope
from octavo.pipeline.definition import Chart, Date, Integer, Metrics, Percent, Report, Table, Text

RATES = (
    columns.ACCEPTANCE_RATE,
    columns.OPEN_RATE,
    columns.CLICK_RATE,
    columns.CLICK_TO_OPEN_RATE,
    columns.REPLY_RATE,
    columns.UNSUBSCRIBE_RATE,
    columns.COMPLAINT_RATE,
)

summary = Metrics(
    "summary",
    "Summary",
    query="summary.sql",
    columns=(
        Integer("campaigns", "Campaigns", description="That sent something."),
        Integer("leads", "Leads written to"),
        columns.SENT,
        columns.ACCEPTED,
        *columns.BOUNCES,
        columns.ADMIN_BOUNCES,
        *columns.RESPONSES,
        *RATES,
    ),
)

funnel = Table(
    "funnel",
    "From sent to replied",
    query="funnel.sql",
    summary=True,
    columns=(
        Text("step", "Step"),
        Integer("messages", "Messages"),
        Percent("of_sent", "Of sent"),
        Percent("of_accepted", "Of accepted"),
    ),
)

over_time = Table(
    "over_time",
    "Over time",
    query="over_time.sql",
    summary=True,
    description="By day where the period has at most 62 days, otherwise by month.",
    columns=(
        Date("starting", "Starting"),
        columns.SENT,
        columns.ACCEPTED,
        *columns.RESPONSES,
        columns.OPEN_RATE,
        columns.REPLY_RATE,
    ),
)

by_campaign = Table(
    "by_campaign",
    "By campaign",
    query="by_campaign.sql",
    summary=True,
    group_by="workspace_name",
    columns=(
        Text("workspace_name", "Workspace"),
        *columns.CAMPAIGN,
        columns.SENT,
        columns.ACCEPTED,
        *columns.RESPONSES,
        *RATES,
    ),
)

report = Report(
    "Campaigns",
    "What campaigns sent, what was accepted, and how many opened, clicked and replied. Opens and clicks count once a message.",
    parameters=CampaignScope,
    base="asked.sql",
    sections=(
        summary,
        funnel,
        Chart("steps", "Messages by step", of="funnel", x="step", y="messages"),
        over_time,
        Chart("replies_over_time", "Replies over time", of="over_time", x="starting", y="replied"),
        by_campaign,
    ),
)
