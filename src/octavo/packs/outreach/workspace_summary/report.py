"""Workspaces side by side: their campaigns and leads, what they sent, and what came back."""

from octavo.packs.outreach import columns
from octavo.packs.outreach.parameters import WorkspaceScope
from octavo.pipeline.definition import Breakdown, Chart, Date, Integer, Metrics, Report, Table, Text

LEADS = Integer("leads", "Leads", total=True, description="Those there are, whenever they came.")
NEW_LEADS = Integer("new_leads", "New leads", total=True, description="Those that came in the period.")
CAMPAIGNS = (
    Integer("campaigns", "Campaigns", total=True, description="Those there are, whatever their state."),
    Integer("active_campaigns", "Active campaigns", total=True, description="Those whose state is active now."),
)
SENDING = (columns.SENT, columns.ACCEPTED, *columns.RESPONSES)
RATES = (
    columns.ACCEPTANCE_RATE,
    columns.BOUNCE_RATES[0],
    columns.OPEN_RATE,
    columns.CLICK_RATE,
    columns.REPLY_RATE,
    columns.UNSUBSCRIBE_RATE,
    columns.COMPLAINT_RATE,
)

report = Report(
    "Workspaces",
    "The workspaces side by side: campaigns and leads as they are now, and what was sent in the period.",
    parameters=WorkspaceScope,
    base="asked.sql",
    sections=(
        Metrics(
            "summary",
            "Summary",
            query="summary.sql",
            columns=(Integer("workspaces", "Workspaces"), *CAMPAIGNS, LEADS, NEW_LEADS, *SENDING, *RATES),
        ),
        Table(
            "by_workspace",
            "By workspace",
            query="by_workspace.sql",
            summary=True,
            columns=(*columns.WORKSPACE, *CAMPAIGNS, LEADS, NEW_LEADS, *SENDING, *RATES),
        ),
        Chart("replies_by_workspace", "Replies by workspace", of="by_workspace", x="workspace_name", y="replied"),
        Breakdown(
            "leads_by_status",
            "Leads by status",
            query="leads_by_status.sql",
            share_of="leads",
            columns=(Text("status", "Status"), LEADS),
        ),
        Table(
            "by_month",
            "By month",
            query="by_month.sql",
            summary=True,
            columns=(Date("month", "Month beginning"), *SENDING, columns.OPEN_RATE, columns.REPLY_RATE),
        ),
        Chart("sent_by_month", "Accepted and replied, by month", of="by_month", x="month", y=("accepted", "replied")),
    ),
)
