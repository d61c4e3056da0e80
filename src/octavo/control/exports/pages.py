"""The pages of exports: the list, what waits for whoever decides, one export with its frozen plan, and from how many rows on one needs approval."""

from typing import Annotated, Any

from fastapi import Path, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from octavo.control.audit import actions as audit
from octavo.control.delivery import actions as delivery
from octavo.control.exports import actions, fetching, rules, sample, thresholds
from octavo.control.exports.actions import Export
from octavo.control.runs import actions as runs
from octavo.database.connection import Connection
from octavo.errors import NotFound
from octavo.pipeline import catalog, definition
from octavo.pipeline.choice import Choice
from octavo.web import files
from octavo.web.lists import PageNumber
from octavo.web.pages import visit
from octavo.web.pages.routing import Router
from octavo.web.pages.visit import Visit

router = Router()

ExportId = Annotated[int, Path(ge=1, le=2**53 - 1)]

PAGE_SIZE = 20
_INBOX = 10
_HISTORY = 50

HAPPENED = {
    "export.requested": "Asked for", "export.approved": "Approved", "export.rejected": "Rejected", "export.cancelled": "Cancelled",
    "export.sent_back": "Has to be approved again", "export.downloaded": "Downloaded",
}  # fmt: skip


class Rejected(BaseModel):
    """Why an export is rejected."""

    reason: str = Field(min_length=1, max_length=2000)


class Thresholds(BaseModel):
    """When exports need approval."""

    threshold: int = Field(ge=0, le=2**31 - 1)
    personal_threshold: int = Field(ge=0, le=2**31 - 1)
    approval_days: int = Field(ge=1, le=366)


@router.page("/exports")
def listed(looking: visit.Exporting, state: str = "", dataset: str = "", whose: str = "", page: PageNumber = 1) -> Response:
    approves, me = looking.may(actions.APPROVE), looking.principal.user_id
    filters: dict[str, Any] = {
        "state": state if state in rules.STATES else None, "dataset": dataset or None, "requested_by": me if whose == "mine" else None,
    }  # fmt: skip
    with looking.transaction() as connection:
        found = actions.list_(connection, looking.principal, filters, page=page, page_size=PAGE_SIZE)
        inbox = _inbox(connection, looking) if approves and page == 1 and not any(filters.values()) else None
        progress = {one.id: one for one in runs.under_way(connection, looking.principal)}
    looking.form.fill({"state": state, "dataset": dataset, "whose": whose})
    return looking.page(
        "exports/list.html", title="Exports", found=found, page=page, page_size=PAGE_SIZE, inbox=inbox, progress=progress, approves=approves,
        me=me, filtered=any(filters.values()), states=rules.STATES, datasets=_datasets(looking),
    )  # fmt: skip


def _inbox(connection: Connection, looking: Visit) -> actions.Page:
    """What waits for a decision that this person may make: nobody decides about their own."""
    return actions.list_(connection, looking.principal, {"state": "pending", "not_by": looking.principal.user_id}, page_size=_INBOX)


def _datasets(looking: Visit) -> list[tuple[str, str]]:
    organization = looking.principal.organization
    entries = looking.server.reports.entries.values()
    return sorted(
        ((one.key, one.report.title) for one in entries if one.is_dataset and one.pack.is_for(organization)), key=lambda pair: pair[1]
    )


@router.page("/exports/{export_id}")
def shown(looking: visit.Exporting, export_id: ExportId) -> Response:
    return show(looking, export_id)


@router.form("/exports/{export_id}/approve")
def approve(looking: visit.Approving, export_id: ExportId) -> Response:
    """Binds to the plan that was looked at."""
    with looking.form.refusals(), looking.transaction() as connection:
        actions.approve(
            connection, looking.principal, looking.actor, export_id, seen=looking.form.text("plan_hash"), reports=looking.server.reports
        )
    return (
        looking.go(f"/exports/{export_id}", "Approved. The file is made as it was planned.")
        if looking.form.ok
        else show(looking, export_id)
    )


@router.form("/exports/{export_id}/reject")
def reject(looking: visit.Approving, export_id: ExportId) -> Response:
    said = looking.form.read(Rejected)
    if said is not None:
        with looking.form.refusals(), looking.transaction() as connection:
            actions.reject(connection, looking.principal, looking.actor, export_id, reason=said.reason)
    return looking.go(f"/exports/{export_id}", "Rejected. Whoever asked reads why.") if looking.form.ok else show(looking, export_id)


@router.form("/exports/{export_id}/cancel")
def cancel(looking: visit.Exporting, export_id: ExportId) -> Response:
    with looking.form.refusals(), looking.transaction() as connection:
        actions.cancel(connection, looking.principal, looking.actor, export_id)
    return looking.go(f"/exports/{export_id}", "Cancelled. Nothing goes out.") if looking.form.ok else show(looking, export_id)


