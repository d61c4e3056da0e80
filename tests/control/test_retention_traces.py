"""What is over and holds no file goes in its time: past times of schedules, and messages that were of no run."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from octavo.control.access import actions as access
from octavo.control.retention import actions as retention
from octavo.control.retention import jobs as rounds
from octavo.database.connection import Database
from octavo.pipeline.document import Organization
from octavo.pipeline.store import open_store
from tests.control.planned import ACTOR, Desk
from tests.control.test_retention import ADMIN, say


def boss(database: Database, organization: Organization) -> int:
    with database.tenant(organization.id) as connection:
        return access.add_member(connection, ACTOR, "boss@alpha.example", role="admin").user_id


def test_times_of_schedules_and_messages_of_no_run_go_after_the_files_of_reports(
    database: Database, organization: Organization, tmp_path: Path
) -> None:
    schedule = Desk(database, organization, tmp_path, boss(database, organization)).schedule().id
    with database.tenant(organization.id) as connection:
        for days in (98, 96, 10, 0):  # files of reports stay 90 days, rows 7 more
            connection.execute(
                "insert into octavo.scheduled_tick (schedule_id, planned_at, state, why, reason, settled_at) "
                "select %(schedule)s, at, 'skipped', 'missed', 'No worker was there', at from (select clock_timestamp() - make_interval(days => %(days)s) as at) as once",
                {"schedule": schedule, "days": days},
            )
            connection.execute(
                "insert into octavo.delivery (purpose, occasion, channel, recipient, target, state, next_try_at, ended_at) "
                "values ('event', %(days)s::text, 'webhook', 'a hook', '{}', 'sent', null, clock_timestamp() - make_interval(days => %(days)s))",
                {"days": days},
            )
        connection.execute(
            "insert into octavo.delivery (purpose, occasion, channel, recipient, target, created_at) values ('event', 'waits', 'webhook', 'a hook', '{}', now() - interval '1 year')"
        )

    def there() -> tuple[int, int]:
        with database.tenant(organization.id) as connection:
            row = connection.execute(
                "select (select count(*) from octavo.scheduled_tick), (select count(*) from octavo.delivery)"
            ).fetchone()
        assert row is not None
        return row

    with database.tenant(organization.id) as connection:
        retention.hold_all(connection, ADMIN, "a lawsuit")
    assert rounds.tend(database, open_store(str(tmp_path / "store")), organization).traces == 0
    with database.tenant(organization.id) as connection:
        retention.release_all(connection, ADMIN, "it is over")
    assert rounds.tend(database, open_store(str(tmp_path / "store")), organization).traces == 2
    assert there() == (3, 4)
    say(database, organization, report_days=1, row_days=1)
    assert rounds.tend(database, open_store(str(tmp_path / "store")), organization).traces == 4
    assert there() == (1, 2)  # the schedule's latest time; what ended today, and what was not sent yet


def test_a_time_stays_as_long_as_its_run(database: Database, organization: Organization, tmp_path: Path) -> None:
    desk = Desk(database, organization, tmp_path / "store", boss(database, organization))
    schedule = desk.due(datetime.now(UTC) - timedelta(minutes=1))
    desk.fire()
    run = desk.work()
    with database.tenant(organization.id) as connection:
        connection.execute("update octavo.scheduled_tick set settled_at = settled_at - interval '98 days'")
        connection.execute(
            "insert into octavo.scheduled_tick (schedule_id, planned_at, state, why, reason, settled_at) values (%s, now(), 'skipped', 'missed', 'later', now())",
            [schedule.id],
        )
    assert rounds.tend(database, open_store(str(tmp_path / "store")), organization).traces == 0
    with database.tenant(organization.id) as connection:
        connection.execute("delete from octavo.generated_report where id = %s", [run.id])
    assert rounds.tend(database, open_store(str(tmp_path / "store")), organization).traces == 1
    assert [tick.reason for tick in desk.ticks(schedule)] == ["later"]
