"""Earlier: with which days a period is compared, worked out on a calendar."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo.errors import UsageError
from octavo.pipeline import earlier
from octavo.pipeline.earlier import Earlier, Step
from octavo.pipeline.periods import DateRange, Period

# Today, how the period is said, the days of the previous period, and the same days last year. The last day is included.
COMPARED = [
    # whole months: as many of them before
    ("2014-07-15", "previous_month", "2014-05-01", "2014-05-31", "2013-06-01", "2013-06-30"),
    ("2014-04-10", "previous_month", "2014-02-01", "2014-02-28", "2013-03-01", "2013-03-31"),
    ("2014-01-01", "previous_month", "2013-11-01", "2013-11-30", "2012-12-01", "2012-12-31"),
    ("2014-05-05", "previous_quarter", "2013-10-01", "2013-12-31", "2013-01-01", "2013-03-31"),
    ("2014-05-05", "previous_year", "2012-01-01", "2012-12-31", "2012-01-01", "2012-12-31"),
    ("2020-01-01", "2014-06", "2014-05-01", "2014-05-31", "2013-06-01", "2013-06-30"),
    ("2020-01-01", "2014-01", "2013-12-01", "2013-12-31", "2013-01-01", "2013-01-31"),
    ("2020-01-01", "2014-Q1", "2013-10-01", "2013-12-31", "2013-01-01", "2013-03-31"),
    ("2020-01-01", "2014", "2013-01-01", "2013-12-31", "2013-01-01", "2013-12-31"),
    ("2020-01-01", "2014-06-01/2014-07-31", "2014-04-01", "2014-05-31", "2013-06-01", "2013-07-31"),
    ("2020-01-01", "2014-06-01/2014-06-30", "2014-05-01", "2014-05-31", "2013-06-01", "2013-06-30"),
    # a February that is whole stays whole, in leap years and out of them
    ("2020-01-01", "2016-02", "2016-01-01", "2016-01-31", "2015-02-01", "2015-02-28"),
    ("2020-01-01", "2017-02", "2017-01-01", "2017-01-31", "2016-02-01", "2016-02-29"),
    ("2020-01-01", "2016-03", "2016-02-01", "2016-02-29", "2015-03-01", "2015-03-31"),
    # to date: the first to the same day of the unit before, or its last
    ("2014-03-15", "month_to_date", "2014-02-01", "2014-02-15", "2013-03-01", "2013-03-15"),
    ("2014-03-31", "month_to_date", "2014-02-01", "2014-02-28", "2013-03-01", "2013-03-31"),
    ("2016-03-30", "month_to_date", "2016-02-01", "2016-02-29", "2015-03-01", "2015-03-30"),
    ("2014-04-30", "month_to_date", "2014-03-01", "2014-03-30", "2013-04-01", "2013-04-30"),
    ("2017-02-28", "month_to_date", "2017-01-01", "2017-01-28", "2016-02-01", "2016-02-28"),
    ("2014-01-01", "month_to_date", "2013-12-01", "2013-12-01", "2013-01-01", "2013-01-01"),
    ("2014-08-15", "quarter_to_date", "2014-04-01", "2014-05-15", "2013-07-01", "2013-08-15"),
    ("2014-05-31", "quarter_to_date", "2014-01-01", "2014-02-28", "2013-04-01", "2013-05-31"),
    ("2014-02-10", "quarter_to_date", "2013-10-01", "2013-11-10", "2013-01-01", "2013-02-10"),
    ("2016-02-29", "year_to_date", "2015-01-01", "2015-02-28", "2015-01-01", "2015-02-28"),
    ("2014-12-31", "year_to_date", "2013-01-01", "2013-12-31", "2013-01-01", "2013-12-31"),
    # any other: as many days immediately before
    ("2014-07-01", "last_7d", "2014-06-17", "2014-06-23", "2013-06-24", "2013-06-30"),
    ("2014-07-01", "last_30d", "2014-05-02", "2014-05-31", "2013-06-01", "2013-06-30"),  # a whole June by chance; still thirty days
    ("2016-03-01", "last_29d", "2016-01-03", "2016-01-31", "2015-02-01", "2015-02-28"),
    ("2014-03-03", "last_10d", "2014-02-11", "2014-02-20", "2013-02-21", "2013-03-02"),
    ("2014-07-01", "today", "2014-06-30", "2014-06-30", "2013-07-01", "2013-07-01"),
    ("2014-03-02", "yesterday", "2014-02-28", "2014-02-28", "2013-03-01", "2013-03-01"),
    ("2020-01-01", "2016-02-29", "2016-02-28", "2016-02-28", "2015-02-28", "2015-02-28"),
    ("2020-01-01", "2014-06-30", "2014-06-29", "2014-06-29", "2013-06-30", "2013-06-30"),
    ("2020-01-01", "2014-06-10/2014-07-09", "2014-05-11", "2014-06-09", "2013-06-10", "2013-07-09"),
    ("2020-01-01", "2014-06-01/2014-06-29", "2014-05-03", "2014-05-31", "2013-06-01", "2013-06-29"),
    ("2020-01-01", "2016-02-15/2016-02-29", "2016-01-31", "2016-02-14", "2015-02-15", "2015-02-28"),
]  # fmt: skip


def days(found: DateRange) -> tuple[str, str]:
    return found.start.isoformat(), found.last_day.isoformat()


def said(words: str, today: str = "2020-01-01") -> DateRange:
    return Period.parse(words).resolve(date.fromisoformat(today), "Europe/Berlin")


@pytest.mark.parametrize(("today", "words", "first", "last", "year_first", "year_last"), COMPARED)
def test_a_period_is_compared_with_the_days_a_calendar_says(
    today: str, words: str, first: str, last: str, year_first: str, year_last: str
) -> None:
    now = said(words, today)
    assert days(earlier.earlier("previous_period", words, now).days) == (first, last)
    assert days(earlier.earlier("same_period_last_year", words, now).days) == (year_first, year_last)


@pytest.mark.parametrize(
    ("first", "last", "previous"),
    [
        ("2014-06-01", "2014-06-30", ("2014-05-01", "2014-05-31")),
        ("2014-06-16", "2014-07-15", ("2014-05-17", "2014-06-15")),  # thirty days
    ],
)
def test_a_billing_period_is_compared_as_its_dates(first: str, last: str, previous: tuple[str, str]) -> None:
    now = Period.parse("latest_billing_period").resolve(
        date(2014, 8, 1), "UTC", lambda: (date.fromisoformat(first), date.fromisoformat(last))
    )
    assert days(earlier.earlier("previous_period", "latest_billing_period", now).days) == previous


def test_the_zone_stays() -> None:
    assert earlier.earlier("previous_period", "2014-06", said("2014-06")).days.zone == "Europe/Berlin"


@pytest.mark.parametrize(
    ("words", "how", "step"),
    [
        ("2014-06", "previous_period", Step(months=1)),
        ("2014-Q2", "previous_period", Step(months=3)),
        ("quarter_to_date", "previous_period", Step(months=3)),
        ("last_7d", "previous_period", Step(days=7)),
        ("2014-06-30", "previous_period", Step(days=1)),
        ("last_7d", "same_period_last_year", Step(months=12)),
    ],
)
def test_how_far_back_it_is(words: str, how: str, step: Step) -> None:
    assert earlier.earlier(how, words, said(words)).step == step


# An as-of day goes back with the period: a month's end stays one, and any other day stays that day or becomes the month's last.
MOVED = [
    ("2014-06-30", Step(months=1), "2014-05-31", "2014-05-31"),
    ("2014-07-31", Step(months=1), "2014-06-30", "2014-06-30"),
    ("2014-02-28", Step(months=1), "2014-01-31", "2014-01-31"),
    ("2014-07-15", Step(months=1), "2014-06-15", "2014-06-15"),
    ("2014-05-30", Step(months=3), "2014-02-28", "2014-02-28"),
    ("2016-02-29", Step(months=12), "2015-02-28", "2015-02-28"),
    ("2017-02-28", Step(months=12), "2016-02-29", "2016-02-29"),
    ("2014-03-31", Step(days=31), "2014-02-28", "2014-02-28"),
    ("2014-06", Step(months=1), "2014-05-01", "2014-05-31"),
    ("2014-06", Step(days=7), "2014-05-25", "2014-06-23"),
    ("2014-03-10/2014-03-31", Step(months=1), "2014-02-10", "2014-02-28"),
]


@pytest.mark.parametrize(("words", "step", "first", "last"), MOVED)
def test_another_period_of_the_question_goes_back_as_far(words: str, step: Step, first: str, last: str) -> None:
    assert days(earlier.moved(said(words), step)) == (first, last)


@pytest.mark.parametrize("how", earlier.HOWS)
def test_what_would_lie_before_all_dates_is_refused(how: str) -> None:
    with pytest.raises(UsageError, match=r"There is no .* of 0001-01-01 to 0001-01-31: it would lie before"):
        earlier.earlier(how, "0001-01", said("0001-01"))
    with pytest.raises(UsageError, match="cannot be moved back so far"):
        earlier.moved(said("0001-01"), Step(months=12))


@pytest.mark.parametrize("how", ["", "previous", "last_year", "PREVIOUS_PERIOD"])
def test_another_way_to_compare_is_refused_with_those_there_are(how: str) -> None:
    with pytest.raises(UsageError, match="previous_period, same_period_last_year"):
        earlier.named(how)


@given(st.dates(date(1600, 1, 1), date(2400, 1, 1)), st.integers(1, 800))
def test_the_previous_days_are_as_many_and_end_where_the_others_begin(first: date, count: int) -> None:
    now = DateRange(first, first + timedelta(days=count), "UTC")
    found = earlier.earlier("previous_period", "last_7d", now).days
    assert (found.end, found.end - found.start) == (now.start, timedelta(days=count))


@given(st.integers(1600, 2400), st.integers(1, 12), st.integers(1, 30))
def test_the_previous_whole_months_are_as_many_and_end_where_the_others_begin(year: int, month: int, count: int) -> None:
    after = year * 12 + month - 1 + count
    now = DateRange(date(year, month, 1), date(after // 12, after % 12 + 1, 1), "UTC")
    found = earlier.earlier("previous_period", "", now).days
    assert found.end == now.start
    assert found.start.day == 1
    assert (now.start.year - found.start.year) * 12 + now.start.month - found.start.month == count


@pytest.mark.parametrize(
    ("words", "how"), [("2014-06", "previous_period"), ("last_7d", "previous_period"), ("2016-02-29", "same_period_last_year")]
)
def test_what_was_stored_is_what_is_read(words: str, how: str) -> None:
    found = earlier.earlier(how, words, said(words))
    assert Earlier.of(found.stored) == found
