"""Signing in to the pages: a password, a throttle on guessing, and a session that the server can end at any time."""

from collections.abc import Sequence
from dataclasses import dataclass

from octavo.control import events
from octavo.control.access import passwords, rules
from octavo.control.access.people import store_password
from octavo.control.tenancy import actions as tenancy
from octavo.database.connection import Database
from octavo.errors import Conflict, Forbidden, NotFound, Unauthenticated
from octavo.pipeline.document import Organization

WRONG = "The e-mail address or the password is wrong, or the account is closed"

_GUESSES = 5  # of one address from one place
_GUESSES_FROM_ANYWHERE = 50  # of one address, or from one place


@dataclass(frozen=True)
class SignedIn:
    """A session that has begun. The cookie is set HttpOnly, Secure, SameSite=Lax; forms carry rules.csrf_token of it."""

    organization: Organization
    user_id: int
    cookie: str
    hours: float


@dataclass(frozen=True)
class Known:
    """Somebody who has shown the password, and is nowhere yet."""

    user_id: int
    name: str


class Several(Conflict):
    """Whoever signs in belongs to several organizations, and has to say which one they mean."""

    def __init__(self, known: Known, organizations: Sequence[Organization]) -> None:
        super().__init__(f"Say which organization to sign in to: {', '.join(organization.slug for organization in organizations)}")
        self.known, self.organizations = known, organizations


def sign_in(database: Database, email: str, password: str, *, address: str | None, hours: float, slug: str | None = None) -> SignedIn:
    """Begins a session of somebody who knows the password, in the organization of that slug, or in the only one they belong to.

    Raises TooManyRequests after too many guesses, Unauthenticated, and Several where an organization must be chosen.
    """
    if not email.isprintable():
        raise Unauthenticated(WRONG)
    counted = _count_guess(database, email, address)
    with database.app() as connection:
        row = connection.execute("select id, password_hash, active from octavo.app_user where lower(email) = lower(%s)", [email]).fetchone()
    user_id, stored, active = row or (None, None, False)
    right = passwords.matches(None if stored is None else str(stored), password)
    if not (right and active and stored):
        raise Unauthenticated(WRONG)
    person = int(str(user_id))
    _forgive(database, counted)
    if passwords.HASHER.check_needs_rehash(str(stored)):
        rehashed = passwords.HASHER.hash(password)
        with database.app() as connection:
            connection.execute(
                "update octavo.app_user set password_hash = %s where id = %s and password_hash = %s", [rehashed, person, stored]
            )
    return _begin(
        database, person, email.lower(), _chosen(Known(person, email.lower()), organizations_of(database, person), slug), address, hours
    )


def go_on(database: Database, known: Known, slug: str, *, address: str | None, hours: float) -> SignedIn:
    """Begins a session in the organization that somebody chose who has shown the password. Raises Unauthenticated where they belong no more."""
    chosen = _chosen(known, organizations_of(database, known.user_id), slug)
    return _begin(database, known.user_id, known.name, chosen, address, hours)


def organizations_of(database: Database, user_id: int) -> list[Organization]:
    """Where a person is an active member, by slug."""
    with database.app() as connection:
        ids = {int(str(row[0])) for row in connection.execute("select octavo.organizations_of(%s)", [user_id])}
    return [organization for organization in tenancy.list_all(database) if organization.id in ids]


def _chosen(known: Known, belongs: Sequence[Organization], slug: str | None) -> Organization:
    candidates = [organization for organization in belongs if slug is None or organization.slug == slug]
    if not candidates:
        raise Unauthenticated(WRONG)
    if len(candidates) > 1:
        raise Several(known, candidates)
    return candidates[0]


def _begin(database: Database, user_id: int, name: str, organization: Organization, address: str | None, hours: float) -> SignedIn:
    cookie = rules.new_token(organization.id)
    with database.tenant(organization.id) as connection:
        row = connection.execute(
            "insert into octavo.session (user_id, secret_hash, address, expires_at) values (%s, %s, %s, now() + %s * interval '1 hour') returning id",
            [user_id, rules.read_token(cookie).secret_hash, address, hours],
        ).fetchone()
        assert row is not None
        actor = events.Actor(user_id, None, name, address)
        events.record(connection, actor, "session.begun", subject="session", subject_id=int(str(row[0])))
    return SignedIn(organization, user_id, cookie, hours)


def switch(database: Database, principal: rules.Principal, slug: str, *, address: str | None) -> SignedIn:
    """Goes on in another organization of the person's: a session there, no longer than the one it comes from, which ends.

    Raises Forbidden for whoever has no session, NotFound for an organization that is not theirs, whether there is such a one or not.
    """
    session_id, user_id = _of_session(principal)
    belongs = [organization for organization in organizations_of(database, user_id) if organization.slug == slug]
    if not belongs:
        raise NotFound(f"You belong to no organization {slug!r}; GET /api/session lists those that you do")
    with database.tenant(principal.organization.id) as connection:
        row = connection.execute(
            "select greatest(extract(epoch from expires_at - now()) / 3600, 0)::float8 from octavo.session where id = %s", [session_id]
        ).fetchone()
    assert row is not None
    begun = _begin(database, user_id, principal.name, belongs[0], address, float(str(row[0])))
    sign_out(database, principal, address=address)
    return begun


def change_password(database: Database, principal: rules.Principal, current: str, new: str, *, address: str | None) -> None:
    """Sets one's own password by showing the one that holds; every session ends. Raises Forbidden, Unauthenticated, UsageError, TooManyRequests."""
    _, user_id = _of_session(principal)
    rules.check_password(new)
    with database.app() as connection:
        row = connection.execute("select coalesce(email, subject), password_hash from octavo.app_user where id = %s", [user_id]).fetchone()
    assert row is not None
    counted = _count_guess(database, str(row[0]), address)
    if not passwords.matches(None if row[1] is None else str(row[1]), current):
        raise Unauthenticated("The current password is another; nothing was changed")
    _forgive(database, counted)
    hashed = passwords.HASHER.hash(new)
    with database.tenant(principal.organization.id) as connection:
        store_password(connection, user_id, hashed)
        events.record(connection, events.Actor.of(principal, address), "password.changed", subject="member", subject_id=user_id)


def _of_session(principal: rules.Principal) -> tuple[int, int]:
    if principal.session_id is None or principal.user_id is None:
        raise Forbidden("This is for who signed in with a password; a key or a token has no session")
    return principal.session_id, principal.user_id


def sign_out(database: Database, principal: rules.Principal, *, address: str | None = None) -> None:
    """Ends the session that the principal came by; there may be none."""
    if principal.session_id is None:
        return
    with database.tenant(principal.organization.id) as connection:
        connection.execute("update octavo.session set revoked_at = now() where id = %s and revoked_at is null", [principal.session_id])
        actor = events.Actor.of(principal, address)
        events.record(connection, actor, "session.ended", subject="session", subject_id=principal.session_id)


def _count_guess(database: Database, email: str, address: str | None) -> list[bytes]:
    """Counts a guess by address and place, by address, and by place. Raises TooManyRequests when one of them must wait."""
    who, where = email.strip().lower(), address or "unknown"
    allowed = {f"{who}\n{where}": _GUESSES, f"{who}\n": _GUESSES_FROM_ANYWHERE, f"\n{where}": _GUESSES_FROM_ANYWHERE}
    return passwords.count_guess(database, allowed, "to sign in")


def _forgive(database: Database, counted: Sequence[bytes]) -> None:
    """Forgets the guesses at the address, and this one of the place."""
    passwords.forgive(database, counted[:2], counted[2:])
