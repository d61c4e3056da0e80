"""Deliverability: what was accepted and what bounced, hard, soft and block apart, by sending domain, provider and reason."""

from octavo.packs.outreach import columns
from octavo.packs.outreach.parameters import CampaignScope
from octavo.pipeline.definition import Breakdown, Chart, Date, Flag, Integer, Metrics, Report, Table, Text

RATES = (
    columns.ACCEPTANCE_RATE,
    *columns.BOUNCE_RATES,
    columns.UNSUBSCRIBE_RATE,
    columns.COMPLAINT_RATE,
)
COUNTED = (columns.SENT, columns.ACCEPTED, *columns.BOUNCES, columns.ADMIN_BOUNCES)

summary = Metrics(
    "summary",
    "Summary",
    query="summary.sql",
    columns=(
        *COUNTED,
        Integer("unsubscribed", "Unsubscribed"),
        Integer("complained", "Complaints"),
        *RATES,
        Text("alarms", "Alarms", description="All bounces at 5 % of sent, complaints at 0.10 % and 0.30 % of accepted."),
    ),
)

over_time = Table(
    "over_time",
    "Over time",
    query="over_time.sql",
    summary=True,
    description="By day where the period has at most 62 days, otherwise by month.",
    columns=(Date("starting", "Starting"), *COUNTED, columns.ACCEPTANCE_RATE, columns.BOUNCE_RATES[0]),
)

by_domain = Table(
    "by_domain",
    "By sending domain",
    query="by_domain.sql",
    summary=True,
    description="Alarm: all bounces reach 5 % of sent, or complaints 0.10 % of accepted.",
    columns=(Text("domain", "Domain"), *COUNTED, *RATES, Flag("alarm", "Alarm", highlight=True)),
)

by_provider = Table(
    "by_provider",
    "By receiving provider",
    query="by_provider.sql",
    summary=True,
    columns=(Text("provider", "Provider"), *COUNTED, columns.ACCEPTANCE_RATE, *columns.BOUNCE_RATES, columns.COMPLAINT_RATE),
)

by_reason = Breakdown(
    "by_reason",
    "Bounces by reason",
    query="by_reason.sql",
    share_of="bounces",
    description="Admin bounces are not among them: those messages were never sent.",
    columns=(Text("bounce", "Bounce"), Text("reason", "Reason"), Integer("bounces", "Bounces", total=True)),
)

report = Report(
    "Deliverability",
    "What was accepted and what bounced. Hard bounces are permanent, soft ones for now, block ones refused for what the sender is.",
    parameters=CampaignScope,
    base="asked.sql",
    sections=(
        summary,
        over_time,
        Chart(
            "bounces_over_time",
            "Bounces over time",
            of="over_time",
            x="starting",
            y=("hard_bounces", "soft_bounces", "block_bounces"),
        ),
        by_domain,
        by_provider,
        by_reason,
    ),
)
