"""One mail by Debian's opensmtpd, as it is delivered to a mailbox of this machine."""

import email
import email.policy
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from octavo.database.connection import Database
from octavo.pipeline.document import Organization
from tests.buckets import free_port
from tests.control.delivering import completed, mail, rows, send_due, sender, states
from tests.places import answers

USER = "daemon"
"""A user that every Debian has; mails to root are not delivered as root."""


@pytest.fixture
def mail_server(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """A mail server that delivers to users of this machine, and the folder that the mails come to."""
    smtpd = shutil.which("smtpd", path=f"/usr/sbin:{os.environ['PATH']}")
    if smtpd is None or os.getuid() != 0:
        pytest.skip("no mail server: install opensmtpd, and run as root, to prove mails by it")
    port, open_ = free_port(), Path(tempfile.mkdtemp(prefix="octavo-mail-"))  # where the user that it delivers as may come
    shutil.chown(open_, USER)
    box = open_ / "box"
    (tmp_path / "aliases").write_text("")
    (tmp_path / "smtpd.conf").write_text(
        f"table aliases file:{tmp_path / 'aliases'}\nlisten on 127.0.0.1 port {port} hostname mail.octavo.example\n"
        f'action "keep" maildir "{box}" alias <aliases>\nmatch from any for domain "octavo.example" action "keep"\n'
    )
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen([smtpd, "-d", "-f", str(tmp_path / "smtpd.conf")], stdout=log, stderr=log) as process,
    ):
        try:
            answers(port, process)
            yield port, box
        finally:
            process.terminate()
            process.wait(20)
            shutil.rmtree(open_)


def test_a_mail_arrives_in_a_mailbox_and_who_is_not_there_is_refused(
    database: Database, organization: Organization, tmp_path: Path, mail_server: tuple[int, Path]
) -> None:
    port, box = mail_server
    here = f"{USER}@octavo.example"
    completed(
        database,
        organization,
        tmp_path / "store",
        mail(here, "nobody-known@octavo.example", "somebody@elsewhere.example"),
        message="Über den Roggen.",
    )
    with sender(database, tmp_path / "store", mail_url=f"smtp://127.0.0.1:{port}?starttls=optional") as one:
        send_due(database, one)
    became = states(database, organization)
    assert became == {here: "sent", "nobody-known@octavo.example": "failed", "somebody@elsewhere.example": "failed"}, rows(
        database, organization, "recipient, last_error"
    )
    deadline = time.monotonic() + 60
    while not (found := [path for path in box.rglob("*") if path.is_file() and path.parent.name == "new"]):
        assert time.monotonic() < deadline, "the mail did not arrive"
        time.sleep(0.1)
    (message,) = (email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in found)
    (file,) = message.iter_attachments()  # type: ignore[attr-defined]
    assert file.get_payload(decode=True) == b"grain\r\nrye\r\n"
    assert "Über den Roggen." in message.get_body(("plain",)).get_content()  # type: ignore[attr-defined]
    assert message["Message-ID"] == rows(database, organization, "message_id")[0][0]
