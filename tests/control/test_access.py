"""Keys, sessions and rights: who is let in, what they may now, and that every refusal is the same."""

import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from octavo.control.access import actions as access
from octavo.control.access import rules
from octavo.control.events import Actor
from octavo.database.connection import Connection, Database
from octavo.errors import Conflict, Forbidden, NotFound, TooManyRequests, Unauthenticated, UsageError
from octavo.pipeline.document import Organization

ACTOR = Actor.system("the tests")
PASSWORD = "correct horse battery staple"

Join = Callable[..., access.NewKey]


@pytest.fixture
def join(database: Database, organization: Organization) -> Join:
    """Makes somebody a member, of `organization` unless another is given, and gives a new key of theirs."""

    def one(email: str, role: str = "member", *, at: Organization = organization, view_pii: bool = False, **key: object) -> access.NewKey:
        with database.tenant(at.id) as connection:
            joined = access.set_member(connection, ACTOR, access.person(connection, email), role=role, view_pii=view_pii)
            return access.create_key(connection, ACTOR, user_id=joined.user_id, name="tests", **key)  # type: ignore[arg-type]

    return one


@pytest.fixture
def truth(conninfo: str) -> Iterator[Connection]:
    """The database as its superuser sees and changes it."""
    with psycopg.connect(make_conninfo(conninfo, user="postgres"), autocommit=True) as connection:
        yield connection


def shown(database: Database, key: str) -> access.Principal:
    return access.authenticate(database, authorization=f"Bearer {key}")


def refusal(database: Database, authorization: str | None = None, cookie: str | None = None) -> str:
    with pytest.raises(Unauthenticated) as refused:
        access.authenticate(database, authorization=authorization, cookie=cookie)
    assert refused.value.status == 401
    return str(refused.value)


def test_a_key_shows_its_organization_its_person_and_what_their_role_may(
    database: Database, organization: Organization, join: Join
) -> None:
    key = join("maria@alpha.example", "member")
    principal = shown(database, key.text)
    assert principal.organization == organization
    assert (principal.user_id, principal.key_id, principal.name, principal.role) == (key.key.user_id, key.key.id, "tests", "member")
    assert principal.permissions == {"reports.view_reports", "reports.export_reports"}
    access.require(principal, "reports.export_reports")
    with pytest.raises(Forbidden) as refused:
        access.require(principal, "reports.approve_exports")
    assert (refused.value.status, "reports.approve_exports" in str(refused.value)) == (403, True)


@pytest.mark.parametrize(
    ("role", "view_pii", "permissions"),
    [
        ("viewer", False, {"reports.view_reports"}),
        ("viewer", True, {"reports.view_reports", "reports.view_pii"}),
        ("member", False, {"reports.view_reports", "reports.export_reports"}),
        (
            "admin",
            False,
            {
                "reports.view_reports",
                "reports.export_reports",
                "reports.approve_exports",
                "reports.manage",
                "reports.view_pii",
                "audit.view",
            },
        ),
    ],
)
def test_a_role_is_a_bundle_of_permissions_and_personal_data_is_seen_by_admins_and_whoever_was_let(
    database: Database, join: Join, role: str, view_pii: bool, permissions: set[str]
) -> None:
    assert shown(database, join("p@alpha.example", role, view_pii=view_pii).text).permissions == permissions


def test_a_permission_that_does_not_exist_is_a_mistake_and_no_refusal(database: Database, join: Join) -> None:
    with pytest.raises(UsageError, match=r"no permission 'reports\.veiw'"):
        shown(database, join("p@alpha.example").text).may("reports.veiw")


def test_a_key_is_shown_once_and_the_table_holds_only_what_it_hashes_to(database: Database, join: Join, truth: Connection) -> None:
    text = join("p@alpha.example").text
    assert re.fullmatch(r"oct_[a-z]{12}\d+_[A-Za-z0-9_-]{43}", text)
    secret = text.split("_", 2)[2]
    for table in ("api_key", "audit_entry", "app_user", "membership"):
        rows = truth.execute(sql.SQL("select t::text from {} t").format(sql.Identifier("octavo", table))).fetchall()
        assert rows
        assert not any(secret in str(row) for row in rows)
    stored = truth.execute("select secret_hash = sha256(convert_to(%s, 'UTF8')) from octavo.api_key", [secret]).fetchone()
    assert stored == (True,)


