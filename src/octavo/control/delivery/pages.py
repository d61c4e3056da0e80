"""The pages of what goes out: whom the organization's mails are for, places outside, and the ledger of deliveries."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Path
from fastapi.responses import Response
from pydantic import BaseModel, Field

from octavo.control.delivery import actions
from octavo.control.delivery.channels import CHANNELS
from octavo.control.delivery.door import Kind
from octavo.control.delivery.doors import KINDS
from octavo.control.delivery.rules import PURPOSES, STATES
from octavo.errors import NotFound
from octavo.web.lists import PageNumber
from octavo.web.pages import visit
from octavo.web.pages.routing import Router
from octavo.web.pages.visit import Visit

router = Router()

PlaceId = Annotated[int, Path(ge=1, le=2**53 - 1)]
DeliveryId = Annotated[int, Path(ge=1, le=2**53 - 1)]

PAGE_SIZE = 30
_DAYS = 30
LONG_SECRETS = ("private_key", "service_account_key")
"""Secrets of several lines."""


class Told(BaseModel):
    """What an organization is told, as the form says it."""

    on_success: bool
    on_failure: bool
    recipients: str = Field("", max_length=15_000)
    from_name: str = Field("", max_length=100)
    reply_to: str = Field("", max_length=254)
    weekly_summary: bool
    allowed_domains: str = Field("", max_length=15_000)
    retry_unknown: bool


class Test(BaseModel):
    """Where a test goes."""

    to: str = Field("", max_length=254)


class Named(BaseModel):
    """A place, but for its options and secrets, which depend on its kind."""

    name: str = Field(min_length=1, max_length=100)
    url: str = Field(min_length=5, max_length=1000)


# --- notifications --------------------------------------------------------------------------------------------------------


@router.page("/settings/notifications")
def notifications(looking: visit.Managing) -> Response:
    with looking.transaction() as connection:
        now = actions.setting(connection)
    lines = {"recipients": "\n".join(now.recipients), "allowed_domains": "\n".join(now.allowed_domains)}
    if not looking.form.text("sent"):
        looking.form.fill({**asdict(now), **lines})
    return looking.page("delivery/notifications.html", title="Notifications", now=now)


@router.form("/settings/notifications")
def change_notifications(looking: visit.Managing) -> Response:
    said = looking.form.read(Told)
    if said is not None:
        told = {**said.model_dump(), "recipients": _lines(said.recipients), "allowed_domains": _lines(said.allowed_domains)}
        with looking.form.refusals(), looking.transaction() as connection:
            actions.change_setting(connection, looking.actor, actions.Said(**told))
    return looking.go("/settings/notifications", "Saved.") if looking.form.ok else notifications(looking)


@router.form("/settings/notifications/test")
def test_mail(looking: visit.Managing) -> Response:
    """Goes on to its delivery, which tells what becomes of it."""
    said, made = looking.form.read(Test), None
    if said is not None:
        with looking.form.refusals(), looking.transaction() as connection:
            to = said.to or actions.own_address(connection, looking.principal)
            target = actions.check_targets(connection, [{"channel": "email", "to": to}], principal=looking.principal)[0]
            made = actions.try_out(connection, looking.principal, looking.actor, target)
    return looking.go(f"/settings/deliveries/{made.id}", "A test is on its way.") if made else notifications(looking)


def _lines(text: str) -> list[str]:
    return text.replace(",", "\n").split()


# --- places ---------------------------------------------------------------------------------------------------------------


@router.page("/settings/places")
def places(looking: visit.Managing) -> Response:
    with looking.transaction() as connection:
        found = actions.places(connection)
    return looking.page("delivery/places.html", title="Places", places=found)


@router.page("/settings/places/new")
def new_place(looking: visit.Managing, kind: str = "") -> Response:
    scheme = looking.form.text("kind") or kind
    if scheme not in KINDS:
        return looking.page("delivery/kinds.html", title="Add a place", kinds=KINDS)
    looking.form.fill({"kind": scheme})
    return looking.page(
        "delivery/place_form.html", title=f"Add a place: {KINDS[scheme].title}", place=None, kind=KINDS[scheme], long_secrets=LONG_SECRETS
    )


@router.form("/settings/places/new")
def create_place(looking: visit.Managing) -> Response:
    said, kind = looking.form.read(Named), KINDS.get(looking.form.text("kind"))
    made = None
    if said is not None and kind is not None:
        content = actions.PlaceContent(said.name, said.url, *_described(looking, kind))
        with looking.form.refusals(), looking.transaction() as connection:
            made = actions.create_place(connection, looking.actor, content, looking.server.vault)
    return looking.go(f"/settings/places/{made.id}", "The place is there. Test it before files go to it.") if made else new_place(looking)


@router.page("/settings/places/{place_id}")
def place(looking: visit.Managing, place_id: PlaceId) -> Response:
    with looking.transaction() as connection:
        found = actions.find_place(connection, place_id)
    looking.form.fill({"name": found.name, "url": found.url, **{f"option.{name}": value for name, value in found.options.items()}})
    return looking.page("delivery/place.html", title=found.name, place=found, kind=_kind(found.url), long_secrets=LONG_SECRETS)


@router.form("/settings/places/{place_id}")
def change_place(looking: visit.Managing, place_id: PlaceId) -> Response:
    """Secrets that are left empty stay, where the place stays the same."""
    with looking.transaction() as connection:
        before = actions.find_place(connection, place_id)
    said = looking.form.read(Named)
    if said is not None:
        content = actions.PlaceContent(said.name, said.url, *_described(looking, _kind(before.url)))
        with looking.form.refusals(), looking.transaction() as connection:
            actions.change_place(connection, looking.actor, place_id, content, looking.server.vault)
    return (
        looking.go(f"/settings/places/{place_id}", "Saved. Test it before files go to it.") if looking.form.ok else place(looking, place_id)
    )


@router.form("/settings/places/{place_id}/test")
def test_place(looking: visit.Managing, place_id: PlaceId) -> Response:
    made = None
    with looking.form.refusals(), looking.transaction() as connection:
        target = actions.check_targets(connection, [{"channel": "place", "place_id": place_id}], principal=looking.principal)[0]
        made = actions.try_out(connection, looking.principal, looking.actor, target)
    return looking.go(f"/settings/deliveries/{made.id}", "A small file is put there and taken away.") if made else place(looking, place_id)


@router.form("/settings/places/{place_id}/deactivate")
def deactivate_place(looking: visit.Managing, place_id: PlaceId) -> Response:
    with looking.transaction() as connection:
        actions.deactivate_place(connection, looking.actor, place_id)
    return looking.go(f"/settings/places/{place_id}", "The place is out of use, and its secrets are forgotten.")


def _kind(url: str) -> Kind:
    scheme = url.partition(":")[0]
    if scheme not in KINDS:
        raise NotFound(f"There are no places of the kind {scheme!r} any more; name it anew as one of another kind")
    return KINDS[scheme]


def _described(looking: Visit, kind: Kind) -> tuple[dict[str, str], dict[str, str]]:
    """The options and the secrets that were given."""
    options = {name: looking.form.text(f"option.{name}").strip() for name in kind.options}
    secrets = {name: looking.form.text(f"secret.{name}") for name in kind.secrets}
    return {name: text for name, text in options.items() if text}, {name: text for name, text in secrets.items() if text}


# --- the ledger -----------------------------------------------------------------------------------------------------------


@router.page("/settings/deliveries")
def deliveries(
    looking: visit.Managing, state: str = "", channel: str = "", purpose: str = "", recipient: str = "", page: PageNumber = 1
) -> Response:
    filters = {
        "state": state if state in STATES else None, "channel": channel if channel in CHANNELS else None,
        "purpose": purpose if purpose in PURPOSES else None, "recipient": recipient.strip() or None,
    }  # fmt: skip
    with looking.transaction() as connection:
        found = actions.list_(connection, looking.principal, filters, page=page, page_size=PAGE_SIZE)
        counted = actions.statistics(connection, _DAYS)
        names = _names(actions.places(connection))
    looking.form.fill({"state": state, "channel": channel, "purpose": purpose, "recipient": recipient})
    return looking.page(
        "delivery/deliveries.html", title="Deliveries", found=found, page=page, page_size=PAGE_SIZE, by_channel=counted["by_channel"],
        days=_DAYS, names=names, states=STATES, purposes=PURPOSES, channels=list(CHANNELS), filtered=any(filters.values()),
    )  # fmt: skip


@router.page("/settings/deliveries/{delivery_id}")
def delivery(looking: visit.Managing, delivery_id: DeliveryId) -> Response:
    with looking.transaction() as connection:
        found = actions.find(connection, looking.principal, delivery_id)
        tried = actions.attempts(connection, delivery_id)
        names = _names(actions.places(connection))
    return looking.page("delivery/delivery.html", title=f"Delivery {delivery_id}", one=found, tried=tried, names=names)


@router.form("/settings/deliveries/{delivery_id}/retry")
def retry(looking: visit.Managing, delivery_id: DeliveryId) -> Response:
    with looking.form.refusals(), looking.transaction() as connection:
        actions.retry(connection, looking.principal, looking.actor, delivery_id)
    return looking.go(f"/settings/deliveries/{delivery_id}", "It is sent once more.") if looking.form.ok else delivery(looking, delivery_id)


def _names(found: list[Any]) -> dict[str, str]:
    """What places are called, by the number that the ledger knows them by."""
    return {str(one.id): one.name for one in found}
