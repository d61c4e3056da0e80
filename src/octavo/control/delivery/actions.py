"""What is done with deliveries. The only file of this folder that others import."""

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg.types.json import Jsonb

from octavo.control import events
from octavo.control.access.actions import Principal
from octavo.control.delivery import ledger, notices, rules
from octavo.control.delivery import places as outside
from octavo.control.delivery.channels import CHANNELS
from octavo.control.runs import actions as runs
from octavo.database.connection import Connection
from octavo.errors import Forbidden, UsageError
from octavo.pipeline import naming

SEND_OUT, STATES = rules.SEND_OUT, rules.STATES
Said, setting, change_setting = notices.Said, notices.setting, notices.change
Delivery = ledger.Delivery
Page = ledger.Page
list_, find, attempts, delivered = ledger.list_, ledger.find, ledger.attempts, ledger.delivered
retry, try_out, statistics = ledger.retry, ledger.try_out, ledger.statistics
PlaceContent, places, find_place = outside.Content, outside.list_, outside.find
create_place, change_place, deactivate_place = outside.create, outside.change, outside.deactivate


def check_targets(connection: Connection, targets: Sequence[Mapping[str, Any]], *, principal: Principal) -> list[dict[str, Any]]:
    """The targets as a run keeps them, if each is one that this organization has and this principal may name; a target named twice is there once.

    Raises UsageError, NotFound, Conflict; Forbidden for a target that is not one's own address, without reports.manage.
    """
    if len(targets) > rules.MOST_TARGETS:
        raise UsageError(f"A file goes to at most {rules.MOST_TARGETS} targets at once; nothing was asked for")
    checked: dict[str, dict[str, Any]] = {}
    for target in targets:
        one = checked_target(connection, target)
        row = connection.execute("select octavo.recipient_of(%s)", [Jsonb(one)]).fetchone()
        assert row is not None
        checked[f"{one['channel']} {str(row[0]).lower()}"] = one
    found = list(checked.values())
    require_right(connection, principal, found)
    return found


def checked_target(connection: Connection, target: Mapping[str, Any]) -> dict[str, Any]:
    """The target as a run keeps it, if it is one that this organization has. Raises UsageError, NotFound, Conflict."""
    channel = target.get("channel") if isinstance(target, Mapping) else None
    if channel not in CHANNELS:
        raise UsageError(f"A target is an object with a channel, which is one of: {', '.join(CHANNELS)}; nothing was asked for")
    return CHANNELS[channel].check(connection, target)


def require_right(connection: Connection, principal: Principal, targets: Sequence[Mapping[str, Any]]) -> None:
    """Raises Forbidden unless the principal may have files go there: anywhere for who manages reports, to their own address for everybody."""
    if principal.may(rules.SEND_OUT):
        return
    own = _address(connection, principal)
    for target in targets:
        if target["channel"] != "email" or str(target["to"]).lower() != own:
            raise Forbidden(
                f"Files go to {rules.recipient_of(target)} only for who has the permission {rules.SEND_OUT}; without it they go to one's own "
                "address. Nothing was done; ask an administrator"
            )


def send_again(connection: Connection, principal: Principal, actor: events.Actor, delivery_id: int) -> Delivery:
    """Sends once more what failed or may not have arrived, for who asked for its run or manages reports. Raises NotFound, Forbidden, Conflict."""
    found = ledger.find(connection, principal, delivery_id)
    asked_by = runs.find(connection, found.run_id).requested_by if found.run_id is not None else None
    if not principal.may(rules.SEND_OUT) and (asked_by is None or asked_by != principal.user_id):
        raise Forbidden("This delivery is of somebody else's run; who asked for it can have it sent once more, or an administrator")
    return ledger.retry(connection, principal, actor, delivery_id)


def own_address(connection: Connection, principal: Principal) -> str:
    """The principal's own e-mail address. Raises UsageError where none is known."""
    own = _address(connection, principal)
    if own is None:
        raise UsageError("No e-mail address of yours is known here; name one")
    return own


def _address(connection: Connection, principal: Principal) -> str | None:
    row = connection.execute("select lower(email) from octavo.app_user where id = %s", [principal.user_id]).fetchone()
    return None if row is None or row[0] is None else str(row[0])


def check_words(subject: str, message: str) -> None:
    """Raises UsageError for a subject that is no line, or names words that there are not, and for a message that cannot be read."""
    naming.check_pattern(rules.line(subject, "subject", rules.LONGEST_SUBJECT))
    rules.prose(message, "message", rules.LONGEST_MESSAGE)
