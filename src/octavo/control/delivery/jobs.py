"""What a sender does with claimed deliveries: looks once more whether each may go out, has its channel send it, and writes what became of it."""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, cast

import psycopg
from psycopg.rows import dict_row

from octavo import logs
from octavo.control.access import actions as access
from octavo.control.delivery import actions, channel, leases, notices, rules, summaries
from octavo.control.delivery.channel import Bench, Channel, NotOurs, Outcome, Parcel
from octavo.control.delivery.channels import CHANNELS
from octavo.control.runs import actions as runs
from octavo.control.runs import rules as runs_rules
from octavo.database.connection import Connection
from octavo.errors import Forbidden, OctavoError, UsageError

_log = logging.getLogger("octavo.sender")

Ended = Callable[[leases.Settled, float], None]
"""Told of each attempt that ended here, with its seconds."""


class Sender:
    """Sends one delivery after the other, with connections that it keeps between them. Not for several threads."""

    def __init__(self, bench: Bench, name: str, lease: timedelta, ended: Ended) -> None:
        self._bench, self._name, self._lease, self._ended = bench, name, lease, ended
        self._first = timedelta(seconds=bench.settings.delivery_retry_seconds)
        self._channels: dict[str, Channel] = {}

    def send(self, claim: leases.Claim) -> None:
        """One attempt, to its end. Raises DatabaseError, psycopg.Error where that cannot be written: then its lease runs out."""
        begun = time.monotonic()
        with logs.about(logs.Subject(run=None, organization=claim.organization_id)):
            outcome = self._attempt(claim)
            if outcome is None:
                return
            seconds = time.monotonic() - begun
            settled = leases.settle(self._bench.database, claim, outcome, first=self._first, worker=self._name, seconds=seconds)
            if settled is not None:
                self._ended(settled, seconds)

    def close(self) -> None:
        """Ends the connections of its channels."""
        for one in self._channels.values():
            one.close()
        self._channels.clear()

    def _attempt(self, claim: leases.Claim) -> Outcome | None:
        """What became of it; None when it is no longer ours."""
        with self._bench.database.tenant(claim.organization_id) as connection:
            found = _parcel(connection, claim, self._bench)
        if not isinstance(found, Parcel):
            return found
        handed_over = False

        def hand_over() -> None:
            nonlocal handed_over
            if not leases.hand_over(self._bench.database, claim, self._lease, found.message_id):
                raise NotOurs("The delivery was given to another sender")
            handed_over = True

        name = str(found.target["channel"])
        if name not in self._channels:
            self._channels[name] = CHANNELS[name](self._bench)
        try:
            return self._channels[name].send(found, hand_over)
        except NotOurs:
            return None
        except Exception as error:
            if not isinstance(error, OctavoError | psycopg.Error | OSError):
                _log.exception("a delivery failed by an error in Octavo")
            return _after(error, handed_over)


def _after(error: Exception, handed_over: bool) -> Outcome:
    """What an attempt that was interrupted means. Of an error that is not ours only the name is told: its text may hold data."""
    told = str(error) if isinstance(error, OctavoError) else f"It was interrupted ({type(error).__name__})"
    if handed_over:
        return channel.unknown("interrupted", f"{told}; the other side may have it")
    if isinstance(error, UsageError):
        return channel.failed("refused", told)
    return channel.again("interrupted", told)


def _parcel(connection: Connection, claim: leases.Claim, bench: Bench) -> Parcel | Outcome | None:
    """What is to be sent, or why it may not go out now; None when it is no longer this attempt's."""
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            "select run_id, purpose, occasion, channel, recipient, target from octavo.delivery "
            "where id = %(id)s and attempts = %(attempt)s and state = 'sending'",
            claim.key,
        ).fetchone()
    if row is None:
        return None
    run = None if row["run_id"] is None else runs.find(connection, row["run_id"])
    try:
        _require(connection, row, run)
    except OctavoError as error:
        return channel.failed("forbidden" if isinstance(error, Forbidden) else "refused", str(error))
    organization = runs.organization(connection)
    about = f"{row['purpose']} {row['run_id'] or row['occasion']}"
    domain = bench.settings.mail_from.rpartition("@")[2] or "localhost"
    facts: dict[str, Any] = {}
    if row["purpose"] == "summary":
        facts = summaries.facts(connection, organization, row["occasion"], bench.reports)
    elif run is not None and run.report in bench.reports.entries:
        facts = {"title": bench.reports.entries[run.report].report.title}
    return Parcel(
        organization=organization, delivery_id=claim.delivery_id, attempt=claim.attempt, purpose=row["purpose"], occasion=row["occasion"],
        recipient=row["recipient"], target=row["target"], run=run, facts=facts,
        message_id=rules.message_id(domain, organization.id, about, row["recipient"]),
    )  # fmt: skip


def _require(connection: Connection, row: dict[str, Any], run: runs.Run | None) -> None:
    """Raises what says why it may not go out any more: the target, the rights of who asked, or what the organization says have changed."""
    target = cast("dict[str, Any]", row["target"])
    if row["channel"] not in CHANNELS:
        raise UsageError(f"This server knows no channel {row['channel']!r}; another version of Octavo may")
    CHANNELS[row["channel"]].check(connection, target)
    if row["purpose"] == "file" and run is not None:
        runs_rules.require_file(run.id, run.state, archived=run.archived_at is not None, for_admin=False)
        _require_requester(connection, run, [target])
    elif row["purpose"] in ("success", "summary") and row["recipient"] not in notices.setting(connection).recipients:
        raise Forbidden(f"{row['recipient']} is not among those any more whom the organization has told")
    elif row["purpose"] == "failure" and run is not None and row["recipient"] not in notices.setting(connection).recipients:
        _require_member(connection, run, row["recipient"])


def _require_requester(connection: Connection, run: runs.Run, targets: Sequence[dict[str, Any]]) -> None:
    if run.requested_by is None:  # Octavo itself, or who runs the server
        return
    principal = access.principal_of(connection, run.requested_by)
    if not principal.may(runs_rules.NEEDED):
        raise Forbidden(f"{principal.name}, who asked for it, no longer has the permission {runs_rules.NEEDED}; it was not sent")
    actions.require_right(connection, principal, targets)


def _require_member(connection: Connection, run: runs.Run, recipient: str) -> None:
    """Raises Forbidden when who asked for the run is gone, or has another address by now."""
    name = access.principal_of(connection, run.requested_by).name if run.requested_by is not None else ""
    if name.lower() != recipient.lower():
        raise Forbidden(f"{recipient} is nobody any more who is told of this run")
