"""Reading the ledger, and what people do with it: send once more what did not arrive, try whether something arrives at all."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, cast

from psycopg import sql
from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from octavo.control import events
from octavo.control.access.actions import Principal
from octavo.database.connection import Connection
from octavo.errors import Conflict, NotFound, UsageError


@dataclass(frozen=True)
class Delivery:
    """A delivery as it stands."""

    id: int
    run_id: int | None
    purpose: str
    occasion: str
    channel: str
    recipient: str
    target: dict[str, Any]
    state: str
    attempts: int
    next_try_at: datetime | None
    message_id: str | None
    answer: str
    error_kind: str | None
    last_error: str | None
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True)
class Attempt:
    """How one attempt ended."""

    attempt: int
    outcome: str
    error_kind: str | None
    error: str | None
    ended_at: datetime
    duration_ms: int | None


@dataclass(frozen=True)
class Page:
    """One page of a list, and how many there are in all."""

    items: list[Delivery]
    total: int


_COLUMNS = sql.SQL(", ").join(sql.Identifier("d", one.name) for one in fields(Delivery))
_SEEN = sql.SQL(
    "(%(all)s or d.run_id is null or exists (select from octavo.generated_report r where r.organization_id = d.organization_id and r.id = d.run_id "
    "and (r.source <> 'export' or r.requested_by = %(user_id)s)))"
)
"""An export is seen by who asked for it and by who decides about exports; so is where it went."""
_FILTERS = {
    "run_id": sql.SQL("d.run_id = %(run_id)s"),
    "state": sql.SQL("d.state = %(state)s"),
    "channel": sql.SQL("d.channel = %(channel)s"),
    "purpose": sql.SQL("d.purpose = %(purpose)s"),
    "recipient": sql.SQL("lower(d.recipient) = lower(%(recipient)s)"),
}


def _sight(principal: Principal | None) -> dict[str, Any]:
    """None: who runs the server."""
    return {"all": principal is None or principal.may("reports.approve_exports"), "user_id": principal and principal.user_id}


def list_(
    connection: Connection, principal: Principal | None, filters: Mapping[str, Any] | None = None, *, page: int = 1, page_size: int = 20
) -> Page:
    """Deliveries that fit all the filters, the latest first. Raises UsageError for a filter that there is not."""
    given = {name: value for name, value in (filters or {}).items() if value is not None}
    if unknown := set(given) - set(_FILTERS):
        raise UsageError(f"Deliveries cannot be filtered by {', '.join(sorted(unknown))}; they can by: {', '.join(_FILTERS)}")
    where = sql.SQL(" and ").join([_SEEN, *(_FILTERS[name] for name in given)])
    values = {**given, **_sight(principal), "limit": page_size, "offset": (page - 1) * page_size}
    counted = connection.execute(sql.SQL("select count(*) from octavo.delivery as d where {}").format(where), values).fetchone()
    with connection.cursor(row_factory=class_row(Delivery)) as cursor:
        items = cursor.execute(
            sql.SQL(
                "select {} from octavo.delivery as d where {} order by d.created_at desc, d.id desc limit %(limit)s offset %(offset)s"
            ).format(_COLUMNS, where),
            values,
        ).fetchall()
    return Page(items, cast(int, counted[0]) if counted else 0)


def find(connection: Connection, principal: Principal | None, delivery_id: int) -> Delivery:
    """The delivery of that number. Raises NotFound."""
    with connection.cursor(row_factory=class_row(Delivery)) as cursor:
        found = cursor.execute(
            sql.SQL("select {} from octavo.delivery as d where d.id = %(id)s and {}").format(_COLUMNS, _SEEN),
            {"id": delivery_id, **_sight(principal)},
        ).fetchone()
    if found is None:
        raise NotFound(f"There is no delivery {delivery_id}")
    return found


def attempts(connection: Connection, delivery_id: int) -> list[Attempt]:
    """How each attempt ended, in order."""
    names = sql.SQL(", ").join(sql.Identifier(one.name) for one in fields(Attempt))
    with connection.cursor(row_factory=class_row(Attempt)) as cursor:
        return cursor.execute(
            sql.SQL("select {} from octavo.delivery_attempt where delivery_id = %s order by attempt").format(names), [delivery_id]
        ).fetchall()


def delivered(connection: Connection, run_id: int) -> str:
    """A run's deliveries in sum: all, partly, none, open, nobody."""
    row = connection.execute("select octavo.delivered(%s)", [run_id]).fetchone()
    assert row is not None
    return str(row[0])


