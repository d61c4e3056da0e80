"""One mail by Debian's opensmtpd, as it is delivered to a mailbox of this machine."""

import time
from pathlib import Path

from octavo.database.connection import Database
from octavo.pipeline.document import Organization
from tests.control.delivering import completed, mail, rows, send_due, sender, states
from tests.mailserver import HERE, delivering


def test_a_mail_arrives_in_a_mailbox_and_who_is_not_there_is_refused(
    database: Database, organization: Organization, tmp_path: Path
) -> None:
    with delivering(tmp_path) as server:
        completed(
            database,
            organization,
            tmp_path / "store",
            mail(HERE, "nobody-known@octavo.example", "somebody@elsewhere.example"),
            message="Über den Roggen.",
        )
        with sender(database, tmp_path / "store", mail_url=f"smtp://127.0.0.1:{server.port}?starttls=optional") as one:
            send_due(database, one)
        became = states(database, organization)
        assert became == {HERE: "sent", "nobody-known@octavo.example": "failed", "somebody@elsewhere.example": "failed"}, rows(
            database, organization, "recipient, last_error"
        )
        deadline = time.monotonic() + 60
        while not server.mails:
            assert time.monotonic() < deadline, "the mail did not arrive"
            time.sleep(0.1)
        (message,) = server.mails
    (file,) = message.iter_attachments()
    assert file.get_payload(decode=True) == b"grain\r\nrye\r\n"
    assert "Über den Roggen." in message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert message["Message-ID"] == rows(database, organization, "message_id")[0][0]
