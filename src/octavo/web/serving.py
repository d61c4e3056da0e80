"""A web process from its first request to its last: told to stop, it takes nothing more, finishes what is open, and ends the streams."""

import gc
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from octavo.errors import UsageError

FAREWELL_SECONDS = 20
"""How long open requests may still take."""

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections from now on; port 0 is any free one. Raises UsageError when the address cannot be had."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise UsageError(f"{host} is no address of this machine: {error.strerror or error}") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise UsageError(f"{host}:{port} cannot be listened on: {error.strerror or error}; choose another with --port") from error
    return listener


def place(listener: socket.socket) -> str:
    """The URL at which a socket is reached from this machine."""
    host, port = listener.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}"


def serve(
    app: FastAPI, listener: socket.socket, *, closing: Callable[[], None], root_path: str = "", trusted_proxy: str | None = None
) -> None:
    """Serves until SIGTERM, SIGINT or SIGHUP. `closing` is called once it takes no more.

    Behind a proxy, `root_path` is what that puts before every path, and only from `trusted_proxy` are X-Forwarded-For and -Proto believed.
    """
    config = uvicorn.Config(
        app, log_config=None, access_log=False, root_path=root_path, proxy_headers=trusted_proxy is not None,
        forwarded_allow_ips=trusted_proxy or "", timeout_graceful_shutdown=FAREWELL_SECONDS, server_header=False,
    )  # fmt: skip
    gc.collect()
    gc.freeze()  # what is there now stays; to look through it again and again would hold up every answer for a tenth of a second
    _Server(config, closing).run(sockets=[listener])


class _Server(uvicorn.Server):
    """Uvicorn's, which would wait for streams that never end, and kill itself by the signal that stopped it."""

    def __init__(self, config: uvicorn.Config, closing: Callable[[], None]) -> None:
        super().__init__(config)
        self._closing = closing

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        self._closing()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        before = {number: signal.signal(number, self.handle_exit) for number in _STOPPING}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
