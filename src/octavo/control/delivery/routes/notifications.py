"""The HTTP of what an organization is told by mail, and of where its mails may go."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from octavo.control.delivery import actions
from octavo.control.delivery.routes import deliveries
from octavo.web import problems
from octavo.web.asking import Asking, Exporting, Viewing, may
from octavo.web.repeating import Repeatable

router = APIRouter(prefix="/api/reports/notifications", tags=["notifications"], route_class=Repeatable)

Managing = Annotated[Asking, Depends(may(actions.SEND_OUT))]

Address = Annotated[str, Field(min_length=3, max_length=254)]
Domain = Annotated[str, Field(min_length=1, max_length=253)]


class Said(BaseModel):
    """What an organization is told, and where its mails may go."""

    model_config = ConfigDict(extra="forbid", strict=True)

    on_success: bool = Field(
        description="Whether the recipients are told of each completed run that is no export; the file itself goes to nobody by this."
    )
    on_failure: bool = Field(
        description="Whether the recipients are told of each run that failed for good, and who asked of one that was to be delivered, or that a schedule asked for."
    )
    recipients: list[Address] = Field(description="Who is told, each an address of its own.", max_length=50)
    from_name: str = Field("", description="The name that mails are from; the organization's when it is empty.", max_length=100)
    reply_to: str = Field("", description="Where answers go; nowhere in particular when it is empty.", max_length=254)
    weekly_summary: bool = Field(
        False, description="Whether the recipients get a summary on Mondays at 08:00, in the organization's time zone."
    )
    allowed_domains: list[Domain] = Field(
        default_factory=list,
        description="The domains that mails may go to: example.org, or .example.org for all below it. Any when it is empty.",
        max_length=50,
    )
    retry_unknown: bool = Field(
        False, description="Whether what may or may not have arrived is sent again by itself; it may then arrive twice."
    )


class Shown(Said):
    """What holds."""

    model_config = ConfigDict(from_attributes=True, extra="forbid")

    next_summary_at: datetime | None = Field(description="When the next weekly summary is due.")


class Test(BaseModel):
    """Where a test goes."""

    model_config = ConfigDict(extra="forbid", strict=True)

    to: Address | None = Field(None, description="An address; one's own when it is not given.")


@router.get("", summary="What the organization is told by mail", responses=problems.documented(401, 403))
def read(asking: Viewing) -> Shown:
    with asking.transaction() as connection:
        return Shown.model_validate(actions.setting(connection))


@router.put("", summary="Say what the organization is told by mail", responses=problems.documented(401, 403, 409, 422))
def change(asking: Managing, said: Said) -> Shown:
    with asking.transaction() as connection:
        return Shown.model_validate(actions.change_setting(connection, asking.actor, actions.Said(**said.model_dump())))


@router.post("/test", status_code=202, summary="Send a test mail", responses=problems.documented(401, 403, 404, 409, 422))
def test(asking: Exporting, asked: Test) -> deliveries.Shown:
    """What becomes of it, its delivery tells. To others than oneself it takes reports.manage."""
    with asking.transaction() as connection:
        to = asked.to or actions.own_address(connection, asking.principal)
        targets: list[dict[str, Any]] = [{"channel": "email", "to": to}]
        target = actions.check_targets(connection, targets, principal=asking.principal)[0]
        return deliveries.Shown.model_validate(actions.try_out(connection, asking.principal, asking.actor, target))
