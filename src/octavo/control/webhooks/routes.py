"""The HTTP of webhooks: make, list, look, change, delete, rotate the secret, test, see what was sent, send again."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from octavo.control.webhooks import actions
from octavo.web import problems
from octavo.web.asking import Asking, Viewing, may
from octavo.web.lists import Listed, PageNumber, PageSize, page_of
from octavo.web.repeating import Repeatable

router = APIRouter(prefix="/api/webhooks", tags=["webhooks"], route_class=Repeatable)

WebhookId = Annotated[int, Path(ge=1, le=2**53 - 1, description="The webhook's id.")]
Managing = Annotated[Asking, Depends(may("reports.manage"))]

Url = Annotated[str, Field(min_length=1, max_length=2000)]
Events = Annotated[list[str], Field(max_length=100)]
Line = Annotated[str, Field(max_length=200)]

_URL = f"https:// and a server on the public internet, on port {' or '.join(map(str, actions.PORTS))}; no user, no fragment."
_EVENTS = f"What it is told of: {', '.join(actions.EVENTS)}. With none it is told of the runs alone that name it as a target."


class Asked(BaseModel):
    """A webhook that is to be made."""

    model_config = ConfigDict(extra="forbid", strict=True)

    url: Url = Field(description=_URL)
    events: Events = Field([], description=_EVENTS)
    description: Line = Field("", description="A line for people.")


class Changed(BaseModel):
    """What is to be otherwise; what is not said stays."""

    model_config = ConfigDict(extra="forbid", strict=True)

    url: Url | None = Field(None, description=_URL)
    events: Events | None = Field(None, description=_EVENTS)
    description: Line | None = Field(None, description="A line for people.")
    active: bool | None = Field(
        None, description="false pauses it, true has it be told again, also when it was paused or disabled by itself."
    )


class Rotated(BaseModel):
    """How a secret is replaced."""

    model_config = ConfigDict(extra="forbid", strict=True)

    hours: int = Field(24, ge=0, le=168, description="For how many hours messages are signed with the old secret as well.")


class Shown(BaseModel):
    """A webhook, without its secret."""

    model_config = ConfigDict(from_attributes=True)

    id: int = Field(description="Its id.")
    url: str = Field(description="Where it is called.")
    description: str = Field(description="A line for people.")
    events: list[str] = Field(description="What it is told of.")
    state: Literal["active", "paused", "disabled"] = Field(
        description="active; paused, by hand or because nothing arrived for days; disabled, because its server answered 410."
    )
    state_reason: str = Field(description="Why it is not active.")
    old_secret_until: datetime | None = Field(description="Until when messages are signed with the secret before this one as well.")
    failing_since: datetime | None = Field(description="Since when no message has arrived; null while they do.")
    last_answer: str = Field(description="The status of the last answer, or why there was none.")
    last_tried_at: datetime | None = Field(description="When it was called last.")
    created_by: int | None = Field(description="The person who made it.")
    created_at: datetime = Field(description="When it was made.")
    updated_at: datetime = Field(description="When it was changed last.")


class Made(Shown):
    """A webhook with its secret."""

    secret: str | None = Field(description="What its messages are signed with (Standard Webhooks); shown here, once.")


class Told(BaseModel):
    """One message to a webhook."""

    model_config = ConfigDict(from_attributes=True)

    id: int = Field(description="Its id.")
    purpose: Literal["event", "file", "test"] = Field(
        description="event: it subscribes to what happened; file: a run named it as a target; test."
    )
    event: str | None = Field(description="What happened.")
    subject: str | None = Field(description="What it happened to.")
    subject_id: int | None = Field(description="The id of that.")
    state: Literal["pending", "sending", "sent", "failed", "unknown"] = Field(description="What became of it.")
    attempts: int = Field(description="How often it was tried.")
    next_try_at: datetime | None = Field(description="When it is tried next.")
    error_kind: str | None = Field(description="The kind of what went wrong.")
    error: str | None = Field(description="What went wrong.")
    answer: str = Field(description="The status that its server answered.")
    created_at: datetime = Field(description="When it was to be sent first.")
    ended_at: datetime | None = Field(description="When it was over.")


@router.post("", status_code=201, summary="Make a webhook", responses=problems.documented(401, 403, 409, 422))
def create(asking: Managing, asked: Asked, response: Response) -> Made:
    """Its messages are signed by Standard Webhooks with the secret in the answer, which is shown this once."""
    asking.show_once("secret")
    with asking.transaction() as connection:
        made, secret = actions.create(
            connection,
            asking.actor,
            asking.server.vault,
            asking.server.settings,
            url=asked.url,
            events_=asked.events,
            description=asked.description,
        )
    response.headers["Location"] = f"/api/webhooks/{made.id}"
    return Made(**vars(made), secret=secret)


@router.get("", summary="Webhooks, the latest first", responses=problems.documented(401, 403, 422))
def listed(asking: Viewing, page: PageNumber = 1, page_size: PageSize = 20) -> Listed[Shown]:
    with asking.transaction() as connection:
        return page_of(actions.list_(connection), Shown.model_validate, page, page_size)


@router.get("/{webhook_id}", summary="One webhook", responses=problems.documented(401, 403, 404, 422))
def shown(asking: Viewing, webhook_id: WebhookId) -> Shown:
    with asking.transaction() as connection:
        return Shown.model_validate(actions.find(connection, webhook_id))


@router.patch(
    "/{webhook_id}", summary="Change a webhook, pause it, or have it be told again", responses=problems.documented(401, 403, 404, 422)
)
def change(asking: Managing, webhook_id: WebhookId, said: Changed) -> Shown:
    with asking.transaction() as connection:
        return Shown.model_validate(
            actions.change(
                connection, asking.actor, asking.server.settings, webhook_id,
                url=said.url, events_=said.events, description=said.description, active=said.active,
            )
        )  # fmt: skip


@router.delete("/{webhook_id}", status_code=204, summary="Delete a webhook", responses=problems.documented(401, 403, 404, 422))
def delete(asking: Managing, webhook_id: WebhookId) -> None:
    with asking.transaction() as connection:
        actions.delete(connection, asking.actor, webhook_id)


@router.post("/{webhook_id}/secret", summary="Give a webhook a new secret", responses=problems.documented(401, 403, 404, 422))
def rotate(asking: Managing, webhook_id: WebhookId, said: Rotated | None = None) -> Made:
    """For a day, or as long as `hours` says, messages carry the signatures of both secrets, so that its server can change over in between."""
    asking.show_once("secret")
    with asking.transaction() as connection:
        after, secret = actions.rotate(connection, asking.actor, asking.server.vault, webhook_id, hours=(said or Rotated()).hours)
    return Made(**vars(after), secret=secret)


@router.post("/{webhook_id}/test", status_code=202, summary="Send a test message", responses=problems.documented(401, 403, 404, 409, 422))
def test(asking: Managing, webhook_id: WebhookId) -> Told:
    with asking.transaction() as connection:
        return Told.model_validate(actions.test(connection, asking.actor, webhook_id))


@router.get(
    "/{webhook_id}/deliveries", summary="What was sent to a webhook, the latest first", responses=problems.documented(401, 403, 404, 422)
)
def deliveries(
    asking: Viewing, webhook_id: WebhookId,
    state: Annotated[Literal["pending", "sending", "sent", "failed", "unknown"] | None, Query(description="Only those.")] = None,
    page: PageNumber = 1, page_size: PageSize = 20,
) -> Listed[Told]:  # fmt: skip
    with asking.transaction() as connection:
        found, total = actions.deliveries(connection, webhook_id, state=state, page=page, page_size=page_size)
    return Listed(items=[Told.model_validate(one) for one in found], total=total, page=page, page_size=page_size)


@router.post(
    "/{webhook_id}/deliveries/{delivery_id}/replay", status_code=202, summary="Send a message once more",
    responses=problems.documented(401, 403, 404, 409, 422),
)  # fmt: skip
def replay(
    asking: Managing, webhook_id: WebhookId, delivery_id: Annotated[int, Path(ge=1, le=2**53 - 1, description="The delivery's id.")]
) -> Told:
    """With the id that it had, so that a server that has it can tell."""
    with asking.transaction() as connection:
        return Told.model_validate(actions.replay(connection, asking.actor, webhook_id, delivery_id))
