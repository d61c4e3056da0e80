"""Which days a rule means, what business days do to them, and which rules are refused. The days were read off a wall calendar."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from octavo.database.connection import Database
from octavo.pipeline.document import Organization
from tests.database.calendars import Calendar

SUNDAY, MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY = range(7)
NEW_YEAR = "2025-12-31 23:59+00"


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ({"frequency": "daily"}, "2026-01-01 2026-01-02 2026-01-03"),
        ({"frequency": "daily", "every": 3, "starts_on": "2026-02-26"}, "2026-02-26 2026-03-01 2026-03-04"),
        ({"frequency": "weekly", "days_of_week": [WEDNESDAY, SUNDAY]}, "2026-01-04 2026-01-07 2026-01-11"),
        # A week begins on Monday, so that Sunday the 11th is in the week of the start.
        (
            {"frequency": "weekly", "days_of_week": [SUNDAY, TUESDAY], "every": 2, "starts_on": "2026-01-07"},
            "2026-01-11 2026-01-20 2026-01-25 2026-02-03",
        ),
        ({"frequency": "monthly", "day_of_month": 15}, "2026-01-15 2026-02-15 2026-03-15"),
        ({"frequency": "monthly", "day_of_month": 31}, "2026-01-31 2026-02-28 2026-03-31 2026-04-30"),
        ({"frequency": "monthly", "day_of_month": 30}, "2026-01-30 2026-02-28 2026-03-30 2026-04-30"),
        ({"frequency": "monthly", "day_of_month": -1}, "2026-01-31 2026-02-28 2026-03-31 2026-04-30"),
        ({"frequency": "monthly", "day_of_month": 1, "every": 5, "starts_on": "2026-01-02"}, "2026-06-01 2026-11-01 2027-04-01"),
        ({"frequency": "monthly", "weekday_of_month": 2, "days_of_week": [TUESDAY]}, "2026-01-13 2026-02-10 2026-03-10 2026-04-14"),
        (
            {"frequency": "monthly", "weekday_of_month": -1, "days_of_week": [FRIDAY]},
            "2026-01-30 2026-02-27 2026-03-27 2026-04-24 2026-05-29",
        ),
        ({"frequency": "monthly", "weekday_of_month": 5, "days_of_week": [FRIDAY]}, "2026-01-30 2026-05-29 2026-07-31 2026-10-30"),
        ({"frequency": "monthly", "weekday_of_month": 1, "days_of_week": [SUNDAY]}, "2026-01-04 2026-02-01 2026-03-01 2026-04-05"),
        ({"frequency": "quarterly", "day_of_month": 31}, "2026-01-31 2026-04-30 2026-07-31 2026-10-31"),
        ({"frequency": "quarterly", "day_of_month": 1, "month": 2}, "2026-02-01 2026-05-01 2026-08-01 2026-11-01"),
        ({"frequency": "quarterly", "day_of_month": 1, "month": 12}, "2026-03-01 2026-06-01 2026-09-01 2026-12-01"),
        ({"frequency": "quarterly", "day_of_month": 15, "every": 2, "starts_on": "2026-03-10"}, "2026-04-15 2026-10-15 2027-04-15"),
        ({"frequency": "annual", "month": 2, "day_of_month": 29}, "2026-02-28 2027-02-28 2028-02-29 2029-02-28"),
        ({"frequency": "annual", "month": 3, "day_of_month": 31, "every": 2, "starts_on": "2026-04-01"}, "2027-03-31 2029-03-31"),
        # Memorial Day and Thanksgiving, as the Office of Personnel Management lists them.
        ({"frequency": "annual", "month": 5, "weekday_of_month": -1, "days_of_week": [MONDAY]}, "2026-05-25 2027-05-31 2028-05-29"),
        ({"frequency": "annual", "month": 11, "weekday_of_month": 4, "days_of_week": [THURSDAY]}, "2026-11-26 2027-11-25 2028-11-23"),
        # A February has five Mondays where its 29th is one: 2044 is the next, then 2072.
        ({"frequency": "annual", "month": 2, "weekday_of_month": 5, "days_of_week": [MONDAY]}, "2044-02-29 2072-02-29"),
    ],
    ids=str,
)
def test_the_days_of_a_rule_are_those_of_a_wall_calendar(calendar: Calendar, rule: dict[str, Any], days: str) -> None:
    assert calendar.days(NEW_YEAR, len(days.split()), **rule) == days.split()


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ({"frequency": "monthly", "business_day_of_month": 1}, "2026-01-02 2026-02-02 2026-03-02 2026-04-01 2026-05-04"),
        ({"frequency": "monthly", "business_day_of_month": -1}, "2026-01-30 2026-02-27 2026-03-31 2026-04-30 2026-05-29"),
        ({"frequency": "quarterly", "business_day_of_month": 5}, "2026-01-08 2026-04-09 2026-07-07"),
        ({"frequency": "annual", "month": 12, "business_day_of_month": -2}, "2026-12-30 2027-12-30"),
        # The last day may move into the next month, and the first into the one before; each month still has its run.
        (
            {"frequency": "monthly", "day_of_month": -1, "when_closed": "next_business_day"},
            "2026-02-02 2026-03-02 2026-03-31 2026-04-30 2026-06-01",
        ),
        (
            {"frequency": "monthly", "day_of_month": 1, "when_closed": "previous_business_day"},
            "2026-01-30 2026-02-27 2026-04-01 2026-04-30",
        ),
        ({"frequency": "monthly", "day_of_month": 3, "when_closed": "next_business_day"}, "2026-01-05 2026-02-03 2026-03-03 2026-04-07"),
        ({"frequency": "monthly", "day_of_month": 3, "when_closed": "skip"}, "2026-02-03 2026-03-03 2026-06-03 2026-07-03"),
        ({"frequency": "monthly", "day_of_month": 3, "when_closed": "run"}, "2026-01-03 2026-02-03 2026-03-03 2026-04-03"),
        ({"frequency": "daily", "when_closed": "skip"}, "2026-01-02 2026-01-05 2026-01-06"),
        ({"frequency": "daily", "when_closed": "next_business_day"}, "2026-01-02 2026-01-05 2026-01-06"),
    ],
    ids=str,
)
def test_business_days_are_neither_weekend_nor_holiday_of_the_organization(calendar: Calendar, rule: dict[str, Any], days: str) -> None:
    calendar.close("2026-01-01", "2026-04-03", "2026-04-06", "2026-05-01")  # New Year, Good Friday, Easter Monday, Labour Day
    assert calendar.days(NEW_YEAR, len(days.split()), **rule) == days.split()


def test_the_weekend_is_the_organizations_own(calendar: Calendar) -> None:
    calendar.connection.execute(
        "update octavo.organization set weekend = '{5,6}' where id = octavo.current_organization()"
    )  # Friday, Saturday
    assert calendar.days(NEW_YEAR, 4, frequency="daily", when_closed="skip") == ["2026-01-01", "2026-01-04", "2026-01-05", "2026-01-06"]


def test_a_holiday_of_one_organization_closes_no_other(
    database: Database, organization: Organization, other_organization: Organization
) -> None:
    with database.tenant(organization.id) as connection:
        Calendar(connection).close("2026-01-01")
    with database.tenant(other_organization.id) as connection:
        assert Calendar(connection).days(NEW_YEAR, 1, frequency="daily", when_closed="skip") == ["2026-01-01"]


def test_business_days_of_nobody_are_refused_instead_of_guessed(database: Database) -> None:
    with database.app() as connection:
        assert "set octavo.organization_id" in Calendar(connection).refusal(frequency="daily", when_closed="skip")


@pytest.mark.parametrize("after", ["2026-01-31 11:00+00", "2026-02-01 23:00+00", "2026-02-02 11:59+00"])
def test_a_run_that_was_shifted_is_still_to_come_on_the_closed_days_and_until_its_time(calendar: Calendar, after: str) -> None:
    # 31 January 2026 is a Saturday.
    (run,) = calendar.runs(
        after, 1, frequency="monthly", day_of_month=31, when_closed="next_business_day", time_of_day="12:00", time_zone="UTC"
    )
    assert (str(run), run.days) == ("2026-02-02 12:00 +00:00", (date(2026, 1, 31),))


def test_days_that_fall_together_make_one_run_that_names_them_all(calendar: Calendar) -> None:
    shared, alone, *_ = calendar.runs(
        "2026-01-02 12:00+00", 2, frequency="weekly", days_of_week=[SATURDAY, SUNDAY, MONDAY, FRIDAY],
        when_closed="next_business_day", time_of_day="12:00", time_zone="UTC",
    )  # fmt: skip
    assert (str(shared), shared.days) == ("2026-01-05 12:00 +00:00", (date(2026, 1, 3), date(2026, 1, 4), date(2026, 1, 5)))
    assert (str(alone), alone.days) == ("2026-01-09 12:00 +00:00", (date(2026, 1, 9),))


def test_nothing_runs_before_the_start_or_after_the_end_nor_for_a_day_outside(calendar: Calendar) -> None:
    fridays = {"frequency": "weekly", "days_of_week": [FRIDAY]}
    assert calendar.days(NEW_YEAR, 9, **fridays, starts_on="2026-01-09", ends_on="2026-01-23") == ["2026-01-09", "2026-01-16", "2026-01-23"]
    month_end = {"frequency": "monthly", "day_of_month": -1}  # 31 January and 28 February are Saturdays, 31 May is a Sunday
    assert calendar.days(NEW_YEAR, 9, **month_end, when_closed="next_business_day", starts_on="2026-02-01", ends_on="2026-03-31") == [
        "2026-03-02", "2026-03-31",
    ]  # fmt: skip
    assert calendar.days(NEW_YEAR, 9, **month_end, when_closed="next_business_day", starts_on="2026-01-02", ends_on="2026-02-28") == [
        "2026-02-02"
    ]
    assert calendar.days(NEW_YEAR, 9, **month_end, when_closed="previous_business_day", starts_on="2026-01-31", ends_on="2026-05-30") == [
        "2026-02-27", "2026-03-31", "2026-04-30",
    ]  # fmt: skip


def test_a_rule_whose_only_day_is_moved_past_its_end_is_refused(calendar: Calendar) -> None:
    rule = {
        "frequency": "monthly",
        "day_of_month": -1,
        "when_closed": "next_business_day",
        "starts_on": "2026-01-02",
        "ends_on": "2026-01-31",
    }
    assert "no run ever comes" in calendar.refusal(**rule)


def test_the_next_run_is_strictly_after_the_instant(calendar: Calendar) -> None:
    rule = {"frequency": "daily", "time_of_day": "06:00", "time_zone": "Europe/Berlin"}
    for after, expected in (
        ("2026-06-01 03:59:59.999999+00", "2026-06-01 06:00 +02:00"),
        ("2026-06-01 04:00+00", "2026-06-02 06:00 +02:00"),
        ("2026-06-01 04:00:00.000001+00", "2026-06-02 06:00 +02:00"),
    ):
        assert [str(run) for run in calendar.runs(after, 1, **rule)] == [expected]


def test_between_two_instants_the_later_one_counts_and_the_earlier_does_not(calendar: Calendar) -> None:
    rule = {"frequency": "daily", "time_of_day": "06:00", "time_zone": "UTC"}
    between = calendar.between("2026-06-01 06:00+00", "2026-06-04 06:00+00", **rule)
    assert [f"{run.at:%d}" for run in between] == ["02", "03", "04"]
    assert calendar.between("2026-06-04 06:00+00", "2026-06-01 06:00+00", **rule) == []


def test_the_zone_of_the_session_changes_nothing(calendar: Calendar) -> None:
    rule = {"frequency": "monthly", "day_of_month": 1, "time_of_day": "00:15", "time_zone": "Europe/Berlin"}
    expected = [run.at.astimezone(UTC) for run in calendar.runs("2026-01-01 00:00+00", 5, **rule)]
    for zone in ("Pacific/Kiritimati", "America/Los_Angeles", "Australia/Lord_Howe"):
        calendar.connection.execute("select set_config('timezone', %s, true)", [zone])
        assert [run.at.astimezone(UTC) for run in calendar.runs("2026-01-01 00:00+00", 5, **rule)] == expected


def test_on_demand_is_never_due_and_the_calendar_ends_without_an_error(calendar: Calendar) -> None:
    assert calendar.runs(NEW_YEAR, 3, frequency="on_demand") == []
    daily = {"frequency": "daily", "time_of_day": "12:00", "time_zone": "UTC"}
    assert calendar.runs("infinity", 3, **daily) == []
    assert [str(run) for run in calendar.runs("9998-12-30 12:00+00", 3, **daily)] == ["9998-12-31 12:00 +00:00"]
    assert [str(run) for run in calendar.runs("-infinity", 1, **daily)] == ["1970-01-01 12:00 +00:00"]


MONTHLY = {"frequency": "monthly", "day_of_month": 1}


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({}, "A frequency is daily, weekly"),
        ({"frequency": "hourly"}, "A frequency is daily, weekly"),
        ({"frequency": "daily", "time_of_day": None}, "needs a time_of_day"),
        ({"frequency": "daily", "time_of_day": "24:00"}, "needs a time_of_day"),
        ({"frequency": "daily", "time_zone": None}, "needs a time_zone"),
        ({"frequency": "daily", "time_zone": "Europe/Berlim"}, "There is no time zone Europe/Berlim here"),
        ({"frequency": "daily", "time_zone": "europe/berlin"}, "spelled exactly"),
        ({"frequency": "daily", "time_zone": "localtime"}, "There is no time zone localtime here"),
        ({"frequency": "daily", "time_zone": "posix/Europe/Berlin"}, "There is no time zone posix/Europe/Berlin here"),
        ({"frequency": "daily", "time_zone": "CEST"}, "There is no time zone CEST here"),
        ({"frequency": "daily", "time_zone": "CET"}, "There is no time zone CET here"),
        ({"frequency": "daily", "time_zone": "UTC+2"}, "There is no time zone UTC+2 here"),
        ({"frequency": "daily", "time_zone": "Foo/Bar3"}, "There is no time zone Foo/Bar3 here"),
        ({"frequency": "daily", "every": 0}, "every is a number from 1"),
        ({"frequency": "daily", "every": 2}, "counted from starts_on"),
        ({"frequency": "daily", "days_of_week": [1]}, "make it weekly"),
        ({"frequency": "daily", "day_of_month": 1}, "A daily schedule has no day of the month"),
        ({"frequency": "daily", "when_closed": "tomorrow"}, "when_closed is run, skip"),
        ({"frequency": "daily", "starts_on": "2026-03-02", "ends_on": "2026-03-01"}, "ends_on lies before starts_on"),
        ({"frequency": "daily", "starts_on": "infinity"}, "starts_on and ends_on are days"),
        ({"frequency": "weekly"}, "needs days_of_week"),
        ({"frequency": "weekly", "days_of_week": []}, "numbers from 0, Sunday, to 6"),
        ({"frequency": "weekly", "days_of_week": [7]}, "numbers from 0, Sunday, to 6"),
        ({"frequency": "weekly", "days_of_week": [1, None]}, "numbers from 0, Sunday, to 6"),
        ({"frequency": "weekly", "days_of_week": [1], "month": 1}, "A weekly schedule has no day of the month, and no month"),
        ({"frequency": "weekly", "days_of_week": [0, 6], "when_closed": "skip"}, "no run ever comes"),
        ({"frequency": "monthly"}, "needs one of day_of_month"),
        ({**MONTHLY, "business_day_of_month": 1}, "needs one of day_of_month"),
        ({**MONTHLY, "day_of_month": 0}, "day_of_month is 1 to 31"),
        ({**MONTHLY, "day_of_month": 32}, "day_of_month is 1 to 31"),
        ({**MONTHLY, "day_of_month": -2}, "day_of_month is 1 to 31"),
        ({**MONTHLY, "days_of_week": [1]}, "days_of_week needs weekday_of_month"),
        ({**MONTHLY, "month": 1}, "A monthly schedule has no month"),
        ({"frequency": "monthly", "weekday_of_month": 6, "days_of_week": [1]}, "weekday_of_month is 1 to 5"),
        ({"frequency": "monthly", "weekday_of_month": 1}, "needs the one weekday"),
        ({"frequency": "monthly", "weekday_of_month": 1, "days_of_week": [1, 2]}, "needs the one weekday"),
        ({"frequency": "monthly", "business_day_of_month": 0}, "business_day_of_month is 1 to 10"),
        ({"frequency": "monthly", "business_day_of_month": -11}, "business_day_of_month is 1 to 10"),
        ({"frequency": "annual", "day_of_month": 1}, "An annual schedule needs a month"),
        ({"frequency": "annual", "day_of_month": 1, "month": 13}, "month is a number from 1 to 12"),
        # An odd year has no 29 February, so no fifth Monday in it either.
        (
            {"frequency": "annual", "month": 2, "weekday_of_month": 5, "days_of_week": [1], "every": 2, "starts_on": "2027-01-01"},
            "no run ever comes",
        ),
        ({"frequency": "annual", "month": 7, "day_of_month": 1, "starts_on": "2026-07-02", "ends_on": "2027-06-30"}, "no run ever comes"),
        ({"frequency": "on_demand", "day_of_month": 1}, "What runs on demand has no days"),
    ],
    ids=str,
)
def test_a_rule_that_is_incomplete_contradictory_or_impossible_is_refused_in_words(
    calendar: Calendar, rule: dict[str, Any], words: str
) -> None:
    assert words in calendar.refusal(**rule)


def test_a_year_without_business_days_is_refused_instead_of_searched_for_ever(calendar: Calendar) -> None:
    calendar.connection.execute("insert into octavo.holiday (day) select date '2026-01-01' + n from generate_series(0, 400) n")
    assert "no business day within a year of 2026-01-01" in calendar.refusal(
        frequency="monthly", day_of_month=1, starts_on="2026-01-01", when_closed="next_business_day"
    )


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        # As the two documents call them: with a day of the week, and without.
        ("'weekly'::octavo.report_frequency, 1, NULL, '06:00:00', 'America/New_York', '2026-11-21 12:00+00'", "2026-11-23 11:00"),
        ("'weekly', 0, 31, '06:00', 'UTC', '2026-11-21 12:00+00'", "2026-11-22 06:00"),
        ("'daily', NULL, NULL, '06:00', 'UTC', '2026-11-21 06:00+00'", "2026-11-22 06:00"),
        ("'monthly', NULL, 31, '06:00', 'UTC', '2026-11-21 12:00+00'", "2026-11-30 06:00"),
        ("'monthly'::octavo.report_frequency, 1, '06:00:00', 'America/New_York', '2026-11-21 12:00+00'", "2026-12-01 11:00"),
        ("'monthly', 1, '06:00', 'UTC', '2026-11-21 12:00+00'", "2026-12-01 06:00"),
        ("'quarterly', 5, '06:00', 'UTC', '2026-11-21 12:00+00'", "2027-01-05 06:00"),
        ("'annual', 5, '06:00', 'UTC', '2027-01-05 06:00+00'", "2028-01-05 06:00"),
        ("'on_demand', 1, '06:00', 'UTC', '2026-11-21 12:00+00'", None),
        ("'on_demand', NULL, NULL, '06:00', 'UTC', '2026-11-21 12:00+00'", None),
    ],
)
def test_calculate_next_run_time_takes_the_arguments_of_both_documents(calendar: Calendar, call: str, expected: str | None) -> None:
    row = calendar.connection.execute(f"select octavo.calculate_next_run_time({call})".encode()).fetchone()
    assert row is not None
    assert row[0] == (expected and datetime.fromisoformat(expected).replace(tzinfo=UTC))


@pytest.mark.parametrize(
    ("call", "words"),
    [("'weekly', 1, '06:00', 'UTC', now()", "needs days_of_week"), ("'monthly', 1, NULL, '06:00', 'UTC', now()", "needs one of")],
)
def test_a_document_that_leaves_out_the_day_is_refused_in_words(calendar: Calendar, call: str, words: str) -> None:
    with pytest.raises(Exception, match=words):
        calendar.connection.execute(f"select octavo.calculate_next_run_time({call})".encode())


def test_no_function_of_the_calendar_claims_to_be_immutable_for_it_rests_on_zone_data_and_holidays(calendar: Calendar) -> None:
    made = calendar.connection.execute(
        "select proname, provolatile::text from pg_proc where pronamespace = 'octavo'::regnamespace and proname = any (%s)",
        [["first_instant", "is_business_day", "business_day_from", "day_in_month", "day_of_rule", "find_runs", "check_rule", "show_runs", "next_run_times",
          "run_times_between", "calculate_next_run_time", "pending_run"]],
    ).fetchall()  # fmt: skip
    assert {volatility for _, volatility in made} == {"s"}
    assert len(made) == 14
