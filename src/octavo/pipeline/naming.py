"""How a file is called when a browser saves it or it is put into a folder outside: the one place that makes a Content-Disposition or such a path."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from octavo.errors import UsageError

_LONGEST_NAME = 150
_RESERVED = {"con", "prn", "aux", "nul", *(f"com{digit}" for digit in range(10)), *(f"lpt{digit}" for digit in range(10))}


def content_disposition(name: str) -> str:
    """The header that has a browser save a file under `name`, which may hold anything: no path, control or direction characters pass."""
    safe = plain_name(name.replace("\\", "/").rsplit("/", 1)[-1])
    plain = "".join(character if character.isascii() and character not in '"\\%' else "_" for character in safe)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(safe, safe='')}"


def plain_name(text: str) -> str:
    """`text` as the name of one file or folder on any system: no separator, control or direction character, no reserved word, not too long."""
    kept = "".join(character for character in text if unicodedata.category(character)[0] != "C" and character not in "/\\").strip(" .")
    stem, dot, extension = kept.rpartition(".")
    if not dot:
        stem, extension = kept, ""
    stem = (stem or "file")[: max(_LONGEST_NAME - len(extension) - 1, 1)]
    return f"{'_' if stem.split('.')[0].lower() in _RESERVED else ''}{stem}{'.' + extension if extension else ''}"[: _LONGEST_NAME + 1]


WORDS = ("report", "date", "period")
"""What a folder or a subject may name in braces."""
_WORD = re.compile(r"\{([^{}]*)\}")


def check_pattern(pattern: str) -> str:
    """A folder or a subject that may name words in braces: {report}, {date}, {period}. Raises UsageError."""
    for name in _WORD.findall(pattern):
        if name not in WORDS:
            raise UsageError(f"There is no word {{{name}}}; there are: {', '.join(f'{{{word}}}' for word in WORDS)}")
    if any(brace in _WORD.sub("", pattern) for brace in "{}"):
        raise UsageError(f"A brace in {pattern!r} is not closed; a word is written as in {{report}}")
    return pattern


def filled(pattern: str, words: Mapping[str, str]) -> str:
    """The pattern with its words in place, each once and as it is: what a word holds is never read as a pattern."""
    return _WORD.sub(lambda match: words[match[1]], check_pattern(pattern))


def check_folder(pattern: str) -> str:
    """A folder below a place, as a pattern; "" is the place itself. Raises UsageError for one that would lead out of it, or that no system takes."""
    parts = check_pattern(pattern).strip("/").split("/") if pattern.strip("/") else []
    for part in parts:
        if plain_name(_WORD.sub("x", part)) != _WORD.sub("x", part):
            raise UsageError(
                f"{part!r} cannot be a folder everywhere; use names of letters, digits, spaces, - and _, and {{report}}, {{date}}, {{period}}"
            )
    return "/".join(parts)


def folder(pattern: str, words: Mapping[str, str]) -> str:
    """The folder that a pattern names, below a place: a word never begins another folder, nor leads out."""
    plain = {name: plain_name(text.replace("/", "-").replace("\\", "-")) for name, text in words.items()}
    return "/".join(plain_name(filled(part, plain)) for part in check_folder(pattern).split("/") if part)


@dataclass(frozen=True)
class Served:
    """What whoever fetches a file is told of it: the name to save it under, and its media type."""

    name: str
    media_type: str

    @property
    def disposition(self) -> str:
        """The Content-Disposition header."""
        return content_disposition(self.name)
