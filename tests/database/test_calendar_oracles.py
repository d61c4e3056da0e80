"""The calendar against two independent programs: python-dateutil with an own conversion of zones, and cronsim.

The small form compares some zones and years; OCTAVO_TEST_CALENDAR=full compares 30 zones over 20 years, and says how many runs that were.
PostgreSQL and Python have zone data of their own: where they differ, the comparison stops before that, and says so.
"""

import os
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from cronsim import CronSim
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from tests.database import calendar_oracle as oracle
from tests.database.calendars import Calendar

FULL = os.environ.get("OCTAVO_TEST_CALENDAR") == "full"
ZONES = (
    "Europe/Berlin", "Australia/Lord_Howe", "Africa/Cairo", "Pacific/Apia", "Africa/Casablanca", "America/Havana",
    "America/New_York", "Antarctica/Troll", "Europe/Dublin", "Asia/Kathmandu", "America/Sao_Paulo", "Asia/Gaza", "America/Asuncion",
    "Asia/Beirut", "Asia/Amman", "Asia/Tehran", "Europe/Istanbul", "Europe/Chisinau", "Europe/Moscow", "Asia/Pyongyang", "America/Caracas",
    "America/Scoresbysund", "America/Nuuk", "America/Vancouver", "Antarctica/Casey", "Pacific/Norfolk", "Pacific/Chatham", "Africa/El_Aaiun",
    "Pacific/Kiritimati", "UTC",
)[: None if FULL else 6]  # fmt: skip
YEARS = (2010, 2030) if FULL else (2011, 2012)
SPAN = tuple(int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in YEARS)

HOLIDAYS = frozenset(
    [date(year, month, day) for year in range(1990, 2042) for month, day in ((1, 1), (1, 2), (5, 1), (8, 31), (12, 25), (12, 26))]
    + [date(2011, 12, 19) + timedelta(days=number) for number in range(21)]  # a works holiday of three weeks
)
BUSINESS = oracle.Business(holidays=HOLIDAYS)

TIMES = ("00:00", "00:30", "01:00", "01:30", "01:45", "02:00", "02:15", "02:30", "02:45", "03:00", "12:00", "23:30")[:: 1 if FULL else 3]
RULES: tuple[dict[str, Any], ...] = (
    {"frequency": "weekly", "days_of_week": [0]},
    {"frequency": "weekly", "days_of_week": [1, 3, 6], "every": 3, "starts_on": "2009-11-25"},
    {"frequency": "weekly", "days_of_week": [0, 4, 5, 6], "when_closed": "next_business_day"},
    {"frequency": "daily", "when_closed": "skip"},
    {"frequency": "daily", "when_closed": "previous_business_day"},
    {"frequency": "daily", "every": 11, "starts_on": "2009-12-31"},
    {"frequency": "monthly", "day_of_month": 30},
    {"frequency": "monthly", "day_of_month": 31, "when_closed": "next_business_day"},
    {"frequency": "monthly", "day_of_month": 1, "when_closed": "previous_business_day"},
    {"frequency": "monthly", "weekday_of_month": -1, "days_of_week": [0]},
    {"frequency": "monthly", "weekday_of_month": 5, "days_of_week": [4]},
    {"frequency": "monthly", "business_day_of_month": 3},
    {"frequency": "monthly", "business_day_of_month": -1, "every": 2, "starts_on": "2009-12-31"},
    {"frequency": "quarterly", "day_of_month": -1, "month": 3},
    {"frequency": "annual", "day_of_month": 29, "month": 2},
)


@pytest.fixture
def closing(calendar: Calendar) -> Calendar:
    """The calendar of an organization that keeps the holidays."""
    calendar.connection.execute("insert into octavo.holiday (day) select unnest(%s::date[])", [sorted(HOLIDAYS)])
    return calendar


