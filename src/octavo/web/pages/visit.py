"""Who looks at a page: the session's person as an Asking, their form, and the two ways a page answers. What every route of a page takes."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse, Response

from octavo.control import events
from octavo.control.access import actions as access
from octavo.control.access.actions import Principal
from octavo.database.connection import Connection
from octavo.errors import Forbidden
from octavo.pipeline import branding
from octavo.web import asking as who
from octavo.web import cookies
from octavo.web.asking import Asking, Server
from octavo.web.pages import addresses, form, parts, rail, rendering
from octavo.web.pages.form import Form
from octavo.web.pages.shown import Shown

_FROM_HERE = ("same-origin", "none")
"""What Sec-Fetch-Site says of a request that no other site had a part in."""
_FLASH = "octavo-said"
_LONGEST_FLASH = 500


@dataclass
class Visit:
    """One request for a page by somebody who is signed in."""

    asking: Asking
    request: Request
    form: Form

    @property
    def principal(self) -> Principal:
        return self.asking.principal

    @property
    def actor(self) -> events.Actor:
        return self.asking.actor

    @property
    def server(self) -> Server:
        return self.asking.server

    @cached_property
    def shown(self) -> Shown:
        """How this organization reads figures and times."""
        return Shown.of(self.principal.organization)

    @property
    def root(self) -> str:
        """What a proxy puts before every path."""
        return str(self.request.scope.get("root_path", ""))

    def may(self, permission: str) -> bool:
        return self.principal.may(permission)

    @property
    def administers(self) -> bool:
        """Whether the person may say who may what."""
        return access.administers(self.principal)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction in the organization of whoever looks. Close it before the page is made: nothing is asked of the database from a template."""
        with self.asking.transaction() as connection:
            yield connection

    def page(
        self, template: str, /, *, title: str, status: int | None = None, headers: Mapping[str, str] | None = None, **context: Any
    ) -> Response:
        """The page of a template, in the shell. A form that was refused answers with the status of its refusal."""
        said = _read_flash(self)
        answered = rendering.answer(
            template,
            {**self._shell(), "title": title, "said_before": said, **context},
            status or self.form.status,
            root=self.root,
            headers=headers,
        )
        if said:
            answered.delete_cookie(_FLASH, path="/")
        return answered

    def go(self, place: str, said: str = "") -> Response:
        """To another page after something was done (POST, redirect, GET), which then says what was done, once."""
        answered = RedirectResponse(addresses.safe(place), 303)
        if said:
            _write_flash(self, answered, said)
        return answered

    def first_of(self, *places: str) -> str:
        """The first of these addresses at which a page is registered; the last where none is."""
        return next((place for place in places if rail.there_is(self.request.app, place)), places[-1])

    def here(self, **changes: Any) -> str:
        """This page with other values in its query; None takes one away."""
        kept = [(name, value) for name, value in self.request.query_params.multi_items() if name not in changes]
        query = [(name, value) for name, value in [*kept, *changes.items()] if value not in (None, "")]
        return f"{self.root}{addresses.path_of(self.request.scope)}" + (f"?{urlencode(query)}" if query else "")

    def report_title(self, key: str) -> str:
        """What people call a report; its key where this organization has no such one any more."""
        entry = self.server.reports.entries.get(key)
        return entry.report.title if entry is not None and entry.pack.is_for(self.principal.organization) else key

    @property
    def cookie(self) -> str:
        """That of the session."""
        return cookies.read(self.request) or ""

    def _shell(self) -> dict[str, Any]:
        organization = self.principal.organization
        app = self.request.app
        return {
            "visit": self, "sent": self.form, "principal": self.principal, "organization": organization, "may": self.may, "here": self.here, "report_title": self.report_title,
            "shown": self.shown, "accent": branding.accent(organization.branding),
            "rail": rail.offered(app, self.principal, addresses.path_of(self.request.scope)),
            "parts": lambda: parts.offered(app, self.principal, addresses.path_of(self.request.scope)),
            "there_is": lambda path: rail.there_is(app, path), "csrf_token": access.csrf_token(self.cookie),
        }  # fmt: skip


def refuse_other_sites(request: Request) -> None:
    """Raises Forbidden for a form that another site had a browser send. Every browser says so where cookies are safe at all."""
    if request.headers.get("sec-fetch-site", "none") not in _FROM_HERE:
        raise Forbidden("This form was sent by another site, and nothing was changed; open the page here and send it from there")


async def read_form(request: Request) -> Form:
    """The form of a request; empty where there is none. Its shape was checked by web/bodies.py."""
    if request.method != "POST":
        return Form()
    return form.parse(await request.body(), request.headers.get("content-type", form.TYPE))


def _visiting(request: Request, sent: Annotated[Form, Depends(read_form)]) -> Visit:
    """Raises Unauthenticated, TooManyRequests; Forbidden for a form that is not of this session."""
    visit = Visit(who.ask(request, by_cookie=True), request, sent)
    request.state.visit = visit  # from here on an error is told in the shell
    if request.method not in who.READING:
        refuse_other_sites(request)
        access.check_csrf(visit.cookie, sent.text(form.CSRF))
    return visit


def may(permission: str) -> Callable[[Visit], Visit]:
    """A dependency: whoever looks, if that is allowed to them. Raises Unauthenticated, Forbidden."""

    def allowed(visit: Annotated[Visit, Depends(_visiting)]) -> Visit:
        access.require(visit.principal, permission)
        return visit

    return allowed


def _administers(visit: Annotated[Visit, Depends(_visiting)]) -> Visit:
    access.require_all(visit.principal)
    return visit


Known = Annotated[Visit, Depends(_visiting)]
"""Whoever is a member, and may do as little as they like."""
Viewing = Annotated[Visit, Depends(may("reports.view_reports"))]
Exporting = Annotated[Visit, Depends(may("reports.export_reports"))]
Approving = Annotated[Visit, Depends(may("reports.approve_exports"))]
Managing = Annotated[Visit, Depends(may("reports.manage"))]
Auditing = Annotated[Visit, Depends(may("audit.view"))]
Administering = Annotated[Visit, Depends(_administers)]
"""Who says who may what."""


def _write_flash(visit: Visit, answered: Response, said: str) -> None:
    text = said[:_LONGEST_FLASH]
    value = urlsafe_b64encode(json.dumps([text, _mark(visit, text)]).encode()).decode()
    plain = visit.request.url.scheme == "http"
    answered.set_cookie(_FLASH, value, max_age=60, path="/", httponly=True, secure=not plain, samesite="lax")


def _read_flash(visit: Visit) -> str:
    """What the page before had to say; nothing when it was not written for this session, because anybody can set a cookie somehow."""
    try:
        text, mark = json.loads(urlsafe_b64decode(visit.request.cookies.get(_FLASH, "")))
        return str(text) if hmac.compare_digest(str(mark), _mark(visit, str(text))) else ""
    except ValueError:
        return ""


def _mark(visit: Visit, text: str) -> str:
    key = visit.server.vault.key("octavo messages between pages")
    return hmac.digest(key, f"{visit.cookie}\n{text}".encode(), hashlib.sha256).hex()
