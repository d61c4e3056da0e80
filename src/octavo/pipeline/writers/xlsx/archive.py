"""A zip file, written front to back, whose entries are deflated as they come. The same content gives the same bytes.

The standard library would deflate with zlib, which takes longer than Postgres needs to make the rows.
"""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO

from zlib_ng import zlib_ng

_LEVEL = 2
_DEFLATED = 8
_FIRST_OF_1980 = 0x0021  # the date of every entry: a file tells when it was made in its properties
_MOST = 0xFFFFFFFF  # what the classic fields of 32 bits hold; from there on the figure stands in a field of zip64
_ELSEWHERE = 0xFFFFFFFF

# An entry's size is known only when it has been written, so its header keeps room for the sizes of zip64. Until they are needed
# the room is the padding that the packaging convention (ISO/IEC 29500-2) itself defines: "growth hint", signature 0xA028.
_ROOM = struct.pack("<HHHH12x", 0xA220, 16, 0xA028, 12)
_ZIP64 = 0x0001


@dataclass
class Entry:
    """One file in the archive while it is being written."""

    name: bytes
    offset: int
    file: BinaryIO
    deflate: "zlib_ng._Compress" = field(default_factory=lambda: zlib_ng.compressobj(_LEVEL, zlib_ng.DEFLATED, -15, 9))
    crc: int = 0
    size: int = 0
    compressed: int = 0

    def write(self, data: bytes | bytearray) -> None:
        self.crc = zlib_ng.crc32(data, self.crc)
        self.size += len(data)
        self._put(self.deflate.compress(data))

    def finish(self) -> None:
        """Writes what is left, then goes back and completes the header."""
        self._put(self.deflate.flush())
        self.file.seek(self.offset)
        self.file.write(self.local_header())
        self.file.seek(0, 2)

    def _put(self, deflated: bytes) -> None:
        self.file.write(deflated)
        self.compressed += len(deflated)

    @property
    def is_long(self) -> bool:
        return max(self.size, self.compressed) >= _MOST

    def local_header(self) -> bytes:
        room = struct.pack("<HHQQ", _ZIP64, 16, self.size, self.compressed) if self.is_long else _ROOM
        return b"PK\x03\x04" + self._shared_fields() + struct.pack("<HH", len(self.name), len(room)) + self.name + room

    def directory_header(self, start: int) -> bytes:
        """The entry in the directory at the end; `start` is where the archive begins in its file."""
        offset = self.offset - start
        sizes = struct.pack("<QQ", self.size, self.compressed) if self.is_long else b""
        places = struct.pack("<Q", offset) if offset >= _MOST else b""
        extra = struct.pack("<HH", _ZIP64, len(sizes + places)) + sizes + places if sizes or places else b""
        lengths = struct.pack("<HHHHHLL", len(self.name), len(extra), 0, 0, 0, 0, _ELSEWHERE if places else offset)
        return b"PK\x01\x02" + struct.pack("<H", 45) + self._shared_fields() + lengths + self.name + extra

    def _shared_fields(self) -> bytes:
        sizes = (_ELSEWHERE, _ELSEWHERE) if self.is_long else (self.compressed, self.size)
        return struct.pack("<HHHHHLLL", 45 if self.is_long else 20, 0, _DEFLATED, 0, _FIRST_OF_1980, self.crc, *sizes)


class Archive:
    """The zip file in `file`, from where it stands."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._start = file.tell()
        self._entries: list[Entry] = []

    @contextmanager
    def entry(self, name: str) -> Iterator[Entry]:
        """One entry, to be written in pieces."""
        entry = Entry(name.encode("ascii"), self._file.tell(), self._file)
        self._file.write(entry.local_header())
        yield entry
        entry.finish()
        self._entries.append(entry)

    def add(self, name: str, data: bytes) -> None:
        with self.entry(name) as entry:
            entry.write(data)

    def close(self) -> None:
        """Writes the directory. An archive without it cannot be read."""
        start = self._file.tell() - self._start
        directory = b"".join(entry.directory_header(self._start) for entry in self._entries)
        self._file.write(directory)
        count = len(self._entries)
        if start >= _MOST:
            end = start + len(directory)
            self._file.write(b"PK\x06\x06" + struct.pack("<QHHLLQQQQ", 44, 45, 45, 0, 0, count, count, len(directory), start))
            self._file.write(b"PK\x06\x07" + struct.pack("<LQL", 0, end, 1))
        self._file.write(
            b"PK\x05\x06" + struct.pack("<HHHHLLH", 0, 0, count, count, len(directory), _ELSEWHERE if start >= _MOST else start, 0)
        )
