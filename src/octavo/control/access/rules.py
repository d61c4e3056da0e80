"""Who one is and what one may: roles, permissions and how a credential is written. Pure decisions, no database."""

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, get_args

from octavo.errors import Forbidden, Unauthenticated, UsageError
from octavo.pipeline.document import Organization

Role = Literal["viewer", "member", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)

VIEW_PII = "reports.view_pii"
PERMISSIONS = (
    "reports.view_reports", "reports.export_reports", "reports.approve_exports", "reports.manage", VIEW_PII, "audit.view",
)  # fmt: skip

_GRANTED: dict[str, frozenset[str]] = {
    "viewer": frozenset({"reports.view_reports"}),
    "member": frozenset({"reports.view_reports", "reports.export_reports"}),
    "admin": frozenset(PERMISSIONS),
}

REFUSED = "The credential is missing, wrong, expired or revoked; send 'Authorization: Bearer' with an API key of Octavo or a token of your application, or sign in"


@dataclass(frozen=True)
class Principal:
    """Who asks: one organization, the person behind it, and what they may now. Made by actions.authenticate alone."""

    organization: Organization
    user_id: int | None
    """The person; a key belongs to one too, so that four eyes are always two people."""
    name: str
    """The person's e-mail address, or the key's name."""
    role: Role
    permissions: frozenset[str]
    key_id: int | None = None
    session_id: int | None = None

    def may(self, permission: str) -> bool:
        """Whether it has this permission now. Raises UsageError for one that does not exist, so that a typo never grants or denies."""
        return known_permission(permission) in self.permissions


def require(principal: Principal, permission: str) -> None:
    """Raises Forbidden unless the principal has the permission."""
    if not principal.may(permission):
        raise Forbidden(
            f"This needs the permission {permission}, which {principal.name} ({principal.role}) does not have; ask an administrator"
        )


def administers(principal: Principal) -> bool:
    """Whether the principal is an administrator whose credential is not narrowed."""
    return principal.role == "admin" and principal.permissions >= _GRANTED["admin"]


def require_all(principal: Principal) -> None:
    """Raises Forbidden unless the principal administers.

    Who may let people in could give himself what a narrowed key was denied, so that takes all there is.
    """
    if not administers(principal):
        raise Forbidden(
            f"Only an administrator does this, with a credential that is not narrowed; {principal.name} ({principal.role}) may not"
        )


def known_permission(permission: str) -> str:
    """The permission, if there is such a one. Raises UsageError."""
    if permission not in PERMISSIONS:
        raise UsageError(f"There is no permission {permission!r}; there are: {', '.join(PERMISSIONS)}")
    return permission


def known_role(role: str) -> Role:
    """The role of that name. Raises UsageError."""
    for one in ROLES:
        if one == role:
            return one
    raise UsageError(f"There is no role {role!r}; there are: {', '.join(ROLES)}")


def permissions(role: Role, *, view_pii: bool, scopes: Collection[str] | None = None) -> frozenset[str]:
    """What a role may, with the flag of the membership, narrowed to the scopes of a key if it has any."""
    granted = _GRANTED[role] | ({VIEW_PII} if view_pii else frozenset())
    return granted if scopes is None else granted & frozenset(scopes)


# A credential names its organization in its public part, so that it is looked up there and nowhere else:
# a key is oct_<12 letters><organization id>_<secret>, the cookie of a session, or what is in a link, <organization id>.<secret>.

_KEY = re.compile(r"oct_(?P<prefix>[a-z]{12}(?P<organization>[1-9][0-9]{0,17}))_(?P<secret>[A-Za-z0-9_-]{43})", re.ASCII)
_TOKEN = re.compile(r"(?P<organization>[1-9][0-9]{0,17})\.(?P<secret>[A-Za-z0-9_-]{43})", re.ASCII)


@dataclass(frozen=True)
class Shown:
    """A credential as it was shown: where to look it up, and what it must hash to."""

    organization_id: int
    prefix: str
    secret_hash: bytes


def new_secret() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


def hashed(secret: str) -> bytes:
    """What is stored of a secret. It has 256 bits, so it needs no slow hash."""
    return hashlib.sha256(secret.encode()).digest()


def new_key(organization_id: int) -> tuple[str, str]:
    """The public prefix of a new key, and the whole key."""
    prefix = "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(12)) + str(organization_id)
    return prefix, f"oct_{prefix}_{new_secret()}"


def read_key(text: str) -> Shown:
    """Takes an API key apart. Raises Unauthenticated when it is none."""
    found = _KEY.fullmatch(text)
    if not found:
        raise Unauthenticated(REFUSED)
    return Shown(int(found["organization"]), found["prefix"], hashed(found["secret"]))


def new_token(organization_id: int) -> str:
    """What the cookie of a session holds, or a link for others."""
    return f"{organization_id}.{new_secret()}"


def read_token(text: str) -> Shown:
    """Takes such a token apart. Raises Unauthenticated when it is none."""
    found = _TOKEN.fullmatch(text)
    if not found:
        raise Unauthenticated(REFUSED)
    return Shown(int(found["organization"]), "", hashed(found["secret"]))


def csrf_token(cookie: str) -> str:
    """What a form of this session carries. It is made from the cookie, so that another site, which cannot read that, cannot make it."""
    return urlsafe_b64encode(hmac.digest(cookie.encode(), b"octavo csrf", "sha256")).rstrip(b"=").decode()


def check_csrf(cookie: str, token: str | None) -> None:
    """Raises Forbidden unless a request that changes something carries the token of its session."""
    if not hmac.compare_digest(csrf_token(cookie).encode(), (token or "").encode()):
        raise Forbidden("The form is not of this session, and nothing was changed; load the page again and send it from there")


def check_password(password: str) -> None:
    """Raises UsageError when a password is too short to be guessed slowly, or too long to be hashed quickly."""
    if not 12 <= len(password) <= 1000:
        raise UsageError("A password has at least 12 characters and at most 1,000; nothing was changed")
