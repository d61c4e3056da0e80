"""Schedules whose time has come: made by an administrator, put into the past past the trigger, taken and performed here as workers do it."""

import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from octavo.control.access import actions as access
from octavo.control.access.actions import Principal
from octavo.control.events import Actor
from octavo.control.runs import actions as made
from octavo.control.runs import leases
from octavo.control.schedules import actions, jobs
from octavo.control.schedules.actions import Content, Schedule, Tick
from octavo.control.templates import actions as templates
from octavo.database.connection import Database
from octavo.pipeline import catalog
from octavo.pipeline.document import Organization
from octavo.pipeline.store import open_store

REPORTS = catalog.read([*entry_points(group=catalog.GROUP), EntryPoint("mill", "tests.packs_for_tests.mill.pack:pack", catalog.GROUP)])
ACTOR = Actor.system("the tests")
LEASE = timedelta(minutes=1)
DAILY: dict[str, Any] = {"frequency": "daily", "time_of_day": time(6), "time_zone": "UTC"}


@dataclass
class Desk:
    """An organization with an administrator who owns its schedules, and everything that happens to them."""

    database: Database
    organization: Organization
    store: Path
    boss: int

    @property
    def principal(self) -> Principal:
        with self.database.tenant(self.organization.id) as connection:
            return access.principal_of(connection, self.boss)

    def template(self, report: str = "mill.grain", format: str = "csv", **content: Any) -> int:
        with self.database.tenant(self.organization.id) as connection:
            said = {"default_date_range_days": None, **content}
            return templates.create(
                connection, ACTOR, templates.Content(f"template {secrets.token_hex(4)}", report, format, **said), reports=REPORTS
            ).id

    def schedule(self, template: int | None = None, **content: Any) -> Schedule:
        said = {"name": "Daily", **DAILY, **content, "template_id": template or self.template()}
        with self.database.tenant(self.organization.id) as connection:
            return actions.create(connection, self.principal, ACTOR, Content(**said), reports=REPORTS)

    def change(self, schedule: Schedule, **content: Any) -> Schedule:
        said = {"name": "Daily", **DAILY, **content, "template_id": schedule.template_id}
        with self.database.tenant(self.organization.id) as connection:
            return actions.change(connection, self.principal, ACTOR, schedule.id, Content(**said), reports=REPORTS)

    def superuser(self, statement: str, *values: object) -> list[Any]:
        with psycopg.connect(make_conninfo(self.database.conninfo, user="postgres"), autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def make_due(self, schedule: Schedule, at: datetime) -> None:
        """As if nobody had looked since: its next time is one that has passed."""
        with psycopg.connect(make_conninfo(self.database.conninfo, user="postgres"), autocommit=True) as connection:
            connection.execute("set session_replication_role = replica")
            connection.execute(
                "update octavo.scheduled_report set next_run_at = %s, next_run_days = %s where id = %s", [at, [at.date()], schedule.id]
            )

    def due(self, at: datetime | None = None, **content: Any) -> Schedule:
        """A schedule that is due since a moment ago, or since `at`, every day at that time of the day."""
        moment = (at or datetime.now(UTC) - timedelta(seconds=2)).replace(microsecond=0)
        schedule = self.schedule(**{"time_of_day": moment.time().replace(tzinfo=None), "time_zone": "UTC", **content})
        self.make_due(schedule, moment)
        return self.find(schedule)

    def many_due(self, count: int) -> None:
        """So many schedules that are due since a second ago."""
        self.due()
        with psycopg.connect(make_conninfo(self.database.conninfo, user="postgres"), autocommit=True) as connection:
            connection.execute("set session_replication_role = replica")
            connection.execute(
                "insert into octavo.scheduled_report (organization_id, name, template_id, formats, owner_id, frequency, time_of_day, time_zone) "
                "select organization_id, name || n, template_id, formats, owner_id, frequency, time_of_day, time_zone "
                "from octavo.scheduled_report cross join generate_series(2, %s) as n",
                [count],
            )
            connection.execute(
                "update octavo.scheduled_report set next_run_at = now() - interval '1 second', next_run_days = array[current_date]"
            )

    def fire(self) -> jobs.Round:
        return jobs.take_all_due(self.database, REPORTS)

    def find(self, schedule: Schedule) -> Schedule:
        with self.database.tenant(self.organization.id) as connection:
            return actions.find(connection, self.principal_or_any(), schedule.id)

    def principal_or_any(self) -> Principal:
        return Principal(self.organization, self.boss, "the tests", "admin", frozenset(access.PERMISSIONS))

    def ticks(self, schedule: Schedule) -> list[Tick]:
        """What became of its times, the earliest first."""
        with self.database.tenant(self.organization.id) as connection:
            return actions.ticks(connection, schedule.id, page_size=100).items[::-1]

    def told(self, schedule: Schedule) -> list[tuple[str, str | None]]:
        return [(tick.state, tick.why) for tick in self.ticks(schedule)]

    def runs(self, schedule: Schedule | None = None) -> list[made.Run]:
        with self.database.tenant(self.organization.id) as connection:
            return made.list_(connection, {"schedule_id": schedule.id} if schedule else {}, page_size=100).items[::-1]

    def claim(self) -> leases.Claim:
        found = leases.claim(self.database, "a test", LEASE, bulk=(False, True), most_running=100)
        assert found is not None
        return found

    def work(self) -> made.Run:
        """Makes the file of the run that is next, as a worker's child does."""
        claim = self.claim()
        jobs.perform(claim, reports=REPORTS, database=self.database, store=open_store(str(self.store)))
        with self.database.tenant(self.organization.id) as connection:
            return made.find(connection, claim.run_id)

    def fail(self, kind: str = "query", message: str = "The query failed") -> None:
        """Has the run that is next fail for good."""
        from octavo.control.runs import rules

        assert leases.fail(self.database, self.claim(), rules.Failure(kind, message, False), timedelta(0))

    def recorded(self, action: str) -> list[dict[str, Any]]:
        with self.database.tenant(self.organization.id) as connection:
            rows = connection.execute("select detail from octavo.audit_entry where action = %s order by number", [action]).fetchall()
        return [row[0] for row in rows]  # type: ignore[misc]

    def files(self) -> list[str]:
        return sorted(path.name for path in self.store.rglob("*") if path.is_file()) if self.store.exists() else []


def days_back(count: int, at: datetime) -> list[date]:
    """The last so many days before and with that of `at`, the earliest first."""
    return [(at - timedelta(days=number)).date() for number in reversed(range(count))]
