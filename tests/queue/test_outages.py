"""The database crashes, is away, is slow, or is cut off from those who work with it; when it is back, everything is made, once.

Small for every day; CONTRIBUTING.md names the variables that make it as large as is wanted.
"""

import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import psutil
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from octavo.control.access import actions as access
from octavo.control.tenancy import actions as tenancy
from octavo.database import embedded, migrate
from octavo.pipeline import catalog
from octavo.pipeline.document import Organization
from tests.queue.conftest import Floor, environment, gone, until
from tests.queue.test_survival import SEED, ask_for_many, attempts, unfinished
from tests.queue.wire import Wire

CRASHES = int(os.environ.get("OCTAVO_CRASHES", "2"))
OUTAGE_SECONDS = float(os.environ.get("OCTAVO_OUTAGE_SECONDS", "3"))


@pytest.fixture
def fragile(tmp_path: Path) -> Iterator[Floor]:
    """Workers on a server of the test's own, which may crash."""
    conninfo = embedded.start(tmp_path / "data")
    migrate.apply(conninfo, migrate.sources(catalog.installed().migrations))
    floor = Floor(conninfo, tmp_path, environment(tmp_path, conninfo))
    yield floor
    floor.stop()
    embedded.stop(tmp_path / "data" / "postgres")


def crash(floor: Floor) -> None:
    """PostgreSQL stops as in `pg_ctl stop -m immediate`."""
    server = psutil.Process(int((floor.folder / "data" / "postgres" / "postmaster.pid").read_text().split()[0]))
    server.send_signal(signal.SIGQUIT)
    assert gone([server], 60)


def back(floor: Floor) -> None:
    embedded.start(floor.folder / "data")


def somebody_is(floor: Floor, doing: str) -> bool:
    return bool(
        floor.query(
            "select pid from pg_stat_activity where application_name like 'octavo run %%' and state = 'active' and query ilike %s", doing
        )
    )


def test_the_database_crashes_in_the_middle_of_copies_and_commits(fragile: Floor) -> None:
    chance = random.Random(SEED)
    organizations = [tenancy.create(fragile.database, name, name.title()) for name in ("alpha", "beta")]
    fragile.mark(organizations)
    with psycopg.connect(fragile.superuser, autocommit=True) as connection:  # publishing takes a while, at the very end of its transaction
        connection.execute(
            "create function public.tarry() returns trigger language plpgsql as $$ begin perform pg_sleep(0.3); return null; end $$;"
            "create constraint trigger tarry after update on octavo.generated_report deferrable initially deferred "
            "for each row when (new.state = 'completed') execute function public.tarry()"
        )
    fragile.start(2)
    fragile.listening()
    with fragile.watching():
        for number in range(CRASHES):
            ask_for_many(fragile, organizations, 8, chance)
            doing = "copy%" if number % 2 else "commit%"
            until(lambda doing=doing: somebody_is(fragile, doing), 60)
            crash(fragile)
            time.sleep(chance.uniform(0, 1))
            back(fragile)
        fragile.quiet(200)
    print(f"{CRASHES} crashes, {len(fragile.asked)} runs, {attempts(fragile)} attempts")
    assert fragile.verify() == []
    assert unfinished(fragile) == []


def test_an_outage_is_survived_by_workers_and_servers_and_keeps_no_worker_from_stopping(fragile: Floor) -> None:
    organization = tenancy.create(fragile.database, "alpha", "Alpha")
    fragile.mark([organization])
    key = access.demo_credentials(fragile.database, organization)[0].key.text
    address = fragile.serve()
    worker, stopping = fragile.start(2), fragile.start(2)
    fragile.listening(2)
    with fragile.watching(), httpx.Client(base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=60) as client:
        for _ in range(12):
            fragile.ask(organization, report="mill.marked", rows=500, seconds=1)
        until(lambda: somebody_is(fragile, "copy%"), 60)
        crash(fragile)
        away = client.get("/api/reports/generated")
        assert away.status_code == 503, away.text
        assert away.headers["content-type"] == "application/problem+json"
        stopping.send_signal(signal.SIGTERM)
        time.sleep(OUTAGE_SECONDS)
        assert stopping.wait(60) == 0
        back(fragile)
        until(lambda: client.get("/api/reports/generated").status_code == 200, 60)
        fragile.quiet(200)
        assert worker.poll() is None
        done = fragile.ask(organization, rows=3)
        fragile.wait_for(done, "completed")
        fragile.quiet()
    print(f"away for {OUTAGE_SECONDS} s, {len(fragile.asked)} runs, {attempts(fragile)} attempts")
    assert fragile.verify() == []
    assert unfinished(fragile) == []


@pytest.fixture
def wire(conninfo: str) -> Iterator[Wire]:
    parts = conninfo_to_dict(conninfo)
    with Wire(Path(str(parts["host"])) / f".s.PGSQL.{parts['port']}") as wire:
        yield wire


def test_a_database_that_is_slow_cut_off_and_broken_off_makes_nothing_twice(
    floor: Floor, wire: Wire, organizations: list[Organization]
) -> None:
    chance = random.Random(SEED)
    floor.mark(organizations)
    floor.environment["OCTAVO_DATABASE_URL"] = make_conninfo(floor.conninfo, host="127.0.0.1", port=wire.port)
    floor.environment["OCTAVO_CONNECT_TIMEOUT_SECONDS"] = "3"
    floor.start(2, lease_seconds=2)
    floor.listening()
    with floor.watching():
        wire.latency = 0.05
        ask_for_many(floor, organizations, 6, chance)
        until(lambda: attempts(floor) >= 3, 60)
        wire.latency = 0
        for number in range(CRASHES):
            ask_for_many(floor, organizations, 6, chance)
            until(lambda: floor.query("select from octavo.generated_report where state = 'processing'"), 60)
            if number % 2:
                wire.break_after = chance.randint(2_000, 60_000)
                time.sleep(2)
                wire.break_after = None
                wire.cut()
            else:
                wire.swallow()  # for longer than a lease
                time.sleep(4)
                wire.deliver()
        floor.quiet(200)
    print(f"{CRASHES} times cut off, {len(floor.asked)} runs, {attempts(floor)} attempts")
    assert floor.verify() == []
    assert unfinished(floor) == []
