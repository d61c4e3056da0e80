"""People and their place in an organization. A person is one row for the whole server; what they may is said in each membership."""

from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from octavo.control import events
from octavo.control.access import passwords, rules
from octavo.control.access.rules import Role
from octavo.database.connection import Connection, Database
from octavo.errors import Conflict, NotFound, UsageError

_MEMBERS = sql.SQL(
    "select m.user_id, coalesce(lower(u.email), u.subject) as name, m.role, m.view_pii, m.active and u.active as active, m.created_at "
    "from octavo.membership m join octavo.app_user u on u.id = m.user_id {}"
)


@dataclass(frozen=True)
class Member:
    """A person's place in an organization. `name` is the e-mail address; the host's name for the person where there is none."""

    user_id: int
    name: str
    role: Role
    view_pii: bool
    active: bool
    created_at: datetime


def person(connection: Connection, email: str) -> int:
    """The id of the person with this e-mail address, who is made if nobody has it. The answer never tells whether somebody had."""
    if (
        not 3 <= len(email) <= 254
        or email.count("@") != 1
        or email[0] == "@"
        or email[-1] == "@"
        or not email.isprintable()
        or " " in email
    ):
        raise UsageError(f"{email!r} is no e-mail address")
    connection.execute("insert into octavo.app_user (email) values (%s) on conflict do nothing", [email])
    return known_person(connection, email)


def known_person(connection: Connection, email: str) -> int:
    """The id of the person with this e-mail address. Raises NotFound."""
    row = connection.execute("select id from octavo.app_user where lower(email) = lower(%s)", [email]).fetchone()
    if row is None:
        raise NotFound(f"There is nobody with the e-mail address {email!r}")
    return int(str(row[0]))


def members(connection: Connection) -> list[Member]:
    """Everybody who has or had a place in the transaction's organization, by name."""
    with connection.cursor(row_factory=class_row(Member)) as cursor:
        return cursor.execute(_MEMBERS.format(sql.SQL("order by name"))).fetchall()


def member(connection: Connection, user_id: int) -> Member:
    """One of them. Raises NotFound."""
    with connection.cursor(row_factory=class_row(Member)) as cursor:
        found = cursor.execute(_MEMBERS.format(sql.SQL("where m.user_id = %s")), [user_id]).fetchone()
    if found is None:
        raise NotFound(f"There is no member {user_id}")
    return found


def add_member(connection: Connection, actor: events.Actor, email: str, *, role: str, view_pii: bool = False) -> Member:
    """Gives the person of an e-mail address a place in the organization. Raises UsageError, and Conflict for whoever has one."""
    user_id = person(connection, email)
    if any(one.user_id == user_id for one in members(connection)):
        raise Conflict(f"{email} is a member already, though perhaps an inactive one; change that instead (PATCH /api/members/{user_id})")
    return set_member(connection, actor, user_id, role=role, view_pii=view_pii)


def set_member(
    connection: Connection,
    actor: events.Actor,
    user_id: int,
    *,
    role: str | None = None,
    view_pii: bool | None = None,
    active: bool | None = None,
) -> Member:
    """Gives a person a place in the transaction's organization (a viewer, if no role is said), or changes what is given. It takes effect at once.

    Raises Conflict rather than leave the organization without an active administrator, which the database keeps.
    """
    wanted = None if role is None else rules.known_role(role)
    try:
        with connection.transaction():
            connection.execute(
                "insert into octavo.membership (user_id, role, view_pii, active) values (%(user)s, coalesce(%(role)s, 'viewer'), coalesce(%(pii)s, false), "
                "coalesce(%(active)s, true)) on conflict (organization_id, user_id) do update set view_pii = coalesce(%(pii)s, membership.view_pii), "
                "active = coalesce(%(active)s, membership.active), role = coalesce(%(role)s, membership.role), "
                "role_token_at = case when %(role)s::text is null then membership.role_token_at end",
                {"user": user_id, "role": wanted, "pii": view_pii, "active": active},
            )
    except psycopg.Error as error:
        if error.sqlstate == "OC001":  # octavo.refuse: an organization keeps an administrator
            raise Conflict(str(error.diag.message_primary)) from error
        raise
    now = member(connection, user_id)
    detail = {"name": now.name, "role": now.role, "view_pii": now.view_pii, "active": now.active}
    events.record(connection, actor, "member.set", subject="member", subject_id=user_id, detail=detail)
    return now


def set_password(database: Database, user_id: int, password: str) -> None:
    """Sets a person's password, and ends every session of theirs everywhere. Raises UsageError."""
    rules.check_password(password)
    hashed = passwords.HASHER.hash(password)
    with database.app() as connection:
        store_password(connection, user_id, hashed)


def store_password(connection: Connection, user_id: int, hashed: str) -> None:
    """Puts a hash in the place of a person's password; every session of theirs is over from then on."""
    connection.execute(
        "update octavo.app_user set password_hash = %s, sessions_valid_from = clock_timestamp() where id = %s", [hashed, user_id]
    )


def set_active(database: Database, user_id: int, *, active: bool) -> None:
    """Lets a person use the server, or no longer: an inactive person's keys, tokens and sessions are refused everywhere, at once."""
    with database.app() as connection:
        connection.execute("update octavo.app_user set active = %s where id = %s", [active, user_id])


def set_subject(database: Database, user_id: int, subject: str) -> None:
    """Says how the tokens of the host application name a person. Raises Conflict when they name another so."""
    try:
        with database.app() as connection:
            connection.execute("update octavo.app_user set subject = %s where id = %s", [subject, user_id])
    except psycopg.errors.UniqueViolation as error:
        raise Conflict(f"The tokens' subject {subject!r} is another person here; nothing was changed") from error
