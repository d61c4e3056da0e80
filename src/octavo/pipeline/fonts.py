"""The faces that documents are set in, from wheels: which characters they hold and how wide each is.

Widths are what lets a table be measured in Python, so that Typst need not lay every row out twice.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

SANS, SERIF = "Source Sans Pro", "Source Serif Pro"

_FACES = {
    "font_source_sans_pro": ("SourceSansPro-Regular", "SourceSansPro-It", "SourceSansPro-Semibold", "SourceSansPro-Bold"),
    "font_source_serif_pro": ("SourceSerifPro-Regular", "SourceSerifPro-It", "SourceSerifPro-Semibold", "SourceSerifPro-Bold"),
}


def faces() -> tuple[Path, ...]:
    """The files of all faces in use."""
    return tuple(folder(package) / f"{name}.otf" for package, names in _FACES.items() for name in names)


def folder(package: str = "font_source_sans_pro") -> Path:
    """The folder of a font's wheel."""
    return Path(str(files(package))) / "files"


@dataclass(frozen=True)
class Face:
    """`advances` gives the width of each character that the face holds, in ems."""

    advances: Mapping[str, float]

    def width(self, text: str) -> float:
        """The width of a line of text, in ems. A character from another face is taken to be as wide as it is high."""
        advance = self.advances.get
        return sum([advance(character, 1.0) for character in text])


@cache
def regular() -> Face:
    return _read(folder() / "SourceSansPro-Regular.otf")


@cache
def semibold() -> Face:
    return _read(folder() / "SourceSansPro-Semibold.otf")


def _read(path: Path) -> Face:
    """Reads the tables cmap (format 4), hhea, hmtx and head of an OpenType file, as its specification lays them out."""
    data = path.read_bytes()
    tables = {}
    for at in range(12, 12 + 16 * struct.unpack_from(">H", data, 4)[0], 16):
        tag, _, offset, _ = struct.unpack_from(">4sIII", data, at)
        tables[tag] = offset
    units: int = struct.unpack_from(">H", data, tables[b"head"] + 18)[0]
    measured: int = struct.unpack_from(">H", data, tables[b"hhea"] + 34)[0]
    widths = struct.unpack_from(">" + "Hh" * measured, data, tables[b"hmtx"])[::2]
    glyphs = _characters(data, tables[b"cmap"])
    return Face({chr(code): widths[min(glyph, measured - 1)] / units for code, glyph in glyphs.items()})


def _characters(data: bytes, cmap: int) -> dict[int, int]:
    for at in range(cmap + 4, cmap + 4 + 8 * struct.unpack_from(">H", data, cmap + 2)[0], 8):
        table = cmap + struct.unpack_from(">HHI", data, at)[2]
        if struct.unpack_from(">H", data, table)[0] == 4:
            return _segments(data, table)
    raise ValueError("the font has no character map of format 4")


def _segments(data: bytes, table: int) -> dict[int, int]:
    count = struct.unpack_from(">H", data, table + 6)[0] // 2
    ends, starts, deltas, offsets = (
        struct.unpack_from(f">{count}{kind}", data, table + 14 + part * 2 * count + (2 if part else 0)) for part, kind in enumerate("HHhH")
    )
    found = {}
    for segment, (first, last, delta, offset) in enumerate(zip(starts, ends, deltas, offsets, strict=True)):
        for code in range(first, min(last, 0xFFFE) + 1):
            if offset:
                slot = table + 16 + 6 * count + 2 * segment + offset + 2 * (code - first)
                glyph = struct.unpack_from(">H", data, slot)[0]
                glyph = (glyph + delta) & 0xFFFF if glyph else 0
            else:
                glyph = (code + delta) & 0xFFFF
            if glyph:
                found[code] = glyph
    return found
