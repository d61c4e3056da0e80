"""Debian's mail server (opensmtpd), which delivers to a mailbox of this machine."""

import email
import email.policy
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.buckets import free_port
from tests.places import answers

USER = "daemon"
"""A user that every Debian has; mails to root are not delivered as root."""
HERE = f"{USER}@octavo.example"


@dataclass(frozen=True)
class Delivering:
    """A running server: its port, and the folder that mails to HERE come to."""

    port: int
    box: Path

    @property
    def mails(self) -> list[EmailMessage]:
        """What has arrived."""
        found = [path for path in self.box.rglob("*") if path.is_file() and path.parent.name == "new"]
        return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in found]  # type: ignore[arg-type]


@contextmanager
def delivering(folder: Path) -> Iterator[Delivering]:
    """The server, set up in the folder; it takes mails for octavo.example and refuses the rest."""
    smtpd = shutil.which("smtpd", path=f"/usr/sbin:{os.environ['PATH']}")
    if smtpd is None or os.getuid() != 0:
        pytest.skip("no mail server: install opensmtpd, and run as root, to prove mails by it")
    port, open_ = free_port(), Path(tempfile.mkdtemp(prefix="octavo-mail-"))  # where the user that it delivers as may come
    shutil.chown(open_, USER)
    box = open_ / "box"
    (folder / "aliases").write_text("")
    (folder / "smtpd.conf").write_text(
        f"table aliases file:{folder / 'aliases'}\nlisten on 127.0.0.1 port {port} hostname mail.octavo.example\n"
        f'action "keep" maildir "{box}" alias <aliases>\nmatch from any for domain "octavo.example" action "keep"\n'
    )
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen([smtpd, "-d", "-f", str(folder / "smtpd.conf")], stdout=log, stderr=log) as process,
    ):
        try:
            answers(port, process)
            yield Delivering(port, box)
        finally:
            process.terminate()
            process.wait(20)
            shutil.rmtree(open_)
