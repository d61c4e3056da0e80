"""How people of a locale read numbers, amounts, dates and times. Exact, rounded commercially, and fast enough for every cell.

The symbols and patterns are CLDR's, asked of Babel once a locale; the digits are then set by Decimal's own formatting. A minus is
the true minus sign (U+2212) everywhere.
"""

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import cache, cached_property, lru_cache
from typing import Any

import babel
from babel.dates import format_date, format_skeleton, format_time
from babel.numbers import get_currency_symbol

from octavo.errors import UsageError
from octavo.pipeline import definition

MINUS = "\N{MINUS SIGN}"

_EXACT = Context(prec=100_000, rounding=ROUND_HALF_UP, traps=[])

# CLDR's territories whose paper is US Letter (supplemental data, paperSize US-Letter), which Babel does not carry.
_LETTER = frozenset(["BZ", "CA", "CL", "CO", "CR", "GT", "MX", "NI", "PA", "PH", "PR", "SV", "US", "VE"])

Show = Callable[[Any], str]


@dataclass(frozen=True)
class Conventions:
    """The conventions of one locale. Each function takes None and gives "" for it; text goes through unchanged, because that is what a
    value that Python cannot hold (a date before Christ) comes as.
    """

    locale: babel.Locale

    @property
    def language(self) -> str:
        return str(self.locale.language)

    @property
    def territory(self) -> str:
        return str(self.locale.territory or "")

    @property
    def tag(self) -> str:
        """The language tag (BCP 47), as documents declare it."""
        return str(self.locale).replace("_", "-")

    @property
    def paper(self) -> str:
        """The paper in use there: `letter` or `a4`."""
        return "letter" if self.territory in _LETTER else "a4"

    @cached_property
    def decimal(self) -> str:
        return str(self.locale.number_symbols["latn"]["decimal"])

    @cached_property
    def group(self) -> str:
        return str(self.locale.number_symbols["latn"]["group"])

    def numbers(self, decimals: int) -> Show:
        """A function that shows numbers with so many decimals."""
        return _numbers(self, decimals)

    def number(self, value: Any, decimals: int) -> str:
        return self.numbers(decimals)(value)

    def percent(self, value: Any, decimals: int = 1) -> str:
        """`value` counts hundredths: 12.5 is 12.5 %."""
        shown = self.number(value, decimals)
        pattern = self.locale.percent_formats[None]
        return f"{pattern.prefix[0]}{shown}{pattern.suffix[0]}" if shown else ""

    def money(self, value: Any, currency: str, decimals: int = 2) -> str:
        """An amount with the symbol of its currency, where the locale puts it."""
        shown = self.number(value, decimals)
        if not shown:
            return ""
        before, after = _affixes(self, currency, shown.startswith(MINUS))
        return f"{before}{shown.removeprefix(MINUS)}{after}"

    def date(self, value: Any) -> str:
        return _date(self, value) if isinstance(value, datetime.date) else value or ""

    def month(self, value: datetime.date) -> str:
        """The month of a date, with its year."""
        return str(format_skeleton("yMMM", value, locale=self.locale))

    def time(self, value: datetime.datetime) -> str:
        """The time of day to the minute, in the zone that the value is in."""
        return _time(self, value.hour, value.minute)

    def instant(self, value: Any) -> str:
        """Date and time of day to the minute, in the zone that the value is in. Say that zone once, beside it."""
        if not isinstance(value, datetime.datetime):
            return value or ""
        return _between(self).format(_time(self, value.hour, value.minute), _date(self, value.date()))

    def flag(self, value: Any) -> str:
        return "" if value is None else "Yes" if value else "No"

    def shower(self, column: definition.Column) -> Show:
        """The function that shows the cells of a column, without unit or currency: those stand in the heading."""
        if column.numeric:
            return self.numbers(getattr(column, "decimals", 0))
        by_kind: dict[str, Show] = {"date": self.date, "instant": self.instant, "flag": self.flag}
        return by_kind.get(column.kind, _text)


@cache
def named(locale: str) -> Conventions:
    """The conventions of a locale such as de_DE or en-GB. Raises UsageError."""
    try:
        return Conventions(babel.Locale.parse(locale.replace("-", "_")))
    except (babel.UnknownLocaleError, ValueError) as error:
        raise UsageError(f"{locale!r} is no locale; use one such as en_GB, de_DE or fr_FR") from error


def _text(value: Any) -> str:
    return "" if value is None else str(value)


@cache
def _numbers(conventions: Conventions, decimals: int) -> Show:
    unit, spec, quantize = Decimal(1).scaleb(-decimals), f",.{decimals}f", _EXACT.quantize
    first, further = conventions.locale.decimal_formats[None].grouping
    symbols = str.maketrans({",": conventions.group, ".": conventions.decimal})
    as_written = conventions.group == "," and conventions.decimal == "."

    def show(value: Any) -> str:
        if value is None:
            return ""
        try:
            rounded = quantize(value, unit)
        except TypeError:
            return str(value)
        if not rounded.is_finite():
            return str(value).replace("-", MINUS)
        text = format(abs(rounded), spec)
        if (first, further) != (3, 3):
            text = _regroup(text, first, further)
        if not as_written:
            text = text.translate(symbols)
        return MINUS + text if rounded < 0 else text

    return show


def _regroup(text: str, first: int, further: int) -> str:
    """Digits in groups other than threes: in India the last three, then twos."""
    whole, point, fraction = text.replace(",", "").partition(".")
    groups = [whole[-first:]]
    rest = whole[:-first]
    while rest:
        groups.insert(0, rest[-further:])
        rest = rest[:-further]
    return ",".join(groups) + point + fraction


@cache
def _affixes(conventions: Conventions, currency: str, negative: bool) -> tuple[str, str]:
    pattern = conventions.locale.currency_formats["standard"]
    symbol = get_currency_symbol(currency, conventions.locale)
    before, after = pattern.prefix[negative], pattern.suffix[negative]
    return before.replace("¤", symbol).replace("-", MINUS), after.replace("¤", symbol)


@lru_cache(maxsize=20_000)
def _date(conventions: Conventions, value: datetime.date) -> str:
    return str(format_date(value, "medium", locale=conventions.locale))


@lru_cache(maxsize=1_440)
def _time(conventions: Conventions, hour: int, minute: int) -> str:
    return str(format_time(datetime.time(hour, minute), "short", locale=conventions.locale))


@cache
def _between(conventions: Conventions) -> str:
    return str(conventions.locale.datetime_formats["medium"])
