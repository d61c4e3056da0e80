"""octavo schedule: what whoever runs the server sees of schedules, and does to them by hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from octavo.commands import opening
from octavo.control import events
from octavo.control.access import actions as access
from octavo.control.schedules import actions, byhand
from octavo.control.schedules.actions import Schedule
from octavo.database.connection import Connection
from octavo.errors import UsageError
from octavo.pipeline.catalog import Catalog
from octavo.pipeline.document import Organization

app = typer.Typer(help="Schedules: what runs when, and what became of it.", no_args_is_help=True)

_ACTOR = events.Actor.system("octavo schedule")

Id = Annotated[int, typer.Argument(help="The schedule's number, as octavo schedule list shows it.", min=1, max=2**53 - 1)]


@contextmanager
def _opened(slug: str | None) -> Iterator[tuple[Connection, access.Principal, Organization, Catalog]]:
    """A transaction of the organization, and who runs the server as one who may everything in it."""
    database, reports = opening.everything()
    target = opening.organization(database, slug)
    principal = access.Principal(target, None, _ACTOR.name, "admin", frozenset(access.PERMISSIONS))
    with database.tenant(target.id, zone=target.time_zone) as connection:
        yield connection, principal, target, reports


@app.command("list")
def list_schedules(
    paused: Annotated[bool, typer.Option("--paused", help="Only those that Octavo put out of use.")] = False,
    organization: opening.Slug = None,
) -> None:
    """List the schedules of an organization."""
    with _opened(organization) as (connection, principal, target, _):
        page = 1
        while found := actions.list_(connection, principal, {"paused": True if paused else None}, page=page, page_size=100).items:
            for schedule in found:
                print(f"{schedule.id}  {schedule.name}  {' '.join(schedule.formats)}  {_stands(schedule, target)}")
            page += 1


@app.command("show")
def show_schedule(schedule_id: Id, organization: opening.Slug = None) -> None:
    """Show a schedule, and what became of its last times."""
    with _opened(organization) as (connection, principal, target, _):
        schedule = actions.find(connection, principal, schedule_id)
        owner = access.member(connection, schedule.owner_id)
        rule = ", ".join(f"{name} {value}" for name, value in actions.as_rule(schedule).items() if value is not None)
        print(f"{schedule.id}  {schedule.name}: template {schedule.template_id} as {', '.join(schedule.formats)}, owned by {owner.name}")
        print(f"    when: {rule}")
        print(f"    {_stands(schedule, target)}")
        for tick in actions.ticks(connection, schedule_id, page_size=10).items:
            runs = f"  runs {', '.join(map(str, tick.runs))}" if tick.runs else ""
            print(f"    {_at(tick.planned_at, schedule, target)}  {tick.state}{runs}{f'  {tick.reason}' if tick.reason else ''}")


@app.command("next")
def show_next(
    schedule_id: Id, count: Annotated[int, typer.Option(help="How many.", min=1, max=100)] = 10, organization: opening.Slug = None
) -> None:
    """Show when a schedule runs next."""
    with _opened(organization) as (connection, principal, _, _):
        schedule = actions.find(connection, principal, schedule_id)
        times = actions.next_times(connection, schedule, count)
        for one in times:
            print(f"{one['local_time']} {one['utc_offset']}")
        if not times:
            print("never by itself" if schedule.frequency == "on_demand" else "never again")


@app.command("trigger")
def trigger_schedule(schedule_id: Id, organization: opening.Slug = None) -> None:
    """Run a schedule now, with its owner's rights and for its recipients."""
    with _opened(organization) as (connection, principal, _, reports):
        tick = byhand.trigger(connection, principal, _ACTOR, schedule_id, reports=reports)
    print(f"runs {', '.join(map(str, tick.runs))}" if tick.runs else f"{tick.state}: {tick.reason}")


@app.command("pause")
def pause_schedule(schedule_id: Id, organization: opening.Slug = None) -> None:
    """Put a schedule out of use."""
    with _opened(organization) as (connection, principal, target, _):
        left = actions.deactivate(connection, principal, _ACTOR, schedule_id)
    print(f"{left.id}  {left.name}  {_stands(left, target)}")


@app.command("activate")
def activate_schedule(schedule_id: Id, organization: opening.Slug = None) -> None:
    """Put a schedule in use again, from now on."""
    with _opened(organization) as (connection, principal, target, reports):
        again = actions.activate(connection, principal, _ACTOR, schedule_id, reports=reports)
    print(f"{again.id}  {again.name}  {_stands(again, target)}")


@app.command("backfill")
def backfill_schedule(
    schedule_id: Id,
    after: Annotated[str, typer.Option(help="Times after this, as ISO 8601; in the schedule's zone without an offset.")],
    until: Annotated[str | None, typer.Option(help="And up to this.", show_default="now")] = None,
    send: Annotated[bool, typer.Option("--send", help="Let the recipients have them.")] = False,
    organization: opening.Slug = None,
) -> None:
    """Make up for times that passed, each with the period that it would have had then."""
    with _opened(organization) as (connection, principal, target, reports):
        schedule = actions.find(connection, principal, schedule_id)
        zone = ZoneInfo(schedule.time_zone or target.time_zone)
        ticks = byhand.backfill(
            connection, principal, _ACTOR, schedule_id, after=_moment(after, zone), until=_moment(until, zone) if until else datetime.now(UTC),
            send=send, reports=reports,
        )  # fmt: skip
        for tick in ticks:
            print(f"{_at(tick.planned_at, schedule, target)}  runs {', '.join(map(str, tick.runs))}")
        if not ticks:
            print("nothing is lacking")


def _moment(said: str, zone: ZoneInfo) -> datetime:
    try:
        moment = datetime.fromisoformat(said)
    except ValueError as error:
        raise UsageError(f"{said!r} is no moment; write it as 2026-11-21T06:00 or 2026-11-21") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _at(moment: datetime, schedule: Schedule, organization: Organization) -> str:
    return f"{moment.astimezone(ZoneInfo(schedule.time_zone or organization.time_zone)):%Y-%m-%d %H:%M %z}"


def _stands(schedule: Schedule, organization: Organization) -> str:
    if schedule.paused_reason:
        return f"paused: {schedule.paused_reason}"
    if not schedule.active:
        return "out of use"
    return f"next {_at(schedule.next_run_at, schedule, organization)}" if schedule.next_run_at else "no next time"
