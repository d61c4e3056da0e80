"""From the parameters of a report to the fields of a form, and from what was typed back to parameters. Nothing here asks the database; offering.py does.

A period is a choice of what can be said (previous_month, ...) or two days; their fields are called p_NAME, p_NAME-first and p_NAME-last. A form
of a template leaves open what whoever asks may still say: nothing is needed, and nothing stands in it that was not said.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import Enum
from types import NoneType
from typing import Any, Literal, get_args, get_origin

import annotated_types
from pydantic import BaseModel, create_model
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from starlette.datastructures import QueryParams

from octavo.errors import UsageError
from octavo.pipeline import catalog, comparison, earlier, periods
from octavo.pipeline.catalog import Entry
from octavo.pipeline.definition import Lookup, Parameters
from octavo.pipeline.parameters import periods_of
from octavo.pipeline.periods import Period
from octavo.web.pages.form import Form

PREFIX = "p_"
"""Before the name of a parameter in the form, so that it is not taken for a field of the form itself."""
DATES = "dates"
"""The choice of a period that is said by its first and its last day."""
FIRST, LAST = "-first", "-last"

Kind = Literal["period", "select", "several", "flag", "number", "date", "text", "find"]

_PRESETS = tuple(name for name in periods.RELATIVE_NAMES if name != periods.LATEST_BILLING_PERIOD)
_WORDS = {
    "last_7d": "Last 7 days", "last_30d": "Last 30 days", "month_to_date": "This month to date", "quarter_to_date": "This quarter to date",
    "year_to_date": "This year to date", periods.LATEST_BILLING_PERIOD: "Latest completed billing period",
}  # fmt: skip
_BOUNDS = (
    (annotated_types.Ge, "ge", "min"), (annotated_types.Le, "le", "max"),
    (annotated_types.MinLen, "min_length", "minlength"), (annotated_types.MaxLen, "max_length", "maxlength"),
)  # fmt: skip
"""What a model says of a value, and how a browser is told."""


_PLAIN: Mapping[type, Kind] = {bool: "flag", date: "date"}


_DAYS = re.compile(r"^last_(\d+)d$")


@dataclass(frozen=True)
class Field:
    """One parameter as a form asks for it. `options` are (value, words); `empty` are the words of none of them, "" where there is always one.
    `default` is what the report takes when nothing is said; `open`: whoever asks may still say it.
    """

    name: str
    title: str
    kind: Kind
    hint: str = ""
    required: bool = False
    options: tuple[tuple[str, str], ...] = ()
    empty: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    looked_up: bool = False
    default: Any = None
    open: bool = False

    @property
    def field(self) -> str:
        """Its name in the form."""
        return PREFIX + self.name

    def offering(self, options: tuple[tuple[str, str], ...] | None) -> "Field":
        """The field with what was looked up; None: there is too much to choose from, so one types."""
        if options is None:
            return replace(self, kind="find" if self.kind == "select" else self.kind)
        return replace(self, options=options)


def of(entry: Entry, *, left_open: bool = False) -> list[Field]:
    """The fields of a report's form, in the order of its parameters; what is looked up is still to be offered."""
    looked_up = catalog.lookups(entry.report.parameters)
    billed = (periods.LATEST_BILLING_PERIOD,) if entry.pack.pack.billing_period else ()
    made = [_field(name, field, name in looked_up, billed) for name, field in entry.report.parameters.model_fields.items()]
    return [_opened(one) for one in made] if left_open else made


def _opened(field: Field) -> Field:
    """The field where nothing need be said, with what it then means."""
    default = "" if field.default is None else str(field.default)
    meant = f"As the report has it: {dict(field.options).get(default, default)}" if default else field.empty
    return replace(field, open=True, required=False, empty=meant or "Said by who asks")


def _field(name: str, info: FieldInfo, looked_up: bool, billed: tuple[str, ...]) -> Field:
    parts = [part for part in (get_args(info.annotation) or (info.annotation,)) if part is not NoneType]
    optional = NoneType in get_args(info.annotation)
    plain: Any = parts[0] if optional and len(parts) == 1 else info.annotation
    made = Field(
        name, info.title or name.replace("_", " ").capitalize(), "text", info.description or "", info.is_required(),
        empty="All" if optional and not info.is_required() else "", looked_up=looked_up, default=_default(info),
    )  # fmt: skip
    if get_origin(plain) in (list, tuple, set, frozenset):
        return replace(made, kind="several", empty="")
    if looked_up:
        return replace(made, kind="select", empty=made.empty and ("The latest" if _latest(info) else "All"))
    if plain is Period:
        words = tuple((said, _said(said)) for said in (*billed, *_PRESETS))
        return replace(made, kind="period", options=(*words, (DATES, "Other days, from and to")))
    if values := _values_of(plain):
        return replace(made, kind="select", options=tuple((value, _said(value)) for value in values), empty=made.empty and "Any")
    bounds = {told: str(getattr(one, said)) for one in info.metadata for kind, said, told in _BOUNDS if isinstance(one, kind)}
    if plain in (int, float, Decimal):
        return replace(made, kind="number", attributes=(("step", "1" if plain is int else "any"), *bounds.items()))
    return replace(made, kind=_PLAIN.get(plain, "text"), attributes=tuple(bounds.items()))


def _values_of(plain: Any) -> list[str]:
    """The values of a choice that the report itself names."""
    if get_origin(plain) is Literal:
        return [str(value) for value in get_args(plain)]
    return [str(member.value) for member in plain] if isinstance(plain, type) and issubclass(plain, Enum) else []


