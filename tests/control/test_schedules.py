"""A schedule runs at its planned time, once, with its owner's rights of that moment; what does not run says why."""

import json
import threading
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from octavo.control.access import actions as access
from octavo.control.runs import actions as runs
from octavo.control.schedules import actions, firing, jobs, making
from octavo.control.templates import actions as templates
from octavo.control.tenancy import actions as tenancy
from octavo.control.tenancy import business_days
from octavo.database.connection import Database
from octavo.errors import Conflict, NotFound, UsageError
from octavo.pipeline.document import Organization
from tests.conftest import ROOT
from tests.control.planned import ACTOR, REPORTS, Desk, days_back


@pytest.fixture
def desk(database: Database, organization: Organization, tmp_path: Path) -> Desk:
    with database.tenant(organization.id) as connection:
        boss = access.add_member(connection, ACTOR, "boss@alpha.example", role="admin").user_id
        access.add_member(connection, ACTOR, "second@alpha.example", role="admin")
    return Desk(database, organization, tmp_path / "store", boss)


def test_a_schedule_that_is_due_has_a_run_for_each_format_and_moves_on(desk: Desk) -> None:
    schedule = desk.due(
        formats=("csv", "json"), subject="Grain", message="As every day", deliver_to=[{"channel": "email", "to": "a@b.example"}]
    )
    planned = schedule.next_run_at
    assert planned is not None
    desk.fire()
    made = desk.runs(schedule)
    assert [(run.format, run.source, run.planned_at, run.requested_by, run.state) for run in made] == [
        ("csv", "scheduled", planned, desk.boss, "pending"), ("json", "scheduled", planned, desk.boss, "pending"),
    ]  # fmt: skip
    assert {(run.subject, run.message, json.dumps(run.deliver_to)) for run in made} == {
        ("Grain", "As every day", '[{"to": "a@b.example", "channel": "email"}]')
    }
    assert desk.told(schedule) == [("running", None)]
    moved = desk.find(schedule)
    assert (moved.last_planned_at, moved.next_run_at) == (planned, planned + timedelta(days=1))
    assert desk.superuser("select count(*) from octavo_queue.procrastinate_jobs where status = 'todo'") == [(2,)]
    desk.fire()
    assert len(desk.runs(schedule)) == 2
    desk.work()
    assert desk.told(schedule) == [("running", None)]  # the other format is not over
    desk.work()
    assert desk.told(schedule) == [("completed", None)]


def test_a_scheduled_run_is_of_the_planned_time_in_the_schedules_zone_and_its_manifest_says_so(desk: Desk) -> None:
    """1 March 2024, 00:30 in Auckland, is 29 February 11:30 UTC: the previous month is February there, January here."""
    template = desk.template("retail.sales", parameters={"period": "previous_month"})
    planned = datetime(2024, 2, 29, 11, 30, tzinfo=UTC)
    schedule = desk.schedule(
        template, time_of_day=time(0, 30), time_zone="Pacific/Auckland", frequency="monthly", day_of_month=1, missed_within_hours=8784
    )
    desk.superuser(
        "insert into octavo.scheduled_tick (organization_id, schedule_id, planned_at, state) values (%s, %s, %s, 'running')",
        desk.organization.id, schedule.id, planned,
    )  # fmt: skip
    with desk.database.tenant(desk.organization.id) as connection:
        made = making.Making(connection, REPORTS)
        stands = made.stands(schedule)
        assert isinstance(stands, making.Standing)
        firing.orders.write(connection, ACTOR, made.order(schedule, stands, planned, source="scheduled", schedule_id=schedule.id))
    manifest = desk.work().manifest
    assert manifest is not None
    assert manifest["parameters"]["period"] == {"start": "2024-02-01", "end": "2024-02-29", "time_zone": "Pacific/Auckland"}
    assert datetime.fromisoformat(manifest["planned_at"]) == planned
    assert manifest["planned_at"].endswith("+13:00")
    assert datetime.fromisoformat(manifest["snapshot_taken_at"]) > planned + timedelta(days=365)


def test_the_latest_completed_billing_period_is_that_of_the_planned_time(desk: Desk) -> None:
    with desk.database.tenant(desk.organization.id) as connection:
        connection.execute(
            "insert into energy.billing_period (name, start_date, end_date) values ('May', '2024-05-01', '2024-05-31'), ('June', '2024-06-01', '2024-06-30')"
        )
    template = desk.template("energy.generation_summary", parameters={"period": "latest_billing_period"})
    schedule = desk.schedule(template, frequency="monthly", day_of_month=5)
    with desk.database.tenant(desk.organization.id) as connection:
        from octavo.control.schedules import byhand

        byhand.backfill(
            connection, desk.principal, ACTOR, schedule.id, after=datetime(2024, 6, 1, tzinfo=UTC), until=datetime(2024, 6, 30, tzinfo=UTC), reports=REPORTS
        )  # fmt: skip
    manifest = desk.work().manifest
    assert manifest is not None and (manifest["parameters"]["period"]["start"], manifest["parameters"]["period"]["end"]) == (
        "2024-05-01",
        "2024-05-31",
    )


