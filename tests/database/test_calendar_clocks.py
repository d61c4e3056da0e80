"""What a change of the clocks does to a run, at changes that were published; and the examples of RFC 5545.

A time that does not exist moves to the first instant that does; a time that comes twice fires once, at its first occurrence.
"""

from typing import Any

import pytest

from octavo.control.tenancy import actions as tenancy
from octavo.database import migrate
from octavo.database.connection import Database
from tests.database.calendars import Calendar
from tests.database.conftest import Login

CHANGES = [
    # zone, time of day, after, what the clock shows at the next runs
    ("Europe/Berlin", "02:30", "2026-03-28 00:00+00", "2026-03-28 02:30 +01:00, 2026-03-29 03:00 +02:00, 2026-03-30 02:30 +02:00"),
    ("Europe/Berlin", "02:00", "2026-03-28 02:00+00", "2026-03-29 03:00 +02:00, 2026-03-30 02:00 +02:00"),
    ("Europe/Berlin", "03:00", "2026-03-28 03:00+00", "2026-03-29 03:00 +02:00, 2026-03-30 03:00 +02:00"),
    ("Europe/Berlin", "02:30", "2026-10-24 00:00+00", "2026-10-24 02:30 +02:00, 2026-10-25 02:30 +02:00, 2026-10-26 02:30 +01:00"),
    ("Europe/Berlin", "03:00", "2026-10-24 02:00+00", "2026-10-25 03:00 +01:00, 2026-10-26 03:00 +01:00"),
    ("America/New_York", "02:30", "2026-03-07 12:00+00", "2026-03-08 03:00 -04:00, 2026-03-09 02:30 -04:00"),
    ("America/New_York", "01:30", "2026-10-31 12:00+00", "2026-11-01 01:30 -04:00, 2026-11-02 01:30 -05:00"),
    # Half an hour: at 02:00 on the first Sunday of October to 02:30, back at 02:00 on the first of April.
    ("Australia/Lord_Howe", "02:15", "2026-10-03 00:00+00", "2026-10-04 02:30 +11:00, 2026-10-05 02:15 +11:00"),
    ("Australia/Lord_Howe", "01:45", "2026-04-04 00:00+00", "2026-04-05 01:45 +11:00, 2026-04-06 01:45 +10:30"),
    # At midnight: the day begins at one o'clock on the last Friday of April, and the last Thursday of October ends twice.
    ("Africa/Cairo", "00:30", "2026-04-22 22:30+00", "2026-04-24 01:00 +03:00, 2026-04-25 00:30 +03:00"),
    ("Africa/Cairo", "00:00", "2026-04-22 22:00+00", "2026-04-24 01:00 +03:00, 2026-04-25 00:00 +03:00"),
    ("Africa/Cairo", "23:30", "2026-10-28 20:30+00", "2026-10-29 23:30 +03:00, 2026-10-30 23:30 +02:00"),
    ("America/Havana", "00:30", "2025-03-08 12:00+00", "2025-03-09 01:00 -04:00, 2025-03-10 00:30 -04:00"),
    ("America/Havana", "00:30", "2025-11-01 12:00+00", "2025-11-02 00:30 -04:00, 2025-11-03 00:30 -05:00"),
    # Ramadan: back at 03:00 on 23 February 2025, forward at 02:00 on 6 April.
    ("Africa/Casablanca", "02:30", "2025-02-22 12:00+00", "2025-02-23 02:30 +01:00, 2025-02-24 02:30 +00:00"),
    ("Africa/Casablanca", "02:30", "2025-04-05 12:00+00", "2025-04-06 03:00 +01:00, 2025-04-07 02:30 +01:00"),
    # Two hours at once, from +00 to +02 and back, at 01:00 UTC.
    ("Antarctica/Troll", "02:00", "2026-03-28 12:00+00", "2026-03-29 03:00 +02:00, 2026-03-30 02:00 +02:00"),
    ("Antarctica/Troll", "01:30", "2026-10-24 12:00+00", "2026-10-25 01:30 +02:00, 2026-10-26 01:30 +00:00"),
    # Where winter time is the exception by law, the clock does the same.
    ("Europe/Dublin", "01:30", "2026-03-28 12:00+00", "2026-03-29 02:00 +01:00, 2026-03-30 01:30 +01:00"),
    ("Asia/Kathmandu", "06:00", "2026-01-01 12:00+00", "2026-01-02 06:00 +05:45, 2026-01-03 06:00 +05:45"),
]


