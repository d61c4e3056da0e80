"""What the reports of this pack can be asked: which messages, by the day they were sent, and of which workspace and campaign."""

from typing import Literal

from octavo.pipeline.definition import Annotated, Field, Lookup, Parameters, Period

CampaignStatus = Literal["draft", "active", "paused", "completed"]


class WorkspaceScope(Parameters):
    """Everything, or what belongs to a period and a workspace."""

    period: Period | None = Field(
        None, title="Period", description="All messages when it is not given. What became of a message counts on the day it was sent."
    )
    workspace_id: Annotated[str | None, Lookup("lookups/workspaces.sql")] = Field(
        None, title="Workspace", description="The code of a workspace; all of them when it is not given."
    )


class CampaignScope(WorkspaceScope):
    """And of a campaign, or of campaigns in a state."""

    campaign_id: Annotated[str | None, Lookup("lookups/campaigns.sql")] = Field(
        None, title="Campaign", description="The code of a campaign; all of them when it is not given."
    )
    status: CampaignStatus | None = Field(None, title="Campaign status", description="Any status when it is not given.")