@pytest.mark.parametrize(
    ("policy", "back", "expected"),
    [  # three days without a worker, who comes back an hour after a time; or two minutes after one, which then is on time
        ("skip", timedelta(hours=1), ["skipped", "skipped", "skipped"]),
        ("once", timedelta(hours=1), ["skipped", "skipped", "running"]),
        ("all", timedelta(hours=1), ["running", "queued", "queued"]),
        ("skip", timedelta(minutes=2), ["skipped", "skipped", "running"]),
        ("once", timedelta(minutes=2), ["skipped", "skipped", "running"]),
        ("all", timedelta(minutes=2), ["running", "queued", "queued"]),
    ],
)
def test_after_three_days_without_a_worker_each_policy_does_what_it_says(
    desk: Desk, policy: str, back: timedelta, expected: list[str]
) -> None:
    last = datetime.now(UTC) - back
    schedule = desk.due(last - timedelta(days=2), missed=policy, missed_within_hours=96)
    desk.fire()
    ticks = desk.ticks(schedule)
    assert [tick.state for tick in ticks] == expected
    assert [tick.days for tick in ticks] == [[day] for day in days_back(3, last)]
    assert [tick.planned_at.date() for tick in ticks] == days_back(3, last)
    assert all((tick.why, bool(tick.reason)) == ("missed", True) for tick in ticks if tick.state == "skipped")
    assert len(desk.runs(schedule)) == expected.count("running")
    while any(tick.state in ("running", "queued") for tick in desk.ticks(schedule)):  # what waits has its turn, one after the other
        desk.work()
        desk.fire()
    assert len(desk.runs(schedule)) == expected.count("running") + expected.count("queued")
    assert desk.find(schedule).next_run_at == ticks[-1].planned_at + timedelta(days=1)


@pytest.mark.parametrize("policy", ["once", "all"])
def test_what_lies_further_back_than_the_window_is_skipped_whatever_the_policy(desk: Desk, policy: str) -> None:
    schedule = desk.due(datetime.now(UTC) - timedelta(days=2, hours=1), missed=policy, missed_within_hours=24)
    desk.fire()
    assert desk.told(schedule) == [("skipped", "missed"), ("skipped", "missed"), ("running", None)]
    assert "24 hours" in desk.ticks(schedule)[0].reason or policy == "once"


@pytest.mark.parametrize(
    ("policy", "expected", "count"),
    [("skip", ("skipped", "overlap"), 1), ("queue", ("queued", "overlap"), 1), ("allow", ("running", None), 2)],
)
def test_a_time_that_comes_while_the_run_before_is_at_work_does_as_the_policy_says(
    desk: Desk, policy: str, expected: tuple[str, str | None], count: int
) -> None:
    schedule = desk.due(overlap=policy)
    desk.fire()
    desk.make_due(schedule, datetime.now(UTC) - timedelta(seconds=1))
    desk.fire()
    assert desk.told(schedule) == [("running", None), expected]
    assert len(desk.runs(schedule)) == count
    desk.work()
    desk.fire()
    assert len(desk.runs(schedule)) == (1 if policy == "skip" else 2)
    if policy != "skip":
        desk.work()
        assert [state for state, _ in desk.told(schedule)] == ["completed", "completed"]


def lose(desk: Desk, how: str) -> None:
    with desk.database.tenant(desk.organization.id) as connection:
        if how == "put out":
            access.set_member(connection, ACTOR, desk.boss, active=False)
        elif how == "viewer":
            access.set_member(connection, ACTOR, desk.boss, role="viewer")
        elif how == "member":
            access.set_member(connection, ACTOR, desk.boss, role="member")
    if how == "person inactive":
        access.set_active(desk.database, desk.boss, active=False)


