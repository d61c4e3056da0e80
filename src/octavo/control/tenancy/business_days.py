"""The days on which an organization does no business: its weekend and its holidays. Schedules that ask for business days follow them at once."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from psycopg.rows import class_row

from octavo.control import events
from octavo.database.connection import Connection
from octavo.errors import NotFound, UsageError


@dataclass(frozen=True)
class Holiday:
    """A day on which no business is done."""

    day: date
    name: str


def weekend(connection: Connection) -> list[int]:
    """The days of the week that are no business days: 0 is Sunday, 6 Saturday."""
    row = connection.execute("select weekend from octavo.organization where id = octavo.current_organization()").fetchone()
    assert row is not None
    found = row[0]
    assert isinstance(found, list)
    return found


def set_weekend(connection: Connection, actor: events.Actor, days: Collection[int]) -> list[int]:
    """Says which they are. Raises UsageError."""
    said = sorted(set(days))
    if not set(said) <= set(range(7)) or len(said) == 7:
        raise UsageError("A weekend are days from 0, Sunday, to 6, Saturday, and at least one day is left to work; nothing was changed")
    if said != weekend(connection):
        connection.execute("update octavo.organization set weekend = %s where id = octavo.current_organization()", [said])
        events.record(connection, actor, "organization.changed", subject="organization", detail={"weekend": said})
    return said


def holidays(connection: Connection, *, since: date | None = None, until: date | None = None) -> list[Holiday]:
    """The holidays, by day."""
    with connection.cursor(row_factory=class_row(Holiday)) as cursor:
        return cursor.execute(
            "select day, name from octavo.holiday where day >= coalesce(%s::date, '-infinity') and day <= coalesce(%s::date, 'infinity') order by day",
            [since, until],
        ).fetchall()


def add_holiday(connection: Connection, actor: events.Actor, holiday: Holiday) -> Holiday:
    """Makes a day a holiday, or calls it otherwise."""
    if not holiday.name.isprintable():
        raise UsageError("A holiday is called by characters that can be printed; nothing was changed")
    connection.execute(
        "insert into octavo.holiday (day, name) values (%s, %s) on conflict (organization_id, day) do update set name = excluded.name",
        [holiday.day, holiday.name],
    )
    events.record(connection, actor, "holiday.set", subject="organization", detail={"day": holiday.day.isoformat(), "name": holiday.name})
    return holiday


def remove_holiday(connection: Connection, actor: events.Actor, day: date) -> None:
    """Makes it a day like any other. Raises NotFound."""
    if not connection.execute("delete from octavo.holiday where day = %s", [day]).rowcount:
        raise NotFound(f"{day} is no holiday")
    events.record(connection, actor, "holiday.removed", subject="organization", detail={"day": day.isoformat()})
