"""The page that asks for an export: choose columns and rows, look what it comes to and whether somebody has to approve it, then ask."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from fastapi.responses import Response
from pydantic import BaseModel, Field

from octavo.control.delivery import actions as delivery
from octavo.control.exports import actions, pages, rules
from octavo.control.exports.rules import Plan
from octavo.control.runs import actions as runs
from octavo.errors import UsageError
from octavo.pipeline import catalog, definition, parameters, periods
from octavo.pipeline.catalog import Entry
from octavo.pipeline.choice import OPERATORS, Choice, Filter
from octavo.pipeline.definition import Lookup
from octavo.pipeline.snapshot import open_snapshot
from octavo.web import protecting
from octavo.web.pages import visit
from octavo.web.pages.form import Form
from octavo.web.pages.routing import Router
from octavo.web.pages.visit import Visit

router = Router()

CONDITIONS = range(1, 4)
"""How many conditions the form has room for; the API takes more."""
MOST_OPTIONS = 500
"""A look-up with more values than that is typed, not chosen."""

WORDS = {
    "eq": "is", "ne": "is not", "lt": "is less than", "le": "is at most", "gt": "is more than", "ge": "is at least", "in": "is one of",
    "contains": "contains", "starts_with": "begins with", "is_null": "is empty",
}  # fmt: skip


class Wish(BaseModel):
    """What the form says, but for parameters and conditions."""

    dataset: str = Field(max_length=200)
    format: Literal["csv", "xlsx", "json", "pdf"] = "csv"
    fields: list[str] = Field(max_length=500)
    reason: str = Field("", max_length=2000)
    recipients: str = Field("", max_length=20_000)
    places: list[int] = Field(max_length=100)
    to_me: bool
    password: bool


@dataclass(frozen=True)
class Input:
    """A parameter as the form asks for it: days, one of some options (value, words), or a text."""

    name: str
    title: str
    kind: Literal["days", "options", "text"]
    hint: str = ""
    options: tuple[tuple[str, str], ...] = ()
    required: bool = False
    otherwise: str = "Any"
    """What holds when nothing is said."""


@dataclass(frozen=True)
class Looked:
    """What was found when it was looked first."""

    plan: Plan
    foreseen: actions.Foreseen
    most_rows: int


@router.page("/exports/new")
def new(looking: visit.Exporting, dataset: str = "") -> Response:
    looking.form.fill({"dataset": dataset})
    return _shown(looking)


@router.form("/exports/new")
def look_or_ask(looking: visit.Exporting) -> Response:
    """`step` says which: look counts and changes nothing; anything else asks for it."""
    wish = looking.form.read(Wish)
    if wish is None:
        return _shown(looking)
    if not wish.fields:
        looking.form.refuse("Choose at least one column.", field="fields")
        return _shown(looking)
    looked, made, password = None, None, None
    with looking.form.refusals():
        targets = _targets(looking, wish)
        sealed, password = protecting.seal(looking.asking, protecting.Protection(password=None) if wish.password else None)
        plan = _plan(looking, wish, targets, protected=sealed is not None)
        with looking.transaction() as connection:
            if looking.form.text("step") == "look":
                looked = Looked(plan, actions.foresee(connection, plan), runs.most_rows(connection))
            else:
                made = actions.request(
                    connection, looking.actor, plan, reason=wish.reason, sealed_password=sealed, reports=looking.server.reports
                )
    if made is None:
        return _shown(looking, looked)
    if password is not None:
        return pages.show(looking, made.id, password=password)
    said = (
        "Asked for. An administrator has to approve it first."
        if made.needs_approval
        else "Asked for. It needs no approval and is being made."
    )
    return looking.go(f"/exports/{made.id}", said)


def _shown(looking: Visit, looked: Looked | None = None) -> Response:
    organization, masked = looking.principal.organization, not looking.may("reports.view_pii")
    key = looking.form.text("dataset")
    if not key:
        every = [one for one in looking.server.reports.entries.values() if one.is_dataset and one.pack.is_for(organization)]
        packs: dict[str, list[Entry]] = {}
        for entry in sorted(every, key=lambda one: (one.pack.pack.title, one.report.title)):
            packs.setdefault(entry.pack.pack.title, []).append(entry)
        return looking.page("exports/choose.html", title="Ask for an export", packs=packs, is_personal=_is_personal)
    entry = looking.server.reports.report(key, organization)
    table = catalog.dataset(entry)
    with looking.transaction() as connection:
        places = [(one.id, one.name) for one in delivery.places(connection) if one.active] if looking.may(delivery.SEND_OUT) else []
    looking.form.fill({"fields": [column.name for column in table.columns], "format": "csv"})
    asked_of = [column for column in table.columns if not (masked and column.pii)]
    return looking.page(
        "exports/new.html", title=entry.report.title, entry=entry, table=table, inputs=_inputs(looking, entry, masked=masked), looked=looked,
        columns=table.columns, conditions=CONDITIONS, asked_of=asked_of, operators=list(WORDS.items()), places=places, masked=masked,
        sends_out=looking.may(delivery.SEND_OUT), presets=_PRESETS, personal=_is_personal(entry),
    )  # fmt: skip


def _is_personal(entry: Entry) -> bool:
    return rules.is_personal(catalog.dataset(entry))


_PRESETS = [
    (name, name.replace("_", " ").replace("last 7d", "last 7 days").replace("last 30d", "last 30 days").capitalize())
    for name in periods.RELATIVE_NAMES
]


# --- from a dataset's parameters to fields ------------------------------------------------------------------------------------


def _inputs(looking: Visit, entry: Entry, *, masked: bool) -> list[Input]:
    model = entry.report.parameters
    schema = model.model_json_schema()
    days, looked_up = set(parameters.periods_of(model)), catalog.lookups(model)
    options = _options(looking, entry, looked_up, masked=masked) if looked_up else {}
    found = []
    for name, field in model.model_fields.items():
        title, hint = field.title or name.replace("_", " ").capitalize(), field.description or ""
        chosen = options.get(name) or _enumerated(schema["properties"][name], schema.get("$defs", {}))
        kind: Literal["days", "options", "text"] = "days" if name in days else "options" if chosen else "text"
        if name in days and not field.is_required() and field.default is not None:
            hint = hint or f"{str(field.default.said).replace('_', ' ').capitalize()} when nothing is said."
        usual = "Any" if field.is_required() or field.default is None else dict(chosen).get(str(field.default), "As usual")
        found.append(Input(name, title, kind, hint, tuple(chosen), field.is_required(), usual))
    return found


def _options(looking: Visit, entry: Entry, looked_up: Mapping[str, Lookup], *, masked: bool) -> dict[str, list[tuple[str, str]]]:
    """What can be chosen, as the organization reads it; of names that are personal data only the values, for who may not see those."""
    organization = looking.principal.organization
    found: dict[str, list[tuple[str, str]]] = {}
    with open_snapshot(looking.server.database, organization, organization.time_zone, short=True) as snapshot:
        for name, lookup in looked_up.items():
            rows = snapshot.lookup(lookup.options, entry.pack.read(lookup.options))
            if len(rows) <= MOST_OPTIONS:
                found[name] = [(str(value), str(value if masked and lookup.pii else label)) for value, label in rows]
    return found


def _enumerated(schema: Mapping[str, Any], shared: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The values of a parameter that has a few, from its JSON Schema."""
    if "$ref" in schema:
        schema = shared[str(schema["$ref"]).rpartition("/")[2]]
    if "enum" in schema:
        return [(str(value), str(value).replace("_", " ").capitalize()) for value in schema["enum"]]
    if schema.get("type") == "boolean":
        return [("true", "Yes"), ("false", "No")]
    return [pair for part in schema.get("anyOf", ()) for pair in _enumerated(part, shared)]


