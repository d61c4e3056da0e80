"""What is done with webhooks: make, list, change, rotate the secret, delete, test, replay. The only file of this folder that others import."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, cast

from psycopg import sql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from octavo import network
from octavo.control import events
from octavo.control.tenancy import actions as tenancy
from octavo.control.webhooks import rules
from octavo.database.connection import Connection
from octavo.errors import Conflict, NotFound, UsageError
from octavo.settings import Settings
from octavo.vault import Vault

EVENTS, PORTS = rules.EVENTS, rules.PORTS


@dataclass(frozen=True)
class Webhook:
    """A webhook as it stands, without its secrets."""

    id: int
    url: str
    description: str
    events: list[str]
    state: str
    state_reason: str
    old_secret_until: datetime | None
    failing_since: datetime | None
    last_answer: str
    last_tried_at: datetime | None
    created_by: int | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True)
class Told:
    """One message to a webhook, as the ledger has it."""

    id: int
    purpose: str
    event: str | None
    subject: str | None
    subject_id: int | None
    state: str
    attempts: int
    next_try_at: datetime | None
    error_kind: str | None
    error: str | None
    answer: str
    created_at: datetime
    ended_at: datetime | None


_COLUMNS = sql.SQL(", ").join(sql.Identifier(field.name) for field in fields(Webhook))
_ITS = sql.SQL("octavo.delivery as d where d.channel = 'webhook' and d.recipient = %(webhook)s {}")
_TOLD = sql.SQL(
    # What it tells of is found by a column and not by a function of one, which row-level security would keep away from the index.
    "with told as materialized (select d.*, case when d.purpose = 'event' then split_part(d.occasion, '/', 1)::bigint end as entry from {}) "
    "select told.id, told.purpose, coalesce(e.action, case told.purpose when 'file' then 'run.completed' when 'test' then 'webhook.test' end) as event, "
    "coalesce(e.subject, case when told.run_id is not null then 'run' end) as subject, coalesce(e.subject_id, told.run_id) as subject_id, "
    "told.state, told.attempts, told.next_try_at, told.error_kind, told.last_error as error, told.answer, told.created_at, told.ended_at "
    "from told left join octavo.audit_entry as e on e.organization_id = told.organization_id and e.number = told.entry "
    "order by told.created_at desc, told.id desc"
)


def listed(settings: Settings) -> tuple[network.Network, ...]:
    """The networks that may be called though they are not public. Raises UsageError."""
    return network.networks(settings.webhook_networks, "OCTAVO_WEBHOOK_NETWORKS")


def create(
    connection: Connection,
    actor: events.Actor,
    vault: Vault,
    settings: Settings,
    *,
    url: str,
    events_: Sequence[str],
    description: str = "",
) -> tuple[Webhook, str]:
    """Makes a webhook; gives it with its secret, which is shown this once. Raises UsageError, Conflict when there are too many."""
    rules.check_url(url, listed(settings))
    counted = connection.execute("select count(*) from octavo.webhook").fetchone()
    if counted and cast(int, counted[0]) >= rules.MOST:
        raise Conflict(f"An organization has at most {rules.MOST} webhooks; delete one that is not needed any more")
    secret = rules.new_secret()
    with connection.cursor(row_factory=class_row(Webhook)) as cursor:
        made = cursor.execute(
            sql.SQL(
                "insert into octavo.webhook (url, description, events, sealed_secret, created_by) values (%s, %s, %s, %s, %s) returning {}"
            ).format(_COLUMNS),
            [url, _line(description), rules.check_events(events_), _seal(connection, vault, secret), actor.user_id],
        ).fetchone()
    assert made is not None
    _record(connection, actor, "webhook.created", made, {"url": made.url, "events": made.events})
    return made, secret


def find(connection: Connection, webhook_id: int) -> Webhook:
    """The webhook of that id. Raises NotFound."""
    with connection.cursor(row_factory=class_row(Webhook)) as cursor:
        found = cursor.execute(sql.SQL("select {} from octavo.webhook where id = %s").format(_COLUMNS), [webhook_id]).fetchone()
    if found is None:
        raise NotFound(f"There is no webhook {webhook_id}")
    return found


def list_(connection: Connection) -> list[Webhook]:
    """The webhooks of the organization, the latest first."""
    with connection.cursor(row_factory=class_row(Webhook)) as cursor:
        return cursor.execute(sql.SQL("select {} from octavo.webhook order by id desc").format(_COLUMNS)).fetchall()


def change(
    connection: Connection, actor: events.Actor, settings: Settings, webhook_id: int, *, url: str | None = None,
    events_: Sequence[str] | None = None, description: str | None = None, active: bool | None = None,
) -> Webhook:  # fmt: skip
    """Has a webhook be called elsewhere, or told of other things, or of nothing for a while. Raises NotFound, UsageError."""
    before = find(connection, webhook_id)
    said: dict[str, Any] = {}
    if url is not None:
        said["url"] = rules.check_url(url, listed(settings))
    if events_ is not None:
        said["events"] = rules.check_events(events_)
    if description is not None:
        said["description"] = _line(description)
    if active is not None and active != (before.state == "active"):
        said |= {"state": "active", "state_reason": ""} if active else {"state": "paused", "state_reason": f"Paused by {actor.name}"}
    changed = {name: value for name, value in said.items() if getattr(before, name) != value}
    if not changed:
        return before
    if changed.get("state") == "active":
        changed["failing_since"] = None
    _write(connection, webhook_id, changed)
    after = find(connection, webhook_id)
    _record(connection, actor, "webhook.changed", after, {name: value for name, value in changed.items() if name != "failing_since"})
    return after


def _write(connection: Connection, webhook_id: int, changed: dict[str, Any]) -> None:
    assignments = sql.SQL(", ").join(sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in changed)
    connection.execute(
        sql.SQL("update octavo.webhook set {}, updated_at = now() where id = %(webhook_id)s").format(assignments),
        {**changed, "webhook_id": webhook_id},
    )


def rotate(
    connection: Connection, actor: events.Actor, vault: Vault, webhook_id: int, *, hours: int = rules.OLD_SECRET_HOURS
) -> tuple[Webhook, str]:
    """Gives a webhook a new secret, shown this once; messages are signed with the old one too for so many hours. Raises NotFound."""
    find(connection, webhook_id)
    secret = rules.new_secret()
    connection.execute(
        "update octavo.webhook set sealed_old_secret = case when %(hours)s > 0 then sealed_secret end, "
        "old_secret_until = case when %(hours)s > 0 then now() + make_interval(hours => %(hours)s) end, sealed_secret = %(secret)s, updated_at = now() "
        "where id = %(id)s",
        {"hours": hours, "secret": _seal(connection, vault, secret), "id": webhook_id},
    )
    after = find(connection, webhook_id)
    _record(
        connection, actor, "webhook.secret_rotated", after, {"old_until": after.old_secret_until and after.old_secret_until.isoformat()}
    )
    return after, secret


def delete(connection: Connection, actor: events.Actor, webhook_id: int) -> None:
    """Ends a webhook; what was still to be sent to it is not. Raises NotFound."""
    gone = find(connection, webhook_id)
    connection.execute(
        "delete from octavo.delivery where organization_id = octavo.current_organization() and channel = 'webhook' and recipient = %s and run_id is null",
        [str(webhook_id)],
    )
    connection.execute("delete from octavo.webhook where id = %s", [webhook_id])
    _record(connection, actor, "webhook.deleted", gone, {"url": gone.url})


def test(connection: Connection, actor: events.Actor, webhook_id: int) -> Told:
    """Sends a message that says nothing but that it is a test. Raises NotFound, Conflict for a webhook that is not active."""
    _active(connection, webhook_id)
    return _send_anew(connection, actor, webhook_id, "webhook.tested", None, "test", "")


def replay(connection: Connection, actor: events.Actor, webhook_id: int, delivery_id: int) -> Told:
    """Sends a message once more that has ended, however it did, with the id that it had. Raises NotFound, Conflict."""
    _active(connection, webhook_id)
    said = told(connection, webhook_id, delivery_id)
    if said.state in ("pending", "sending"):
        raise Conflict(f"The delivery {delivery_id} is under way; it can be sent again when it has ended")
    row = connection.execute("select run_id, purpose, occasion from octavo.delivery where id = %s", [delivery_id]).fetchone()
    assert row is not None
    run_id, purpose, occasion = cast("tuple[int | None, str, str]", row)
    return _send_anew(connection, actor, webhook_id, "webhook.replayed", run_id, purpose, occasion.partition("/")[0])


def _active(connection: Connection, webhook_id: int) -> None:
    webhook = find(connection, webhook_id)
    if webhook.state != "active":
        raise Conflict(f"The webhook {webhook_id} is {webhook.state} ({webhook.state_reason}); make it active first")


def _send_anew(
    connection: Connection, actor: events.Actor, webhook_id: int, action: str, run_id: int | None, purpose: str, occasion: str
) -> Told:
    """A row of its own in the ledger: what an earlier one says of how it went stays."""
    row = connection.execute(
        "insert into octavo.delivery (run_id, purpose, occasion, channel, recipient, target) "
        "select %(run)s, %(purpose)s, %(occasion)s || '/' || coalesce(max(split_part(d.occasion, '/', 2)::int) filter (where d.occasion like '%%/%%'), 0) + 1, "
        "'webhook', %(recipient)s, %(target)s from octavo.delivery d where d.organization_id = octavo.current_organization() and d.channel = 'webhook' "
        "and d.recipient = %(recipient)s and d.purpose = %(purpose)s and d.run_id is not distinct from %(run)s "
        "and split_part(d.occasion, '/', 1) = %(occasion)s returning id",
        {
            "run": run_id, "purpose": purpose, "occasion": occasion, "recipient": str(webhook_id),
            "target": Jsonb({"channel": "webhook", "webhook_id": webhook_id}),
        },
    ).fetchone()  # fmt: skip
    assert row is not None
    made = cast(int, row[0])
    events.record(connection, actor, action, subject="webhook", subject_id=webhook_id, detail={"delivery": made})
    return told(connection, webhook_id, made)


def told(connection: Connection, webhook_id: int, delivery_id: int) -> Told:
    """One message to a webhook. Raises NotFound."""
    with connection.cursor(row_factory=class_row(Told)) as cursor:
        found = cursor.execute(
            _TOLD.format(_ITS.format(sql.SQL("and d.id = %(id)s"))),
            {"webhook": str(webhook_id), "id": delivery_id},
        ).fetchone()
    if found is None:
        raise NotFound(f"There is no delivery {delivery_id} to the webhook {webhook_id}")
    return found


def deliveries(
    connection: Connection, webhook_id: int, *, state: str | None = None, page: int = 1, page_size: int = 20
) -> tuple[list[Told], int]:
    """Its messages, the latest first, and how many there are in all. Raises NotFound."""
    find(connection, webhook_id)
    which = sql.SQL("and (%(state)s::text is null or d.state = %(state)s)")
    shown = sql.SQL("{} order by d.created_at desc, d.id desc limit %(limit)s offset %(offset)s").format(which)
    values = {"webhook": str(webhook_id), "state": state, "limit": page_size, "offset": (page - 1) * page_size}
    counted = connection.execute(sql.SQL("select count(*) from {}").format(_ITS.format(which)), values).fetchone()
    with connection.cursor(row_factory=class_row(Told)) as cursor:
        found = cursor.execute(_TOLD.format(_ITS.format(shown)), values).fetchall()
    return found, cast(int, counted[0]) if counted else 0


def secrets(connection: Connection, vault: Vault, webhook_id: int) -> list[str]:
    """What a message to it is signed with now, the newest first. Raises NotFound, OtherSecret."""
    row = connection.execute(
        "select sealed_secret, case when old_secret_until > now() then sealed_old_secret end from octavo.webhook where id = %s",
        [webhook_id],
    ).fetchone()
    if row is None:
        raise NotFound(f"There is no webhook {webhook_id}")
    about = _about(tenancy.current(connection).id)
    return [vault.open(cast(bytes, sealed), about) for sealed in row if sealed is not None]


def arrived(connection: Connection, webhook_id: int, answer: str) -> None:
    """Notes that a message has arrived."""
    connection.execute(
        "update octavo.webhook set failing_since = null, last_answer = %s, last_tried_at = clock_timestamp() where id = %s",
        [answer, webhook_id],
    )


def not_arrived(connection: Connection, actor: events.Actor, webhook_id: int, why: str, *, gone: bool, most_days: float) -> None:
    """Notes that a message has not arrived; after so many days without any, or when its server is gone for good, the webhook is told nothing more."""
    row = connection.execute(
        "update octavo.webhook set failing_since = coalesce(failing_since, clock_timestamp()), last_answer = %s, last_tried_at = clock_timestamp() "
        "where id = %s and state = 'active' returning clock_timestamp() - failing_since >= make_interval(secs => %s)",
        [why, webhook_id, most_days * 86400],
    ).fetchone()
    if row is None or not (gone or row[0]):
        return
    state = "disabled" if gone else "paused"
    reason = "Its server answered that it is gone for good (410)" if gone else f"No message has arrived for {most_days:g} days: {why}"
    _write(connection, webhook_id, {"state": state, "state_reason": reason})
    _record(connection, actor, f"webhook.{state}", find(connection, webhook_id), {"reason": reason})


def _seal(connection: Connection, vault: Vault, secret: str) -> bytes:
    return vault.seal(secret, _about(tenancy.current(connection).id))


def _about(organization_id: int) -> str:
    return f"the secret of a webhook of organization {organization_id}"


def _line(text: str) -> str:
    if len(text) > 200 or not text.isprintable():
        raise UsageError("The description is one line of at most 200 characters that can be printed; nothing was changed")
    return text.strip()


def _record(connection: Connection, actor: events.Actor, action: str, webhook: Webhook, detail: dict[str, Any]) -> None:
    events.record(connection, actor, action, subject="webhook", subject_id=webhook.id, detail=detail)
