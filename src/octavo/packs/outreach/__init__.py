"""An outreach team: workspaces, campaigns, the leads they write to, and what became of each message."""
