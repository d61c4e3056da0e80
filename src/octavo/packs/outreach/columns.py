"""The columns that the reports of this pack share. Every rate says in its title what it is of; it is not available where that is none."""

from octavo.pipeline.definition import Integer, Percent, Text

WORKSPACE = (Text("workspace_code", "Workspace"), Text("workspace_name", "Workspace name"))
CAMPAIGN = (Text("campaign_code", "Campaign"), Text("campaign_name", "Campaign name"), Text("campaign_status", "Status"))

SENT = Integer("sent", "Sent", total=True, description="Attempted: without what our own side kept back.")
ACCEPTED = Integer("accepted", "Accepted", total=True, description="By the server of the recipient, and not returned later.")
BOUNCES = (
    Integer("hard_bounces", "Hard bounces", total=True, description="Permanent: there is no such address."),
    Integer("soft_bounces", "Soft bounces", total=True, description="For now: the mailbox is full, the server is down."),
    Integer("block_bounces", "Block bounces", total=True, description="Refused for what the sender is, or for what is in it."),
    Integer("undetermined_bounces", "Undetermined bounces", total=True),
    Integer(
        "out_of_band_bounces", "Out-of-band bounces", total=True, description="Accepted first and returned later; not counted as accepted."
    ),
)
ADMIN_BOUNCES = Integer(
    "admin_bounces", "Admin bounces", total=True, description="Kept back by our own side and never sent; they are in no rate."
)
RESPONSES = (
    Integer("opened", "Opened", total=True, description="Messages opened at least once. Programs that fetch pictures open messages too."),
    Integer("clicked", "Clicked", total=True, description="Messages with at least one click."),
    Integer("replied", "Replied", total=True),
    Integer("unsubscribed", "Unsubscribed", total=True),
    Integer("complained", "Complaints", total=True, description="Marked as spam."),
)

ACCEPTANCE_RATE = Percent("acceptance_rate", "Accepted, of sent")
BOUNCE_RATES = (
    Percent("bounce_rate", "All bounces, of sent", decimals=2, description="Hard, soft, block, undetermined and out-of-band."),
    Percent("hard_bounce_rate", "Hard bounces, of sent", decimals=2),
    Percent("soft_bounce_rate", "Soft bounces, of sent", decimals=2),
    Percent("block_bounce_rate", "Block bounces, of sent", decimals=2),
)
OPEN_RATE = Percent("open_rate", "Opened, of accepted")
CLICK_RATE = Percent("click_rate", "Clicked, of accepted")
CLICK_TO_OPEN_RATE = Percent("click_to_open_rate", "Clicked, of opened")
REPLY_RATE = Percent("reply_rate", "Replied, of accepted")
UNSUBSCRIBE_RATE = Percent("unsubscribe_rate", "Unsubscribed, of accepted", decimals=2)
COMPLAINT_RATE = Percent("complaint_rate", "Complaints, of accepted", decimals=3)
