"""The HTTP of runs: ask for a report, list, look, download, cancel, retry, count."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from octavo.control.runs import actions, rights
from octavo.errors import Conflict
from octavo.pipeline.arrangement import Arrangement
from octavo.pipeline.choice import Filter
from octavo.pipeline.earlier import How
from octavo.web import files, problems
from octavo.web.asking import Exporting, Viewing
from octavo.web.lists import Listed, PageNumber, PageSize
from octavo.web.repeating import Repeatable

router = APIRouter(prefix="/api/reports", tags=["reports"], route_class=Repeatable)

RunId = Annotated[int, Path(ge=1, le=2**53 - 1, description="The run's id.")]
Format = Literal["csv", "xlsx", "json", "pdf"]


class Shown(BaseModel):
    """A run: one attempt to turn a report into a file."""

    model_config = ConfigDict(from_attributes=True)

    id: int = Field(description="Its id.")
    report: str = Field(description="Key of the report.")
    format: str = Field(description="Format of the file.")
    parameters: dict[str, Any] = Field(description="What was asked.")
    fields: list[str] = Field(description="Of a dataset: its columns, in order; all when there are none.")
    filters: list[Filter] = Field(description="Of a dataset: the conditions that its rows fulfil.")
    arrangement: Arrangement = Field(description="Of a dataset: how its rows are sorted and grouped, and what is summed.")
    compare: How | None = Field(description="With what its figures are compared; null where with nothing.")
    source: str = Field(description="on_demand, scheduled or export.")
    template_id: int | None = Field(description="The template that it was asked for by.")
    schedule_id: int | None = Field(description="The schedule that asked for it.")
    planned_at: datetime | None = Field(description="The time for which it was planned: as of then are its relative periods.")
    each: dict[str, Any] = Field(
        description="The values that were asked for at once, by parameter: of the file, or of all runs of its group."
    )
    made_as: str = Field(description="What is made of those values: runs, merged or zip.")
    group_id: int | None = Field(description="The group of runs that were asked for at once.")
    state: str = Field(description="pending, processing, completed, failed, cancelled or expired.")
    stage: str = Field(description="What is being done at this moment.")
    attempt: int = Field(description="How many times it was begun.")
    masked: bool = Field(description="Whether personal data is masked.")
    protected: bool = Field(description="Whether the file takes a password.")
    deliver_to: list[dict[str, Any]] = Field(description="The targets that its file goes to when it is made.")
    subject: str = Field(description="The subject of its mails.")
    message: str = Field(description="What its mails say above the figures.")
    requested_by: int | None = Field(description="The person who asked; null for Octavo itself.")
    total_rows: int | None = Field(description="Rows there are to write, once they are counted.")
    processed_rows: int = Field(description="Rows written so far.")
    records: int | None = Field(description="Rows in the finished file.")
    file_bytes: int | None = Field(description="Size of the file in bytes.")
    sha256: str | None = Field(description="SHA-256 of the file, in hexadecimal.")
    duration_ms: int | None = Field(description="How long the last attempt took, in milliseconds.")
    error_kind: str | None = Field(description="The kind of what went wrong.")
    error_message: str | None = Field(description="What went wrong, and what to do.")
    created_at: datetime = Field(description="When it was asked for.")
    started_at: datetime | None = Field(description="When its last attempt began.")
    completed_at: datetime | None = Field(description="When it ended.")
    expires_at: datetime | None = Field(
        description="When its file goes, from its place or from the archive; later while it is on legal hold."
    )
    archived_at: datetime | None = Field(description="Since when its file lies in the archive, where administrators fetch it.")
    legal_hold: bool = Field(description="Whether it is on legal hold: then it neither expires nor is deleted.")
    hold_reason: str | None = Field(description="Why it is on hold.")


@router.get("/generated", summary="Runs, the latest first", responses=problems.documented(401, 403, 422))
def listed(
    asking: Viewing,
    state: Annotated[
        Literal["pending", "processing", "completed", "failed", "cancelled", "expired"] | None, Query(description="Only those.")
    ] = None,
    report: Annotated[str | None, Query(description="Only of that report.", max_length=200)] = None,
    format: Annotated[Format | None, Query(description="Only in that format.")] = None,
    schedule_id: Annotated[int | None, Query(ge=1, le=2**53 - 1, description="Only of that schedule.")] = None,
    group_id: Annotated[int | None, Query(ge=1, le=2**53 - 1, description="Only those asked for at once as that group.")] = None,
    page: PageNumber = 1,
    page_size: PageSize = 20,
) -> Listed[Shown]:
    with asking.transaction() as connection:
        found = actions.list_(
            connection,
            {
                "state": state, "report": report, "format": format, "schedule_id": schedule_id, "group_id": group_id,
                "export_of": rights.hidden(asking.principal),
            },
            page=page,
            page_size=page_size,
        )  # fmt: skip
    return Listed(items=[Shown.model_validate(run) for run in found.items], total=found.total, page=page, page_size=page_size)


class CountedReport(BaseModel):
    """What one report in one format came to."""

    report: str = Field(description="Key of the report.")
    format: str = Field(description="The format.")
    runs: int = Field(description="Runs asked for.")
    completed: int = Field(description="Of them, completed.")
    failed: int = Field(description="Of them, failed.")
    cancelled: int = Field(description="Of them, cancelled.")
    open: int = Field(description="Of them, not over yet.")
    records: int = Field(description="Rows written.")
    bytes: int = Field(description="Bytes written.")
    mean_ms: int | None = Field(description="Mean duration in milliseconds.")
    p95_ms: int | None = Field(description="95th percentile of the duration (percentile_disc), in milliseconds.")


class Counted(BaseModel):
    """The runs of the last so many days that are no exports."""

    total_reports: int = Field(description="Runs asked for.")
    completed_reports: int = Field(description="Of them, completed.")
    failed_reports: int = Field(description="Of them, failed.")
    pending_reports: int = Field(description="Of them, not over yet.")
    total_records_exported: int = Field(description="Rows in their files.")
    avg_processing_time_ms: int | None = Field(description="How long they took on average, in milliseconds.")
    by_report: list[CountedReport] = Field(description="The same for each report and format.")


@router.get("/statistics", summary="Runs by what became of them, and by report and format", responses=problems.documented(401, 403, 422))
def statistics(asking: Viewing, days: Annotated[int, Query(ge=1, le=3660, description="Over so many days.")] = 30) -> Counted:
    with asking.transaction() as connection:
        return Counted(**actions.statistics(connection, days))


@router.get("/recent", summary="The latest runs that are no exports", responses=problems.documented(401, 403))
def recent(asking: Viewing) -> list[Shown]:
    with asking.transaction() as connection:
        return [Shown.model_validate(run) for run in actions.recent(connection)]


@router.get("/generated/{run_id}", summary="One run", responses=problems.documented(401, 403, 404, 422))
def shown(asking: Viewing, run_id: RunId) -> Shown:
    with asking.transaction() as connection:
        return Shown.model_validate(rights.seen(asking.principal, actions.find(connection, run_id)))


@router.get("/generated/{run_id}/manifest", summary="The seal of a run's file", responses=problems.documented(401, 403, 404, 409, 422))
def manifest(asking: Viewing, run_id: RunId) -> dict[str, Any]:
    with asking.transaction() as connection:
        run = rights.seen(asking.principal, actions.find(connection, run_id))
    if run.manifest is None:
        raise Conflict(f"The run {run_id} is {run.state}; only a completed one has a manifest")
    return run.manifest


@router.get(
    "/generated/{run_id}/download", summary="A fresh link to the file", status_code=307, response_class=RedirectResponse,
    responses=problems.documented(401, 403, 404, 409, 410, 422, 502),
)  # fmt: skip
def download(asking: Viewing, run_id: RunId, request: Request) -> RedirectResponse:
    """Checks the permission, records the download, and redirects to a link that lasts five minutes, or as long as OCTAVO_LINK_SECONDS says."""
    with asking.transaction() as connection:
        run = rights.fetch(connection, asking.principal, asking.actor, run_id)
    return files.redirect(request, run)


@router.post("/generated/{run_id}/cancel", summary="Cancel a run", responses=problems.documented(401, 403, 404, 409, 422))
def cancel(asking: Exporting, run_id: RunId) -> Shown:
    with asking.transaction() as connection:
        rights.own(asking.principal, actions.find(connection, run_id))
        return Shown.model_validate(actions.cancel(connection, asking.actor, run_id))


@router.post("/generated/{run_id}/retry", summary="Begin a run anew", responses=problems.documented(401, 403, 404, 409, 422, 429))
def retry(asking: Exporting, run_id: RunId) -> Shown:
    with asking.transaction() as connection:
        rights.own(asking.principal, actions.find(connection, run_id))
        return Shown.model_validate(actions.retry(connection, asking.actor, run_id))
