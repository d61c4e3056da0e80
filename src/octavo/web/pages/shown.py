"""How a page writes figures and times: as the organization's locale has it, in its zone. No time without its zone, no amount without its currency."""

import datetime as calendar
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from octavo.pipeline import locales
from octavo.pipeline.document import Organization
from octavo.pipeline.locales import Conventions

NOTHING = "\N{EN DASH}"
"""What stands where there is no value, so that nobody looks for it."""
FILTERS = ("number", "percent", "money", "date", "instant", "short", "period", "duration", "bytes")
"""The filters of the templates, each a method of Shown."""


@dataclass(frozen=True)
class Shown:
    """Writes for one organization. Each method gives an en dash for None."""

    locale: str = "en_GB"
    time_zone: str = "UTC"
    currency: str = "EUR"

    @classmethod
    def of(cls, organization: Organization) -> "Shown":
        return cls(organization.locale, organization.time_zone, organization.currency)

    @cached_property
    def conventions(self) -> Conventions:
        return locales.named(self.locale)

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def number(self, value: Any, decimals: int = 0) -> str:
        return self.conventions.number(value, decimals) or NOTHING

    def percent(self, value: Any, decimals: int = 1) -> str:
        """`value` counts hundredths. Say beside it of what it is a share."""
        return self.conventions.percent(value, decimals) or NOTHING

    def money(self, value: Any, currency: str | None = None, decimals: int = 2) -> str:
        return self.conventions.money(value, currency or self.currency, decimals) or NOTHING

    def date(self, value: calendar.date | None) -> Markup | str:
        return NOTHING if value is None else _time(value.isoformat(), self.conventions.date(value))

    def instant(self, value: datetime | None, zone: str | None = None) -> Markup | str:
        """A moment with its zone: 8 Dec 2026, 06:00 CET."""
        if value is None:
            return NOTHING
        there = value.astimezone(ZoneInfo(zone) if zone else self.zone)
        return _time(value.astimezone(UTC).isoformat(), f"{self.conventions.instant(there)}\N{NO-BREAK SPACE}{named(there)}")

    def short(self, value: datetime | None) -> Markup | str:
        """A moment of today by its time alone, any other whole; both with their zone."""
        if value is None:
            return NOTHING
        there = value.astimezone(self.zone)
        if there.date() != datetime.now(self.zone).date():
            return self.instant(value)
        clock = self.conventions.time(there)
        return _time(value.astimezone(UTC).isoformat(), f"{clock}\N{NO-BREAK SPACE}{named(there)}")

    def period(self, begin: calendar.date, end: calendar.date) -> str:
        """From the first day to the last; `end` is the day after."""
        last = end - timedelta(days=1)
        first = self.conventions.date(begin)
        return first if last <= begin else f"{first} \N{EN DASH} {self.conventions.date(last)}"

    def duration(self, milliseconds: int | None) -> str:
        """0.4 s, 12 s, 3 min 20 s, 2 h 5 min."""
        if milliseconds is None:
            return NOTHING
        seconds = milliseconds / 1000
        if seconds < 9.95:
            return f"{self.number(_exact(seconds), 1)}\N{NO-BREAK SPACE}s"
        minutes, rest = divmod(round(seconds), 60)
        hours, minutes_left = divmod(minutes, 60)
        if hours:
            return f"{self.number(hours)}\N{NO-BREAK SPACE}h {minutes_left}\N{NO-BREAK SPACE}min"
        return f"{minutes}\N{NO-BREAK SPACE}min {rest}\N{NO-BREAK SPACE}s" if minutes else f"{rest}\N{NO-BREAK SPACE}s"

    def bytes(self, count: int | None) -> str:
        """A number of bytes for people, in thousands."""
        if count is None:
            return NOTHING
        if count < 1000:
            return f"{self.number(count)}\N{NO-BREAK SPACE}bytes"
        size, units = float(count), ["bytes", "kB", "MB", "GB", "TB"]
        while size >= 999.95 and len(units) > 1:
            size, units = size / 1000, units[1:]
        return f"{self.number(_exact(size), 1)}\N{NO-BREAK SPACE}{units[0]}"

    def filter(self, name: str) -> Callable[..., Any]:
        """The method behind a filter of the templates."""
        found: Callable[..., Any] = getattr(self, name)
        return found


def named(moment: datetime) -> str:
    """What the zone of a moment is called then: CET, or UTC+03:00 where it has no name of its own."""
    name = moment.tzname() or ""
    if name[:1].isalpha():
        return name
    offset = moment.strftime("%z")
    return f"UTC{offset[:3]}:{offset[3:5]}"


def _time(machine: str, people: str) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(machine, people)


def _exact(value: float) -> Decimal:
    """Of a measurement, not of an amount: what is measured in floats may be shown from one."""
    return Decimal(repr(value))
