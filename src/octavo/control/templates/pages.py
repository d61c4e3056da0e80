"""The pages of templates: which there are, what one says, and what is done with it. Who writes one goes on in writing.py, or for a dataset in building.py."""

from typing import Annotated, Any

from fastapi import Path, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from octavo.control.runs import actions as runs
from octavo.control.templates import actions, approvals, carrying
from octavo.control.templates.actions import Template
from octavo.control.tenancy import actions as tenancy
from octavo.database.connection import Connection
from octavo.pipeline import catalog
from octavo.pipeline import parameters as asked
from octavo.web.lists import PageNumber
from octavo.web.pages import visit
from octavo.web.pages.routing import Router
from octavo.web.pages.visit import Visit

router = Router()

PAGE_SIZE = 50
TemplateId = Annotated[int, Path(ge=1, le=2**53 - 1)]


class Approved(BaseModel):
    """What is approved of a template."""

    rows: int = Field(ge=1, le=2**53 - 1)


@router.page("/templates")
def listed(
    looking: visit.Viewing,
    q: Annotated[str, Query(max_length=200)] = "",
    report: Annotated[str, Query(max_length=200)] = "",
    project: Annotated[int | None, Query(ge=1, le=2**53 - 1)] = None,
    use: Annotated[str, Query(pattern="^(in|out)?$")] = "",
    page: PageNumber = 1,
) -> Response:
    with looking.transaction() as connection:
        found = actions.list_(
            connection, looking.principal, report=report or None, active=use != "out", search=q or None, project_id=project, page=page,
            page_size=PAGE_SIZE,
        )  # fmt: skip
        projects = projects_of(connection, looking)
    looking.form.fill({"q": q, "report": report, "project": project, "use": use})
    return looking.page(
        "templates/list.html", title="Templates", found=found, page=page, page_size=PAGE_SIZE, reports=reports_of(looking), projects=projects,
        filtered=bool(q or report or project or use),
    )  # fmt: skip


# The fixed addresses below /templates are those of writing.py and building.py, which are listed first.
@router.page("/templates/{template_id}")
def shown(looking: visit.Viewing, template_id: TemplateId) -> Response:
    with looking.transaction() as connection:
        template = actions.find(connection, looking.principal, template_id)
        projects = projects_of(connection, looking)
        made = runs.list_(connection, {"template_id": template_id, "exports": False}, page_size=5) if template.active else None
    return _shown(looking, template, projects, made)


@router.form("/templates/{template_id}/generate")
def generate(looking: visit.Exporting, template_id: TemplateId) -> Response:
    with looking.transaction() as connection:
        run = actions.generate(
            connection, looking.principal, looking.actor, actions.Wanted(), template_id=template_id, reports=looking.server.reports
        )
    return looking.go(looking.first_of(f"/history/{run.id}", f"/templates/{template_id}"), f"Run {run.id} is asked for.")


@router.form("/templates/{template_id}/deactivate")
def deactivate(looking: visit.Managing, template_id: TemplateId) -> Response:
    with looking.transaction() as connection:
        left = actions.deactivate(connection, looking.actor, template_id)
    return looking.go(f"/templates/{template_id}", f"“{left.name}” is out of use. Put it in use again below when it is missed.")


@router.form("/templates/{template_id}/activate")
def activate(looking: visit.Managing, template_id: TemplateId) -> Response:
    with looking.transaction() as connection:
        again = actions.find(connection, looking.principal, template_id)
        actions.change(connection, looking.actor, template_id, content_of(again, active=True), reports=looking.server.reports)
    return looking.go(f"/templates/{template_id}", f"“{again.name}” is in use again.")


@router.form("/templates/{template_id}/approve")
def approve(looking: visit.Approving, template_id: TemplateId) -> Response:
    said = looking.form.read(Approved)
    if said is not None:
        with looking.form.refusals("rows"), looking.transaction() as connection:
            approvals.approve(connection, looking.principal, looking.actor, template_id, rows=said.rows, reports=looking.server.reports)
        if looking.form.ok:
            return looking.go(f"/templates/{template_id}", f"What others ask for by it goes out, up to {said.rows:,} rows a file.")
    again: Response = shown(looking, template_id)
    return again


@router.form("/templates/{template_id}/withdraw")
def withdraw(looking: visit.Approving, template_id: TemplateId) -> Response:
    with looking.transaction() as connection:
        actions.find(connection, looking.principal, template_id)
        approvals.withdraw(connection, looking.actor, template_id)
    return looking.go(f"/templates/{template_id}", "Nothing goes out by it any more without an approval of its own.")


def content_of(template: Template, **changed: Any) -> actions.Content:
    """What a template says, with some of it said otherwise."""
    said = {name: getattr(template, name) for name in actions.Content.__dataclass_fields__}
    return actions.Content(**{**said, **changed})


def entry_of(looking: Visit, key: str) -> catalog.Entry | None:
    """The report of that key, where this organization has one."""
    entry = looking.server.reports.entries.get(key)
    return entry if entry is not None and entry.pack.is_for(looking.principal.organization) else None


def reports_of(looking: Visit, *, datasets: bool = False) -> list[tuple[str, str]]:
    """Key and title of each report of this organization, by title; only datasets, or all."""
    entries = (entry_of(looking, key) for key in looking.server.reports.entries)
    told = [
        (one.key, f"{one.report.title} ({one.pack.pack.title})") for one in entries if one is not None and (one.is_dataset or not datasets)
    ]
    return sorted(told, key=lambda pair: pair[1])


def projects_of(connection: Connection, looking: Visit) -> list[tuple[int, str]]:
    """Number and name of the projects that this person may see."""
    own = None if looking.may(actions.MANAGE) else tenancy.projects_of(connection, looking.principal.user_id or 0)
    return [(one.id, one.name) for one in tenancy.projects(connection) if own is None or one.id in own]


def _shown(looking: Visit, template: Template, projects: list[tuple[int, str]], made: runs.Page | None) -> Response:
    entry = entry_of(looking, template.report)
    says, wrong = [], ""
    if entry is not None:
        titles = {name: field.title or name for name, field in entry.report.parameters.model_fields.items()}
        says = [(titles.get(name, name), value) for name, value in template.parameters.items()]
        if asked.periods_of(entry.report.parameters) and template.default_date_range_days:
            says.append(("A period that is not said", f"the {template.default_date_range_days} days up to today"))
        more, wrong = carrying.words(entry, template.template_config)
        says += more
    says += [("Sections", ", ".join(template.template_config["sections"]))] if template.template_config.get("sections") else []
    return looking.page(
        "templates/template.html", title=template.name, template=template, says=says, wrong=wrong, made=made,
        dataset=entry is not None and entry.is_dataset, entry=entry, project=dict(projects).get(template.project_id or 0, ""),
        approvable=looking.may(approvals.APPROVE) and template.changed_by != looking.principal.user_id and template.active,
    )  # fmt: skip
