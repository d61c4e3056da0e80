"""Who asks, and what they may: every request and every run begins here. The only file of this folder that others import."""

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row

from octavo.control import events
from octavo.control.access import keys, passwords, people, rules, sessions
from octavo.control.access.keys import Key, NewKey
from octavo.control.access.people import Member
from octavo.control.access.rules import PERMISSIONS, ROLES, Principal, Role, administers, check_csrf, csrf_token, require, require_all
from octavo.control.access.sessions import Known, Several, SignedIn
from octavo.control.access.tokens import Claims, Host
from octavo.control.tenancy import actions as tenancy
from octavo.database.connection import Connection, Database
from octavo.errors import Forbidden, TooManyRequests, Unauthenticated
from octavo.pipeline import protection
from octavo.pipeline.document import Organization

__all__ = [
    "PERMISSIONS",
    "ROLES",
    "Credential",
    "Host",
    "Key",
    "Known",
    "Member",
    "NewKey",
    "Principal",
    "Role",
    "Several",
    "SignedIn",
    "add_member",
    "administers",
    "authenticate",
    "change_password",
    "check_csrf",
    "check_password",
    "create_key",
    "create_own_key",
    "csrf_token",
    "demo_credentials",
    "demo_passwords",
    "found",
    "go_on",
    "keys_of",
    "known_person",
    "member",
    "members",
    "new_token",
    "organizations_of",
    "passwords",
    "person",
    "principal_of",
    "read_token",
    "require",
    "require_all",
    "revoke_key",
    "set_active",
    "set_member",
    "set_password",
    "set_subject",
    "sign_in",
    "sign_out",
    "switch",
]  # fmt: skip

person, known_person, member, members, add_member = people.person, people.known_person, people.member, people.members, people.add_member
set_member, set_password, set_active, set_subject = people.set_member, people.set_password, people.set_active, people.set_subject
create_key, create_own_key, keys_of, revoke_key = keys.create, keys.create_own, keys.of, keys.revoke
organizations_of, sign_in, go_on, sign_out = sessions.organizations_of, sessions.sign_in, sessions.go_on, sessions.sign_out
switch, change_password = sessions.switch, sessions.change_password
new_token, read_token, check_password = rules.new_token, rules.read_token, rules.check_password

_MEMBER = sql.SQL(
    "select {organization}, m.user_id, coalesce(lower(u.email), u.subject) as person, m.role, m.view_pii, m.role_token_at, m.active and u.active as alive, {more} "
    "from octavo.membership m join octavo.app_user u on u.id = m.user_id join octavo.organization o on o.id = m.organization_id {where}"
)


def authenticate(
    database: Database,
    *,
    authorization: str | None,
    cookie: str | None = None,
    host: Host | None = None,
    requests_per_minute: int | None = None,
) -> Principal:
    """Whom the Authorization header, or else the cookie of a session, shows. Without a `host` application no token is believed.

    With `requests_per_minute` it counts as a request of the organization, which may have so many unless it has a number of its own:
    raises TooManyRequests. Raises Unauthenticated; whether a key is unknown, wrong, expired, revoked or its person inactive, the answer is the same.
    """
    if authorization is not None:
        scheme, _, shown = authorization.strip().partition(" ")
        shown = shown.strip()
        if scheme.lower() == "bearer" and shown.startswith("oct_"):
            return _by_key(database, rules.read_key(shown), requests_per_minute)
        if scheme.lower() != "bearer" or host is None:
            raise Unauthenticated(rules.REFUSED)
        return _by_token(database, host.read(shown), requests_per_minute)
    if cookie is not None:
        return _by_session(database, rules.read_token(cookie), requests_per_minute)
    raise Unauthenticated(rules.REFUSED)


def principal_of(connection: Connection, user_id: int) -> Principal:
    """What a member of the transaction's organization may now, for what was asked for earlier. Raises Forbidden when no longer anything."""
    row = _row(connection, "true as live", "where m.user_id = %(user)s", {"user": user_id})
    if row is None or not row["alive"]:
        raise Forbidden("Whoever asked for this is no active member of the organization any more; nothing was made")
    return _principal(row)


