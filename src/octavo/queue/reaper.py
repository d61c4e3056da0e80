"""What a worker does beside making runs: takes back what others lost, wakes for what nobody woke for, and clears away what is left over."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import psycopg

from octavo.control.runs import jobs, leases
from octavo.database.connection import Database
from octavo.errors import OctavoError
from octavo.pipeline.store import Store
from octavo.queue.measure import Measure
from octavo.queue.workplace import Workplace

PASSING = (OctavoError, psycopg.Error, OSError)
"""What is tried again: the database or the store was away."""

_log = logging.getLogger("octavo.worker")


class Reaper:
    """Goes round every few seconds, in every worker; any number may at once."""

    def __init__(
        self,
        database: Database,
        store: Store,
        workplace: Workplace,
        measure: Measure,
        retry: timedelta,
        silent: timedelta,
    ) -> None:
        self._database, self._store, self._workplace, self._measure = database, store, workplace, measure
        self._retry, self._silent = retry, silent
        self._listener: int | None = None
        self._wake_ups: set[int] = set()
        self._left_before: set[int] = set()

    @contextmanager
    def at_hand(self, listener: int | None, wake_up: int | None) -> Iterator[None]:
        """While it is held, this worker, which the queue knows as `listener`, sees to that job."""
        self._listener = listener
        self._wake_ups.add(wake_up or 0)
        try:
            yield
        finally:
            self._wake_ups.discard(wake_up or 0)

    def go_round(self) -> None:
        """One round. What cannot be done now keeps nothing else from being done, and is tried again in the next."""
        for duty in (self._tend, self._take_back, self._sweep, self._forget_wake_ups):
            try:
                duty()
            except PASSING as error:
                _log.warning("the reaper was interrupted (%s); trying again", type(error).__name__)
            except Exception:
                _log.exception("the reaper failed; trying again")

    def discard(self, claim: leases.Claim) -> None:
        """Throws away what an attempt left. What cannot be reached now is swept or collected later."""
        try:
            jobs.discard(claim, database=self._database, store=self._store)
        except PASSING as error:
            _log.warning("what the run left is thrown away later (%s)", type(error).__name__)

    def _tend(self) -> None:
        leases.tend_queue(self._database, 50, self._silent)

    def _take_back(self) -> None:
        for claim in leases.expired(self._database):
            if leases.take_back(self._database, claim, self._retry):
                _log.warning("run was lost by its worker", extra={"run": claim.run_id, "organization": claim.organization_id})
                self._measure.ended(claim)
                self.discard(claim)

    def _sweep(self) -> None:
        jobs.sweep(database=self._database, store=self._store)
        self._workplace.clear_abandoned()

    def _forget_wake_ups(self) -> None:
        """Those that this worker is through with, and could not say so; seen twice, since one may be on its way."""
        left = leases.wake_ups(self._database, self._listener) - self._wake_ups if self._listener else set()
        if lost := left & self._left_before:
            leases.forget_wake_ups(self._database, lost)
        self._left_before = left - lost
