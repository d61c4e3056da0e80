"""Tokens of a host application: JWTs signed with a shared secret (HS256) or with its published keys (RS256, ES256).

The algorithm decides which kind of key may have signed: a public key never serves as a secret, and nothing unsigned is read.
"""

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt

from octavo.control.access.rules import REFUSED, Role, known_role
from octavo.errors import Unauthenticated, UsageError
from octavo.settings import Settings

PUBLISHED = ("RS256", "ES256")
LONGEST = 16_384
"""Characters of a token; a header is not longer."""

_LONGEST_CLAIM = 255
_SECRET_BYTES = 32
_RSA_BITS = 2048
_LARGEST_SET = 1_000_000
_FRESH_SECONDS = 600
_RETRY_SECONDS = 10
_OLDEST_SECONDS = 86_400  # then a key that the host withdrew is not believed any more, even if it keeps us from asking


@dataclass(frozen=True)
class Claims:
    """What a valid token says, in Octavo's words."""

    organization: str
    subject: str
    email: str | None
    """None too when the host says that it has not verified it."""
    role: Role | None
    """None where the host leaves the role to Octavo."""
    issued_at: datetime | None


class KeySet:
    """The published keys of a host: fetched when they are first needed, again when they are old or a token names one that is not there.

    A fetch that fails leaves the keys that were there, for a day; nobody can make it fetch more than once in ten seconds.
    """

    def __init__(self, place: str, *, fresh_seconds: float = _FRESH_SECONDS, retry_seconds: float = _RETRY_SECONDS) -> None:
        self._place, self._fresh, self._retry = place, fresh_seconds, retry_seconds
        self._keys: dict[str | None, jwt.PyJWK] = {}
        self._fetched = self._tried = -float("inf")
        self._lock = threading.Lock()

    def key(self, key_id: str | None) -> jwt.PyJWK | None:
        """The key of that id; the only one where a token names none."""
        known = self._find(key_id)
        if self._due(known) and self._lock.acquire(blocking=known is None):  # with a key at hand nobody waits for a newer one
            try:
                now = time.monotonic()
                if self._due(self._find(key_id)) and now - self._tried > self._retry:
                    self._tried = now
                    self._fetch(now)
            finally:
                self._lock.release()
        return self._find(key_id)

    def _due(self, known: jwt.PyJWK | None) -> bool:
        return known is None or time.monotonic() - self._fetched > self._fresh

    def _find(self, key_id: str | None) -> jwt.PyJWK | None:
        if time.monotonic() - self._fetched > _OLDEST_SECONDS:
            return None
        if key_id is None:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(key_id)

    def _fetch(self, now: float) -> None:
        try:
            listed = json.loads(self._read())["keys"]
            keys = [key for key in listed if key.get("use", "sig") == "sig" and key.get("alg", "RS256") in PUBLISHED]
            self._keys = {key.get("kid"): jwt.PyJWK(key) for key in keys if key.get("kty") in ("RSA", "EC")}
            self._fetched = now
        except (OSError, urllib.error.URLError, ValueError, KeyError, TypeError, AttributeError, jwt.PyJWTError) as error:
            if self._fetched == -float("inf"):
                raise Unauthenticated(
                    f"The keys that sign the tokens cannot be read from OCTAVO_JWT_KEYS ({type(error).__name__})"
                ) from error

    def _read(self) -> bytes:
        if "://" not in self._place:
            return Path(self._place).read_bytes()
        with urllib.request.urlopen(self._place, timeout=5) as answer:
            read: bytes = answer.read(_LARGEST_SET + 1)
        if len(read) > _LARGEST_SET:
            raise ValueError("larger than any set of keys")
        return read


