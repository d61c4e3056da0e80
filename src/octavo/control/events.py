"""The one list of what happened. Whoever does something records it here, in the transaction that did it, or it was not done.

Audit, notifications, webhooks and progress read this list; nobody calls another module to tell it something.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

from psycopg.types.json import Jsonb

from octavo.database.connection import Connection


class Known(Protocol):
    """What is taken of a principal (access.rules.Principal)."""

    @property
    def user_id(self) -> int | None: ...
    @property
    def key_id(self) -> int | None: ...
    @property
    def name(self) -> str: ...


@dataclass(frozen=True)
class Actor:
    """Who did it, and from where."""

    user_id: int | None
    key_id: int | None
    name: str
    address: str | None = None
    """The network address of the client."""
    request_id: str | None = None

    @classmethod
    def system(cls, name: str) -> Self:
        """Octavo itself, or who runs the server: "octavo worker", "octavo admin"."""
        return cls(None, None, name)

    @classmethod
    def of(cls, principal: Known, address: str | None = None, request_id: str | None = None) -> Self:
        """Who was authenticated."""
        return cls(principal.user_id, principal.key_id, principal.name, address, request_id)


def record(
    connection: Connection,
    actor: Actor,
    action: str,
    *,
    subject: str,
    subject_id: int | None = None,
    detail: Mapping[str, Any] | None = None,
) -> int:
    """Adds what happened to the list of the transaction's organization; gives the number of the entry.

    `action` is subject and past participle, e.g. "export.approved". `detail` holds names, ids, parameters and counts, never values of
    data or secrets. Others of the organization wait for the commit from here on, so it is the last thing a transaction does.
    """
    row = connection.execute(
        # Materialized, so that each is called once.
        "with event as materialized (select octavo.record_event(%s, %s, %s, %s, %s, %s, %s, %s, %s) as number) "
        "select number, octavo.tell_webhooks(number, %s) from event",
        [
            actor.user_id, actor.key_id, actor.name, actor.address, actor.request_id,
            action, subject, subject_id, Jsonb(dict(detail or {})), action,
        ],
    ).fetchone()  # fmt: skip
    assert row is not None
    number = row[0]
    assert isinstance(number, int)
    return number


def record_all(
    connection: Connection, actor: Actor, action: str, *, subject: str, details: Sequence[tuple[int, Mapping[str, Any]]]
) -> None:
    """The same for many subjects to which the same happened: pairs of an id and its detail."""
    connection.execute(
        "select octavo.record_event(%s, %s, %s, %s, %s, %s, %s, (one ->> 'id')::bigint, one -> 'detail') from jsonb_array_elements(%s) as one",
        [
            actor.user_id, actor.key_id, actor.name, actor.address, actor.request_id, action, subject,
            Jsonb([{"id": subject_id, "detail": dict(detail)} for subject_id, detail in details]),
        ],
    )  # fmt: skip
