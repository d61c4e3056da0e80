"""The answers that were given to requests with an Idempotency-Key: found again, kept, forgotten after a day by the database's clock."""

from dataclasses import dataclass

from psycopg.rows import class_row

from octavo.database.connection import Connection, Database
from octavo.errors import UsageError


@dataclass(frozen=True)
class Answer:
    """What was answered."""

    status: int
    body: bytes
    location: str | None
    media_type: str | None


@dataclass(frozen=True)
class Asked:
    """A request as it is told from others: whose key, and what was asked (a keyed SHA-256 of method, address and body)."""

    user_id: int
    key: str
    request_hash: bytes


@dataclass(frozen=True)
class _Kept:
    request_hash: bytes
    status: int
    body: bytes
    location: str | None
    media_type: str | None


def begin(connection: Connection, asked: Asked) -> Answer | None:
    """The answer that was given to this very request; none when it is the first. Others with the same key wait until the transaction ends.

    Raises UsageError when the key was used for something else.
    """
    connection.execute(
        "select pg_advisory_xact_lock(hashtextextended(%s, octavo.current_organization()))", [f"answer {asked.user_id} {asked.key}"]
    )
    with connection.cursor(row_factory=class_row(_Kept)) as cursor:
        kept = cursor.execute(
            "select request_hash, status, body, location, media_type from octavo.kept_answer "
            "where user_id = %s and key = %s and kept_at >= now() - interval '24 hours'",
            [asked.user_id, asked.key],
        ).fetchone()
    if kept is None:
        return None
    if kept.request_hash != asked.request_hash:
        raise UsageError("This Idempotency-Key was used for another request within the last day; nothing was done. Take a new key")
    return Answer(kept.status, kept.body, kept.location, kept.media_type)


def keep(connection: Connection, asked: Asked, answer: Answer) -> None:
    """Keeps the answer, with what the transaction does."""
    connection.execute(
        "insert into octavo.kept_answer (user_id, key, request_hash, status, body, location, media_type) values (%(user_id)s, %(key)s, "
        "%(request_hash)s, %(status)s, %(body)s, %(location)s, %(media_type)s) on conflict (organization_id, user_id, key) do update set "
        "request_hash = excluded.request_hash, status = excluded.status, body = excluded.body, location = excluded.location, "
        "media_type = excluded.media_type, kept_at = now()",
        {**vars(asked), **vars(answer)},
    )


def forget(database: Database) -> int:
    """Forgets what is a day old; gives how many answers that were."""
    with database.app() as connection:
        row = connection.execute("select octavo.forget_answers()").fetchone()
    assert row is not None
    return int(str(row[0]))
