"""What a worker does for schedules: makes their runs under their conditions, takes what is due, keeps the next times right."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from octavo.control.exports import jobs
from octavo.control.runs import actions as runs
from octavo.control.runs import leases
from octavo.control.schedules import actions, firing
from octavo.control.tenancy import actions as tenancy
from octavo.database.connection import Database
from octavo.errors import HeldBack
from octavo.pipeline.catalog import Catalog
from octavo.pipeline.conditions import Condition
from octavo.pipeline.document import Progress
from octavo.pipeline.store import Store


def perform(claim: leases.Claim, *, reports: Catalog, database: Database, store: Store, progress: Progress | None = None) -> bool:
    """As exports.jobs.perform, for every run. One whose schedule's condition does not hold ends without a file, and False is given. Raises OctavoError."""
    condition = _condition(claim, database)
    try:
        return jobs.perform(claim, reports=reports, database=database, store=store, progress=progress, condition=condition)
    except HeldBack as held:
        leases.hold_back(database, claim, str(held))
        return False


def _condition(claim: leases.Claim, database: Database) -> Condition | None:
    with database.tenant(claim.organization_id) as connection:
        run = runs.find(connection, claim.run_id)
        return None if run.schedule_id is None else actions.condition_of(connection, run.schedule_id)


@dataclass(frozen=True)
class Round:
    """What a round of a scheduler did, and in how many seconds there is something to do again; None: nothing is ahead."""

    taken: list[firing.Taken]
    next_in: float | None


def take_all_due(database: Database, reports: Catalog, *, stopped: Callable[[], bool] = lambda: False) -> Round:
    """Takes everything that is due, in all organizations, in an order of chance, so that several schedulers do not stand in each other's way.

    Raises DatabaseError, psycopg.Error.
    """
    taken: list[firing.Taken] = []
    due = [organization for organization, seconds in firing.ahead(database).items() if seconds <= 0]
    random.shuffle(due)
    for organization in due:
        left: set[int] = set()
        for take in (firing.take_turns, firing.take_due):
            while not stopped():
                took = take(database, organization, reports=reports, left=left)
                taken.append(took)
                left |= took.left
                if took.schedules < firing.MOST:
                    break
    later = [seconds for organization, seconds in firing.ahead(database).items() if seconds > 0 or organization not in due]
    return Round(taken, min(later, default=None))


def correct_next_times(database: Database, *, stopped: Callable[[], bool] = lambda: False) -> int:
    """Has every schedule's next time be what its rule gives by the zone data of today; gives how many were not. Raises DatabaseError, psycopg.Error."""
    corrected = 0
    for organization in tenancy.list_all(database):
        if stopped():
            break
        with database.tenant(organization.id) as connection:
            row = connection.execute("select octavo.recompute_next_runs('octavo.scheduled_report')").fetchone()
        corrected += int(str(row[0])) if row else 0
    return corrected