def asked(calendar: Calendar, rule: dict[str, Any], after: int, until: int) -> list[tuple[int, list[date]]]:
    return [
        (int(second), days)
        for second, days in calendar.connection.execute(
            "select extract(epoch from run_at)::bigint, days "
            "from octavo.run_times_between(jsonb_populate_record(null::octavo.schedule_rule, %s), to_timestamp(%s), to_timestamp(%s))",
            [Jsonb(rule), after, until],
        )
    ]


def agreed(calendar: Calendar, zone: str, after: int, until: int, say: Callable[[str], None]) -> int:
    """Up to when PostgreSQL and Python have the same clock for a zone: every half day, and at each change and the second before it."""
    begins = [begin for begin in oracle.clock_of(zone).begins if after < begin < until]
    seconds = sorted({*range(after, until, 43_200), *begins, *(begin - 1 for begin in begins)})
    rows = calendar.connection.execute(
        "select second, extract(epoch from to_timestamp(second) at time zone %s - to_timestamp(second) at time zone 'UTC')::integer "
        "from unnest(%s::bigint[]) second order by 1",
        [zone, seconds],
    ).fetchall()
    assert len(rows) == len(seconds)
    for second, offset in rows:
        if offset != oracle.ahead(oracle.zone_named(zone), second):
            stop = second - 5 * 86_400
            differ, last = (f"{oracle.EPOCH + timedelta(seconds=one):%Y-%m-%d}" for one in (second, stop))
            say(f"{zone}: the zone data of PostgreSQL and of Python differ from {differ} on; compared until {last}")
            return stop
    return until


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    def aloud(text: str) -> None:
        with capsys.disabled():
            print(f"\n  {text}")

    return aloud


def test_every_run_is_the_one_that_rrule_and_an_independent_conversion_of_zones_give(closing: Calendar, say: Callable[[str], None]) -> None:
    compared = 0
    for zone in ZONES:
        after, until = SPAN[0], agreed(closing, zone, *SPAN, say)
        rules = [{"frequency": "daily", "time_of_day": time} for time in TIMES]
        rules += [{**rule, "time_of_day": time} for rule in RULES for time in ("00:15", "02:30")[: 2 if FULL else 1]]
        for rule in rules:
            expected = oracle.runs_of({**rule, "time_zone": zone}, after, until, BUSINESS)
            found = asked(closing, {**rule, "time_zone": zone}, after, until)
            wrong = [pair for pair in zip(found, expected, strict=False) if pair[0] != pair[1]]
            assert (wrong[:1], len(found)) == ([], len(expected)), (zone, rule)
            compared += len(found)
    say(f"{compared} runs in {len(ZONES)} zones, {YEARS[0]} to {YEARS[1]}, agree with rrule")
    assert compared > 10_000


CRONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("* * *", {"frequency": "daily"}),
    ("* * 0,3", {"frequency": "weekly", "days_of_week": [0, 3]}),
    ("15 * *", {"frequency": "monthly", "day_of_month": 15}),
    ("L * *", {"frequency": "monthly", "day_of_month": -1}),
    ("* * 5#2", {"frequency": "monthly", "weekday_of_month": 2, "days_of_week": [5]}),
    ("* * 0L", {"frequency": "monthly", "weekday_of_month": -1, "days_of_week": [0]}),
    ("28 3,6,9,12 *", {"frequency": "quarterly", "day_of_month": 28, "month": 3}),
    ("31 10 *", {"frequency": "annual", "day_of_month": 31, "month": 10}),
)
# Samoa left out 30 December 2011. cronsim then fires twice on the 31st; here the run of the 30th is at the beginning of the 31st, and no other day is touched.
LEFT_OUT = range(int(datetime(2011, 12, 30, 10, tzinfo=UTC).timestamp()), int(datetime(2011, 12, 31, 10, tzinfo=UTC).timestamp()))


