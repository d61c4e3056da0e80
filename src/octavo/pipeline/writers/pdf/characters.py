"""Characters as they can be printed: nothing vanishes without a word, and nothing invisible or of control reaches Typst.

What Source Sans lacks is printed in one of Typst's own fonts if it is there (Greek, Cyrillic, Arabic, Hebrew, signs). What no font here has
(Chinese, Japanese, emoji) is printed as an empty square, and the document says at its end which characters these were.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from octavo.pipeline import fonts

SQUARE = "\N{WHITE SQUARE}"

_SPACES = {
    0x09: " ",
    0x0B: "\n",
    0x0C: "\n",
    0x0D: "\n",
    0x85: "\n",
    0x2028: "\n",
    0x2029: "\n",
    0xFEFF: "",
    0x200B: "\u200b",
    0xAD: "\u00ad",
    0x0A: "\n",
}


@dataclass
class Characters:
    """Collects what has to be asked of the fonts (`unknown`) while text is read; `settle` answers, and then `squares` are known."""

    unknown: set[str] = field(default_factory=set)
    squares: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._table = _Table(self.unknown)

    def shown(self, text: str) -> str:
        """The text, fit to be printed. Line breaks are one newline each; control characters are squares."""
        if text.isascii() and text.isprintable():
            return text
        return text.replace("\r\n", "\n").translate(self._table)

    def settle(self, lacking: Callable[[Sequence[str]], set[str]]) -> None:
        """Asks which of the unknown characters no font has. Call it when all text has been read."""
        found = lacking(sorted(self.unknown)) if self.unknown else set()
        self.squares = found | self._table.controls

    def printed(self, text: str) -> str:
        """The text with squares for what no font has; after `settle`."""
        if not self.squares or text.isascii():
            return text
        for character in self.squares:
            text = text.replace(character, SQUARE)
        return text

    @property
    def note(self) -> str:
        """What the document says about its squares, or nothing."""
        if not self.squares:
            return ""
        codes = ", ".join(f"U+{ord(character):04X}" for character in sorted(self.squares))
        return f"{SQUARE} stands for a character that cannot be printed: {codes}."


class _Table(dict[int, str]):
    """Maps each character to what is printed for it; learns by the way which are in question."""

    def __init__(self, unknown: set[str]) -> None:
        super().__init__(_SPACES)
        self._unknown = unknown
        self.controls: set[str] = set()
        self._known = fonts.regular().advances

    def __missing__(self, code: int) -> str:
        character = chr(code)
        shown = character
        if code < 0x20 or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000 or code & 0xFFFE == 0xFFFE:
            self.controls.add(character)
            shown = SQUARE
        elif character not in self._known:
            self._unknown.add(character)
        self[code] = shown
        return shown
