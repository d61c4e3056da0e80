"""Periods: what a person says ("previous month") and the half-open range of dates [start, end) that it means in a time zone.

A period is said relatively (`previous_month`), as a calendar unit (`2014`, `2014-Q2`, `2014-06`, `2014-06-30`), or as its first and
last day (`2014-06-01/2014-06-30`, both included). It is resolved once, when a run begins; the dates go into the manifest.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import GetCoreSchemaHandler
from pydantic_core import PydanticCustomError, core_schema

from octavo.errors import UsageError

LATEST_BILLING_PERIOD = "latest_billing_period"

_ONE_DAY = timedelta(days=1)


def first_of_month(day: date, offset: int = 0) -> date:
    """The first day of the month `offset` months from that of `day`."""
    months = day.year * 12 + day.month - 1 + offset
    return date(months // 12, months % 12 + 1, 1)


def whole_months(start: date, end: date) -> int:
    """How many calendar months the days from `start` up to and not including `end` are; 0 where they are not whole ones."""
    return (end.year - start.year) * 12 + end.month - start.month if start.day == end.day == 1 else 0


def _quarter(day: date, offset: int = 0) -> date:
    return first_of_month(date(day.year, (day.month - 1) // 3 * 3 + 1, 1), 3 * offset)


# Each takes today and gives the first day and the day after the last. "last_7d" is the seven whole days before today, and so with any
# number of days; "to date" ends with today.
_RELATIVE: dict[str, Callable[[date], tuple[date, date]]] = {
    "today": lambda today: (today, today + _ONE_DAY),
    "yesterday": lambda today: (today - _ONE_DAY, today),
    "last_7d": lambda today: (today - timedelta(days=7), today),
    "last_30d": lambda today: (today - timedelta(days=30), today),
    "previous_month": lambda today: (first_of_month(today, -1), first_of_month(today)),
    "previous_quarter": lambda today: (_quarter(today, -1), _quarter(today)),
    "previous_year": lambda today: (date(today.year - 1, 1, 1), date(today.year, 1, 1)),
    "month_to_date": lambda today: (first_of_month(today), today + _ONE_DAY),
    "quarter_to_date": lambda today: (_quarter(today), today + _ONE_DAY),
    "year_to_date": lambda today: (date(today.year, 1, 1), today + _ONE_DAY),
}

TO_DATE = {"month_to_date": 1, "quarter_to_date": 3, "year_to_date": 12}
"""How many months the unit has of which these are the beginning."""

RELATIVE_NAMES = (*_RELATIVE, LATEST_BILLING_PERIOD)

LAST_DAYS = re.compile(r"last_([1-9]\d{0,3})d")
_RANGE = re.compile(r"(\d{4}-\d{2}-\d{2})\s*(?:/|\.\.)\s*(\d{4}-\d{2}-\d{2})")
_UNIT = re.compile(r"(\d{4})(?:-Q([1-4])|-(\d{2})(?:-(\d{2}))?)?")

HOW_TO_SAY = f"say one of {', '.join(RELATIVE_NAMES)} (or any number of days), or 2014, 2014-Q2, 2014-06, 2014-06-30, or 2014-06-01/2014-06-30 (both days included)"


@dataclass(frozen=True)
class DateRange:
    """The days from `start` up to and not including `end`, as days of the time zone `zone`."""

    start: date
    end: date
    zone: str

    @property
    def last_day(self) -> date:
        return self.end - _ONE_DAY

    @property
    def starts_at(self) -> datetime:
        """The instant the first day begins."""
        return midnight(self.start, self.zone)

    @property
    def ends_at(self) -> datetime:
        """The instant the day after the last begins."""
        return midnight(self.end, self.zone)


def written(first: date, last: date, between: str) -> str:
    """The days as a period is written shortest: 2014-06, 2014-Q2, 2014; or the first and the last, with `between` between them."""
    match whole_months(first, last + _ONE_DAY):
        case 1:
            return f"{first:%Y-%m}"
        case 3 if first.month % 3 == 1:
            return f"{first:%Y}-Q{first.month // 3 + 1}"
        case 12 if first.month == 1:
            return f"{first:%Y}"
    return f"{first}" if first == last else f"{first}{between}{last}"


@dataclass(frozen=True)
class Period:
    """A period as it was said; `resolve` gives its dates. Equal words are equal periods."""

    said: str

    def resolve(self, today: date, zone: str, billing_period: Callable[[], tuple[date, date] | None] | None = None) -> DateRange:
        """The dates that are meant on the day `today` in `zone`.

        `billing_period` yields the first and the last day of the latest completed billing period, or None.
        """
        if self.said == LATEST_BILLING_PERIOD:
            found = billing_period() if billing_period else None
            if found is None:
                raise UsageError("There is no completed billing period yet; name a period by its dates")
            return DateRange(found[0], found[1] + _ONE_DAY, zone)
        if relative := _RELATIVE.get(self.said):
            return DateRange(*relative(today), zone)
        if days := LAST_DAYS.fullmatch(self.said):
            return DateRange(today - timedelta(days=int(days[1])), today, zone)
        start, end = _absolute(self.said)
        return DateRange(start, end, zone)

    @classmethod
    def parse(cls, said: Any) -> "Period":
        """The period that a text, or a mapping with `start` and `end` (both days included), says. Raises UsageError."""
        if isinstance(said, Period):
            return said
        if isinstance(said, dict) and set(said) == {"start", "end"}:
            said = f"{said['start']}/{said['end']}"
        if not isinstance(said, str):
            raise UsageError(f"{said!r} is no period: {HOW_TO_SAY}")
        said = said.strip()
        if said not in RELATIVE_NAMES and not LAST_DAYS.fullmatch(said):
            _absolute(said)
        return cls(said)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        def validate(value: Any) -> Period:
            try:
                return cls.parse(value)
            except UsageError as error:
                raise PydanticCustomError("period", "{reason}", {"reason": str(error)}) from error

        return core_schema.no_info_plain_validator_function(
            validate,
            serialization=core_schema.plain_serializer_function_ser_schema(lambda period: period.said),
            json_schema_input_schema=core_schema.str_schema(),
        )

    def __str__(self) -> str:
        return self.said


def _absolute(said: str) -> tuple[date, date]:
    try:
        if match := _RANGE.fullmatch(said):
            start, last = date.fromisoformat(match[1]), date.fromisoformat(match[2])
            if last < start:
                raise UsageError(f"The period {said} ends before it starts; give its first day, then its last")
            return start, last + _ONE_DAY
        if match := _UNIT.fullmatch(said):
            year, quarter, month, day = (int(part) if part else None for part in match.groups())
            assert year is not None
            if quarter is not None:
                start = date(year, 3 * quarter - 2, 1)
                return start, first_of_month(start, 3)
            if month is not None and day is not None:
                return date(year, month, day), date(year, month, day) + _ONE_DAY
            if month is not None:
                return date(year, month, 1), first_of_month(date(year, month, 1), 1)
            return date(year, 1, 1), date(year + 1, 1, 1)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{said!r} is no period: there is no such day, or it lies beyond 0001-01-02 to 9999-12-30") from error
    raise UsageError(f"{said!r} is no period: {HOW_TO_SAY}")


def is_relative(said: str) -> bool:
    """Whether the days that are meant depend on the day on which it is said."""
    return said in RELATIVE_NAMES or LAST_DAYS.fullmatch(said) is not None


_NOT_ZONES = ("localtime", "posixrules")  # what one machine is set to: files beside those of the zones


def zone_named(name: str) -> ZoneInfo:
    """The IANA time zone of that name. Raises UsageError."""
    try:
        if name in _NOT_ZONES:
            raise ValueError(name)
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(f"{name!r} is no time zone; use an IANA name such as Europe/Berlin or UTC") from error


def midnight(day: date, zone: str) -> datetime:
    """The first instant of `day` in `zone`: where midnight is skipped by a clock change, the first instant after the gap."""
    local = datetime(day.year, day.month, day.day, tzinfo=zone_named(zone))
    try:
        return local.astimezone(UTC).astimezone(local.tzinfo)
    except OverflowError as error:
        raise UsageError(f"{day} in {zone} cannot be computed with; a period lies between 0001-01-02 and 9999-12-30") from error
