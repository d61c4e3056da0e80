"""Handing mails to a server by SMTP: one recipient at a time, over a connection that is used again.

What matters is when the server may have a mail: from the first byte after its 354 until its answer. What is lost before is tried again, what is lost
in between is unknown.
"""

import base64
import hashlib
import hmac
import os
import re
import smtplib
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

from octavo.control.delivery import channel
from octavo.control.delivery.channel import HandOver, Outcome
from octavo.errors import UsageError

_IDLE_SECONDS = 20
"""After how long without a mail a connection is not trusted any more."""
_EXAMPLE = "smtp://user:password@host:587?starttls=required, smtps://user:password@host, or ses://region"
_TOO_LARGE = 552

Security = Literal["tls", "required", "optional", "none"]


@dataclass(frozen=True)
class Server:
    """Who takes mails. `security` is how the connection is protected: TLS from the start, STARTTLS (required or where offered), or not at all."""

    host: str
    port: int
    security: Security
    user: str = ""
    password: str = field(default="", repr=False)


def read_url(url: str) -> Server:
    """The server that OCTAVO_MAIL_URL names. Raises UsageError; its text never holds the URL, which has a password in it."""
    try:
        parts = urlsplit(url)
        host, port, user, password = parts.hostname or "", parts.port, unquote(parts.username or ""), unquote(parts.password or "")
    except ValueError as error:
        raise UsageError(f"OCTAVO_MAIL_URL is no URL; write {_EXAMPLE}") from error
    query = parse_qs(parts.query, keep_blank_values=True)
    security = query.pop("starttls", ["required"])[-1]
    if query or parts.path not in ("", "/") or not host or parts.scheme not in ("smtp", "smtps", "ses"):
        raise UsageError(f"OCTAVO_MAIL_URL is none that Octavo knows; write {_EXAMPLE}")
    if parts.scheme == "ses":
        return _ses(host, user, password)
    if parts.scheme == "smtps":
        return Server(host, port or 465, "tls", user, password)
    if security not in ("required", "optional", "none"):
        raise UsageError("In OCTAVO_MAIL_URL starttls is required, optional or none")
    if user and security != "required":
        raise UsageError(
            "OCTAVO_MAIL_URL has a password, which is sent over an encrypted connection only: leave starttls out, or the password"
        )
    return Server(host, port or (25 if security == "none" else 587), security, user, password)  # type: ignore[arg-type]  # one of the three


