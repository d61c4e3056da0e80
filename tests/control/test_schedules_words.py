"""A rule says itself back in words: one for every form that docs/schedules.md has, each written by hand from what the calendar does with it."""

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from octavo.control.schedules import words
from octavo.control.schedules.actions import Rule

SIX: dict[str, Any] = {"time_of_day": time(6), "time_zone": "Europe/Berlin"}
AT = " at 06:00 in Berlin"
NINTH = date(2026, 1, 9)

SAID: list[tuple[dict[str, Any], str]] = [
    ({"frequency": "on_demand", "time_of_day": None, "time_zone": None}, "Only by hand"),
    ({"frequency": "daily"}, f"Every day{AT}"),
    ({"frequency": "daily", "time_of_day": time(23, 59, 59)}, "Every day at 23:59:59 in Berlin"),
    ({"frequency": "daily", "time_of_day": time(0, 0, 30)}, "Every day at 00:00:30 in Berlin"),
    ({"frequency": "daily", "time_zone": "UTC"}, "Every day at 06:00 UTC"),
    ({"frequency": "daily", "time_zone": "Etc/GMT+3"}, "Every day at 06:00 Etc/GMT+3"),
    ({"frequency": "daily", "time_zone": "America/New_York"}, "Every day at 06:00 in New York"),
    ({"frequency": "daily", "time_zone": "America/Argentina/Buenos_Aires"}, "Every day at 06:00 in Buenos Aires"),
    ({"frequency": "daily", "when_closed": "run"}, f"Every day{AT}"),
    ({"frequency": "daily", "when_closed": "skip"}, f"Every business day{AT}"),
    ({"frequency": "daily", "when_closed": "next_business_day"}, f"Every day{AT}, on the business day after where that is none"),
    ({"frequency": "daily", "every": 2, "starts_on": NINTH}, f"Every second day{AT}, from 9 January 2026 on"),
    (
        {"frequency": "daily", "every": 11, "starts_on": NINTH, "when_closed": "skip"},
        f"Every 11th day{AT}, left out where that is no business day, from 9 January 2026 on",
    ),
    ({"frequency": "daily", "every": 22, "starts_on": NINTH}, f"Every 22nd day{AT}, from 9 January 2026 on"),
    ({"frequency": "daily", "ends_on": date(2027, 12, 31)}, f"Every day{AT}, until 31 December 2027"),
    ({"frequency": "weekly", "days_of_week": [2]}, f"Every Tuesday{AT}"),
    ({"frequency": "weekly", "days_of_week": [4, 1]}, f"Every Monday and Thursday{AT}"),
    ({"frequency": "weekly", "days_of_week": [0, 3, 1]}, f"Every Monday, Wednesday and Sunday{AT}"),
    ({"frequency": "weekly", "days_of_week": [1, 2, 3, 4, 5]}, f"Monday to Friday{AT}"),
    ({"frequency": "weekly", "days_of_week": [0, 1, 2, 3, 4, 5, 6]}, f"Every day{AT}"),
    ({"frequency": "weekly", "days_of_week": [2], "every": 2, "starts_on": NINTH}, f"Every second Tuesday{AT}, from 9 January 2026 on"),
    (
        {"frequency": "weekly", "days_of_week": [1, 4], "every": 3, "starts_on": NINTH},
        f"Every third week on Monday and Thursday{AT}, from 9 January 2026 on",
    ),
    ({"frequency": "monthly", "day_of_month": 1}, f"On the 1st of every month{AT}"),
    ({"frequency": "monthly", "day_of_month": 13}, f"On the 13th of every month{AT}"),
    ({"frequency": "monthly", "day_of_month": 31}, f"On the 31st of every month, in a shorter month on its last day{AT}"),
    ({"frequency": "monthly", "day_of_month": -1}, f"On the last day of every month{AT}"),
    (
        {"frequency": "monthly", "day_of_month": -1, "when_closed": "previous_business_day"},
        f"On the last day of every month{AT}, on the business day before where that is none",
    ),
    ({"frequency": "monthly", "weekday_of_month": 2, "days_of_week": [2]}, f"On the second Tuesday of every month{AT}"),
    ({"frequency": "monthly", "weekday_of_month": -1, "days_of_week": [5]}, f"On the last Friday of every month{AT}"),
    ({"frequency": "monthly", "weekday_of_month": 5, "days_of_week": [0]}, f"On the fifth Sunday of every month, where there is one{AT}"),
    ({"frequency": "monthly", "business_day_of_month": 5}, f"On the fifth business day of every month{AT}"),
    ({"frequency": "monthly", "business_day_of_month": -1}, f"On the last business day of every month{AT}"),
    ({"frequency": "monthly", "business_day_of_month": -2}, f"On the second business day from the end of every month{AT}"),
    (
        {"frequency": "monthly", "day_of_month": 15, "every": 2, "starts_on": NINTH},
        f"On the 15th of every second month from January 2026{AT}, from 9 January 2026 on",
    ),
    ({"frequency": "quarterly", "day_of_month": 1}, f"On the 1st of January, April, July and October{AT}"),
    (
        {"frequency": "quarterly", "month": 3, "weekday_of_month": -1, "days_of_week": [5]},
        f"On the last Friday of March, June, September and December{AT}",
    ),
    # Half-yearly, counted from February: the first of January, April, July, October that is not before it is April.
    (
        {"frequency": "quarterly", "day_of_month": 1, "every": 2, "starts_on": date(2026, 2, 1)},
        f"On the 1st of April and October{AT}, from 1 February 2026 on",
    ),
    (
        {"frequency": "quarterly", "day_of_month": 1, "every": 3, "starts_on": NINTH},
        f"On the 1st of every ninth month from January 2026{AT}, from 9 January 2026 on",
    ),
    ({"frequency": "annual", "month": 5, "day_of_month": 31}, f"On the 31st of May every year{AT}"),
    ({"frequency": "annual", "month": 2, "day_of_month": 29}, f"On the 29th of February every year, in other years on the 28th{AT}"),
    ({"frequency": "annual", "month": 12, "business_day_of_month": -1}, f"On the last business day of December every year{AT}"),
    # The first January that begins after 9 February 2026 is that of 2027.
    (
        {"frequency": "annual", "month": 1, "day_of_month": 2, "every": 2, "starts_on": date(2026, 2, 9)},
        f"On the 2nd of January every second year from 2027{AT}, from 9 February 2026 on",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "said"), SAID)
