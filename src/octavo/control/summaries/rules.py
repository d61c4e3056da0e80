"""What belongs to the summary of a report: its key figures, its breakdowns, and the tables that it says are small."""

from octavo.errors import NotFound, UsageError
from octavo.pipeline import definition
from octavo.pipeline.catalog import Entry

MOST_ROWS = 1000
"""A section of more rows than this is no summary."""


def sections(entry: Entry, names: tuple[str, ...] = ()) -> tuple[definition.Tabular, ...]:
    """The sections of the summary, in order; of them those that are named. Raises NotFound, UsageError when there are none to tell."""
    there = {section.name: section for section in entry.report.sections}
    told = {
        name: section
        for name, section in there.items()
        if isinstance(section, definition.Metrics | definition.Breakdown) or (isinstance(section, definition.Table) and section.summary)
    }
    if not told:
        raise UsageError(f"{entry.key} has no summary: it is rows alone; ask for it as a file")
    for name in names:
        if name not in there:
            raise NotFound(f"{entry.key} has no section {name!r}; its summary has: {', '.join(told)}")
        if name not in told:
            raise UsageError(f"The section {name!r} of {entry.key} is no part of its summary, which has: {', '.join(told)}")
    return tuple(section for name, section in told.items() if not names or name in names)