def _ses(region: str, key: str, secret: str) -> Server:
    key, secret = key or os.environ.get("AWS_ACCESS_KEY_ID", ""), secret or os.environ.get("AWS_SECRET_ACCESS_KEY", "")
    if not key or not secret:
        raise UsageError("OCTAVO_MAIL_URL names SES, which needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    if os.environ.get("AWS_SESSION_TOKEN"):
        raise UsageError("SES takes no mails with temporary credentials (AWS_SESSION_TOKEN); give Octavo a key of its own for mails")
    return Server(f"email-smtp.{region}.amazonaws.com", 587, "required", key, ses_password(secret, region))


def ses_password(secret: str, region: str) -> str:
    """The password for the SMTP of SES that belongs to a secret access key, as the developer guide of SES derives it."""
    mark = b"AWS4" + secret.encode()
    for part in ("11111111", region, "ses", "aws4_request", "SendRawEmail"):
        mark = hmac.digest(mark, part.encode(), hashlib.sha256)
    return base64.b64encode(b"\x04" + mark).decode()


class Relay:
    """Connections to one server, one at a time, used again. Not for several threads."""

    def __init__(self, server: Server, *, timeout: float, called: str) -> None:
        """`called` is how this machine names itself to the server."""
        self._server, self._timeout, self._called = server, timeout, called
        self._smtp: smtplib.SMTP | None = None
        self._used_at = 0.0

    def send(self, sender: str, recipient: str, message: Callable[[int | None], bytes], hand_over: HandOver) -> Outcome:
        """Hands one mail over. `message` makes it, given the largest size that the server takes, if it says one. Raises NotOurs."""
        for again in (True, False):  # a connection that was used before may have been ended by the server meanwhile
            try:
                connection, used = self._connection(again)
            except (OSError, smtplib.SMTPException) as error:
                self.close()
                return _not_reached(error)
            try:
                outcome = self._send(connection, sender, recipient, message, hand_over)
            except _Ended as ended:
                self.close()
                if used and not ended.begun:
                    continue
                return ended.outcome
            except BaseException:
                self.close()
                raise
            self._used_at = time.monotonic()
            return outcome
        raise AssertionError("a new connection was not used before")

    def close(self) -> None:
        """Ends the connection, if there is one."""
        if self._smtp is not None:
            with suppress(OSError, smtplib.SMTPException):
                self._smtp.close()
            self._smtp = None

    def _connection(self, again: bool) -> tuple[smtplib.SMTP, bool]:
        if self._smtp is not None and again and time.monotonic() - self._used_at < _IDLE_SECONDS:
            return self._smtp, True
        self.close()
        server = self._server
        context = ssl.create_default_context()
        if server.security == "tls":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, local_hostname=self._called, timeout=self._timeout, context=context
            )
        else:
            smtp = smtplib.SMTP(server.host, server.port, local_hostname=self._called, timeout=self._timeout)
        self._smtp = smtp
        smtp.ehlo_or_helo_if_needed()
        if server.security == "required" or (server.security == "optional" and smtp.has_extn("starttls")):
            smtp.starttls(context=context)
            smtp.ehlo()
        if server.user:
            smtp.login(server.user, server.password)
        return smtp, False

    def _send(
        self, smtp: smtplib.SMTP, sender: str, recipient: str, message: Callable[[int | None], bytes], hand_over: HandOver
    ) -> Outcome:
        announced = smtp.esmtp_features.get("size", "")
        largest = int(announced) if announced.isdigit() and int(announced) else None
        made = message(largest)
        sized = [f"size={len(made)}"] if "size" in smtp.esmtp_features else []
        for question in (lambda: smtp.mail(sender, sized), lambda: smtp.rcpt(recipient), lambda: smtp.docmd("data")):
            code, answer = _ask(question)
            if code not in (250, 251, 252, 354):
                return self._refused(smtp, code, answer)
        hand_over()
        try:
            smtp.send(_stuffed(made))
            code, answer = smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            said = channel.unknown(
                "cut_off", f"The mail server ended the connection before it said whether it took the mail ({_name(error)})"
            )
            raise _Ended(said, begun=True) from error
        return channel.sent(_text(answer)) if code == 250 else self._refused(smtp, code, answer)

    def _refused(self, smtp: smtplib.SMTP, code: int, answer: bytes) -> Outcome:
        outcome = refusal(code, _text(answer))
        if code == 421:
            raise _Ended(outcome, begun=False)
        with suppress(OSError, smtplib.SMTPException):
            if smtp.rset()[0] == 250:
                return outcome
        self.close()
        return outcome


class _Ended(Exception):
    """The connection is of no more use. `begun`: the server may have the mail."""

    def __init__(self, outcome: Outcome, *, begun: bool) -> None:
        super().__init__(outcome.message)
        self.outcome, self.begun = outcome, begun


def _ask(question: Callable[[], tuple[int, bytes]]) -> tuple[int, bytes]:
    """Before anything is handed over: a connection that is lost here lost nothing."""
    try:
        return question()
    except (OSError, smtplib.SMTPException) as error:
        raise _Ended(_not_reached(error), begun=False) from error


def refusal(code: int, answer: str) -> Outcome:
    """What a refusal means: 4xx may pass, 5xx is final."""
    said = f"The mail server answered {code}{': ' if answer else ''}{answer}"
    if 400 <= code < 500:
        return channel.again("deferred", said)
    return channel.failed("too_large" if code == _TOO_LARGE else "refused", said)


def _not_reached(error: Exception) -> Outcome:
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return channel.again("credentials", "The mail server refuses the name and password of OCTAVO_MAIL_URL")
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return channel.again("tls", "The mail server offers no STARTTLS or no sign-in, which OCTAVO_MAIL_URL asks for; nothing was sent")
    if isinstance(error, ssl.SSLError):
        return channel.again(
            "tls", f"No protected connection to the mail server can be made ({error.reason or _name(error)}); nothing was sent"
        )
    if isinstance(error, smtplib.SMTPResponseException):
        return channel.again("deferred", f"The mail server answered {error.smtp_code} to the connection; nothing was sent")
    return channel.again("unreachable", f"The mail server cannot be reached, or ended the connection ({_name(error)}); nothing was sent")


def _name(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__


def _text(answer: bytes) -> str:
    """What a server said, as one plain line."""
    return "".join(character if character.isprintable() else " " for character in answer.decode("utf-8", "replace"))[:300].strip()


def _stuffed(message: bytes) -> bytes:
    """As RFC 5321 (4.5.2) sends it: every line ends in CRLF, a line that begins with a dot gets another, and one dot alone ends it."""
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", message)
    ended = lines if lines.endswith(b"\r\n") else lines + b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", ended) + b".\r\n"
