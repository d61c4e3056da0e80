"""A TCP proxy before PostgreSQL that can be slow, swallow everything, break off in the middle, or be gone."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self


class Wire:
    """Leads from a TCP port to the socket of a server, in a thread of its own. Its settings may be changed at any moment."""

    def __init__(self, socket: Path) -> None:
        self._socket = str(socket)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live()))
        self._ends: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.latency = 0.0
        """Seconds that every piece of what is said takes, in each direction."""
        self.break_after: int | None = None
        """Bytes that a connection opened from now on carries from the server before it is reset."""

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._over.set)
        self._thread.join()

    def swallow(self) -> None:
        """From now on nothing arrives on either side, and nobody is told."""
        self._call(self._open.clear)

    def deliver(self) -> None:
        """Everything arrives again, also what was held back."""
        self._call(self._open.set)

    def cut(self) -> None:
        """Resets every connection there is."""
        self._call(self._reset_all)

    def _call(self, what: Callable[[], object]) -> None:
        self._loop.call_soon_threadsafe(what)

    def _reset_all(self) -> None:
        for end in self._ends:
            end.transport.abort()

    async def _live(self) -> None:
        self._loop, self._open, self._over = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
        self._open.set()
        carrying: set[asyncio.Task[None]] = set()

        def accept(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(self._carry(source, target))
            carrying.add(task)
            task.add_done_callback(carrying.discard)

        async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
            self.port = server.sockets[0].getsockname()[1]
            self._ready.set()
            await self._over.wait()
        self._open.set()
        self._reset_all()
        await asyncio.gather(*carrying)

    async def _carry(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        self._ends.add(to_client)
        try:
            server, to_server = await asyncio.open_unix_connection(self._socket)
        except OSError:
            to_client.transport.abort()
            return
        self._ends.add(to_server)
        pumps = [asyncio.create_task(self._pump(*way)) for way in ((client, to_server, None), (server, to_client, self.break_after))]
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for end in (to_client, to_server):  # one side has ended: so does the other
            end.transport.abort()
        for pump in pumps:
            pump.cancel()
        await asyncio.wait(pumps)
        self._ends -= {to_client, to_server}

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, left: int | None) -> None:
        with suppress(OSError):
            while data := await source.read(65536):
                await asyncio.sleep(self.latency)
                await self._open.wait()
                if left is not None and len(data) > left:
                    return
                left = None if left is None else left - len(data)
                target.write(data)
                await target.drain()