@pytest.mark.parametrize("how", ["put out", "viewer", "person inactive"])
def test_a_schedule_whose_owner_was_deactivated_or_lost_the_right_is_paused_and_says_so(desk: Desk, how: str) -> None:
    schedule = desk.due()
    lose(desk, how)
    desk.fire()
    assert desk.told(schedule) == [("skipped", "owner")]
    assert desk.runs(schedule) == []
    paused = desk.find(schedule)
    assert (paused.active, paused.next_run_at) == (False, None)
    assert paused.paused_reason is not None and "owner" in paused.paused_reason and "take" in paused.paused_reason
    (entry,) = desk.recorded("schedule.paused")
    assert (entry["why"], entry["reason"]) == ("owner", paused.paused_reason)
    with desk.database.tenant(desk.organization.id) as connection, pytest.raises(Conflict, match="owner"):
        actions.activate(connection, desk.principal_or_any(), ACTOR, schedule.id, reports=REPORTS)


def test_an_owner_who_may_no_longer_send_to_others_pauses_what_goes_to_others_alone(desk: Desk) -> None:
    out = desk.due(deliver_to=[{"channel": "email", "to": "else@where.example"}])
    own = desk.due(deliver_to=[{"channel": "email", "to": "boss@alpha.example"}])
    lose(desk, "member")
    desk.fire()
    assert desk.told(out) == [("skipped", "owner")]
    assert desk.told(own) == [("running", None)]


def test_an_owner_who_left_the_project_of_the_template_pauses_the_schedule(desk: Desk) -> None:
    with desk.database.tenant(desk.organization.id) as connection:
        project = tenancy.create_project(connection, ACTOR, "North").id
    schedule = desk.due(template=desk.template(project_id=project))
    lose(desk, "member")
    desk.fire()
    assert desk.told(schedule) == [("skipped", "owner")]


def test_an_owner_who_lost_the_right_between_the_time_and_the_run_pauses_the_schedule_too(desk: Desk) -> None:
    schedule = desk.due()
    desk.fire()
    lose(desk, "viewer")
    desk.fail("forbidden", "Whoever asked may not any more")
    assert desk.told(schedule) == [("failed", "run")]
    assert desk.find(schedule).active is False
    assert desk.recorded("schedule.paused")[0]["why"] == "owner"


def test_personal_data_is_masked_by_what_the_owner_may_see_now(desk: Desk) -> None:
    schedule = desk.due()
    desk.fire()
    assert desk.runs(schedule)[0].masked is False
    lose(desk, "member")
    desk.make_due(schedule, datetime.now(UTC) - timedelta(seconds=1))
    desk.work()
    desk.fire()
    assert desk.runs(schedule)[1].masked is True
    assert desk.runs(schedule)[0].manifest["masked"] is True  # type: ignore[index]  # asked before, made after


def test_a_schedule_whose_template_was_deactivated_is_paused_and_says_so(desk: Desk) -> None:
    schedule = desk.due()
    with desk.database.tenant(desk.organization.id) as connection:
        templates.deactivate(connection, ACTOR, schedule.template_id)
    desk.fire()
    assert desk.told(schedule) == [("skipped", "template")]
    assert desk.runs(schedule) == []
    assert "out of use" in (desk.find(schedule).paused_reason or "")
    assert desk.recorded("schedule.paused")[0]["why"] == "template"


def test_a_schedule_whose_period_has_no_data_does_what_its_condition_says(desk: Desk) -> None:
    empty = {"parameters": {"rows": 0}}
    only = desk.due(only_if="rows", deliver_to=[{"channel": "email", "to": "a@b.example"}], **empty)
    desk.fire()
    held = desk.work()
    assert (held.state, held.error_kind, held.file_key) == ("cancelled", "held_back", None)
    assert desk.told(only) == [("skipped", "condition")]
    assert "no rows" in desk.ticks(only)[0].reason
    assert desk.files() == []
    assert desk.superuser("select count(*) from octavo.delivery") == [(0,)]
    always = desk.due(**empty)
    desk.fire()
    assert desk.work().records == 0
    assert desk.told(always) == [("completed", None)]
    filled = desk.due(only_if="rows")
    desk.fire()
    assert desk.work().records == 10
    assert desk.told(filled) == [("completed", None)]


@pytest.mark.parametrize(
    ("comparison", "threshold", "made"),
    [
        ("above", 4, False),
        ("at_least", 4, True),
        ("above", 3, True),
        ("below", 4, False),
        ("below", 5, True),
        ("at_most", 4, True),
        ("at_most", 3, False),
    ],
)
def test_a_condition_on_a_key_figure_lets_a_file_be_made_or_not(desk: Desk, comparison: str, threshold: int, made: bool) -> None:
    """The example of retail.sales has three sales and a cancellation in June 2014 of London: four invoices, as its comment counts."""
    seed = (ROOT / "src/octavo/packs/retail/sales/example/seed.sql").read_bytes()
    with desk.database.tenant(desk.organization.id) as connection:
        connection.execute(seed)
    template = desk.template("retail.sales", parameters={"period": "2014-06"})
    said = {"metric": "summary.invoices", "comparison": comparison, "threshold": Decimal(threshold)}
    schedule = desk.due(template=template, time_zone="Europe/London", only_if="metric", **said)
    desk.fire()
    run = desk.work()
    assert (run.state == "completed", desk.told(schedule)[0][0]) == (made, "completed" if made else "skipped")
    assert made == bool(desk.files())


