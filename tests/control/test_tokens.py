"""Tokens of a host application: what is believed, what is forged, and who is let in by them."""

import base64
import hashlib
import hmac
import json
import threading
import time
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from octavo.control.access import actions as access
from octavo.control.access import tokens
from octavo.control.access.tokens import Host, KeySet
from octavo.control.events import Actor
from octavo.control.tenancy import actions as tenancy
from octavo.database.connection import Database
from octavo.errors import Unauthenticated, UsageError
from octavo.pipeline.document import Organization
from octavo.settings import Settings

ACTOR = Actor.system("the tests")
SECRET = "a secret of the host application, 48 bytes long.."
RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())


def public(key: Any, kid: str, alg: str) -> dict[str, Any]:
    algorithm = jwt.algorithms.RSAAlgorithm if alg == "RS256" else jwt.algorithms.ECAlgorithm
    return {**json.loads(algorithm.to_jwk(key.public_key())), "kid": kid, "alg": alg, "use": "sig"}


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """The host's published keys, in a file."""
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"keys": [public(RSA, "one", "RS256"), public(EC, "two", "ES256")]}))
    return path


@pytest.fixture
def host(published: Path) -> Host:
    return Host("https://host.example", "octavo", SECRET, KeySet(str(published)), leeway_seconds=30, roles={"owner": "admin"})


