"""The HTTP of schedules: members read them, administrators write them and run them by hand."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Response

from octavo.control.runs.routes import Shown as Run
from octavo.control.schedules import actions, byhand
from octavo.control.schedules.forms import Changed, Previewed, Rule, Schedule, Stretch, Tick, Time, Written
from octavo.web import problems
from octavo.web.asking import Asking, Viewing, may
from octavo.web.lists import Listed, PageNumber, PageSize
from octavo.web.repeating import Repeatable

PLACE = "/api/reports/scheduled"

router = APIRouter(prefix=PLACE, tags=["schedules"], route_class=Repeatable)

ScheduleId = Annotated[int, Path(ge=1, le=2**53 - 1, description="The schedule's id.")]
Count = Annotated[int, Query(ge=1, le=100, description="How many.")]
Managing = Annotated[Asking, Depends(may(actions.MANAGE))]
_OVERDUE_SECONDS = 10


@router.post("", status_code=201, summary="Make a schedule", responses=problems.documented(401, 403, 404, 409, 413, 422))
def create(asking: Managing, written: Written, response: Response) -> Schedule:
    """It runs with the rights that who makes it has at each time."""
    with asking.transaction() as connection:
        made = actions.create(connection, asking.principal, asking.actor, written.content, reports=asking.server.reports)
    response.headers["Location"] = f"{PLACE}/{made.id}"
    return Schedule.of(made)


@router.get("", summary="Schedules, by name", responses=problems.documented(401, 403, 422))
def listed(
    asking: Viewing,
    active: Annotated[bool | None, Query(description="Only those in use, or out of use.")] = None,
    paused: Annotated[bool | None, Query(description="Only those that Octavo put out of use, or the others.")] = None,
    template_id: Annotated[int | None, Query(ge=1, le=2**53 - 1, description="Only of that template.")] = None,
    owner_id: Annotated[int | None, Query(ge=1, le=2**53 - 1, description="Only that person's.")] = None,
    page: PageNumber = 1,
    page_size: PageSize = 20,
) -> Listed[Schedule]:
    filters = {"active": active, "paused": paused, "template_id": template_id, "owner_id": owner_id}
    with asking.transaction() as connection:
        found = actions.list_(connection, asking.principal, filters, page=page, page_size=page_size)
    return _page(found, page, page_size)


@router.get("/upcoming", summary="What runs soon, the next first", responses=problems.documented(401, 403, 422))
def upcoming(
    asking: Viewing,
    hours: Annotated[int, Query(ge=1, le=8784, description="Within so many hours.")] = 168,
    page: PageNumber = 1,
    page_size: PageSize = 20,
) -> Listed[Schedule]:
    with asking.transaction() as connection:
        found = actions.list_(connection, asking.principal, {"until": hours}, by_time=True, page=page, page_size=page_size)
    return _page(found, page, page_size)


@router.get("/overdue", summary="What should have run and did not, the longest overdue first", responses=problems.documented(401, 403, 422))
def overdue(asking: Viewing, page: PageNumber = 1, page_size: PageSize = 20) -> Listed[Schedule]:
    with asking.transaction() as connection:
        found = actions.list_(connection, asking.principal, {"overdue": _OVERDUE_SECONDS}, by_time=True, page=page, page_size=page_size)
    return _page(found, page, page_size)


@router.post("/next", summary="When a rule comes due", responses=problems.documented(401, 403, 413, 422))
def next_of_rule(asking: Viewing, rule: Rule, count: Count = 10) -> list[Time]:
    """For a rule that is only being written; nothing is kept."""
    with asking.transaction() as connection:
        return [Time.of(one) for one in actions.next_times(connection, actions.Rule(**rule.content), count)]


@router.get("/{schedule_id:id}", summary="One schedule", responses=problems.documented(401, 403, 404, 422))
def shown(asking: Viewing, schedule_id: ScheduleId) -> Schedule:
    with asking.transaction() as connection:
        return Schedule.of(actions.find(connection, asking.principal, schedule_id))


@router.put("/{schedule_id:id}", summary="Change a schedule", responses=problems.documented(401, 403, 404, 409, 413, 422))
def change(asking: Managing, schedule_id: ScheduleId, written: Changed) -> Schedule:
    """All of it is said anew. A time that was due is skipped when the rule changes, and the next counts from now."""
    with asking.transaction() as connection:
        changed = actions.change(
            connection,
            asking.principal,
            asking.actor,
            schedule_id,
            written.content,
            take_over=written.take_over,
            reports=asking.server.reports,
        )
    return Schedule.of(changed)


@router.delete("/{schedule_id:id}", summary="Put a schedule out of use", responses=problems.documented(401, 403, 404, 422))
def delete(asking: Managing, schedule_id: ScheduleId) -> Schedule:
    with asking.transaction() as connection:
        return Schedule.of(actions.deactivate(connection, asking.principal, asking.actor, schedule_id))


@router.post("/{schedule_id}/deactivate", summary="Put a schedule out of use", responses=problems.documented(401, 403, 404, 409, 422))
def deactivate(asking: Managing, schedule_id: ScheduleId) -> Schedule:
    with asking.transaction() as connection:
        return Schedule.of(actions.deactivate(connection, asking.principal, asking.actor, schedule_id))


@router.post("/{schedule_id}/activate", summary="Put a schedule in use again", responses=problems.documented(401, 403, 404, 409, 422))
def activate(asking: Managing, schedule_id: ScheduleId) -> Schedule:
    """It counts from now: what passed meanwhile is not run."""
    with asking.transaction() as connection:
        return Schedule.of(actions.activate(connection, asking.principal, asking.actor, schedule_id, reports=asking.server.reports))


@router.get("/{schedule_id}/next", summary="When a schedule runs next", responses=problems.documented(401, 403, 404, 422))
def next_of_schedule(asking: Viewing, schedule_id: ScheduleId, count: Count = 10) -> list[Time]:
    """By its rule, whether it is in use or not."""
    with asking.transaction() as connection:
        schedule = actions.find(connection, asking.principal, schedule_id)
        return [Time.of(one) for one in actions.next_times(connection, schedule, count)]


@router.get(
    "/{schedule_id}/ticks", summary="What became of a schedule's times, the latest first", responses=problems.documented(401, 403, 404, 422)
)
def ticks(
    asking: Viewing,
    schedule_id: ScheduleId,
    state: Annotated[Literal["queued", "running", "completed", "failed", "skipped"] | None, Query(description="Only those.")] = None,
    page: PageNumber = 1,
    page_size: PageSize = 20,
) -> Listed[Tick]:
    with asking.transaction() as connection:
        actions.find(connection, asking.principal, schedule_id)
        found = actions.ticks(connection, schedule_id, state=state, page=page, page_size=page_size)
    return Listed(items=[Tick.model_validate(tick) for tick in found.items], total=found.total, page=page, page_size=page_size)


@router.post(
    "/{schedule_id}/trigger", status_code=202, summary="Run a schedule now", responses=problems.documented(401, 403, 404, 409, 422, 429)
)
def trigger(asking: Managing, schedule_id: ScheduleId) -> Tick:
    """As at a time of its rule: with its owner's rights, for its recipients, under its condition; periods are as of now."""
    with asking.transaction() as connection:
        tick = byhand.trigger(connection, asking.principal, asking.actor, schedule_id, reports=asking.server.reports)
    return Tick.model_validate(tick)


