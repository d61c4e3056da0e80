"""The part of a worker that sends deliveries: one thread finds what is due and keeps the leases, a few others send.

It may be killed at any moment: what nothing was handed over of is sent by another, what may have arrived is unknown.
"""

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import psycopg

from octavo import metrics
from octavo.control.delivery import jobs, leases, summaries
from octavo.control.delivery.channel import Bench
from octavo.control.delivery.channels import CHANNELS
from octavo.database import listening
from octavo.errors import OctavoError
from octavo.queue.reaper import PASSING

_log = logging.getLogger("octavo.sender")

_LOOK_SECONDS = 1.0
"""How often is looked for what became due by the clock; what is new is told."""
_TIDY_SECONDS = 5.0
_HELD_FOR_EACH = 3
"""How many deliveries are held for each sender: one that it sends, and those that come next."""


class Senders:
    """Any number of them, in any number of workers, send every delivery once."""

    def __init__(self, bench: Bench, name: str, count: int, lease: timedelta) -> None:
        self._bench, self._name, self._count, self._lease = bench, name, count, lease
        self._first = timedelta(seconds=bench.settings.delivery_retry_seconds)
        self._waiting: queue.SimpleQueue[leases.Claim | None] = queue.SimpleQueue()
        self._held: set[leases.Claim] = set()
        self._turn = threading.Lock()
        self._bell = threading.Event()
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []

    def begin(self) -> None:
        """Begins to send."""
        if self._count:
            doings: list[tuple[str, Callable[[], None]]] = [
                ("finder", self._find),
                *((f"sender {n}", self._send) for n in range(self._count)),
            ]
            self._threads = [threading.Thread(target=doing, name=name, daemon=True) for name, doing in doings]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Takes nothing more; what is being sent is finished."""
        self._stopped.set()
        self._bell.set()

    def join(self, until: float) -> None:
        """Waits for what is being sent, until that time of time.monotonic() at the latest; what was not begun is given back."""
        self.stop()
        for thread in self._threads:
            thread.join(max(until - time.monotonic(), 0.1))

    async def listen(self) -> None:
        """Hears of new deliveries, for as long as it is not cancelled; whatever was not heard is found by looking."""
        while self._count:
            try:
                async for _ in listening.hear(self._bench.database, "octavo_deliveries"):
                    self._bell.set()
            except (OctavoError, psycopg.Error, TimeoutError, OSError) as error:
                _log.warning("deliveries cannot be listened for (%s); they are looked for", type(error).__name__)
            await asyncio.sleep(1)

    def _find(self) -> None:
        tidy_at = renew_at = 0.0
        while not self._stopped.is_set():
            self._bell.clear()
            try:
                if time.monotonic() >= tidy_at:
                    self._tidy()
                    tidy_at = time.monotonic() + min(_TIDY_SECONDS, self._lease.total_seconds() / 4)
                if time.monotonic() >= renew_at:
                    leases.renew(self._bench.database, self._holding(), self._lease)
                    renew_at = time.monotonic() + self._lease.total_seconds() / 4
                while self._claim() and not self._stopped.is_set():
                    pass
            except PASSING as error:
                _log.warning("deliveries cannot be found (%s); trying again", type(error).__name__)
                self._stopped.wait(1)
            self._bell.wait(min(_LOOK_SECONDS, self._lease.total_seconds() / 8))
        self._give_back()

    def _claim(self) -> bool:
        """Takes what there is room for; whether there may be more."""
        room = _HELD_FOR_EACH * self._count - len(self._holding())
        if room <= 0:
            return False
        claims = leases.claim(self._bench.database, self._name, self._lease, room)
        with self._turn:
            self._held.update(claims)
        for claim in claims:
            self._waiting.put(claim)
        return bool(claims)

    def _give_back(self) -> None:
        left: list[leases.Claim] = []
        with suppress(queue.Empty):
            while True:
                if claim := self._waiting.get_nowait():
                    left.append(claim)
        for _ in range(self._count):
            self._waiting.put(None)
        try:
            leases.give_back(self._bench.database, left)
        except PASSING as error:
            _log.warning("deliveries could not be given back (%s); their leases run out", type(error).__name__)

    def _holding(self) -> list[leases.Claim]:
        with self._turn:
            return list(self._held)

    def _send(self) -> None:
        sender = jobs.Sender(self._bench, self._name, self._lease, _count)
        while (claim := self._waiting.get()) is not None:
            try:
                sender.send(claim)
            except PASSING as error:
                _log.warning("what became of a delivery could not be written (%s)", type(error).__name__)
            except Exception:
                _log.exception("a delivery failed by an error in Octavo; its lease runs out")
            finally:
                with self._turn:
                    self._held.discard(claim)
                self._bell.set()
        sender.close()

    def _tidy(self) -> None:
        for claim in leases.expired(self._bench.database):
            settled = leases.take_back(self._bench.database, claim, first=self._first)
            if settled is not None:
                _log.warning("a delivery was lost by its sender", extra={"organization": claim.organization_id, "state": settled.state})
                _count(settled, None)
        summaries.write_due(self._bench.database)


def _count(settled: leases.Settled, seconds: float | None) -> None:
    channel = settled.channel if settled.channel in CHANNELS else metrics.OTHER
    metrics.DELIVERY_ATTEMPTS.labels(channel, settled.ending).inc()
    if settled.state != "pending":
        metrics.DELIVERIES.labels(channel, settled.state).inc()
    if seconds is not None:
        metrics.DELIVERY_SECONDS.labels(channel).observe(seconds)
