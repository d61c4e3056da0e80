"""The pages of what was made: the list of runs with its filters, a run with all that belongs to it, and what is done with it by hand."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field, SecretStr

from octavo.control.delivery import actions as delivery
from octavo.control.history import telling
from octavo.control.retention import actions as retention
from octavo.control.runs import actions as runs
from octavo.control.runs import rights, rules
from octavo.control.runs.routes import Format
from octavo.control.sharing import actions as sharing
from octavo.control.sharing import page as sharing_page
from octavo.pipeline import periods, writers
from octavo.web import files
from octavo.web.pages import visit
from octavo.web.pages.form import Form
from octavo.web.pages.routing import Router
from octavo.web.pages.visit import Visit

router = Router()

PAGE_SIZE = 25
MOST_LISTED = 10_000
"""So many are counted and turned over at most; whoever looks for an earlier one filters."""
_SOURCES = {"on_demand": "By hand", "scheduled": "By a schedule", "export": "As an export"}

RunId = Annotated[int, Path(ge=1, le=2**53 - 1)]
Number = Annotated[int, Field(ge=1, le=2**53 - 1)]


class Filters(BaseModel):
    """Which runs are listed; the days are those of the organization's zone, both included."""

    report: str | None = Field(None, max_length=200)
    format: Format | None = None
    state: Literal["pending", "processing", "completed", "failed", "cancelled", "expired"] | None = None
    source: Literal["on_demand", "scheduled", "export"] | None = None
    since: date | None = None
    until: date | None = None
    group_id: int | None = Field(None, ge=1, le=2**53 - 1)


class Sharing(BaseModel):
    """A link that is to be made."""

    days: int = Field(7, ge=1, le=366)
    password: SecretStr | None = Field(None, max_length=1000)
    most_downloads: int | None = Field(None, ge=1, le=1_000_000)
    note: str = Field("", max_length=200)


class Why(BaseModel):
    """Why something is held or let go."""

    reason: str = Field(max_length=2000)


class One(BaseModel):
    """Which link, or which delivery."""

    id: Number


