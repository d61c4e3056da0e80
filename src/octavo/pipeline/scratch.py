"""A file while it is written: hashed in passing, seen by nobody under its name, and gone when it was not put into a store."""

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import Any

from octavo.errors import StorageError

PREFIX = ".octavo-"
"""How the names of scratch files in a folder begin."""


class Scratch(FileIO):
    """A new file to write into, which hashes what is written in passing. `digest` reads it again only if it was not in order."""

    def __init__(self, path: Path) -> None:
        super().__init__(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644), "r+")
        self.path = path
        self._hash = hashlib.sha256()
        self._hashed = 0
        self._in_order = True

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        self._in_order = self._in_order and self.tell() == self._hashed
        done = 0
        while done < len(view):
            done += super().write(view[done:])
        if self._in_order:
            self._hash.update(view)
            self._hashed += len(view)
        return len(view)

    def digest(self) -> str:
        """The SHA-256 of the whole file, in hexadecimal."""
        if self._in_order and self._hashed == self.size():
            return self._hash.hexdigest()
        self.seek(0)
        return hashlib.file_digest(self, "sha256").hexdigest()

    def settle(self) -> None:
        """Puts what was written on disk. Raises OSError when it does not fit."""
        os.fsync(self.fileno())

    def size(self) -> int:
        return os.fstat(self.fileno()).st_size


@contextmanager
def removed(scratch: Scratch) -> Iterator[Scratch]:
    """Closes and removes a scratch file at the end, whatever happened. Raises StorageError for an OSError."""
    try:
        yield scratch
    except OSError as error:
        raise StorageError(_full_or(error, "The file could not be written; nothing was made")) from error
    finally:
        with suppress(OSError):  # a disk that is full at close: the error that matters was raised by fsync
            scratch.close()
        scratch.path.unlink(missing_ok=True)


@contextmanager
def told(what: str) -> Iterator[None]:
    """Has an OSError say what could not be done. Raises StorageError."""
    try:
        yield
    except OSError as error:
        raise StorageError(_full_or(error, what)) from error


def _full_or(error: OSError, what: str) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "The disk is full, or the file is larger than allowed; nothing was made. Free some space and run it again"
    return f"{what}: {error.strerror or error}"


def leads_inside(key: str) -> bool:
    """Whether a key stays below the root of a store."""
    return not {"", ".", ".."} & set(key.split("/"))
