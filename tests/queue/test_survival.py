"""Whatever is killed, nothing is lost, nothing is made twice, nothing half is ever seen, and nothing is left behind.

Small for every day; CONTRIBUTING.md names the variables that make it as large as is wanted.
"""

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress

import psutil
import psycopg

from octavo.control.runs import rules
from octavo.pipeline.document import Organization
from tests.queue.conftest import Floor, gone, until

KILLS = int(os.environ.get("OCTAVO_KILLS", "40"))
RESTARTS = int(os.environ.get("OCTAVO_RESTARTS", "4"))
SEED = int(os.environ.get("OCTAVO_SEED", "20261121"))
RUNS_A_KILL = 2 if KILLS <= 40 else 5


def ask_for_many(floor: Floor, organizations: list[Organization], count: int, chance: random.Random) -> None:
    for number in range(count):
        floor.ask(
            chance.choice(organizations), report=chance.choice(["mill.grain", "mill.marked"]), rows=chance.randint(1, 3000),
            seconds=chance.choice([0, 0.2, 0.6]), format=chance.choice(["csv", "csv", "json", "xlsx"]), bulk=number % 5 == 0,
        )  # fmt: skip
    floor.ask(chance.choice(organizations), rows=20, format="pdf")


def unfinished(floor: Floor) -> list[object]:
    """What was not completed, but for a run that was really killed, or cut off, as often as a run may be."""
    return floor.query(
        "select state, error_kind, error_message, failures from octavo.generated_report where state <> 'completed' "
        "and not (state = 'failed' and error_kind in ('lost', 'database') and failures = %s)",
        rules.MOST_FAILURES,
    )


def attempts(floor: Floor) -> int:
    return int(floor.query("select sum(attempt) from octavo.generated_report")[0][0])


def kill(process: psutil.Process) -> bool:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return False
    return True


def test_workers_and_all_they_start_are_killed_at_random(floor: Floor, organizations: list[Organization]) -> None:
    chance = random.Random(SEED)
    floor.mark(organizations)
    settings = {"lease_seconds": 2, "heartbeat_seconds": 0.3}
    workers = [floor.start(2, **settings), floor.start(2, **settings)]
    floor.listening(2)
    killed = {"worker": 0, "child": 0, "other": 0}
    with floor.watching() as watching:
        ask_for_many(floor, organizations, RUNS_A_KILL * 20, chance)
        while sum(killed.values()) < KILLS:
            time.sleep(chance.uniform(0.02, 0.2))
            if floor.open_runs() < 6:  # on a busy machine many are made between two looks, and nobody is there to be killed
                ask_for_many(floor, organizations, 12, chance)
            children = floor.children()
            if not children or sum(killed.values()) * RUNS_A_KILL > len(floor.asked):  # somebody is at work, and much of it goes well
                continue
            what = chance.choices(list(killed), [2, 12, 2])[0]
            if what == "worker":
                place = chance.randrange(2)
                workers[place].send_signal(signal.SIGKILL)
                workers[place].wait()
                workers[place] = floor.start(2, **settings)
                killed[what] += 1
            elif found := children if what == "child" else floor.family():
                killed[what] += kill(chance.choice(found))
        while len(floor.asked) < RUNS_A_KILL * KILLS:
            ask_for_many(floor, organizations, 12, chance)
        floor.quiet(300)
    print(
        f"{killed} killed, {len(floor.asked)} runs, {attempts(floor)} attempts, {watching.looks} files looked at, {watching.most:.0f} MB, seed {SEED}"
    )
    assert floor.verify() == []
    assert unfinished(floor) == []
    assert attempts(floor) > len(floor.asked)


