"""One POST to a server outside: to an address that was checked, without redirects, within ten seconds in all, and of its answer the status only."""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from octavo import network
from octavo.control.webhooks import rules

SECONDS = 10.0
MOST_ANSWER_BYTES = 64 * 1024


@dataclass(frozen=True)
class Answered:
    """What came back: the status, and how many bytes of the answer were read and thrown away."""

    status: int
    read: int


class Unanswered(Exception):
    """Nothing came back: no address, no connection, no certificate that holds, or not in time. Its text is for people."""


class Caller:
    """Calls webhooks. `listed` are the networks that may be called though they are not public; there http and any port will do."""

    def __init__(
        self, listed: Sequence[network.Network], *, lookup: network.Lookup = network.look_up, context: ssl.SSLContext | None = None,
        seconds: float = SECONDS,
    ) -> None:  # fmt: skip
        self._listed, self._lookup, self._seconds = listed, lookup, seconds
        self._context = context or ssl.create_default_context()

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answered:
        """Sends the body. Raises network.Refused when the address is none to call, Unanswered."""
        until = time.monotonic() + self._seconds
        try:
            return self._post(url, body, headers, until)
        except (OSError, http.client.HTTPException, ValueError) as error:
            if isinstance(error, TimeoutError) or time.monotonic() >= until:  # what was cut off looks like many things
                raise Unanswered(f"no whole answer within {self._seconds:g} seconds") from error
            if isinstance(error, ssl.SSLError):
                raise Unanswered(f"no safe connection: {getattr(error, 'verify_message', '') or error.reason or 'TLS failed'}") from error
            if isinstance(error, ValueError):  # urlsplit's, of what cannot be taken apart
                raise network.Refused("it is no address") from error
            raise Unanswered(_in_words(error)) from error

    def _post(self, url: str, body: bytes, headers: Mapping[str, str], until: float) -> Answered:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        connection = http.client.HTTPConnection(host, port)
        connection.sock = self._connect(parts.scheme, host, port, until)
        # One limit for everything: a server that sends a byte now and then keeps nobody for longer.
        watch = threading.Timer(max(until - time.monotonic(), 0), _cut_off, [connection.sock])
        watch.daemon = True
        watch.start()
        try:
            if isinstance(connection.sock, ssl.SSLSocket):
                connection.sock.do_handshake()
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", path, body, {**headers, "Connection": "close", "Accept-Encoding": "identity"})
            answer = connection.getresponse()
            with suppress(OSError, http.client.HTTPException):  # the status has come, which is the answer
                return Answered(answer.status, len(answer.read(MOST_ANSWER_BYTES)))
            return Answered(answer.status, 0)
        finally:
            watch.cancel()
            connection.close()

    def _connect(self, scheme: str, host: str, port: int, until: float) -> socket.socket:
        found = network.find(host, port, listed=self._listed, lookup=self._lookup, seconds=max(until - time.monotonic(), 0.01))
        found = [one for one in found if one.listed or (scheme == "https" and port in rules.PORTS)]
        if not found:
            ports = " or ".join(map(str, rules.PORTS))
            raise network.Refused(f"outside of listed networks a webhook is called by https, on port {ports}")
        failure: OSError | None = None
        for one in found:
            try:
                plain = socket.create_connection((str(one.address), port), timeout=max(until - time.monotonic(), 0.01))
            except OSError as error:
                failure = error
                continue
            plain.settimeout(max(until - time.monotonic(), 0.01))
            if scheme != "https":
                return plain
            return self._context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
        assert failure is not None
        raise failure


def _cut_off(connection: socket.socket) -> None:
    with suppress(OSError):  # it has ended by itself
        socket.socket.shutdown(connection, socket.SHUT_RDWR)  # below TLS, which another thread is just using


def _in_words(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens there"
    if isinstance(error, http.client.HTTPException | ConnectionError):
        return "the connection ended without an answer"
    return "it could not be reached"
