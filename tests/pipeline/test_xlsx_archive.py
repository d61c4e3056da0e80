"""The zip file of a workbook: any reader opens it, however long its entries are, and the same content gives the same bytes."""

import io
import random
import zipfile

import pytest

from octavo.pipeline.writers.xlsx import archive

CONTENTS = {"a.xml": b"", "folder/b.xml": b"<row/>" * 50_000, "c.bin": random.Random(1).randbytes(70_000)}


def written() -> bytes:
    file = io.BytesIO()
    made = archive.Archive(file)
    for name, content in CONTENTS.items():
        with made.entry(name) as entry:
            for start in range(0, len(content), 7_001):
                entry.write(content[start : start + 7_001])
    made.close()
    return file.getvalue()


def read(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert opened.testzip() is None
        return {name: opened.read(name) for name in opened.namelist()}


def test_what_was_written_is_read_back() -> None:
    assert read(written()) == CONTENTS


@pytest.mark.parametrize("most", [0, 60, 100, 600, 65_000, 300_001])
def test_sizes_and_places_beyond_32_bits_are_kept_in_64(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    # The limit is lowered, so that each of size, compressed size, place of an entry and place of the directory passes it in turn.
    monkeypatch.setattr(archive, "_MOST", most)
    data = written()
    assert read(data) == CONTENTS
    assert (b"\x01\x00\x10\x00" in data) == (most <= 300_000)  # the header of a zip64 field of two sizes


def test_the_same_content_gives_the_same_bytes() -> None:
    assert written() == written()
