"""The HTTP of keeping: how long, what would go, and legal hold on one run or on everything."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict, Field

from octavo.control.retention import actions
from octavo.control.retention.rules import Kept
from octavo.web import problems
from octavo.web.asking import Asking, Viewing, may
from octavo.web.repeating import Repeatable

router = APIRouter(tags=["retention"], route_class=Repeatable)

Managing = Annotated[Asking, Depends(may("reports.manage"))]
RunId = Annotated[int, Path(ge=1, le=2**53 - 1, description="The run's id.")]


class Said(BaseModel):
    """How long what is kept."""

    model_config = ConfigDict(extra="forbid", strict=True)

    export_days: int = Field(description="Days that the file of an export stays in its place.", ge=1, le=36600)
    report_days: int = Field(description="Days that the file of a report does.", ge=1, le=36600)
    archive_exports: bool = Field(description="Whether exports go to the archive then; otherwise their files are deleted.")
    archive_reports: bool = Field(description="Whether reports do.")
    archive_years: int = Field(description="Years that the archive keeps a file.", ge=1, le=100)
    row_days: int = Field(description="Days that the row of a run stays after its file is gone for good.", ge=1, le=36600)


class Shown(Said):
    """How long what is kept, and whether everything is on hold."""

    model_config = ConfigDict(from_attributes=True, extra="forbid")

    legal_hold: bool = Field(description="Whether everything of the organization is on legal hold.")
    hold_reason: str | None = Field(description="Why it is on hold.")
    held_by_name: str = Field(description="Who set or lifted the hold last.")


class Going(BaseModel):
    """What goes at the next round, if nothing changes before."""

    model_config = ConfigDict(from_attributes=True)

    files_to_delete: int = Field(description="Files that are deleted from their place.")
    files_to_archive: int = Field(description="Files that go to the archive.")
    archived_to_delete: int = Field(description="Files that are deleted from the archive, for good.")
    rows_to_delete: int = Field(description="Runs whose rows are deleted; their figures stay.")
    held: int = Field(description="Runs of which something is due, and stays, because they are on legal hold.")


class Reason(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid", strict=True)

    reason: str = Field(description="It stands in the audit list.", min_length=1, max_length=2000)


class Held(BaseModel):
    """A run and its hold."""

    model_config = ConfigDict(from_attributes=True)

    id: int = Field(description="The run's id.")
    state: str = Field(description="Its state.")
    legal_hold: bool = Field(description="Whether it is on legal hold.")
    hold_reason: str | None = Field(description="Why it is on hold.")


@router.get("/api/retention", summary="How long what is kept", responses=problems.documented(401, 403))
def shown(asking: Viewing) -> Shown:
    with asking.transaction() as connection:
        return Shown.model_validate(actions.find(connection))


@router.put("/api/retention", summary="Say how long what is kept", responses=problems.documented(401, 403, 409, 413, 422))
def change(asking: Managing, said: Said) -> Shown:
    """It holds for the files that are there already, too; /api/retention/preview says beforehand how many go."""
    with asking.transaction() as connection:
        return Shown.model_validate(actions.change(connection, asking.actor, Kept(**said.model_dump())))


@router.post("/api/retention/preview", summary="What would go if that was said", responses=problems.documented(401, 403, 413, 422))
def preview(asking: Managing, said: Said) -> Going:
    with asking.transaction() as connection:
        return Going.model_validate(actions.preview(connection, Kept(**said.model_dump())))


@router.post("/api/retention/hold", summary="Put everything on legal hold", responses=problems.documented(401, 403, 409, 413, 422))
def hold_all(asking: Managing, why: Reason) -> Shown:
    with asking.transaction() as connection:
        return Shown.model_validate(actions.hold_all(connection, asking.actor, why.reason))


@router.post("/api/retention/release", summary="Lift the hold on everything", responses=problems.documented(401, 403, 409, 413, 422))
def release_all(asking: Managing, why: Reason) -> Shown:
    with asking.transaction() as connection:
        return Shown.model_validate(actions.release_all(connection, asking.actor, why.reason))


@router.post(
    "/api/reports/generated/{run_id}/hold",
    summary="Put a run on legal hold",
    responses=problems.documented(401, 403, 404, 409, 410, 413, 422),
)
def hold(asking: Managing, run_id: RunId, why: Reason) -> Held:
    with asking.transaction() as connection:
        return Held.model_validate(actions.hold(connection, asking.actor, run_id, why.reason))


@router.post(
    "/api/reports/generated/{run_id}/release", summary="Lift the hold on a run", responses=problems.documented(401, 403, 404, 409, 413, 422)
)
def release(asking: Managing, run_id: RunId, why: Reason) -> Held:
    with asking.transaction() as connection:
        return Held.model_validate(actions.release(connection, asking.actor, run_id, why.reason))
