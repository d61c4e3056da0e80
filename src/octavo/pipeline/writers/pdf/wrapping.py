"""Where the text of a cell goes on on the next line. The breaks are made here, so that the height of a row is known and Typst sets it once.

Only a row that holds characters of another face than the house's, whose widths are not known, is left to Typst, with an estimate. Lengths
are in points.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from octavo.pipeline import fonts
from octavo.pipeline.writers.pdf import measure
from octavo.pipeline.writers.pdf.tables import Lines

LEADING = 0.25  # ems between two lines of text, as octavo.typ says
_MOST_LINES = 20  # a row of more may be broken over two pages
_RAGGED = 1.15  # a line of text ends with a whole word: how much longer an estimated text is for it
_INVISIBLE = "\u200b"  # a place where Typst may break a word

_WORDS = re.compile(r"[^ ]+ *| +")
_GOOD_ENDS = frozenset("-/_.,;:@=&?")


@dataclass(frozen=True, slots=True)
class Row:
    """Of how many lines of text a row is; 0 for what is no row. `exact` when all its breaks are made."""

    lines: int
    exact: bool = True

    @property
    def whole(self) -> bool:
        """Whether it stays on one page."""
        return 0 < self.lines <= _MOST_LINES

    def height(self, size: float) -> float:
        """How high it is; 0 where Typst must find out."""
        if not self.exact or not self.whole:
            return 0.0
        return self.lines * size + (self.lines - 1) * LEADING * size + 2 * measure.INSET_Y


def wrap(table: Lines, column_widths: Sequence[float], size: float) -> list[Row]:
    """Puts the line breaks into the cells of the table that need them, and says how high each of its lines is."""
    columns = [
        (place, measure.room(table, place, width, size), dict[str, tuple[str, Row]]())
        for place, (head, width) in enumerate(zip(table.headings, column_widths, strict=True))
        if head.wraps
    ]
    found = []
    for line in table.lines:
        if line.kind != "row":
            found.append(Row(0))
            continue
        lines, exact = 1, True
        for place, room, known in columns:
            text = line.cells[place]
            if text not in known:
                known[text] = _wrapped(text, room)
            line.cells[place], cell = known[text]
            lines, exact = max(lines, cell.lines), exact and cell.exact
        found.append(Row(lines, exact))
    return found


def _wrapped(text: str, room: float) -> tuple[str, Row]:
    """The text with its breaks, and of how many lines it is, in a column that has so much room, in ems."""
    face = fonts.regular()
    if "\n" not in text and face.width(text) <= room:
        return text, Row(1)
    paragraphs = text.split("\n")
    if all(character in face.advances for paragraph in paragraphs for character in paragraph):
        lines = [line for paragraph in paragraphs for line in _lines(paragraph, room, face)]
        return "\n".join(lines), Row(len(lines))
    pieces = [_INVISIBLE.join(_parts(word, room, face)) if face.width(word) > room else word for word in re.split(r"(\s+)", text)]
    return "".join(pieces), Row(sum(1 + int(face.width(paragraph) * _RAGGED / room) for paragraph in paragraphs), exact=False)


def _lines(paragraph: str, room: float, face: fonts.Face) -> list[str]:
    """As many words on each line as it holds; a longer word is cut."""
    lines, line, used = [], "", 0.0
    for word in _WORDS.findall(paragraph):
        bare = face.width(word.rstrip(" "))
        if line and used + bare > room:
            lines.append(line)
            line, used = "", 0.0
        *full, rest = _parts(word, room, face) if bare > room else [word]
        lines += full
        line += rest
        used += face.width(rest)
    return [*lines, line]


def _parts(word: str, room: float, face: fonts.Face) -> list[str]:
    """A word in parts that fit, cut behind a sign that parts it where there is one in the second half of what fits."""
    parts = []
    while face.width(word.rstrip(" ")) > room:
        fitting, used = 0, 0.0
        while used <= room:
            used += face.advances.get(word[fitting], 1.0)
            fitting += 1
        fitting = max(fitting - 1, 1)
        cut = next((place for place in range(fitting, fitting // 2, -1) if word[place - 1] in _GOOD_ENDS), fitting)
        parts.append(word[:cut])
        word = word[cut:]
    return [*parts, word]
