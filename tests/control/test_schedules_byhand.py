"""What a person does with a schedule beside its rule: run it now, look at what it would make, make up for times that passed."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from octavo.control.access import actions as access
from octavo.control.schedules import byhand
from octavo.control.schedules.actions import Schedule, Tick
from octavo.database.connection import Database
from octavo.errors import Conflict, TooManyRequests, UsageError
from octavo.pipeline.document import Organization
from octavo.settings import settings
from tests.control.planned import ACTOR, REPORTS, Desk
from tests.control.test_schedules import desk, lose

__all__ = ["desk"]

MAIL = [{"channel": "email", "to": "a@b.example"}]


def trigger(desk: Desk, schedule: Schedule) -> Tick:
    with desk.database.tenant(desk.organization.id) as connection:
        return byhand.trigger(connection, desk.principal_or_any(), ACTOR, schedule.id, reports=REPORTS)


def backfill(desk: Desk, schedule: Schedule, after: str, until: str, *, send: bool = False) -> list[Tick]:
    first, last = (datetime.fromisoformat(one).replace(tzinfo=UTC) for one in (after, until))
    with desk.database.tenant(desk.organization.id) as connection:
        return byhand.backfill(connection, desk.principal, ACTOR, schedule.id, after=first, until=last, send=send, reports=REPORTS)


def test_a_schedule_that_is_triggered_runs_now_for_its_recipients_and_keeps_its_next_time(desk: Desk) -> None:
    schedule = desk.schedule(desk.template("retail.sales", parameters={"period": "yesterday"}), formats=("csv", "json"), deliver_to=MAIL)
    before = datetime.now(UTC)
    tick = trigger(desk, schedule)
    assert (tick.state, tick.kind, len(tick.runs)) == ("running", "triggered", 2)
    assert before <= tick.planned_at <= datetime.now(UTC)
    assert {(run.planned_at, run.requested_by, len(run.deliver_to)) for run in desk.runs(schedule)} == {(tick.planned_at, desk.boss, 1)}
    assert desk.find(schedule).next_run_at == schedule.next_run_at
    manifest = desk.work().manifest
    assert manifest is not None
    assert manifest["parameters"]["period"]["start"] == (tick.planned_at - timedelta(days=1)).date().isoformat()


@pytest.mark.parametrize("policy", ["skip", "queue", "allow"])
def test_a_trigger_while_the_run_before_is_at_work_does_as_the_policy_says(desk: Desk, policy: str) -> None:
    schedule = desk.schedule(overlap=policy)
    trigger(desk, schedule)
    if policy == "skip":
        with pytest.raises(Conflict, match="not over"):
            trigger(desk, schedule)
    else:
        assert trigger(desk, schedule).state == ("queued" if policy == "queue" else "running")
    assert len(desk.runs(schedule)) == (2 if policy == "allow" else 1)
    desk.work()
    desk.fire()
    assert len(desk.runs(schedule)) == (1 if policy == "skip" else 2)


def test_what_is_out_of_use_or_lost_its_owner_is_not_triggered(desk: Desk) -> None:
    schedule = desk.schedule()
    lose(desk, "put out")
    with pytest.raises(Conflict, match="owner"):
        trigger(desk, schedule)
    desk.superuser("set session_replication_role = replica; update octavo.scheduled_report set active = false")
    with pytest.raises(Conflict, match="activate"):
        trigger(desk, schedule)
    assert desk.runs() == []


def test_a_preview_is_made_with_the_rights_of_who_asks_for_the_next_time_and_sent_to_nobody(desk: Desk, database: Database) -> None:
    """A monthly schedule's preview is of the period that its next run will have."""
    template = desk.template("retail.sales", parameters={"period": "previous_month"})
    schedule = desk.schedule(
        template, formats=("csv", "json"), frequency="monthly", day_of_month=1, starts_on=date(2100, 2, 1), deliver_to=MAIL
    )
    with database.tenant(desk.organization.id) as connection:
        asker = access.principal_of(connection, access.known_person(connection, "second@alpha.example"))
        made = byhand.preview(connection, asker, ACTOR.of(asker), schedule.id, formats=["json"], reports=REPORTS)
    (run,) = made
    assert (run.format, run.deliver_to, run.requested_by, run.schedule_id) == ("json", [], asker.user_id, None)
    assert desk.ticks(schedule) == []
    manifest = desk.work().manifest
    assert manifest is not None and manifest["parameters"]["period"]["start"] == "2100-01-01"
    assert desk.superuser("select count(*) from octavo.delivery") == [(0,)]


