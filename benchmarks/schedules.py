"""`python -m benchmarks schedules`: ten thousand schedules due at one moment, three schedulers, one of them killed; and how late a schedule is on an idle server.

`python -m benchmarks.schedules 300` takes so many schedules and writes nothing: to see that it works. Workers are processes as a user starts
them, and make the files meanwhile; times are the database's, from the planned time until the run was asked for, or begun.
"""

import os
import random
import secrets
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from benchmarks import data, page
from octavo.control.access import actions as access
from octavo.control.events import Actor
from octavo.control.schedules import actions
from octavo.control.templates import actions as templates
from octavo.control.tenancy import actions as tenancy
from octavo.database import connection as connections
from octavo.database.connection import Database
from octavo.pipeline import catalog
from octavo.settings import Settings

FOLDER = data.FOLDER / "schedules"
ACTOR = Actor.system("the benchmark")
COUNT, SAMPLES = 10_000, 100

# As many schedules as are wanted, of one that was made by the API's own code, due at the time that its rule says.
MANY = """
insert into octavo.scheduled_report (organization_id, name, template_id, formats, owner_id, frequency, time_of_day, time_zone, next_run_at, next_run_days)
select organization_id, name || n, template_id, formats, owner_id, 'daily', (%(at)s::timestamptz at time zone 'UTC')::time, 'UTC', %(at)s, array[(%(at)s::timestamptz at time zone 'UTC')::date]
from octavo.scheduled_report cross join generate_series(1, %(each)s) as n where organization_id = any(%(organizations)s) and frequency = 'on_demand'
"""


