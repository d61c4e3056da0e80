"""A worker: takes due runs, has each made by a child process, keeps their leases, and gives them back when it must stop.

It may be killed at any moment. Then its leases run out, and another worker's reaper gives its runs to whoever is there.
"""

import asyncio
import logging
import os
import random
import signal
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

import procrastinate
import psycopg

from octavo import logs, metrics
from octavo.control import answers
from octavo.control.delivery.channel import Bench
from octavo.control.retention import jobs as retention
from octavo.control.runs import leases, rules
from octavo.database.connection import Database
from octavo.pipeline import catalog
from octavo.pipeline.store import open_store
from octavo.queue import wake
from octavo.queue.child import Child, Ended, Kit, Progress, warm_up
from octavo.queue.measure import Measure
from octavo.queue.reaper import PASSING, Reaper
from octavo.queue.scheduler import CORRECT_SECONDS, Scheduler
from octavo.queue.sending import Senders
from octavo.queue.workplace import Workplace
from octavo.settings import settings

_log = logging.getLogger("octavo.worker")

_WAIT_SECONDS = 5
"""How long for a connection, which each of its threads needs one of."""
_LAST_WORD_SECONDS = 5
"""How long after its grace a worker that stops tries to give back its runs, while the database is away."""


@dataclass(frozen=True)
class Duty:
    """How a worker works: see the settings of the same names. `kinds` are the runs it takes: interactive (False), bulk (True)."""

    processes: int
    store_place: str
    kinds: tuple[bool, ...] = (False, True)
    lease: timedelta = timedelta(seconds=60)
    heartbeat_seconds: float = 1
    retry: timedelta = timedelta(seconds=1)
    grace_seconds: float = 30
    memory_mb: int = 2048
    most_running: int = 8
    round_seconds: float = 3600
    storage_class: str | None = None
    senders: int = 0

    @property
    def silent(self) -> timedelta:
        """After how long without a sign of life a worker is gone: one that is about to stop gives none."""
        return self.lease + timedelta(seconds=self.grace_seconds)