def test_every_credential_that_does_not_hold_gets_the_same_answer(
    database: Database, organization: Organization, other_organization: Organization, join: Join, truth: Connection
) -> None:
    good = join("good@alpha.example")
    other = join("good@beta.example", at=other_organization)
    expired, revoked, closed, left = (join(f"{name}@alpha.example") for name in ("expired", "revoked", "closed", "left"))
    truth.execute("update octavo.api_key set expires_at = now() - interval '1 second' where id = %s", [expired.key.id])
    with database.tenant(organization.id) as connection:
        access.revoke_key(connection, ACTOR, revoked.key.id)
        access.set_member(connection, ACTOR, left.key.user_id, active=False)
    access.set_active(database, closed.key.user_id, active=False)
    prefix, secret = good.text.split("_", 2)[1:]
    wrong = f"oct_{prefix}_{'A' * 43}"
    unknown = f"oct_{'q' * 12}{organization.id}_{secret}"
    elsewhere = f"oct_{prefix[:12]}{other_organization.id}_{secret}"
    nowhere = f"oct_{prefix[:12]}999999999999999999_{secret}"
    crossed = f"oct_{other.key.prefix}_{secret}"
    keys = [
        expired.text,
        revoked.text,
        closed.text,
        left.text,
        wrong,
        unknown,
        elsewhere,
        nowhere,
        crossed,
        "oct_",
        "oct_a_b",
        good.text + "A",
    ]
    answers = {refusal(database, f"Bearer {key}") for key in keys}
    answers |= {
        refusal(database, text)
        for text in ("", "Bearer", "Bearer ", f"Basic {good.text}", good.text, "Bearer x.y.z", "Bearer " + "x" * 20_000)
    }
    answers |= {
        refusal(database),
        refusal(database, None, ""),
        refusal(database, None, "1.abc"),
        refusal(database, None, f"{organization.id}.{'A' * 43}"),
    }
    assert answers == {rules.REFUSED}
    assert shown(database, good.text).organization == organization
    assert shown(database, other.text).organization == other_organization


def test_a_wrong_authorization_header_is_not_made_good_by_a_cookie(database: Database, organization: Organization, join: Join) -> None:
    signed = signed_in(database, join("p@alpha.example"))
    assert access.authenticate(database, authorization=None, cookie=signed.cookie).organization == organization
    with pytest.raises(Unauthenticated):
        access.authenticate(database, authorization="Bearer oct_wrong", cookie=signed.cookie)


def test_a_changed_role_and_a_closed_membership_take_effect_at_once(database: Database, organization: Organization, join: Join) -> None:
    join("boss@alpha.example", "admin")
    key = join("p@alpha.example", "admin")
    signed = signed_in(database, key)
    for change, permissions in (("member", {"reports.view_reports", "reports.export_reports"}), ("viewer", {"reports.view_reports"})):
        with database.tenant(organization.id) as connection:
            access.set_member(connection, ACTOR, key.key.user_id, role=change)
        assert shown(database, key.text).permissions == permissions
        assert access.authenticate(database, authorization=None, cookie=signed.cookie).permissions == permissions
    with database.tenant(organization.id) as connection:
        access.set_member(connection, ACTOR, key.key.user_id, active=False)
        with pytest.raises(Forbidden, match="no active member"):
            access.principal_of(connection, key.key.user_id)
    assert refusal(database, f"Bearer {key.text}") == refusal(database, None, signed.cookie) == rules.REFUSED
    with database.tenant(organization.id) as connection:
        access.set_member(connection, ACTOR, key.key.user_id, active=True)
    assert shown(database, key.text).role == "viewer"


def test_scopes_narrow_a_key_and_never_widen_it(database: Database, organization: Organization, join: Join) -> None:
    key = join("p@alpha.example", "viewer", scopes=["reports.view_reports", "reports.approve_exports"])
    assert shown(database, key.text).permissions == {"reports.view_reports"}
    with database.tenant(organization.id) as connection:
        access.set_member(connection, ACTOR, key.key.user_id, role="admin")
    assert shown(database, key.text).permissions == {"reports.view_reports", "reports.approve_exports"}
    with database.tenant(organization.id) as connection:
        assert access.principal_of(connection, key.key.user_id).permissions == set(access.PERMISSIONS)
    with pytest.raises(UsageError, match="no permission"):
        join("q@alpha.example", scopes=["everything"])


