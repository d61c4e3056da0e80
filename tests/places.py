"""Real servers to put files into: WebDAV (PyPI wsgidav), FTP with TLS (PyPI pyftpdlib), SFTP (Debian's openssh-server)."""

import os
import pwd
import shutil
import socket
import ssl
import subprocess
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.buckets import free_port


@dataclass(frozen=True)
class Outside:
    """A place outside: how it is named, and the folder of this machine in which its files are."""

    url: str
    folder: Path
    options: dict[str, str]
    secrets: dict[str, str]


def answers(port: int, process: "subprocess.Popen[bytes] | None" = None) -> None:
    """Waits until somebody listens."""
    deadline = time.monotonic() + 30
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), 1):
                return
        except OSError:
            if time.monotonic() > deadline or (process and process.poll() is not None):
                pytest.fail("the server did not start")
            time.sleep(0.05)


@contextmanager
def webdav(folder: Path) -> Iterator[Outside]:
    """A WebDAV server that asks for a password."""
    from cheroot import wsgi
    from wsgidav.wsgidav_app import WsgiDAVApp

    folder.mkdir()
    port = free_port()
    app = WsgiDAVApp(
        {
            "provider_mapping": {"/": str(folder)}, "simple_dc": {"user_mapping": {"*": {"octavo": {"password": "s3cret"}}}}, "verbose": 0,
            "logging": {"enable": False}, "http_authenticator": {"accept_basic": True, "accept_digest": False, "default_to_digest": False},
        }
    )  # fmt: skip
    server = wsgi.Server(("127.0.0.1", port), app)
    thread = threading.Thread(target=server.safe_start, daemon=True)
    thread.start()
    answers(port)
    try:
        yield Outside(f"webdav://octavo@127.0.0.1:{port}/", folder, {}, {"password": "s3cret"})
    finally:
        server.stop()
        thread.join(10)


@contextmanager
def ftp(folder: Path, certificate: Path | None = None) -> Iterator[Outside]:
    """An FTP server that asks for a password; with TLS where it has a certificate (for localhost)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of asyncore, which it brings itself where Python has it no more
        from pyftpdlib.authorizers import DummyAuthorizer
        from pyftpdlib.handlers import FTPHandler, TLS_FTPHandler
        from pyftpdlib.servers import ThreadedFTPServer

    folder.mkdir()
    authorizer = DummyAuthorizer()
    authorizer.add_user("octavo", "s3cret", str(folder), perm="elradfmwMT")

    class Handler(TLS_FTPHandler if certificate else FTPHandler):  # type: ignore[misc]
        pass

    Handler.authorizer = authorizer
    Handler.banner = "ready"
    if certificate:
        Handler.certfile = str(certificate)
        Handler.tls_control_required = Handler.tls_data_required = True
    port = free_port()
    server = ThreadedFTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"handle_exit": False, "timeout": 0.2}, daemon=True)
    thread.start()
    answers(port)
    try:
        scheme, host = ("ftps", "localhost") if certificate else ("ftp", "127.0.0.1")
        yield Outside(f"{scheme}://octavo@{host}:{port}/", folder, {}, {"password": "s3cret"})
    finally:
        server.close_all()
        thread.join(10)


@contextmanager
def sftp(folder: Path) -> Iterator[Outside]:
    """Debian's SSH server, for whoever runs the tests, by a key."""
    sshd = shutil.which("sshd", path=f"/usr/sbin:/usr/local/sbin:{os.environ['PATH']}")
    if sshd is None:
        pytest.skip("no SSH server: install openssh-server to prove places by SFTP")
    folder.mkdir()
    keys = folder.parent / f"{folder.name}-keys"
    keys.mkdir(mode=0o700)
    for name in ("host", "own"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(keys / name)], check=True)
    (keys / "authorized").write_text((keys / "own.pub").read_text())
    port = free_port()
    (keys / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {keys / 'host'}\nAuthorizedKeysFile {keys / 'authorized'}\nStrictModes no\n"
        f"PidFile none\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\nSubsystem sftp internal-sftp\n"
    )
    Path("/run/sshd").mkdir(exist_ok=True)
    with (
        (keys / "log").open("wb") as log,
        subprocess.Popen([sshd, "-D", "-e", "-f", str(keys / "config")], stdout=log, stderr=log) as process,
    ):
        try:
            answers(port, process)
            shown = subprocess.run(["ssh-keygen", "-l", "-f", str(keys / "host.pub")], check=True, capture_output=True, text=True).stdout
            user = pwd.getpwuid(os.getuid()).pw_name
            yield Outside(
                f"sftp://{user}@127.0.0.1:{port}{folder}",
                folder,
                {"host_key": shown.split()[1]},
                {"private_key": (keys / "own").read_text()},
            )
        finally:
            process.terminate()


def certificate(folder: Path, name: str = "localhost") -> Path:
    """A certificate with its key in one file, which nobody trusts."""
    made, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(made), "-days", "2", "-subj", f"/CN={name}",
         "-addext", f"subjectAltName=DNS:{name}"],
        check=True, capture_output=True,
    )  # fmt: skip
    both = folder / "both.pem"
    both.write_bytes(key.read_bytes() + made.read_bytes())
    return both


def tls_context(both: Path) -> ssl.SSLContext:
    """The server's side of it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return context
