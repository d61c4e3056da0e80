"""What a worker does about schedules: takes what is due within moments, and keeps the next times right. Any number may at once."""

import logging
from collections.abc import Callable

from octavo import metrics
from octavo.control.schedules import firing, jobs
from octavo.database.connection import Database
from octavo.pipeline.catalog import Catalog
from octavo.queue.reaper import PASSING

POLL_SECONDS = 1.0
"""How often it is asked what is due next: so late at most is seen what is changed or added to be due at once."""
CORRECT_SECONDS = 86_400.0

_log = logging.getLogger("octavo.worker")


class Scheduler:
    """Goes round whenever something is due."""

    def __init__(self, database: Database, reports: Catalog) -> None:
        self._database, self._reports = database, reports

    def go_round(self, stopped: Callable[[], bool]) -> float:
        """Takes what is due; gives the seconds until it is to be asked again. What cannot be done now is tried again then."""
        try:
            done = jobs.take_all_due(self._database, self._reports, stopped=stopped)
        except PASSING as error:
            _log.warning("schedules could not be looked at (%s); trying again", type(error).__name__)
            return POLL_SECONDS
        except Exception:
            _log.exception("schedules could not be run; trying again")
            return POLL_SECONDS
        for taken in done.taken:
            _count(taken)
        return POLL_SECONDS if done.next_in is None else min(max(done.next_in, 0), POLL_SECONDS)

    def correct(self, stopped: Callable[[], bool]) -> None:
        """Has the next times follow the zone data that the database server has by now."""
        try:
            corrected = jobs.correct_next_times(self._database, stopped=stopped)
        except PASSING as error:
            _log.warning("the next times of schedules could not be looked over (%s); they will be tomorrow", type(error).__name__)
            return
        if corrected:
            _log.warning("%s schedules had another next time by the zone data of today, and were corrected", corrected)


def _count(taken: firing.Taken) -> None:
    for row in taken.rows:
        if row.state == "running":
            metrics.SCHEDULE_FIRED.inc()
        elif row.state != "queued":
            metrics.SCHEDULE_SKIPPED.labels(row.why or metrics.OTHER).inc()
    for seconds in taken.lateness:
        metrics.SCHEDULE_LATENESS.observe(max(seconds, 0))
