"""What a link opens. Whatever is wrong with it, it is not there: revoked, over, used up, unknown, another's, its maker gone are one answer."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from psycopg import sql
from psycopg.rows import class_row

from octavo.control import events
from octavo.control.access import actions as access
from octavo.control.runs import actions as runs
from octavo.control.sharing import actions
from octavo.control.tenancy import actions as tenancy
from octavo.database.connection import Connection, Database
from octavo.errors import Conflict, Forbidden, Gone, NotFound
from octavo.pipeline.document import Organization

_GUESSES = 5  # at the password of one link, from one address
_GUESSES_FROM_ANYWHERE = 50

VISITOR = "somebody with a link"
"""Who uses a link, as the audit list calls them."""


@dataclass(frozen=True)
class Opened:
    """A link that leads somewhere now."""

    share_id: int
    password_hash: str | None
    expires_at: datetime
    downloads_left: int | None
    run: runs.Run
    organization: Organization


@dataclass(frozen=True)
class _Found:
    id: int
    run_id: int
    password_hash: str | None
    expires_at: datetime
    downloads_left: int | None
    created_by: int


def look(database: Database, token: str) -> Opened | None:
    """What a link leads to; none when it leads nowhere. Raises Unauthenticated for what is no token."""
    shown = access.read_token(token)
    with database.tenant(shown.organization_id) as connection:
        return _open(connection, shown.secret_hash)


def _open(connection: Connection, token_hash: bytes, *, to_use: bool = False) -> Opened | None:
    """With `to_use` whoever else uses it waits until the transaction ends, and then sees what is left."""
    with connection.cursor(row_factory=class_row(_Found)) as cursor:
        found = cursor.execute(
            sql.SQL(
                "select id, run_id, password_hash, expires_at, most_downloads - downloads as downloads_left, created_by from octavo.share "
                "where token_hash = %s and revoked_at is null and expires_at > clock_timestamp() and coalesce(downloads < most_downloads, true) {}"
            ).format(sql.SQL("for update" if to_use else "")),
            [token_hash],
        ).fetchone()
    if found is None or not actions.setting(connection).enabled:
        return None
    try:
        run = runs.find(connection, found.run_id)
        actions.require(access.principal_of(connection, found.created_by), run)
    except (Forbidden, NotFound, Conflict, Gone):
        return None
    return Opened(found.id, found.password_hash, found.expires_at, found.downloads_left, run, tenancy.current(connection))


@dataclass(frozen=True)
class Taken:
    """How a use ended: gone, wrong (the password), or taken: then `place` is where the file is fetched."""

    how: Literal["gone", "wrong", "taken"]
    place: str = ""


def take(
    database: Database, token: str, password: str, *, address: str | None, request_id: str | None, link: Callable[[runs.Run], str]
) -> Taken:
    """Uses a link, once everything was checked again; the use is counted and recorded. `link` gives the place of a run's file.

    Raises TooManyRequests after too many wrong passwords, Unauthenticated for what is no token, and what `link` raises.
    """
    shown = access.read_token(token)
    opened = look(database, token)
    actor = events.Actor(None, None, VISITOR, address, request_id)
    counted: list[bytes] = []
    if opened is not None and opened.password_hash is not None:
        about = f"share {shown.secret_hash.hex()}"
        allowed = {f"{about}\n{address or 'unknown'}": _GUESSES, about: _GUESSES_FROM_ANYWHERE}
        counted = access.passwords.count_guess(database, allowed, "with this link")
    if password or counted:  # a link that leads nowhere takes as long to say so
        right = access.passwords.matches(opened.password_hash if opened else None, password)
        if opened is not None and counted and not right:
            with database.tenant(shown.organization_id) as connection:
                events.record(connection, actor, "share.refused", subject="share", subject_id=opened.share_id)
            return Taken("wrong")
    if opened is None:
        return Taken("gone")
    access.passwords.forgive(database, counted[:1], counted[1:])
    place = link(opened.run)  # a bucket may have to be asked for it, so no transaction is open
    with database.tenant(shown.organization_id) as connection:
        if _open(connection, shown.secret_hash, to_use=True) is None:
            return Taken("gone")
        connection.execute(
            "update octavo.share set downloads = downloads + 1, last_used_at = clock_timestamp() where id = %s", [opened.share_id]
        )
        events.record(
            connection, actor, "share.downloaded", subject="share", subject_id=opened.share_id,
            detail={"run_id": opened.run.id, "sha256": opened.run.sha256},
        )  # fmt: skip
    return Taken("taken", place)
