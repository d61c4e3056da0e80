"""A proxy that does to a TCP connection what networks and servers do: wait, fall silent, cut off after so many bytes, or answer an HTTP status.

    with Proxy("http://127.0.0.1:8333") as proxy:       # or "127.0.0.1:5432"
        connect to proxy.address, or proxy.port
        proxy.cut(up=65536)                              # until proxy.heal()

What it is told holds for connections that are open already too. Directions are seen from the client: `up` is what it sends.
"""

import contextlib
import re
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from urllib.parse import urlsplit

_PIECE = 16384
_TICK = 0.02


@dataclass(frozen=True)
class Fault:
    """What is done to what passes; nothing unless it is said. Bytes count from the moment at which the fault was set."""

    delay: float = 0
    """Seconds that each piece waits."""
    rate: float = 0
    """Bytes a second that are let through on each connection; 0 for all."""
    silent: bool = False
    """Nothing passes any more, and nobody is told: a black hole."""
    cut_up: int | None = None
    """The connection is reset when so many bytes more were sent by the client."""
    cut_down: int | None = None
    """... or by the server."""
    refuse: bool = False
    """New connections are reset at once."""
    answer: "Answer | None" = None
    """HTTP: what requests are answered with, instead of by the server."""
    towards_server: bool = True
    """Whether delay, rate and silence hold for what the client sends."""
    towards_client: bool = True


@dataclass(frozen=True)
class Answer:
    """An HTTP answer for requests whose first line fits `to`, for so many of them. `after`: the server gets the request first, and its answer is lost."""

    status: int
    body: str = ""
    to: str = ""
    times: int = 10**9
    after: bool = False


@dataclass
class _Counts:
    answered: int = 0
    up: int = 0
    down: int = 0
    cut: int = 0


@dataclass
class Proxy:
    """Stands before a server on a port of its own. Everything it is told can be changed at any moment."""

    target: str
    seen: list[str] = field(default_factory=list)
    """The first lines of the HTTP requests that came."""

    def __post_init__(self) -> None:
        url = urlsplit(self.target if "://" in self.target else f"//{self.target}")
        self._scheme = url.scheme
        self._server = (url.hostname or "127.0.0.1", url.port or 80)
        self._fault = Fault()
        self._counts = _Counts()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.2)
        self._threads = [threading.Thread(target=self._listen, daemon=True)]

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def address(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}" if self._scheme else f"127.0.0.1:{self.port}"

    @property
    def answered(self) -> int:
        """How many requests got an answer that the server did not give."""
        return self._counts.answered

    @property
    def cuts(self) -> int:
        """How many connections were reset."""
        return self._counts.cut

    def set(self, fault: Fault) -> None:
        with self._lock:
            self._fault, self._counts = fault, _Counts()
        if fault.refuse:
            self._reset_all()

    def heal(self) -> None:
        self.set(Fault())

    def slow(self, rate: float, *, up: bool = True, down: bool = False) -> None:
        self.set(Fault(rate=rate, towards_server=up, towards_client=down))

    def delay(self, seconds: float) -> None:
        self.set(Fault(delay=seconds))

    def silence(self, *, up: bool = True, down: bool = True) -> None:
        self.set(Fault(silent=True, towards_server=up, towards_client=down))

    def cut(self, *, up: int | None = None, down: int | None = None) -> None:
        self.set(Fault(cut_up=up, cut_down=down))

    def refuse(self) -> None:
        self.set(Fault(refuse=True))

    def answer(self, status: int, body: str = "", *, to: str = "", times: int = 10**9, after: bool = False) -> None:
        self.set(Fault(answer=Answer(status, body, to, times, after)))

    def __enter__(self) -> "Proxy":
        self._threads[0].start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._listener.close()
        self._reset_all()
        for thread in self._threads:
            thread.join(5)

    # One connection: a thread for each direction.

    def _listen(self) -> None:
        while not self._over.is_set():
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            client.settimeout(None)
            if self._fault.refuse:
                self._reset(client)
                continue
            try:
                server = socket.create_connection(self._server, 10)
            except OSError:
                self._reset(client)
                continue
            server.settimeout(None)
            with self._lock:
                self._open |= {client, server}
            link = _Link(self, client, server)
            for pump in (link.up, link.down):
                thread = threading.Thread(target=pump, daemon=True)
                self._threads.append(thread)
                thread.start()

    def _wait(self, piece: bytes, *, up: bool) -> bool:
        """Holds a piece back as the fault says. False when the connection is to be reset instead."""
        fault = self._fault
        while fault.silent and (fault.towards_server if up else fault.towards_client) and not self._over.wait(_TICK):
            fault = self._fault
        if fault.towards_server if up else fault.towards_client:
            self._over.wait(fault.delay + (len(piece) / fault.rate if fault.rate else 0))
        with self._lock:
            if up:
                self._counts.up += len(piece)
            else:
                self._counts.down += len(piece)
            limit, passed = (fault.cut_up, self._counts.up) if up else (fault.cut_down, self._counts.down)
            cut = fault is self._fault and limit is not None and passed > limit
            self._counts.cut += cut
        return not cut and not self._over.is_set()

    def _answers(self, line: str) -> Answer | None:
        """What this request is answered with, if not by the server."""
        with self._lock:
            answer = self._fault.answer
            if answer is None or self._counts.answered >= answer.times or not re.search(answer.to, line):
                return None
            self._counts.answered += 1
            return answer

    def _forget(self, *ends: socket.socket) -> None:
        for end in ends:
            with self._lock:
                self._open.discard(end)
            self._reset(end)

    def _reset_all(self) -> None:
        with self._lock:
            ends = list(self._open)
        self._forget(*ends)

    @staticmethod
    def _reset(end: socket.socket) -> None:
        with contextlib.suppress(OSError):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