def retry(connection: Connection, principal: Principal | None, actor: events.Actor, delivery_id: int) -> Delivery:
    """Sends once more what failed, or what may not have arrived. Raises NotFound, Conflict."""
    before = find(connection, principal, delivery_id)
    moved = connection.execute(
        "update octavo.delivery set state = 'pending', failures = 0, next_try_at = clock_timestamp(), ended_at = null "
        "where id = %s and state in ('failed', 'unknown')",
        [delivery_id],
    ).rowcount
    if not moved:
        raise Conflict(f"The delivery {delivery_id} is {before.state}; only one that is failed or unknown is sent once more")
    events.record(
        connection, actor, "delivery.retried", subject="delivery", subject_id=delivery_id,
        detail={"run_id": before.run_id, "channel": before.channel, "recipient": before.recipient, "before": before.state},
    )  # fmt: skip
    return find(connection, principal, delivery_id)


def try_out(connection: Connection, principal: Principal | None, actor: events.Actor, target: Mapping[str, Any]) -> Delivery:
    """Sends a test to a checked target."""
    row = connection.execute(
        "insert into octavo.delivery (purpose, occasion, channel, recipient, target) "
        "values ('test', %(occasion)s, %(channel)s, octavo.recipient_of(%(target)s), %(target)s) returning id",
        {"occasion": secrets.token_hex(8), "channel": target["channel"], "target": Jsonb(dict(target))},
    ).fetchone()
    assert row is not None
    made = find(connection, principal, int(str(row[0])))
    events.record(
        connection, actor, "delivery.tried", subject="delivery", subject_id=made.id,
        detail={"channel": made.channel, "recipient": made.recipient},
    )  # fmt: skip
    return made


def statistics(connection: Connection, days: int = 30) -> dict[str, Any]:
    """The deliveries of the last so many days by channel and state, and the runs by how their deliveries stand in sum."""
    with connection.cursor(row_factory=dict_row) as cursor:
        by_channel = cursor.execute(
            "select channel, count(*) as deliveries, count(*) filter (where state = 'sent') as sent, count(*) filter (where state = 'failed') as failed, "
            "count(*) filter (where state = 'unknown') as unknown, count(*) filter (where state in ('pending', 'sending')) as open, "
            "coalesce(sum(attempts), 0)::bigint as attempts from octavo.delivery where created_at >= now() - make_interval(days => %s) "
            "group by channel order by channel",
            [days],
        ).fetchall()
        by_run = cursor.execute(
            "select count(*) as runs, count(*) filter (where not under_way and sent = targets) as everybody, "
            "count(*) filter (where not under_way and sent between 1 and targets - 1) as partly, "
            "count(*) filter (where not under_way and sent = 0) as nobody, count(*) filter (where under_way) as open from ("
            "select run_id, count(*) as targets, count(*) filter (where state = 'sent') as sent, bool_or(state in ('pending', 'sending')) as under_way "
            "from octavo.delivery where purpose = 'file' and created_at >= now() - make_interval(days => %s) group by run_id) as run",
            [days],
        ).fetchone()
    assert by_run is not None
    return {
        "by_channel": by_channel,
        "runs": {
            "runs": by_run["runs"],
            "all": by_run["everybody"],
            "partly": by_run["partly"],
            "none": by_run["nobody"],
            "open": by_run["open"],
        },
    }
