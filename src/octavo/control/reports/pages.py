"""The pages of reports: the catalog with its search, and each report: what it holds, its figures, and the form by which it is asked for."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Path, Query, Request
from fastapi.responses import Response

from octavo.control.access import actions as access
from octavo.control.delivery import actions as delivery
from octavo.control.reports import reading, several
from octavo.control.runs import actions as runs
from octavo.control.runs import rights
from octavo.control.runs.actions import Run
from octavo.control.templates import actions as templates
from octavo.control.templates import carrying, fitting
from octavo.control.templates import several as together
from octavo.database.connection import Connection
from octavo.errors import NotFound, OctavoError, UsageError
from octavo.pipeline import comparison, definition, periods, writers
from octavo.pipeline import each as eaches
from octavo.pipeline.catalog import Entry, InstalledPack, dataset
from octavo.pipeline.choice import NOTHING, Choice
from octavo.web import protecting
from octavo.web.pages import offering, parameters, rail, visit
from octavo.web.pages.parameters import Field
from octavo.web.pages.routing import Router
from octavo.web.pages.visit import Visit
from octavo.web.protecting import Protection

router = Router()

EXPORT, MANAGE = "reports.export_reports", "reports.manage"
FORMAT, PASSWORD, ME, ADDRESSES, PLACE, MESSAGE = "file-format", "file-password", "send-me", "send-to", "send-place", "send-message"
AGAIN = "as-run"
COMPARE = comparison.ASKED
"""What the form asks beside the parameters."""

Key = Annotated[str, Path(max_length=200)]


@router.page("/reports")
def catalog_page(looking: visit.Viewing, q: Annotated[str, Query(max_length=200)] = "") -> Response:
    looking.form.fill({"q": q})
    packs = [(pack, found) for pack, entries in _by_pack(looking) if (found := [one for one in entries if _found(pack, one, q)])]
    count = sum(len(entries) for _, entries in packs)
    return looking.page("reports/catalog.html", title="Reports", packs=packs, count=count, q=q, formats=_formats())


def _by_pack(looking: Visit) -> Iterator[tuple[InstalledPack, list[Entry]]]:
    """The packs that this organization sees, each with its reports first and then its datasets, by title."""
    reports, organization = looking.server.reports, looking.principal.organization
    for pack in sorted(reports.packs.values(), key=lambda one: one.pack.title):
        if pack.is_for(organization):
            mine = [entry for entry in reports.entries.values() if entry.pack is pack]
            yield pack, sorted(mine, key=lambda one: (one.is_dataset, one.report.title))


def _found(pack: InstalledPack, entry: Entry, q: str) -> bool:
    """Whether every word stands somewhere in what the report is called, is for, and holds."""
    held = [column.title for one in entry.report.sections if isinstance(one, definition.Tabular) for column in one.columns]
    said = " ".join(
        [entry.key, entry.report.title, entry.report.description, pack.pack.title, *(one.title for one in entry.report.sections), *held]
    )
    return all(word in said.casefold() for word in q.casefold().split())


def _formats() -> list[tuple[str, str, str]]:
    """Each format: its name, its title, and how much it holds."""
    made = [writers.named(name) for name in writers.NAMES]
    return [(one.name, one.title, f"up to {one.max_rows:,} rows" if one.max_rows else "any number of rows") for one in made]


@router.page("/reports/{report}")
def report_page(
    looking: visit.Viewing, request: Request, report: Key, again: Annotated[int | None, Query(ge=1, le=2**53 - 1)] = None
) -> Response:
    """With `again` the form holds what that run was asked."""
    entry = _entry(looking, report)
    if again is not None:
        with looking.transaction() as connection:
            run = _before(connection, looking, entry, again)
        looking.form.fill({FORMAT: run.format, "sections": run.sections, "time_zone": run.time_zone, COMPARE: run.compare, AGAIN: run.id})
        of_one = run.made_as == eaches.WAYS[0]  # a run of a group is made again by itself
        return _page(looking, entry, run.parameters, chose=_choice(run), each={} if of_one else run.each, made_as=run.made_as)
    looking.form.fill(
        {
            "time_zone": request.query_params.get("time_zone"),
            FORMAT: request.query_params.get("format"),
            COMPARE: request.query_params.get(COMPARE),
        }
    )
    each = several.in_address(request.query_params, entry)
    made_as = request.query_params.get(several.MADE_AS, "")
    return _page(looking, entry, parameters.asked(request.query_params, entry), each=each, made_as=made_as)


def _before(connection: Connection, looking: Visit, entry: Entry, run_id: int) -> Run:
    """The run that is made again. Raises NotFound."""
    run = rights.seen(looking.principal, runs.find(connection, run_id))
    if run.report != entry.key:
        raise NotFound(f"The run {run_id} is of another report; begin at its own page in the history")
    return run


def _choice(run: Run) -> Choice:
    """Which columns and rows of a dataset it was."""
    return Choice.of(run.fields, run.filters, run.arrangement)


@router.page("/reports/{report}/figures")
def figures_page(
    looking: visit.Viewing, request: Request, report: Key, time_zone: Annotated[str, Query(max_length=100)] = "",
    compare: Annotated[str, Query(max_length=100)] = "",
) -> Response:  # fmt: skip
    """The figures, the charts and the first rows: a page of their own, which the report's page takes in when there is a script."""
    entry = _entry(looking, report)
    given, error, figures = parameters.asked(request.query_params, entry), "", reading.Figures()
    missing = [one.title for one in parameters.of(entry) if one.required and one.name not in given]
    try:
        if missing:
            raise UsageError(f"Say in the form of the report: {', '.join(missing)}. Then its figures show here.")
        figures = reading.figures(looking, request, entry, given, _zone(time_zone), compare or None)
    except UsageError as refused:
        error = str(refused)
    zone = time_zone or looking.principal.organization.time_zone
    more = {name: said for name, said in (("time_zone", time_zone), (COMPARE, compare)) if said}
    return looking.page(
        "reports/figures.html", title=entry.report.title, entry=entry, figures=figures, error=error, zone=zone,
        back=_address(entry, {**given, **more}), previewed=reading.PREVIEWED,
    )  # fmt: skip


