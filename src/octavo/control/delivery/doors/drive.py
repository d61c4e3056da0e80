"""A folder on WebDAV, Google Drive, Dropbox or OneDrive, through OpenDAL, which comes with the extra octavo[places]."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import ClassVar

from octavo.control.delivery.door import Kind, Refusing, Shut, Where

MOST_BYTES = 256 * 1024 * 1024
"""These take a file in one piece, so it is held in memory."""

_TOKENS = ("access_token", "refresh_token", "client_secret")


class DriveDoor:
    """A file is put under its temporary name, and moved."""

    kind: ClassVar[Mapping[str, Kind]] = {
        "webdavs": Kind("A folder on WebDAV", "webdavs://user@host/folder", secrets=("password", "token"), needed=("password|token",)),
        "webdav": Kind("A folder on WebDAV, not encrypted", "webdav://user@host/folder", secrets=("password", "token"), needed=("password|token",)),
        "gdrive": Kind("Google Drive", "gdrive:///folder", host=False, options=("client_id",), secrets=_TOKENS, needed=("access_token|refresh_token",)),
        "dropbox": Kind("Dropbox", "dropbox:///folder", host=False, options=("client_id",), secrets=_TOKENS, needed=("access_token|refresh_token",)),
        "onedrive": Kind("OneDrive", "onedrive:///folder", host=False, options=("client_id",), secrets=_TOKENS, needed=("access_token|refresh_token",)),
    }  # fmt: skip

    def __init__(self, where: Where) -> None:
        try:
            import opendal
        except ImportError as error:
            raise Shut("This server lacks what opens such places; whoever runs it installs octavo[places]") from error
        given: dict[str, str] = {"root": f"/{where.folder}"}
        if where.scheme.startswith("webdav"):
            protected = where.scheme == "webdavs"
            usual = 443 if protected else 80
            where.require_protected(where.addresses(usual), protected)
            host = f"[{where.host}]" if ":" in where.host else where.host
            given["endpoint"] = f"{'https' if protected else 'http'}://{host}:{where.port or usual}"
            given |= {"username": where.user} if where.user else {}
        named = {"client_id": where.options.get("client_id"), **where.secrets}
        given |= {name: value for name, value in named.items() if value}
        scheme = "webdav" if where.scheme == "webdavs" else where.scheme
        try:
            # Not again by itself: the delivery is, after a longer pause.
            self._operator = opendal.Operator(scheme, **given).layer(
                opendal.layers.TimeoutLayer(timeout=where.seconds, io_timeout=where.seconds)
            )
        except _raised() as error:
            raise Refusing("The place cannot be opened with what is said of it; look over its url, options and secrets") from error

    def size(self, path: str) -> int | None:
        import opendal

        with _told():
            try:
                return int(self._operator.stat(path).content_length)
            except opendal.exceptions.NotFound:
                return None

    def read(self, path: str, most: int) -> bytes | None:
        import opendal

        with _told():
            try:
                return bytes(self._operator.read(path))[:most]
            except opendal.exceptions.NotFound:
                return None

    def write(self, path: str, temporary: str, pieces: Iterator[bytes], size: int) -> None:
        if size > MOST_BYTES:
            raise Refusing(f"The file has {size:,} bytes, and such a place takes {MOST_BYTES:,} at most; take a bucket or SFTP")
        folder = path.rpartition("/")[0]
        with _told():
            if folder:
                self._operator.create_dir(f"{folder}/")
            try:
                self._operator.write(temporary, b"".join(pieces))
                self._operator.rename(temporary, path)
            except BaseException:
                with suppress(Exception):  # what stopped it is told; the temporary file says by its name what it is
                    self._operator.delete(temporary)
                raise

    def remove(self, path: str) -> None:
        with _told():
            self._operator.delete(path)

    def close(self) -> None:
        """Nothing is kept open."""


def _raised() -> tuple[type[Exception], ...]:
    """What OpenDAL raises: its exceptions have no base of their own."""
    import opendal

    return tuple(one for one in vars(opendal.exceptions).values() if isinstance(one, type) and issubclass(one, Exception))


@contextmanager
def _told() -> Iterator[None]:
    import opendal

    try:
        yield
    except _raised() as error:
        if isinstance(error, opendal.exceptions.PermissionDenied) or "status: 401" in str(error):
            raise Shut("The place refuses the secrets, or does not let them write there") from None  # its text may hold them
        raise Shut("The place cannot be reached, or gave up in the middle") from None
