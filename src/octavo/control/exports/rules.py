"""What is decided about exports without asking anybody: what a dataset is, what exactly is asked for, what an approval covers.

pending ──▶ approved ──▶ processing ──▶ completed ──▶ expired
   │  ▲        │  │          └─────────▶ failed
   │  └────────┘  └──▶ cancelled                 (back to pending: the approval does not hold any more)
   └──▶ rejected, cancelled
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from enum import Enum
from typing import Any

from octavo.pipeline import definition
from octavo.pipeline.periods import DateRange

STATES = ("pending", "approved", "processing", "completed", "failed", "expired", "rejected", "cancelled")


def is_personal(table: definition.Table) -> bool:
    """Whether any of its columns holds personal data; masking it does not change that."""
    return any(column.pii for column in table.columns)


@dataclass(frozen=True)
class Plan:
    """What exactly is asked for: everything that decides what the file holds and how much of it."""

    dataset: str
    report_version: str
    parameters: dict[str, Any]
    fields: list[str]
    filters: list[dict[str, Any]]
    format: str
    options: dict[str, Any]
    personal: bool
    masked: bool
    estimated_rows: int
    protected: bool = False
    """Whether the file takes a password; which one is no part of the plan."""
    recipients: list[dict[str, Any]] = field(default_factory=list)
    """The targets that the file goes to."""
    arrangement: dict[str, Any] = field(default_factory=dict)
    """What its rows are sorted and grouped by, and what is summed."""

    @property
    def content(self) -> dict[str, Any]:
        """What is said of it; what a plan of an earlier Octavo could not say stands in it only where it is said."""
        return {name: value for name, value in asdict(self).items() if value or name not in ("protected", "recipients", "arrangement")}

    @property
    def hash(self) -> str:
        """SHA-256 of the plan in canonical form: the same plan always has the same, and no two plans share one."""
        written = json.dumps(self.content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
        return hashlib.sha256(written.encode()).hexdigest()


def pinned(values: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as they were resolved, so that they say the same on any later day: "previous month" becomes its days."""
    return {name: _pinned(value) for name, value in values.items() if value is not None}


def _pinned(value: Any) -> Any:
    match value:
        case DateRange():
            return f"{value.start}/{value.last_day}"
        case Enum():
            return _pinned(value.value)
        case date():
            return value.isoformat()
        case list() | tuple() | set() | frozenset():
            items = [_pinned(item) for item in value]
            return items if isinstance(value, list | tuple) else sorted(items)
    return value if isinstance(value, str | int) else str(value)


def most_rows(estimated: int, *, by_person: bool, threshold: int) -> int:
    """How many rows an approval covers: of a person's, a tenth more than was estimated; of the rule's, what needs nobody."""
    return estimated * 11 // 10 if by_person else threshold


def why_again(*, expired: bool, changed: bool, left: bool, rows: int, most_rows: int, by_person: bool) -> str | None:
    """Why an approved export has to be approved again before it is made, for who asked and for who decides; None when it has not."""
    if expired:
        return "The approval was not used in time; the export needs another one"
    if changed:
        return "The dataset is not what it was when the export was approved; look at it again"
    if left:
        return "Who approved the export may not approve it any more; somebody else has to"
    if rows > most_rows:
        covered = f"the approval covers {most_rows:,}" if by_person else f"more than {most_rows:,} need approval"
        return f"The export has {rows:,} rows by now, and {covered}; look at it again"
    return None