def test_five_failures_in_a_row_pause_a_schedule_and_a_success_between_begins_the_count_anew(desk: Desk) -> None:
    schedule = desk.due()

    def again() -> None:
        desk.make_due(schedule, datetime.now(UTC))
        desk.fire()

    for _ in range(4):
        again()
        desk.fail()
    assert desk.find(schedule).failures == 4
    again()
    desk.work()
    assert desk.find(schedule).failures == 0
    for number in range(5):
        assert desk.find(schedule).active, number
        again()
        desk.fail(message=f"It failed for the {number}. time")
    paused = desk.find(schedule)
    assert (paused.active, paused.failures, paused.next_run_at) == (False, 5, None)
    assert "5 failures in a row" in (paused.paused_reason or "") and "It failed for the 4. time" in (paused.paused_reason or "")
    assert [(entry["why"], entry["name"]) for entry in desk.recorded("schedule.paused")] == [("failures", "Daily")]
    with desk.database.tenant(desk.organization.id) as connection:
        back = actions.activate(connection, desk.principal, ACTOR, schedule.id, reports=REPORTS)
    assert (back.active, back.failures, back.paused_reason) == (True, 0, None)
    assert back.next_run_at is not None and back.next_run_at > datetime.now(UTC)


def test_a_time_for_which_nothing_can_be_asked_has_failed_and_says_why(desk: Desk) -> None:
    schedule = desk.due(pause_after_failures=1, parameters={"rows": 3})
    desk.superuser("update octavo.report_template set report = 'retail.sales' where id = %s", schedule.template_id)
    desk.fire()
    assert desk.told(schedule) == [("failed", "request")]
    assert "rows" in desk.ticks(schedule)[0].reason
    assert desk.find(schedule).active is False


def test_a_schedule_whose_report_this_worker_does_not_have_is_left_to_another_for_a_while(desk: Desk) -> None:
    schedule = desk.due()
    other = desk.due(datetime.now(UTC) - timedelta(minutes=11))
    from octavo.pipeline import catalog

    jobs.take_all_due(desk.database, catalog.installed())  # without the mill
    assert desk.told(schedule) == []
    assert desk.told(other) == [("failed", "request")]
    desk.fire()
    assert desk.told(schedule) == [("running", None)]


def test_editing_the_rule_of_an_overdue_schedule_skips_what_was_due_and_says_so(desk: Desk) -> None:
    schedule = desk.due()
    desk.change(schedule, name="Renamed", time_of_day=schedule.time_of_day)
    assert desk.told(schedule) == []  # the rule is the same: it is still due
    desk.change(schedule, time_of_day=time(5, 17))
    assert desk.told(schedule) == [("skipped", "changed")]
    desk.fire()
    assert desk.runs(schedule) == []


def test_deactivating_skips_what_was_due_and_what_waited(desk: Desk) -> None:
    schedule = desk.due()
    desk.fire()
    desk.make_due(schedule, datetime.now(UTC) - timedelta(seconds=1))
    desk.fire()
    desk.make_due(schedule, datetime.now(UTC))
    with desk.database.tenant(desk.organization.id) as connection:
        actions.deactivate(connection, desk.principal, ACTOR, schedule.id)
    assert desk.told(schedule) == [("running", None), ("skipped", "deactivated"), ("skipped", "deactivated")]
    desk.work()
    assert desk.told(schedule)[0] == ("completed", None)  # what was at work is not taken away


def test_a_failed_run_that_is_begun_anew_by_hand_settles_its_time_again(desk: Desk) -> None:
    schedule = desk.due()
    desk.fire()
    desk.fail()
    assert desk.told(schedule) == [("failed", "run")]
    with desk.database.tenant(desk.organization.id) as connection:
        runs.retry(connection, ACTOR, desk.runs(schedule)[0].id)
    assert desk.told(schedule) == [("running", None)]
    desk.work()
    assert desk.told(schedule) == [("completed", None)]
    assert desk.find(schedule).failures == 0


