"""What is decided about schedules without asking anybody: which of the times that are due are run, which wait, which are skipped, and why.

queued ──▶ running ──▶ completed
   │         │  ▲  └──▶ failed ──▶ running   (a run of it begun anew by hand)
   └─────────┴──┴─────▶ skipped
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

MISSED = ("skip", "once", "all")
OVERLAP = ("skip", "queue", "allow")
ONLY_IF = ("always", "rows", "metric")
TICK_STATES = ("queued", "running", "completed", "failed", "skipped")
TICK_KINDS = ("planned", "triggered", "backfill")
WHY = ("missed", "overlap", "condition", "owner", "template", "changed", "deactivated", "paused", "request", "run", "cancelled")
"""Every kind of reason for which a time was skipped or failed."""

ON_TIME = timedelta(minutes=5)
"""What is taken up within so long was not missed: a worker that is restarted, or busy, takes no run away."""

MISSING_REPORT = timedelta(minutes=10)
"""How long a schedule whose report this worker does not have is left to another: while a new version is rolled out some have it and some do not."""


@dataclass(frozen=True)
class Planned:
    """A time at which a schedule should run, and the days of its rule that it stands for."""

    at: datetime
    days: tuple[date, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """What becomes of a planned time; a reason where it is not run at once."""

    planned: Planned
    does: Literal["run", "wait", "skip"]
    why: str = ""
    reason: str = ""


OVERLAPPED = "The run before it was not over"


def decide(due: Sequence[Planned], now: datetime, *, missed: str, within: timedelta, overlap: str, busy: bool) -> list[Verdict]:
    """What becomes of the times that are due, the earliest first. `busy`: a run of the schedule is not over, or waits."""
    on_time = now - due[-1].at <= ON_TIME
    verdicts: list[Verdict] = []
    for number, planned in enumerate(due):
        last = number == len(due) - 1
        if last and on_time:
            verdicts.append(_in_turn(planned, overlap, busy, verdicts))
        elif missed == "skip":
            verdicts.append(Verdict(planned, "skip", "missed", "No worker was there at its time, and what is missed is skipped"))
        elif now - planned.at > within:
            verdicts.append(
                Verdict(planned, "skip", "missed", f"It lay more than {within // timedelta(hours=1)} hours back when a worker came to it")
            )
        elif missed == "once" and not last:
            verdicts.append(
                Verdict(
                    planned,
                    "skip",
                    "missed",
                    f"No worker was there at its time; the run planned for {due[-1].at:%Y-%m-%d %H:%M} UTC stands for it",
                )
            )
        else:
            verdicts.append(_in_turn(planned, overlap, busy, verdicts))
    return verdicts


def _in_turn(planned: Planned, overlap: str, busy: bool, before: Sequence[Verdict]) -> Verdict:
    """What is made up for together is made one after the other, also where an overlap is otherwise skipped."""
    first = all(verdict.does == "skip" and verdict.why != "overlap" for verdict in before)
    if overlap == "allow" or (first and not busy):
        return Verdict(planned, "run")
    if overlap == "skip" and busy:
        return Verdict(planned, "skip", "overlap", f"{OVERLAPPED}, and then it is skipped")
    return Verdict(planned, "wait", "overlap", f"{OVERLAPPED}; it waits for that")
