"""The calendar once more, by other means: days by python-dateutil's rrule, instants by a list of when a zone's clocks were changed."""

import bisect
import importlib.resources
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from dateutil import rrule

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST, LAST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2042, 1, 1, tzinfo=UTC)
WEEKDAYS = (rrule.SU, rrule.MO, rrule.TU, rrule.WE, rrule.TH, rrule.FR, rrule.SA)


@cache
def zone_named(name: str) -> ZoneInfo:
    """A zone of the package tzdata, whatever the system has: what is pinned is the same everywhere."""
    with (importlib.resources.files("tzdata") / "zoneinfo" / name).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def ahead(zone: ZoneInfo, second: int) -> int:
    """How many seconds the clocks of a zone are ahead of UTC at a second since 1970."""
    offset = (EPOCH + timedelta(seconds=second)).astimezone(zone).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


@dataclass(frozen=True)
class Clock:
    """The stretches in which a zone keeps its offset: when each begins, and the offset."""

    begins: list[int]
    offsets: list[int]
    covered: list[int]
    """What the clock shows when each stretch ends, at the most so far: the time that has then been shown."""

    def first_second(self, wall: int) -> int:
        """The first second at which the clock shows the wall time (in seconds as if it were UTC) or has passed it."""
        stretch = bisect.bisect_right(self.covered, wall)
        return max(self.begins[stretch], wall - self.offsets[stretch])


@cache
def clock_of(name: str) -> Clock:
    """Found by looking at the clock every second day (no zone changes twice in a week) and then halving."""
    zone = zone_named(name)
    samples = range(int((FIRST - EPOCH).total_seconds()), int((LAST - EPOCH).total_seconds()), 2 * 86_400)
    begins, offsets = [samples[0]], [ahead(zone, samples[0])]
    for low, high in pairwise(samples):
        if ahead(zone, high) != offsets[-1]:
            changed = bisect.bisect_left(range(low, high), True, key=lambda second: ahead(zone, second) != offsets[-1]) + low
            begins.append(changed)
            offsets.append(ahead(zone, changed))
    covered: list[int] = []
    for end, offset in zip([*begins[1:], samples[-1]], offsets, strict=True):
        covered.append(max(end + offset, *covered[-1:], 0))
    return Clock(begins, offsets, covered)


@dataclass(frozen=True)
class Business:
    """On which days an organization works."""

    weekend: frozenset[int] = frozenset({0, 6})
    holidays: frozenset[date] = frozenset()

    def works(self, day: date) -> bool:
        return day.isoweekday() % 7 not in self.weekend and day not in self.holidays

    def settle(self, day: date, when_closed: str | None) -> date | None:
        """The day on which the run for a day takes place."""
        if self.works(day) or when_closed in (None, "run"):
            return day
        if when_closed == "skip":
            return None
        step = timedelta(days=1 if when_closed == "next_business_day" else -1)
        while not self.works(day):
            day += step
        return day


def days_of(rule: dict[str, Any], business: Business, since: date, until: date) -> Iterator[date]:
    """The days of a rule from its start, or where it has none from a day on, up to a day."""
    start = date.fromisoformat(rule["starts_on"]) if rule.get("starts_on") else since
    final = min(until, date.fromisoformat(rule["ends_on"])) if rule.get("ends_on") else until
    every = rule.get("every") or 1
    recurrence: dict[str, Any] = {"until": datetime.combine(final, time()), "wkst": rrule.MO}
    if rule["frequency"] in ("daily", "weekly"):
        weekdays = {"byweekday": [WEEKDAYS[day] for day in rule["days_of_week"]]} if rule["frequency"] == "weekly" else {}
        found = rrule.rrule(
            rrule.DAILY if rule["frequency"] == "daily" else rrule.WEEKLY,
            interval=every, dtstart=datetime.combine(start, time()), **weekdays, **recurrence,
        )  # fmt: skip
    else:
        cycle = {"monthly": 1, "quarterly": 3, "annual": 12}[rule["frequency"]]
        first = start.replace(day=1)
        while cycle > 1 and (first.month - (rule.get("month") or 1)) % cycle:
            first = (first + timedelta(days=31)).replace(day=1)
        if rule.get("day_of_month"):
            day = rule["day_of_month"]
            chosen = {"bymonthday": -1} if day == -1 else {"bymonthday": tuple(range(min(day, 28), day + 1)), "bysetpos": -1}
        elif rule.get("weekday_of_month"):
            chosen = {"byweekday": WEEKDAYS[rule["days_of_week"][0]](rule["weekday_of_month"])}
        else:
            chosen = {"bymonthday": 1}
        recurrence["until"] += timedelta(days=31)  # a business day of a month may come before its first is of use
        found = rrule.rrule(rrule.MONTHLY, interval=every * cycle, dtstart=datetime.combine(first, time()), **chosen, **recurrence)
    for instant in found:
        one: date | None = instant.date()
        if rule.get("business_day_of_month"):
            one = _business_day(instant.date(), rule["business_day_of_month"], business)
        if one and start <= one <= final:
            yield one


def _business_day(month: date, number: int, business: Business) -> date | None:
    days = [instant.date() for instant in rrule.rrule(rrule.DAILY, dtstart=datetime.combine(month, time()), count=31)]
    working = [day for day in days if day.month == month.month and business.works(day)]
    index = number - 1 if number > 0 else number
    return working[index] if -len(working) <= index < len(working) else None


def runs_of(rule: dict[str, Any], after: int, until: int, business: Business) -> list[tuple[int, list[date]]]:
    """The seconds of the runs of a rule after one and up to another, each with the days that it is for."""
    clock = clock_of(rule["time_zone"])
    hour, minute, *rest = map(int, rule["time_of_day"].split(":"))
    into_day = hour * 3600 + minute * 60 + (rest[0] if rest else 0)
    limits = [
        date.fromisoformat(rule[name]) if rule.get(name) else other for name, other in (("starts_on", date.min), ("ends_on", date.max))
    ]
    runs: dict[int, list[date]] = {}
    margin = timedelta(days=60)  # no shift is longer
    since, final = ((EPOCH + timedelta(seconds=second)).date() for second in (after, until))
    for day in days_of(rule, business, since - margin, final + margin):
        settled = business.settle(day, rule.get("when_closed"))
        if settled and limits[0] <= settled <= limits[1]:
            second = clock.first_second((settled - EPOCH.date()).days * 86_400 + into_day)
            runs.setdefault(second, []).append(day)
    return [(second, days) for second, days in sorted(runs.items()) if after < second <= until]
