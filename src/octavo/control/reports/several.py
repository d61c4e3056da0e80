"""One for each: which parameters a report's form asks for several values of, which were ticked or typed, and what is made of them.

Their fields are called e_NAME, of days and long lists also e_NAME-typed. What stands there takes the place of what the parameter itself says.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import QueryParams

from octavo.control.templates import carrying
from octavo.pipeline import each as eaches
from octavo.pipeline.catalog import Entry
from octavo.web.pages import offering, parameters
from octavo.web.pages.form import Form
from octavo.web.pages.parameters import Field
from octavo.web.pages.visit import Visit

PREFIX, TYPED = "e_", "-typed"
MADE_AS = "made-as"
WAYS = tuple((way, carrying.WAYS[way]) for way in eaches.WAYS)
_PERIODS = "Others, with a comma between: 2026-06, 2026-Q2, 2026, 2026-06-01/2026-06-15."
_NAMES = "With a comma between: values, or parts of names."


Each = dict[str, list[Any] | str]
"""By parameter, its values; see pipeline/each.py."""


@dataclass(frozen=True)
class Varied:
    """A parameter of which there may be several values: what to tick, and what to say of the values that are typed, "" where none are."""

    field: Field
    options: tuple[tuple[str, str], ...] = ()
    typed: str = ""

    @property
    def name(self) -> str:
        return PREFIX + self.field.name

    @property
    def words(self) -> str:
        """What it is asked by: "One for each project"."""
        title = self.field.title
        return f"One for each {title if title[:2].isupper() else title[:1].lower() + title[1:]}"


def of(fields: Iterable[Field]) -> list[Varied]:
    """Those of a form's parameters that are looked up, chosen from a list, or periods."""
    made = []
    for field in fields:
        options = tuple((value, words) for value, words in field.options if value != parameters.DATES)
        if field.kind == "period":
            made.append(Varied(field, options, _PERIODS))
        elif field.kind == "find":
            made.append(Varied(field, typed=_NAMES))
        elif field.kind == "select" and len(options) > 1:
            made.append(Varied(field, ((eaches.EVERY, "All there are"), *options) if field.looked_up else options))
    return made


def fill(form: Form, varied: Iterable[Varied], each: Mapping[str, Any], made_as: str) -> None:
    """Puts what was asked so into the form; a value that is not offered is typed where something is typed, and else left out."""
    for one in varied:
        said = each.get(one.field.name, ())
        values = [said] if isinstance(said, str) else [str(value) for value in said]
        offered = [value for value in values if value in dict(one.options)]
        form.fill({one.name: offered, one.name + TYPED: ", ".join(value for value in values if value not in offered)})
    form.fill({MADE_AS: made_as or eaches.WAYS[0]})


def in_address(query: QueryParams, entry: Entry) -> Each:
    """What stands of it in an address."""
    return {name: found for name in entry.report.parameters.model_fields if (found := [one for one in query.getlist(PREFIX + name) if one])}


def holds(form: Form, one: Varied) -> bool:
    """Whether the form holds values of it, or refuses them."""
    return any(form.text(name) or name in form.errors for name in (one.name, one.name + TYPED))


def read(looking: Visit, entry: Entry, varied: Iterable[Varied]) -> Each:
    """The values of each parameter that has several, as they are kept; what is wrong with them then stands beside them."""
    form = looking.form
    each: Each = {}
    for one in varied:
        ticked, typed = form.all(one.name), [word for part in form.text(one.name + TYPED).split(",") if (word := part.strip())]
        if eaches.EVERY in ticked and one.field.looked_up:
            each[one.field.name] = eaches.EVERY
        elif ticked or typed:
            with form.refusals(one.name + TYPED if one.typed else one.name):
                if one.field.kind == "find":
                    typed = offering.meant(looking, entry, one.field, typed)
                each[one.field.name] = parameters.read_each(one.field, [*ticked, *typed], entry.report.parameters)
    with form.refusals(MADE_AS):
        if form.ok:
            eaches.check_way(form.text(MADE_AS) or eaches.WAYS[0], each)
    return each


def told(form: Form, each: Mapping[str, Any]) -> dict[str, Any]:
    """The same for an address."""
    made_as = form.text(MADE_AS)
    return {PREFIX + name: values for name, values in each.items()} | ({MADE_AS: made_as} if each and made_as else {})
