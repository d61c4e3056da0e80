"""The pages on which a template is written: report, format, period, parameters, sections, branding with a logo, and a PDF that shows how it would look."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from octavo.control.templates import actions, carrying, examples
from octavo.control.templates.actions import Template
from octavo.control.templates.pages import TemplateId, entry_of, projects_of, reports_of
from octavo.errors import NotFound, UsageError
from octavo.pipeline import branding, catalog
from octavo.pipeline import parameters as asked
from octavo.web.pages import logos, offering, parameters, visit
from octavo.web.pages.routing import Router
from octavo.web.pages.visit import Visit

router = Router()

FORMATS = [("pdf", "PDF"), ("xlsx", "XLSX"), ("csv", "CSV"), ("json", "JSON")]
Format = Literal["pdf", "xlsx", "csv", "json"]


class Written(BaseModel):
    """What the form says beside the report's parameters and the branding."""

    name: str = Field(min_length=1, max_length=200)
    description: str = Field("", max_length=2000)
    format: Format = "pdf"
    project_id: int | None = Field(None, ge=1, le=2**53 - 1)
    default_date_range_days: int | None = Field(None, ge=1, le=3660)
    sections: list[str] = []


class Branded(BaseModel):
    """What the form says of the branding; what is left empty stays as the organization has it."""

    accent: str = Field("", pattern=r"^#[0-9a-fA-F]{6}$")
    address: str = Field("", max_length=2000)
    vat_number: str = Field("", max_length=50)
    footer: str = Field("", max_length=500)
    logo: str = ""


@dataclass(frozen=True)
class Choices:
    """What the form offers."""

    projects: list[tuple[int, str]]
    parameters: list[parameters.Field]


@router.page("/templates/new")
def new(looking: visit.Managing, request: Request, report: Annotated[str, Query(max_length=200)] = "") -> Response:
    """What a report's page takes along stands in the address; a period that it does not say is then not said by the template either."""
    if not report:
        return looking.page("templates/new.html", title="New template", reports=reports_of(looking))
    entry = _entry(looking, report)
    along = request.query_params.get("format")
    name = "" if carrying.THEN in request.query_params else entry.report.title
    looking.form.fill({"name": name, "format": along or "pdf", "default_date_range_days": None if along else 30})
    carrying.fill(looking.form, request.query_params)
    return _page(looking, entry, None, parameters.asked(request.query_params, entry))


@router.form("/templates/new")
def create(looking: visit.Managing) -> Response:
    entry = _entry(looking, looking.form.text("report"))
    content = _content(looking, entry, None)
    if content is not None:
        with looking.form.refusals(), looking.transaction() as connection:
            made = actions.create(connection, looking.actor, content, reports=looking.server.reports)
        if looking.form.ok:
            return looking.go(carrying.leads(looking.form, made.id), f"“{made.name}” is made.")
    return _page(looking, entry, None)


@router.form("/templates/preview")
def preview(looking: visit.Managing) -> Response:
    """The PDF of the first rows with the branding of the form, which need not be saved."""
    with looking.transaction() as connection:
        number = looking.form.text("template_id")
        template = actions.find(connection, looking.principal, int(number)) if number.isdecimal() and len(number) < 16 else None
    entry = _entry(looking, template.report if template else looking.form.text("report"))
    given = offering.read(looking, entry, offering.offered(looking, entry, left_open=True))
    said = _branding(looking, template)
    if given is None or not looking.form.ok:
        raise UsageError(
            f"{' '.join([looking.form.error, *looking.form.errors.values()]).strip()}; no PDF was made. Go back, and mend that"
        )
    for name in asked.periods_of(entry.report.parameters):
        given.setdefault(name, f"last_{days}d") if (days := looking.form.text("default_date_range_days")).isdecimal() and int(
            days
        ) else None
    made = examples.pdf(
        looking.server.database, looking.principal.organization, looking.server.reports, entry.key, given, said,
        choice=template.choice if template else carrying.choice(carrying.read(looking.form, "pdf")), sections=_sections(looking, entry), masked=not looking.may("reports.view_pii"),
    )  # fmt: skip
    headers = {"Content-Disposition": 'inline; filename="example.pdf"', "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY"}
    return Response(made, media_type="application/pdf", headers=headers)