def test_whoever_makes_a_key_gives_no_more_than_they_have_and_a_key_makes_none(
    database: Database, organization: Organization, join: Join
) -> None:
    key = join("p@alpha.example", "member")
    session = access.authenticate(database, authorization=None, cookie=signed_in(database, key).cookie)
    with database.tenant(organization.id) as connection:
        made = access.create_own_key(connection, ACTOR, session, name="mine", scopes=["reports.view_reports"])
        assert made.key.user_id == key.key.user_id
        with pytest.raises(Forbidden, match=r"reports\.manage"):
            access.create_own_key(connection, ACTOR, session, name="more", scopes=["reports.manage"])
    narrowed = shown(database, made.text)
    assert narrowed.permissions == {"reports.view_reports"}
    with pytest.raises(Forbidden, match="makes no API keys"), database.tenant(organization.id) as connection:
        access.create_own_key(connection, ACTOR, narrowed, name="child")


def test_a_key_of_another_organization_or_person_cannot_be_revoked_listed_or_made(
    database: Database, organization: Organization, other_organization: Organization, join: Join
) -> None:
    own, other, colleague = join("p@alpha.example"), join("q@beta.example", at=other_organization), join("c@alpha.example")
    with database.tenant(organization.id) as connection:
        answers = []
        for attempt in (
            lambda: access.revoke_key(connection, ACTOR, other.key.id),
            lambda: access.revoke_key(connection, ACTOR, 10**15),
            lambda: access.revoke_key(connection, ACTOR, colleague.key.id, user_id=own.key.user_id),
        ):
            with pytest.raises(NotFound) as refused:
                attempt()
            answers.append(re.sub(r"\d+", "N", str(refused.value)))
        assert answers == ["There is no key N"] * 3
        with pytest.raises(NotFound):
            access.create_key(connection, ACTOR, user_id=other.key.user_id, name="theirs")
        assert {key.id for key in access.keys_of(connection)} == {own.key.id, colleague.key.id}
        assert [key.id for key in access.keys_of(connection, user_id=own.key.user_id)] == [own.key.id]
    assert shown(database, other.text).organization == other_organization


def test_a_key_notes_when_it_was_used_once_a_minute(database: Database, join: Join, truth: Connection) -> None:
    key = join("p@alpha.example")
    used = "select last_used_at from octavo.api_key"
    assert truth.execute(used).fetchone() == (None,)
    shown(database, key.text)
    first = truth.execute(used).fetchone()
    assert first is not None and first[0] is not None
    shown(database, key.text)
    assert truth.execute(used).fetchone() == first
    truth.execute("update octavo.api_key set last_used_at = last_used_at - interval '61 seconds'")
    shown(database, key.text)
    later = truth.execute(used).fetchone()
    assert later is not None
    assert later[0] - first[0] < timedelta(minutes=1)  # type: ignore[operator]
    assert later >= first


def test_an_organization_keeps_an_administrator(database: Database, organization: Organization, join: Join) -> None:
    boss = join("boss@alpha.example", "admin").key.user_id
    for change in ({"role": "member"}, {"active": False}):
        with pytest.raises(Conflict, match="without an administrator"), database.tenant(organization.id) as connection:
            access.set_member(connection, ACTOR, boss, **change)  # type: ignore[arg-type]
    join("second@alpha.example", "admin")
    with database.tenant(organization.id) as connection:
        assert access.set_member(connection, ACTOR, boss, role="member").role == "member"


def test_two_administrators_who_put_each_other_out_at_once_do_not_both_succeed(
    database: Database, organization: Organization, join: Join
) -> None:
    people = [join(f"{name}@alpha.example", "admin").key.user_id for name in ("one", "two")]
    both_begun = threading.Barrier(2, timeout=60)

    def put_out(user_id: int) -> bool:
        try:
            with database.tenant(organization.id) as connection:
                connection.execute("select count(*) from octavo.membership")
                both_begun.wait()
                connection.execute("update octavo.membership set active = false where user_id = %s", [user_id])
        except psycopg.Error as error:
            assert error.sqlstate == "OC001"
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(put_out, people)) == [False, True]
    with database.tenant(organization.id) as connection:
        assert [one.active for one in access.members(connection)].count(True) == 1
        connection.execute("delete from octavo.api_key")
        with pytest.raises(psycopg.Error, match="without an administrator"):
            connection.execute("delete from octavo.membership where active")


