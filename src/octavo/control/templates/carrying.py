"""What a report's page takes along to a new template: in the address what its form says, in the template's form what that has no field for."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from octavo.control.templates.actions import Content
from octavo.errors import OctavoError
from octavo.pipeline import catalog, earlier
from octavo.pipeline.choice import Choice
from octavo.web.pages.form import Form

SECTIONS, KEPT, THEN = "as-sections", "as-kept", "then"
"""In the address, beside the parameters of the report and `compare`; the last says where the saved template leads."""
SCHEDULE = "/schedules/new"
_KEPT = {"options": dict, "fields": list, "filters": list, "arrangement": dict, "each": dict, "made_as": str}
WAYS = {"runs": "A file for each", "merged": "One file with the rows of all", "zip": "One zip with a file for each"}
"""What is made of several values, in words."""


def address(said: Content, then: str = "") -> str:
    """The form of a new template that says this; `then`: where it leads when it is saved."""
    config = dict(said.template_config or {})
    kept = {name: config[name] for name in _KEPT if config.get(name)}
    query = {
        "report": said.report, "format": said.format, **(said.parameters or {}), SECTIONS: config.get("sections"), "compare": config.get("compare"),
        KEPT: json.dumps({**kept, "format": said.format}, ensure_ascii=False) if kept else "", THEN: then,
    }  # fmt: skip
    told = {name: str(value).lower() if isinstance(value, bool) else value for name, value in query.items() if value not in (None, "", [])}
    return f"/templates/new?{urlencode(told, doseq=True)}"


def fill(form: Form, query: QueryParams) -> None:
    """Puts what the address says into the template's form."""
    form.fill({"sections": query.getlist(SECTIONS), "compare": query.get("compare"), KEPT: query.get(KEPT), THEN: query.get(THEN)})


def read(form: Form, format: str) -> dict[str, Any]:
    """What of the template_config the form keeps; options only for the format that they were said for."""
    try:
        kept = json.loads(form.text(KEPT) or "{}")
    except ValueError:
        kept = None
    if not isinstance(kept, dict) or not all(isinstance(kept.get(name, kind()), kind) for name, kind in _KEPT.items()):
        form.refuse("What was taken along from the report cannot be read any more; begin there anew")
        return {}
    return {name: kept[name] for name in _KEPT if name in kept and (name != "options" or kept.get("format") == format)}


def leads(form: Form, template_id: int) -> str:
    """Where the form leads when it is saved: to the template, or to the schedule that is made by it."""
    then = form.text(THEN)
    if then == SCHEDULE or then.startswith(f"{SCHEDULE}?"):
        return f"{then}{'&' if '?' in then else '?'}template_id={template_id}"
    return f"/templates/{template_id}"


def choice(config: Mapping[str, Any]) -> Choice:
    """What it chooses of a dataset. Raises UsageError."""
    return Choice.of([str(name) for name in config.get("fields", ())], config.get("filters", ()), config.get("arrangement", {}))


def words(entry: catalog.Entry, config: Mapping[str, Any]) -> tuple[list[tuple[str, str]], str]:
    """What a template says beside parameters and sections, as people read it; and what is wrong with it, if anything."""
    said, wrong = [], ""
    if compare := config.get("compare"):
        said.append(("Compared with", earlier.WORDS.get(str(compare), str(compare))))
    fields = entry.report.parameters.model_fields
    for name, values in dict(config.get("each", {})).items():
        title = (fields[name].title if name in fields else None) or name.replace("_", " ").capitalize()
        told = ", ".join(map(str, values)) if isinstance(values, list) else "all there are"
        said.append((f"One for each: {title}", f"{told}. {WAYS.get(str(config.get('made_as')), '')}".rstrip(". ")))
    try:
        if chosen := choice(config):
            said += [(title, text) for _, title, _, text in chosen.shown(catalog.dataset(entry))]
    except OctavoError as error:
        wrong = str(error)
    return said, wrong