@dataclass(frozen=True)
class Host:
    """What Octavo was told of the host application, and how it is believed."""

    issuer: str
    audience: str
    secret: str | None = None
    keys: KeySet | None = None
    leeway_seconds: float = 30
    organization_claim: str = "organization"
    subject_claim: str = "sub"
    email_claim: str = "email"
    role_claim: str = "role"
    roles: Mapping[str, str] = field(default_factory=dict)
    """The host's names of roles to Octavo's; a name that is one of Octavo's needs no entry."""

    def __post_init__(self) -> None:
        if not self.issuer or not self.audience:
            raise UsageError("Tokens are only believed with OCTAVO_JWT_ISSUER and OCTAVO_JWT_AUDIENCE; set both")
        if self.secret is not None and len(self.secret.encode()) < _SECRET_BYTES:
            raise UsageError(f"OCTAVO_JWT_SECRET is too short to be safe; take {_SECRET_BYTES} random bytes or more")
        for role in self.roles.values():
            known_role(role)

    @classmethod
    def of(cls, settings: Settings) -> "Host | None":
        """The host application of these settings, or None when it signs no tokens for Octavo. Raises UsageError."""
        if settings.jwt_secret is None and settings.jwt_keys is None:
            return None
        return cls(
            settings.jwt_issuer or "",
            settings.jwt_audience or "",
            settings.jwt_secret.get_secret_value() if settings.jwt_secret else None,
            KeySet(settings.jwt_keys) if settings.jwt_keys else None,
            settings.jwt_leeway_seconds,
            settings.jwt_organization_claim,
            settings.jwt_subject_claim,
            settings.jwt_email_claim,
            settings.jwt_role_claim,
            settings.jwt_roles,
        )

    def read(self, token: str) -> Claims:
        """What the token says. Raises Unauthenticated when it is forged, expired, early, or for somebody else."""
        if len(token) > LONGEST:
            raise Unauthenticated(REFUSED)
        try:
            header = jwt.get_unverified_header(token)
            algorithm = header.get("alg")
            said = jwt.decode(
                token,
                self._key(algorithm, header.get("kid")),
                algorithms=[str(algorithm)],
                issuer=self.issuer,
                audience=self.audience,
                leeway=self.leeway_seconds,
                options={"require": ["exp", "iss", "aud"], "enforce_minimum_key_length": True},
            )
            return self._claims(said)
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError) as error:
            raise Unauthenticated(REFUSED) from error

    def _key(self, algorithm: object, key_id: str | None) -> Any:
        if algorithm == "HS256" and self.secret is not None:
            return self.secret
        key = self.keys.key(key_id) if algorithm in PUBLISHED and self.keys else None
        if key is None or key.algorithm_name != algorithm or (algorithm == "RS256" and key.key.key_size < _RSA_BITS):
            raise Unauthenticated(REFUSED)
        return key.key

    def _claims(self, said: Mapping[str, Any]) -> Claims:
        organization, subject, role, email = (
            _claim(said, name) for name in (self.organization_claim, self.subject_claim, self.role_claim, self.email_claim)
        )
        if not organization or not subject:
            missing = self.subject_claim if organization else self.organization_claim
            raise Unauthenticated(
                f"The token does not say {missing!r}; let the application put it in, or set the claim's name (OCTAVO_JWT_...)"
            )
        if role is not None and self.roles.get(role, role) not in ("viewer", "member", "admin"):
            raise Unauthenticated(f"The token says the role {role!r}, which Octavo does not know; name it in OCTAVO_JWT_ROLES")
        issued = said.get("iat")
        return Claims(
            organization,
            subject,
            email if email and "@" in email[1:-1] and said.get("email_verified") is not False else None,
            known_role(self.roles.get(role, role)) if role is not None else None,
            datetime.fromtimestamp(issued, UTC) if isinstance(issued, int | float) else None,
        )


def _claim(said: Mapping[str, Any], name: str) -> str | None:
    """The text of a claim, which may lie deeper: a.b is b in a, unless there is a claim of that very name."""
    value: Any = said
    for step in [name] if name in said else name.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    if value is None or value == "":
        return None
    text = str(value)
    if isinstance(value, bool) or not isinstance(value, str | int) or len(text) > _LONGEST_CLAIM or not text.isprintable():
        raise Unauthenticated(
            f"The claim {name!r} of the token is no text of at most {_LONGEST_CLAIM} characters; let the application write one"
        )
    return text
