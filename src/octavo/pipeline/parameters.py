"""From what was asked to what the queries are given: parameters are checked, then resolved in the snapshot.

Resolving turns a relative period into dates, takes looked-up defaults, and refuses a value that is not among the options.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from enum import Enum
from typing import Any, cast, get_args, get_origin

import psycopg
from psycopg import sql
from pydantic import ValidationError

from octavo.errors import UsageError
from octavo.pipeline.catalog import Entry, lookups
from octavo.pipeline.definition import Lookup, Parameters
from octavo.pipeline.document import Answer
from octavo.pipeline.periods import DateRange, Period
from octavo.pipeline.snapshot import Snapshot, explained


def parse(entry: Entry, given: Mapping[str, Any]) -> Parameters:
    """The parameters, checked as far as that goes without the database. Raises UsageError naming the parameter."""
    model = entry.report.parameters
    refuse_unknown(entry, given)
    for name, value in given.items():
        for text in value if isinstance(value, list | tuple) else [value]:
            if isinstance(text, str) and not _is_text(text):
                raise UsageError(f"{entry.key}: {name} cannot be {text!r}: it holds characters that are no text")
    try:
        return model(**{name: _listed(value, model.model_fields[name].annotation) for name, value in given.items()})
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or "the parameters together"
        if first["type"] == "missing":
            raise UsageError(f"{entry.key} needs the parameter {name}; give it with --param {name}=...") from error
        raise UsageError(f"{entry.key}: {name} cannot be {first['input']!r}: {first['msg'].removeprefix('Value error, ')}") from error


def refuse_unknown(entry: Entry, names: Iterable[str]) -> None:
    """Raises UsageError where the report cannot be asked so."""
    model = entry.report.parameters
    for name in names:
        if name not in model.model_fields:
            raise UsageError(f"{entry.key} has no parameter {name!r}; it has: {', '.join(model.model_fields) or 'none'}")


def _is_text(value: str) -> bool:
    """Whether PostgreSQL takes it as text: no NUL, and no half of a surrogate pair (a command line that is not UTF-8)."""
    return "\0" not in value and not any("\ud800" <= character <= "\udfff" for character in value)


def _listed(value: Any, annotation: Any) -> Any:
    """A parameter that is a list may be given once."""
    wanted = {get_origin(kind) for kind in (annotation, *get_args(annotation))}
    return [value] if isinstance(value, str | int) and wanted & {list, tuple, set, frozenset} else value


def resolve(entry: Entry, parameters: Parameters, snapshot: Snapshot, *, masked: bool = False) -> tuple[dict[str, Any], tuple[Answer, ...]]:
    """The values of the queries by name, and the same as people read them: where `masked`, without personal data. Raises UsageError."""
    looked_up = lookups(type(parameters))
    values: dict[str, Any] = {}
    answers: list[Answer] = []
    for name, field in type(parameters).model_fields.items():
        value = getattr(parameters, name)
        title = field.title or name.replace("_", " ").capitalize()
        if name in looked_up:
            value, shown = _look_up(entry, name, value, looked_up[name], snapshot, masked)
        elif isinstance(value, Period):
            value = value.resolve(snapshot.today, snapshot.zone, lambda: _latest_billing_period(entry, snapshot))
            shown = shown_days(value)
        else:
            shown = _shown(value)
        values |= _values(name, value, field.annotation)
        answers.append(Answer(name, title, value, shown))
    return values, tuple(answers)


def periods_of(parameters: type[Parameters]) -> list[str]:
    """The names of the parameters that are periods."""
    return [
        name for name, field in parameters.model_fields.items() if Period in (field.annotation, *getattr(field.annotation, "__args__", ()))
    ]


def days_of(name: str, days: DateRange) -> dict[str, Any]:
    """The four values that a period is in a query."""
    return {f"{name}_start": days.start, f"{name}_end": days.end, f"{name}_from": days.starts_at, f"{name}_until": days.ends_at}


def _values(name: str, value: Any, annotation: Any) -> dict[str, Any]:
    if isinstance(value, DateRange):
        return days_of(name, value)
    if value is None and Period in (annotation, *getattr(annotation, "__args__", ())):
        return {f"{name}_start": None, f"{name}_end": None, f"{name}_from": None, f"{name}_until": None}
    return {name: value.value if isinstance(value, Enum) else value}


def _look_up(entry: Entry, name: str, value: Any, lookup: Lookup, snapshot: Snapshot, masked: bool) -> tuple[Any, str]:
    if value is None and lookup.default:
        found = snapshot.lookup(lookup.default, entry.pack.read(lookup.default))
        if not found or found[0][0] is None:
            raise UsageError(f"{entry.key}: there is no {name} yet that could be taken when none is named; give one with {name}=...")
        value = found[0][0]
    if value is None:
        return None, _shown(None)
    if isinstance(value, list | tuple | set | frozenset):
        return value, ", ".join(_label(entry, name, item, lookup, snapshot, masked) for item in value) or _shown(value)
    return value, _label(entry, name, value, lookup, snapshot, masked)


def _label(entry: Entry, name: str, value: Any, lookup: Lookup, snapshot: Snapshot, masked: bool) -> str:
    """What people read for a value that is among the options. Raises UsageError naming some options when it is not."""
    value = value.value if isinstance(value, Enum) else value
    with explained(f"The query {lookup.options}"):
        options = entry.pack.read(lookup.options).rstrip().rstrip(";")
        bound = psycopg.ClientCursor(snapshot.connection).mogrify(cast(Any, options), {})
        source = sql.SQL(cast(Any, bound))
        wanted = sql.SQL("select label from (\n{}\n) as option(value, label) where value::text = {}").format(
            source, sql.Literal(str(value))
        )
        labels = snapshot.connection.execute(wanted).fetchone()
        if labels is None:
            some = snapshot.connection.execute(
                sql.SQL("select value, label from (\n{}\n) as option(value, label) limit 10").format(source)
            ).fetchall()
            raise UsageError(
                f"{entry.key}: there is no {name} {value}; {'there are, for example: ' if some else 'there are none yet'}"
                + ", ".join(str(option) if masked and lookup.pii else f"{option} ({label})" for option, label in some)
            )
    return str(value if masked and lookup.pii else labels[0])


def _latest_billing_period(entry: Entry, snapshot: Snapshot) -> tuple[date, date] | None:
    """The first and the last day, from the query of a pack that bills."""
    name = entry.pack.pack.billing_period
    if name is None:
        return None
    with explained(f"The query {name}"):
        found = psycopg.ClientCursor(snapshot.connection).execute(entry.pack.read(name).encode(), {}).fetchone()
    return cast("tuple[date, date] | None", found)


def shown_days(period: DateRange) -> str:
    """A period as people read it, both days included."""
    return f"{period.start} to {period.last_day} ({period.zone})" if period.start != period.last_day else f"{period.start} ({period.zone})"


def _shown(value: Any) -> str:
    if value is None:
        return "all"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(_shown(item) for item in value) or "none"
    return str(value.value if isinstance(value, Enum) else value)