@router.form("/reports/{report}")
def ask(looking: visit.Viewing, report: Key) -> Response:
    """Looks at the figures of what was typed, makes the file of it, or takes it along to a template or a schedule."""
    entry = _entry(looking, report)
    offered, doing = offering.offered(looking, entry), looking.form.text("do")
    if doing != "look":
        access.require(looking.principal, EXPORT if doing == "make" else MANAGE)
    each = several.read(looking, entry, several.of(offered))
    given = offering.read(looking, entry, offered, elsewhere=() if doing == "look" else each)
    with looking.form.refusals("time_zone"):
        zone = _zone(looking.form.text("time_zone"))
    with looking.form.refusals(COMPARE if parameters.comparisons(entry) else ""):
        comparison.refuse(entry, compare := looking.form.text(COMPARE) or None)
    if doing in ("template", "schedule") and each and looking.form.text(several.MADE_AS) in ("", eaches.WAYS[0]):
        looking.form.refuse("A template keeps several values as one file or one zip; choose that here", field=several.MADE_AS)
    if given is None or not looking.form.ok:
        return _page(looking, entry, {}, offered=offered)
    more = {name: said for name, said in (("time_zone", zone), (COMPARE, compare)) if said}
    if doing == "make":
        return _make(looking, entry, given, each, zone, offered)
    if doing == "template":
        return looking.go(carrying.address(_said(looking, entry, given, each)))
    if doing == "schedule":
        return _schedule(looking, entry, _said(looking, entry, given, each), zone)
    return looking.go(_address(entry, {**given, **more, **several.told(looking.form, each)}))


