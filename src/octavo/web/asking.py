"""Who asks, and with what: the dependencies that every route of Octavo takes. The organization comes from the credential alone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, APIKeyHeader, HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials

from octavo import logs
from octavo.control import events
from octavo.control.access import actions as access
from octavo.database.connection import Connection, Database
from octavo.pipeline.catalog import Catalog
from octavo.settings import Settings
from octavo.vault import Vault
from octavo.web import cookies
from octavo.web.limits import Door
from octavo.web.repeating import Turn

_bearer = HTTPBearer(auto_error=False, scheme_name="Key", description="An API key (oct_...) or a token of the host application.")
_session = APIKeyCookie(
    name=cookies.NAME, auto_error=False, scheme_name="Session",
    description=f"The cookie of POST /api/session. What changes something needs its {cookies.CSRF_HEADER} beside it.",
)  # fmt: skip
_csrf = APIKeyHeader(
    name=cookies.CSRF_HEADER, auto_error=False, scheme_name="Form", description="csrf_token of the session; with a cookie only."
)

READING = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True)
class Server:
    """What a web process has: its database, its reports, its settings, and the host application whose tokens it believes."""

    database: Database
    reports: Catalog
    settings: Settings
    host: access.Host | None = None

    @cached_property
    def vault(self) -> Vault:
        """The secret of the installation."""
        return Vault(self.settings)


@dataclass(frozen=True)
class Asking:
    """One authenticated request."""

    server: Server
    principal: access.Principal
    actor: events.Actor
    turn: Turn | None = None
    """That of a request with an Idempotency-Key."""

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction in the organization of whoever asks; where the request may be repeated, the one that its answer belongs to as well."""
        if self.turn is not None and self.turn.connection is not None:
            yield self.turn.connection
            return
        organization = self.principal.organization
        with self.server.database.tenant(organization.id, zone=organization.time_zone) as connection:
            yield connection

    def show_once(self, *fields: str) -> None:
        """Says which fields of the answer hold what is shown this time only: whoever repeats the request is not told them again."""
        if self.turn is not None:
            self.turn.conceal(fields)


def server_of(request: Request) -> Server:
    """The server that answers this request."""
    server = request.app.state.server
    assert isinstance(server, Server)
    return server


def address_of(request: Request) -> str | None:
    """The network address that it came from."""
    return request.client.host if request.client else None


def credential(request: Request, *, by_cookie: bool = False) -> str:
    """What a request shows of who asks: two that show the same are of the same."""
    return (not by_cookie and request.headers.get("authorization")) or cookies.read(request) or ""


def identify(request: Request, *, requests_per_minute: int | None = None, by_cookie: bool = False) -> access.Principal:
    """Whom the credential of a request shows now; with a number it counts as a request of the organization. Raises Unauthenticated, TooManyRequests.

    `by_cookie`: a page, where a person is signed in; whatever else is shown does not count.
    """
    server = server_of(request)
    return access.authenticate(
        server.database,
        authorization=None if by_cookie else request.headers.get("authorization"),
        cookie=cookies.read(request),
        host=server.host,
        requests_per_minute=requests_per_minute,
    )


def _asking(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    session: Annotated[str | None, Depends(_session)],
    form: Annotated[str | None, Depends(_csrf)],
) -> Asking:
    del bearer, session  # they name the schemes in OpenAPI; both are read whole, so that a wrong one is refused like a wrong key
    return ask(request, form=form)


def ask(request: Request, *, form: str | None = None, by_cookie: bool = False) -> Asking:
    """Who sends a request; where a cookie shows it and something changes, `form` must be the token of its session.

    `by_cookie`: a page, which looks at its form's token itself, when it knows whom to tell. Raises Unauthenticated, TooManyRequests, Forbidden.
    """
    server = server_of(request)
    address = address_of(request)
    door: Door = request.app.state.door
    most = server.settings.requests_per_minute
    shown = credential(request, by_cookie=by_cookie)
    principal = door.let_in(address or "unknown", shown, lambda: identify(request, requests_per_minute=most, by_cookie=by_cookie))
    cookie = None if by_cookie else cookies.read(request)
    if "authorization" not in request.headers and request.method not in READING and cookie is not None:
        access.check_csrf(cookie, form)
    logs.name_organization(principal.organization.id)
    actor = events.Actor.of(principal, address, str(request.scope.get("octavo.request_id", "")))
    return Asking(server, principal, actor, getattr(request.state, "turn", None))


def may(permission: str) -> Callable[[Asking], Asking]:
    """A dependency: whoever asks, if that is allowed to them. Raises Unauthenticated, Forbidden; Repeated for what was answered before."""

    def allowed(asking: Annotated[Asking, Depends(_asking)]) -> Asking:
        access.require(asking.principal, permission)
        return _begun(asking)

    return allowed


def _administers(asking: Annotated[Asking, Depends(_asking)]) -> Asking:
    access.require_all(asking.principal)
    return _begun(asking)


def _begun(asking: Asking) -> Asking:
    if asking.turn is not None:
        asking.turn.begin(asking.server.database, asking.principal)
    return asking


Known = Annotated[Asking, Depends(_asking)]
"""Whoever is a member, and may do as little as they like."""
Viewing = Annotated[Asking, Depends(may("reports.view_reports"))]
Exporting = Annotated[Asking, Depends(may("reports.export_reports"))]
Auditing = Annotated[Asking, Depends(may("audit.view"))]
Administering = Annotated[Asking, Depends(_administers)]
"""Who says who may what."""