def _row(connection: Connection, more: str, where: str, values: Mapping[str, Any]) -> dict[str, Any] | None:
    query = _MEMBER.format(organization=tenancy.COLUMNS, more=sql.SQL(more), where=sql.SQL(where))
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, values).fetchone()


def _principal(row: Mapping[str, Any], *, role: Role | None = None, **credential: Any) -> Principal:
    granted = rules.permissions(role or row["role"], view_pii=row["view_pii"], scopes=row.get("scopes"))
    name = credential.pop("name", row["person"])
    return Principal(tenancy.organization_of(row), row["user_id"], name, role or row["role"], granted, **credential)


def _by_key(database: Database, shown: rules.Shown, requests_per_minute: int | None) -> Principal:
    with database.tenant(shown.organization_id) as connection:
        row = _row(
            connection,
            "k.id as key_id, k.name as key_name, k.secret_hash, k.scopes, k.revoked_at is null and coalesce(k.expires_at > now(), true) as live, "
            "coalesce(k.last_used_at < now() - interval '1 minute', true) as unnoted",
            "join octavo.api_key k on k.organization_id = m.organization_id and k.user_id = m.user_id where k.prefix = %(prefix)s",
            {"prefix": shown.prefix},
        )
        right = hmac.compare_digest(shown.secret_hash, bytes(row["secret_hash"]) if row else bytes(32))
        if row is None or not (right and row["alive"] and row["live"]):
            raise Unauthenticated(rules.REFUSED)
        if row["unnoted"]:
            connection.execute("update octavo.api_key set last_used_at = now() where id = %s", [row["key_id"]])
        _count_request(connection, requests_per_minute)
    return _principal(row, name=row["key_name"], key_id=row["key_id"])


def _by_session(database: Database, shown: rules.Shown, requests_per_minute: int | None) -> Principal:
    with database.tenant(shown.organization_id) as connection:
        row = _row(
            connection,
            "s.id as session_id, s.revoked_at is null and s.expires_at > now() and s.created_at >= u.sessions_valid_from as live",
            "join octavo.session s on s.organization_id = m.organization_id and s.user_id = m.user_id where s.secret_hash = %(hash)s",
            {"hash": shown.secret_hash},
        )
        if row is None or not (row["alive"] and row["live"]):
            raise Unauthenticated(rules.REFUSED)
        _count_request(connection, requests_per_minute)
    return _principal(row, session_id=row["session_id"])


def _by_token(database: Database, claims: Claims, requests_per_minute: int | None) -> Principal:
    """The member that a token names. Whom the host sends is let in; whom Octavo closed out stays out; and the lower of the two roles counts."""
    with database.app() as connection:
        organization = tenancy.named_by_host(connection, claims.organization)
    if organization is None:
        raise Unauthenticated("The token names an organization that is not here; make it, with its external id, before its people come")
    with database.tenant(organization.id) as connection:
        row = _row(connection, "true as live", "where u.subject = %(subject)s", {"subject": claims.subject})
        if row is None:
            _admit(connection, claims)
            row = _row(connection, "true as live", "where u.subject = %(subject)s", {"subject": claims.subject})
        elif row["alive"] and claims.role not in (None, row["role"]):
            row["role"] = _follow(connection, row, claims)
        if row is not None and row["alive"]:
            _count_request(connection, requests_per_minute)
    if row is None or not row["alive"]:
        raise Unauthenticated(rules.REFUSED)
    return _principal(row, role=min(row["role"], claims.role or row["role"], key=ROLES.index))


def _count_request(connection: Connection, usual: int | None) -> None:
    """Counts a request of the transaction's organization: the last thing the transaction does, since others wait for it from here on."""
    if usual is None:
        return
    row = connection.execute("select octavo.count_request(%s)", [usual]).fetchone()
    wait = int(str(row[0])) if row else 0
    if wait:
        raise TooManyRequests(
            f"The organization has made as many requests as it may in a minute; nothing was done. Wait {wait} seconds, ask less often, "
            "or have who runs the server allow more (octavo admin limits)",
            retry_after=wait,
        )


