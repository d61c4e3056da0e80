"""Pages without a person behind them: what went wrong, and what whoever stands outside is told."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from octavo.web.pages import addresses, rendering

_TITLES = {
    401: "Sign in", 403: "Not for you", 404: "Nothing here", 405: "Not this way", 409: "Something has changed meanwhile", 410: "Not there any more",
    413: "Too large", 415: "Not a form", 422: "That will not do", 429: "Too many requests", 502: "Another server does not answer",
    503: "Not at this moment",
}  # fmt: skip


def outside(
    request: Request, template: str, context: Mapping[str, Any], status: int = 200, *, policy: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:  # fmt: skip
    """A page for whoever is not signed in: without a rail, without a script."""
    return rendering.answer(
        template, context, status, root=str(request.scope.get("root_path", "")), policy={**rendering.OUTSIDE, **(policy or {})},
        headers=headers,
    )  # fmt: skip


def problem(request: Request, status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """An error of the house for people: what happened, what was not changed, what to do. Whoever is signed in keeps the rail."""
    about = {
        "heading": _TITLES.get(status, HTTPStatus(status).phrase),
        "said": detail,
        "request_id": request.scope.get("octavo.request_id", ""),
    }
    visit = getattr(request.state, "visit", None)
    if visit is not None:
        shown: Response = visit.page("problem.html", status=status, headers=headers, title=about["heading"], **about)
        return shown
    signed_in_here = not addresses.path_of(request.scope).startswith("/share/")
    return outside(request, "outside.html", {"title": about["heading"], "home": signed_in_here, **about}, status, headers=headers)


def to_sign_in(request: Request) -> Response:
    """Where whoever is not signed in goes, and from there back to the page they wanted."""
    wanted = addresses.path_of(request.scope) + (f"?{request.url.query}" if request.url.query else "")
    place = addresses.safe(wanted) if request.method in ("GET", "HEAD") else addresses.HOME
    asked = "" if place == addresses.HOME else f"?next={quote(place, safe='/')}"
    return RedirectResponse(f"{addresses.SIGN_IN}{asked}", 303)
