"""A logo is taken if it can be drawn, and refused with what is wrong with it otherwise, when it is said and not when a file is made."""

import base64
import struct
import zlib

import pytest

from octavo.errors import UsageError
from octavo.pipeline import branding


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(across: int, down: int, *, head: bytes | None = None, rows: bytes | None = None) -> bytes:
    """A PNG of one colour, by the specification: a filter byte and three samples a pixel in each row."""
    rows = b"".join(b"\0" + b"\x0f\x5c\x5c" * across for _ in range(down)) if rows is None else rows
    head = head or struct.pack(">IIBBBBB", across, down, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def data_url(picture: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(picture).decode()


WHOLE = png(40, 10)


def test_a_png_is_taken_and_scaled_into_its_place() -> None:
    assert branding.checked({"logo": data_url(WHOLE)}) == {"logo": data_url(WHOLE)}
    assert branding.checked({"logo": ""}) == {"logo": ""}
    wide, high = branding.logo({"logo": data_url(WHOLE)}), branding.logo({"logo": data_url(png(10, 40))})
    assert wide is not None and high is not None
    assert (wide.width, wide.height) == (50, 12.5)  # as wide as it may be: 50 mm
    assert (high.width, high.height) == (3.5, 14)  # as high as it may be: 14 mm
    assert branding.logo({}) is None and branding.logo({"logo": "nothing"}) is None


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("https://example.com/logo.png", "a logo is a PNG, written as"),
        ("data:image/svg+xml;base64,PHN2Zy8+", "a logo is a PNG, written as"),
        ("data:image/png;base64,%%%", "no Base64|not Base64"),
        (data_url(b"GIF89a"), "no PNG"),
        (data_url(WHOLE[:-1]), "no whole PNG"),
        (data_url(WHOLE[:-12]), "no whole PNG"),
        (data_url(WHOLE[:50] + b"x" + WHOLE[51:]), "no whole PNG"),
        (data_url(png(40, 10, rows=b"\0" * 100)), "no whole PNG"),
        (data_url(png(40, 10, rows=b"\5" + b"\0" * (121 * 10 - 1))), "no whole PNG"),
        (data_url(png(1, 1, head=struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0))), "100,000 × 100,000 pixels"),
        (data_url(png(1, 1, head=struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 1))), "interlaced"),
        (data_url(png(1, 1, head=struct.pack(">IIBBBBB", 1, 1, 8, 3, 0, 0, 0), rows=b"\0\0")), "no palette"),
        (data_url(WHOLE + b"\0" * 70_000), "bytes, and a logo may have 65,536"),
    ],
)
def test_what_could_not_be_drawn_is_refused_with_what_is_wrong(said: str, why: str) -> None:
    with pytest.raises(UsageError, match=f"cannot have this logo.*({why})"):
        branding.checked({"logo": said})


def test_what_is_recorded_of_a_logo_is_its_digest() -> None:
    told = branding.told({"logo": data_url(WHOLE), "footer": "x"})
    assert told["footer"] == "x" and told["logo"].startswith("SHA-256 ") and len(told["logo"]) == 72
