"""A bucket on S3, GCS or Azure, through obstore: the parts of an upload become one object when all have arrived.

Its address and credentials beside the URL come from the environment (AWS_*, GOOGLE_*, AZURE_*). No call lasts for ever: a request
ends after OCTAVO_STORE_TIMEOUT_SECONDS and is repeated a few times at most, because the run itself is tried again with longer pauses.
"""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from octavo.errors import StorageError
from octavo.pipeline.naming import Served
from octavo.pipeline.scratch import Scratch, leads_inside, removed, told
from octavo.settings import settings

_PIECE = 8 << 20
_MOST_RETRIES = 3
_SIGNED = ("s3", "s3a", "gs", "az", "azure", "abfs", "abfss", "adl")


@dataclass(frozen=True)
class Bucket:
    """An object store by URL (s3://, gs://, az://, ...)."""

    url: str

    @contextmanager
    def scratch(self, run_id: str) -> Iterator[Scratch]:
        self._objects()  # a URL that names no store is found before anything is made
        with ExitStack() as stack:
            with told("The folder for temporary files cannot be written"):
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=f"octavo-{run_id}-")))
                scratch = Scratch(folder / run_id)
            yield stack.enter_context(removed(scratch))

    def check(self, key: str) -> None:
        if not leads_inside(key):
            raise StorageError(f"{key!r} is no name for an object in {self.url}")

    def turn(self, key: str) -> AbstractContextManager[None]:
        """Buckets know no locks: of two who publish under one key at once, the last wins."""
        return nullcontext()

    def get(self, key: str) -> bytes | None:
        import obstore
        from obstore.exceptions import PermissionDeniedError

        self.check(key)
        with self._told(f"{key} cannot be read from {self.url}"):
            try:
                return bytes(obstore.get(self._objects(), key).bytes())
            except (FileNotFoundError, PermissionDeniedError):  # who may not list a bucket is forbidden also what is not there
                return None

    def pieces(self, key: str) -> Iterator[bytes]:
        """Each is a request of its own, so that a large file needs neither memory nor one long answer."""
        import obstore

        self.check(key)
        objects = self._objects()
        with self._told(f"{key} cannot be read from {self.url}"):
            size = obstore.head(objects, key)["size"]
            for start in range(0, size, _PIECE):
                yield bytes(obstore.get_range(objects, key, start=start, end=min(start + _PIECE, size)))

    def put(self, scratch: Scratch, key: str, served: Served | None = None) -> str:
        self.check(key)
        with self._told(f"{self.url} did not take {key}"):
            scratch.settle()
            self._put(key, scratch.path, _attributes(served))
        return self.url + ("" if self.url.endswith("/") else "/") + key

    def link(self, key: str, seconds: int) -> str | None:
        """The name and the kind of the file were given to the bucket when it was put; the signature lets nobody change them."""
        import obstore

        self.check(key)
        if self.url.partition("://")[0] not in _SIGNED:
            raise StorageError(f"{self.url} signs no links; keep the files of runs in a folder, or at an s3://, gs:// or az:// URL")
        with self._told(f"{self.url} gives no link"):
            return str(obstore.sign(self._objects(), "GET", key, timedelta(seconds=seconds)))

    def copy(self, key: str, to: str, run_id: str, served: Served | None = None, storage_class: str | None = None) -> str | None:
        """Read in pieces, each a request of its own, so that a large file needs neither memory nor one long answer."""
        import obstore

        self.check(key)
        self.check(to)
        objects = self._objects()
        with self._told(f"{key} cannot be copied in {self.url}"), self.scratch(run_id) as scratch:
            try:
                size = obstore.head(objects, key)["size"]
            except FileNotFoundError:
                return None
            for start in range(0, size, _PIECE):
                scratch.write(obstore.get_range(objects, key, start=start, end=min(start + _PIECE, size)))
            digest = scratch.digest()
            self._put(to, scratch.path, _attributes(served) | ({"Storage-Class": storage_class} if storage_class else {}))
        return digest

    def _put(self, key: str, file: Path, attributes: dict[str, str]) -> None:
        """Whatever stops it, no part of an upload is left to be paid for, as far as the bucket can be reached."""
        import obstore

        try:
            obstore.put(self._objects(), key, file, attributes=attributes)
        except BaseException:
            with suppress(StorageError):  # what stopped the upload is what is told; the collector looks again
                self._abandon(key)
            raise

    def remove(self, key: str) -> None:
        import obstore

        self.check(key)
        with self._told(f"{key} cannot be removed from {self.url}"), suppress(FileNotFoundError):
            obstore.delete(self._objects(), key)

    def keys(self, folder: str) -> Iterator[tuple[str, datetime]]:
        import obstore

        with self._told(f"{self.url} cannot be listed"):
            for listed in obstore.list(self._objects(), prefix=folder.rstrip("/")):
                for found in listed:
                    yield found["path"], found["last_modified"]

    def abandon_uploads(self, folder: str, before: datetime) -> list[str]:
        return self._abandon(folder, before)

    def _abandon(self, prefix: str, before: datetime | None = None) -> list[str]:
        if not self.url.startswith(("s3://", "s3a://")):
            return []  # GCS and Azure throw unfinished uploads away by themselves after a week
        from octavo.pipeline import uploads  # only who looks for them pays for its imports

        with self._told(f"The unfinished uploads of {self.url} cannot be ended"):
            return uploads.abandon(self._objects(), prefix, before, settings().store_timeout_seconds)

    def scratches(self) -> list[str]:
        """None: they lie among the temporary files of the machine that makes them, and belong to that process alone."""
        return []

    def discard_scratch(self, run_id: str) -> None:
        """Nothing: see `scratches`. A worker takes away the temporary files of each of its processes."""

    def _objects(self) -> Any:
        from obstore.exceptions import BaseError
        from obstore.store import from_url

        if self.url.startswith("memory:"):
            raise StorageError(f"{self.url} names no store: what is only in memory is gone when the command ends")
        limit = timedelta(seconds=settings().store_timeout_seconds)
        try:
            options: Any = {**_client_options(self.url), "timeout": limit, "connect_timeout": min(limit, timedelta(seconds=5))}
            return from_url(self.url, client_options=options, retry_config={"max_retries": _MOST_RETRIES, "retry_timeout": limit})
        except (BaseError, OSError, ValueError) as error:
            raise StorageError(f"{self.url} names no store: {_first_line(error)}") from error

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        from obstore.exceptions import BaseError

        try:
            yield
        except (BaseError, OSError) as error:
            raise StorageError(f"{what}: {_why(error)}") from error