class House:
    """A database of its own, and workers."""

    def __init__(self) -> None:
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir(parents=True)
        reports = catalog.installed()
        self.database: Database = connections.open_database(Settings(data_dir=FOLDER / "data"), reports.migrations)
        self.reports = reports
        self.workers: list[subprocess.Popen[bytes]] = []

    def query(self, statement: str, **values: object) -> list[Any]:
        with psycopg.connect(make_conninfo(self.database.conninfo, user="postgres"), autocommit=True) as connection:
            connection.execute("set session_replication_role = replica")
            cursor = connection.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def organizations(self, count: int) -> list[int]:
        """So many, each with an owner, a template and one schedule to copy."""
        made = []
        for _ in range(count):
            organization = tenancy.create(self.database, f"o{secrets.token_hex(5)}", "Organization")
            with self.database.tenant(organization.id) as connection:
                boss = access.add_member(connection, ACTOR, f"boss@{organization.slug}.example", role="admin").user_id
                template = templates.create(
                    connection,
                    ACTOR,
                    templates.Content("Sales", "retail.sales", "csv", parameters={"period": "previous_month"}),
                    reports=self.reports,
                )
                content = actions.Content(name="Sales", template_id=template.id)
                actions.create(connection, access.principal_of(connection, boss), ACTOR, content, reports=self.reports)
            made.append(organization.id)
        return made

    def start(self, count: int) -> None:
        given = {name: value for name, value in os.environ.items() if not name.startswith("OCTAVO_")}
        environment = {
            **given,
            "OCTAVO_DATABASE_URL": self.database.conninfo,
            "OCTAVO_DATA_DIR": str(FOLDER),
            "OCTAVO_STORE_URL": str(FOLDER / "store"),
        }
        with (FOLDER / "log").open("ab") as log:
            for _ in range(count):
                command = [sys.executable, "-m", "octavo", "work", "--processes", "1"]
                self.workers.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True))
        self._until("select count(*) >= %(count)s from octavo_queue.procrastinate_workers", count=count)

    def _until(self, statement: str, **values: object) -> None:
        deadline = time.monotonic() + 120
        while not self.query(statement, **values)[0][0]:
            if time.monotonic() > deadline:
                sys.exit(f"not within two minutes: {statement}; see {FOLDER / 'log'}")
            time.sleep(0.05)

    def stop(self) -> None:
        for worker in self.workers:
            worker.kill()
            worker.wait()
        self.workers.clear()
        self.query("delete from octavo_queue.procrastinate_jobs; delete from octavo_queue.procrastinate_workers")
        self.query("update octavo.generated_report set state = 'cancelled', lease_until = null where state in ('pending', 'processing')")
        self.query("update octavo.scheduled_report set active = false, next_run_at = null where frequency = 'daily'")

    def herd(self, organizations: int, count: int) -> tuple[float, int, int]:
        """Seconds from the planned time to the last run; how many runs there are, and for how many schedules. One scheduler of three is killed after the first batch."""
        ids = self.organizations(organizations)
        self.start(3)
        at = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=8)
        self.query(MANY, at=at, each=count // organizations, organizations=ids)
        self._until("select exists (select from octavo.generated_report where planned_at = %(at)s)", at=at)
        victim = self.workers[0]
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        self._until(
            "select count(*) >= %(count)s from octavo.generated_report where planned_at = %(at)s",
            at=at,
            count=count // organizations * organizations,
        )
        time.sleep(2)  # whatever would be made twice would be by now
        last, runs, schedules, ticks, overdue = self.query(
            "select extract(epoch from max(r.created_at) - %(at)s)::float8, count(*), count(distinct r.schedule_id), "
            "(select count(*) from octavo.scheduled_tick where planned_at = %(at)s), "
            "(select count(*) from octavo.scheduled_report where active and next_run_at <= %(at)s) "
            "from octavo.generated_report as r where r.planned_at = %(at)s",
            at=at,
        )[0]
        fired = self.query(
            "select extract(epoch from max(fired_at) - %(at)s)::float8 from octavo.scheduled_tick where planned_at = %(at)s", at=at
        )[0][0]
        assert (ticks, overdue) == (runs, 0), (ticks, overdue)
        self.stop()
        return max(last, fired), runs, schedules

    def lateness(self, samples: int) -> list[float]:
        """Seconds from the planned time of schedules, each at a time of its own, until a worker that idles has begun its run."""
        organization = self.organizations(1)
        self.start(1)
        time.sleep(3)
        chance = random.Random(20261121)
        first = datetime.now(UTC) + timedelta(seconds=3)
        for number in range(samples):
            at = first + timedelta(seconds=number + chance.random() / 2)
            self.query(MANY, at=at, each=1, organizations=organization)
        self._until_begun(organization[0], samples)
        taken = self.query(
            "select extract(epoch from started_at - planned_at)::float8 from octavo.generated_report where organization_id = %(id)s order by 1",
            id=organization[0],
        )
        self.stop()
        return [row[0] for row in taken]

    def _until_begun(self, organization: int, samples: int) -> None:
        while (
            self.query(
                "select count(*) from octavo.generated_report where organization_id = %(id)s and started_at is not null", id=organization
            )[0][0]
            < samples
        ):
            time.sleep(1)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    samples = SAMPLES if count == COUNT else 10
    house = House()
    lines: list[tuple[str, str, str, bool]] = []
    try:
        for organizations in (20, 1):
            seconds, runs, schedules = house.herd(organizations, count)
            what = f"{count:,} schedules of {organizations} organization{'s' if organizations > 1 else ''} due at one moment, 3 schedulers, one killed with -9"
            lines.append((f"{what}: until the last run was asked for", f"{seconds:.1f} s", "≤ 10 s", seconds <= 10))
            lines.append(
                (
                    f"{what}: runs, and schedules that have one",
                    f"{runs:,}, {schedules:,}",
                    f"{count:,}, {count:,}",
                    runs == schedules == count,
                )
            )
        late = house.lateness(samples)
        worst = late[min(len(late) - 1, round(len(late) * 0.99) - 1)]
        figure = f"{late[len(late) // 2] * 1000:.0f} ms, {worst * 1000:.0f} ms"
        lines.append(
            (f"lateness on an idle server, planned time → run claimed, of {len(late)}: median, p99", figure, "p99 ≤ 2 s", worst <= 2)
        )
    finally:
        house.stop()
    table = "\n".join(f"| {work} | {measured} | {bar} | {'holds' if held else '**FAILS**'} |" for work, measured, bar, held in lines)
    body = f"{(__doc__ or '').strip()}\n\n| work | measured | bar | |\n|---|---|---|---|\n{table}"
    print(body)
    if count == COUNT:
        page.write_section("Schedules", body)
    sys.exit(0 if all(held for *_, held in lines) else 1)


if __name__ == "__main__":
    main()
