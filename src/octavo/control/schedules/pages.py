"""The pages of schedules: when what runs, what became of it, and what a person does by hand. Who writes one goes on in writing.py."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import Path, Query
from fastapi.responses import Response

from octavo.control.access import actions as access
from octavo.control.delivery import actions as delivery
from octavo.control.runs import actions as runs
from octavo.control.schedules import actions, byhand, words
from octavo.control.schedules.actions import Content, Schedule
from octavo.control.templates import actions as templates
from octavo.control.webhooks import actions as webhooks
from octavo.database.connection import Connection
from octavo.errors import Forbidden, NotFound, UsageError
from octavo.web.lists import PageNumber
from octavo.web.pages import visit
from octavo.web.pages.routing import Router

router = Router()

PAGE_SIZE = 50
TICKS = 20
WEEK_HOURS = 168
OVERDUE_SECONDS = 10
ScheduleId = Annotated[int, Path(ge=1, le=2**53 - 1)]
_SHOWN: dict[str, dict[str, Any]] = {
    "": {}, "active": {"active": True}, "paused": {"paused": True}, "off": {"active": False, "paused": False},
    "upcoming": {"until": WEEK_HOURS}, "overdue": {"overdue": OVERDUE_SECONDS},
}  # fmt: skip


@router.page("/schedules")
def listed(
    looking: visit.Viewing,
    show: Literal["", "active", "paused", "off", "upcoming", "overdue"] = "",
    template_id: Annotated[int | None, Query(ge=1, le=2**53 - 1)] = None,
    page: PageNumber = 1,
) -> Response:
    with looking.transaction() as connection:
        filters = {**_SHOWN[show], "template_id": template_id}
        found = actions.list_(
            connection, looking.principal, filters, by_time=show in ("upcoming", "overdue"), page=page, page_size=PAGE_SIZE
        )
        latest = actions.latest(connection, [one.id for one in found.items])
    looking.form.fill({"show": show})
    return looking.page(
        "schedules/list.html", title="Schedules", found=found, latest=latest, page=page, page_size=PAGE_SIZE, said=words.of, show=show,
        overdue=overdue, filtered=bool(show or template_id),
    )  # fmt: skip


@router.page("/schedules/{schedule_id}")
def shown(
    looking: visit.Viewing,
    schedule_id: ScheduleId,
    state: Literal["", "queued", "running", "completed", "failed", "skipped"] = "",
    page: PageNumber = 1,
) -> Response:
    with looking.transaction() as connection:
        schedule = actions.find(connection, looking.principal, schedule_id)
        template = templates.find(connection, looking.principal, schedule.template_id)
        ticks = actions.ticks(connection, schedule_id, state=state or None, page=page, page_size=TICKS)
        times = actions.next_times(connection, schedule) if schedule.frequency != "on_demand" else []
        working = {one.id: one for one in runs.under_way(connection, looking.principal)}
        targets = _recipients(connection, schedule)
        owner = _owner(connection, schedule)
        stops = None if schedule.active else actions.why_stopped(connection, schedule, looking.server.reports)
    looking.form.fill({"state": state})
    return looking.page(
        "schedules/schedule.html", title=schedule.name, schedule=schedule, template=template, ticks=ticks, page=page, page_size=TICKS,
        said=words.of(schedule), times=times, zone=schedule.time_zone or looking.principal.organization.time_zone, working=working,
        targets=targets, owner=owner, mine=schedule.owner_id == looking.principal.user_id, overdue=overdue(schedule), stops=stops,
    )  # fmt: skip


@router.form("/schedules/{schedule_id}/trigger")
def trigger(looking: visit.Managing, schedule_id: ScheduleId) -> Response:
    with looking.transaction() as connection:
        tick = byhand.trigger(connection, looking.principal, looking.actor, schedule_id, reports=looking.server.reports)
    return looking.go(f"/schedules/{schedule_id}", "It runs now." if tick.state == "running" else f"{tick.reason}.")


@router.form("/schedules/{schedule_id}/preview")
def preview(looking: visit.Managing, schedule_id: ScheduleId) -> Response:
    with looking.transaction() as connection:
        made = byhand.preview(connection, looking.principal, looking.actor, schedule_id, reports=looking.server.reports)
    place = looking.first_of(f"/history/{made[0].id}", f"/schedules/{schedule_id}")
    return looking.go(place, f"A preview is made as run {', '.join(str(run.id) for run in made)}; it is sent to nobody.")


@router.form("/schedules/{schedule_id}/activate")
def activate(looking: visit.Managing, schedule_id: ScheduleId) -> Response:
    with looking.transaction() as connection:
        actions.activate(connection, looking.principal, looking.actor, schedule_id, reports=looking.server.reports)
    return looking.go(f"/schedules/{schedule_id}", "It is in use again, and counts from now.")


@router.form("/schedules/{schedule_id}/deactivate")
def deactivate(looking: visit.Managing, schedule_id: ScheduleId) -> Response:
    with looking.transaction() as connection:
        actions.deactivate(connection, looking.principal, looking.actor, schedule_id)
    return looking.go(f"/schedules/{schedule_id}", "It is out of use. Activate it when it is missed.")


@router.form("/schedules/{schedule_id}/take-over")
def take_over(looking: visit.Managing, schedule_id: ScheduleId) -> Response:
    with looking.transaction() as connection:
        schedule = actions.find(connection, looking.principal, schedule_id)
        content = Content(**{one.name: getattr(schedule, one.name) for one in fields(Content)})
        actions.change(
            connection, looking.principal, looking.actor, schedule_id, content, take_over=True, reports=looking.server.reports
        )  # fmt: skip
    return looking.go(f"/schedules/{schedule_id}", "It runs with your rights from now on.")


@router.page("/schedules/{schedule_id}/backfill")
def missing(
    looking: visit.Managing,
    schedule_id: ScheduleId,
    after: Annotated[str, Query(max_length=40)] = "",
    until: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """First which times would be made up for; then the button that does it."""
    with looking.transaction() as connection:
        schedule = actions.find(connection, looking.principal, schedule_id)
        zone = ZoneInfo(schedule.time_zone or looking.principal.organization.time_zone)
        today = datetime.now(zone).replace(second=0, microsecond=0, tzinfo=None)
        lacking = None
        looking.form.fill(
            {
                "after": after or (today - timedelta(days=30)).isoformat(timespec="minutes"),
                "until": until or today.isoformat(timespec="minutes"),
            }
        )
        if after or until:
            with looking.form.refusals():
                lacking = byhand.would_backfill(
                    connection, schedule, after=_instant(looking.form.text("after"), zone), until=_instant(looking.form.text("until"), zone)
                )
    return looking.page(
        "schedules/backfill.html", title=f"Make up for times of “{schedule.name}”", schedule=schedule, lacking=lacking, zone=zone.key
    )


@router.form("/schedules/{schedule_id}/backfill")
def backfill(looking: visit.Managing, schedule_id: ScheduleId) -> Response:
    with looking.form.refusals(), looking.transaction() as connection:
        schedule = actions.find(connection, looking.principal, schedule_id)
        zone = ZoneInfo(schedule.time_zone or looking.principal.organization.time_zone)
        made = byhand.backfill(
            connection, looking.principal, looking.actor, schedule_id, after=_instant(looking.form.text("after"), zone),
            until=_instant(looking.form.text("until"), zone), send=looking.form.has("send", "on"), reports=looking.server.reports,
        )  # fmt: skip
    if looking.form.ok:
        return looking.go(f"/schedules/{schedule_id}", f"{len(made)} times are made up for." if made else "Nothing was missing.")
    again: Response = missing(looking, schedule_id)
    return again


def overdue(schedule: Schedule) -> bool:
    """Whether it should have run and did not."""
    late = timedelta(seconds=OVERDUE_SECONDS)
    return schedule.active and schedule.next_run_at is not None and schedule.next_run_at < datetime.now(UTC) - late


def _instant(text: str, zone: ZoneInfo) -> datetime:
    try:
        said = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            "A stretch has a day and a time at its begin and at its end, such as 2026-06-30T12:00; nothing was asked for"
        ) from error
    return said if said.tzinfo else said.replace(tzinfo=zone)


def _owner(connection: Connection, schedule: Schedule) -> str:
    try:
        return access.principal_of(connection, schedule.owner_id).name
    except Forbidden:
        return "somebody who was put out"


def _recipients(connection: Connection, schedule: Schedule) -> list[str]:
    """Where its files go, as people call that."""
    told = []
    for target in schedule.deliver_to:
        try:
            if target["channel"] == "place":
                folder = f", folder {target['folder']}" if target.get("folder") else ""
                told.append(f"{delivery.find_place(connection, target['place_id']).name} (place{folder})")
            elif target["channel"] == "webhook":
                told.append(f"{webhooks.find(connection, target['webhook_id']).url} (webhook)")
            else:
                told.append(str(target["to"]))
        except NotFound:
            told.append(f"a {target['channel']} that is gone")
    return told