@router.post(
    "/{schedule_id}/preview", status_code=202, summary="Make what a schedule would make, for nobody",
    responses=problems.documented(401, 403, 404, 409, 413, 422, 429),
)  # fmt: skip
def preview(asking: Managing, schedule_id: ScheduleId, previewed: Previewed | None = None) -> list[Run]:
    """With the rights of who asks; it is sent to nobody, and its condition is not asked."""
    said = previewed or Previewed(planned_at=None)
    with asking.transaction() as connection:
        runs = byhand.preview(
            connection,
            asking.principal,
            asking.actor,
            schedule_id,
            planned_at=said.planned_at,
            formats=said.formats,
            reports=asking.server.reports,
        )
    return [Run.model_validate(run) for run in runs]


@router.post(
    "/{schedule_id}/backfill", status_code=202, summary="Make up for times that passed",
    responses=problems.documented(401, 403, 404, 409, 413, 422, 429),
)  # fmt: skip
def backfill(asking: Managing, schedule_id: ScheduleId, stretch: Stretch) -> list[Tick]:
    """Each with the period that it would have had then. What has its file, or may yet have it, is left as it is."""
    with asking.transaction() as connection:
        ticks = byhand.backfill(
            connection, asking.principal, asking.actor, schedule_id, after=stretch.after, until=stretch.until, send=stretch.send,
            reports=asking.server.reports,
        )  # fmt: skip
    return [Tick.model_validate(tick) for tick in ticks]


def _page(found: actions.Page, page: int, page_size: int) -> Listed[Schedule]:
    return Listed(items=[Schedule.of(one) for one in found.items], total=found.total, page=page, page_size=page_size)
