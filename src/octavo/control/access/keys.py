"""API keys: made once, shown once, found by their public prefix, narrowed to scopes, expiring and revocable."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from octavo.control import events
from octavo.control.access import rules
from octavo.database.connection import Connection
from octavo.errors import Forbidden, NotFound, UsageError

_LONGEST_DAYS = 3650


@dataclass(frozen=True)
class Key:
    """An API key as it may be shown at any time. `scopes` None means: all that its person may. `last_used_at` is to the minute."""

    id: int
    user_id: int
    name: str
    prefix: str
    scopes: list[str] | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True)
class NewKey:
    """A key that was just made, and the text of it, which nobody can show again."""

    key: Key
    text: str


_COLUMNS = sql.SQL("id, user_id, name, prefix, scopes, created_at, expires_at, revoked_at, last_used_at")


def create(
    connection: Connection, actor: events.Actor, *, user_id: int, name: str, scopes: Collection[str] | None = None, days: int | None = 90
) -> NewKey:
    """Makes a key for a member of the transaction's organization; `days` None never expires. Raises UsageError, NotFound.

    Whoever may call this for somebody else acts as them: it is for who runs the server. Others go through `create_own`.
    """
    if not name.strip() or len(name) > 200 or not name.isprintable():
        raise UsageError("A key needs a name of at most 200 characters, to be known by; nothing was made")
    if days is not None and not 1 <= days <= _LONGEST_DAYS:
        raise UsageError(f"A key is valid for 1 to {_LONGEST_DAYS:,} days; nothing was made")
    narrowed = None if scopes is None else sorted({rules.known_permission(scope) for scope in scopes})
    row = connection.execute("select octavo.current_organization()").fetchone()
    assert row is not None
    prefix, text = rules.new_key(int(str(row[0])))
    with connection.cursor(row_factory=class_row(Key)) as cursor:
        try:
            with connection.transaction():
                key = cursor.execute(
                    sql.SQL(
                        "insert into octavo.api_key (user_id, name, prefix, secret_hash, scopes, expires_at) "
                        "values (%s, %s, %s, %s, %s, now() + make_interval(days => %s::int)) returning {}"
                    ).format(_COLUMNS),
                    [user_id, name, prefix, rules.read_key(text).secret_hash, narrowed, days],
                ).fetchone()
        except psycopg.errors.ForeignKeyViolation as error:
            raise NotFound(f"There is no member {user_id}") from error
    assert key is not None
    detail = {"name": name, "prefix": prefix, "user_id": user_id, "scopes": narrowed, "days": days}
    events.record(connection, actor, "key.created", subject="key", subject_id=key.id, detail=detail)
    return NewKey(key, text)


def create_own(
    connection: Connection,
    actor: events.Actor,
    principal: rules.Principal,
    *,
    name: str,
    scopes: Collection[str] | None = None,
    days: int | None = 90,
) -> NewKey:
    """Makes a key for whoever asks. A key makes no keys, so that what is narrowed or expires cannot make what is not or does not."""
    if principal.key_id is not None or principal.user_id is None:
        raise Forbidden("An API key makes no API keys; sign in, or use a token of your application")
    for scope in scopes or ():
        rules.require(principal, scope)
    return create(connection, actor, user_id=principal.user_id, name=name, scopes=scopes, days=days)


def of(connection: Connection, *, user_id: int | None = None) -> list[Key]:
    """The keys of the transaction's organization, or of one person in it, the newest first; those that were revoked too."""
    with connection.cursor(row_factory=class_row(Key)) as cursor:
        return cursor.execute(
            sql.SQL("select {} from octavo.api_key where %(user)s::bigint is null or user_id = %(user)s order by id desc").format(_COLUMNS),
            {"user": user_id},
        ).fetchall()


def revoke(connection: Connection, actor: events.Actor, key_id: int, *, user_id: int | None = None) -> None:
    """Ends a key at once; with `user_id`, only one of that person. Revoking twice is the same. Raises NotFound."""
    row = connection.execute(
        "select name, prefix, revoked_at is null from octavo.api_key where id = %(key)s and (%(user)s::bigint is null or user_id = %(user)s) for update",
        {"key": key_id, "user": user_id},
    ).fetchone()
    if row is None:
        raise NotFound(f"There is no key {key_id}")
    name, prefix, lives = row
    if lives:
        connection.execute("update octavo.api_key set revoked_at = now() where id = %s", [key_id])
        events.record(connection, actor, "key.revoked", subject="key", subject_id=key_id, detail={"name": name, "prefix": prefix})