def _told(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What went wrong where nobody waits for it: that the database was away is no more than a line, because it is tried again."""
    if isinstance(error := context.get("exception"), wake.AWAY):
        _log.warning("the queue was not told (%s); it is tidied up later", type(error).__name__)
    else:
        loop.default_exception_handler(context)


class Worker:
    """Runs until it is told to stop, by SIGTERM, SIGINT or SIGHUP; survives outages of the database."""

    def __init__(self, database: Database, duty: Duty, measure: Measure) -> None:
        self._alone = self._database = database
        self._measure = measure
        self._duty = duty
        self._store = open_store(duty.store_place)
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._claiming = threading.Lock()
        self._bulk_at_work = 0
        self._idle: list[Child] = []
        self._stop_at: float | None = None
        """When what still runs is given back; set when the worker was told to stop."""

    def run(self) -> None:
        """Works. Raises DatabaseError when the database is not one to work in."""
        wake.refuse_other_schema(self._database)
        metrics.SLOTS.set(self._duty.processes)
        self._workplace = Workplace()
        warm_up()
        try:
            size = self._duty.processes + self._duty.senders + 5
            with self._alone.pooled(size, wait_seconds=_WAIT_SECONDS) as self._database:
                bench = Bench(self._database, self._store, settings(), catalog.installed())
                self._senders = Senders(bench, self._name, self._duty.senders, self._duty.lease)
                self._scheduler = Scheduler(self._database, catalog.installed())
                self._reaper = Reaper(self._database, self._store, self._workplace, self._measure, self._duty.retry, self._duty.silent)
                asyncio.run(self._live())
        finally:
            for child in self._idle:
                child.end()

    async def _live(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(self._duty.processes + 6))
        loop.set_exception_handler(_told)
        stopped = asyncio.Event()

        def stop() -> None:
            if self._stop_at is None:
                self._stop_at = time.monotonic() + self._duty.grace_seconds
            stopped.set()
            self._senders.stop()

        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, stop)
        reaping = asyncio.create_task(self._reap_until(stopped))
        going_round = asyncio.create_task(self._go_round_until(stopped))
        self._senders.begin()
        listening = asyncio.create_task(self._senders.listen())
        scheduling = [asyncio.create_task(self._schedule_until(stopped)), asyncio.create_task(self._correct_until(stopped))]
        while not stopped.is_set():
            serving = asyncio.create_task(self._serve())
            stopping = asyncio.create_task(stopped.wait())
            await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            serving.cancel()  # it finishes, or gives back, what it has
            while not serving.done():
                left = (self._stop_at or 0) + _LAST_WORD_SECONDS - time.monotonic()
                if not (await asyncio.wait([serving], timeout=max(left, 1)))[0]:
                    serving.cancel()  # told to stop in the moment in which it began, the queue may have missed it
            with suppress(asyncio.CancelledError):
                serving.result()
            if not stopped.is_set():  # the queue ended by itself: the database was away
                await asyncio.sleep(1)
        listening.cancel()
        await reaping
        await going_round
        await asyncio.gather(*scheduling)
        await asyncio.to_thread(self._senders.join, self._stop_at or 0)

    async def _serve(self) -> None:
        """Listens for wake-ups until it is cancelled or the connection to the database is lost for longer."""
        app = wake.application(self._database, self._take_one, self._duty.processes)
        try:
            async with app.open_async():
                await app.run_worker_async(
                    queues=[wake.QUEUES[kind] for kind in self._duty.kinds],
                    concurrency=self._duty.processes,
                    install_signal_handlers=False,
                    delete_jobs="always",
                    fetch_job_polling_interval=1,
                    update_heartbeat_interval=self._duty.lease.total_seconds() / 4,
                    stalled_worker_timeout=self._duty.silent.total_seconds(),
                )
        except (procrastinate.exceptions.ProcrastinateException, psycopg.Error, OSError) as error:
            _log.warning("the queue cannot be reached (%s); trying again", type(error).__name__)

    async def _reap_until(self, stopped: asyncio.Event) -> None:
        pause = min(5.0, self._duty.lease.total_seconds() / 4)
        while not stopped.is_set():
            await asyncio.to_thread(self._reaper.go_round)
            with suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), pause)

    async def _schedule_until(self, stopped: asyncio.Event) -> None:
        while not stopped.is_set():
            pause = await asyncio.to_thread(self._scheduler.go_round, stopped.is_set)
            with suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), pause)

    async def _correct_until(self, stopped: asyncio.Event) -> None:
        while not stopped.is_set():
            await asyncio.to_thread(self._scheduler.correct, stopped.is_set)
            with suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), CORRECT_SECONDS * random.uniform(0.9, 1.1))

    async def _go_round_until(self, stopped: asyncio.Event) -> None:
        """At times that differ between workers, so that one of many that start together finds the work done by another."""
        pause = random.uniform(0, self._duty.round_seconds)  # a worker that is restarted often must get there too
        while not stopped.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), pause)
            if not stopped.is_set():
                await asyncio.to_thread(self._go_round, stopped)
            pause = self._duty.round_seconds * random.uniform(0.9, 1.1)

    def _go_round(self, stopped: asyncio.Event) -> None:
        try:
            answers.forget(self._database)
            retention.go_round(
                self._database, self._store, abandoned=self._duty.lease + timedelta(hours=1), storage_class=self._duty.storage_class,
                stopped=stopped.is_set,
            )  # fmt: skip
        except PASSING as error:
            _log.warning("the round was interrupted (%s); the next one goes on", type(error).__name__)

    def _take_one(self, context: procrastinate.JobContext) -> None:
        """What a wake-up does: claims the fairest due run, if there is one, and sees it through. If it cannot, the reaper wakes another."""
        with self._reaper.at_hand(context.job.worker_id, context.job.id):
            try:
                self._take()
            except PASSING as error:
                _log.warning("no run could be taken (%s); trying again", type(error).__name__)

    def _take(self) -> None:
        child, claim = self._child(), None  # first the child: where the machine has no place for one, no run is claimed
        try:
            with self._claiming:
                if self._stop_at is None:
                    claim = leases.claim(
                        self._database, self._name, self._duty.lease, bulk=self._kinds_now(), most_running=self._duty.most_running
                    )
                self._bulk_at_work += claim is not None and claim.bulk
        finally:
            if claim is None:
                self._idle.append(child)
        if claim is None:
            return
        try:
            with logs.about(logs.Subject(run=claim.run_id, organization=claim.organization_id)), metrics.AT_WORK.track_inprogress():
                self._attend(child, claim)
                self._measure.ended(claim)
        finally:
            with self._claiming:
                self._bulk_at_work -= claim.bulk
        if self._stop_at is None:
            leases.tend_queue(self._database, 1, self._duty.silent)  # a limit may have held one back that this one's end lets go

    def _kinds_now(self) -> tuple[bool, ...]:
        """One process of several is kept for what people wait for."""
        full = False in self._duty.kinds and self._duty.processes > 1 and self._bulk_at_work >= self._duty.processes - 1
        return tuple(kind for kind in self._duty.kinds if not (kind and full))

    def _attend(self, child: Child, claim: leases.Claim) -> None:
        """Has the run made, keeps its lease meanwhile, and sees to its end."""
        ended: Ended | Literal["lost", "stopped", "taken"] = "lost"
        try:
            child.begin(claim)
            self._measure.began(claim)
            ended = self._watch(child, claim)
            failure = rules.lost(child.exit_code) if ended == "lost" else ended.failure if isinstance(ended, Ended) else None
        finally:
            if isinstance(ended, Ended) and ended.fit:
                self._idle.append(child)
            else:
                child.end()
        if failure is not None:
            self._settle(claim, lambda: leases.fail(self._database, claim, failure, self._duty.retry))
        elif ended == "stopped":
            self._settle(claim, lambda: leases.give_back(self._database, claim))
        elif ended != "taken":
            return
        self._reaper.discard(claim)

    def _child(self) -> Child:
        """One that has nothing to do, or a new one. Raises OSError when the machine has no place for it."""
        with suppress(IndexError):
            while (child := self._idle.pop()).ended:
                child.end()
            return child
        return Child(Kit(self._alone, self._duty.store_place, self._duty.memory_mb), self._workplace.room())

    def _watch(self, child: Child, claim: leases.Claim) -> Ended | Literal["lost", "stopped", "taken"]:
        """Waits for the end of the run: how it ended, "lost" with its child, "stopped" with this worker, or "taken" because it is no longer ours."""
        beat, lease = self._duty.heartbeat_seconds, self._duty.lease.total_seconds()
        progress = Progress()
        held_until, next_beat = time.monotonic() + lease, time.monotonic() + beat
        while True:
            for message in child.hear(min(next_beat, self._stop_at or next_beat) - time.monotonic()):
                if isinstance(message, Ended):
                    return message
                progress = message
            if child.ended:
                last = [message for message in child.hear(0) if isinstance(message, Ended)]
                return last[0] if last else "lost"
            now = time.monotonic()
            if self._stop_at is not None and now >= self._stop_at:
                return "stopped"
            if now >= next_beat:
                next_beat = now + beat
                try:
                    if not leases.renew(
                        self._database, claim, self._duty.lease, stage=progress.stage, done=progress.done, expected=progress.expected
                    ):
                        return "taken"
                    held_until = now + lease
                except PASSING as error:
                    _log.warning("the lease could not be renewed (%s)", type(error).__name__)
                if time.monotonic() >= held_until - beat:
                    return "taken"

    def _settle(self, claim: leases.Claim, write: Callable[[], bool]) -> None:
        """Writes how the attempt ended, trying for as long as the lease lasts; after that the reaper does."""
        until = time.monotonic() + self._duty.lease.total_seconds()
        while True:
            try:
                write()
                return
            except PASSING as error:
                _log.warning("the end of the run could not be written (%s)", type(error).__name__)
                if time.monotonic() >= min(until, (self._stop_at or until) + _LAST_WORD_SECONDS):
                    return
                time.sleep(min(self._duty.heartbeat_seconds, 1))
