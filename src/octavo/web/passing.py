"""What every request passes on its way in: a request id, security headers, its count and time, and its line in the log."""

import logging
import re
import secrets
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from octavo import logs, metrics

STREAM = "octavo.stream"
"""Set in the scope by a route that streams: how long that takes says nothing about the server."""

_log = logging.getLogger("octavo.access")
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)


class Passing:
    """The middleware, in plain ASGI, so that nothing is buffered and events stream through."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"").decode("latin-1")
        request_id = given if _GIVEN_ID.fullmatch(given) else secrets.token_hex(8)
        scope["octavo.request_id"] = request_id
        status, begun = 500, time.perf_counter()
        root = scope.get("root_path", "").encode()

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                kept = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [
                    *(
                        (name, root + value if name == b"location" and value.startswith(b"/") else value)
                        for name, value in message["headers"]
                    ),
                    *(header for header in _HEADERS if header[0] not in kept),
                    (b"x-request-id", request_id.encode()),
                ]
            await send(message)

        with logs.about(logs.Subject(request_id=request_id)):
            try:
                await self._app(scope, receive, sending)
            finally:
                _count(scope, status, time.perf_counter() - begun)


def _count(scope: Scope, status: int, seconds: float) -> None:
    """By the route's template: a path holds ids and links."""
    route = getattr(scope.get("route"), "path", metrics.OTHER)
    method = scope["method"] if scope["method"] in _METHODS else metrics.OTHER
    metrics.REQUESTS.labels(method, route, str(status)).inc()
    if STREAM not in scope:
        metrics.REQUEST_SECONDS.labels(method, route).observe(seconds)
    if status in (400, 413, 415, 422):
        metrics.REFUSED.labels(route, str(status)).inc()
    _log.info("%s %s %s", method, route, status, extra={"method": method, "route": route, "status": status, "ms": round(seconds * 1000)})
