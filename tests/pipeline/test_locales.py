"""Numbers, amounts, dates and times read as CLDR says for the locale; Babel's own formatting is the independent word."""

import time
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal

import babel.dates
import babel.numbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from octavo.errors import UsageError
from octavo.pipeline import locales
from octavo.pipeline.definition import Date, Flag, Instant, Integer, Money, Percent, Quantity, Text

LOCALES = ("de_DE", "en_GB", "en_US", "fr_FR", "de_CH", "en_IN", "sv_SE", "es_ES", "ja_JP")

UNHURRIED = settings(deadline=None)  # the first call of a locale reads its data

decimals = st.decimals(allow_nan=False, allow_infinity=False, min_value=Decimal("-1e15"), max_value=Decimal("1e15"), places=6)


def by_babel(value: Decimal, places: int, locale: str) -> str:
    """Babel's text of the value rounded commercially, with a true minus and no negative nought."""
    rounded = value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    grouping = "#,##,##0" if locale == "en_IN" else "#,##0"
    pattern = grouping + ("." + "0" * places if places else "")
    text = babel.numbers.format_decimal(abs(rounded), pattern, locale=locale)
    return f"\N{MINUS SIGN}{text}" if rounded < 0 else text


@UNHURRIED
@given(st.sampled_from(LOCALES), decimals, st.integers(0, 6))
def test_a_number_is_grouped_and_pointed_as_its_locale_does(locale: str, value: Decimal, places: int) -> None:
    assert locales.named(locale).number(value, places) == by_babel(value, places, locale)


@UNHURRIED
@given(st.sampled_from(LOCALES), decimals, st.sampled_from(("EUR", "USD", "CHF", "INR")))
def test_an_amount_has_its_currency_where_the_locale_puts_it(locale: str, value: Decimal, currency: str) -> None:
    rounded = value.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    rounded = rounded if rounded else abs(rounded)
    expected = babel.numbers.format_currency(rounded, currency, locale=locale, currency_digits=False).replace("-", "\N{MINUS SIGN}")
    assert locales.named(locale).money(value, currency) == expected


@pytest.mark.parametrize(
    ("locale", "expected"), [("de_DE", "12,5\N{NO-BREAK SPACE}%"), ("en_GB", "12.5%"), ("fr_FR", "12,5\N{NO-BREAK SPACE}%")]
)
def test_a_percentage_counts_hundredths(locale: str, expected: str) -> None:
    assert locales.named(locale).percent(Decimal("12.5")) == expected


@UNHURRIED
@given(st.sampled_from(LOCALES), st.dates())
def test_a_date_is_in_the_locales_medium_form(locale: str, value: date) -> None:
    assert locales.named(locale).date(value) == babel.dates.format_date(value, "medium", locale=locale)


@pytest.mark.parametrize("locale", LOCALES)
def test_an_instant_is_its_date_and_its_minute(locale: str) -> None:
    moment = datetime(2026, 3, 9, 16, 5, 59, tzinfo=UTC)
    shown = locales.named(locale).instant(moment)
    assert babel.dates.format_date(moment, "medium", locale=locale) in shown
    assert babel.dates.format_time(moment, "short", locale=locale) in shown
    assert "59" not in shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("0.125", "0.13"),
        ("-0.125", "\N{MINUS SIGN}0.13"),
        ("0.135", "0.14"),
        ("-0.004", "0.00"),
        ("1E+3", "1,000.00"),
        ("NaN", "NaN"),
        ("-Infinity", "\N{MINUS SIGN}Infinity"),
    ],
)
def test_halves_are_rounded_away_from_nought_and_nothing_is_lost(value: str, shown: str) -> None:
    assert locales.named("en_GB").number(Decimal(value), 2) == shown


def test_a_number_of_a_thousand_digits_keeps_them_all() -> None:
    assert locales.named("en_GB").number(Decimal("9" * 1000 + ".995"), 2).replace(",", "") == "1" + "0" * 1000 + ".00"


def test_what_is_not_there_is_shown_as_nothing_and_what_python_cannot_hold_as_it_came() -> None:
    conventions = locales.named("de_DE")
    for column in (
        Integer("n", "N"),
        Money("m", "M"),
        Quantity("q", "Q"),
        Percent("p", "P"),
        Date("d", "D"),
        Instant("i", "I"),
        Flag("f", "F"),
        Text("t", "T"),
    ):
        assert conventions.shower(column)(None) == ""
    assert conventions.date("0044-03-15 BC") == "0044-03-15 BC"
    assert conventions.instant("infinity") == "infinity"


@pytest.mark.parametrize(("locale", "paper"), [("en_US", "letter"), ("en_CA", "letter"), ("de_DE", "a4"), ("en_GB", "a4"), ("fr", "a4")])
def test_paper_is_the_one_in_use_there(locale: str, paper: str) -> None:
    assert locales.named(locale).paper == paper


def test_a_locale_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match="'klingon' is no locale"):
        locales.named("klingon")


def test_a_quarter_of_a_million_cells_take_no_seconds() -> None:
    show = locales.named("de_DE").numbers(2)
    values = [Decimal(number) / 7 for number in range(240_000)]
    begun = time.process_time()
    for value in values:
        show(value)
    assert time.process_time() - begun < 1.5
