"""The pages of webhooks: the list, making one, one with its log, its secret, pausing, testing and sending again."""

from typing import Annotated

from fastapi import Path
from fastapi.responses import Response
from pydantic import BaseModel, Field

from octavo.control.webhooks import actions
from octavo.errors import UsageError
from octavo.web.lists import PageNumber
from octavo.web.pages import visit
from octavo.web.pages.routing import Router
from octavo.web.pages.visit import Visit

router = Router()

WebhookId = Annotated[int, Path(ge=1, le=2**53 - 1)]

PAGE_SIZE = 20
STATES = ("pending", "sending", "sent", "failed", "unknown")


class Said(BaseModel):
    """A webhook as the form says it."""

    url: str = Field(min_length=1, max_length=2000)
    description: str = Field("", max_length=200)
    events: list[str] = Field(max_length=100)


class Rotated(BaseModel):
    """How a secret is replaced."""

    hours: int = Field(24, ge=0, le=168)


class Again(BaseModel):
    """A message that is to be sent again."""

    delivery: Annotated[int, Field(ge=1, le=2**53 - 1)]


@router.page("/settings/webhooks")
def listed(looking: visit.Managing) -> Response:
    with looking.transaction() as connection:
        found = actions.list_(connection)
    return looking.page("webhooks/list.html", title="Webhooks", webhooks=found)


@router.page("/settings/webhooks/new")
def new(looking: visit.Managing) -> Response:
    looking.form.fill({"events": ["run.completed", "run.failed"]} if not looking.form.text("url") else {})
    return looking.page("webhooks/new.html", title="Add a webhook", every=_every())


@router.form("/settings/webhooks/new")
def create(looking: visit.Managing) -> Response:
    """The answer shows the secret, this once."""
    said, made, secret = looking.form.read(Said), None, ""
    if said is not None:
        with looking.form.refusals(), looking.transaction() as connection:
            made, secret = actions.create(
                connection, looking.actor, looking.server.vault, looking.server.settings, url=said.url, events_=said.events,
                description=said.description,
            )  # fmt: skip
    return _shown(looking, made.id, secret=secret) if made else new(looking)


@router.page("/settings/webhooks/{webhook_id}")
def shown(looking: visit.Managing, webhook_id: WebhookId, state: str = "", page: PageNumber = 1) -> Response:
    return _shown(looking, webhook_id, state=state, page=page)


@router.form("/settings/webhooks/{webhook_id}")
def change(looking: visit.Managing, webhook_id: WebhookId) -> Response:
    said = looking.form.read(Said)
    if said is not None:
        with looking.form.refusals(), looking.transaction() as connection:
            actions.change(
                connection,
                looking.actor,
                looking.server.settings,
                webhook_id,
                url=said.url,
                events_=said.events,
                description=said.description,
            )
    return _after(looking, webhook_id, "Saved.")


@router.form("/settings/webhooks/{webhook_id}/pause")
def pause(looking: visit.Managing, webhook_id: WebhookId) -> Response:
    return _set_active(
        looking,
        webhook_id,
        active=False,
        said="Paused. It is told of nothing until you resume it; what happens meanwhile is not told later.",
    )


@router.form("/settings/webhooks/{webhook_id}/resume")
def resume(looking: visit.Managing, webhook_id: WebhookId) -> Response:
    return _set_active(looking, webhook_id, active=True, said="It is told again from now on.")


def _set_active(looking: Visit, webhook_id: int, *, active: bool, said: str) -> Response:
    with looking.form.refusals(), looking.transaction() as connection:
        actions.change(connection, looking.actor, looking.server.settings, webhook_id, active=active)
    return _after(looking, webhook_id, said)


@router.form("/settings/webhooks/{webhook_id}/secret")
def rotate(looking: visit.Managing, webhook_id: WebhookId) -> Response:
    """The answer shows the new secret, this once."""
    said, secret = looking.form.read(Rotated), ""
    if said is not None:
        with looking.form.refusals(), looking.transaction() as connection:
            _, secret = actions.rotate(connection, looking.actor, looking.server.vault, webhook_id, hours=said.hours)
    return _shown(looking, webhook_id, secret=secret)


@router.form("/settings/webhooks/{webhook_id}/test")
def test(looking: visit.Managing, webhook_id: WebhookId) -> Response:
    with looking.form.refusals(), looking.transaction() as connection:
        actions.test(connection, looking.actor, webhook_id)
    return _after(looking, webhook_id, "A test is on its way; it stands first in the log.")


@router.form("/settings/webhooks/{webhook_id}/replay")
def replay(looking: visit.Managing, webhook_id: WebhookId) -> Response:
    said = looking.form.read(Again)
    with looking.form.refusals(), looking.transaction() as connection:
        if said is None:
            raise UsageError("Say which message is to be sent again; nothing was sent")
        actions.replay(connection, looking.actor, webhook_id, said.delivery)
    return _after(looking, webhook_id, "It is sent again; the message is a new line in the log.")


@router.form("/settings/webhooks/{webhook_id}/delete")
def delete(looking: visit.Managing, webhook_id: WebhookId) -> Response:
    with looking.transaction() as connection:
        actions.delete(connection, looking.actor, webhook_id)
    return looking.go("/settings/webhooks", "The webhook is gone, with its log.")


def _after(looking: Visit, webhook_id: int, said: str) -> Response:
    return looking.go(f"/settings/webhooks/{webhook_id}", said) if looking.form.ok else _shown(looking, webhook_id)


def _shown(looking: Visit, webhook_id: int, *, state: str = "", page: int = 1, secret: str = "") -> Response:
    with looking.transaction() as connection:
        found = actions.find(connection, webhook_id)
        chosen = state if state in STATES else None
        log, total = actions.deliveries(connection, webhook_id, state=chosen, page=page, page_size=PAGE_SIZE)
    if not looking.form.text("url"):  # it was not this form that was sent
        looking.form.fill({"url": found.url, "description": found.description, "events": found.events})
    looking.form.fill({"hours": 24})
    return looking.page(
        "webhooks/webhook.html", title=found.description or found.url, webhook=found, log=log, total=total, page=page, page_size=PAGE_SIZE,
        states=STATES, state=chosen or "", secret=secret, every=_every(),
    )  # fmt: skip


def _every() -> list[tuple[str, str]]:
    return [(name, f"{words.removesuffix('.')} ({name})") for name, words in actions.EVENTS.items()]
