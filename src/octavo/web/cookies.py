"""The cookie of a session: how it is set, read and taken away, so that no script, no other site and no other host comes by it."""

from starlette.requests import Request
from starlette.responses import Response

from octavo.control.access import actions as access

NAME = "__Host-octavo"
"""Browsers take a cookie of such a name over https only, for this host alone, and let no neighbour under the same domain set it."""
PLAIN_NAME = "octavo"
"""On one's own machine there is no https."""
CSRF_HEADER = "X-CSRF-Token"

_OWN_MACHINE = ("localhost", "127.0.0.1", "::1")
_PASSED_ON = ("forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host")


def read(request: Request) -> str | None:
    """The cookie that the request shows."""
    return request.cookies.get(_name(request))


def give(request: Request, response: Response, begun: access.SignedIn) -> None:
    """Has the browser keep the session's cookie."""
    response.set_cookie(
        _name(request), begun.cookie, max_age=max(int(begun.hours * 3600), 1), path="/", secure=not _is_plain(request), httponly=True,
        samesite="lax",
    )  # fmt: skip


def take(request: Request, response: Response) -> None:
    """Has the browser forget it."""
    response.delete_cookie(_name(request), path="/", secure=not _is_plain(request), httponly=True, samesite="lax")


def _name(request: Request) -> str:
    return PLAIN_NAME if _is_plain(request) else NAME


def _is_plain(request: Request) -> bool:
    """Whether it is http from this machine to itself, and nobody in between: only there a cookie may go without https."""
    nobody_between = not any(name in request.headers for name in _PASSED_ON)
    return request.url.scheme == "http" and request.url.hostname in _OWN_MACHINE and nobody_between
