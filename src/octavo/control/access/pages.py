"""The pages of who I am: sign in, choose an organization, sign out; my account with another organization and another password."""

import json
from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, Field, SecretStr

from octavo.control.access import actions
from octavo.errors import Conflict, NotFound, TooManyRequests, Unauthenticated, UsageError
from octavo.pipeline.document import Organization
from octavo.web import cookies
from octavo.web.asking import Server, address_of, server_of
from octavo.web.links import Signer
from octavo.web.pages import addresses, told, visit
from octavo.web.pages.form import Form
from octavo.web.pages.routing import Router

router = Router()

Here = Annotated[Server, Depends(server_of)]
Sent = Annotated[Form, Depends(visit.read_form)]

CHOOSING_SECONDS = 300
"""How long somebody who has shown the password may think about which organization they mean."""


class Credentials(BaseModel):
    """What is typed to sign in."""

    email: str = Field(min_length=3, max_length=254)
    password: SecretStr = Field(max_length=1000)


class Passwords(BaseModel):
    """A new password, twice, and the one that holds."""

    current: SecretStr = Field(max_length=1000)
    new: SecretStr = Field(max_length=1000)
    again: SecretStr = Field(max_length=1000)


@router.page("/sign-in")
def sign_in_page(request: Request, sent: Sent, next: str = "", changed: str = "") -> Response:
    return _sign_in(
        request, sent, next, note="Your password is changed, and every session has ended. Sign in with the new one." if changed else ""
    )


@router.form("/sign-in")
def sign_in(request: Request, server: Here, sent: Sent) -> Response:
    """Whether the address or the password is wrong is not told, and guessing is slowed."""
    visit.refuse_other_sites(request)
    place = sent.text("next")
    asked = sent.read(Credentials)
    if asked is None:
        return _sign_in(request, sent, place)
    try:
        begun = actions.sign_in(
            server.database,
            asked.email,
            asked.password.get_secret_value(),
            address=address_of(request),
            hours=server.settings.session_hours,
        )
    except actions.Several as several:
        return _choose(request, server, several.known, several.organizations, place)
    except (Unauthenticated, TooManyRequests) as refused:
        sent.refuse(str(refused), status=refused.status)
        return _sign_in(request, sent, place)
    return _entered(request, begun, place)


@router.form("/sign-in/organization")
def choose(request: Request, server: Here, sent: Sent) -> Response:
    """Goes on with the ticket of somebody who has shown the password."""
    visit.refuse_other_sites(request)
    try:
        user_id, name = json.loads(_signer(server).read(sent.text("ticket")))
    except (NotFound, ValueError):
        sent.refuse("That took too long, and you are not signed in; type the password once more", status=409)
        return _sign_in(request, sent, sent.text("next"))
    known = actions.Known(int(user_id), str(name))
    begun = actions.go_on(
        server.database, known, sent.text("organization"), address=address_of(request), hours=server.settings.session_hours
    )
    return _entered(request, begun, sent.text("next"))


@router.form("/sign-out")
def sign_out(request: Request, looking: visit.Known) -> Response:
    actions.sign_out(looking.server.database, looking.principal, address=address_of(request))
    answered = looking.go(addresses.SIGN_IN)
    cookies.take(request, answered)
    return answered


@router.page("/account")
def account(looking: visit.Known) -> Response:
    return _account(looking)


@router.form("/account/password")
def change_password(request: Request, looking: visit.Known) -> Response:
    asked = looking.form.read(Passwords)
    if asked is not None and asked.new != asked.again:
        looking.form.refuse("This is not what stands above; nothing was changed.", field="again")
    if asked is None or not looking.form.ok:
        return _account(looking)
    try:
        actions.change_password(
            looking.server.database, looking.principal, asked.current.get_secret_value(), asked.new.get_secret_value(),
            address=address_of(request),
        )  # fmt: skip
    except Unauthenticated as refused:
        looking.form.refuse(str(refused), field="current")
    except UsageError as refused:
        looking.form.refuse(str(refused), field="new")
    except TooManyRequests as refused:
        looking.form.refuse(str(refused), status=429)
    if not looking.form.ok:
        return _account(looking)
    answered = RedirectResponse(f"{addresses.SIGN_IN}?changed=yes", 303)
    cookies.take(request, answered)
    return answered


@router.form("/account/organization")
def switch(request: Request, looking: visit.Known) -> Response:
    begun = actions.switch(looking.server.database, looking.principal, looking.form.text("organization"), address=address_of(request))
    return _entered(request, begun, addresses.HOME)


def _sign_in(request: Request, sent: Form, place: str, note: str = "") -> Response:
    place = addresses.safe(place)
    return told.outside(
        request, "access/sign_in.html", {"title": "Sign in to Octavo", "sent": sent, "next": place, "note": note}, sent.status
    )


def _choose(request: Request, server: Server, known: actions.Known, organizations: Sequence[Organization], place: str) -> Response:
    ticket = _signer(server).sign(json.dumps([known.user_id, known.name]), CHOOSING_SECONDS)
    context = {"title": "Which organization?", "organizations": organizations, "ticket": ticket, "next": addresses.safe(place)}
    return told.outside(request, "access/choose.html", context)


def _entered(request: Request, begun: actions.SignedIn, place: str) -> Response:
    answered = RedirectResponse(addresses.safe(place), 303)
    cookies.give(request, answered, begun)
    return answered


def _account(looking: visit.Visit) -> Response:
    if looking.principal.user_id is None:
        raise Conflict("This account belongs to nobody; sign in as a person")
    organizations = actions.organizations_of(looking.server.database, looking.principal.user_id)
    return looking.page("access/account.html", title="Your account", organizations=organizations)


def _signer(server: Server) -> Signer:
    return Signer(server.vault, "octavo choice of an organization")
