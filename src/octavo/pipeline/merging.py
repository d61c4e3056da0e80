"""Documents of several values: each combination is bound as it would be alone, all in one snapshot, and then put together.

The merged sections hold the rows of one combination after the other, led by a column for each parameter that has several values. Key figures become a
row for each; a chart would mix what does not belong together, and is left out. Postgres counts the whole, so that a control total is that of all.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import cast

from psycopg import sql

from octavo.pipeline import binding, comparison, definition, parameters
from octavo.pipeline import each as eaches
from octavo.pipeline.binding import Request
from octavo.pipeline.catalog import Entry
from octavo.pipeline.document import Answer, Document, Rows
from octavo.pipeline.each import Varied
from octavo.pipeline.snapshot import BoundQuery, Snapshot

LEADING = "each_"
"""How the name of a column begins that holds a parameter's value; the parameter's own name follows."""


def parse(entry: Entry, request: Request) -> None:
    """Refuses whatever of a request can be found wrong before anything is opened. Raises UsageError, TooLarge."""
    if request.made_as == "runs":  # of a group it is one, whose parameters say which
        parameters.parse(entry, request.parameters)
    else:
        comparison.refuse_together(request.compare)
        eaches.check(entry, request.parameters, request.each)


def apart(entry: Entry, request: Request, snapshot: Snapshot) -> list[Request]:
    """A request for each combination, all of which can be asked. Raises UsageError, TooLarge."""
    each = eaches.offered(entry, request.each, snapshot)
    eaches.resolve(entry, request.parameters, each, snapshot, masked=request.masked)
    return [replace(request, parameters={**request.parameters, **one}, each=each) for one in eaches.combinations(each)]


def bind(entry: Entry, request: Request, snapshot: Snapshot, run_id: str, progress: Callable[[str, int], None]) -> Document:
    """The document that is asked for; as `binding.bind`, which makes it where there is one value of everything."""
    if request.made_as == "runs":
        alone = binding.bind(entry, request, parameters.parse(entry, request.parameters), snapshot, run_id, progress)
        if not request.each or request.approved_rows is None:
            return alone
        return replace(alone, goes_out_with=_together(entry, request, snapshot, run_id, progress).rows)
    whole = _together(entry, request, snapshot, run_id, progress)
    return whole if request.made_as == "zip" else replace(whole, parts=())


def _together(entry: Entry, request: Request, snapshot: Snapshot, run_id: str, progress: Callable[[str, int], None]) -> Document:
    """All combinations as one document, with each of them as a part of it. Raises UsageError where two of them are the same."""
    shared = {name: value for name, value in request.parameters.items() if name not in request.each}
    each = eaches.offered(entry, request.each, snapshot)
    one = replace(request, parameters=shared, each={}, condition=None, password=None)
    parts = [binding.bind(entry, one, asked, snapshot, run_id, progress) for asked in eaches.parse(entry, shared, each)]
    if request.condition:
        request.condition.hold_of_any(parts)
    asked = [_answers(part, each) for part in parts]
    varied = eaches.varied(each, asked)
    labels = [tuple(one.label(answer) for one, answer in zip(varied, answers, strict=True)) for answers in asked]
    shown = {one.name: one.answer for one in varied}
    first = parts[0]
    return replace(
        first,
        parameters=tuple(shown.get(answer.name, answer) for answer in first.parameters),
        sections=tuple(
            _merged(snapshot, varied, labels, [part.tables[place] for part in parts], progress) for place in range(len(first.tables))
        ),
        layout=None,
        protected=request.password is not None,
        each=tuple(each),
        parts=tuple(replace(part, called=called) for part, called in zip(parts, labels, strict=True)),
    )


def _answers(part: Document, names: Iterable[str]) -> list[Answer]:
    answers = {answer.name: answer for answer in part.parameters}
    return [answers[name] for name in names]


def _merged(
    snapshot: Snapshot,
    varied: Sequence[Varied],
    labels: Sequence[Sequence[str]],
    parts: Sequence[Rows],
    progress: Callable[[str, int], None],
) -> Rows:
    """One section of all parts: their own rows, as they stand in each, one part after the other."""
    section, leading = parts[0].definition, tuple(definition.Text(LEADING + one.name, one.title) for one in varied)
    columns = (*leading, *parts[0].columns)
    inner = section.group_by if isinstance(section, definition.Table) else ()
    grouped = () if isinstance(section, definition.Metrics) else (*(column.name for column in leading), *inner)
    table = definition.Table(
        section.name, f"{section.title} of each" if isinstance(section, definition.Metrics) else section.title, query=section.query, columns=columns,
        description=section.description, group_by=grouped,
        summary=not isinstance(section, definition.Table) or section.summary,
    )  # fmt: skip
    selects = []
    for number, (part, called) in enumerate(zip(parts, labels, strict=True)):
        led = [
            sql.SQL("{}::text as {}").format(sql.Literal(label), sql.Identifier(column.name))
            for column, label in zip(leading, called, strict=True)
        ]
        selects.append(
            sql.SQL("(select {}, {} as octavo_part, row_number() over () as octavo_place, rows.* from ({}) as rows)").format(
                sql.SQL(", ").join(led), sql.Literal(number), cast(BoundQuery, part.query).select
            )
        )
    text = sql.SQL("select * from ({}) as parts order by octavo_part, octavo_place").format(sql.SQL("\nunion all\n").join(selects))
    return Rows(table, columns, BoundQuery(snapshot, section.name, text, {}, columns, False, None, None, None), progress)
