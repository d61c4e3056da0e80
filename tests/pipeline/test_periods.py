"""Periods: what is said, and the days and instants that are meant."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo.errors import UsageError
from octavo.pipeline import periods
from octavo.pipeline.periods import RELATIVE_NAMES, DateRange, Period

NEW_YEAR, LEAP_DAY, QUARTER_START, MID_MONTH = date(2024, 1, 1), date(2024, 2, 29), date(2024, 4, 1), date(2024, 8, 15)

# Worked out on a calendar. The last day is included, as people say it.
RELATIVE = [
    ("today", NEW_YEAR, "2024-01-01", "2024-01-01"),
    ("today", LEAP_DAY, "2024-02-29", "2024-02-29"),
    ("yesterday", NEW_YEAR, "2023-12-31", "2023-12-31"),
    ("yesterday", date(2024, 3, 1), "2024-02-29", "2024-02-29"),
    ("last_7d", NEW_YEAR, "2023-12-25", "2023-12-31"),
    ("last_7d", LEAP_DAY, "2024-02-22", "2024-02-28"),
    ("last_7d", date(2024, 3, 3), "2024-02-25", "2024-03-02"),
    ("last_30d", NEW_YEAR, "2023-12-02", "2023-12-31"),
    ("last_30d", date(2024, 3, 1), "2024-01-31", "2024-02-29"),
    ("last_30d", date(2023, 3, 1), "2023-01-30", "2023-02-28"),
    ("previous_month", NEW_YEAR, "2023-12-01", "2023-12-31"),
    ("previous_month", date(2024, 3, 31), "2024-02-01", "2024-02-29"),
    ("previous_month", date(2023, 3, 31), "2023-02-01", "2023-02-28"),
    ("previous_month", LEAP_DAY, "2024-01-01", "2024-01-31"),
    ("previous_quarter", NEW_YEAR, "2023-10-01", "2023-12-31"),
    ("previous_quarter", date(2024, 3, 31), "2023-10-01", "2023-12-31"),
    ("previous_quarter", QUARTER_START, "2024-01-01", "2024-03-31"),
    ("previous_quarter", date(2024, 12, 31), "2024-07-01", "2024-09-30"),
    ("previous_year", NEW_YEAR, "2023-01-01", "2023-12-31"),
    ("previous_year", LEAP_DAY, "2023-01-01", "2023-12-31"),
    ("month_to_date", NEW_YEAR, "2024-01-01", "2024-01-01"),
    ("month_to_date", LEAP_DAY, "2024-02-01", "2024-02-29"),
    ("quarter_to_date", QUARTER_START, "2024-04-01", "2024-04-01"),
    ("quarter_to_date", MID_MONTH, "2024-07-01", "2024-08-15"),
    ("year_to_date", NEW_YEAR, "2024-01-01", "2024-01-01"),
    ("year_to_date", date(2024, 12, 31), "2024-01-01", "2024-12-31"),
]

ABSOLUTE = [
    ("2024", "2024-01-01", "2024-12-31"),
    ("2024-Q1", "2024-01-01", "2024-03-31"),
    ("2023-Q4", "2023-10-01", "2023-12-31"),
    ("2024-02", "2024-02-01", "2024-02-29"),
    ("2023-12", "2023-12-01", "2023-12-31"),
    ("2024-02-29", "2024-02-29", "2024-02-29"),
    ("2014-06-01/2014-06-30", "2014-06-01", "2014-06-30"),
    ("2014-06-01..2014-06-30", "2014-06-01", "2014-06-30"),
    (" 2014-06-01 / 2014-06-30 ", "2014-06-01", "2014-06-30"),
    ("2014-06-30/2014-06-30", "2014-06-30", "2014-06-30"),
    ("0001", "0001-01-01", "0001-12-31"),
    ("9998", "9998-01-01", "9998-12-31"),
    ("9999-12-30", "9999-12-30", "9999-12-30"),
]

NO_PERIOD = [
    "", "lately", "Previous_Month", "2023-02-29", "2024-13", "2024-00", "2024-06-00", "2024-Q5", "2024-Q0", "2024-06-31", "24-06", "0000", "9999", "9999-12-31",
    "2014-06-01/", "2014-06/2014-07", "2014-06-01-2014-06-30", "2024-06-01T00:00", "2014-06-01/2014-06-30/2014-07-01", "-2024", "2024\n06",
]  # fmt: skip


def days(range_: DateRange) -> tuple[str, str]:
    return range_.start.isoformat(), range_.last_day.isoformat()


@pytest.mark.parametrize(("said", "today", "first", "last"), RELATIVE)
def test_a_relative_period_is_the_days_a_calendar_says(said: str, today: date, first: str, last: str) -> None:
    assert days(Period.parse(said).resolve(today, "UTC")) == (first, last)


def test_every_relative_period_is_proved_on_a_calendar() -> None:
    assert {said for said, *_ in RELATIVE} | {periods.LATEST_BILLING_PERIOD} == set(RELATIVE_NAMES)


@pytest.mark.parametrize(("said", "first", "last"), ABSOLUTE)
def test_a_unit_or_a_range_includes_its_first_and_its_last_day(said: str, first: str, last: str) -> None:
    assert days(Period.parse(said).resolve(MID_MONTH, "UTC")) == (first, last)


@pytest.mark.parametrize("said", NO_PERIOD)
def test_what_is_no_period_is_refused(said: str) -> None:
    with pytest.raises(UsageError, match="is no period"):
        Period.parse(said)


def test_an_unknown_word_is_refused_with_how_to_say_it() -> None:
    with pytest.raises(UsageError) as refused:
        Period.parse("last_fortnight")
    assert all(name in str(refused.value) for name in RELATIVE_NAMES)
    assert "2014-06-01/2014-06-30" in str(refused.value)


@pytest.mark.parametrize("said", [17, None, 20.14, ["2014"], {"start": "2014-06-01"}, {"start": "2014-06-01", "end": "x"}])
def test_what_is_no_text_is_no_period(said: object) -> None:
    with pytest.raises(UsageError, match="is no period"):
        Period.parse(said)


def test_a_period_that_ends_before_it_starts_is_refused() -> None:
    for said in ("2014-06-30/2014-06-01", {"start": date(2014, 6, 30), "end": date(2014, 6, 1)}):
        with pytest.raises(UsageError, match="ends before it starts"):
            Period.parse(said)


def test_a_mapping_of_start_and_end_includes_both() -> None:
    assert days(Period.parse({"start": "2014-06-01", "end": date(2014, 6, 30)}).resolve(MID_MONTH, "UTC")) == ("2014-06-01", "2014-06-30")


def test_the_latest_billing_period_includes_its_last_day() -> None:
    found = Period.parse("latest_billing_period").resolve(MID_MONTH, "UTC", lambda: (date(2024, 7, 1), date(2024, 7, 31)))
    assert (found.start, found.end) == (date(2024, 7, 1), date(2024, 8, 1))


def test_without_a_completed_billing_period_there_is_no_latest() -> None:
    for ask in (None, lambda: None):
        with pytest.raises(UsageError, match="no completed billing period"):
            Period.parse("latest_billing_period").resolve(MID_MONTH, "UTC", ask)


# First instants of days, from the published transitions of the IANA time zone database.
MIDNIGHTS = [
    (date(2024, 6, 1), "UTC", "2024-06-01T00:00:00Z"),
    (date(2024, 6, 1), "Europe/Berlin", "2024-05-31T22:00:00Z"),
    (date(2024, 1, 1), "Asia/Kathmandu", "2023-12-31T18:15:00Z"),
    (date(2024, 4, 26), "Africa/Cairo", "2024-04-25T22:00:00Z"),  # 00:00 becomes 01:00: the day begins at 01:00+03
    (date(2024, 4, 25), "Africa/Cairo", "2024-04-24T22:00:00Z"),
    (date(2024, 11, 1), "Africa/Cairo", "2024-10-31T22:00:00Z"),  # 24:00 becomes 23:00: the day before has 25 hours
    (date(2024, 3, 10), "America/Havana", "2024-03-10T05:00:00Z"),  # 00:00 becomes 01:00-04
    (date(2024, 11, 3), "America/Havana", "2024-11-03T04:00:00Z"),  # 01:00 becomes 00:00: midnight comes twice, the first counts
    (date(2024, 11, 4), "America/Havana", "2024-11-04T05:00:00Z"),
    (date(2024, 3, 31), "Asia/Beirut", "2024-03-30T22:00:00Z"),  # 00:00 becomes 01:00+03
    (date(2024, 10, 27), "Asia/Beirut", "2024-10-26T22:00:00Z"),  # 24:00 becomes 23:00
    (date(2011, 12, 29), "Pacific/Apia", "2011-12-29T10:00:00Z"),
    (date(2011, 12, 30), "Pacific/Apia", "2011-12-30T10:00:00Z"),  # the day that was left out has no instants
    (date(2011, 12, 31), "Pacific/Apia", "2011-12-30T10:00:00Z"),
    (date(2024, 10, 6), "Australia/Lord_Howe", "2024-10-05T13:30:00Z"),
]


@pytest.mark.parametrize(("day", "zone", "instant"), MIDNIGHTS)
def test_a_day_begins_at_its_first_instant_in_the_zone(day: date, zone: str, instant: str) -> None:
    assert periods.midnight(day, zone).astimezone(UTC) == datetime.fromisoformat(instant)


def test_a_day_without_midnight_begins_after_the_gap_on_the_clock() -> None:
    assert periods.midnight(date(2024, 4, 26), "Africa/Cairo").isoformat() == "2024-04-26T01:00:00+03:00"


ZONES = ["Pacific/Apia", "Pacific/Honolulu", "Africa/Cairo", "America/Havana", "Asia/Beirut", "Europe/London", "Australia/Lord_Howe", "UTC"]


@given(st.dates(date(1900, 1, 2), date(2100, 12, 30)), st.sampled_from(ZONES))
def test_consecutive_days_meet_without_gap_or_overlap(day: date, zone: str) -> None:
    whole = DateRange(day, day + timedelta(days=1), zone)
    assert whole.ends_at == DateRange(whole.end, whole.end + timedelta(days=1), zone).starts_at
    assert timedelta(0) <= whole.ends_at.astimezone(UTC) - whole.starts_at.astimezone(UTC) <= timedelta(hours=26)


def test_instants_past_the_edge_of_the_calendar_are_refused_and_not_wrong() -> None:
    with pytest.raises(UsageError, match="0001-01-02 and 9999-12-30"):
        assert Period.parse("0001").resolve(MID_MONTH, "Asia/Tokyo").starts_at  # it is still year 0 in UTC


@pytest.mark.parametrize(("said", "zone"), [("0001-01-02", "Pacific/Kiritimati"), ("9999-12-30", "Pacific/Honolulu")])
def test_the_first_and_the_last_day_that_can_be_said_work_in_every_zone(said: str, zone: str) -> None:
    found = Period.parse(said).resolve(MID_MONTH, zone)
    assert found.ends_at - found.starts_at == timedelta(days=1)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "Europe/berlin\0", "/etc/localtime"])
def test_an_unknown_time_zone_is_refused_with_an_example(zone: str) -> None:
    with pytest.raises(UsageError, match="Europe/Berlin"):
        periods.zone_named(zone)


@pytest.mark.parametrize(
    ("said", "first"), [("last_1d", date(2014, 3, 30)), ("last_45d", date(2014, 2, 14)), ("last_3660d", date(2004, 3, 23))]
)
def test_any_number_of_days_are_the_whole_days_before_today(said: str, first: date) -> None:
    # 45 days before 31 March: 31 in March lead to the last of February, 14 more to its 14th. From 2004-03-31 ten years are 3650 days and the leap
    # days of 2008 and 2012; eight more lead to the 23rd.
    resolved = Period.parse(said).resolve(date(2014, 3, 31), "UTC")
    assert (resolved.start, resolved.last_day) == (first, date(2014, 3, 30))