@pytest.mark.parametrize(
    ("zone", "time", "after", "shown"), CHANGES, ids=[f"{zone} {time} {after[:10]}" for zone, time, after, _ in CHANGES]
)
def test_a_time_that_does_not_exist_moves_to_the_first_that_does_and_one_that_comes_twice_fires_at_its_first(
    calendar: Calendar, zone: str, time: str, after: str, shown: str
) -> None:
    expected = shown.split(", ")
    assert calendar.clock(after, len(expected), time_of_day=time, time_zone=zone) == expected


def test_on_postgresql_15_with_the_zone_data_of_the_system_the_clocks_do_the_same(login: Login) -> None:
    migrate.apply(login.address, migrate.sources())
    database = Database(login.address)
    organization = tenancy.create(database, "calendar", "Calendar")
    with database.tenant(organization.id) as connection:
        for zone, time, after, shown in CHANGES:
            expected = shown.split(", ")
            assert Calendar(connection).clock(after, len(expected), time_of_day=time, time_zone=zone) == expected
        assert "no time zone localtime here" in Calendar(connection).refusal(frequency="daily", time_zone="localtime")
        assert "no time zone posix/UTC here" in Calendar(connection).refusal(frequency="daily", time_zone="posix/UTC")


def test_after_the_first_occurrence_the_second_does_not_fire(calendar: Calendar) -> None:
    for after in ("2026-10-25 00:30+00", "2026-10-25 01:15+00", "2026-10-25 01:30+00"):
        assert calendar.clock(after, 1, time_of_day="02:30", time_zone="Europe/Berlin") == ["2026-10-26 02:30 +01:00"]


@pytest.mark.parametrize(
    ("time", "shown"),
    [
        ("06:00", "2011-12-29 06:00 -10:00, 2011-12-31 00:00 +14:00, 2011-12-31 06:00 +14:00, 2012-01-01 06:00 +14:00"),
        ("00:00", "2011-12-29 00:00 -10:00, 2011-12-31 00:00 +14:00, 2012-01-01 00:00 +14:00"),
    ],
)
def test_the_run_of_a_day_that_a_country_left_out_is_at_the_beginning_of_the_next(calendar: Calendar, time: str, shown: str) -> None:
    expected = shown.split(", ")
    assert calendar.clock("2011-12-29 09:00+00", len(expected), time_of_day=time, time_zone="Pacific/Apia") == expected


def test_two_days_that_a_change_of_the_clocks_puts_on_one_instant_are_one_run_that_names_both(calendar: Calendar) -> None:
    (run,) = calendar.runs("2011-12-30 00:00+00", 1, frequency="daily", time_of_day="00:00", time_zone="Pacific/Apia")
    assert [f"{day:%d}" for day in run.days] == ["30", "31"]