def test_a_rule_is_said_in_words(rule: dict[str, Any], said: str) -> None:
    assert words.of(Rule(**(SIX | rule))) == said


def test_a_rule_says_when_it_comes_next_by_the_clock_of_its_zone() -> None:
    rule = Rule("weekly", every=2, days_of_week=[2], time_of_day=time(6), time_zone="Europe/Berlin", starts_on=date(2026, 12, 8))
    now = datetime(2026, 11, 30, 12, tzinfo=UTC)
    winter = datetime(2026, 12, 8, 6, tzinfo=ZoneInfo("Europe/Berlin"))
    assert (
        words.sentence(rule, winter, now)
        == "Every second Tuesday at 06:00 in Berlin, from 8 December 2026 on; next on 8 December, 06:00 CET"
    )
    summer = datetime(2027, 7, 6, 6, tzinfo=ZoneInfo("Europe/Berlin"))
    assert words.sentence(rule, summer, now).endswith("; next on 6 July 2027, 06:00 CEST")
    assert words.sentence(rule, None, now).endswith("; no time of it is left")
    there = datetime(2026, 12, 8, 6, tzinfo=ZoneInfo("America/Sao_Paulo"))
    assert words.moment(there, now) == "8 December, 06:00 UTC-03:00"
    assert words.sentence(Rule(), None, now) == "Only by hand"
