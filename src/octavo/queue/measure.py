"""What a worker counts and says of its runs: their begin and their end, as the rows of the runs tell them."""

import logging
from collections.abc import Collection
from datetime import timedelta

import prometheus_client
import psycopg

from octavo import metrics
from octavo.control.runs import leases, rules
from octavo.database.connection import Database
from octavo.errors import OctavoError, UsageError
from octavo.pipeline import writers

_log = logging.getLogger("octavo.worker")


def publish(database: Database, silent: timedelta, host: str, port: int) -> None:
    """Answers /metrics on that port from now on. Raises UsageError when it is taken."""
    shown = metrics.registry_of(prometheus_client.REGISTRY, database, silent)
    try:
        prometheus_client.start_http_server(port, host, shown)
    except OSError as error:
        raise UsageError(
            f"The metrics cannot be shown on {host}:{port}: {error.strerror or error}; set OCTAVO_METRICS_PORT to another port for each worker"
        ) from error


class Measure:
    """Counts; a database that does not answer is no reason to stop a run."""

    def __init__(self, database: Database, reports: Collection[str]) -> None:
        self._database = database
        self._reports = frozenset(reports)

    def began(self, claim: leases.Claim) -> None:
        """An attempt has begun."""
        seen = self._see(claim)
        if seen is not None and claim.attempt == 1:
            metrics.RUNS_STARTED.labels(*self._made(seen)).inc()
            metrics.RUN_WAIT_SECONDS.labels(seen.source).observe(seen.wait_seconds)

    def ended(self, claim: leases.Claim) -> None:
        """An attempt has ended, here or, when its worker was lost, wherever that was."""
        seen = self._see(claim)
        if seen is None:
            return
        made = self._made(seen)
        if seen.state == "completed":
            metrics.RUNS_COMPLETED.labels(*made).inc()
            metrics.RUN_ROWS.labels(*made).inc(seen.records or 0)
            metrics.RUN_BYTES.labels(*made).inc(seen.file_bytes or 0)
            if claim.attempt == seen.failures + 1:  # not given back, nor begun anew by hand: then the request may be days old
                metrics.RUN_SECONDS.labels(*made).observe(seen.total_seconds or 0)
        elif seen.state == "failed":
            metrics.RUNS_FAILED.labels(*made, self._kind(seen)).inc()
        elif seen.state == "cancelled":
            metrics.RUNS_CANCELLED.labels(*made).inc()
            if seen.error_kind == "held_back":
                metrics.SCHEDULE_SKIPPED.labels("condition").inc()
        elif seen.state == "pending" and seen.error_kind is not None:
            metrics.ATTEMPTS_FAILED.labels(*made, self._kind(seen)).inc()
        elif seen.state != "pending":
            return  # it is another's by now, who will tell
        state = (
            "given back"
            if seen.state == "pending" and seen.error_kind is None
            else "to be tried again"
            if seen.state == "pending"
            else seen.state
        )
        told = {
            "report": made[0],
            "format": made[1],
            "source": made[2],
            "state": seen.state,
            "attempt": claim.attempt,
            "kind": seen.error_kind,
        }
        level = logging.WARNING if seen.error_kind and seen.state != "cancelled" else logging.INFO
        _log.log(level, "run %s", state, extra={**told, "run": claim.run_id, "organization": claim.organization_id})

    def _see(self, claim: leases.Claim) -> leases.Seen | None:
        try:
            return leases.see(self._database, claim)
        except (OctavoError, psycopg.Error, OSError) as error:
            _log.warning("run %s could not be counted (%s)", claim.name, type(error).__name__)
            return None

    def _made(self, seen: leases.Seen) -> tuple[str, str, str]:
        report = seen.report if seen.report in self._reports else metrics.OTHER
        return report, seen.format if seen.format in writers.NAMES else metrics.OTHER, seen.source

    def _kind(self, seen: leases.Seen) -> str:
        return seen.error_kind if seen.error_kind in rules.KINDS else metrics.OTHER