@router.page("/templates/{template_id}/edit")
def edit(looking: visit.Managing, template_id: TemplateId) -> Response:
    template, entry = _known(looking, template_id)
    said = {**template.branding_config}
    if isinstance(said.get("address"), list):
        said["address"] = "\n".join(said["address"])
    looking.form.fill(
        {
            "name": template.name, "description": template.description, "format": template.format, "project_id": template.project_id,
            "default_date_range_days": template.default_date_range_days, "sections": template.template_config.get("sections"), "compare": template.compare,
            **{name: said.get(name) for name in ("accent", "address", "vat_number", "footer")},
        }
    )  # fmt: skip
    return _page(looking, entry, template, template.parameters)


@router.form("/templates/{template_id}/edit")
def change(looking: visit.Managing, template_id: TemplateId) -> Response:
    template, entry = _known(looking, template_id)
    content = _content(looking, entry, template)
    if content is not None:
        with looking.form.refusals(), looking.transaction() as connection:
            actions.change(connection, looking.actor, template_id, content, reports=looking.server.reports)
        if looking.form.ok:
            return looking.go(f"/templates/{template_id}", f"“{content.name}” is changed.")
    return _page(looking, entry, template)


def _entry(looking: Visit, key: str) -> catalog.Entry:
    return looking.server.reports.report(key, looking.principal.organization)


def _known(looking: Visit, template_id: int) -> tuple[Template, catalog.Entry]:
    with looking.transaction() as connection:
        template = actions.find(connection, looking.principal, template_id)
    entry = entry_of(looking, template.report)
    if entry is None:
        raise NotFound(f"The report {template.report} of this template is not installed any more; put the template out of use")
    return template, entry


def _content(looking: Visit, entry: catalog.Entry, template: Template | None) -> actions.Content | None:
    written = looking.form.read(Written)
    given = offering.read(looking, entry, offering.offered(looking, entry, left_open=True))
    said = _branding(looking, template)
    if written is None or given is None or not looking.form.ok:
        return None
    config = {
        **(template.template_config if template else carrying.read(looking.form, written.format)),
        "sections": _sections(looking, entry),
    }
    config["compare"] = looking.form.text("compare")
    if not looking.form.ok:
        return None
    if template and template.format != written.format:
        config.pop("options", None)  # they are the other format's
    return actions.Content(
        **written.model_dump(exclude={"sections"}), report=entry.key, parameters=given, branding_config=said,
        template_config={name: value for name, value in config.items() if value}, active=template.active if template else True,
    )  # fmt: skip


def _sections(looking: Visit, entry: catalog.Entry) -> list[str]:
    """Those that are ticked; none where all are, because that is what nothing says."""
    known = [section.name for section in entry.report.sections]
    ticked = [name for name in known if looking.form.has("sections", name)]
    return [] if ticked == known else ticked


def _branding(looking: Visit, template: Template | None) -> dict[str, Any]:
    """The template's own branding: what it says and the form does not ask for stays, the rest is what the form says."""
    form = looking.form
    said = form.read(Branded)
    if said is None:
        return {}
    before = dict(template.branding_config) if template else {}
    kept = {name: value for name, value in before.items() if name not in Branded.model_fields}
    logos.refuse_undrawable(form)
    told: dict[str, Any] = {**said.model_dump(), "logo": logos.said(form, str(before.get("logo", "")))}
    if "\n" in said.address.strip():
        told["address"] = [line.strip() for line in said.address.splitlines() if line.strip()]
    told = {**kept, **{name: value for name, value in told.items() if value}}
    if form.ok:
        with form.refusals():
            return branding.checked(told)
    return {}


def _page(looking: Visit, entry: catalog.Entry, template: Template | None, given: Mapping[str, Any] | None = None) -> Response:
    """The form as it was typed, or with the parameters that are given."""
    own = looking.principal.organization
    with looking.transaction() as connection:
        projects = projects_of(connection, looking)
    fields = parameters.fill(looking.form, offering.offered(looking, entry, left_open=True), given)
    kept = template.template_config if template else carrying.read(looking.form, looking.form.text("format"))
    sent = logos.carried(looking.form)
    return looking.page(
        "templates/edit.html", title=f"Edit “{template.name}”" if template else f"New template of {entry.report.title}",
        template=template, entry=entry, choices=Choices(projects, fields), formats=FORMATS, periods=asked.periods_of(entry.report.parameters),
        compares=parameters.comparisons(entry), then=carrying.leads(looking.form, 0) != "/templates/0", kept=carrying.words(entry, {name: said for name, said in kept.items() if name != "compare"})[0],
        logo=sent or (template.branding_config.get("logo", "") if template else ""), logo_sent=sent, largest=logos.LARGEST, accent_of=branding.accent(own.branding),
    )  # fmt: skip
