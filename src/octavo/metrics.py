"""Every metric of Octavo once, for Prometheus. Labels are bounded: a name that is not known here never becomes one. docs/operate.md lists them all.

A web process and a worker have the same list; each counts what it does itself. What only the database knows is asked at the scrape.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

import psycopg
from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector, CollectorRegistry

from octavo.database.connection import Database
from octavo.errors import OctavoError

_log = logging.getLogger("octavo.metrics")
_MOST_OFTEN_SECONDS = 1.0
_LATE = timedelta(seconds=10)
"""After so long a schedule that is due and that no worker took is overdue."""

disable_created_metrics()  # type: ignore[no-untyped-call]  # they would double the number of series, and say when a process began, which `up` says

OTHER = "other"
"""The label of whatever is not known."""

_MADE = ("report", "format", "source")
_LONG = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)
_SHORT = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.4, 0.5, 1, 2.5, 5, 10)

# What a web process does.
REQUESTS = Counter("octavo_http_requests_total", "Requests answered.", ["method", "route", "status"])
REQUEST_SECONDS = Histogram(
    "octavo_http_request_seconds", "Time to answer a request, streams of events apart.", ["method", "route"], buckets=_SHORT
)
REFUSED = Counter("octavo_refused_input_total", "Requests refused for what they hold.", ["route", "status"])
LIMITED = Counter("octavo_requests_limited_total", "Requests refused because there were too many, by what was counted.", ["by"])
SHARES = Counter("octavo_share_requests_total", "Requests with a link for outsiders, by what they came to.", ["outcome"])
STREAMS = Gauge("octavo_event_streams", "Streams of events that are open.")
LISTENING = Gauge("octavo_event_listening", "1 while the process hears of changes of runs from the database, else 0.")

# What a worker does.
RUNS_STARTED = Counter("octavo_runs_started_total", "Runs begun for the first time.", _MADE)
RUNS_COMPLETED = Counter("octavo_runs_completed_total", "Runs completed.", _MADE)
RUNS_FAILED = Counter("octavo_runs_failed_total", "Runs failed for good, by the kind of error.", [*_MADE, "kind"])
RUNS_CANCELLED = Counter("octavo_runs_cancelled_total", "Runs cancelled while they were at work.", _MADE)
ATTEMPTS_FAILED = Counter(
    "octavo_run_attempts_failed_total", "Attempts failed of runs that are tried again, by the kind of error.", [*_MADE, "kind"]
)
RUN_SECONDS = Histogram("octavo_run_seconds", "From the request of a run to its file.", _MADE, buckets=_LONG)
RUN_WAIT_SECONDS = Histogram(
    "octavo_run_wait_seconds", "From the request of a run to its first attempt.", ["source"], buckets=(0.05, *_LONG)
)
RUN_ROWS = Counter("octavo_run_rows_total", "Rows written into files.", _MADE)
RUN_BYTES = Counter("octavo_run_bytes_total", "Bytes of files.", _MADE)
DELIVERIES = Counter("octavo_deliveries_total", "Deliveries that are over, by what became of them.", ["channel", "state"])
DELIVERY_ATTEMPTS = Counter("octavo_delivery_attempts_total", "Attempts at deliveries, by how they ended.", ["channel", "outcome"])
DELIVERY_SECONDS = Histogram("octavo_delivery_seconds", "Time of one attempt at a delivery.", ["channel"], buckets=_LONG)
AT_WORK = Gauge("octavo_worker_runs", "Runs that the worker has at work.")
WEBHOOK_CALLS = Counter(
    "octavo_webhook_calls_total", "Messages sent to webhooks, by the class of the answer, or why there was none.", ["answer"]
)
WEBHOOK_SECONDS = Histogram("octavo_webhook_seconds", "Time until a webhook answered.", buckets=_SHORT)
SLOTS = Gauge("octavo_worker_slots", "Runs that the worker makes at once.")
SCHEDULE_FIRED = Counter("octavo_schedule_fired_total", "Times of schedules for which runs were asked for.")
SCHEDULE_SKIPPED = Counter(
    "octavo_schedule_skipped_total", "Times of schedules for which no file is made, by the kind of the reason.", ["why"]
)
SCHEDULE_LATENESS = Histogram(
    "octavo_schedule_lateness_seconds",
    "From the time of a schedule to the request of its runs.",
    buckets=(0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 3600, 86_400),
)

# What only the database knows.
DATABASE_UP = "octavo_database_up"
WORKERS = "octavo_workers"
WAITING = "octavo_queue_runs"
OLDEST = "octavo_queue_oldest_seconds"
OVERDUE = "octavo_schedules_overdue"
LATEST = "octavo_schedules_overdue_seconds"


@dataclass(frozen=True)
class Queue:
    """The queue as it is: the runs that are due and wait, interactive and bulk; how long the oldest waits; the workers that are alive; the schedules that nobody took."""

    workers: int
    waiting: dict[str, int]
    oldest_seconds: dict[str, float]
    overdue: int = 0
    overdue_seconds: float = 0


def queue_of(database: Database, silent: timedelta) -> Queue:
    """Asks for the queue; a worker that was silent for so long is gone. Raises DatabaseError, psycopg.Error."""
    with database.connect() as connection:
        rows = connection.execute("select kind, waiting, oldest_seconds, workers from octavo.queue_state(%s)", [silent]).fetchall()
        late = connection.execute("select overdue, oldest_seconds from octavo.schedules_overdue(%s)", [_LATE]).fetchone()
    found = cast("list[tuple[str, int, float, int]]", rows)
    return Queue(found[0][3], {row[0]: row[1] for row in found}, {row[0]: float(row[2]) for row in found}, *cast("tuple[int, float]", late))


class FromDatabase(Collector):
    """Asks the database when it is scraped, at most once a second; where it does not answer, that is what is told."""

    def __init__(self, ask: Callable[[], Queue]) -> None:
        self._ask = ask
        self._turn = threading.Lock()
        self._asked_at = 0.0
        self._answer: Queue | None = None

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """The names and labels, without asking."""
        return self._families(None)

    def collect(self) -> Iterable[GaugeMetricFamily]:
        with self._turn:
            if time.monotonic() - self._asked_at > _MOST_OFTEN_SECONDS:
                try:
                    self._answer = self._ask()
                except (OctavoError, psycopg.Error) as error:
                    _log.warning("the database does not answer the scrape (%s)", type(error).__name__)
                    self._answer = None
                self._asked_at = time.monotonic()
            return self._families(self._answer)

    def _families(self, queue: Queue | None) -> list[GaugeMetricFamily]:
        up = GaugeMetricFamily(DATABASE_UP, "1 when the database answered this scrape, else 0.")
        workers = GaugeMetricFamily(WORKERS, "Workers that are alive, as the database knows.")
        waiting = GaugeMetricFamily(WAITING, "Runs that are due and wait for a worker.", labels=["kind"])
        oldest = GaugeMetricFamily(OLDEST, "How long the run has waited that has waited longest.", labels=["kind"])
        overdue = GaugeMetricFamily(OVERDUE, "Schedules that are due since more than ten seconds and that no worker took.")
        latest = GaugeMetricFamily(LATEST, "How long the first of them is due.")
        up.add_metric([], 0 if queue is None else 1)
        if queue is not None:
            workers.add_metric([], queue.workers)
            overdue.add_metric([], queue.overdue)
            latest.add_metric([], queue.overdue_seconds)
            for kind, count in queue.waiting.items():
                waiting.add_metric([kind], count)
            for kind, seconds in queue.oldest_seconds.items():
                oldest.add_metric([kind], seconds)
        return [up, workers, waiting, oldest, overdue, latest]


def registry_of(own: CollectorRegistry, database: Database, silent: timedelta) -> CollectorRegistry:
    """What one process shows: its own metrics, and what the database knows."""
    shown = CollectorRegistry()
    shown.register(own)
    shown.register(FromDatabase(lambda: queue_of(database, silent)))
    return shown
