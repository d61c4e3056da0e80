"""The builder: a dataset's fields, conditions, order, groups and totals put together by hand, with the first rows beside them; saved as a template.

Every step is a button of one form, so that it works without the script; the script sends the same form and puts in place what comes back.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from fastapi import Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from octavo.control.templates import actions, draft, examples
from octavo.control.templates.actions import Template
from octavo.control.templates.draft import Draft
from octavo.control.templates.examples import Excerpt
from octavo.control.templates.pages import content_of, reports_of
from octavo.control.templates.writing import FORMATS, Format
from octavo.errors import Conflict, OctavoError, Unauthenticated
from octavo.pipeline import catalog, definition
from octavo.pipeline.choice import Choice
from octavo.web.pages import offering, parameters, visit
from octavo.web.pages.routing import Router
from octavo.web.pages.visit import Visit

router = Router()


class Saved(BaseModel):
    """How the template is called."""

    name: str = Field(min_length=1, max_length=200)
    format: Format = "csv"


@router.page("/templates/build")
def build(
    looking: visit.Managing,
    dataset: Annotated[str, Query(max_length=200)] = "",
    template_id: Annotated[int | None, Query(ge=1, le=2**53 - 1)] = None,
) -> Response:
    """Shows the form at once; the first rows come when they are asked for, by the script or by a button."""
    template = _template(looking, template_id)
    if not dataset and template is None:
        return looking.page("templates/datasets.html", title="Build from a dataset", datasets=_datasets(looking))
    entry = looking.server.reports.report(template.report if template else dataset, looking.principal.organization)
    table = catalog.dataset(entry)
    zone = looking.principal.organization.time_zone
    begun = draft.of_choice(table, template.choice, zone) if template else draft.begin(table)
    looking.form.fill(
        {"name": template.name if template else f"{entry.report.title}, chosen", "format": template.format if template else "csv"}
    )
    asked = offering.offered(looking, entry, left_open=True)
    asked = parameters.fill(looking.form, asked, template.parameters if template else {})
    return _page(looking, entry, table, template, begun, None, "", asked)


@router.form("/templates/build")
def step(looking: visit.Managing) -> Response:
    """One step, with the first rows after it; or the whole is saved."""
    form = looking.form
    number = form.text("template_id")
    template = _template(looking, int(number) if number.isdecimal() and len(number) < 16 else None)
    entry = looking.server.reports.report(template.report if template else form.text("dataset"), looking.principal.organization)
    table = catalog.dataset(entry)
    does = form.text("do")
    drawn = draft.step(draft.of_form(form, table), f"filter:{form.text('new_filter')}" if does == "filter" else does, table)
    asked = offering.offered(looking, entry, left_open=True)
    given = offering.read(looking, entry, asked)
    excerpt, wrong, choice = None, "", None
    try:
        choice = draft.choice(drawn, table, looking.principal.organization.time_zone)
        if does != "save" and form.ok and given is not None:
            excerpt = examples.first_rows(
                looking.server.database, looking.principal.organization, entry, given, choice, masked=not looking.may("reports.view_pii")
            )
    except Unauthenticated:
        raise
    except OctavoError as error:
        wrong = str(error)
    if does == "save":
        if wrong:
            form.refuse(wrong)
        saved = form.read(Saved)
        if (
            saved is not None
            and choice is not None
            and given is not None
            and form.ok
            and (made := _save(looking, entry, template, saved, given, choice))
        ):
            return looking.go(
                f"/templates/{made.id}", f"“{made.name}” is saved. Generate by it, or schedule it; what needs an approval is said below."
            )
    elif not form.ok:
        wrong = wrong or " ".join([form.error, *form.errors.values()]).strip()
    return _page(looking, entry, table, template, drawn, excerpt, wrong, parameters.fill(form, asked, None))


def _save(
    looking: Visit, entry: catalog.Entry, template: Template | None, saved: Saved, given: dict[str, object], choice: Choice
) -> Template | None:
    config = {name: value for name, value in (template.template_config if template else {}).items() if name in ("options",)}
    if template and template.format != saved.format:
        config = {}
    said = {"name": saved.name, "format": saved.format, "parameters": given, "template_config": {**config, **draft.config(choice)}}
    made = None
    with looking.form.refusals(), looking.transaction() as connection:
        if template:
            if not template.active:
                raise Conflict(f"The template {template.name!r} is out of use; put it in use again first")
            content = replace(content_of(template), **said)  # type: ignore[arg-type]
            made = actions.change(connection, looking.actor, template.id, content, reports=looking.server.reports)
        else:
            content = actions.Content(report=entry.key, default_date_range_days=None, **said)  # type: ignore[arg-type]
            made = actions.create(connection, looking.actor, content, reports=looking.server.reports)
    return made


def _template(looking: Visit, template_id: int | None) -> Template | None:
    if template_id is None:
        return None
    with looking.transaction() as connection:
        return actions.find(connection, looking.principal, template_id)


def _datasets(looking: Visit) -> list[tuple[str, str, str]]:
    described = looking.server.reports.entries
    return [(key, title, described[key].report.description) for key, title in reports_of(looking, datasets=True)]


def _page(
    looking: Visit,
    entry: catalog.Entry,
    table: definition.Table,
    template: Template | None,
    drawn: Draft,
    excerpt: Excerpt | None,
    wrong: str,
    asked: list[parameters.Field],
) -> Response:
    organization, masked = looking.principal.organization, not looking.may("reports.view_pii")
    by_name = {column.name: column for column in table.columns}
    askable = [(column.name, column.title) for column in table.columns if not (masked and column.pii)]
    chosen = [by_name[name] for name in drawn.fields]
    _fill(looking, drawn)
    return looking.page(
        "templates/build.html", title=f"Build from {entry.report.title}", entry=entry, template=template, drawn=drawn, chosen=chosen,
        left=[column for column in table.columns if column.name not in drawn.fields], by_name=by_name, askable=askable,
        operators={name: draft.operators(column) for name, column in by_name.items()},
        summable=[column for column in chosen if draft.can_be_totalled(column)], orders=_numbered(drawn.orders, draft.MOST_ORDERS),
        groups=_numbered(drawn.groups, draft.MOST_GROUPS), excerpt=excerpt, wrong=wrong, parameters=asked, formats=FORMATS,
        personal=[column.title for column in chosen if column.pii], zone=organization.time_zone, seconds=int(examples.SECONDS),
    )  # fmt: skip


def _numbered(given: Sequence[object], most: int) -> range:
    """Those that are said and one more, as far as there may be."""
    return range(min(len(given) + 1, most))


def _fill(looking: Visit, drawn: Draft) -> None:
    """What the fields of groups and orders hold is what the draft says, so that what was left out moves up."""
    looking.form.put(
        {f"g{number}_field": drawn.groups[number] if number < len(drawn.groups) else "" for number in range(draft.MOST_GROUPS)}
    )
    for number in range(draft.MOST_ORDERS):
        name, down = drawn.orders[number] if number < len(drawn.orders) else ("", False)
        looking.form.put({f"o{number}_field": name, f"o{number}_way": "down" if down else "up"})