def test_every_run_is_the_one_that_cronsim_gives(calendar: Calendar, say: Callable[[str], None]) -> None:
    compared = 0
    for zone in ZONES:
        after, until = SPAN[0], agreed(calendar, zone, *SPAN, say)
        begin = datetime.fromtimestamp(after, UTC).astimezone(oracle.zone_named(zone))
        for days, rule in CRONS:
            for time in ("00:30", "02:15", "02:30") if FULL else ("00:30", "02:15"):
                expected = []
                for instant in CronSim(f"{int(time[3:])} {int(time[:2])} {days}", begin):
                    if instant.timestamp() > until:
                        break
                    expected.append(int(instant.timestamp()))
                found = [second for second, _ in asked(calendar, {**rule, "time_of_day": time, "time_zone": zone}, after, until)]
                if zone == "Pacific/Apia":
                    expected, found = ([second for second in seconds if second not in LEFT_OUT] for seconds in (expected, found))
                assert found == expected, (zone, rule, time)
                compared += len(found)
    say(f"{compared} runs in {len(ZONES)} zones, {YEARS[0]} to {YEARS[1]}, agree with cronsim")
    assert compared > 6_000


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Any]:
    """Any rule that is complete and does not contradict itself; whether it ever comes due is another matter."""
    frequency = draw(st.sampled_from(["daily", "weekly", "monthly", "quarterly", "annual"]))
    rule: dict[str, Any] = {
        "frequency": frequency,
        "time_of_day": f"{draw(st.integers(0, 23)):02}:{draw(st.integers(0, 59)):02}",
        "time_zone": draw(st.sampled_from(ZONES)),
        "when_closed": draw(st.sampled_from([None, "run", "skip", "next_business_day", "previous_business_day"])),
    }
    if draw(st.booleans()):
        start = draw(st.dates(date(2005, 1, 1), date(2013, 1, 1)))
        rule |= {"starts_on": start.isoformat(), "every": draw(st.integers(1, 7))}
        if draw(st.booleans()):
            rule["ends_on"] = (start + timedelta(days=draw(st.integers(0, 3000)))).isoformat()
    if frequency == "weekly":
        rule["days_of_week"] = draw(st.lists(st.integers(0, 6), min_size=1, max_size=7, unique=True))
    elif frequency != "daily":
        which = draw(st.sampled_from(["day_of_month", "weekday_of_month", "business_day_of_month"]))
        highest = {"day_of_month": 31, "weekday_of_month": 5, "business_day_of_month": 10}[which]
        numbers = st.integers(1, highest) | (st.integers(-10, -1) if which == "business_day_of_month" else st.just(-1))
        rule[which] = draw(numbers)
        if which == "weekday_of_month":
            rule["days_of_week"] = [draw(st.integers(0, 6))]
        if frequency != "monthly":
            rule["month"] = draw(st.integers(1, 12))
    return rule


@settings(
    max_examples=5000 if FULL else 100, deadline=None, derandomize=not FULL, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rule=rules(), after=st.integers(int(datetime(2010, 6, 1, tzinfo=UTC).timestamp()), int(datetime(2012, 6, 1, tzinfo=UTC).timestamp()))
)
def test_any_rule_gives_what_the_oracle_gives_and_each_run_is_strictly_after_the_one_before(
    closing: Calendar, rule: dict[str, Any], after: int
) -> None:
    until = after + 500 * 86_400
    connection = closing.connection
    try:
        with connection.transaction():
            found = asked(closing, rule, after, until)
    except psycopg.Error as error:
        assert "no run ever comes" in str(error)
        assert oracle.runs_of(rule, int(oracle.FIRST.timestamp()), int(oracle.LAST.timestamp()) - 90 * 86_400, BUSINESS) == []
        return
    expected = oracle.runs_of(rule, after, until, BUSINESS)
    assert found == expected
    last = after
    for following, days in found:
        assert following > last
        for instant in (last, following - 1):
            rows = connection.execute(
                "select extract(epoch from run_at)::bigint, days "
                "from octavo.find_runs(jsonb_populate_record(null::octavo.schedule_rule, %s), to_timestamp(%s), null, 1, null)",
                [Jsonb(rule), instant],
            ).fetchall()
            assert rows == [(following, days)]
        last = following