def test_many_schedulers_at_once_take_each_time_once(desk: Desk) -> None:
    desk.many_due(300)
    rounds: list[jobs.Round] = []
    threads = [threading.Thread(target=lambda: rounds.append(desk.fire())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while desk.fire().taken:
        pass
    assert len(rounds) == 4
    counted = "select count(*), count(distinct (schedule_id, planned_at)), count(distinct schedule_id) from octavo.generated_report"
    assert desk.superuser(counted) == [(300, 300, 300)]
    assert desk.superuser("select count(*) from octavo.scheduled_tick where state = 'running'") == [(300,)]


def test_a_planned_time_has_one_run_in_each_format_whoever_writes_it(desk: Desk) -> None:
    schedule = desk.due()
    desk.fire()
    with desk.database.tenant(desk.organization.id) as connection, pytest.raises(psycopg.errors.UniqueViolation):
        connection.execute(
            "insert into octavo.generated_report (report, report_version, format, schedule_id, planned_at) "
            "select report, report_version, format, schedule_id, planned_at from octavo.generated_report"
        )
    assert len(desk.runs(schedule)) == 1


def test_a_holiday_or_another_weekend_moves_the_next_time_at_once(desk: Desk) -> None:
    """1 January 2100 is a Friday. Without work on Fridays and with Saturday open it is Saturday."""
    schedule = desk.schedule(frequency="annual", month=1, day_of_month=1, when_closed="next_business_day", starts_on=date(2100, 1, 1))
    assert desk.find(schedule).next_run_at == datetime(2100, 1, 1, 6, tzinfo=UTC)
    with desk.database.tenant(desk.organization.id) as connection:
        business_days.add_holiday(connection, ACTOR, business_days.Holiday(date(2100, 1, 1), "New Year"))
    assert desk.find(schedule).next_run_at == datetime(2100, 1, 4, 6, tzinfo=UTC)
    with desk.database.tenant(desk.organization.id) as connection:
        business_days.set_weekend(connection, ACTOR, [0, 5])
    assert desk.find(schedule).next_run_at == datetime(2100, 1, 2, 6, tzinfo=UTC)


def test_the_next_times_are_looked_over_for_all_organizations(desk: Desk) -> None:
    schedule = desk.schedule()
    before = schedule.next_run_at
    desk.superuser(
        "set session_replication_role = replica; update octavo.scheduled_report set next_run_at = next_run_at + interval '1 hour'"
    )
    assert jobs.correct_next_times(desk.database) == 1
    assert desk.find(schedule).next_run_at == before
    assert jobs.correct_next_times(desk.database) == 0


WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"name": " "}, UsageError, "name"),
    ({"frequency": "weekly"}, UsageError, "days_of_week"),
    ({"time_zone": "Mars/Olympus"}, UsageError, "time zone"),
    ({"parameters": {"grains": 1}}, UsageError, "no parameter"),
    ({"formats": ("docx",)}, UsageError, "docx"),
    ({"only_if": "metric"}, UsageError, "needs metric"),
    ({"only_if": "metric", "metric": "rows.number", "comparison": "above", "threshold": Decimal(1)}, UsageError, "no key figure"),
    ({"metric": "a.b"}, UsageError, "only_if = metric"),
    ({"deliver_to": [{"channel": "pigeon"}]}, UsageError, "channel"),
    ({"template": 10**12}, NotFound, "template"),
]


@pytest.mark.parametrize(("said", "error", "words"), WRONG, ids=[words for _, _, words in WRONG])
def test_what_could_never_run_is_refused_when_it_is_written_and_nothing_is_made(
    desk: Desk, said: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        desk.schedule(**said)
    assert desk.superuser("select count(*) from octavo.scheduled_report") == [(0,)]


def test_a_schedule_of_another_organization_is_not_there(desk: Desk, other_organization: Organization) -> None:
    schedule = desk.due()
    with desk.database.tenant(other_organization.id) as connection, pytest.raises(NotFound):
        actions.find(connection, desk.principal_or_any(), schedule.id)


def test_the_states_and_words_of_the_rules_are_those_of_the_tables(desk: Desk) -> None:
    from octavo.control.schedules import rules

    checks = dict(
        desk.superuser(
            "select a.attname, pg_get_expr(c.conbin, c.conrelid) from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid and c.conkey = array[a.attnum] "
            "where c.contype = 'c' and c.conrelid in ('octavo.scheduled_tick'::regclass, 'octavo.scheduled_report'::regclass)"
        )
    )
    for column, words in {
        "state": rules.TICK_STATES, "kind": rules.TICK_KINDS, "why": rules.WHY, "missed": rules.MISSED, "overlap": rules.OVERLAP, "only_if": rules.ONLY_IF,
    }.items():  # fmt: skip
        import re

        assert tuple(re.findall(r"'(\w+)'::text", checks[column])) == words, column