def _said(looking: Visit, entry: Entry, given: dict[str, Any], each: several.Each) -> templates.Content:
    """What the form says, as a template says it."""
    form, config = looking.form, dict[str, Any]()
    if form.text(AGAIN).isdigit():
        with looking.transaction() as connection:
            before = _before(connection, looking, entry, int(form.text(AGAIN)))
        config = {"fields": before.fields, "filters": before.filters, "arrangement": before.arrangement}
        config["options"] = before.options if before.format == form.text(FORMAT) else {}
    ticked = form.all("sections")
    config |= {"sections": [] if len(ticked) == len(entry.report.sections) else ticked, "compare": form.text(COMPARE)}
    config |= {"each": each, "made_as": form.text(several.MADE_AS) if each else ""}
    return templates.Content(
        entry.report.title, entry.key, form.text(FORMAT) or "pdf", parameters=given, default_date_range_days=None,
        template_config={name: value for name, value in config.items() if value},
    )  # fmt: skip


def _schedule(looking: Visit, entry: Entry, said: templates.Content, zone: str | None) -> Response:
    """To the form of a schedule by the template that says the same; where there is none, to that of such a template first."""
    form = looking.form
    with looking.transaction() as connection:
        fits = fitting.find(connection, looking.principal, said, entry)
        mine = [delivery.own_address(connection, looking.principal)] if form.has(ME, "on") else []
    to = {
        "time_zone": zone, "emails": "\n".join([*mine, *form.text(ADDRESSES).replace(",", " ").split()]), "places": form.text(PLACE),
        "message": form.text(MESSAGE), "template_id": fits.id if fits else None,
    }  # fmt: skip
    place = f"/schedules/new?{urlencode({name: one for name, one in to.items() if one})}"
    return looking.go(place if fits else carrying.address(said, then=place))


def _make(looking: Visit, entry: Entry, given: dict[str, Any], each: several.Each, zone: str | None, offered: list[Field]) -> Response:
    """Asks for the run, by the same actions as POST /api/reports/generate."""
    form, principal, run = looking.form, looking.principal, None
    sealed = None
    with form.refusals(PASSWORD):
        sealed, _ = protecting.seal(looking.asking, Protection(password=form.text(PASSWORD)) if form.text(PASSWORD) else None)
    if form.ok:
        with form.refusals():
            wanted = templates.Wanted(
                report=entry.key, format=form.text(FORMAT) or "pdf", parameters=given, sections=form.all("sections"), time_zone=zone, compare=form.text(COMPARE) or None,
                sealed_password=sealed, message=form.text(MESSAGE), each=each, made_as=form.text(several.MADE_AS) if each else None,
            )  # fmt: skip
            if each:
                wanted = together.checked(looking.server.database, principal, wanted, wanted, looking.server.reports)
            with looking.transaction() as connection:
                run = _ask_for(connection, looking, entry, wanted)
                count = len(runs.group(connection, run.group_id)) if run.group_id is not None else 1
    if run is None:
        return _page(looking, entry, {}, offered=offered)
    if run.group_id is not None:
        return looking.go(f"/history?group_id={run.group_id}", f"{count} runs are asked for, a file for each.")
    return looking.go(f"/history/{run.id}")


def _ask_for(connection: Connection, looking: Visit, entry: Entry, wanted: templates.Wanted) -> Run:
    """With where the form sends it, and what it keeps of the run that is made again."""
    form, principal = looking.form, looking.principal
    targets: list[Mapping[str, Any]] = [{"channel": "email", "to": one} for one in form.text(ADDRESSES).replace(",", " ").split()]
    if form.has(ME, "on"):
        targets.append({"channel": "email", "to": delivery.own_address(connection, principal)})
    if form.text(PLACE).isdigit():
        targets.append({"channel": "place", "place_id": int(form.text(PLACE))})
    delivery.check_words("", wanted.message)
    before = _before(connection, looking, entry, int(form.text(AGAIN))) if form.text(AGAIN).isdigit() else None
    as_before = before is not None and before.format == wanted.format
    wanted = replace(
        wanted, options=before.options if before is not None and as_before else {}, choice=_choice(before) if before is not None else NOTHING,
        deliver_to=delivery.check_targets(connection, targets, principal=principal),
    )  # fmt: skip
    return templates.generate(connection, principal, looking.actor, wanted, reports=looking.server.reports)


