"""How a sender holds a delivery: claim, hand over, settle, give back, take back. Every write names the attempt and finds nothing when it is no longer that one's.

Once something was handed over, a sender that dies leaves a delivery that is unknown: it may have arrived, and is not sent again by itself.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from psycopg import sql

from octavo.control import events
from octavo.control.delivery import rules
from octavo.control.delivery.channel import Outcome
from octavo.control.delivery.channels import CHANNELS
from octavo.database.connection import Connection, Database

SENDER = events.Actor.system("octavo worker")


@dataclass(frozen=True)
class Claim:
    """One attempt at one delivery, held by this sender until its lease runs out."""

    organization_id: int
    delivery_id: int
    attempt: int

    @property
    def key(self) -> dict[str, int]:
        return {"id": self.delivery_id, "attempt": self.attempt}


@dataclass(frozen=True)
class Settled:
    """What became of an attempt, for who counts: the state of the delivery, and its channel."""

    channel: str
    state: str
    ending: str
    """As of the attempt: sent, again, failed, unknown, lost."""


_MINE = sql.SQL("id = %(id)s and attempts = %(attempt)s and state = 'sending'")


def claim(database: Database, worker: str, lease: timedelta, most: int) -> list[Claim]:
    """At most so many deliveries that are due, all of the organization whose turn it is. Raises DatabaseError, psycopg.Error."""
    with database.connect() as connection:
        rows = connection.execute("select * from octavo.claim_deliveries(%s, %s, %s)", [worker, lease, most]).fetchall()
    return [Claim(*cast("tuple[int, int, int]", row)) for row in rows]


def renew(database: Database, claims: Collection[Claim], lease: timedelta) -> None:
    """Keeps what is still this sender's."""
    for organization_id in {claim.organization_id for claim in claims}:
        own = [(claim.delivery_id, claim.attempt) for claim in claims if claim.organization_id == organization_id]
        with database.tenant(organization_id) as connection:
            connection.execute(
                "update octavo.delivery as d set lease_until = clock_timestamp() + %s from unnest(%s::bigint[], %s::integer[]) as own (id, attempt) "
                "where d.id = own.id and d.attempts = own.attempt and d.state = 'sending'",
                [lease, [one for one, _ in own], [attempt for _, attempt in own]],
            )


def hand_over(database: Database, claim: Claim, lease: timedelta, message_id: str) -> bool:
    """Notes that the other side may have it from now on. False when it is no longer ours: then nothing may be sent."""
    statement = sql.SQL(
        "update octavo.delivery set handed_over_at = clock_timestamp(), lease_until = clock_timestamp() + %(lease)s, message_id = %(message_id)s "
        "where {}"
    ).format(_MINE)
    with database.tenant(claim.organization_id) as connection:
        return connection.execute(statement, {**claim.key, "lease": lease, "message_id": message_id}).rowcount == 1


def settle(database: Database, claim: Claim, outcome: Outcome, *, first: timedelta, worker: str, seconds: float) -> Settled | None:
    """Writes what became of the attempt. None when it is no longer ours; but one that was thought dead may still say that it has arrived."""
    with database.tenant(claim.organization_id) as connection:
        row = connection.execute(
            "select d.state, d.channel, d.failures, coalesce(s.retry_unknown, false) from octavo.delivery as d "
            "left join octavo.notification_setting as s on s.organization_id = d.organization_id "
            "where d.id = %(id)s and d.attempts = %(attempt)s and d.state in ('sending', 'unknown') for update of d",
            claim.key,
        ).fetchone()
        if row is None:
            return None
        state, channel, failures, retry_unknown = cast("tuple[str, str, int, bool]", row)
        if state == "unknown" and outcome.ending not in ("sent", "failed"):
            return None
        return _write(connection, claim, channel, outcome, failures, retry_unknown, first, worker, seconds)