@router.page("/history")
def history(looking: visit.Viewing, request: Request, page: Annotated[int, Query(ge=1, le=MOST_LISTED // PAGE_SIZE)] = 1) -> Response:
    form = Form(request.query_params.multi_items())
    wanted = form.read(Filters) or Filters()
    zone = looking.principal.organization.time_zone
    filters: dict[str, Any] = wanted.model_dump(include={"report", "format", "state", "source", "group_id"})
    if wanted.since is not None:
        filters["created_from"] = periods.midnight(wanted.since, zone)
    if wanted.until is not None:
        filters["created_until"] = periods.midnight(wanted.until + timedelta(days=1), zone)
    with looking.transaction() as connection:
        seen = {**filters, "export_of": rights.hidden(looking.principal)}
        found = runs.list_(connection, seen, page=page, page_size=PAGE_SIZE, most=MOST_LISTED)
        going = {one.id: one for one in runs.progress_of(connection, [run.id for run in found.items if not rules.is_over(run.state)])}
    titles = {key: looking.report_title(key) for key in looking.server.reports.entries}
    return looking.page(
        "history/list.html", title="History", most=MOST_LISTED, status=form.status, sent=form, found=found, going=going, sources=_SOURCES,
        filtered=any(filters.values()), formats=[(name, writers.named(name).title) for name in writers.NAMES],
        reports=sorted(((key, title) for key, title in titles.items() if title != key), key=lambda pair: pair[1]), states=rules.STATES,
    )  # fmt: skip


@router.page("/history/{run_id}")
def run_page(looking: visit.Viewing, run_id: RunId) -> Response:
    return _shown(looking, run_id)


@router.page("/history/{run_id}/download")
def download(looking: visit.Viewing, run_id: RunId, request: Request) -> Response:
    """Checked, recorded, and led to a link of a few minutes, as by the API."""
    with looking.transaction() as connection:
        run = rights.fetch(connection, looking.principal, looking.actor, run_id)
    return files.redirect(request, run)


@router.form("/history/{run_id}/cancel")
def cancel(looking: visit.Exporting, run_id: RunId) -> Response:
    with looking.transaction() as connection:
        rights.own(looking.principal, runs.find(connection, run_id))
        runs.cancel(connection, looking.actor, run_id)
    return looking.go(f"/history/{run_id}", "The run is cancelled. Nothing of it is kept.")


@router.form("/history/{run_id}/retry")
def retry(looking: visit.Exporting, run_id: RunId) -> Response:
    with looking.transaction() as connection:
        rights.own(looking.principal, runs.find(connection, run_id))
        runs.retry(connection, looking.actor, run_id)
    return looking.go(f"/history/{run_id}", "The run begins anew.")


@router.form("/history/{run_id}/send")
def send(looking: visit.Exporting, run_id: RunId) -> Response:
    """One delivery of the run once more."""
    asked = looking.form.read(One)
    if asked is None:
        return _shown(looking, run_id)
    with looking.transaction() as connection:
        rights.seen(looking.principal, runs.find(connection, run_id))
        delivery.send_again(connection, looking.principal, looking.actor, asked.id)
    return looking.go(f"/history/{run_id}", "It is sent once more.")


@router.form("/history/{run_id}/share")
def share(looking: visit.Managing, run_id: RunId, request: Request) -> Response:
    """Shows the link, this once."""
    asked, link = looking.form.read(Sharing), ""
    if asked is not None:
        with looking.form.refusals(), looking.transaction() as connection:
            _, token = sharing.create(
                connection, looking.principal, looking.actor, run_id, days=asked.days,
                password=asked.password.get_secret_value() if asked.password else None, most_downloads=asked.most_downloads, note=asked.note,
            )  # fmt: skip
            link = sharing_page.address(request, token)
    return _shown(looking, run_id, link=link, sharing_now=not link)


@router.form("/history/{run_id}/revoke")
def revoke(looking: visit.Managing, run_id: RunId) -> Response:
    asked = looking.form.read(One)
    if asked is None:
        return _shown(looking, run_id)
    with looking.transaction() as connection:
        rights.seen(looking.principal, runs.find(connection, run_id))
        sharing.revoke(connection, looking.principal, looking.actor, asked.id)
    return looking.go(f"/history/{run_id}", "The link leads nowhere any more.")


@router.form("/history/{run_id}/hold")
def hold(looking: visit.Managing, run_id: RunId) -> Response:
    return _held(looking, run_id, held=True)


@router.form("/history/{run_id}/release")
def release(looking: visit.Managing, run_id: RunId) -> Response:
    return _held(looking, run_id, held=False)


def _held(looking: Visit, run_id: int, *, held: bool) -> Response:
    asked = looking.form.read(Why)
    if asked is not None:
        with looking.form.refusals("reason"), looking.transaction() as connection:
            rights.seen(looking.principal, runs.find(connection, run_id))
            (retention.hold if held else retention.release)(connection, looking.actor, run_id, asked.reason)
    if asked is None or not looking.form.ok:
        return _shown(looking, run_id)
    return looking.go(
        f"/history/{run_id}", "The run is on legal hold." if held else "The hold is lifted; what is due goes at the next round."
    )


def _shown(looking: Visit, run_id: int, *, link: str = "", sharing_now: bool = False) -> Response:
    with looking.transaction() as connection:
        told = telling.read(connection, looking, run_id)
    may, taken_at = telling.may(looking, told), (told.run.manifest or {}).get("snapshot_taken_at")
    if not sharing_now:
        looking.form.fill({"days": 7})
    return looking.page(
        "history/run.html", title=looking.report_title(told.run.report), told=told, run=told.run, can=may, asked=telling.asked(looking, told.run),
        parts=telling.parts(looking, told.run), link=link, taken_at=taken_at and datetime.fromisoformat(taken_at), sharing_now=sharing_now, sources=_SOURCES, over=rules.is_over(told.run.state),
    )  # fmt: skip
