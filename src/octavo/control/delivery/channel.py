"""The contract of a channel: what it is given, what it may do meanwhile, and how it says what became of a delivery.

A channel is one class in one file of channels/. It decides nothing about who may get what, and writes nothing into the ledger.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

from octavo.control.runs.actions import Run
from octavo.database.connection import Connection, Database
from octavo.errors import OctavoError
from octavo.pipeline.catalog import Catalog
from octavo.pipeline.document import Organization
from octavo.pipeline.store import Store
from octavo.settings import Settings


@dataclass(frozen=True)
class Parcel:
    """One attempt at one delivery. `run` is the run as it stands; None where it is about none. `facts` is what a notice without a run tells."""

    organization: Organization
    delivery_id: int
    attempt: int
    purpose: str
    """file, success, failure, summary, event, test: see rules.PURPOSES."""
    occasion: str
    recipient: str
    target: Mapping[str, Any]
    message_id: str
    """The same at every attempt, so that who receives it twice can tell."""
    run: Run | None
    facts: Mapping[str, Any]


Ending = Literal["sent", "again", "failed", "unknown"]


@dataclass(frozen=True)
class Outcome:
    """What became of an attempt. `kind` is a word for machines, `message` a sentence for people without secrets or values of data."""

    ending: Ending
    kind: str = ""
    message: str = ""
    answer: str = ""
    """What the other side said when it took it."""


def sent(answer: str = "") -> Outcome:
    """The other side has it, and said so."""
    return Outcome("sent", answer=answer[:500])


def again(kind: str, message: str) -> Outcome:
    """It has not, by something that may pass: the channel's pauses say when it is tried again."""
    return Outcome("again", kind, message[:1000])


def failed(kind: str, message: str) -> Outcome:
    """It has not, and would not the next time."""
    return Outcome("failed", kind, message[:1000])


def unknown(kind: str, message: str) -> Outcome:
    """It may have it or not: the word that would tell was lost."""
    return Outcome("unknown", kind, message[:1000])


class NotOurs(OctavoError):
    """The delivery was given to another sender meanwhile; nothing more is done here."""


HandOver = Callable[[], None]
"""To be called once before the first byte that counts. It notes that the other side may have it from now on, and raises NotOurs when the
delivery is no longer this attempt's: then nothing may be sent. A channel whose other side throws away what comes twice need not call it."""


@dataclass(frozen=True)
class Bench:
    """What a channel works with."""

    database: Database
    store: Store
    settings: Settings
    reports: Catalog


class Channel(Protocol):
    """One way out. It is made once for each sender, which uses it for one delivery after the other: it may keep connections between them."""

    pauses: ClassVar[tuple[float, ...]]
    """How long to wait after the first failure that may pass, the second, ..., times OCTAVO_DELIVERY_RETRY_SECONDS; after one more it has failed."""

    def __init__(self, bench: Bench) -> None: ...

    @staticmethod
    def check(connection: Connection, target: Mapping[str, Any]) -> dict[str, Any]:
        """The target as it is stored, if it is one that this organization has. Raises UsageError, NotFound, Conflict."""
        ...

    def send(self, parcel: Parcel, hand_over: HandOver) -> Outcome:
        """Sends it. Raises NotOurs from `hand_over`; whatever else it raises before `hand_over` is tried again, and after it is unknown."""
        ...

    def close(self) -> None:
        """Ends what it kept open."""
        ...