def _write(
    connection: Connection, claim: Claim, channel: str, outcome: Outcome, failures: int, retry_unknown: bool, first: timedelta, worker: str,
    seconds: float | None,
) -> Settled:  # fmt: skip
    passing = outcome.ending == "again" or (outcome.ending == "unknown" and retry_unknown)
    pauses = CHANNELS[channel].pauses if channel in CHANNELS else rules.PAUSES
    pause = rules.pause_after(failures + 1, first, pauses) if passing else None
    state = "pending" if pause is not None else "failed" if outcome.ending == "again" else outcome.ending
    told = outcome.message if pause is not None or not passing else rules.given_up(outcome.message, failures + 1)
    row = connection.execute(
        "update octavo.delivery set state = %(state)s, lease_until = null, failures = failures + %(failed)s, "
        "next_try_at = case when %(state)s = 'pending' then clock_timestamp() + %(pause)s::interval end, "
        "ended_at = case when %(state)s <> 'pending' then clock_timestamp() end, answer = %(answer)s, "
        "error_kind = nullif(%(kind)s, ''), last_error = nullif(%(message)s, ''), "
        "handed_over_at = case when %(state)s in ('sent', 'unknown') then handed_over_at end "
        "where id = %(id)s and attempts = %(attempt)s returning run_id, purpose, recipient",
        {
            **claim.key, "state": state, "failed": int(passing), "pause": pause, "answer": outcome.answer, "kind": outcome.kind, "message": told,
        },
    ).fetchone()  # fmt: skip
    assert row is not None
    connection.execute(
        "insert into octavo.delivery_attempt (delivery_id, attempt, outcome, error_kind, error, worker, duration_ms) "
        "values (%(id)s, %(attempt)s, %(outcome)s, nullif(%(kind)s, ''), nullif(%(message)s, ''), %(worker)s, %(ms)s) "
        "on conflict (organization_id, delivery_id, attempt) do update set outcome = excluded.outcome, error_kind = excluded.error_kind, "
        "error = excluded.error, ended_at = excluded.ended_at, duration_ms = excluded.duration_ms",
        {
            **claim.key, "outcome": outcome.ending, "kind": outcome.kind, "message": outcome.message, "worker": worker,
            "ms": None if seconds is None else round(seconds * 1000),
        },
    )  # fmt: skip
    if state != "pending":
        run_id, purpose, recipient = cast("tuple[int | None, str, str]", row)
        detail = {"run_id": run_id, "purpose": purpose, "channel": channel, "recipient": recipient, "attempt": claim.attempt}
        if outcome.kind:
            detail["kind"] = outcome.kind
        events.record(connection, SENDER, f"delivery.{state}", subject="delivery", subject_id=claim.delivery_id, detail=detail)
    return Settled(channel, state, outcome.ending)


def give_back(database: Database, claims: Collection[Claim]) -> None:
    """Puts back what was not begun, because the sender stops."""
    statement = sql.SQL(
        "update octavo.delivery set state = 'pending', lease_until = null, next_try_at = clock_timestamp() where {} and handed_over_at is null"
    ).format(_MINE)
    for claim in claims:
        with database.tenant(claim.organization_id) as connection:
            connection.execute(statement, claim.key)


def expired(database: Database) -> list[Claim]:
    """The attempts whose sender no longer says anything."""
    with database.connect() as connection:
        return [Claim(*cast("tuple[int, int, int]", row)) for row in connection.execute("select * from octavo.expired_deliveries()")]


def take_back(database: Database, claim: Claim, *, first: timedelta) -> Settled | None:
    """Ends an expired attempt: due again at once where nothing was handed over, unknown where it may have arrived. None when it is not expired any more."""
    with database.tenant(claim.organization_id) as connection:
        row = connection.execute(
            sql.SQL(
                "select d.channel, d.failures, d.handed_over_at is not null, d.worker, coalesce(s.retry_unknown, false) from octavo.delivery as d "
                "left join octavo.notification_setting as s on s.organization_id = d.organization_id "
                "where d.id = %(id)s and d.attempts = %(attempt)s and d.state = 'sending' and d.lease_until < clock_timestamp() "
                "for update of d skip locked"
            ),
            claim.key,
        ).fetchone()
        if row is None:
            return None
        channel, failures, handed_over, worker, retry_unknown = cast("tuple[str, int, bool, str, bool]", row)
        if handed_over:
            outcome = Outcome("unknown", "lost", "What sent it was ended after the other side may have taken it")
            return _write(connection, claim, channel, outcome, failures, retry_unknown, first, worker, None)
        connection.execute(
            "update octavo.delivery set state = 'pending', lease_until = null, next_try_at = clock_timestamp() where id = %(id)s", claim.key
        )
        connection.execute(
            "insert into octavo.delivery_attempt (delivery_id, attempt, outcome, error_kind, error, worker) "
            "values (%(id)s, %(attempt)s, 'lost', 'lost', 'What sent it was ended before anything was handed over', %(worker)s) on conflict do nothing",
            {**claim.key, "worker": worker},
        )
    return Settled(channel, "pending", "lost")