def test_workers_are_replaced_one_after_the_other_while_renders_outlast_their_leases(
    floor: Floor, organizations: list[Organization]
) -> None:
    chance = random.Random(SEED)
    floor.mark(organizations)
    long = [floor.ask(organizations[0], report="mill.marked", rows=10, seconds=4) for _ in range(2)]
    ask_for_many(floor, organizations, 4 * RESTARTS, chance)
    worker = floor.start(2, lease_seconds=2, grace_seconds=0.3)
    floor.listening()
    with floor.watching():
        for number in range(RESTARTS):
            patient = number % 2 == 1
            after = floor.start(2, lease_seconds=2, grace_seconds=20 if patient else 0.3)
            floor.ask(chance.choice(organizations), rows=10, seconds=3)
            floor.listening(2)
            time.sleep(chance.uniform(0, 1))
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(40) == 0
            worker = after
        floor.quiet(120)
    print(f"{RESTARTS} restarts, {len(floor.asked)} runs, {attempts(floor)} attempts")
    assert floor.verify() == []
    assert floor.query("select id from octavo.generated_report where failures > 0 or state <> 'completed'") == []
    assert {floor.find(run).state for run in long} == {"completed"}


def test_a_worker_that_stops_alone_leaves_nothing_at_work(floor: Floor, organizations: list[Organization]) -> None:
    run = floor.ask(organizations[0], rows=10, seconds=60)
    for _ in range(2):
        worker = floor.start(1, grace_seconds=0.3)
        until(lambda: floor.sessions(run))
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == 0
        assert (floor.find(run).state, floor.find(run).failures, floor.sessions(run)) == ("pending", 0, 0)


def test_children_do_not_outlive_their_worker(floor: Floor, organizations: list[Organization]) -> None:
    worker = floor.start(2)
    runs = [floor.ask(organizations[0], rows=10, seconds=30) for _ in range(2)]
    until(lambda: all(floor.sessions(run) for run in runs))
    family = floor.family()
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    assert len(family) >= 3
    assert gone(family, 20)


def test_a_worker_that_is_frozen_past_its_lease_publishes_nothing_when_it_wakes(floor: Floor, organizations: list[Organization]) -> None:
    frozen = floor.start(1, lease_seconds=2)
    run = floor.ask(organizations[0], rows=20, seconds=3)
    until(lambda: floor.sessions(run))
    family = [psutil.Process(frozen.pid), *floor.family()]
    for process in family:
        process.suspend()
    floor.start(1, lease_seconds=2)
    floor.wait_for(run, "completed", 60)
    for process in family:
        with suppress(psutil.NoSuchProcess):  # its parent, awake again, may have ended it already
            process.resume()
    floor.quiet()
    assert floor.find(run).attempt == 2
    assert floor.verify() == []


def test_a_wake_up_that_was_lost_is_repeated(floor: Floor, organizations: list[Organization]) -> None:
    run = floor.ask(organizations[0], rows=5)
    with psycopg.connect(floor.superuser, autocommit=True) as connection:
        connection.execute("delete from octavo_queue.procrastinate_jobs")
    floor.start()
    floor.wait_for(run, "completed", 30)


def test_sessions_in_the_database_are_ended_at_random(floor: Floor, organizations: list[Organization]) -> None:
    chance = random.Random(SEED)
    floor.mark(organizations)
    floor.start(2)
    floor.start(1)
    floor.listening(2)
    ended = 0
    with floor.watching(), psycopg.connect(floor.superuser, autocommit=True) as connection:
        ask_for_many(floor, organizations, KILLS, chance)
        pick: Callable[[], list[tuple[int]]] = lambda: connection.execute(  # noqa: E731
            "select pid from pg_stat_activity where datname = current_database() and usename = 'octavo' order by pid"
        ).fetchall()
        while ended < KILLS and floor.open_runs():
            time.sleep(chance.uniform(0.02, 0.15))
            if found := pick():
                connection.execute("select pg_terminate_backend(%s)", chance.choice(found))
                ended += 1
        floor.quiet(120)
    print(f"{ended} sessions ended, {len(floor.asked)} runs, {attempts(floor)} attempts")
    assert ended >= KILLS // 2
    assert floor.verify() == []
    assert unfinished(floor) == []