# RFC 5545, section 3.8.5.3, and the one on WKST: every example that a rule here can say, with the days as printed there. All are at
# 09:00 in America/New_York; a rule here ends on a day and not after a count, so of a counted one the first are compared.
PUBLISHED: list[tuple[str, dict[str, Any], str]] = [
    ("Daily for 10 occurrences", {"frequency": "daily", "starts_on": "1997-09-02"}, "1997-09: 2 3 4 5 6 7 8 9 10 11"),
    (
        "Every other day",
        {"frequency": "daily", "every": 2, "starts_on": "1997-09-02"},
        "1997-09: 2 4 6 8 10 12 14 16 18 20 22 24 26 28 30; 1997-10: 2 4 6",
    ),
    ("Every 10 days, 5 occurrences", {"frequency": "daily", "every": 10, "starts_on": "1997-09-02"}, "1997-09: 2 12 22; 1997-10: 2 12"),
    (
        "Weekly for 10 occurrences",
        {"frequency": "weekly", "days_of_week": [2], "starts_on": "1997-09-02"},
        "1997-09: 2 9 16 23 30; 1997-10: 7 14 21 28; 1997-11: 4",
    ),
    (
        "Weekly until December 24, 1997",
        {"frequency": "weekly", "days_of_week": [2], "starts_on": "1997-09-02", "ends_on": "1997-12-23"},
        "1997-09: 2 9 16 23 30; 1997-10: 7 14 21 28; 1997-11: 4 11 18 25; 1997-12: 2 9 16 23; end",
    ),
    (
        "Every other week - forever",
        {"frequency": "weekly", "every": 2, "days_of_week": [2], "starts_on": "1997-09-02"},
        "1997-09: 2 16 30; 1997-10: 14 28; 1997-11: 11 25; 1997-12: 9 23; 1998-01: 6 20; 1998-02: 3 17",
    ),
    (
        "Weekly on Tuesday and Thursday for five weeks",
        {"frequency": "weekly", "days_of_week": [2, 4], "starts_on": "1997-09-02", "ends_on": "1997-10-06"},
        "1997-09: 2 4 9 11 16 18 23 25 30; 1997-10: 2; end",
    ),
    (
        "Every other week on Monday, Wednesday, and Friday until December 24, 1997, starting on Monday, September 1, 1997",
        {"frequency": "weekly", "every": 2, "days_of_week": [1, 3, 5], "starts_on": "1997-09-01", "ends_on": "1997-12-23"},
        "1997-09: 1 3 5 15 17 19 29; 1997-10: 1 3 13 15 17 27 29 31; 1997-11: 10 12 14 24 26 28; 1997-12: 8 10 12 22; end",
    ),
    (
        "Every other week on Tuesday and Thursday, for 8 occurrences",
        {"frequency": "weekly", "every": 2, "days_of_week": [2, 4], "starts_on": "1997-09-02"},
        "1997-09: 2 4 16 18 30; 1997-10: 2 14 16",
    ),
    (
        "Monthly on the first Friday for 10 occurrences",
        {"frequency": "monthly", "weekday_of_month": 1, "days_of_week": [5], "starts_on": "1997-09-05"},
        "1997-09: 5; 1997-10: 3; 1997-11: 7; 1997-12: 5; 1998-01: 2; 1998-02: 6; 1998-03: 6; 1998-04: 3; 1998-05: 1; 1998-06: 5",
    ),
    (
        "Monthly on the first Friday until December 24, 1997",
        {"frequency": "monthly", "weekday_of_month": 1, "days_of_week": [5], "starts_on": "1997-09-05", "ends_on": "1997-12-23"},
        "1997-09: 5; 1997-10: 3; 1997-11: 7; 1997-12: 5; end",
    ),
    (
        "The second-to-last weekday of the month",
        {"frequency": "monthly", "business_day_of_month": -2, "starts_on": "1997-09-29"},
        "1997-09: 29; 1997-10: 30; 1997-11: 27; 1997-12: 30; 1998-01: 29; 1998-02: 26; 1998-03: 30",
    ),
    (
        "An example where the days generated makes a difference because of WKST, with WKST=MO",
        {"frequency": "weekly", "every": 2, "days_of_week": [2, 0], "starts_on": "1997-08-05"},
        "1997-08: 5 10 19 24",
    ),
]


@pytest.mark.parametrize(("rule", "printed"), [example[1:] for example in PUBLISHED], ids=[name for name, *_ in PUBLISHED])
def test_the_examples_of_rfc_5545_come_on_the_days_that_it_prints(calendar: Calendar, rule: dict[str, Any], printed: str) -> None:
    months = [part.split(": ") for part in printed.removesuffix("; end").split("; ")]
    days = [f"{month}-{int(day):02}" for month, days in months for day in days.split()]
    # The clocks in New York went back on 26 October 1997, and forward on 5 April 1998: it prints EDT and EST.
    expected = [f"{day} 09:00 {'-05:00' if '1997-10-26' <= day < '1998-04-05' else '-04:00'}" for day in days]
    more = 1 if printed.endswith("; end") else 0
    runs = calendar.runs("1997-01-01 00:00+00", len(days) + more, **rule, time_of_day="09:00", time_zone="America/New_York")
    assert [str(run) for run in runs] == expected


def test_the_example_of_rfc_5545_that_is_daily_until_december_24_has_113_occurrences(calendar: Calendar) -> None:
    # September 2-30, October 1-31, November 1-30, December 1-23: 29 + 31 + 30 + 23.
    runs = calendar.runs(
        "1997-01-01 00:00+00",
        200,
        frequency="daily",
        starts_on="1997-09-02",
        ends_on="1997-12-23",
        time_of_day="09:00",
        time_zone="America/New_York",
    )
    assert len(runs) == 113
    assert [str(runs[number]) for number in (0, 53, 54, 112)] == [
        "1997-09-02 09:00 -04:00", "1997-10-25 09:00 -04:00", "1997-10-26 09:00 -05:00", "1997-12-23 09:00 -05:00",
    ]  # fmt: skip