def test_backfill_makes_each_passed_time_once_with_its_own_period_and_sends_nothing_unless_told(desk: Desk) -> None:
    """The first of the month at 06:00 in Berlin, January to April 2024: 05:00 UTC, and 04:00 UTC from April on."""
    template = desk.template("retail.sales", parameters={"period": "previous_month"})
    schedule = desk.schedule(template, frequency="monthly", day_of_month=1, time_of_day=time(6), time_zone="Europe/Berlin", deliver_to=MAIL)
    made = backfill(desk, schedule, "2023-12-31", "2024-04-02")
    assert [tick.planned_at for tick in made] == [
        datetime(2024, 1, 1, 5, tzinfo=UTC), datetime(2024, 2, 1, 5, tzinfo=UTC), datetime(2024, 3, 1, 5, tzinfo=UTC), datetime(2024, 4, 1, 4, tzinfo=UTC),
    ]  # fmt: skip
    assert {tick.kind for tick in made} == {"backfill"}
    assert backfill(desk, schedule, "2023-12-31", "2024-04-02") == []  # they are under way
    periods = {}
    for _ in made:
        run = desk.work()
        assert run.manifest is not None and run.planned_at is not None and run.deliver_to == []
        periods[run.planned_at.month] = run.manifest["parameters"]["period"]["start"]
    assert periods == {1: "2023-12-01", 2: "2024-01-01", 3: "2024-02-01", 4: "2024-03-01"}
    assert backfill(desk, schedule, "2023-12-31", "2024-04-02") == []  # they are there
    (more,) = backfill(desk, schedule, "2024-04-02", "2024-05-02", send=True)
    assert desk.runs(schedule)[-1].deliver_to == [{"channel": "email", "to": "a@b.example"}]
    assert more.planned_at == datetime(2024, 5, 1, 4, tzinfo=UTC)


def test_backfill_makes_up_for_what_failed_was_skipped_or_whose_file_has_gone(desk: Desk) -> None:
    schedule = desk.schedule()
    backfill(desk, schedule, "2024-01-01T00:00", "2024-01-03T00:00")
    desk.fail()
    desk.work()
    assert sorted(state for state, _ in desk.told(schedule)) == ["completed", "failed"]
    (again,) = backfill(desk, schedule, "2024-01-01T00:00", "2024-01-03T00:00")
    assert len(again.runs) == 2  # the one that failed stays
    desk.work()
    assert [state for state, _ in desk.told(schedule)] == ["completed", "completed"]
    desk.superuser("update octavo.generated_report set state = 'expired' where planned_at = '2024-01-02 06:00+00'")
    (gone,) = backfill(desk, schedule, "2024-01-01T00:00", "2024-01-03T00:00")
    assert gone.planned_at == datetime(2024, 1, 2, 6, tzinfo=UTC)
    desk.work()
    assert [state for state, _ in desk.told(schedule)] == ["completed", "completed"]


def test_backfill_is_refused_for_the_future_for_too_much_at_once_and_where_too_many_wait(
    desk: Desk, organization: Organization, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    schedule = desk.schedule()
    with pytest.raises(UsageError, match="passed"):
        backfill(desk, schedule, "2024-01-01", "2099-01-01")
    with pytest.raises(UsageError, match="366"):
        backfill(desk, schedule, "2022-01-01", "2023-06-01")
    assert settings().most_queued == 1000
    desk.superuser(
        "insert into octavo.generated_report (organization_id, report, report_version, format) select %s, 'a.b', '1', 'csv' from generate_series(1, 995)",
        organization.id,
    )  # fmt: skip
    with pytest.raises(TooManyRequests):
        backfill(desk, schedule, "2024-01-01", "2024-01-10")
    assert desk.ticks(schedule) == []
