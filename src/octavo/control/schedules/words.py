"""A rule of a schedule as a person would say it, so that it can be read before it is saved: "Every second Tuesday at 06:00 in Berlin". Asks nobody."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

from octavo.web.pages import shown

DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_TENS = ("", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_MONDAY_TO_FRIDAY = (1, 2, 3, 4, 5)
_LEAP_DAY = (2, 29)


class Rule(Protocol):
    """When, as actions.Rule says it."""

    @property
    def frequency(self) -> str: ...
    @property
    def every(self) -> int | None: ...
    @property
    def days_of_week(self) -> Sequence[int] | None: ...
    @property
    def day_of_month(self) -> int | None: ...
    @property
    def weekday_of_month(self) -> int | None: ...
    @property
    def business_day_of_month(self) -> int | None: ...
    @property
    def month(self) -> int | None: ...
    @property
    def time_of_day(self) -> object: ...
    @property
    def time_zone(self) -> str | None: ...
    @property
    def starts_on(self) -> date | None: ...
    @property
    def ends_on(self) -> date | None: ...
    @property
    def when_closed(self) -> str | None: ...


def of(rule: Rule) -> str:
    """A rule that the calendar takes, in words: its days, the time and the place of its clock, what closed days do, from when until when."""
    if rule.frequency == "on_demand":
        return "Only by hand"
    clock = str(rule.time_of_day)
    at = f" at {clock.removesuffix(':00') if clock.count(':') == 2 else clock}"
    return f"{_days(rule)}{at}{_where(rule.time_zone or 'UTC')}{_closed(rule)}{_limits(rule)}"


def sentence(rule: Rule, first: datetime | None, now: datetime) -> str:
    """The rule and its next time: "Every second Tuesday at 06:00 in Berlin; next on 8 December, 06:00 CET"."""
    if rule.frequency == "on_demand":
        return of(rule)
    return f"{of(rule)}; {f'next on {moment(first, now)}' if first else 'no time of it is left'}"


def moment(at: datetime, now: datetime) -> str:
    """A moment by the clock of its zone: 8 December, 06:00 CET. Its year is said where it is not that of `now`."""
    year = "" if at.year == now.astimezone(at.tzinfo).year else f" {at.year}"
    return f"{at.day} {MONTHS[at.month - 1]}{year}, {at:%H:%M} {shown.named(at)}"


def _days(rule: Rule) -> str:
    every = rule.every or 1
    if rule.frequency == "daily":
        return "Every business day" if every == 1 and rule.when_closed == "skip" else f"Every {_counted(every)}day"
    if rule.frequency == "weekly":
        return _weekly(sorted(rule.days_of_week or (), key=lambda day: (day + 6) % 7), every)
    return f"On {_day_of_month(rule)} of {_months(rule, every)}{_short_months(rule)}"


def _weekly(days: Sequence[int], every: int) -> str:
    named = [DAYS[day] for day in days]
    if every > 1:
        return f"Every {_counted(every)}{named[0]}" if len(named) == 1 else f"Every {_counted(every)}week on {_listed(named)}"
    if len(named) == len(DAYS):
        return "Every day"
    return "Monday to Friday" if tuple(days) == _MONDAY_TO_FRIDAY else f"Every {_listed(named)}"


def _day_of_month(rule: Rule) -> str:
    if rule.day_of_month is not None:
        return "the last day" if rule.day_of_month == -1 else f"the {_ordinal(rule.day_of_month)}"
    if rule.weekday_of_month is not None:
        day = DAYS[(rule.days_of_week or (0,))[0]]
        return f"the last {day}" if rule.weekday_of_month == -1 else f"the {_TENS[rule.weekday_of_month]} {day}"
    number = rule.business_day_of_month or 1
    if number < 0:
        return "the last business day" if number == -1 else f"the {_TENS[-number]} business day from the end"
    return f"the {_TENS[number]} business day"


def _months(rule: Rule, every: int) -> str:
    """Which months; those of a longer stride by the one that it is counted from."""
    if rule.frequency == "monthly":
        return f"every {_counted(every)}month{_counted_from(rule, 1, None) if every > 1 else ''}"
    month = rule.month or 1
    if rule.frequency == "annual":
        return f"{MONTHS[month - 1]}" + (f" every {_counted(every)}year from {_first(rule, 12, month)[0]}" if every > 1 else " every year")
    stride = 3 * every
    if 12 % stride:
        return f"every {_counted(stride)}month{_counted_from(rule, 3, month)}"
    begin = _first(rule, 3, month)[1] if every > 1 else month
    return _listed([MONTHS[number - 1] for number in sorted((begin - 1 + step) % 12 + 1 for step in range(0, 12, stride))])


def _first(rule: Rule, cycle: int, month: int | None) -> tuple[int, int]:
    """The year and the month that a stride is counted from: that of starts_on, or the next that is one of the rule's."""
    start = rule.starts_on or date(1970, 1, 1)
    number = start.year * 12 + start.month - 1
    number += ((month or start.month) - 1 - number) % cycle
    return number // 12, number % 12 + 1


def _counted_from(rule: Rule, cycle: int, month: int | None) -> str:
    year, first = _first(rule, cycle, month)
    return f" from {MONTHS[first - 1]} {year}"


def _short_months(rule: Rule) -> str:
    """What becomes of a day that not every one of these months has."""
    if rule.weekday_of_month == 5:
        return ", where there is one"
    day = rule.day_of_month or 0
    if rule.frequency == "annual":
        return ", in other years on the 28th" if (rule.month, day) == _LEAP_DAY else ""
    return ", in a shorter month on its last day" if day > 28 else ""


def _where(zone: str) -> str:
    area, _, city = zone.rpartition("/")
    return f" in {city.replace('_', ' ')}" if area and area != "Etc" else f" {zone}"


def _closed(rule: Rule) -> str:
    if rule.business_day_of_month is not None or rule.when_closed in (None, "run"):
        return ""
    if rule.when_closed == "skip":
        return "" if rule.frequency == "daily" and (rule.every or 1) == 1 else ", left out where that is no business day"
    return f", on the business day {'after' if rule.when_closed == 'next_business_day' else 'before'} where that is none"


def _limits(rule: Rule) -> str:
    begin = f", from {_day(rule.starts_on)} on" if rule.starts_on else ""
    return begin + (f", until {_day(rule.ends_on)}" if rule.ends_on else "")


def _day(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def _counted(number: int) -> str:
    """What stands between "every" and what is counted: nothing, second, third, 11th."""
    if number == 1:
        return ""
    return f"{_TENS[number] if number < len(_TENS) else _ordinal(number)} "


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _listed(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)
