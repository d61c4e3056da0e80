"""Comparison: the figures of a report beside what they were in an earlier period. Derived from the definition, for every report with a period.

What was before is what the same queries say with the earlier days, in the same snapshot. Key figures, breakdowns and the tables of the summary are
compared; other tables are rows and stay as they are. Rows stand side by side that have one label: their text and, where a section begins with a
date, its place in the period. A row of one side alone is kept. They are matched before anything is masked, by what they are.

What is not there counts as 0 where a column has a total, so that changes add up too. Of percentages the change is in percentage points.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from psycopg import sql

from octavo.errors import UsageError
from octavo.pipeline import definition, parameters
from octavo.pipeline import earlier as earliers
from octavo.pipeline.catalog import Entry
from octavo.pipeline.definition import Column, Tabular
from octavo.pipeline.document import Answer, Compared
from octavo.pipeline.earlier import Earlier
from octavo.pipeline.periods import DateRange, Period
from octavo.pipeline.sides import Sides, counting
from octavo.pipeline.snapshot import BoundQuery, Snapshot

ASKED = "compare"
"""What the comparison is called among the parameters of a document."""

_BASE_THEN = "octavo_base_then"
POINTS = "pp"
"""The unit of a change of percentages."""


@dataclass(frozen=True)
class Comparison:
    """The days that the period of a request is compared with, and what the queries are given for them."""

    earlier: Earlier
    now: DateRange
    values: Mapping[str, Any]

    @property
    def answer(self) -> Answer:
        """As it stands among the parameters of a document."""
        return Answer(ASKED, "Compared with", self.earlier, self.earlier.told(parameters.shown_days))


# --- what can be compared ---------------------------------------------------------------------------------------------


def comparable(section: definition.Section) -> bool:
    """Whether a section holds figures, and not rows."""
    return isinstance(section, definition.Metrics | definition.Breakdown) or (isinstance(section, definition.Table) and section.summary)


def refuse(entry: Entry, how: str | Earlier | None, sections: Sequence[str] = ()) -> None:
    """Raises UsageError where nothing of a report, or of the sections of it that are named, can be compared so."""
    if how is None:
        return
    if isinstance(how, str):
        earliers.named(how)
    if not parameters.periods_of(entry.report.parameters):
        raise UsageError(f"{entry.key} is about no period, so there is none to compare it with; leave compare out")
    if not any(comparable(section) for section in entry.report.sections if not sections or section.name in sections):
        raise UsageError(
            f"{entry.key} has only rows here, and no figures that could be compared; leave compare out"
            + (", or ask for other sections" if sections else "")
        )


def refuse_together(how: str | Earlier | None) -> None:
    """Raises UsageError where one file would be made of several questions: each has days of its own that it would be compared with."""
    if how is not None:
        raise UsageError(
            "A comparison is of one question: have a run made for each value (made_as runs), or leave compare out; nothing was made"
        )


def refuse_without_period(entry: Entry, asked: definition.Parameters) -> None:
    """Raises UsageError where the period that would be compared, the first that the report is asked, is not given."""
    if getattr(asked, name := parameters.periods_of(entry.report.parameters)[0]) is None:
        raise UsageError(
            f"{entry.key} can be compared only where it is about some days; give it a period with {name}=..., or leave compare out"
        )


def resolve(
    entry: Entry, asked: definition.Parameters, how: str | Earlier, values: Mapping[str, Any], answers: Sequence[Answer]
) -> Comparison:
    """The comparison of what was asked, from how that was resolved. Days that are given are taken. Raises UsageError."""
    refuse_without_period(entry, asked)
    first, *others = parameters.periods_of(entry.report.parameters)
    found = {answer.name: answer for answer in answers}
    now, said = found[first].value, getattr(asked, first)
    assert isinstance(now, DateRange)
    back = how if isinstance(how, Earlier) else earliers.earlier(how, said.said if isinstance(said, Period) else "", now)
    along = tuple(
        (name, found[name].title, earliers.moved(found[name].value, back.step)) for name in others if found[name].value is not None
    )
    then = dict(values)
    for name, days in ((first, back.days), *((name, days) for name, _, days in along)):
        then |= parameters.days_of(name, days)
    return Comparison(replace(back, along=along), now, then)


# --- the columns of a compared section ------------------------------------------------------------------------------------


def columns(section: Tabular) -> tuple[tuple[Column, ...], dict[str, Compared]]:
    """The columns of a compared section, with its share where it has one, and which of them compare which. Raises DefinitionError."""
    made: list[Column] = []
    compared: dict[str, Compared] = {}
    of_one_row = isinstance(section, definition.Metrics)
    counted_in = counting(section) if of_one_row else set()
    for column in _own(section):
        made.append(column)
        if column.numeric:
            further = _beside(column, of_one_row=of_one_row)
        elif column.name in counted_in:
            further = [
                replace(column, name=f"{column.name}_{word}", title=f"{column.title} {of}")
                for word, of in (("before", "before"), ("change", "of the change"))
            ]
        else:
            continue
        made.extend(further)
        names = [one.name for one in further]
        compared[column.name] = Compared(*names)
    replace(section, columns=tuple(made))  # refuses two of one name
    return tuple(made), compared


def drawn(chart: definition.Chart, source: Tabular) -> tuple[Column, ...]:
    """The columns of a chart of a compared section: beside its one figure what that was; of several, which fill the picture, each as it is now."""
    by_name = {column.name: column for column in columns(source)[0]}
    names = [chart.x, *chart.y]
    if len(chart.y) == 1 and chart.mark != "area":
        names.append(f"{chart.y[0]}_before")
    return tuple(by_name[name] for name in names)


def _own(section: Tabular) -> tuple[Column, ...]:
    if not isinstance(section, definition.Breakdown):
        return section.columns
    of = next(column for column in section.columns if column.name == section.share_of)
    return (*section.columns, definition.Percent("share", "Share", pii=of.pii))


def _beside(column: Column, *, of_one_row: bool) -> list[Column]:
    """What a figure was, its change, and that in percent. In key figures what was before may be in another currency."""
    before = replace(column, name=f"{column.name}_before", title=f"{column.title} before", description="")
    change = replace(column, name=f"{column.name}_change", title=f"{column.title} change", description="")
    if of_one_row:
        before, change = _counted(before, "before"), _counted(change, "change")
    if isinstance(column, definition.Percent):
        points = definition.Quantity(change.name, change.title, decimals=column.decimals, unit=POINTS, pii=column.pii)
        return [before, points]
    percent = definition.Percent(f"{column.name}_change_percent", f"{column.title} change %", pii=column.pii)
    return [before, change, percent]


def _counted(column: Column, word: str) -> Column:
    for attribute in ("currency_column", "unit_column"):
        if name := getattr(column, attribute, None):
            return replace(column, **{attribute: f"{name}_{word}"})  # type: ignore[arg-type]
    return column


# --- the query of a compared section --------------------------------------------------------------------------------------


def query(
    snapshot: Snapshot,
    entry: Entry,
    section: Tabular,
    text: str,
    values: Mapping[str, Any],
    comparison: Comparison,
    shown: Sequence[Column],
    *,
    masked: bool,
    where: sql.Composable | None = None,
    sorting: sql.Composable | None = None,
    check: bool = True,
) -> BoundQuery:
    """Binds a section's SELECT twice, with the days now and with the days before, as one: `shown` are those of its columns that are wanted."""
    sides = Sides(section, _own(section), comparison.now, comparison.earlier, snapshot.organization.currency)
    now: sql.Composable = snapshot.text(section.name, text, values)
    then: sql.Composable = snapshot.text(section.name, text, comparison.values)
    beneath: dict[str, sql.Composable] = {}
    if entry.base:
        beneath = {
            "base": snapshot.base(section.name, entry.base, values),
            _BASE_THEN: snapshot.base(section.name, entry.base, comparison.values),
        }
        then = sql.SQL("with base as (select * from {}) select * from (\n{}\n) as section").format(sql.Identifier(_BASE_THEN), then)
    source = sides.joined(now, then, where)
    return snapshot.over(section.name, source, shown, masked=masked, beneath=beneath, sorting=sorting, check=check)
