"""An organization's logo: a PNG that can be drawn, as it stands in the branding. What could not be drawn later is refused when it is said."""

import base64
import binascii
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

PREFIX = "data:image/png;base64,"
LARGEST = 65_536
"""Bytes of the file: it is carried into every document."""
_WIDEST = 2_000
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""How many samples a pixel has, by the type of colour."""
_ROOM = (50.0, 14.0)
"""Millimetres that it may take at the head of a page."""


@dataclass(frozen=True)
class Logo:
    """The picture and its size on paper, in millimetres."""

    png: bytes
    width: float
    height: float


def read(text: str) -> Logo:
    """The logo that a data URL holds. Raises ValueError, saying what to do."""
    if not text.startswith(PREFIX):
        raise ValueError(f"a logo is a PNG, written as {PREFIX}...")
    try:
        png = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("what follows base64, is not Base64") from error
    if len(png) > LARGEST:
        raise ValueError(f"the file has {len(png):,} bytes, and a logo may have {LARGEST:,}; make it smaller")
    across, down = _size(png)
    scale = min(_ROOM[0] / across, _ROOM[1] / down)
    return Logo(png, round(across * scale, 2), round(down * scale, 2))


def _size(png: bytes) -> tuple[int, int]:
    """Width and height in pixels of a PNG that is whole: every chunk's checksum, and every row of the picture."""
    parts = list(_chunks(png))
    if not parts or parts[0][0] != b"IHDR" or parts[-1][0] != b"IEND" or len(parts[0][1]) != 13:
        raise ValueError("it is no whole PNG")
    across, down, depth, colour, compression, filtering, interlaced = struct.unpack(">IIBBBBB", parts[0][1])
    if not (1 <= across <= _WIDEST and 1 <= down <= _WIDEST):
        raise ValueError(f"it has {across:,} × {down:,} pixels, and a logo may have {_WIDEST:,} each way; make it smaller")
    if colour not in _SAMPLES or depth not in (1, 2, 4, 8, 16) or compression or filtering:
        raise ValueError("it is no PNG as others write it; save it again")
    if interlaced:
        raise ValueError("it is interlaced; save it without that")
    if colour == 3 and not any(name == b"PLTE" and data for name, data in parts):
        raise ValueError("it is no whole PNG: it has no palette")
    wanted = down * (1 + (across * _SAMPLES[colour] * depth + 7) // 8)
    unpacked = zlib.decompressobj()
    try:
        rows = unpacked.decompress(b"".join(data for name, data in parts if name == b"IDAT"), wanted + 1)
    except zlib.error as error:
        raise ValueError("it is no whole PNG") from error
    if len(rows) != wanted or any(rows[place] > 4 for place in range(0, wanted, wanted // down)):
        raise ValueError("it is no whole PNG")
    return across, down


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    if not png.startswith(_SIGNATURE):
        raise ValueError("it is no PNG")
    place = len(_SIGNATURE)
    while place < len(png):
        if place + 12 > len(png):
            raise ValueError("it is no whole PNG")
        (length,) = struct.unpack_from(">I", png, place)
        name, data = png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        if len(data) != length or png[place + 8 + length : place + 12 + length] != struct.pack(">I", zlib.crc32(name + data)):
            raise ValueError("it is no whole PNG")
        yield name, data
        place += 12 + length
