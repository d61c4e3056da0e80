"""A folder on an FTP server. Python's own client, because it renames: nobody sees half a file. The connection is made to the address that was checked."""

import ftplib
import io
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, ClassVar

from octavo.control.delivery.door import Kind, Refusing, Shut, Where

_PORT = 21


class FtpDoor:
    """A file is put under its temporary name, and renamed."""

    kind: ClassVar[Mapping[str, Kind]] = {
        "ftps": Kind("A folder on FTP, encrypted by TLS", "ftps://user@host/folder", secrets=("password",), needed=("password",)),
        "ftp": Kind("A folder on FTP, not encrypted", "ftp://user@host/folder", secrets=("password",), needed=("password",)),
    }

    def __init__(self, where: Where) -> None:
        protected = where.scheme == "ftps"
        found = where.require_protected(where.addresses(_PORT), protected)
        context = ssl.create_default_context()
        self._ftp: ftplib.FTP = _Named(where.host, context, where.seconds) if protected else ftplib.FTP(timeout=where.seconds)
        self._folder = f"/{where.folder}" if where.folder else ""
        try:
            with _told():
                self._ftp.connect(str(found[0].address), where.port or _PORT)
                self._ftp.login(where.user or "anonymous", where.secrets["password"])
                if isinstance(self._ftp, ftplib.FTP_TLS):
                    self._ftp.prot_p()
                self._ftp.voidcmd("TYPE I")
        except BaseException:
            self._ftp.close()
            raise

    def size(self, path: str) -> int | None:
        with _told():
            try:
                return self._ftp.size(self._path(path))
            except ftplib.error_perm as error:
                if str(error).startswith("550"):
                    return None
                raise

    def read(self, path: str, most: int) -> bytes | None:
        if self.size(path) is None:
            return None
        held = io.BytesIO()
        with _told():
            self._ftp.retrbinary(f"RETR {self._path(path)}", held.write)
        return held.getvalue()[:most]

    def write(self, path: str, temporary: str, pieces: Iterator[bytes], size: int) -> None:
        with _told():
            self._make_folders(path)
            try:
                self._ftp.storbinary(f"STOR {self._path(temporary)}", _Pieces(pieces))
                self._ftp.rename(self._path(temporary), self._path(path))
            except BaseException:
                with suppress(*ftplib.all_errors):  # what stopped it is told; the temporary file says by its name what it is
                    self._ftp.delete(self._path(temporary))
                raise

    def remove(self, path: str) -> None:
        if self.size(path) is not None:
            with _told():
                self._ftp.delete(self._path(path))

    def close(self) -> None:
        with suppress(*ftplib.all_errors):
            self._ftp.quit()
        self._ftp.close()

    def _path(self, path: str) -> str:
        return f"{self._folder}/{path}" if self._folder else path

    def _make_folders(self, path: str) -> None:
        made = ""
        for part in self._path(path).strip("/").split("/")[:-1]:
            made += f"/{part}" if self._folder or made else part
            with suppress(ftplib.error_perm):  # it is there already, or the file will not go there either
                self._ftp.mkd(made)


class _Named(ftplib.FTP_TLS):
    """Connects to the address that was checked, and has the certificate be that of the name."""

    def __init__(self, name: str, context: ssl.SSLContext, seconds: float) -> None:
        super().__init__(context=context, timeout=seconds)
        self._name = name

    def auth(self) -> str:
        said = self.voidcmd("AUTH TLS")
        self.sock = self.context.wrap_socket(_plain(self.sock), server_hostname=self._name)
        self.file = self.sock.makefile(mode="r", encoding=self.encoding)
        return said

    def ntransfercmd(self, cmd: str, rest: Any = None) -> Any:
        connection, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        protected = getattr(self, "_prot_p", False)
        session = (
            self.sock.session if isinstance(self.sock, ssl.SSLSocket) else None
        )  # many servers want the session of the first connection
        return (self.context.wrap_socket(connection, server_hostname=self._name, session=session) if protected else connection), size


def _plain(connection: socket.socket | None) -> socket.socket:
    if connection is None:
        raise Shut("The FTP server ended the connection")
    return connection


class _Pieces(io.RawIOBase):
    """An iterator of bytes as a file that ftplib reads."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._left = pieces, b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if not self._left:
            self._left = next(self._pieces, b"")
        piece, self._left = (self._left, b"") if size < 0 else (self._left[:size], self._left[size:])
        return piece


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except ssl.SSLError as error:
        raise Shut("No protected connection to the FTP server can be made: its certificate does not hold, or it offers no TLS") from error
    except ftplib.error_perm as error:
        code = str(error)[:3]
        if code == "530":
            raise Shut("The FTP server refuses the name and password") from error
        if code in ("552", "553"):
            raise Refusing(f"The FTP server does not take it (it answered {code})") from error
        raise Shut(f"The FTP server refuses (it answered {code})") from error
    except ftplib.all_errors as error:
        raise Shut("The FTP server cannot be reached, or ended the connection") from error