# --- from the form to a plan --------------------------------------------------------------------------------------------------


def _plan(looking: Visit, wish: Wish, targets: list[dict[str, Any]], *, protected: bool) -> Plan:
    organization = looking.principal.organization
    entry = looking.server.reports.report(wish.dataset, organization)
    table = catalog.dataset(entry)
    return actions.plan(
        looking.server.database, organization, dataset=wish.dataset, format=wish.format, given=_given(looking.form, entry),
        choice=Choice(tuple(wish.fields), tuple(_conditions(looking.form, table))), masked=not looking.may("reports.view_pii"),
        protected=protected, deliver_to=targets, reports=looking.server.reports,
    )  # fmt: skip


def _given(sent: Form, entry: Entry) -> dict[str, Any]:
    """The parameters that were said. Raises UsageError for a first day without a last."""
    model = entry.report.parameters
    days = parameters.periods_of(model)
    said: dict[str, Any] = {}
    for name in model.model_fields:
        first, last, text = sent.text(f"p.{name}.first"), sent.text(f"p.{name}.last"), sent.text(f"p.{name}").strip()
        if name in days and (first or last):
            if not (first and last):
                raise UsageError("A period has a first and a last day; give both, or neither. Nothing was asked for")
            text = f"{first}/{last}"
        if text:
            said[name] = text
    return said


def _conditions(sent: Form, table: definition.Table) -> list[Filter]:
    kinds = {column.name: column.kind for column in table.columns}
    found = []
    for number in CONDITIONS:
        field, op, value = (sent.text(f"{part}.{number}") for part in ("field", "op", "value"))
        if not field:
            continue
        if op not in OPERATORS.get(kinds.get(field, ""), ()):
            raise UsageError(f"The condition {number} cannot be asked of that column; choose another way to compare. Nothing was asked for")
        found.append(Filter.model_validate({"field": field, "op": op, "value": _value(kinds[field], op, value)}))
    return found


def _value(kind: str, op: str, text: str) -> str | bool | list[str]:
    if op == "is_null" or kind == "flag":
        return text.strip().lower() not in ("no", "false", "0")
    return [part.strip() for part in text.split(",")] if op == "in" else text


def _targets(looking: Visit, wish: Wish) -> list[dict[str, Any]]:
    """Where the file goes. Raises UsageError, Forbidden for others than oneself without the permission."""
    with looking.transaction() as connection:
        said: list[dict[str, Any]] = [{"channel": "email", "to": line} for line in wish.recipients.replace(",", "\n").split()]
        if wish.to_me:
            said.append({"channel": "email", "to": delivery.own_address(connection, looking.principal)})
        said += [{"channel": "place", "place_id": place} for place in wish.places]
        return delivery.check_targets(connection, said, principal=looking.principal)