def _page(
    looking: Visit, entry: Entry, given: Mapping[str, Any], *, offered: list[Field] | None = None, chose: Choice = NOTHING,
    each: Mapping[str, Any] | None = None, made_as: str = "",
) -> Response:  # fmt: skip
    """The page, with the form as it was typed, or filled with what is given and the defaults."""
    form, organization, typed = looking.form, looking.principal.organization, offered is not None
    if offered is None:
        form.fill({FORMAT: entry.report.template.format if entry.report.template else "pdf"})
        offered = offering.offered(looking, entry)
    varied = several.of(offered)
    several.fill(form, varied, each or {}, made_as)
    offered = parameters.fill(form, offered, None if typed else given)
    with looking.transaction() as connection:
        places = delivery.places(connection) if looking.may(MANAGE) else []
        own = _own_address(looking, connection)
    formats = [(name, f"{title}, {holds}") for name, title, holds in _formats()]
    sections = [one for one in entry.report.sections if isinstance(one, definition.Tabular)]
    more = {name: form.text(name) for name in ("time_zone", COMPARE) if form.text(name)}
    compares = parameters.comparisons(entry)
    body = {
        "report": entry.key,
        "format": form.text(FORMAT),
        "parameters": {name: said for name, said in given.items() if name not in (each or {})},
    }
    body |= {name: said for name, said in ((COMPARE, form.text(COMPARE)), ("each", each), ("made_as", each and made_as)) if said}
    return looking.page(
        "reports/report.html", title=entry.report.title, entry=entry, fields=offered, sections=sections, section_choices=[(one.name, one.title) for one in entry.report.sections], formats=formats, chose=_chosen(entry, chose),
        figures="" if typed else _address(entry, {**given, **more}, "/figures"), compares=compares, places=[(one.id, one.name) for one in places if one.active], own_address=own,
        zone=organization.time_zone, body=json.dumps(body, ensure_ascii=False), makes=looking.may(EXPORT), manages=looking.may(MANAGE),
        varied=varied, most_at_once=eaches.MOST, ways=several.WAYS, made_as=several.MADE_AS, holds=partial(several.holds, form), unfolded=several.MADE_AS in form.errors or any(several.holds(form, one) for one in varied),
        there={name: rail.there_is(looking.request.app, f"/{name}/new") for name in ("templates", "schedules", "exports")},
        names={"format": FORMAT, "password": PASSWORD, "me": ME, "addresses": ADDRESSES, "place": PLACE, "message": MESSAGE, "again": AGAIN},
    )  # fmt: skip


def _chosen(entry: Entry, chose: Choice) -> list[tuple[str, str]]:
    """What a run chose of a dataset, as people read it."""
    return [(title, words) for _, title, _, words in chose.shown(dataset(entry))] if chose else []


def _own_address(looking: Visit, connection: Connection) -> str:
    try:
        return delivery.own_address(connection, looking.principal)
    except OctavoError:
        return ""


def _entry(looking: Visit, report: str) -> Entry:
    return looking.server.reports.report(report, looking.principal.organization)


def _zone(said: str) -> str | None:
    """Raises UsageError."""
    if said:
        periods.zone_named(said)
    return said or None


def _address(entry: Entry, given: Mapping[str, Any], below: str = "") -> str:
    """The page of a report that is asked so."""
    said = {name: str(value).lower() if isinstance(value, bool) else value for name, value in given.items() if value is not None}
    query = urlencode(said, doseq=True)
    return f"/reports/{entry.key}{below}" + (f"?{query}" if query else "")
