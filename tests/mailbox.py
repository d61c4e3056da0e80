"""A real SMTP server (PyPI aiosmtpd) that keeps what it takes and refuses, hangs up or hangs as a test asks."""

import email
import email.policy
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.buckets import free_port

Answer = str | None
"""What the server says instead of taking it: "451 later"; "hang up" ends the connection, "hang" says nothing for ever; None takes it."""


@dataclass
class Mailbox:
    """What arrived, and how the server behaves: `at_recipient` is asked at RCPT, `at_data` when DATA is asked for, `at_end` when the mail is there."""

    port: int = 0
    at_sender: Callable[[str], Answer] = lambda sender: None
    at_recipient: Callable[[str], Answer] = lambda recipient: None
    at_end: Callable[[str], Answer] = lambda recipient: None
    after_keeping: Callable[[str], Answer] = lambda recipient: None
    raw: list[bytes] = field(default_factory=list)
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)
    connections: set[int] = field(default_factory=set)
    turn: threading.Lock = field(default_factory=threading.Lock)

    @property
    def mails(self) -> list[EmailMessage]:
        return [email.message_from_bytes(raw, policy=email.policy.default) for raw in self.raw]  # type: ignore[arg-type]

    @property
    def message_ids(self) -> list[str]:
        """Of every mail that arrived."""
        return [str(message["Message-ID"]) for message in self.mails]

    @property
    def recipients(self) -> Counter[str]:
        """How often each recipient got something."""
        return Counter(recipient for _, to in self.envelopes for recipient in to)

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802
        answer = await self._say(server, self.at_sender(address))
        if answer:
            return answer
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802
        with self.turn:
            self.asked[address] += 1
            self.connections.add(id(session))
        answer = await self._say(server, self.at_recipient(address))
        if answer:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        to = envelope.rcpt_tos[0]
        answer = await self._say(server, self.at_end(to))
        if answer:
            return answer
        with self.turn:
            self.raw.append(bytes(envelope.content or b""))
            self.envelopes.append((str(envelope.mail_from), list(envelope.rcpt_tos)))
        return await self._say(server, self.after_keeping(to)) or "250 OK, kept"

    async def _say(self, server: SMTP, answer: Answer) -> str | None:
        import asyncio

        if answer == "hang":
            await asyncio.sleep(3600)
        if answer == "hang up":
            assert server.transport is not None
            server.transport.abort()
            return "421 gone"
        return answer


class _Listening(Controller):
    """A port of its own, so that several run at once."""

    def factory(self) -> SMTP:
        return SMTP(self.handler, **self.SMTP_kwargs)


@contextmanager
def listening(mailbox: Mailbox, *, tls: ssl.SSLContext | None = None, **options: Any) -> Iterator[Mailbox]:
    """The server on a free port of this machine; `options` are those of aiosmtpd's SMTP."""
    mailbox.port = mailbox.port or free_port()
    controller = _Listening(mailbox, hostname="127.0.0.1", port=mailbox.port, ssl_context=tls, ready_timeout=30, **options)
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()


def password(user: str, secret: str) -> Callable[..., AuthResult]:
    """An authenticator that takes one name and password."""

    def authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        good = isinstance(data, LoginPassword) and data.login == user.encode() and data.password == secret.encode()
        return AuthResult(success=good, handled=False)

    return authenticate
