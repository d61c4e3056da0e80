"""What changes, as it changes: every stream of the process hears of it through one connection to the database, and none holds another up.

A topic (an organization, or one run of it) is looked at once for each change, however many watch it. A watcher keeps no queue, only how far it
has read, so one that reads slowly costs no memory: it misses what was overtaken, and gets how things stand.
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import psycopg

from octavo import metrics
from octavo.control.access.actions import Principal
from octavo.database import listening
from octavo.database.connection import Database
from octavo.errors import OctavoError

CHANNEL = "octavo_runs"
RECHECK_SECONDS = 5
"""How long a credential that ended may still be listened with."""

_PAUSE_SECONDS = 0.2
_AGAIN_SECONDS = 1.0
_MOST_KEPT = 200
_PASSING = (OctavoError, psycopg.Error, OSError)

_log = logging.getLogger("octavo.live")

Topic = tuple[int, int | None]
"""An organization, and one run of it or all of them."""


Result = TypeVar("Result")


class Item(Protocol):
    """What is told of a run."""

    @property
    def id(self) -> int: ...


Look = Callable[[set[int] | None], Sequence[Item]]
"""Reads the runs of those ids; or, for None, whatever there is to tell at the beginning."""


@dataclass
class Watched:
    """A topic somebody watches, with what was last seen of each of its runs, numbered in the order in which it was seen."""

    look: Look
    kept: dict[int, tuple[int, Item]] = field(default_factory=dict)
    number: int = 0
    watchers: set[asyncio.Event] = field(default_factory=set)
    changed: set[int] = field(default_factory=set)
    everything: bool = True
    task: "asyncio.Task[None] | None" = None

    def after(self, number: int) -> list[tuple[int, Item]]:
        """What was seen since, the earliest first."""
        return sorted((pair for pair in self.kept.values() if pair[0] > number), key=lambda pair: pair[0])

    def keep(self, found: Sequence[Item]) -> None:
        """Remembers what was seen, of so many runs at most, and tells who watches."""
        for item in found:
            self.number += 1
            self.kept.pop(item.id, None)
            self.kept[item.id] = (self.number, item)
        while len(self.kept) > _MOST_KEPT:
            del self.kept[next(iter(self.kept))]
        for watcher in self.watchers:
            watcher.set()


class Watching:
    """One stream's view of a topic."""

    def __init__(self, watched: Watched, told: asyncio.Event) -> None:
        self._watched, self._told, self._read = watched, told, 0

    async def news(self, seconds: float) -> list[Item]:
        """What was seen since the last call, waiting at most so long for something."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._told.wait(), seconds)
        self._told.clear()
        found = self._watched.after(self._read)
        self._read = found[-1][0] if found else self._read
        return [item for _, item in found]


class Live:
    """All the streams of a process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._watched: dict[Topic, Watched] = {}
        self._threads = ThreadPoolExecutor(4, "live")
        self._listening: asyncio.Task[None] | None = None
        self._checked: dict[bytes, tuple[float, asyncio.Task[Principal]]] = {}
        self.closing = False

    def open(self) -> None:
        """Begins to listen. Called once, in the loop of the process."""
        self._listening = asyncio.get_running_loop().create_task(self._listen())

    def close(self) -> None:
        """Ends every stream, and listening."""
        self.closing = True
        for watched in self._watched.values():
            watched.keep(())
        if self._listening:
            self._listening.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)

    @contextmanager
    def watch(self, topic: Topic, look: Look) -> Iterator[Watching]:
        """Watches a topic. `look` is called in a thread, and the look of one watcher stands for all of the topic."""
        watched = self._watched.setdefault(topic, Watched(look))
        told = asyncio.Event()
        told.set()
        watched.watchers.add(told)
        self._refresh(watched)
        with metrics.STREAMS.track_inprogress():
            try:
                yield Watching(watched, told)
            finally:
                watched.watchers.discard(told)
                if not watched.watchers:
                    del self._watched[topic]
                    if watched.task:
                        watched.task.cancel()

    async def recheck(self, credential: str, identify: Callable[[], Principal]) -> Principal:
        """Who that credential shows now, asked at most every few seconds however many streams use it. Raises Unauthenticated, DatabaseError, psycopg.Error."""
        key, now = hashlib.sha256(credential.encode()).digest(), time.monotonic()
        for old in [known for known, (at, _) in self._checked.items() if now - at > RECHECK_SECONDS]:
            del self._checked[old]
        if key not in self._checked:
            self._checked[key] = (now, asyncio.create_task(self._in_thread(identify)))
        return await asyncio.shield(self._checked[key][1])

    async def _in_thread(self, call: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    async def _listen(self) -> None:
        """Hears of changes; after an outage everything that is watched is looked at, since nothing was heard meanwhile."""
        while True:
            try:
                async for told in listening.hear(self._database, CHANNEL):
                    metrics.LISTENING.set(1)
                    self._hear(told)
            except _PASSING as error:
                _log.warning("changes of runs are not heard of (%s); trying again", type(error).__name__)
            finally:
                metrics.LISTENING.set(0)
            await asyncio.sleep(_AGAIN_SECONDS)

    def _hear(self, told: str | None) -> None:
        if told is None:
            for watched in self._watched.values():
                watched.everything = True
                self._refresh(watched)
            return
        organization, _, run = told.partition(":")
        for topic in ((int(organization), int(run)), (int(organization), None)):
            if (concerned := self._watched.get(topic)) is not None:
                concerned.changed.add(int(run))
                self._refresh(concerned)

    def _refresh(self, watched: Watched) -> None:
        if watched.task is None and (watched.everything or watched.changed):
            watched.task = asyncio.get_running_loop().create_task(self._look(watched))

    async def _look(self, watched: Watched) -> None:
        """Looks until nothing has changed meanwhile, with a pause between, so that a run that changes fast costs no more."""
        try:
            while (watched.everything or watched.changed) and not self.closing:
                wanted = None if watched.everything else watched.changed
                watched.everything, watched.changed = False, set()
                try:
                    watched.keep(await self._in_thread(lambda wanted=wanted: watched.look(wanted)))  # type: ignore[misc]
                    await asyncio.sleep(_PAUSE_SECONDS)
                except _PASSING as error:
                    _log.warning("what is watched could not be looked at (%s); trying again", type(error).__name__)
                    watched.everything = True
                    await asyncio.sleep(_AGAIN_SECONDS)
        finally:
            watched.task = None