@router.page("/exports/{export_id}/download")
def download(looking: visit.Exporting, export_id: ExportId, request: Request) -> Response:
    """To a fresh link; that it was fetched is recorded."""
    with looking.transaction() as connection:
        run = fetching.let_out(connection, looking.principal, looking.actor, export_id)
    return files.redirect(request, run)


def show(looking: Visit, export_id: int, *, password: str | None = None) -> Response:
    """The page of one export; with the password of its file where that was just made, this once."""
    principal = looking.principal
    with looking.transaction() as connection:
        export = actions.find(connection, export_id, principal)
        progress = next((one for one in runs.under_way(connection, principal) if one.id == export.run_id), None)
        happened, _ = audit.entries(connection, subject="export", subject_id=export_id, limit=_HISTORY)
        places = {one.id: one.name for one in delivery.places(connection)} if export.deliver_to else {}
        entry = _entry(looking, export)
        threshold = actions.threshold(connection, entry) if entry else None
    own = export.requested_by == principal.user_id
    waits = export.state == "pending"
    decides = waits and not own and looking.may(actions.APPROVE) and (export.masked or looking.may("reports.view_pii"))
    seen = sample.Sample()
    if decides:
        hidden = not looking.may("reports.view_pii")
        seen = sample.look(looking.server.database, principal.organization, export, looking.server.reports, masked=hidden)
    table = catalog.dataset(entry) if entry else None
    return looking.page(
        "exports/export.html", title=looking.report_title(export.dataset), export=export, own=own, waits=waits, decides=decides,
        approves=looking.may(actions.APPROVE), sample=seen, shower=looking.shown.conventions.shower, progress=progress, history=happened, happened=HAPPENED,
        columns=_columns(table, export), asked=_asked(entry, table, export, seen), recipients=_recipients(export, places), threshold=threshold,
        password=password, open_=export.state in ("pending", "approved", "processing"),
        fetched=export.state == "completed" and (export.masked or looking.may("reports.view_pii")), sample_rows=sample.ROWS,
    )  # fmt: skip


def _entry(looking: Visit, export: Export) -> catalog.Entry | None:
    """The dataset as it is now; None where there is no such one any more."""
    try:
        entry = looking.server.reports.report(export.dataset, looking.principal.organization)
    except NotFound:
        return None
    return entry if entry.is_dataset else None


def _columns(table: definition.Table | None, export: Export) -> list[tuple[str, bool]]:
    """The columns of the file by title, and whether each holds personal data."""
    known = {column.name: column for column in table.columns} if table else {}
    return [(known[name].title, known[name].pii) if name in known else (name, False) for name in export.fields]


def _asked(entry: catalog.Entry | None, table: definition.Table | None, export: Export, seen: sample.Sample) -> list[tuple[str, str]]:
    """What was asked, as people read it: parameters, conditions, order."""
    if seen.answers:
        told = [(one.title, one.shown) for one in seen.answers]
    else:
        fields = entry.report.parameters.model_fields if entry else {}
        titles = {name: field.title or name.replace("_", " ").capitalize() for name, field in fields.items()}
        told = [(titles.get(name, name), _plain(value)) for name, value in export.parameters.items()]
    if table is not None:
        choice = Choice.of((), export.filters, export.arrangement)
        told += [(title, text) for _, title, _, text in choice.shown(table)]
    return told


def _plain(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text.replace("/", " to ") if text.count("/") == 1 and text[:4].isdigit() else text


def _recipients(export: Export, places: dict[int, str]) -> list[str]:
    def named(target: dict[str, Any]) -> str:
        if target["channel"] == "email":
            return str(target["to"])
        if target["channel"] == "place":
            folder = f", folder {target['folder']}" if target.get("folder") else ""
            return f"Place {places.get(target['place_id'], target['place_id'])}{folder}"
        return f"Webhook {target.get('webhook_id')}"

    return [named(target) for target in export.deliver_to]


@router.page("/settings/exports")
def settings(looking: visit.Managing) -> Response:
    with looking.transaction() as connection:
        now = thresholds.find(connection)
    looking.form.fill(vars(now))
    return looking.page("exports/settings.html", title="Export approval", now=now)


@router.form("/settings/exports")
def change_settings(looking: visit.Managing) -> Response:
    said = looking.form.read(Thresholds)
    if said is not None:
        with looking.form.refusals(), looking.transaction() as connection:
            thresholds.change(connection, looking.actor, thresholds.Thresholds(**said.model_dump()))
    return (
        looking.go("/settings/exports", "Saved. It holds for exports that are asked for from now on.")
        if looking.form.ok
        else settings(looking)
    )