def _admit(connection: Connection, claims: Claims) -> None:
    """Makes the person of a token a member. An e-mail address that is here already is the same person, unless tokens call that one otherwise."""
    values = {"email": claims.email, "subject": claims.subject, "role": claims.role or "viewer", "issued": claims.issued_at}
    connection.execute(
        "update octavo.app_user set subject = %(subject)s where lower(email) = lower(%(email)s) and subject is null "
        "and not exists (select from octavo.app_user where subject = %(subject)s)",
        values,
    )
    connection.execute("insert into octavo.app_user (email, subject) values (%(email)s, %(subject)s) on conflict do nothing", values)
    joined = connection.execute(
        "insert into octavo.membership (user_id, role, role_token_at) select id, %(role)s, coalesce(%(issued)s, now()) from octavo.app_user "
        "where subject = %(subject)s on conflict do nothing returning user_id",
        values,
    ).fetchone()
    if joined:
        user_id = int(str(joined[0]))
        actor = events.Actor(user_id, None, claims.email or claims.subject)
        events.record(connection, actor, "member.joined", subject="member", subject_id=user_id, detail={"role": values["role"]})


def _follow(connection: Connection, row: Mapping[str, Any], claims: Claims) -> Role:
    """Notes a role that the host has changed; not what an older token says, and not where Octavo set it. Gives the role that stands."""
    followed = connection.execute(
        "update octavo.membership set (role, role_token_at) = row(%(role)s::text, coalesce(%(issued)s, now())) "
        "where user_id = %(user)s and role_token_at < coalesce(%(issued)s, now()) returning user_id",
        {"role": claims.role, "issued": claims.issued_at, "user": row["user_id"]},
    ).fetchone()
    if not followed or claims.role is None:
        return rules.known_role(row["role"])
    actor = events.Actor(row["user_id"], None, row["person"])
    detail = {"role": claims.role, "before": row["role"]}
    events.record(connection, actor, "member.set", subject="member", subject_id=row["user_id"], detail=detail)
    return claims.role


@dataclass(frozen=True)
class Credential:
    """A key that was just made for somebody, to be shown once."""

    organization: Organization
    name: str
    role: Role
    key: NewKey
    password: str = ""
    """To sign in to the pages with; empty where none was set."""


def found(
    database: Database, actor: events.Actor, slug: str, name: str, *, admin_email: str | None = None, days: int | None = 90,
    furnish: Callable[[Connection], object] = lambda connection: None, **details: Any,
) -> tuple[Organization, Credential | None]:  # fmt: skip
    """Makes an organization, with its first administrator and their key if an address is given, and whatever `furnish` gives it: all of it, or nothing."""
    organization = tenancy.create(database, slug, name, **details)
    try:
        with database.tenant(organization.id) as connection:
            events.record(
                connection,
                actor,
                "organization.created",
                subject="organization",
                subject_id=organization.id,
                detail={"slug": slug, "name": name},
            )
            furnish(connection)
            credential = admin_email and _introduce(connection, actor, organization, admin_email, "admin", "first key", days)
    except BaseException:
        tenancy.remove(database, organization)
        raise
    return organization, credential or None


def demo_credentials(database: Database, organization: Organization) -> list[Credential]:
    """An administrator, a member and a viewer for the demonstration, each with a key; the keys of an earlier demonstration end."""
    actor = events.Actor.system("octavo demo")
    with database.tenant(organization.id) as connection:
        for key in keys.of(connection):
            if key.name == "octavo demo" and key.revoked_at is None:
                keys.revoke(connection, actor, key.id)
        return [
            _introduce(connection, actor, organization, f"{role}@{organization.slug}.example", role, "octavo demo", 30)
            for role in ("admin", "member", "viewer")
        ]


def demo_passwords(database: Database, credentials: Sequence[Credential]) -> list[Credential]:
    """The same people with a new password each, to sign in to the pages with; those of an earlier demonstration hold no more."""
    given = []
    for one in credentials:
        with database.tenant(one.organization.id) as connection:
            user_id = people.known_person(connection, one.name)
        people.set_password(database, user_id, password := protection.made())
        given.append(replace(one, password=password))
    return given


def _introduce(
    connection: Connection, actor: events.Actor, organization: Organization, email: str, role: str, key_name: str, days: int | None
) -> Credential:
    joined = people.set_member(connection, actor, people.person(connection, email), role=role)
    key = keys.create(connection, actor, user_id=joined.user_id, name=key_name, days=days)
    return Credential(organization, email, joined.role, key)