def _attributes(served: Served | None) -> dict[str, str]:
    return {"Content-Type": served.media_type, "Content-Disposition": served.disposition} if served else {}


def _client_options(url: str) -> dict[str, object]:
    """What the environment says about the way to the cloud; obstore reads none of it once it is told a time limit."""
    cloud = {"gs": "GOOGLE", "s3": "AWS", "s3a": "AWS"}.get(url.partition("://")[0], "AZURE")
    found: dict[str, object] = {}
    for name in ("allow_http", "allow_invalid_certificates", "proxy_url", "proxy_ca_certificate", "proxy_excludes"):
        if value := os.environ.get(f"{cloud}_{name.upper()}"):
            found[name] = value.lower() in ("1", "true", "on", "yes") if name.startswith("allow") else value
    return found


_REFUSED = re.compile(r"status code: 40[13]|ExpiredToken|InvalidAccessKeyId|SignatureDoesNotMatch|AccessDenied|InvalidToken")
_ANSWER = re.compile(r"status code: (\d{3})")


def _why(error: Exception) -> str:
    """What went wrong, in words for people: addresses and answers of the bucket are for the log."""
    from obstore.exceptions import PermissionDeniedError, UnauthenticatedError

    text = str(error).partition("Debug source")[0]
    if isinstance(error, PermissionDeniedError | UnauthenticatedError) or _REFUSED.search(text):
        return "its credentials are refused, or have expired; renew them, or let them read, write, list and delete there"
    if found := _ANSWER.search(text):
        return f"the bucket answers {found[1]}"
    if "error sending request" in text or "timed out" in text or "error decoding response body" in text:
        return "the bucket does not answer, or was cut off"
    return _first_line(error)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
