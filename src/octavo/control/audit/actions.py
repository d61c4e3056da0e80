"""The list of what happened: read it, prove it, anchor it. It is written through events.record alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row

from octavo.control import events
from octavo.control.audit.rules import Anchor, read_anchors
from octavo.database.connection import Connection, Database
from octavo.pipeline.document import Organization

__all__ = ["Anchor", "Entry", "Problem", "Verified", "anchor", "entries", "last_verified", "note_verified", "read_anchors", "verify"]


@dataclass(frozen=True)
class Entry:
    """One thing that happened. `number` counts from 1 in its organization, without a gap."""

    number: int
    at: datetime
    user_id: int | None
    key_id: int | None
    actor: str
    address: str | None
    request_id: str | None
    action: str
    subject: str
    subject_id: int | None
    detail: dict[str, Any]


@dataclass(frozen=True)
class Problem:
    """Where the list is not what was written, and how."""

    number: int
    text: str


@dataclass(frozen=True)
class Verified:
    """What was looked at and what was found; no problem is well."""

    entries: int
    anchors: int
    problems: list[Problem]


_WANTED = (
    "from octavo.audit_entry where (%(action)s::text is null or action = %(action)s or starts_with(action, %(action)s || '.')) "
    "and (%(subject)s::text is null or subject = %(subject)s) and (%(subject_id)s::bigint is null or subject_id = %(subject_id)s) "
    "and (%(user_id)s::bigint is null or user_id = %(user_id)s) "
    "and (%(since)s::timestamptz is null or at >= %(since)s) and (%(until)s::timestamptz is null or at < %(until)s) "
)


def entries(
    connection: Connection,
    *,
    action: str | None = None,
    subject: str | None = None,
    subject_id: int | None = None,
    user_id: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    offset: int = 0,
    limit: int = 100,
) -> tuple[list[Entry], int]:
    """The entries of the transaction's organization that fit, the newest first, and how many there are in all.

    `action` is a whole one ("run.requested") or the first part of it ("run"); `until` itself is not in it.
    """
    wanted = {
        "action": action, "subject": subject, "subject_id": subject_id, "user_id": user_id, "since": since, "until": until,
        "offset": offset, "limit": limit,
    }  # fmt: skip
    if any(value is not None for value in (action, subject, subject_id, user_id, since, until)):
        counted = connection.execute("select count(*) " + _WANTED, wanted).fetchone()
    else:  # numbers have no gap, so the last one says how many there are
        counted = connection.execute("select coalesce(max(number), 0) from octavo.audit_head").fetchone()
    assert counted is not None
    with connection.cursor(row_factory=class_row(Entry)) as cursor:
        found = cursor.execute(
            "select number, at, user_id, key_id, actor, address, request_id, action, subject, subject_id, detail "
            + _WANTED
            + "order by number desc limit %(limit)s offset %(offset)s",
            wanted,
        ).fetchall()
    return found, int(str(counted[0]))


def anchor(database: Database, organization: Organization) -> Anchor:
    """Where the list of an organization ends now."""
    with database.tenant(organization.id) as connection:
        row = connection.execute("select now(), number, hash from (select) as one left join octavo.audit_head on true").fetchone()
    assert row is not None
    at, number, head = row
    assert isinstance(at, datetime)
    return Anchor(organization.slug, int(str(number or 0)), bytes(head) if isinstance(head, bytes) else bytes(32), at)


def note_verified(connection: Connection, actor: events.Actor, found: Verified) -> None:
    """Adds to the list that it was verified, up to which entry, and with how many problems: whoever looks later sees it."""
    events.record(connection, actor, "audit.verified", subject="audit", detail={"entries": found.entries, "problems": len(found.problems)})


def last_verified(connection: Connection) -> Entry | None:
    """When the list was verified last from a page."""
    found, _ = entries(connection, action="audit.verified", subject="audit", limit=1)
    return found[0] if found else None


def verify(database: Database, organization: Organization, anchors: Sequence[Anchor] = ()) -> Verified:
    """Compares the list of an organization with its chain of hashes, with its head, and with the anchors of it among `anchors`."""
    own = [one for one in anchors if one.organization == organization.slug]
    with database.tenant(organization.id) as connection:
        counted = connection.execute("select count(*) from octavo.audit_entry").fetchone()
        assert counted is not None
        problems = [
            Problem(int(str(number)), str(text))
            for number, text in connection.execute("select number, problem from octavo.verify_audit(%s)", [organization.id])
        ]
        problems += [problem for one in own if (problem := _anchored(connection, one))]
    return Verified(int(str(counted[0])), len(own), problems)


def _anchored(connection: Connection, one: Anchor) -> Problem | None:
    if one.number == 0:
        return None
    row = connection.execute("select hash from octavo.audit_entry where number = %s", [one.number]).fetchone()
    if row is None:
        return Problem(one.number, f"the entry was there at {one.at.isoformat()}, and is gone")
    return None if row[0] == one.hash else Problem(one.number, f"the entry is not the one that was anchored at {one.at.isoformat()}")
