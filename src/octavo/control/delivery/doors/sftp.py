"""A folder on a server by SFTP, through paramiko, which comes with the extra octavo[places]. The server shows the host key that the place names, or nothing is said to it."""

import base64
import hashlib
import io
import posixpath
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, ClassVar

from octavo.control.delivery.door import Kind, Refusing, Shut, Where

_PORT = 22


class SftpDoor:
    """A file is put under its temporary name, and renamed."""

    kind: ClassVar[Mapping[str, Kind]] = {
        "sftp": Kind("A folder on a server, by SFTP", "sftp://user@host/folder", options=("host_key",),
                     secrets=("password", "private_key", "passphrase"), needed=("password|private_key",)),
    }  # fmt: skip

    def __init__(self, where: Where) -> None:
        try:
            import paramiko
        except ImportError as error:
            raise Shut("This server lacks what opens such places; whoever runs it installs octavo[places]") from error
        self._folder = where.folder
        self._transport: Any = None
        found = where.addresses(_PORT)
        with _told():
            plain = socket.create_connection((str(found[0].address), where.port or _PORT), timeout=where.seconds)
            plain.settimeout(where.seconds)
            self._transport = paramiko.Transport(plain)
            try:
                self._transport.banner_timeout = self._transport.handshake_timeout = self._transport.auth_timeout = where.seconds
                self._transport.start_client(timeout=where.seconds)
                _require_host_key(self._transport.get_remote_server_key().asbytes(), where.options.get("host_key", ""))
                if where.secrets.get("private_key"):
                    self._transport.auth_publickey(where.user, _key(where))
                else:
                    self._transport.auth_password(where.user, where.secrets["password"])
                files: Any = paramiko.SFTPClient.from_transport(self._transport)
                self._files = files
                self._files.get_channel().settimeout(where.seconds)
            except BaseException:
                self._transport.close()
                raise

    def size(self, path: str) -> int | None:
        with _told():
            try:
                return int(self._files.stat(self._path(path)).st_size)
            except FileNotFoundError:
                return None

    def read(self, path: str, most: int) -> bytes | None:
        with _told():
            try:
                with self._files.open(self._path(path), "rb") as file:
                    return bytes(file.read(most))
            except FileNotFoundError:
                return None

    def write(self, path: str, temporary: str, pieces: Iterator[bytes], size: int) -> None:
        with _told():
            self._make_folders(path)
            try:
                with self._files.open(self._path(temporary), "wb") as file:
                    file.set_pipelined(True)
                    for piece in pieces:
                        file.write(piece)
                if int(self._files.stat(self._path(temporary)).st_size) != size:
                    raise Shut("Not all of the file arrived")
                self._files.rename(self._path(temporary), self._path(path))  # which refuses a name that is taken
            except BaseException:
                with suppress(OSError, EOFError):  # what stopped it is told; the temporary file says by its name what it is
                    self._files.remove(self._path(temporary))
                raise

    def remove(self, path: str) -> None:
        with _told(), suppress(FileNotFoundError):
            self._files.remove(self._path(path))

    def close(self) -> None:
        self._transport.close()

    def _path(self, path: str) -> str:
        return posixpath.join(f"/{self._folder}", path) if self._folder else path

    def _make_folders(self, path: str) -> None:
        made = "/" if self._folder else ""
        for part in self._path(path).strip("/").split("/")[:-1]:
            made = posixpath.join(made, part)
            with suppress(OSError):  # it is there already, or the file will not go there either
                self._files.mkdir(made)


def fingerprint(key: bytes) -> str:
    """A host key as ssh-keygen -l shows it: SHA256:..."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


def _require_host_key(shown: bytes, wanted: str) -> None:
    if fingerprint(shown) != wanted.strip().rstrip("="):
        raise Refusing(
            f"The server shows the host key {fingerprint(shown)}, and the place names {wanted or 'none'}; nothing was said to it. If that is the right "
            "server, put this into the option host_key"
        )


def _key(where: Where) -> Any:
    import paramiko

    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        with suppress(paramiko.SSHException, ValueError):
            return kind.from_private_key(io.StringIO(where.secrets["private_key"]), where.secrets.get("passphrase"))
    raise Refusing("The private key of the place cannot be read; give it as OpenSSH writes it, with its passphrase if it has one")


@contextmanager
def _told() -> Iterator[None]:
    import paramiko

    try:
        yield
    except paramiko.AuthenticationException as error:
        raise Shut("The SFTP server refuses the name, and the password or key") from error
    except PermissionError as error:
        raise Shut("The SFTP server does not let it be written there") from error
    except (paramiko.SSHException, OSError, EOFError) as error:
        raise Shut("The SFTP server cannot be reached, or ended the connection") from error