def test_a_person_belongs_to_several_organizations_with_a_role_in_each(
    database: Database, other_organization: Organization, join: Join
) -> None:
    here, there = join("Both@Example.org", "admin"), join("both@example.ORG", "viewer", at=other_organization)
    assert here.key.user_id == there.key.user_id
    assert (shown(database, here.text).role, shown(database, there.text).role) == ("admin", "viewer")
    assert [one.slug for one in access.organizations_of(database, here.key.user_id)] == ["alpha", "beta"]


def signed_in(database: Database, key: access.NewKey, **where: str) -> access.SignedIn:
    access.set_password(database, key.key.user_id, PASSWORD)
    with database.tenant(shown(database, key.text).organization.id) as connection:
        email = access.member(connection, key.key.user_id).name
    return access.sign_in(database, email, PASSWORD, address="192.0.2.1", hours=12, **where)


def test_signing_in_begins_a_session_that_ends_by_signing_out_by_time_and_by_a_new_password(
    database: Database, organization: Organization, join: Join, truth: Connection
) -> None:
    key = join("p@alpha.example", "member")
    first = signed_in(database, key)
    principal = access.authenticate(database, authorization=None, cookie=first.cookie)
    assert (principal.organization, principal.name, principal.role, principal.key_id) == (organization, "p@alpha.example", "member", None)
    second, third = (access.sign_in(database, "P@alpha.EXAMPLE", PASSWORD, address=None, hours=12) for _ in range(2))
    access.sign_out(database, principal)
    assert refusal(database, cookie=first.cookie) == rules.REFUSED
    other = access.authenticate(database, authorization=None, cookie=second.cookie)
    truth.execute("update octavo.session set expires_at = now() where id = %s", [other.session_id])
    assert refusal(database, cookie=second.cookie) == rules.REFUSED
    assert access.authenticate(database, authorization=None, cookie=third.cookie).user_id == key.key.user_id
    access.set_password(database, key.key.user_id, PASSWORD + "!")
    assert refusal(database, cookie=third.cookie) == rules.REFUSED
    assert first.cookie.split(".")[1] not in str(truth.execute("select array_agg(s::text) from octavo.session s").fetchone())


def test_an_unknown_address_a_wrong_password_and_a_closed_account_are_told_the_same(
    database: Database, organization: Organization, join: Join
) -> None:
    closed, left, keyless = (join(f"{name}@alpha.example").key.user_id for name in ("closed", "left", "keyless"))
    for user_id in (closed, left):
        access.set_password(database, user_id, PASSWORD)
    access.set_active(database, closed, active=False)
    with database.tenant(organization.id) as connection:
        access.set_member(connection, ACTOR, left, active=False)
    assert keyless
    answers = set()
    for email, password in (
        ("nobody@alpha.example", PASSWORD), ("closed@alpha.example", PASSWORD), ("left@alpha.example", PASSWORD),
        ("left@alpha.example", "wrong wrong wrong"), ("keyless@alpha.example", ""), ("keyless@alpha.example", PASSWORD),
    ):  # fmt: skip
        with pytest.raises(Unauthenticated) as refused:
            access.sign_in(database, email, password, address="192.0.2.1", hours=1)
        answers.add(str(refused.value))
    assert len(answers) == 1


def test_somebody_of_two_organizations_says_which_and_enters_no_third(
    database: Database, organization: Organization, other_organization: Organization, join: Join
) -> None:
    key = join("both@example.org")
    join("both@example.org", "viewer", at=other_organization)
    with pytest.raises(Conflict, match="alpha, beta"):
        signed_in(database, key)
    signed = signed_in(database, key, slug="beta")
    principal = access.authenticate(database, authorization=None, cookie=signed.cookie)
    assert (principal.organization, principal.role) == (other_organization, "viewer")
    secret = signed.cookie.split(".")[1]
    assert refusal(database, cookie=f"{organization.id}.{secret}") == rules.REFUSED
    with pytest.raises(Unauthenticated):
        signed_in(database, key, slug="gamma")


