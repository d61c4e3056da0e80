"""What somebody builds of a dataset in a form, step by step: fields in their order, conditions, order, groups, totals. From a form to a draft, and from a draft to a choice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from octavo.errors import UsageError
from octavo.pipeline import definition
from octavo.pipeline.arrangement import AS_IT_IS, Arrangement, Order
from octavo.pipeline.choice import OPERATORS, Choice, Filter
from octavo.web.pages.form import Form

MOST_FILTERS, MOST_GROUPS, MOST_ORDERS = 20, 3, 5
EMPTY, FILLED = "empty", "filled"
WORDS = {
    "eq": "is", "ne": "is not", "lt": "less than", "le": "at most", "gt": "more than", "ge": "at least", "contains": "contains",
    "starts_with": "begins with", "in": "is one of", EMPTY: "is empty", FILLED: "is not empty",
}  # fmt: skip
_BY_TIME = {"lt": "before", "le": "up to", "gt": "after", "ge": "from"}


@dataclass(frozen=True)
class Condition:
    """A filter as it stands in the form, whole or not yet."""

    field: str = ""
    op: str = "eq"
    value: str = ""


@dataclass(frozen=True)
class Draft:
    """What was said so far. `note` says what a step did, for who does not see it."""

    fields: tuple[str, ...]
    filters: tuple[Condition, ...] = ()
    orders: tuple[tuple[str, bool], ...] = ()
    groups: tuple[str, ...] = ()
    totals: tuple[str, ...] = ()
    note: str = field(default="", compare=False)


def begin(table: definition.Table) -> Draft:
    """A dataset as it is: all its columns and rows, its own groups and totals."""
    names = tuple(column.name for column in table.columns)
    return Draft(names, groups=tuple(table.group_by)[:MOST_GROUPS], totals=tuple(name for name in names if _own_total(table, name)))


def of_choice(table: definition.Table, choice: Choice, zone: str) -> Draft:
    """The draft of what a template chooses; filters as a form shows them."""
    own, said = begin(table), choice.arrangement
    return Draft(
        tuple(choice.fields) or own.fields,
        tuple(_shown(_column(table, one.field), one, zone) for one in choice.filters),
        tuple((one.field, one.descending) for one in said.order),
        tuple(said.group_by) or own.groups,
        own.totals if said.totals is None else tuple(said.totals),
    )


def of_form(sent: Form, table: definition.Table) -> Draft:
    """What a form holds; names that are no columns of the dataset are left out, as are rows that were not filled in."""
    known = {column.name for column in table.columns}
    numbers = range(MOST_FILTERS)
    filters = [Condition(*(sent.text(f"f{number}_{part}") for part in ("field", "op", "value"))) for number in numbers]
    orders = [(sent.text(f"o{number}_field"), sent.text(f"o{number}_way") == "down") for number in range(MOST_ORDERS)]
    groups = [sent.text(f"g{number}_field") for number in range(MOST_GROUPS)]
    return Draft(
        tuple(dict.fromkeys(name for name in sent.all("fields") if name in known)),
        tuple(one for one in filters if one.field in known),
        tuple(dict(pair for pair in orders if pair[0] in known).items()),
        tuple(dict.fromkeys(name for name in groups if name in known)),
        tuple(name for name in sent.all("totals") if name in known),
    )


def step(draft: Draft, does: str, table: definition.Table) -> Draft:
    """The draft after a button: up, down, add or drop of a column; filter of a column, unfilter of a number. Anything else changes nothing."""
    verb, _, what = does.partition(":")
    title = next((column.title for column in table.columns if column.name == what), "")
    fields = list(draft.fields)
    if verb in ("up", "down") and what in fields:
        place = fields.index(what)
        fields.insert(max(place + (-1 if verb == "up" else 1), 0), fields.pop(place))
        return replace(draft, fields=tuple(fields), note=f"{title} is now column {fields.index(what) + 1} of {len(fields)}.")
    if verb == "add" and title and what not in fields:
        return replace(draft, fields=(*fields, what), note=f"{title} is now the last of {len(fields) + 1} columns.")
    if verb == "drop" and what in fields:
        left = replace(
            draft, fields=tuple(name for name in fields if name != what), groups=tuple(name for name in draft.groups if name != what),
            totals=tuple(name for name in draft.totals if name != what),
        )  # fmt: skip
        return replace(left, note=f"{title} is left out.")
    if verb == "filter" and title and len(draft.filters) < MOST_FILTERS:
        return replace(draft, filters=(*draft.filters, Condition(what)), note=f"A condition on {title} is added.")
    if verb == "unfilter" and what.isdecimal() and int(what) < len(draft.filters):
        left_over = tuple(one for number, one in enumerate(draft.filters) if number != int(what))
        return replace(draft, filters=left_over, note="The condition is taken away.")
    return draft


def operators(column: definition.Column) -> list[tuple[str, str]]:
    """What can be asked of a column, with its words."""
    by_time = column.kind in ("date", "instant")
    ops = [op for op in OPERATORS[column.kind] if op != "is_null"]
    return [(op, _BY_TIME.get(op, WORDS[op]) if by_time else WORDS[op]) for op in (*ops, EMPTY, FILLED)]


def choice(draft: Draft, table: definition.Table, zone: str) -> Choice:
    """What is chosen: nothing is said that the dataset does by itself. Raises UsageError for a value that is none of its column's kind."""
    if not draft.fields:
        raise UsageError("A file needs at least one column; add one")
    own = begin(table)
    totals = tuple(name for name in draft.fields if name in draft.totals)
    arrangement = Arrangement(
        order=tuple(Order(field=name, descending=down) for name, down in draft.orders),
        group_by=() if draft.groups == own.groups else draft.groups,
        totals=None if totals == tuple(name for name in draft.fields if name in own.totals) else totals,
    )
    filters = tuple(_filter(_column(table, one.field), one, zone) for one in draft.filters)
    return Choice(() if draft.fields == own.fields else draft.fields, filters, arrangement or AS_IT_IS)


