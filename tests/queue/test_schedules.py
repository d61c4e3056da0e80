"""Workers run schedules: soon after their time, once whatever is killed, and as their store lets them."""

import secrets
import signal
import time
from datetime import UTC, datetime, timedelta
from datetime import time as clock
from pathlib import Path
from typing import Any

import psycopg

from octavo.control.access import actions as access
from octavo.control.events import Actor
from octavo.control.schedules import actions
from octavo.control.templates import actions as templates
from octavo.pipeline.document import Organization
from tests.queue.conftest import MILL, Floor, until

ACTOR = Actor.system("the tests")
HERD = 400


def schedule(floor: Floor, organization: Organization, **content: Any) -> int:
    with floor.database.tenant(organization.id) as connection:
        boss = access.add_member(connection, ACTOR, f"boss-{secrets.token_hex(4)}@alpha.example", role="admin").user_id
        template = templates.create(
            connection, ACTOR, templates.Content(secrets.token_hex(4), "mill.grain", "csv", default_date_range_days=None), reports=MILL
        )
        said = {"name": "Grain", "frequency": "daily", "time_of_day": clock(6), "time_zone": "UTC", **content}
        owner = access.principal_of(connection, boss)
        return actions.create(connection, owner, ACTOR, actions.Content(template_id=template.id, **said), reports=MILL).id


def herd(floor: Floor, organizations: list[Organization], count: int, seconds_ago: float) -> None:
    """So many schedules in all, each due since then."""
    for organization in organizations:
        schedule(floor, organization)
    with psycopg.connect(floor.superuser, autocommit=True) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute(
            "insert into octavo.scheduled_report (organization_id, name, template_id, formats, owner_id, frequency, time_of_day, time_zone) "
            "select organization_id, name || n, template_id, formats, owner_id, frequency, time_of_day, time_zone "
            "from octavo.scheduled_report cross join generate_series(2, %s) as n",
            [count // len(organizations)],
        )
    due(floor, seconds_ago)


def due(floor: Floor, seconds_ago: float) -> None:
    """Every schedule is due since then, and its rule says that very time: whoever looks the next times over finds them right, at any hour."""
    with psycopg.connect(floor.superuser, autocommit=True) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute(
            "update octavo.scheduled_report set next_run_at = at, next_run_days = array[(at at time zone 'UTC')::date], time_of_day = (at at time zone 'UTC')::time "
            "from (select date_trunc('second', now() - make_interval(secs => %s)) as at) as due",
            [seconds_ago],
        )


def taken(floor: Floor) -> int:
    return int(floor.query("select count(*) from octavo.generated_report where source = 'scheduled'")[0][0])


def test_a_schedule_runs_at_its_time_and_its_file_is_there(floor: Floor, organizations: list[Organization]) -> None:
    """Made while a worker idles, due three seconds from then; the figure of the bar (claimed within 2 s) stands in benchmarks/RESULTS.md."""
    floor.start(1)
    floor.listening()
    at = (datetime.now(UTC) + timedelta(seconds=3)).replace(microsecond=0)
    made = schedule(floor, organizations[0], time_of_day=at.time())
    state = until(
        lambda: floor.query(
            "select planned_at, state, fired_at from octavo.scheduled_tick where schedule_id = %s and state = 'completed'", made
        ),
        60,
    )
    assert state[0][0] == at
    assert state[0][2] >= at  # never before its time
    assert floor.query("select state, planned_at from octavo.generated_report") == [("completed", at)]
    assert floor.query("select next_run_at from octavo.scheduled_report") == [(at + timedelta(days=1),)]
    floor.asked += [row[0] for row in floor.query("select id from octavo.generated_report")]
    floor.quiet()
    assert floor.verify() == []


def test_schedulers_killed_in_the_middle_change_nothing(floor: Floor, organizations: list[Organization]) -> None:
    """Three workers, one of them killed with -9 as soon as the first batch is there, again and again: each time is run once."""
    herd(floor, organizations, HERD, 1)
    workers = [floor.start(1) for _ in range(3)]
    for round_ in range(3):
        until(lambda: taken(floor) > 0, 60)
        victim = workers[round_ % len(workers)]
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        workers[round_ % len(workers)] = floor.start(1)
    until(lambda: taken(floor) == HERD, 120)
    time.sleep(0.5)
    counted = "select count(*), count(distinct (schedule_id, planned_at)), count(distinct schedule_id) from octavo.generated_report"
    assert floor.query(counted) == [(HERD, HERD, HERD)]
    assert floor.query("select count(*) from octavo.scheduled_tick") == [(HERD,)]
    assert floor.query("select count(*) from octavo.scheduled_report where last_planned_at is null or next_run_at <= now()") == [(0,)]


def test_the_session_of_a_scheduler_that_is_ended_in_its_transaction_leaves_nothing_half(
    floor: Floor, organizations: list[Organization]
) -> None:
    """The table of runs is held, so that the scheduler waits in the middle of its transaction, and is ended there."""
    herd(floor, organizations[:1], 20, 1)
    with psycopg.connect(floor.superuser) as holding:
        holding.execute("lock table octavo.generated_report in share mode")
        worker = floor.start(1)
        waiting = "select pid from pg_stat_activity where wait_event_type = 'Lock' and query like 'insert into octavo.generated_report%%'"
        until(lambda: floor.query(waiting), 60)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        holding.rollback()
    until(
        lambda: not floor.query("select from pg_stat_activity where query like 'insert into octavo.generated_report%%' and state <> 'idle'")
    )
    ticks, runs = floor.query("select count(*) from octavo.scheduled_tick")[0][0], taken(floor)
    assert (ticks, runs) in ((0, 0), (20, 20))  # not at all, or, where the server had read it all, whole
    floor.start(1)
    until(lambda: taken(floor) == 20, 60)
    assert floor.query("select count(*), count(distinct schedule_id) from octavo.generated_report") == [(20, 20)]


def test_a_schedule_whose_store_is_down_tries_again_fails_and_is_paused_after_its_failures(
    floor: Floor, organizations: list[Organization], tmp_path: Path
) -> None:
    """The store is a folder below what is a file: nothing can be put there, each attempt fails by something that may pass, and at last for good."""
    (tmp_path / "blocked").write_text("no folder")
    made = schedule(floor, organizations[0], pause_after_failures=1)
    due(floor, 0)
    floor.start(1, store_url=tmp_path / "blocked" / "store", retry_seconds=0.01)
    until(lambda: floor.query("select from octavo.scheduled_tick where schedule_id = %s and state = 'failed'", made), 90)
    ((kind, failures),) = floor.query("select error_kind, failures from octavo.generated_report")
    assert (kind, failures) == ("storage", 6)
    ((active, reason),) = floor.query("select active, paused_reason from octavo.scheduled_report where id = %s", made)
    assert active is False
    assert reason.startswith("One failure in a row")
    assert floor.query("select count(*) from octavo.audit_entry where action = 'schedule.paused'") == [(1,)]
