"""The HTTP of exports: ask for a dataset, decide on it, fetch it, count."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from octavo.control.delivery import actions as delivery
from octavo.control.delivery.targets import Target
from octavo.control.exports import actions, fetching, thresholds
from octavo.errors import UsageError
from octavo.pipeline import parameters
from octavo.pipeline.arrangement import AS_IT_IS, Arrangement
from octavo.pipeline.choice import Choice, Filter
from octavo.web import files, problems, protecting
from octavo.web.asking import Asking, Exporting, may
from octavo.web.lists import Listed, PageNumber, PageSize
from octavo.web.moments import Day
from octavo.web.protecting import Protection
from octavo.web.repeating import Repeatable

router = APIRouter(prefix="/api/exports", tags=["exports"], route_class=Repeatable)

ExportId = Annotated[int, Path(ge=1, le=2**53 - 1, description="The export's id.")]
Approving = Annotated[Asking, Depends(may(actions.APPROVE))]
Managing = Annotated[Asking, Depends(may("reports.manage"))]


class Days(BaseModel):
    """Days, the first and the last included."""

    model_config = ConfigDict(extra="forbid", strict=True)

    start: Day = Field(description="The first day.")
    end: Day = Field(description="The last day.")


class Asked(BaseModel):
    """A dataset that is asked for."""

    model_config = ConfigDict(extra="forbid", strict=True)

    dataset: str = Field(description="Key of the dataset, e.g. energy.contracts; see /api/catalog.", max_length=200)
    format: Literal["csv", "xlsx", "json", "pdf"] = Field("csv", description="The format of the file.")
    parameters: dict[str, Any] = Field(default_factory=dict, description="Period and filters, as the dataset's parameters say.")
    date_range: Days | None = Field(
        None, description="The days it is about, for a dataset that can be asked for a period; the same as that parameter."
    )
    fields: list[str] = Field(
        default_factory=list, description="Its columns, in the order in which they are to come; all when it is empty.", max_length=500
    )
    filters: list[Filter] = Field(default_factory=list, description="Only the rows that fulfil all of these.", max_length=50)
    arrangement: Arrangement = Field(AS_IT_IS, description="How its rows are sorted and grouped, and what is summed.")
    options: dict[str, Any] = Field(default_factory=dict, description="Options of the format.")
    reason: str = Field("", description="What it is needed for; whoever approves it reads it.", max_length=2000)
    deliver_to: list[Target] = Field(
        default_factory=list,
        description="Where the file goes when it is made; it is part of what is approved. Elsewhere than to oneself it takes reports.manage.",
        max_length=1000,
    )
    subject: str = Field("", description="The subject of its mails; {report}, {date} and {period} stand for what they say.", max_length=200)
    message: str = Field("", description="What its mails say above the figures.", max_length=5000)
    protection: Protection | None = Field(None, description="Has the file take a password; without it, it takes none.")


class Approved(BaseModel):
    """What is approved."""

    model_config = ConfigDict(extra="forbid", strict=True)

    plan_hash: str | None = Field(
        None, description="The plan_hash that was looked at: refused when it is another by now.", pattern="^[0-9a-f]{64}$"
    )


class Rejected(BaseModel):
    """Why it is rejected."""

    model_config = ConfigDict(extra="forbid", strict=True)

    reason: str = Field(description="Whoever asked reads it.", min_length=1, max_length=2000)


class Shown(BaseModel):
    """An export."""

    model_config = ConfigDict(from_attributes=True)

    id: int = Field(description="Its id.")
    dataset: str = Field(description="Key of the dataset.")
    format: str = Field(description="Format of the file.")
    parameters: dict[str, Any] = Field(description="What was asked, with periods as days.")
    fields: list[str] = Field(description="Its columns, in order.")
    filters: list[Filter] = Field(description="The conditions that its rows fulfil.")
    arrangement: Arrangement = Field(description="How its rows are sorted and grouped, and what is summed.")
    options: dict[str, Any] = Field(description="Options of the format.")
    personal: bool = Field(description="Whether the dataset holds personal data.")
    masked: bool = Field(description="Whether personal data is masked.")
    protected: bool = Field(description="Whether the file takes a password.")
    reason: str = Field(description="What it is needed for.")
    estimated_rows: int = Field(description="Rows there were when it was asked for.")
    estimated_ms: int | None = Field(
        description="How long making the file may take, in milliseconds: by earlier ones, or as measured elsewhere."
    )
    needs_approval: bool = Field(description="Whether a second person has to approve it.")
    most_rows: int | None = Field(description="The most rows that the approval covers.")
    plan_hash: str = Field(description="SHA-256 of exactly what is asked for.")
    state: str = Field(description="pending, approved, processing, completed, failed, expired, rejected or cancelled.")
    requested_by: int = Field(description="The person who asked.")
    requested_by_name: str = Field(description="Their name, or their key's.")
    decided_by: int | None = Field(description="The person who decided; null when no approval was needed.")
    decided_by_name: str = Field(description="Their name, or their key's.")
    decided_at: datetime | None = Field(description="When it was decided.")
    decision_reason: str = Field(description="Why it was rejected, or why it has to be approved again.")
    approval_expires_at: datetime | None = Field(description="Until when the approval may be used.")
    created_at: datetime = Field(description="When it was asked for.")
    run_id: int | None = Field(description="The run that makes the file.")
    records: int | None = Field(description="Rows in the finished file.")
    file_bytes: int | None = Field(description="Size of the file in bytes.")
    sha256: str | None = Field(description="SHA-256 of the file, in hexadecimal.")
    duration_ms: int | None = Field(description="How long it took to make, in milliseconds.")
    error_kind: str | None = Field(description="The kind of what went wrong.")
    error_message: str | None = Field(description="What went wrong, and what to do.")
    completed_at: datetime | None = Field(description="When its run ended.")
    expires_at: datetime | None = Field(description="When its file goes.")
    deliver_to: list[dict[str, Any]] = Field(description="The targets that its file goes to.")
    subject: str = Field(description="The subject of its mails.")
    message: str = Field(description="What its mails say.")


class Requested(Shown):
    """The export that was asked for."""

    password: str | None = Field(description="The password that was made for the file; shown here, once, and kept nowhere.")


class Counted(BaseModel):
    """The exports of the last so many days."""

    total_exports: int = Field(description="Exports asked for.")
    completed_exports: int = Field(description="Of them, completed.")
    failed_exports: int = Field(description="Of them, failed.")
    pending_approval: int = Field(description="Of them, waiting for approval.")
    total_records_exported: int = Field(description="Rows in their files.")
    avg_processing_time_ms: int | None = Field(description="How long they took on average, in milliseconds.")


@router.post("", status_code=202, summary="Ask for an export", responses=problems.documented(401, 403, 404, 409, 413, 422, 429))
def request(asking: Exporting, asked: Asked, response: Response) -> Requested:
    """Counts the rows. A small export is made at once; a larger one waits for the approval of an administrator who did not ask for it."""
    sealed, made = protecting.seal(asking, asked.protection)
    delivery.check_words(asked.subject, asked.message)
    with asking.transaction() as connection:
        targets = delivery.check_targets(connection, [target.content for target in asked.deliver_to], principal=asking.principal)
    plan = actions.plan(
        asking.server.database, asking.principal.organization, dataset=asked.dataset, format=asked.format, given=_parameters(asking, asked),
        choice=Choice(tuple(asked.fields), tuple(asked.filters), asked.arrangement), options=asked.options, masked=not asking.principal.may("reports.view_pii"),
        protected=sealed is not None, deliver_to=targets, reports=asking.server.reports,
    )  # fmt: skip
    with asking.transaction() as connection:
        export = actions.request(
            connection, asking.actor, plan, reason=asked.reason, subject=asked.subject, message=asked.message, sealed_password=sealed,
            reports=asking.server.reports,
        )  # fmt: skip
    response.headers["Location"] = f"/api/exports/{export.id}"
    return Requested(**Shown.model_validate(export).model_dump(), password=made)


def _parameters(asking: Asking, asked: Asked) -> dict[str, Any]:
    """The parameters, with the date range as the period that it is. Raises UsageError where there is no period, or it is said twice."""
    if asked.date_range is None:
        return asked.parameters
    periods = parameters.periods_of(asking.server.reports.report(asked.dataset, asking.principal.organization).report.parameters)
    if len(periods) != 1:
        raise UsageError(f"{asked.dataset} cannot be asked for a date range; filter one of its dates instead")
    if periods[0] in asked.parameters:
        raise UsageError(f"The days are said twice, by date_range and by the parameter {periods[0]!r}; leave one of them out")
    return {**asked.parameters, periods[0]: f"{asked.date_range.start}/{asked.date_range.end}"}


@router.get("", summary="Exports, the latest first: one's own, or all for administrators", responses=problems.documented(401, 403, 422))
def listed(
    asking: Exporting,
    state: Annotated[
        Literal["pending", "approved", "processing", "completed", "failed", "expired", "rejected", "cancelled"] | None,
        Query(description="Only those."),
    ] = None,
    dataset: Annotated[str | None, Query(description="Only of that dataset.", max_length=200)] = None,
    page: PageNumber = 1,
    page_size: PageSize = 20,
) -> Listed[Shown]:
    with asking.transaction() as connection:
        found = actions.list_(connection, asking.principal, {"state": state, "dataset": dataset}, page=page, page_size=page_size)
    return Listed(items=[Shown.model_validate(export) for export in found.items], total=found.total, page=page, page_size=page_size)


@router.get("/statistics", summary="Exports by what became of them", responses=problems.documented(401, 403, 422))
def statistics(asking: Approving, days: Annotated[int, Query(ge=1, le=3660, description="Over so many days.")] = 30) -> Counted:
    with asking.transaction() as connection:
        return Counted(**actions.statistics(connection, days))


class Settings(BaseModel):
    """When exports need approval."""

    model_config = ConfigDict(from_attributes=True, extra="forbid", strict=True)

    threshold: int = Field(description="The most rows that go out without approval.", ge=0, le=2**31 - 1)
    personal_threshold: int = Field(description="The same for datasets with personal data.", ge=0, le=2**31 - 1)
    approval_days: int = Field(description="How many days an approval may be used.", ge=1, le=366)


@router.get("/settings", summary="When exports need approval", responses=problems.documented(401, 403))
def settings(asking: Exporting) -> Settings:
    with asking.transaction() as connection:
        return Settings.model_validate(thresholds.find(connection))


@router.put("/settings", summary="Say when exports need approval", responses=problems.documented(401, 403, 413, 422))
def change_settings(asking: Managing, said: Settings) -> Settings:
    with asking.transaction() as connection:
        return Settings.model_validate(thresholds.change(connection, asking.actor, thresholds.Thresholds(**said.model_dump())))


@router.get("/{export_id}", summary="One export", responses=problems.documented(401, 403, 404, 422))
def shown(asking: Exporting, export_id: ExportId) -> Shown:
    with asking.transaction() as connection:
        return Shown.model_validate(actions.find(connection, export_id, asking.principal))


@router.post("/{export_id}/approve", summary="Approve an export", responses=problems.documented(401, 403, 404, 409, 422, 429))
def approve(asking: Approving, export_id: ExportId, approved: Approved | None = None) -> Shown:
    with asking.transaction() as connection:
        export = actions.approve(
            connection,
            asking.principal,
            asking.actor,
            export_id,
            seen=approved.plan_hash if approved else None,
            reports=asking.server.reports,
        )
    return Shown.model_validate(export)


@router.post("/{export_id}/reject", summary="Reject an export", responses=problems.documented(401, 403, 404, 409, 422))
def reject(asking: Approving, export_id: ExportId, rejected: Rejected) -> Shown:
    with asking.transaction() as connection:
        return Shown.model_validate(actions.reject(connection, asking.principal, asking.actor, export_id, reason=rejected.reason))


@router.post("/{export_id}/cancel", summary="Cancel an export", responses=problems.documented(401, 403, 404, 409, 422))
def cancel(asking: Exporting, export_id: ExportId) -> Shown:
    with asking.transaction() as connection:
        return Shown.model_validate(actions.cancel(connection, asking.principal, asking.actor, export_id))


@router.get(
    "/{export_id}/download", summary="A fresh link to the file", status_code=307, response_class=RedirectResponse,
    responses=problems.documented(401, 403, 404, 409, 410, 422, 502),
)  # fmt: skip
def download(asking: Exporting, export_id: ExportId, request: Request) -> RedirectResponse:
    """Checks the permission, records the download, and redirects to a link that lasts five minutes, or as long as OCTAVO_LINK_SECONDS says."""
    with asking.transaction() as connection:
        run = fetching.let_out(connection, asking.principal, asking.actor, export_id)
    return files.redirect(request, run)