def config(said: Choice) -> dict[str, Any]:
    """The same as a template keeps it."""
    told: Mapping[str, Any] = {"fields": list(said.fields), "filters": said.stored, "arrangement": said.arrangement.stored}
    return {name: value for name, value in told.items() if value}


def can_be_totalled(column: definition.Column) -> bool:
    """Whether its sum can mean anything."""
    return column.kind in ("integer", "quantity", "money")


def _own_total(table: definition.Table, name: str) -> bool:
    return bool(getattr(_column(table, name), "total", False))


def _column(table: definition.Table, name: str) -> definition.Column:
    for column in table.columns:
        if column.name == name:
            return column
    raise UsageError(f"There is no column {name!r} any more; take it out")


def _filter(column: definition.Column, said: Condition, zone: str) -> Filter:
    if said.op in (EMPTY, FILLED):
        return Filter(field=column.name, op="is_null", value=said.op == EMPTY)
    if said.op not in OPERATORS[column.kind]:
        raise UsageError(f"{column.title} cannot be asked so; choose how")
    if said.value == "" and column.kind != "text":
        raise UsageError(f"{column.title} is compared with nothing yet; say a value, or take the condition away")
    values: Sequence[str] = [part.strip() for part in said.value.split(";")] if said.op == "in" else [said.value]
    read = [_value(column, value, zone) for value in values if value != "" or said.op != "in"]
    return Filter(field=column.name, op=said.op, value=read if said.op == "in" else read[0])


def _value(column: definition.Column, value: str, zone: str) -> str | bool:
    if column.kind == "flag":
        return value == "true"
    if column.kind == "instant":
        try:
            wall = datetime.fromisoformat(value)
        except ValueError as error:
            raise UsageError(f"{column.title} is compared with a day and a time, such as 2026-06-30T12:00") from error
        return (wall if wall.tzinfo else wall.replace(tzinfo=ZoneInfo(zone))).isoformat()
    return value


def _shown(column: definition.Column, one: Filter, zone: str) -> Condition:
    if one.op == "is_null":
        return Condition(one.field, EMPTY if one.value else FILLED)
    if isinstance(one.value, list):
        return Condition(one.field, one.op, "; ".join(str(value) for value in one.value))
    if isinstance(one.value, bool):
        return Condition(one.field, one.op, "true" if one.value else "false")
    if column.kind == "instant":
        there = datetime.fromisoformat(str(one.value)).astimezone(ZoneInfo(zone))
        return Condition(one.field, one.op, there.replace(tzinfo=None).isoformat(timespec="minutes"))
    return Condition(one.field, one.op, str(one.value))
