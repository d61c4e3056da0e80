"""How wide columns are and which way the page lies, from the widths of the characters themselves.

Typst is given fixed widths, and by `wrapping` a fixed height for every row, which halves its work. All lengths are in points.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from octavo.pipeline import fonts
from octavo.pipeline.writers.pdf.tables import Lines

MARGIN = 51.024  # 18 mm
PAPERS = {"a4": (595.276, 841.89), "letter": (612.0, 792.0)}
INSET_X, INSET_Y = 4.0, 3.4
INDENT = 8.0  # more space before text that follows a column of numbers

_SIZES = (8.5, 7.5, 7.0, 6.5)
_WIDE_TEXT, _NARROW_TEXT = (
    24.0,
    14.0,
)  # ems: what a column of text may ask for before the page is turned, and before its type is made smaller
_LONGEST_WORD = 12.0  # ems: a longer word may be broken
_SLACK = 1.03  # kerning and bold cells
_LOST = 2.0  # ems that a line of text loses, because it ends with a whole word


@dataclass(frozen=True)
class Sheet:
    """The size of a page."""

    width: float
    height: float

    @property
    def room(self) -> float:
        return self.width - 2 * MARGIN

    @property
    def upright(self) -> bool:
        return self.height > self.width


@dataclass
class Column:
    """What a column asks for, in ems: with its heading on one line if that is not much longer than its cells; with every cell on one
    line; and at the least. And the space around them, in points.
    """

    wanted: float
    content: float
    least: float
    wraps: bool
    around: float


def columns(table: Lines) -> list[Column]:
    """What each column of the table asks for."""
    regular, bold = fonts.regular(), fonts.semibold()
    asked = []
    for place, head in enumerate(table.headings):
        words = [bold.width(word) for word in head.title.split()] or [0.0]
        titles = max(words), bold.width(head.title) + regular.width(f" {head.unit}")
        cells = {line.cells[place] for line in table.lines if line.kind == "row"}
        widest = (
            max((regular.width(cell) for cell in cells), default=0.0)
            if not head.wraps
            else max((_line_width(cell) for cell in cells), default=0.0)
        )
        sums = max((bold.width(line.cells[place]) for line in table.lines if line.kind in ("subtotal", "total")), default=0.0)
        if head.wraps:
            word = max((regular.width(word) for word in {word for cell in cells for word in cell.split()}), default=0.0)
            least = max(min(word, _LONGEST_WORD), titles[0])
        else:
            least = max(widest, sums, titles[0])
        content = max(widest, sums, least)
        wanted = max(content, min(titles[1], max(widest, 2 * titles[0])))
        asked.append(Column(wanted * _SLACK, content * _SLACK, least * _SLACK, head.wraps, 2 * INSET_X + indent(table, place)))
    return asked


def indent(table: Lines, place: int) -> float:
    """The space before a column besides its inset."""
    return INDENT if place and table.headings[place - 1].numeric and not table.headings[place].numeric else 0.0


def _line_width(cell: str) -> float:
    return max((fonts.regular().width(part) for part in cell.split("\n")), default=0.0)


def sheet(tables: Sequence[list[Column]], paper: str) -> Sheet:
    """The page on which all tables fit: upright if they can in full size, else on its side, else as wide as they need."""
    width, height = PAPERS[paper]
    upright, turned = Sheet(width, height), Sheet(height, width)
    if all(_comfortable(table, _SIZES[0], _WIDE_TEXT, headings=True) <= upright.room for table in tables):
        return upright
    needed = max(_least(table, _SIZES[-1]) for table in tables)
    return turned if needed <= turned.room else Sheet(needed + 2 * MARGIN, width)


def fits(table: Lines, paper: str) -> bool:
    """Whether a table sits well on a page that lies on its side."""
    width, height = PAPERS[paper]
    return _comfortable(columns(table), _SIZES[1], _NARROW_TEXT) <= Sheet(height, width).room


def size(table: list[Column], page: Sheet) -> float:
    """The size of the table's text: full or a little smaller if it sits well in it, else the largest in which it fits at all."""
    for candidate in _SIZES[:3]:
        if _comfortable(table, candidate, _NARROW_TEXT) <= page.room:
            return candidate
    return next((candidate for candidate in _SIZES if _least(table, candidate) <= page.room), _SIZES[-1])


def _comfortable(table: list[Column], size: float, text: float, *, headings: bool = False) -> float:
    """How wide the table is when a column of text gets no more than `text` ems; with its headings on one line, or broken."""
    asked = [(column, column.wanted if headings else column.content) for column in table]
    return sum((min(ems, max(column.least, text)) if column.wraps else ems) * size + column.around for column, ems in asked)


def _least(table: list[Column], size: float) -> float:
    return sum(column.least * size + column.around for column in table)


def widths(table: list[Column], page: Sheet, size: float) -> list[float]:
    """The widths of the columns, which fill the page: what is over goes first to cells, then to headings, then to all."""
    cells = [column.content * size + column.around for column in table]
    if sum(cells) > page.room:
        return [width + column.around for width, column in zip(_wrapped(table, page, size), table, strict=True)]
    wanted = [column.wanted * size + column.around for column in table]
    over = page.room - sum(wanted)
    if over < 0:
        lacking = [want - width for want, width in zip(wanted, cells, strict=True)]
        return [width + more for width, more in zip(cells, _shared(lacking, page.room - sum(cells)), strict=True)]
    return [width * (1 + over / sum(wanted)) for width in wanted]


def _wrapped(table: list[Column], page: Sheet, size: float) -> list[float]:
    """Where not all cells fit on one line: all on as few lines as possible, so that a long text gets much of the room and rows stay low."""
    room = page.room - sum(column.around for column in table)

    def on(lines: float) -> list[float]:
        return [
            max(column.least, min(column.content, column.content / lines + _LOST) if column.wraps else column.content) * size
            for column in table
        ]

    few, many = 1.0, 1000.0
    while many - few > 0.01:
        lines = (few + many) / 2
        few, many = (lines, many) if sum(on(lines)) > room else (few, lines)
    made = on(many)
    over = max(room - sum(made), 0.0)
    wrapping = sum(width for width, column in zip(made, table, strict=True) if column.wraps) or 1.0
    return [width + over * width / wrapping if column.wraps else width for width, column in zip(made, table, strict=True)]


def _shared(lacking: list[float], over: float) -> list[float]:
    """What each gets of `over`: those that lack little get all of it, the rest an equal share of what is left."""
    given = [0.0] * len(lacking)
    waiting = [place for place, lack in enumerate(lacking) if lack > 0]
    while waiting:
        share = over / len(waiting)
        modest = [place for place in waiting if lacking[place] <= share]
        for place in modest or waiting:
            given[place] = min(lacking[place], share)
        if not modest:
            break
        over -= sum(lacking[place] for place in modest)
        waiting = [place for place in waiting if place not in modest]
    return given


def room(table: Lines, place: int, width: float, size: float) -> float:
    """How wide a text may be in a column, in ems; what asked for exactly this width has it, however the division is rounded."""
    return (width - 2 * INSET_X - indent(table, place)) / size / _SLACK + 1e-6
