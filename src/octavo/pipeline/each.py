"""Several values of one or more parameters, asked for at once: which combinations that makes, and that each of them can be asked."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from octavo.errors import TooLarge, UsageError
from octavo.pipeline import parameters
from octavo.pipeline.catalog import Entry, lookups
from octavo.pipeline.definition import Parameters
from octavo.pipeline.document import Answer
from octavo.pipeline.periods import DateRange, written
from octavo.pipeline.snapshot import Snapshot

MOST = 200
"""How many combinations are asked for at once at most."""
EVERY = "*"
"""In the place of a list: every value that the parameter's look-up offers at that moment."""
WAYS = ("runs", "merged", "zip")
"""What is made of several: a run for each, one file that holds the rows of all, or one zip with a file for each."""

Each = Mapping[str, Sequence[Any] | str]
"""By parameter, its values."""


def check(entry: Entry, given: Mapping[str, Any], each: Each) -> None:
    """Refuses whatever can be found wrong without the database, of every combination. Raises UsageError, TooLarge."""
    known = lookups(entry.report.parameters)
    for name, values in each.items():
        if name in given:
            raise UsageError(f"{name} is said twice, as a parameter and in each; nothing was made. Say it in one of them")
        if values == EVERY:
            if name in entry.report.parameters.model_fields and name not in known:
                raise UsageError(
                    f"{entry.key}: {name} has no list of values of its own, so each of them cannot be had; nothing was made. Name them"
                )
        elif not isinstance(values, list | tuple) or not values:
            raise UsageError(f"each takes a list of values for {name}, at least one, or {EVERY!r} for all there are; nothing was made")
    _refuse_too_many(each)
    if EVERY in each.values():
        parameters.refuse_unknown(entry, [*given, *each])
    else:
        parse(entry, given, each)


def check_way(made_as: str, each: Each) -> None:
    """Raises UsageError for a way there is not, or one that is for several values where there are none."""
    if made_as not in WAYS:
        raise UsageError(f"Nothing is made as {made_as!r}; there are: {', '.join(WAYS)}")
    if made_as != WAYS[0] and not each:
        raise UsageError(f"What is made as {made_as} is made of several values: name them in each, or leave it out; nothing was made")


def parse(entry: Entry, given: Mapping[str, Any], each: Each) -> list[Parameters]:
    """The parameters of every combination, in order. Raises UsageError for the first that cannot be asked."""
    return [parameters.parse(entry, {**given, **one}) for one in combinations(each)]


def combinations(each: Each) -> list[dict[str, Any]]:
    """What to ask besides, once for each: the last parameter changes fastest."""
    if EVERY in each.values():
        raise UsageError(f"{EVERY!r} stands for values that were not looked up here; nothing was made. Name them")
    _refuse_too_many(each)
    return [dict(zip(each, values, strict=True)) for values in itertools.product(*each.values())]


def _refuse_too_many(each: Each) -> None:
    count = 1
    for values in each.values():
        count *= 1 if values == EVERY else len(values)
    if count > MOST:
        raise TooLarge(
            f"{count:,} combinations were asked for, and at most {MOST} are at once; nothing was made. Ask for fewer values at once"
        )


def offered(entry: Entry, each: Each, snapshot: Snapshot) -> dict[str, list[Any]]:
    """The same with values in the place of `EVERY`. Raises UsageError where none are offered."""
    known = lookups(entry.report.parameters)
    found: dict[str, list[Any]] = {}
    for name, values in each.items():
        if values == EVERY:
            options = known[name].options
            rows = snapshot.lookup(options, entry.pack.read(options))
            found[name] = list(dict.fromkeys(value if isinstance(value := row[0], int | str) else str(value) for row in rows))
            if not rows:
                raise UsageError(f"{entry.key}: there is no {name} yet, so none was taken; nothing was made")
        else:
            found[name] = list(values)
    return found


@dataclass(frozen=True)
class Varied:
    """A parameter with several values: each of them once, with what people read for it, in the order in which they were asked."""

    name: str
    title: str
    values: list[Any]
    labels: list[str]

    def label(self, answer: Answer) -> str:
        return self.labels[self.values.index(answer.value)]

    @property
    def answer(self) -> Answer:
        """All of it as the answer to that parameter."""
        return Answer(self.name, self.title, self.values, ", ".join(self.labels))


def varied(each: Mapping[str, Sequence[Any]], asked: Sequence[Sequence[Answer]]) -> list[Varied]:
    """The parameters with several values; `asked` is, for each combination, how they were resolved. Raises UsageError where two values are the same."""
    return [_varied(name, len(values), [answers[place] for answers in asked]) for place, (name, values) in enumerate(each.items())]


def _varied(name: str, count: int, found: Sequence[Answer]) -> Varied:
    values: list[Any] = []
    labels: list[str] = []
    for answer in found:
        if answer.value not in values:
            values.append(answer.value)
            period = answer.value if isinstance(answer.value, DateRange) else None
            labels.append(written(period.start, period.last_day, " to ") if period else answer.shown)
    if len(values) != count:
        raise UsageError(f"Two values of {name} are the same, so its rows would be there twice; nothing was made. Name each value once")
    if len(set(labels)) != count:  # those that are called the same are told apart
        labels = [f"{label} ({value})" for label, value in zip(labels, values, strict=True)]
    return Varied(name, found[0].title, values, labels)


def resolve(entry: Entry, given: Mapping[str, Any], each: Mapping[str, Sequence[Any]], snapshot: Snapshot, *, masked: bool) -> list[Varied]:
    """Resolves every combination. Raises UsageError for the first that cannot be, and where two are the same."""
    asked = []
    for one in parse(entry, given, each):
        answers = {answer.name: answer for answer in parameters.resolve(entry, one, snapshot, masked=masked)[1]}
        asked.append([answers[name] for name in each])
    return varied(each, asked)
