"""A POST with an Idempotency-Key is done once: whoever repeats it is given the first answer. For every route of class `Repeatable`.

What is done and the answer to it are one transaction, which the route uses without knowing (Asking.transaction) and which is committed
here, when the answer is there. So there is both or nothing: after an error, or a crash, nothing is remembered and the same may be tried again.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Coroutine, Sequence
from contextlib import ExitStack
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from octavo.control import answers
from octavo.control.access.actions import Principal
from octavo.database.connection import Connection, Database
from octavo.errors import Forbidden
from octavo.vault import Vault

REPLAYED = "Idempotency-Replayed"

_KEY = re.compile(r"[!-~]{1,255}")


class Repeated(Exception):
    """The request was answered before, with this answer."""

    def __init__(self, answer: answers.Answer) -> None:
        super().__init__("answered before")
        self.answer = answer


class Turn:
    """One request with a key: its transaction, from the moment it is known who asks until the answer is kept."""

    def __init__(self, key: str, request_hash: bytes) -> None:
        self._key, self._hash = key, request_hash
        self._open = ExitStack()
        self._asked: answers.Asked | None = None
        self._concealed: tuple[str, ...] = ()
        self.connection: Connection | None = None

    def conceal(self, fields: Sequence[str]) -> None:
        """Has these fields of the answer not be kept."""
        self._concealed = tuple(fields)

    def begin(self, database: Database, principal: Principal) -> None:
        """Opens the transaction. Raises Repeated, UsageError for a key that was used for something else."""
        if principal.user_id is None:
            raise Forbidden("An Idempotency-Key belongs to a person; nothing was done")
        organization = principal.organization
        self.connection = self._open.enter_context(database.tenant(organization.id, zone=organization.time_zone))
        self._asked = answers.Asked(principal.user_id, self._key, self._hash)
        found = answers.begin(self.connection, self._asked)
        if found is not None:
            raise Repeated(found)

    def end(self, response: Response) -> None:
        """Keeps the answer and commits; of what went wrong nothing."""
        if self.connection is None or self._asked is None:
            return
        if response.status_code >= 400:
            self.undo()
            return
        answers.keep(
            self.connection,
            self._asked,
            answers.Answer(
                response.status_code,
                self._kept(bytes(response.body)),
                response.headers.get("location"),
                response.headers.get("content-type"),
            ),
        )
        self._open.close()

    def _kept(self, body: bytes) -> bytes:
        if not self._concealed:
            return body
        return json.dumps({**json.loads(body), **dict.fromkeys(self._concealed)}).encode()

    def undo(self) -> None:
        """Ends the transaction without anything, if it was not committed."""
        self._open.__exit__(_Undone, _Undone(), None)


class _Undone(Exception):
    """Has a transaction rolled back."""


def _documented(
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1, max_length=255, pattern=f"^{_KEY.pattern}$",
            description="Of your choice, new for each request. The same request with the same key, within a day, is not done again but answered "
            "as it was the first time; another request with that key is refused.",
        ),
    ] = None,
) -> None:  # fmt: skip
    """For OpenAPI, and to refuse what is no key; what it does is done by the route's class."""


class Repeatable(APIRoute):
    """A route whose POST may be repeated."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **given: Any) -> None:
        self._repeatable = "POST" in (given.get("methods") or ())
        if self._repeatable:
            given["dependencies"] = [Depends(_documented), *(given.get("dependencies") or ())]
        super().__init__(path, endpoint, **given)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        if not self._repeatable:
            return handle

        async def once(request: Request) -> Response:
            key = request.headers.get("idempotency-key", "")
            if not _KEY.fullmatch(key):
                return await handle(request)  # without one, or it is refused by what is documented
            said = f"{request.method} {request.url.path}?{request.url.query}\n".encode() + await request.body()
            # With a key that the database does not have: a body may hold a password, and what is kept of it must not help to guess it.
            vault: Vault = request.app.state.server.vault
            turn = Turn(key, hmac.digest(vault.key("octavo repeated requests"), said, hashlib.sha256))
            request.state.turn = turn
            try:
                response = await handle(request)
                await run_in_threadpool(turn.end, response)
                return response
            except Repeated as before:
                return _again(before.answer)
            finally:
                await run_in_threadpool(turn.undo)

        return once


def _again(answer: answers.Answer) -> Response:
    headers = {name: value for name, value in (("location", answer.location), ("content-type", answer.media_type)) if value}
    return Response(answer.body, answer.status, {**headers, REPLAYED: "true"})