class _Link:
    """The two directions of one connection. HTTP is looked at only as far as the first line of each request."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy, self._client, self._server = proxy, client, server
        self._swallow = threading.Event()
        self._promised: Answer | None = None

    def up(self) -> None:
        self._pump(self._client, self._server, self._request)

    def down(self) -> None:
        self._pump(self._server, self._client, self._response)

    def _pump(self, source: socket.socket, sink: socket.socket, pass_on: Callable[[bytes], bool]) -> None:
        try:
            while piece := source.recv(_PIECE):
                if not self._proxy._wait(piece, up=source is self._client) or not pass_on(piece):
                    self._proxy._forget(self._client, self._server)
                    return
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            self._proxy._forget(self._client, self._server)

    def _request(self, piece: bytes) -> bool:
        line = piece.split(b"\r\n", 1)[0].decode("latin-1")
        if re.fullmatch(r"[A-Z]+ \S+ HTTP/1\.[01]", line):
            self._proxy.seen.append(line)
            answer = self._proxy._answers(line)
            if answer is not None and not answer.after:
                self._finish(answer)
                return False
            self._promised = answer
        self._server.sendall(piece)
        return True

    def _response(self, piece: bytes) -> bool:
        if self._promised is not None:  # the server has done it, and nobody will hear of it
            self._finish(self._promised)
            return False
        self._client.sendall(piece)
        return True

    def _finish(self, answer: Answer) -> None:
        """Answers, reads what the client is still sending, and ends the connection. A status of 0 is no answer at all."""
        if answer.status:
            body = answer.body.encode()
            head = f"HTTP/1.1 {answer.status} Fault\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            with contextlib.suppress(OSError):
                self._client.sendall(head.encode() + body)
                self._client.shutdown(socket.SHUT_WR)
                self._client.settimeout(1)
                until = time.monotonic() + 5
                while time.monotonic() < until and self._client.recv(_PIECE):
                    pass