def test_guessing_is_slowed_after_five_wrong_passwords_and_a_right_one_then_waits_too(
    database: Database, join: Join, truth: Connection
) -> None:
    access.set_password(database, join("p@alpha.example").key.user_id, PASSWORD)

    def attempt(password: str, address: str = "192.0.2.1") -> object:
        try:
            return access.sign_in(database, "p@alpha.example", password, address=address, hours=1)
        except (Unauthenticated, TooManyRequests) as error:
            return error

    assert [type(attempt(f"wrong password {n}")) for n in range(5)] == [Unauthenticated] * 5
    stopped = attempt(PASSWORD)
    assert isinstance(stopped, TooManyRequests)
    assert (stopped.status, 1 <= stopped.retry_after <= 8) == (429, True)
    assert isinstance(attempt(PASSWORD, "198.51.100.7"), access.SignedIn), "the person themself, from elsewhere, is not shut out"

    for _ in range(5):
        attempt("wrong wrong wrong")
    waits = []
    for _ in range(8):
        stopped = attempt("wrong wrong wrong")
        assert isinstance(stopped, TooManyRequests)
        waits.append(stopped.retry_after)
        truth.execute("update octavo.sign_in_guess set last_at = last_at - interval '1 second' * %s", [stopped.retry_after])
        assert isinstance(attempt("wrong wrong wrong"), Unauthenticated)
    expected = [8, 16, 32, 64, 128, 256, 512, 900]  # less what has passed meanwhile
    assert [wait for wait, most in zip(waits, expected, strict=True) if not most // 2 < wait <= most] == [], waits
    truth.execute("update octavo.sign_in_guess set last_at = last_at - interval '15 minutes 1 second'")
    assert isinstance(attempt(PASSWORD), access.SignedIn)


def test_fifty_wrong_passwords_from_one_place_for_many_addresses_are_slowed_too(database: Database) -> None:
    with database.app() as connection:
        answers = [connection.execute("select octavo.count_guess(sha256('place'), 50)").fetchone() for _ in range(51)]
    assert answers == [(0,)] * 50 + [(8,)]


def test_a_password_is_long_enough_and_kept_as_argon2id(database: Database, join: Join, truth: Connection) -> None:
    user_id = join("p@alpha.example").key.user_id
    for bad in ("", "eleven char", "x" * 1001):
        with pytest.raises(UsageError, match="12 characters"):
            access.set_password(database, user_id, bad)
    access.set_password(database, user_id, "twelve chars")
    stored = truth.execute("select password_hash from octavo.app_user where id = %s", [user_id]).fetchone()
    assert str(stored[0] if stored else "").startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_a_form_of_another_session_is_refused(database: Database, join: Join) -> None:
    key = join("p@alpha.example")
    own, other = signed_in(database, key).cookie, signed_in(database, key).cookie
    access.check_csrf(own, access.csrf_token(own))
    for token in (None, "", access.csrf_token(other), access.csrf_token(own)[:-1], "é"):
        with pytest.raises(Forbidden, match="nothing was changed"):
            access.check_csrf(own, token)


def test_an_organization_is_founded_whole_or_not_at_all(database: Database) -> None:
    made, first = access.found(database, ACTOR, "gamma", "Gamma", admin_email="boss@gamma.example", currency="USD")
    assert first is not None
    principal = shown(database, first.key.text)
    assert (principal.organization, principal.role, first.name) == (made, "admin", "boss@gamma.example")
    with pytest.raises(UsageError, match="no e-mail address"):
        access.found(database, ACTOR, "delta", "Delta", admin_email="nobody")
    again, none = access.found(database, ACTOR, "delta", "Delta")
    assert (again.slug, none) == ("delta", None)


def test_the_demonstration_introduces_three_people_and_ends_the_keys_of_the_last_one(
    database: Database, organization: Organization
) -> None:
    first, second = access.demo_credentials(database, organization), access.demo_credentials(database, organization)
    assert [(one.name, one.role) for one in second] == [
        ("admin@alpha.example", "admin"), ("member@alpha.example", "member"), ("viewer@alpha.example", "viewer"),
    ]  # fmt: skip
    assert {refusal(database, f"Bearer {one.key.text}") for one in first} == {rules.REFUSED}
    assert [shown(database, one.key.text).role for one in second] == ["admin", "member", "viewer"]
