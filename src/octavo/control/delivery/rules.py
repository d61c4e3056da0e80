"""What is decided about deliveries without asking anybody: their states, what an address is, who may be written to, how long to wait.

pending ──▶ sending ──▶ sent
   ▲  ▲        │  ├────▶ failed ───▶ pending   (by hand)
   │  └────────┘  └────▶ unknown ──▶ pending   (by hand, or by the organization's policy)
   └─ a sender that died before anything was handed over
"""

import hashlib
import re
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from octavo.errors import UsageError

STATES = ("pending", "sending", "sent", "failed", "unknown")
TRANSITIONS = {
    "pending": ("sending",),
    "sending": ("sent", "failed", "unknown", "pending"),
    "sent": (),
    "failed": ("pending",),
    "unknown": ("pending", "sent"),
}
PURPOSES = ("file", "success", "failure", "summary", "event", "test")

SEND_OUT = "reports.manage"
"""The permission to have files go to others than oneself: asked for when targets are named, and again of who asked when they are sent."""

MOST_TARGETS = 1000
LONGEST_SUBJECT, LONGEST_MESSAGE = 200, 5000

PAUSES = (1, 5, 15, 60)
"""How long to wait after the first failure that may pass, the second, ..., times the setting; after one more it has failed."""

_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*", re.ASCII)
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9][a-z0-9-]{0,61}[a-z0-9]|localhost", re.ASCII)


def address(text: object) -> str:
    """One e-mail address, its domain in lower-case ASCII. Nothing else passes: no name, no second address, no line, no quotes. Raises UsageError."""
    if not isinstance(text, str):
        raise UsageError("An e-mail address is a text such as someone@example.org; nothing was changed")
    local, at, domain = text.strip().rpartition("@")
    try:
        domain = domain.lower() if domain.isascii() else domain.encode("idna").decode().lower()
    except UnicodeError:
        domain = ""
    if not (at and len(local) <= 64 and len(local) + len(domain) < 254 and _LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain)):
        raise UsageError(f"{text[:100]!r} is not one e-mail address such as someone@example.org; write each recipient by itself")
    return f"{local}@{domain}"


def domain(text: object) -> str:
    """A domain of an allow-list: example.org, or .example.org for all below it. Raises UsageError."""
    said = text.strip().lower() if isinstance(text, str) else ""
    if not _DOMAIN.fullmatch(said.removeprefix(".")):
        raise UsageError(f"{text!r} is no domain; write example.org, or .example.org for every domain below it")
    return said


def is_allowed(recipient: str, domains: Collection[str]) -> bool:
    """Whether mail may go to an address: to any where the organization names no domains."""
    at = recipient.rpartition("@")[2].lower()
    return not domains or any(at == one or (one.startswith(".") and at.endswith(one)) for one in domains)


def not_allowed(recipient: str, domains: Collection[str]) -> str:
    """Why mail does not go there."""
    return f"{recipient} is outside of the domains that the organization writes to ({', '.join(sorted(domains))}); an administrator can add one"


def line(text: str, what: str, most: int) -> str:
    """A text of one line, as a header holds it. Raises UsageError."""
    if len(text) > most or not text.isprintable():
        raise UsageError(f"The {what} is one line of at most {most} characters that can be printed; nothing was changed")
    return text.strip()


def prose(text: str, what: str, most: int) -> str:
    """A text of several lines. Raises UsageError."""
    if len(text) > most or any(not character.isprintable() and character not in "\n\t" for character in text.replace("\r\n", "\n")):
        raise UsageError(f"The {what} has at most {most} characters that can be printed; nothing was changed")
    return text.replace("\r\n", "\n").strip()


def recipient_of(target: Mapping[str, Any]) -> str:
    """Who a target is, for people; the ledger's own word is octavo.recipient_of."""
    return str(target.get("to") or target.get("place_id") or target.get("webhook_id") or target["channel"])


def pause_after(failures: int, first: timedelta, pauses: Collection[float] = PAUSES) -> timedelta | None:
    """How long to wait after so many failures, if `first` is the wait after the first; none when they were too many."""
    return first * list(pauses)[failures - 1] if failures <= len(pauses) else None


def given_up(message: str, failures: int) -> str:
    """What is told when nothing is tried any more."""
    return f"{message} (given up after {failures} attempts)"


def message_id(domain: str, organization_id: int, about: str, recipient: str) -> str:
    """The Message-ID of a mail: the same whenever it is sent, another for each recipient and each thing it is about."""
    said = hashlib.sha256(f"{organization_id}\n{about}\n{recipient}".encode()).hexdigest()[:32]
    return f"<octavo.{said}@{domain}>"