def said(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    claims = {
        "iss": "https://host.example", "aud": "octavo", "sub": "u-1", "email": "maria@alpha.example", "organization": "alpha", "role": "member",
        "iat": now, "exp": now + 300,
    }  # fmt: skip
    return {name: value for name, value in {**claims, **changes}.items() if value is not None}


def signed(key: Any = SECRET, algorithm: str = "HS256", kid: str | None = None, **changes: Any) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return jwt.encode(said(**changes), key, algorithm, {"kid": kid} if kid else None)


def by_hand(header: dict[str, Any], claims: dict[str, Any], key: bytes | None) -> str:
    """A token written without the library, as a forger would."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims)]
    signature = hmac.new(key, b".".join(parts), hashlib.sha256).digest() if key is not None else b""
    return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


def let_in(database: Database, host: Host, token: str) -> access.Principal:
    return access.authenticate(database, authorization=f"Bearer {token}", host=host)


def test_a_token_shows_organization_person_and_role_whichever_of_the_three_ways_it_is_signed(
    database: Database, organization: Organization, host: Host
) -> None:
    seen = {
        let_in(database, host, token).user_id
        for token in (signed(), signed(RSA, "RS256", "one"), signed(EC, "ES256", "two"), by_hand({"alg": "HS256"}, said(), SECRET.encode()))
    }
    assert len(seen) == 1
    principal = let_in(database, host, signed())
    assert (principal.organization, principal.name, principal.role, principal.key_id) == (
        organization,
        "maria@alpha.example",
        "member",
        None,
    )
    assert principal.permissions == {"reports.view_reports", "reports.export_reports"}


def test_every_forged_token_is_refused(database: Database, organization: Organization, host: Host) -> None:
    pem = RSA.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    der = RSA.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    stranger = rsa.generate_private_key(65537, 2048)
    good = signed(RSA, "RS256", "one")
    head, body, signature = good.split(".")
    raised = base64.urlsafe_b64encode(json.dumps(said(role="admin")).encode()).rstrip(b"=").decode()
    forged = {
        "no algorithm": by_hand({"alg": "none"}, said(), None),
        "no algorithm, in capitals": by_hand({"alg": "NONE", "kid": "one"}, said(), None),
        "no algorithm said": by_hand({"typ": "JWT"}, said(), SECRET.encode()),
        "no signature": f"{head}.{body}.",
        "another body": f"{head}.{raised}.{signature}",
        "the public key as the secret": by_hand({"alg": "HS256", "kid": "one"}, said(), pem),
        "the public key as the secret, in bytes": by_hand({"alg": "HS256", "kid": "one"}, said(), der),
        "an empty secret": by_hand({"alg": "HS256"}, said(), b""),
        "another secret": signed("x" * 48),
        "another key": signed(stranger, "RS256", "one"),
        "a key that is not published": signed(stranger, "RS256", "three"),
        "no key named, and there are two": signed(RSA, "RS256"),
        "the key of another algorithm": signed(EC, "ES256", "one"),
        "a key of its own": jwt.encode(said(), stranger, "RS256", {"jwk": public(stranger, "one", "RS256"), "kid": "one"}),
        "keys from elsewhere": jwt.encode(said(), stranger, "RS256", {"jku": "http://127.0.0.1:9/keys", "kid": "one"}),
        "an algorithm that is not taken": signed(SECRET, "HS512"),
        "an algorithm that is not taken, with the right key": signed(RSA, "PS256", "one"),
        "something critical that nobody knows": jwt.encode(said(), SECRET, "HS256", {"crit": ["exp"], "exp": 1}),
        "no token": "a.b.c",
        "a token of no size": signed(padding="x" * 20_000),
    }
    let_in_by = [name for name, token in forged.items() if _is_let_in(database, host, token)]
    assert let_in_by == []
    assert let_in(database, host, good).role == "member"


def _is_let_in(database: Database, host: Host, token: str) -> bool:
    try:
        let_in(database, host, token)
    except Unauthenticated:
        return False
    return True


def test_a_token_for_another_time_issuer_or_audience_is_refused(database: Database, organization: Organization, host: Host) -> None:
    now = int(time.time())
    assert let_in(database, host, signed(exp=now - 20)).role == "member"  # within the 30 seconds by which clocks may differ
    for changes in (
        {"exp": now - 40}, {"exp": None}, {"exp": "soon"}, {"iat": -(10**30)}, {"nbf": now + 60}, {"iat": now + 60}, {"iss": "https://other.example"}, {"iss": None},
        {"aud": "other"}, {"aud": None}, {"aud": ["other"]}, {"sub": None}, {"organization": None}, {"organization": ["alpha"]}, {"organization": True},
        {"sub": {"a": 1}}, {"sub": "u\0"}, {"sub": "u" * 256}, {"organization": "alpha\0"}, {"email": "x" * 3000},
        {"role": "cook"}, {"role": ["admin"]},
    ):  # fmt: skip
        assert not _is_let_in(database, host, by_hand({"alg": "HS256"}, said(**changes), SECRET.encode())), changes


def test_without_a_host_application_no_token_is_believed(database: Database, organization: Organization, published: Path) -> None:
    with pytest.raises(Unauthenticated):
        access.authenticate(database, authorization=f"Bearer {signed()}")
    only_secret, only_keys = (
        Host("https://host.example", "octavo", SECRET),
        Host("https://host.example", "octavo", keys=KeySet(str(published))),
    )
    assert _is_let_in(database, only_secret, signed())
    assert not _is_let_in(database, only_secret, signed(RSA, "RS256", "one"))
    assert _is_let_in(database, only_keys, signed(RSA, "RS256", "one"))
    assert not _is_let_in(database, only_keys, signed())


def test_what_is_set_unsafely_is_refused_before_anything_is_believed(published: Path) -> None:
    for issuer, audience, secret in (
        ("", "octavo", SECRET),
        ("https://host.example", "", SECRET),
        ("i", "a", "31 bytes are not enough for it."),
    ):
        with pytest.raises(UsageError):
            Host(issuer, audience, secret)
    with pytest.raises(UsageError, match="no role"):
        Host("i", "a", SECRET, roles={"owner": "root"})
    assert Host.of(Settings()) is None
    made = Host.of(Settings(jwt_issuer="i", jwt_audience="a", jwt_keys=str(published), jwt_roles={"owner": "admin"}))  # type: ignore[call-arg]
    assert made is not None
    assert (made.secret, made.roles) == (None, {"owner": "admin"})


def test_the_organization_is_named_by_its_external_id_or_by_its_slug_where_it_has_none(database: Database, host: Host) -> None:
    tenancy.create(database, "acme", "Acme", external_id="tenant-7")
    tenancy.create(database, "plain", "Plain")
    assert let_in(database, host, signed(organization="tenant-7")).organization.slug == "acme"
    assert let_in(database, host, signed(organization="plain")).organization.slug == "plain"
    for name in ("acme", "nobody", ""):
        assert not _is_let_in(database, host, signed(organization=name))


def test_claims_are_found_where_the_settings_say(database: Database, organization: Organization) -> None:
    host = Host(
        "https://host.example", "octavo", SECRET, organization_claim="app.tenant.id", role_claim="https://host.example/role", subject_claim="uid",
        email_claim="app.mail", roles={"owner": "admin", "admin": "viewer"},
    )  # fmt: skip
    token = {"uid": 17, "app": {"tenant": {"id": "alpha"}, "mail": "x@alpha.example"}}
    assert let_in(database, host, signed(**token, **{"https://host.example/role": "owner"})).role == "admin"
    principal = let_in(
        database, host, signed(**{**token, "uid": 18, "app": {"tenant": {"id": "alpha"}}}, **{"https://host.example/role": "admin"})
    )
    assert (principal.role, principal.name) == ("viewer", "18")
    assert not _is_let_in(database, host, signed(uid=17, app={"tenant": "alpha"}))


def test_a_token_of_somebody_who_is_here_by_their_address_is_the_same_person_and_of_nobody_elses(
    database: Database, organization: Organization, host: Host
) -> None:
    with database.tenant(organization.id) as connection:
        maria = access.set_member(connection, ACTOR, access.person(connection, "Maria@Alpha.example"), role="admin").user_id
    assert let_in(database, host, signed(sub="u-1")).user_id == maria
    assert let_in(database, host, signed(sub="u-1", email="new@alpha.example")).user_id == maria
    assert not _is_let_in(database, host, signed(sub="u-2"))  # another person who says maria's address
    unverified = let_in(database, host, signed(sub="u-3", email_verified=False))
    assert (unverified.user_id != maria, unverified.name) == (True, "u-3")


def test_whom_octavo_closed_out_stays_out_with_a_valid_token(database: Database, organization: Organization, host: Host) -> None:
    principal = let_in(database, host, signed())
    assert principal.user_id is not None
    with database.tenant(organization.id) as connection:
        access.set_member(connection, ACTOR, principal.user_id, active=False)
    assert not _is_let_in(database, host, signed())
    with database.tenant(organization.id) as connection:
        access.set_member(connection, ACTOR, principal.user_id, active=True)
    assert _is_let_in(database, host, signed())
    access.set_active(database, principal.user_id, active=False)
    assert not _is_let_in(database, host, signed())


def test_the_role_of_a_newer_token_is_followed_and_an_older_one_gives_no_more_than_stands(
    database: Database, organization: Organization, host: Host
) -> None:
    now = int(time.time())
    old_admin = signed(role="owner", iat=now - 100)
    first = let_in(database, host, old_admin)
    assert first.role == "admin"
    assert first.user_id is not None
    with database.tenant(organization.id) as connection:
        key = access.create_key(connection, ACTOR, user_id=first.user_id, name="tests")
    assert let_in(database, host, signed(role="viewer", iat=now - 50)).role == "viewer"
    assert access.authenticate(database, authorization=f"Bearer {key.text}").role == "viewer"
    assert let_in(database, host, old_admin).role == "viewer"
    assert let_in(database, host, signed(role=None)).role == "viewer"
    assert let_in(database, host, signed(role="member", iat=now - 20)).role == "member"


def test_a_role_that_was_set_here_is_the_most_that_a_token_gives(database: Database, organization: Organization, host: Host) -> None:
    user_id = let_in(database, host, signed(role="owner")).user_id
    assert user_id is not None
    with database.tenant(organization.id) as connection:
        access.set_member(connection, ACTOR, access.person(connection, "boss@alpha.example"), role="admin")
        access.set_member(connection, ACTOR, user_id, role="member")
    assert let_in(database, host, signed(role="owner", iat=int(time.time()) + 20)).role == "member"
    assert let_in(database, host, signed(role="viewer")).role == "viewer"
    with database.tenant(organization.id) as connection:
        assert access.member(connection, user_id).role == "member"


class Publisher:
    """A host's keys over HTTP: what it answers, and how often it was asked."""

    def __init__(self) -> None:
        self.answer: bytes | None = b""
        self.asked = 0
        publisher = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                publisher.asked += 1
                self.send_response(200 if publisher.answer is not None else 500)
                self.end_headers()
                self.wfile.write(publisher.answer or b"")

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/keys"

    def publish(self, *keys: dict[str, Any]) -> None:
        self.answer = json.dumps({"keys": list(keys)}).encode()


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    made = Publisher()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def test_published_keys_are_asked_for_once_and_again_when_a_token_names_a_new_one(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher.publish(public(RSA, "one", "RS256"))
    newer = rsa.generate_private_key(65537, 2048)
    now = 1000.0
    monkeypatch.setattr(tokens.time, "monotonic", lambda: now)
    host = Host("https://host.example", "octavo", keys=KeySet(publisher.url, fresh_seconds=60, retry_seconds=10))
    for _ in range(5):
        assert host.read(signed(RSA, "RS256", "one")).subject == "u-1"
    assert publisher.asked == 1
    publisher.publish(public(newer, "next", "RS256"))
    with pytest.raises(Unauthenticated):
        host.read(signed(newer, "RS256", "next"))  # it was asked just now; strangers cannot make it ask again and again
    assert publisher.asked == 1
    now += 10.5
    assert host.read(signed(newer, "RS256", "next")).subject == "u-1"
    assert publisher.asked == 2
    with pytest.raises(Unauthenticated):
        host.read(signed(RSA, "RS256", "one"))  # it was withdrawn


def test_keys_that_cannot_be_asked_for_again_stay_for_a_day_and_no_longer(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    publisher.publish(public(RSA, "one", "RS256"))
    host = Host("https://host.example", "octavo", keys=KeySet(publisher.url, fresh_seconds=0, retry_seconds=0))
    token = signed(RSA, "RS256", "one")
    assert host.read(token)
    for broken in (None, b"no json", b"[]", b'{"keys": 1}', b'{"keys": [{"kty": "RSA"}]}', b"x" * 1_000_001):
        publisher.answer = broken
        assert host.read(token).subject == "u-1", broken
    assert publisher.asked == 7
    later = time.monotonic() + 86_401
    monkeypatch.setattr(tokens.time, "monotonic", lambda: later)
    with pytest.raises(Unauthenticated):
        host.read(token)


def test_a_published_key_that_is_weak_or_not_for_signatures_is_not_believed(publisher: Publisher) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        weak = rsa.generate_private_key(65537, 1024)
    shared = {"kty": "oct", "k": base64.urlsafe_b64encode(SECRET.encode()).decode(), "kid": "shared", "alg": "HS256", "use": "sig"}
    publisher.publish(public(weak, "weak", "RS256"), {**public(RSA, "enc", "RS256"), "use": "enc"}, shared)
    host = Host("https://host.example", "octavo", keys=KeySet(publisher.url, retry_seconds=0))
    for token in (signed(weak, "RS256", "weak"), signed(RSA, "RS256", "enc"), signed(SECRET, "HS256", "shared")):
        with pytest.raises(Unauthenticated):
            host.read(token)


def test_a_token_says_when_it_was_issued(host: Host) -> None:
    issued = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
    assert host.read(signed(iat=int(issued.timestamp()))).issued_at == issued
