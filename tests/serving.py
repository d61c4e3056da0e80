"""The application as it is served, in a thread of this process: for browsers, which take no test client."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from octavo import app as octavo_app


class _Threaded(uvicorn.Server):
    """Uvicorn's in a thread: signals are the main thread's."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextmanager
def served(application: FastAPI) -> Iterator[str]:
    """Where the application answers over HTTP."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(512)
        server = _Threaded(uvicorn.Config(application, log_config=None, timeout_graceful_shutdown=5))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            octavo_app.close(application)
            server.should_exit = True
            thread.join(20)
            assert not thread.is_alive()
