"""Whether a file is made at all: only if there are rows, or only if a key figure stands so to a value. Asked in the snapshot that the file would be of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from psycopg import sql

from octavo.errors import HeldBack, UsageError
from octavo.pipeline import definition
from octavo.pipeline.document import Document

COMPARISONS: Mapping[str, tuple[str, Any]] = {
    "above": ("above", lambda figure, threshold: figure > threshold),
    "at_least": ("at least", lambda figure, threshold: figure >= threshold),
    "below": ("below", lambda figure, threshold: figure < threshold),
    "at_most": ("at most", lambda figure, threshold: figure <= threshold),
}
_FIGURES = ("integer", "quantity", "money", "percent")


@dataclass(frozen=True)
class Condition:
    """`rows`: any section but key figures has some. `metric`: the figure "section.column" compares so with the threshold; one without a value does not."""

    only_if: Literal["rows", "metric"]
    metric: str = ""
    comparison: str = ""
    threshold: Decimal = Decimal(0)

    def check(self, report: definition.Report, sections: Sequence[str] = ()) -> None:
        """Raises UsageError when the report, or its chosen sections, could never answer it."""
        there = [section for section in report.sections if not sections or section.name in sections]
        if self.only_if == "rows":
            if not any(isinstance(section, definition.Tabular) and not isinstance(section, definition.Metrics) for section in there):
                raise UsageError("The report has key figures and no rows, so it always would be empty; choose always or metric")
            return
        figures = [
            f"{section.name}.{column.name}"
            for section in there
            if isinstance(section, definition.Metrics)
            for column in section.columns
            if column.kind in _FIGURES
        ]
        if self.metric not in figures:
            known = f"it has: {', '.join(figures)}" if figures else "it has no key figures"
            raise UsageError(f"The report has no key figure {self.metric!r}; {known}")
        if self.comparison not in COMPARISONS:
            raise UsageError(f"There is no comparison {self.comparison!r}; there are: {', '.join(COMPARISONS)}")
        if not self.threshold.is_finite():
            raise UsageError("The threshold of a condition is a number")

    def hold_of_any(self, documents: Sequence[Document]) -> None:
        """Raises HeldBack when none of these that go out together is to be made. Each has its own key figures, so it is about rows."""
        held: HeldBack | None = None
        for document in documents:
            try:
                return self.hold(document)
            except HeldBack as error:
                held = error
        if held is not None:
            raise held

    def hold(self, document: Document) -> None:
        """Raises HeldBack, before anything is written, when the document is not to be made."""
        if self.only_if == "rows":
            if not any(section.control.rows for section in document.tables if not isinstance(section.definition, definition.Metrics)):
                raise HeldBack("There are no rows for what was asked, and without any no file is made")
            return
        section, _, column = self.metric.partition(".")
        found = next((one for one in document.tables if one.name == section), None)
        if document.each:
            raise UsageError(f"{self.metric} is a key figure of one value, and several are asked for at once; choose always or rows")
        rows = found.query.first(sql.Identifier(column), 1) if found else []
        figure = rows[0][0] if rows else None
        said, holds = COMPARISONS[self.comparison]
        if figure is None or not holds(Decimal(figure), self.threshold):
            raise HeldBack(f"{self.metric} is not {said} {self.threshold:f}, and unless it is no file is made")
