"""What every body passes before anything looks at it: a limit on its size, its type, and JSON that means one thing only, or for a page a form."""

import json
from collections.abc import Iterable
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from octavo.web import problems
from octavo.web.pages import addresses, form

LARGEST_BODY = 1_000_000
"""Bytes. Octavo takes requests, never files but for a logo in a form."""
DEEPEST = 64
"""How many lists and objects may lie in one another."""
LONGEST_NUMBER = 100
"""Digits."""

_WITH_BODY = ("POST", "PUT", "PATCH")
_JSON, _FORM = ("JSON", "application/json"), ("a form", form.TYPE)


class _Refused(Exception):
    """What is wrong with a body, in words for people."""


class Bodies:
    """The middleware. A body that passed is handed on whole."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in _WITH_BODY:
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        body = await _read(request, receive)
        if body is None:
            detail = f"The body is larger than {LARGEST_BODY:,} bytes; nothing was changed. Octavo takes requests, not files"
            await problems.answer(request, 413, detail, {"Connection": "close"})(scope, receive, send)
        elif body and not _is(request, wanted := _FORM if addresses.is_page(scope) else _JSON):
            detail = f"The body is not said to be {wanted[0]}; nothing was changed. Send it with Content-Type: {wanted[1]}"
            await problems.answer(request, 415, detail)(scope, receive, send)
        elif body and (wrong := why_refused(body) if wanted == _JSON else why_no_form(body, request.headers["content-type"])):
            await problems.answer(request, 422, f"{wrong}; nothing was changed")(scope, receive, send)
        else:
            await self._app(scope, _handing_on(body, receive), send)


def why_refused(body: bytes) -> str | None:
    """Why these bytes are not taken for JSON, in words; None when they are."""
    try:
        value = json.loads(body, object_pairs_hook=_unique, parse_int=_whole, parse_float=_finite, parse_constant=_finite)
        _look_through(value)
    except _Refused as refused:
        return str(refused)
    except RecursionError:
        return f"The body has more than {DEEPEST} lists and objects in one another"
    except UnicodeDecodeError:
        return "The body is no text in UTF-8"
    except json.JSONDecodeError as error:
        return f"The body is no JSON: {error.msg} at character {error.pos}"
    return None


def why_no_form(body: bytes, content_type: str = form.TYPE) -> str | None:
    """Why these bytes are not taken for a form, in words; None when they are."""
    try:
        for pair in form.fields(body, content_type)[0]:
            _look_through(list(pair))
    except _Refused as refused:
        return str(refused)
    except ValueError:
        return f"The form is not whole, is no text in UTF-8, or has more than {form.MOST_FIELDS:,} fields"
    return None


async def _read(request: Request, receive: Receive) -> bytes | None:
    """The whole body; None when it is too large, whether it says so or goes on and on."""
    said = request.headers.get("content-length", "")
    if said.isdecimal() and int(said[:20]) > LARGEST_BODY:
        return None
    body = bytearray()
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            return None
        more = message["type"] == "http.request" and message.get("more_body", False)
    return bytes(body)


def _handing_on(body: bytes, receive: Receive) -> Receive:
    handed = False

    async def again() -> Message:
        nonlocal handed
        if handed:
            return await receive()
        handed = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _is(request: Request, wanted: tuple[str, str]) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if wanted == _FORM:
        return kind in form.TYPES
    return kind == wanted[1] or (kind.startswith("application/") and kind.endswith("+json"))


def _unique(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _Refused(f"The body says {name[:50]!r} twice in one object, and it is not known which one is meant")
        found[name] = value
    return found


def _whole(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise _Refused(f"The body holds a number of more than {LONGEST_NUMBER} digits")
    return int(digits)


def _finite(written: str) -> float:
    value = float(written) if len(written) <= LONGEST_NUMBER else float("inf")
    if value - value != 0:
        raise _Refused("The body holds a number that is none, or larger than any that can be kept")
    return value


def _look_through(value: Any) -> None:
    """Refuses what PostgreSQL's text cannot hold, and what is nested too deep to be meant."""
    left: list[tuple[Any, int]] = [(value, 0)]
    while left:
        one, depth = left.pop()
        if isinstance(one, str):
            if "\x00" in one or any("\ud800" <= character <= "\udfff" for character in one):
                raise _Refused("The body holds a character that no text can hold: NUL, or half of a surrogate pair")
        elif isinstance(one, list | dict):
            if depth >= DEEPEST:
                raise _Refused(f"The body has more than {DEEPEST} lists and objects in one another")
            left += [(inner, depth + 1) for inner in one]
            if isinstance(one, dict):
                left += [(inner, depth + 1) for inner in one.values()]
