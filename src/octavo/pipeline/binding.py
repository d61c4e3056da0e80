"""Binds a report to a snapshot: from its definition, checked parameters and one snapshot comes the document that a writer receives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from octavo.errors import DefinitionError, NotFound
from octavo.pipeline import catalog, comparison, definition, document, parameters
from octavo.pipeline.catalog import Entry
from octavo.pipeline.choice import NOTHING, Choice
from octavo.pipeline.comparison import Comparison
from octavo.pipeline.conditions import Condition
from octavo.pipeline.document import BoundSection, Document
from octavo.pipeline.earlier import Earlier
from octavo.pipeline.snapshot import Snapshot


@dataclass(frozen=True)
class Request:
    """What somebody asks for. `sections` limits the document to those named; `locale` and `zone` default to the organization's."""

    report: str
    organization: document.Organization
    format: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    sections: tuple[str, ...] = ()
    zone: str | None = None
    locale: str | None = None
    masked: bool = False
    requested_by: str = ""
    approved_by: str = ""
    choice: Choice = NOTHING
    """Of a dataset: which columns, and which rows."""
    compare: str | Earlier | None = None
    """With what its figures are compared: one of earlier.HOWS, or the days themselves; None: with nothing."""
    most_rows: int | None = None
    """How many rows the file may hold; None: as many as its format holds."""
    approved_rows: int | None = None
    """How many rows may go out without another approval; None: what is asked for needs none."""
    password: str | None = field(default=None, repr=False)
    """With which alone the file is to be opened."""
    planned_at: datetime | None = None
    """The instant of which relative periods are; None: that of the snapshot."""
    condition: Condition | None = None
    """Without which no file is made."""
    each: Mapping[str, Any] = field(default_factory=dict)
    """Several values of parameters; see each.py. With `made_as` "runs" it is what all the runs ask of which this is one."""
    made_as: str = "runs"
    """What is made of them, one of each.WAYS."""
    first_rows: int | None = None
    """Only so many rows of each table: an example that says so, for who looks at how a file would be. Never for a file that is kept."""


def bind(
    entry: Entry, request: Request, asked: definition.Parameters, snapshot: Snapshot, run_id: str, progress: Callable[[str, int], None]
) -> Document:
    """The document, with every section's control figures counted and nothing read yet.

    Raises UsageError, DefinitionError; HeldBack when it is not to be made.
    """
    chosen = _chosen(entry, request.sections)
    comparison.refuse(entry, request.compare, request.sections)
    if request.locale:
        from octavo.pipeline import locales  # only who names a locale pays for Babel

        locales.named(request.locale)
    values, answers = parameters.resolve(entry, asked, snapshot, masked=request.masked)
    if request.choice:
        table = catalog.dataset(entry)
        answers += tuple(document.Answer(*told) for told in request.choice.shown(table))
    compared = None
    if request.compare is not None:
        compared = comparison.resolve(entry, asked, request.compare, values, answers)
        answers += (compared.answer,)
    made = Document(
        report=entry.key,
        version=entry.version,
        title=entry.report.title,
        description=entry.report.description,
        organization=request.organization,
        parameters=answers,
        sections=tuple(_bind_section(entry, section, values, snapshot, request, progress, compared) for section in chosen),
        run_id=run_id,
        taken_at=snapshot.taken_at,
        zone=snapshot.zone,
        locale=request.locale or request.organization.locale,
        masked=request.masked,
        layout=entry.layout,
        requested_by=request.requested_by,
        approved_by=request.approved_by,
        protected=request.password is not None,
        planned_at=request.planned_at,
        first_rows=request.first_rows,
    )
    if request.condition:
        request.condition.hold(made)
    return made


def refuse(document: Document, request: Request) -> None:
    """Raises what keeps the file from being made, now that its figures are known: the request's condition, too many rows, more than are approved."""
    if request.condition:
        request.condition.hold(document)
    document.refuse_more_than(request.most_rows)
    document.refuse_unapproved(request.approved_rows)


def _chosen(entry: Entry, names: tuple[str, ...]) -> tuple[definition.Section, ...]:
    sections = {section.name: section for section in entry.report.sections}
    for name in names:
        if name not in sections:
            raise NotFound(f"{entry.key} has no section {name!r}; it has: {', '.join(sections)}")
    return tuple(section for section in entry.report.sections if not names or section.name in names)


def _bind_section(
    entry: Entry,
    section: definition.Section,
    values: Mapping[str, Any],
    snapshot: Snapshot,
    request: Request,
    progress: Callable[[str, int], None],
    compared: Comparison | None,
) -> BoundSection:
    text, masked = entry.queries[section.name], request.masked
    where = sorting = None
    if request.choice and isinstance(section, definition.Table):
        where = request.choice.condition(section, masked=masked)
        section = request.choice.narrow(section, masked=masked)
        sorting = request.choice.arrangement.sorting(section)
    if isinstance(section, definition.Chart):
        source = next(other for other in entry.report.sections if other.name == section.of)
        assert isinstance(source, definition.Tabular)
        if compared and comparison.comparable(source):
            columns = comparison.drawn(section, source)
            query = comparison.query(snapshot, entry, source, text, values, compared, columns, masked=masked)
            return document.Chart(section, columns, query)
        by_name = {column.name: column for column in source.columns}
        columns = tuple(by_name[name] for name in (section.x, *section.y))
        return document.Chart(section, columns, snapshot.query(section.name, text, values, columns, masked=masked, base=entry.base))
    assert isinstance(section, definition.Tabular)
    beside: Mapping[str, document.Compared] = {}
    if compared and comparison.comparable(section):
        columns, beside = comparison.columns(section)
        query = comparison.query(snapshot, entry, section, text, values, compared, columns, masked=masked, where=where, sorting=sorting)
        section = replace(section, columns=columns)
    else:
        share_of = section.share_of if isinstance(section, definition.Breakdown) else None
        limit = request.first_rows if isinstance(section, definition.Table) else None
        query = snapshot.query(
            section.name, text, values, section.columns, masked=masked, share_of=share_of, where=where, sorting=sorting, base=entry.base, limit=limit,
        )  # fmt: skip
        columns = (*section.columns, definition.Percent("share", "Share")) if share_of else section.columns
    if isinstance(section, definition.Metrics) and query.control.rows != 1:
        raise DefinitionError(f"Section {section.name} is key figures, and its query yields {query.control.rows} rows; it must yield one")
    return document.Rows(section, columns, query, progress, beside)
