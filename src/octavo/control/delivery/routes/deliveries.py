"""The HTTP of the ledger: what went to whom, once more by hand, and in sum."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from octavo.control.delivery import actions
from octavo.control.runs import actions as runs
from octavo.control.runs import rights
from octavo.control.runs import routes as runs_routes
from octavo.web import problems
from octavo.web.asking import Asking, Exporting, Viewing, may
from octavo.web.lists import Listed, PageNumber, PageSize
from octavo.web.repeating import Repeatable

router = APIRouter(prefix="/api/reports", tags=["deliveries"], route_class=Repeatable)

Managing = Annotated[Asking, Depends(may(actions.SEND_OUT))]
DeliveryId = Annotated[int, Path(ge=1, le=2**53 - 1, description="The delivery's number.")]

Word = Annotated[str, Field(max_length=254)]


class Shown(BaseModel):
    """One thing for one recipient by one channel, and what became of it."""

    model_config = ConfigDict(from_attributes=True)

    id: int = Field(description="Its number.")
    run_id: int | None = Field(description="The run that it is about; null for a summary, an event or a test.")
    purpose: str = Field(description="file, success, failure, summary, event or test.")
    occasion: str = Field(description="What it is about where that is no run: the Monday of a summary.")
    channel: str = Field(description="email, place or webhook.")
    recipient: str = Field(description="Who gets it: an address, a place's number with its folder, a webhook's number.")
    target: dict[str, Any] = Field(description="The target as it was named.")
    state: str = Field(description="pending, sending, sent, failed, or unknown: it may have arrived, and nobody said so.")
    attempts: int = Field(description="How often it was begun.")
    next_try_at: datetime | None = Field(description="When it is tried next, while it is pending.")
    message_id: str | None = Field(description="The Message-ID of a mail, the same at every attempt.")
    answer: str = Field(description="What the other side said when it took it.")
    error_kind: str | None = Field(description="The kind of what went wrong last.")
    last_error: str | None = Field(description="What went wrong last.")
    created_at: datetime = Field(description="When it was written down: as the run ended.")
    ended_at: datetime | None = Field(description="When it was over.")


class Tried(BaseModel):
    """How one attempt ended."""

    model_config = ConfigDict(from_attributes=True)

    attempt: int = Field(description="Which attempt, from 1.")
    outcome: str = Field(description="sent, again, failed, unknown, or lost: its sender ended before anything was handed over.")
    error_kind: str | None = Field(description="The kind of what went wrong.")
    error: str | None = Field(description="What went wrong.")
    ended_at: datetime = Field(description="When it ended.")
    duration_ms: int | None = Field(description="How long it took, in milliseconds.")


class WithAttempts(Shown):
    """A delivery with its attempts."""

    tried: list[Tried] = Field(description="Its attempts, in order.")


class OfRun(BaseModel):
    """What became of a run's file, for all of its targets."""

    delivered: Literal["all", "partly", "none", "open", "nobody"] = Field(
        description="How many of its targets have the file: all, some or none; open while some are under way; nobody where it has none."
    )
    items: list[Shown] = Field(description="Its deliveries, the latest first, 100 at most; the list of deliveries has all of them.")


class Counted(BaseModel):
    """The deliveries of one channel."""

    channel: str = Field(description="email, place or webhook.")
    deliveries: int = Field(description="How many.")
    sent: int = Field(description="Of them, arrived.")
    failed: int = Field(description="Of them, failed for good.")
    unknown: int = Field(description="Of them, nobody knows.")
    open: int = Field(description="Of them, under way.")
    attempts: int = Field(description="How often they were begun, all together.")


class InSum(BaseModel):
    """Runs with targets, by how many of their targets have the file."""

    runs: int = Field(description="How many.")
    all: int = Field(description="Of them, arrived everywhere.")
    partly: int = Field(description="Of them, arrived at some.")
    none: int = Field(description="Of them, arrived nowhere.")
    open: int = Field(description="Of them, still under way.")


class Statistics(BaseModel):
    """The deliveries of the last so many days."""

    by_channel: list[Counted] = Field(description="By channel.")
    runs: InSum = Field(description="By run.")


@router.get("/deliveries", summary="Deliveries, the latest first", responses=problems.documented(401, 403, 422))
def listed(
    asking: Viewing,
    run_id: Annotated[int | None, Query(ge=1, le=2**53 - 1, description="Only of that run.")] = None,
    state: Annotated[Literal["pending", "sending", "sent", "failed", "unknown"] | None, Query(description="Only those.")] = None,
    channel: Annotated[Literal["email", "place", "webhook"] | None, Query(description="Only those.")] = None,
    purpose: Annotated[Literal["file", "success", "failure", "summary", "event", "test"] | None, Query(description="Only those.")] = None,
    recipient: Annotated[str | None, Query(description="Only to that one.", max_length=254)] = None,
    page: PageNumber = 1,
    page_size: PageSize = 20,
) -> Listed[Shown]:
    """Where exports went is seen by who asked for them, and by who decides about exports."""
    filters = {"run_id": run_id, "state": state, "channel": channel, "purpose": purpose, "recipient": recipient}
    with asking.transaction() as connection:
        found = actions.list_(connection, asking.principal, filters, page=page, page_size=page_size)
    return Listed(items=[Shown.model_validate(one) for one in found.items], total=found.total, page=page, page_size=page_size)


@router.get("/deliveries/statistics", summary="Deliveries by what became of them", responses=problems.documented(401, 403, 422))
def statistics(asking: Viewing, days: Annotated[int, Query(ge=1, le=3660, description="Over so many days.")] = 30) -> Statistics:
    with asking.transaction() as connection:
        return Statistics.model_validate(actions.statistics(connection, days))


@router.get("/deliveries/{delivery_id}", summary="One delivery with its attempts", responses=problems.documented(401, 403, 404, 422))
def one(asking: Viewing, delivery_id: DeliveryId) -> WithAttempts:
    with asking.transaction() as connection:
        found = actions.find(connection, asking.principal, delivery_id)
        tried = [Tried.model_validate(attempt) for attempt in actions.attempts(connection, delivery_id)]
    return WithAttempts(**Shown.model_validate(found).model_dump(), tried=tried)


@router.post(
    "/deliveries/{delivery_id}/retry", summary="Send once more what did not arrive", responses=problems.documented(401, 403, 404, 409, 422)
)
def retry(asking: Exporting, delivery_id: DeliveryId) -> Shown:
    """Of what is failed or unknown, by who asked for its run or by who manages reports. What was unknown may arrive twice."""
    with asking.transaction() as connection:
        return Shown.model_validate(actions.send_again(connection, asking.principal, asking.actor, delivery_id))


@router.get("/generated/{run_id}/deliveries", summary="Where a run's file went", responses=problems.documented(401, 403, 404, 422))
def of_run(asking: Viewing, run_id: runs_routes.RunId) -> OfRun:
    with asking.transaction() as connection:
        rights.seen(asking.principal, runs.find(connection, run_id))
        found = actions.list_(connection, asking.principal, {"run_id": run_id}, page_size=100)
        delivered = actions.delivered(connection, run_id)
    return OfRun.model_validate({"delivered": delivered, "items": [Shown.model_validate(one) for one in found.items]})
