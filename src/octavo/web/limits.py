"""How often one may knock: organizations by the database's count, for all servers together; strangers by their address, for this server.

A stranger is whoever shows no credential that is valid. They cost a look into the database, so an address may be wrong only so often;
who has shown a valid credential lately is let through from any address, whatever others from there do.
"""

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

from octavo import metrics
from octavo.errors import TooManyRequests, Unauthenticated

_MOST_REMEMBERED = 10_000
_WINDOW_SECONDS = 60
_KNOWN_SECONDS = 600

Known = TypeVar("Known")


class Door:
    """Counts the strangers of one server, in memory: bounded, and forgotten after a minute."""

    def __init__(self, strangers_per_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._allowed, self._clock = strangers_per_minute, clock
        self._lock = threading.Lock()
        self._strangers: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._known: OrderedDict[bytes, float] = OrderedDict()

    def let_in(self, address: str, shown: str, authenticate: Callable[[], Known]) -> Known:
        """Whom `authenticate` finds behind the credential that was shown. Raises what it raises, and TooManyRequests."""
        credential = hashlib.sha256(shown.encode()).digest()
        self._refuse_stranger(address, credential)
        try:
            found = authenticate()
        except Unauthenticated:
            self._count(address, credential)
            raise
        except TooManyRequests:
            metrics.LIMITED.labels("organization").inc()
            raise
        with self._lock:
            _remember(self._known, credential, self._clock() + _KNOWN_SECONDS)
        return found

    def _refuse_stranger(self, address: str, credential: bytes) -> None:
        with self._lock:
            now = self._clock()
            began, wrong = self._strangers.get(address, (now, 0))
            if wrong < self._allowed or now - began >= _WINDOW_SECONDS or self._known.get(credential, 0) > now:
                return
        metrics.LIMITED.labels("address").inc()
        wait = int(_WINDOW_SECONDS - (now - began)) + 1
        raise TooManyRequests(
            f"Too many requests from your address had no valid credential; wait {wait} seconds, then show a valid one", retry_after=wait
        )

    def _count(self, address: str, credential: bytes) -> None:
        with self._lock:
            now = self._clock()
            self._known.pop(credential, None)
            began, wrong = self._strangers.get(address, (now, 0))
            if now - began >= _WINDOW_SECONDS:
                began, wrong = now, 0
            _remember(self._strangers, address, (began, wrong + 1))


Key = TypeVar("Key")
Value = TypeVar("Value")


def _remember(kept: OrderedDict[Key, Value], key: Key, value: Value) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > _MOST_REMEMBERED:
        kept.popitem(last=False)
