"""What an organization has said about its mails: what it is told, by whom its mails are, and where they may go."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime

from psycopg import sql
from psycopg.rows import class_row

from octavo.control import events
from octavo.control.delivery import rules
from octavo.control.tenancy import actions as tenancy
from octavo.database.connection import Connection
from octavo.errors import UsageError

MOST_RECIPIENTS = 50


@dataclass(frozen=True)
class Said:
    """What may be said; the defaults hold for an organization that has said nothing."""

    on_success: bool = False
    on_failure: bool = True
    recipients: Sequence[str] = ()
    from_name: str = ""
    reply_to: str = ""
    weekly_summary: bool = False
    allowed_domains: Sequence[str] = ()
    retry_unknown: bool = False


@dataclass(frozen=True)
class Setting(Said):
    """What holds."""

    recipients: Sequence[str] = field(default_factory=list)
    allowed_domains: Sequence[str] = field(default_factory=list)
    next_summary_at: datetime | None = None


_COLUMNS = sql.SQL(", ").join(sql.Identifier(one.name) for one in fields(Setting))


def setting(connection: Connection) -> Setting:
    """What holds for the transaction's organization."""
    with connection.cursor(row_factory=class_row(Setting)) as cursor:
        found = cursor.execute(
            sql.SQL("select {} from octavo.notification_setting where organization_id = octavo.current_organization()").format(_COLUMNS)
        ).fetchone()
    return found or Setting()


def change(connection: Connection, actor: events.Actor, said: Said) -> Setting:
    """Says anew all of it. Raises UsageError."""
    if len(said.recipients) > MOST_RECIPIENTS or len(said.allowed_domains) > MOST_RECIPIENTS:
        raise UsageError(
            f"At most {MOST_RECIPIENTS} recipients and {MOST_RECIPIENTS} domains can be named; a mailing list is one recipient"
        )
    domains = list(dict.fromkeys(rules.domain(one) for one in said.allowed_domains))
    recipients = list(dict.fromkeys(rules.address(one) for one in said.recipients))
    for recipient in recipients:
        if not rules.is_allowed(recipient, domains):
            raise UsageError(f"{rules.not_allowed(recipient, domains)}; nothing was changed")
    with connection.cursor(row_factory=class_row(Setting)) as cursor:
        changed = cursor.execute(
            sql.SQL(
                "insert into octavo.notification_setting (on_success, on_failure, recipients, from_name, reply_to, weekly_summary, allowed_domains, "
                "retry_unknown, next_summary_at) values (%(on_success)s, %(on_failure)s, %(recipients)s, %(from_name)s, %(reply_to)s, %(weekly_summary)s, "
                "%(allowed_domains)s, %(retry_unknown)s, case when %(weekly_summary)s then octavo.monday_morning(%(zone)s) end) "
                "on conflict (organization_id) do update set on_success = excluded.on_success, on_failure = excluded.on_failure, "
                "recipients = excluded.recipients, from_name = excluded.from_name, reply_to = excluded.reply_to, weekly_summary = excluded.weekly_summary, "
                "allowed_domains = excluded.allowed_domains, retry_unknown = excluded.retry_unknown, next_summary_at = excluded.next_summary_at returning {}"
            ).format(_COLUMNS),
            {
                "on_success": said.on_success, "on_failure": said.on_failure, "recipients": recipients,
                "from_name": rules.line(said.from_name, "name of the sender", 100), "reply_to": rules.address(said.reply_to) if said.reply_to else "",
                "weekly_summary": said.weekly_summary, "allowed_domains": domains, "retry_unknown": said.retry_unknown,
                "zone": tenancy.current(connection).time_zone,
            },
        ).fetchone()  # fmt: skip
    assert changed is not None
    events.record(
        connection, actor, "notifications.changed", subject="notifications",
        detail={
            "on_success": changed.on_success, "on_failure": changed.on_failure, "recipients": recipients, "weekly_summary": changed.weekly_summary,
            "allowed_domains": domains, "retry_unknown": changed.retry_unknown,
        },
    )  # fmt: skip
    return changed
