"""How the tests ask the calendar in the database, and how a run is written: what the clock shows, with its offset."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from octavo.database.connection import Connection


@dataclass(frozen=True)
class Run:
    """A run as the calendar gives it."""

    at: datetime
    shown: datetime
    offset: str
    days: tuple[date, ...]

    def __str__(self) -> str:
        assert datetime.fromisoformat(f"{self.shown}{self.offset}") == self.at
        return f"{self.shown:%Y-%m-%d %H:%M} {self.offset}"


@dataclass(frozen=True)
class Calendar:
    """The calendar, in a transaction of an organization."""

    connection: Connection

    def runs(self, after: str, count: int, **rule: Any) -> list[Run]:
        """The next so many runs after an instant."""
        return self._ask(
            "select * from octavo.next_run_times(jsonb_populate_record(null::octavo.schedule_rule, %s), %s, %s)", rule, after, count
        )

    def between(self, after: str, until: str, **rule: Any) -> list[Run]:
        return self._ask(
            "select * from octavo.run_times_between(jsonb_populate_record(null::octavo.schedule_rule, %s), %s, %s)", rule, after, until
        )

    def _ask(self, query: str, rule: dict[str, Any], *bounds: object) -> list[Run]:
        rows = self.connection.execute(query.encode(), [Jsonb(rule), *bounds]).fetchall()
        return [Run(at, shown, offset, tuple(days)) for at, shown, offset, days in rows]

    def days(self, after: str, count: int, **rule: Any) -> list[str]:
        """The days of the next runs of a rule at noon in UTC."""
        return [f"{run.shown:%Y-%m-%d}" for run in self.runs(after, count, **{"time_of_day": "12:00", "time_zone": "UTC", **rule})]

    def clock(self, after: str, count: int, **rule: Any) -> list[str]:
        """What the clock shows at the next daily runs."""
        return [str(run) for run in self.runs(after, count, **{"frequency": "daily", **rule})]

    def refusal(self, **rule: Any) -> str:
        """Why the calendar does not take a rule."""
        try:
            with self.connection.transaction():
                self.runs("2026-01-01 00:00+00", 1, **{"time_of_day": "12:00", "time_zone": "UTC", **rule})
        except psycopg.Error as error:
            assert error.sqlstate == "OC001", error
            return str(error.diag.message_primary)
        raise AssertionError(f"{rule} was taken")

    def close(self, *days: str) -> None:
        """Makes days holidays of the organization."""
        for day in days:
            self.connection.execute("insert into octavo.holiday (day) values (%s)", [day])
