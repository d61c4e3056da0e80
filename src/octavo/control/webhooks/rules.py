"""What is decided about webhooks without asking anybody: which events there are, what an address may be, how a message is signed.

active ──▶ paused    (by hand, or because nothing arrived for days)
  ▲    └─▶ disabled  (its server says 410 Gone)
  └──────── by hand, from either
"""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Collection, Sequence
from urllib.parse import urlsplit

from octavo import network
from octavo.errors import UsageError

STATES = ("active", "paused", "disabled")

EVENTS = {
    "run.completed": "A run has its file.",
    "run.failed": "A run has failed for good.",
    "run.cancelled": "A run was cancelled.",
    "export.requested": "Somebody asked for an export.",
    "export.approved": "An export was let out.",
    "export.rejected": "An export was kept in.",
    "export.sent_back": "An approved export needs another approval.",
    "export.cancelled": "An export was taken back.",
    "share.created": "A file was shared with outsiders by a link.",
    "share.downloaded": "Somebody fetched a file by a link.",
    "share.revoked": "A link was ended.",
}
"""What a webhook can be told of, as control/events.py records it. Nothing that a delivery by webhook itself brings about, or there would be no end."""

PORTS = (443, 8443)
"""Where a webhook's server may listen, elsewhere than in a network that the owner of the server lists."""
LONGEST_URL = 2000
MOST = 50
"""Webhooks of one organization."""
OLD_SECRET_HOURS = 24

_HOST = re.compile(r"\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9.-]{0,252}[a-z0-9])?\.?", re.ASCII)


def check_url(text: str, listed: Collection[network.Network]) -> str:
    """The address of a webhook, if it may be one: https, to a machine that is on the public internet as far as its name says. Raises UsageError.

    What its name leads to is seen when it is called.
    """
    if len(text) > LONGEST_URL or not text.isascii() or not text.isprintable() or re.search(r'[\s\\"<>^`{|}]', text):
        raise UsageError(
            f"The address of a webhook has at most {LONGEST_URL} ASCII characters, escaped as in an address; nothing was changed"
        )
    try:
        url = urlsplit(text)
        host, port = url.netloc.rpartition("@")[2].partition(":")[0] if "[" not in url.netloc else f"[{url.hostname}]", url.port
    except ValueError:
        raise UsageError(f"{text!r} is no address such as https://example.org/hooks; nothing was changed") from None
    if url.scheme != "https" and not (url.scheme == "http" and listed):
        raise UsageError("The address of a webhook begins with https://; nothing was changed")
    if "@" in url.netloc or "#" in text:
        raise UsageError(
            "The address of a webhook holds no user, no password and no fragment; the signature says who calls. Nothing was changed"
        )
    if not _HOST.fullmatch(host.lower()) or ".." in host:
        raise UsageError("The address of a webhook names a host, in ASCII (xn--...); nothing was changed")
    if port not in (None, *PORTS) and not listed:
        raise UsageError(f"A webhook's server listens on port {' or '.join(map(str, PORTS))}; nothing was changed")
    known = network.literal(host)
    local = host.lower().rstrip(".") == "localhost" or host.lower().rstrip(".").endswith(".localhost")
    if local and not listed:
        raise UsageError("A webhook's server is on the public internet, not on this machine; nothing was changed")
    if known is not None and not (network.is_public(known) or network.is_listed(known, list(listed))):
        raise UsageError(f"{host} is an address of this machine, of a private network, or for special purposes; nothing was changed")
    return text


def check_events(names: Sequence[str]) -> list[str]:
    """The events, each once. Raises UsageError for one that there is not."""
    for name in names:
        if name not in EVENTS:
            raise UsageError(f"There is no event {name[:100]!r} for webhooks; there are: {', '.join(EVENTS)}")
    return list(dict.fromkeys(names))


def new_secret() -> str:
    """256 random bits, as Standard Webhooks writes them."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The signature of a message by Standard Webhooks 1.0 (v1: HMAC with SHA-256 over id, time and body)."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
