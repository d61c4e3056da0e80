"""The round: takes away the files that have been kept long enough, or puts them into the archive, and clears up what is left of runs.

It may be killed at any moment; the next round goes on. The order is what makes that safe. To delete: the row says expired, the file
goes, the row says gone. To archive: the copy is made and compared with the seal, the row points to it, the file in the old place goes.
What is left unreferenced in between the collector finds.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import psycopg

from octavo.control.retention import actions, traces
from octavo.control.retention.actions import Due
from octavo.control.runs import jobs as runs
from octavo.control.runs import rules
from octavo.control.tenancy import actions as tenancy
from octavo.database.connection import Connection, Database
from octavo.errors import OctavoError
from octavo.pipeline import manifest
from octavo.pipeline.document import Organization
from octavo.pipeline.store import Store

_BATCH = 100
_REFUSED = "OC001"

_log = logging.getLogger("octavo.retention")


@dataclass
class Tended:
    """What a round did for one organization. `wrong` says what could not be done and has to be looked at; those files stay."""

    organization: str
    deleted: int = 0
    archived: int = 0
    archive_ended: int = 0
    forgotten: int = 0
    traces: int = 0
    wrong: list[str] = field(default_factory=list)


Stopped = Callable[[], bool]


def go_round(
    database: Database, store: Store, *, abandoned: timedelta, storage_class: str | None = None, stopped: Stopped = lambda: False
) -> None:
    """For every organization, and what no run refers to for longer than `abandoned`; nothing when somebody else is at it. Raises OctavoError, psycopg.Error."""
    with actions.alone(database) as alone:
        if not alone:
            return
        runs.collect(database=database, store=store, older_than=abandoned)
        for organization in tenancy.list_all(database):
            if stopped():
                return
            try:
                tended = tend(database, store, organization, storage_class=storage_class, stopped=stopped)
            except (OctavoError, psycopg.Error) as error:
                _log.warning("retention of %s was interrupted (%s); the next round goes on", organization.slug, error)
                continue
            for what in tended.wrong:
                _log.error("retention of %s: %s", organization.slug, what)


def tend(
    database: Database, store: Store, organization: Organization, *, storage_class: str | None = None, stopped: Stopped = lambda: False
) -> Tended:
    """Does for one organization what is due. The caller is `alone`. Raises OctavoError, psycopg.Error."""
    done = Tended(organization.slug)
    for run in _each(database, organization, actions.due, stopped):
        if run.to_archive and not run.archived:
            _archive(database, store, organization, run, storage_class, done)
            continue
        if _did(database, organization, partial(actions.expire, run=run)):
            done.archive_ended += run.archived
    for run in _each(database, organization, actions.left, stopped):
        runs.remove(store, [run.file_key])
        with database.tenant(organization.id) as connection:
            actions.gone(connection, run)
        done.deleted += 1
    while not stopped():
        with database.tenant(organization.id) as connection:
            forgotten = len(actions.forget(connection, _BATCH))
        done.forgotten += forgotten
        if forgotten < _BATCH:
            break
    while not stopped():
        with database.tenant(organization.id) as connection:
            forgotten = traces.forget(connection, _BATCH)
        done.traces += forgotten
        if not forgotten:
            break
    return done


def _archive(database: Database, store: Store, organization: Organization, run: Due, storage_class: str | None, done: Tended) -> None:
    name = run.file_key.rsplit("/", 1)[-1]
    to = rules.archive_folder(organization.id, run.created_at) + name
    attempt = f"archive-{rules.attempt_name(run.id, run.attempt)}"
    served = rules.served(run.report, run.created_at, run.id, run.file_key, run.media_type)
    sealed = store.copy(run.file_key + manifest.SUFFIX, to + manifest.SUFFIX, attempt, manifest.served(served))
    digest = store.copy(run.file_key, to, attempt, served, storage_class) if sealed else None
    if sealed is None or digest != run.sha256:
        runs.remove(store, [to])
        what = "its manifest is not there" if sealed is None else "it is not there" if digest is None else "it is not what was sealed"
        done.wrong.append(f"the file of run {run.id} was not put into the archive: {what}; see {run.file_key} in the store")
        return
    archived = _did(database, organization, partial(actions.archive, run=run, to=to))
    runs.remove(store, [run.file_key if archived else to])
    done.archived += archived


def _did(database: Database, organization: Organization, step: Callable[[Connection], bool]) -> bool:
    """Whether the step was taken; not when the database refused it because of a hold that was set in this moment."""
    try:
        with database.tenant(organization.id) as connection:
            return step(connection)
    except psycopg.Error as error:
        if error.sqlstate != _REFUSED:
            raise
        return False


def _each(
    database: Database, organization: Organization, listed: Callable[[Connection, int, int], list[Due]], stopped: Stopped
) -> Iterator[Due]:
    last = 0
    while not stopped():
        with database.tenant(organization.id) as connection:
            batch = listed(connection, last, _BATCH)
        for run in batch:
            if stopped():
                return
            yield run
            last = run.id
        if len(batch) < _BATCH:
            return
