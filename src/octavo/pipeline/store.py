"""Where artefacts are kept: a local folder, or a bucket on S3, GCS or Azure by URL. Putting is atomic.

A file is written as scratch first, on the same file system as its destination where that is a folder. It is seen under its name
only when it is whole and on disk; whatever happens before, the scratch file is removed.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from octavo.errors import StorageError
from octavo.pipeline.bucket import Bucket
from octavo.pipeline.naming import Served
from octavo.pipeline.scratch import PREFIX, Scratch, leads_inside, removed, told

__all__ = ["Bucket", "Folder", "Scratch", "Served", "Store", "open_store"]

_PIECE = 1 << 20


class Store(Protocol):
    """The contract of a store; tests/conformance holds each one to it."""

    def scratch(self, run_id: str) -> Any:
        """A context manager that gives a Scratch, and removes it at the end unless it was put. Raises StorageError."""

    def check(self, key: str) -> None:
        """Raises StorageError when `key` can be no file of this store."""

    def turn(self, key: str) -> AbstractContextManager[None]:
        """While it is held, whoever else publishes under `key` waits, where the store can do that."""

    def get(self, key: str) -> bytes | None:
        """What lies under `key`; None where nothing does, or nothing that may be read. Raises StorageError."""

    def pieces(self, key: str) -> Iterator[bytes]:
        """What lies under `key`, a piece after the other. Raises StorageError, also where nothing does."""

    def put(self, scratch: Scratch, key: str, served: Served | None = None) -> str:
        """Publishes the file under `key`, whole or not at all, over one that is there; gives where it lies. Raises StorageError.

        `served` is how a store that serves its own files names this one.
        """

    def link(self, key: str, seconds: int) -> str | None:
        """An address under which anybody gets the file for so many seconds; None where the store has none to give. Raises StorageError."""

    def copy(self, key: str, to: str, run_id: str, served: Served | None = None, storage_class: str | None = None) -> str | None:
        """Puts what lies under `key` also under `to`, whole or not at all; gives the SHA-256 of what was read. Raises StorageError.

        None, and nothing is put, where nothing lies under `key`. `run_id` names its scratch; `storage_class` is how a bucket is to keep the copy.
        """

    def remove(self, key: str) -> None:
        """Takes away what was put under `key`, if it is there. Raises StorageError."""

    def keys(self, folder: str) -> Iterator[tuple[str, datetime]]:
        """Every key below `folder` ("a/b/"), with when it was put. Raises StorageError."""

    def abandon_uploads(self, folder: str, before: datetime) -> list[str]:
        """Ends the uploads below `folder` that were begun before that and never finished; gives their keys. Raises StorageError."""

    def scratches(self) -> list[str]:
        """What `scratch` was called with for every scratch file there is, where others than its maker can see it. Raises StorageError."""

    def discard_scratch(self, run_id: str) -> None:
        """Takes away the scratch files of a run whose process was killed; `run_id` is what `scratch` was called with, or its begin before "-"."""


@dataclass(frozen=True)
class Folder:
    """A local folder. A key is a path in it."""

    path: Path

    @contextmanager
    def scratch(self, run_id: str) -> Iterator[Scratch]:
        with told(f"The folder {self.path} cannot be written"):
            self.path.mkdir(parents=True, exist_ok=True)
            scratch = Scratch(self.path / f"{PREFIX}{run_id}.part")
        with removed(scratch):
            yield scratch

    def check(self, key: str) -> None:
        self._target(key)

    @contextmanager
    def turn(self, key: str) -> Iterator[None]:
        with told(f"{key} cannot be written"):
            folder = self._target(key).parent
            folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(folder, os.O_RDONLY)
        try:
            with suppress(OSError):  # some network file systems lock no folders; there the last to publish wins
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def get(self, key: str) -> bytes | None:
        with told(f"{key} cannot be read"):
            try:
                return self._target(key).read_bytes()
            except FileNotFoundError:
                return None

    def pieces(self, key: str) -> Iterator[bytes]:
        with told(f"{key} cannot be read"), self._target(key).open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece

    def put(self, scratch: Scratch, key: str, served: Served | None = None) -> str:
        target = self._target(key)
        with told(f"{target} cannot be written"):
            target.parent.mkdir(parents=True, exist_ok=True)
            scratch.settle()
            scratch.path.replace(target)
            folder = os.open(target.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        return str(self.path / key)

    def link(self, key: str, seconds: int) -> str | None:
        """Octavo serves the files of a folder itself: see web/files.py."""
        return None

    def copy(self, key: str, to: str, run_id: str, served: Served | None = None, storage_class: str | None = None) -> str | None:
        if not self._target(key).is_file():
            return None
        self.discard_scratch(run_id)
        with told(f"{key} cannot be copied"), self._target(key).open("rb") as source, self.scratch(run_id) as scratch:
            while piece := source.read(_PIECE):
                scratch.write(piece)
            digest = scratch.digest()
            self.put(scratch, to)
        return digest

    def remove(self, key: str) -> None:
        with told(f"{key} cannot be removed"):
            self._target(key).unlink(missing_ok=True)

    def keys(self, folder: str) -> Iterator[tuple[str, datetime]]:
        with told(f"The folder {self.path} cannot be read"):
            for path in (self.path / folder).rglob("*"):
                with suppress(FileNotFoundError):  # removed meanwhile
                    if path.is_file() and not path.name.startswith(PREFIX):
                        yield path.relative_to(self.path).as_posix(), datetime.fromtimestamp(path.stat().st_mtime, UTC)

    def abandon_uploads(self, folder: str, before: datetime) -> list[str]:
        """A folder takes no uploads."""
        return []

    def scratches(self) -> list[str]:
        with told(f"The folder {self.path} cannot be read"):
            return [path.name.removeprefix(PREFIX).removesuffix(".part") for path in self.path.glob(f"{PREFIX}*.part")]

    def discard_scratch(self, run_id: str) -> None:
        with told(f"The folder {self.path} cannot be written"):
            for pattern in (f"{PREFIX}{run_id}.part", f"{PREFIX}{run_id}-*.part"):
                for path in self.path.glob(pattern):
                    path.unlink(missing_ok=True)

    def _target(self, key: str) -> Path:
        with told(f"{key!r} is no file name inside {self.path}"):
            target = (self.path / key).resolve()
            if not leads_inside(key) or not target.is_relative_to(self.path.resolve()) or target.is_dir():
                raise StorageError(f"{key!r} is no file name inside {self.path}")
            if target.exists() and not target.is_file():  # a rename would put a file in the place of /dev/null, or of a pipe
                raise StorageError(f"{self.path / key} is a device or a pipe, and Octavo publishes files; name a file")
            return target


def open_store(place: str) -> Store:
    """The store that a folder's path or a URL names. Raises StorageError for a file:// URL that is no path of this machine."""
    if place.startswith("file://"):
        url = urlsplit(place)
        if url.netloc not in ("", "localhost"):
            raise StorageError(f"{place} names no store; a folder of this machine is file:///path")
        return Folder(Path(unquote(url.path)))
    return Bucket(place) if "://" in place else Folder(Path(place))