def _latest(info: FieldInfo) -> bool:
    """Whether something is taken when none is named: then none of them is not all of them."""
    return any(isinstance(one, Lookup) and one.default for one in info.metadata)


def _said(value: str) -> str:
    words = _WORDS.get(value) or _DAYS.sub(r"last \1 days", value).replace("_", " ")
    return words[:1].upper() + words[1:]


def _default(info: FieldInfo) -> Any:
    value = None if info.is_required() else info.get_default(call_default_factory=True, validated_data={})
    if value is None or value is PydanticUndefined or value == []:
        return None
    return value.value if isinstance(value, Enum) else str(value) if isinstance(value, Period) else value


def comparisons(entry: Entry) -> list[tuple[str, str]]:
    """With what its figures can be compared; nothing where it is about no period, or holds rows alone."""
    about = periods_of(entry.report.parameters) and any(comparison.comparable(one) for one in entry.report.sections)
    return [(how, earlier.WORDS[how].capitalize()) for how in earlier.HOWS] if about else []


def fill(form: Form, fields: list[Field], given: Mapping[str, Any] | None) -> list[Field]:
    """Puts parameters into a form, and defaults unless they are left open: a period of other days goes into its two fields. None: it was typed,
    and stays so. Gives the fields, with a choice for all that the form holds.
    """
    if given is not None:
        for field in fields:
            _put(form, field, given.get(field.name, None if field.open and field.kind != "flag" else field.default))
    return [_choosable(form, field) for field in fields]


def _put(form: Form, field: Field, value: Any) -> None:
    if field.kind == "flag":
        form.fill({field.field: str(value).lower() in ("true", "on", "yes", "1")})
    elif field.kind != "period" or value is None or str(value) in dict(field.options) or periods.is_relative(str(value)):
        form.fill({field.field: value})
    else:
        form.fill({field.field: DATES, **days(str(value), field.field)})


def _choosable(form: Form, field: Field) -> Field:
    """With a choice for what the form holds: so many days, or an option that is no more."""
    held = form.text(field.field)
    if not held or held in dict(field.options) or not (field.kind == "period" or (field.kind == "select" and field.looked_up)):
        return field
    return replace(field, options=((held, _said(held) if field.kind == "period" else held), *field.options))


def days(said: str, name: str) -> dict[str, str]:
    """The fields of the first and the last day of a calendar period."""
    found = Period.parse(said).resolve(date.today(), "UTC")  # noqa: DTZ011  neither today nor the zone matters for days of the calendar
    return {f"{name}{FIRST}": found.start.isoformat(), f"{name}{LAST}": found.last_day.isoformat()}


def asked(query: QueryParams, entry: Entry) -> dict[str, Any]:
    """The parameters that stand in an address and say something."""
    given = {name: [value for value in query.getlist(name) if value] for name in entry.report.parameters.model_fields}
    return {name: values[0] if len(values) == 1 else values for name, values in given.items() if values}


def read(form: Form, fields: list[Field], model: type[Parameters], *, elsewhere: Collection[str] = ()) -> dict[str, Any] | None:
    """The parameters that were said, as they are kept; None where something is wrong with them, which then stands beside the fields.

    Those that are said `elsewhere` are none of the fields.
    """
    pairs = [(field.name, value) for field in fields for value in _values(form, field)]
    there = {name for name, value in pairs if value != ""} | {field.name for field in fields if field.kind == "flag"}
    later = {field.name for field in fields if field.open and model.model_fields[field.name].is_required()} - there | set(elsewhere)
    typed = Form(pairs)
    found = typed.read(_without(model, later) if later else model)
    for name, said in typed.errors.items():
        form.refuse(said, field=PREFIX + name)
    if found is None:
        if typed.error or not typed.errors:
            form.refuse(typed.error or "This cannot be asked so; look at the fields once more")
        return None
    as_it_is = {field.name for field in fields if field.open and field.kind == "flag" and getattr(found, field.name) == field.default}
    kept: dict[str, Any] = found.model_dump(mode="json", include=there - as_it_is)
    return kept


def read_each(field: Field, values: Iterable[str], model: type[Parameters]) -> list[Any]:
    """Several values of one parameter, each as it is kept. Raises UsageError for the first that is none."""
    alone, kept = _without(model, set(model.model_fields) - {field.name}), []
    for value in values:
        typed = Form([(field.name, value)])
        found = typed.read(alone)
        if found is None:
            raise UsageError(f"{value}: {typed.errors.get(field.name) or typed.error}")
        kept.append(found.model_dump(mode="json")[field.name])
    return kept


def _without(model: type[BaseModel], later: set[str]) -> type[BaseModel]:
    """The model of what is said now; what it says of all together can only be checked when the rest is said."""
    asked_now: dict[str, Any] = {name: (info.annotation, info) for name, info in model.model_fields.items() if name not in later}
    return create_model(model.__name__, __base__=Parameters, **asked_now)


def _values(form: Form, field: Field) -> list[str]:
    if field.kind == "several" and not field.options:
        return [part.strip() for one in form.all(field.field) for part in one.split(",")]
    if field.kind != "period":
        return form.all(field.field)
    said, first, last = (form.text(f"{field.field}{end}") for end in ("", FIRST, LAST))
    if said != DATES:
        return [said]
    return [f"{first or last}/{last or first}"] if first or last else [""]
