"""Earlier: with which days a period is compared, and how far back they lie. Pure calendar; docs/formats.md says the same in words.

The previous period of whole months is as many months before them, of a period to date the same days of the month, quarter or year before,
of any other as many days before. The same period last year is the same dates a year earlier, and whole months stay whole months.
"""

import calendar
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal, get_args

from octavo.errors import UsageError
from octavo.pipeline.periods import LAST_DAYS, TO_DATE, DateRange, first_of_month, whole_months

How = Literal["previous_period", "same_period_last_year"]

HOWS: tuple[str, ...] = get_args(How)
WORDS = {"previous_period": "previous period", "same_period_last_year": "same period last year"}

_ONE_DAY = timedelta(days=1)
_YEAR = 12


@dataclass(frozen=True)
class Step:
    """How far back: so many months, or so many days."""

    months: int = 0
    days: int = 0


@dataclass(frozen=True)
class Earlier:
    """The days that a period is compared with, what they are to it, and how far back they lie."""

    how: str
    days: DateRange
    step: Step
    along: tuple[tuple[str, str, DateRange], ...] = ()
    """The other periods of the question, as far back: each by its name, its title and its days."""

    def told(self, show: Callable[[DateRange], str]) -> str:
        """In words, with days as `show` writes them."""
        return "; ".join([f"{WORDS[self.how]}, {show(self.days)}", *(f"{title} {show(days)}" for _, title, days in self.along)])

    @property
    def stored(self) -> dict[str, Any]:
        """As a manifest keeps it: the last day is included, and the step stands as the months or the days that it has."""
        step = {"months": self.step.months} if self.step.months else {"days": self.step.days}
        along = {name: _stored(days) for name, _, days in self.along}
        return {"how": self.how, **_stored(self.days), "time_zone": self.days.zone, **step, **({"along": along} if along else {})}

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Earlier":
        """From how it is stored; what went along is found anew, by the step."""
        start, last = date.fromisoformat(stored["start"]), date.fromisoformat(stored["end"])
        step = Step(int(stored.get("months", 0)), int(stored.get("days", 0)))
        return cls(named(stored["how"]), DateRange(start, last + _ONE_DAY, stored["time_zone"]), step)


def _stored(days: DateRange) -> dict[str, str]:
    return {"start": days.start.isoformat(), "end": days.last_day.isoformat()}


def named(how: str) -> str:
    """The way to compare of that name. Raises UsageError."""
    if how not in HOWS:
        raise UsageError(f"A report cannot be compared by {how!r}; compare is one of: {', '.join(HOWS)}")
    return how


def earlier(how: str, said: str, now: DateRange) -> Earlier:
    """What `now`, which was said as `said`, is compared with. Raises UsageError where that lies before all dates."""
    try:
        return _earlier(named(how), said, now)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"There is no {WORDS[how]} of {now.start} to {now.last_day}: it would lie before 0001-01-02; leave compare out"
        ) from error


def _earlier(how: str, said: str, now: DateRange) -> Earlier:
    running = said in TO_DATE or LAST_DAYS.fullmatch(said) is not None
    whole = 0 if running else whole_months(now.start, now.end)
    if how == "same_period_last_year":
        return Earlier(how, _whole(now, _YEAR) if whole else _same_dates(now, _YEAR), Step(months=_YEAR))
    if said in TO_DATE:
        return Earlier(how, _same_dates(now, TO_DATE[said]), Step(months=TO_DATE[said]))
    if whole:
        return Earlier(how, _whole(now, whole), Step(months=whole))
    length = (now.end - now.start).days
    return Earlier(how, _days(now, length), Step(days=length))


def moved(now: DateRange, step: Step) -> DateRange:
    """Another period of the same question, as far back: what ends with a month still does, so that an as-of day at the end of the period stays there.

    Raises UsageError where that lies before all dates.
    """
    try:
        if step.days:
            return _days(now, step.days)
        ends_month = now.end.day == 1
        last = first_of_month(now.end, -step.months) - _ONE_DAY if ends_month else _back(now.last_day, step.months)
        start = last if now.start == now.last_day else _back(now.start, step.months)
        return DateRange(start, last + _ONE_DAY, now.zone)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{now.start} to {now.last_day} cannot be moved back so far: it would lie before 0001-01-02") from error


def _whole(now: DateRange, months: int) -> DateRange:
    return DateRange(first_of_month(now.start, -months), first_of_month(now.end, -months), now.zone)


def _same_dates(now: DateRange, months: int) -> DateRange:
    return DateRange(_back(now.start, months), _back(now.last_day, months) + _ONE_DAY, now.zone)


def _days(now: DateRange, days: int) -> DateRange:
    return DateRange(now.start - timedelta(days=days), now.end - timedelta(days=days), now.zone)


def _back(day: date, months: int) -> date:
    """The same day so many months before, or the last of that month where it is shorter."""
    first = first_of_month(day, -months)
    return first.replace(day=min(day.day, calendar.monthrange(first.year, first.month)[1]))
