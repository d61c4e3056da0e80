"""The document as a flow of lines from which chunks are taken, and the way back from a place in a chunk's PDF to a line."""

from dataclasses import dataclass
from typing import Any

from octavo.pipeline.writers.pdf import measure, wrapping
from octavo.pipeline.writers.pdf.data import Content, Printed
from octavo.pipeline.writers.pdf.parts import Part
from octavo.pipeline.writers.pdf.tables import Line

_SHORT = 8  # lines: such a table is never broken over two pages


@dataclass(frozen=True)
class Place:
    """Before which line of which section."""

    section: int = 0
    line: int = 0


@dataclass(frozen=True)
class Chunk:
    """A stretch of the document as JSON. `tables` says for each table in it: its section, its first line, and the rows of its head."""

    document: dict[str, Any]
    lines: int
    tables: tuple[tuple[int, int, int], ...]

    @property
    def last(self) -> bool:
        return bool(self.document["last"])

    def place(self, table: int, row: int) -> Place | None:
        """The line that is the row of that table in the PDF, or None if it belongs to the head."""
        section, first, head = self.tables[table]
        return Place(section, first + row - head) if row >= head else None

    def leaves_sums(self, content: Content, part: Part) -> bool:
        """Whether a page of its PDF begins with the sums that end a table."""
        begun = (self.place(table, row) for _, table, row in part.cuts())
        return any(place is not None and content.ends_with_sums(place.section, place.line) for place in begun)


def chunk(content: Content, start: Place, limit: int, *, footed: bool, note: str, held: bool = False) -> Chunk:
    """The stretch from `start` of at most `limit` lines. `held`: the last row of a table is held beside its sums, which costs Typst another pass."""
    taken: list[dict[str, Any]] = []
    tables: list[tuple[int, int, int]] = []
    lines = 0
    finished = True
    for index in range(start.section, len(content.sections)):
        section = content.sections[index]
        if lines >= limit:
            finished = False
            break
        if not isinstance(section, Printed):
            taken.append(section)
            continue
        first = start.line if index == start.section else 0
        until = min(len(section.table.lines), first + limit - lines)
        made, head = _table(section, first, until, held)
        taken.append(made)
        if until > first:
            tables.append((index, first, head))
        lines += until - first
        if until < len(section.table.lines):
            finished = False
            break
    document = {
        **content.header,
        "sections": taken,
        "first": start == Place(),
        "last": finished,
        "footed": footed,
        "pages": None,
        "note": note,
    }
    return Chunk(document, lines, tuple(tables))


def _table(section: Printed, first: int, until: int, held: bool) -> tuple[dict[str, Any], int]:
    """The lines as JSON, with the headings of the groups that are open before the first; and how many rows the head has."""
    table = section.table
    open_ = _open_groups(table.lines, first) if first else []
    shown = [*open_, *table.lines[first:until]]
    rows = [*(wrapping.Row(0) for _ in open_), *section.rows[first:until]]
    made = {
        "kind": "table",
        "name": table.name,
        "title": table.title,
        "description": table.description,
        "continued": first > 0,
        "short": len(table.lines) <= _SHORT,
        "held": held,
        "size": section.size,
        "columns": [_column(section, place) for place in range(len(table.headings))],
        "lines": [_line(line) for line in shown],
        "heights": [round(row.height(section.size), 3) for row in rows],
        "whole": [row.whole for row in rows],
        "names": table.names,
        "records": table.records,
    }
    return made, 1 + len(open_)


def _open_groups(lines: list[Line], first: int) -> list[Line]:
    """The group headings under which the line stands, outermost first."""
    if lines[first].kind == "group" and lines[first].level == 0:
        return []
    deepest = lines[first].level if lines[first].kind == "group" else None
    found: list[Line] = []
    for line in reversed(lines[:first]):
        if line.kind == "group" and (deepest is None or line.level < deepest):
            found.insert(0, line)
            deepest = line.level
            if deepest == 0:
                break
    return found


def _column(section: Printed, place: int) -> dict[str, Any]:
    head = section.table.headings[place]
    return {
        "name": head.name,
        "title": head.title,
        "unit": head.unit,
        "numeric": head.numeric,
        "width": round(section.widths[place], 3),
        "indent": measure.indent(section.table, place),
    }


def _line(line: Line) -> list[Any]:
    if line.kind == "row":
        return ["row", line.cells]
    if line.kind == "group":
        return ["group", line.level, line.label, line.cells[0]]
    span = next((place for place, cell in enumerate(line.cells) if cell), len(line.cells))
    cells = line.cells[span:]
    if span == 0:
        cells = [f"{line.label} {cells[0]}", *cells[1:]]
    return ["sum", line.kind, line.label, span, cells, line.first, line.last]
