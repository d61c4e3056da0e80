"""Mails by a real SMTP server: each recipient ends sent once, failed or unknown with its reason, whatever the server does."""

import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest

from octavo.control.access import actions as access
from octavo.control.delivery import actions, leases
from octavo.control.events import Actor
from octavo.control.runs import actions as runs
from octavo.database.connection import Database
from octavo.errors import Conflict, Forbidden, UsageError
from octavo.pipeline.document import Organization
from tests.control.delivering import completed, failed, finished, mail, make_due, rows, send_due, sender, states
from tests.control.test_runs_actions import LEASE, MILL, SOMEBODY
from tests.mailbox import Mailbox, listening, password

ANNA, BERT, CLEO = "anna@alpha.example", "bert@beta.example", "cleo@gamma.example"


def url(box: Mailbox) -> str:
    return f"smtp://127.0.0.1:{box.port}?starttls=none"


def why(database: Database, organization: Organization) -> dict[str, tuple[str, str]]:
    return {one[0]: (one[1], one[2]) for one in rows(database, organization, "recipient, state, error_kind")}


def test_each_recipient_gets_a_message_of_their_own_and_sees_nobody_else(
    database: Database, organization: Organization, tmp_path: Path
) -> None:
    completed(database, organization, tmp_path, mail(ANNA, BERT), subject="{report} for {period}", message="Please look at rye.\nIt fell.")
    with listening(Mailbox()) as box, sender(database, tmp_path, mail_url=url(box)) as one:
        assert send_due(database, one) == 2
    assert states(database, organization) == {ANNA: "sent", BERT: "sent"}
    assert [to for _, to in box.envelopes] == [[ANNA], [BERT]]
    for message, recipient, other in zip(box.mails, (ANNA, BERT), (BERT, ANNA), strict=True):
        assert message["To"] == recipient
        assert other not in message.as_string()
        assert message["Subject"] == "Grain for Oct 2026"
        assert message["From"] == "Alpha Ltd <reports@octavo.example>"
        for kind in ("plain", "html"):
            part = message.get_body((kind,))
            assert part is not None
            said = part.get_content()
            assert "£75,809.50" in said and "6,862" in said and "Please look at rye." in said and "Oct 2026" in said
        (file,) = message.iter_attachments()
        assert file.get_filename() == f"mill.grain-{file.get_filename()[11:21]}-1.csv"
        assert file.get_content_type() == "text/csv"
        assert file.get_payload(decode=True) == b"grain\r\nrye\r\n"
    assert len({message["Message-ID"] for message in box.mails}) == 2


def test_one_connection_serves_many_recipients(database: Database, organization: Organization, tmp_path: Path) -> None:
    completed(database, organization, tmp_path, mail(*(f"person{number}@alpha.example" for number in range(30))))
    with listening(Mailbox()) as box, sender(database, tmp_path, mail_url=url(box)) as one:
        send_due(database, one)
    assert len(box.mails) == 30
    assert len(box.connections) == 1


def test_one_of_three_refused_is_one_of_three_failed_and_only_who_was_put_off_is_tried_again(
    database: Database, organization: Organization, tmp_path: Path
) -> None:
    run = completed(database, organization, tmp_path, mail(ANNA, BERT, CLEO))
    first = {ANNA: None, BERT: "550 no such person", CLEO: "451 greylisted, come back later"}
    with listening(Mailbox(at_recipient=first.get)) as box, sender(database, tmp_path, mail_url=url(box)) as one:
        send_due(database, one)
        assert states(database, organization) == {ANNA: "sent", BERT: "failed", CLEO: "pending"}
        with database.tenant(organization.id) as connection:
            assert actions.delivered(connection, run.id) == "open"
            (wait,) = (
                connection.execute(
                    "select next_try_at - now() between '50 s' and '60 s' from octavo.delivery where state = 'pending'"
                ).fetchone()
                or ()
            )
            assert wait is True
        box.at_recipient = lambda recipient: None
        make_due(database, organization)
        send_due(database, one)
        with database.tenant(organization.id) as connection:
            assert actions.delivered(connection, run.id) == "partly"
    assert box.asked == {ANNA: 1, BERT: 1, CLEO: 2}
    assert box.recipients == {ANNA: 1, CLEO: 1}
    assert rows(database, organization, "recipient, last_error")[1] == (BERT, "The mail server answered 550: no such person")


def test_what_is_put_off_is_tried_after_1_5_15_and_60_minutes_and_then_given_up(
    database: Database, organization: Organization, tmp_path: Path
) -> None:
    completed(database, organization, tmp_path, mail(ANNA))
    waits = []
    with listening(Mailbox(at_recipient=lambda recipient: "451 later")) as box, sender(database, tmp_path, mail_url=url(box)) as one:
        while states(database, organization)[ANNA] == "pending":
            make_due(database, organization)
            send_due(database, one)
            waits += [
                round(float(seconds) / 60)
                for (seconds,) in rows(database, organization, "extract(epoch from next_try_at - clock_timestamp())")
                if seconds is not None
            ]
    assert waits == [1, 5, 15, 60]
    assert rows(database, organization, "state, attempts, last_error") == [
        ("failed", 5, "The mail server answered 451: later (given up after 5 attempts)")
    ]


@pytest.mark.parametrize(
    ("behaviour", "state", "kind"),
    [
        ({"at_sender": lambda sender: "421 too busy"}, "pending", "deferred"),
        ({"at_sender": lambda sender: "550 not you"}, "failed", "refused"),
        ({"at_recipient": lambda recipient: "hang up"}, "pending", "unreachable"),
        ({"at_recipient": lambda recipient: "hang"}, "pending", "unreachable"),
        ({"at_end": lambda recipient: "451 later"}, "pending", "deferred"),
        ({"at_end": lambda recipient: "554 spam"}, "failed", "refused"),
        ({"at_end": lambda recipient: "hang up"}, "unknown", "cut_off"),
        ({"after_keeping": lambda recipient: "hang up"}, "unknown", "cut_off"),
        ({"after_keeping": lambda recipient: "hang"}, "unknown", "cut_off"),
    ],
)
def test_what_was_lost_before_the_mail_is_tried_again_and_what_was_lost_after_it_is_unknown(
    behaviour: dict[str, Any], state: str, kind: str, database: Database, organization: Organization, tmp_path: Path
) -> None:
    completed(database, organization, tmp_path, mail(ANNA))
    with listening(Mailbox(**behaviour)) as box, sender(database, tmp_path, mail_url=url(box), mail_timeout_seconds=1.5) as one:
        send_due(database, one)
    assert why(database, organization) == {ANNA: (state, kind)}


def test_what_is_unknown_is_sent_again_only_where_the_organization_says_so_and_with_the_same_message_id(
    database: Database, organization: Organization, other_organization: Organization, tmp_path: Path
) -> None:
    with database.tenant(other_organization.id) as connection:
        actions.change_setting(connection, SOMEBODY, actions.Said(retry_unknown=True))
    with listening(Mailbox(after_keeping=lambda recipient: "hang up")) as box, sender(database, tmp_path, mail_url=url(box)) as one:
        for owner in (organization, other_organization):
            completed(database, owner, tmp_path, mail(ANNA))
            send_due(database, one)
        assert states(database, organization) == {ANNA: "unknown"}
        assert states(database, other_organization) == {ANNA: "pending"}
        box.after_keeping = lambda recipient: None
        for owner in (organization, other_organization):
            make_due(database, owner)
        send_due(database, one)
    assert states(database, organization) == {ANNA: "unknown"}
    assert states(database, other_organization) == {ANNA: "sent"}
    ours, theirs, again = (message["Message-ID"] for message in box.mails)
    assert theirs == again != ours


def test_a_server_that_limits_mails_gets_a_link_in_place_of_the_file(
    database: Database, organization: Organization, tmp_path: Path
) -> None:
    run = completed(database, organization, tmp_path, mail(ANNA), contents=b"x" * 300_000)
    given = {"public_url": "https://reports.example.org/"}
    announced, silent = Mailbox(), Mailbox()
    with listening(announced, data_size_limit=400_000) as box, sender(database, tmp_path, mail_url=url(box), **given) as one:
        send_due(database, one)
    (message,) = announced.mails
    assert list(message.iter_attachments()) == []
    assert f"https://reports.example.org/history/{run.id}" in message.get_body(("plain",)).get_content()  # type: ignore[union-attr]

    sizes: list[int] = []
    silent.at_end = lambda recipient: "552 too large" if not sizes.append(1) and len(sizes) == 1 else None
    completed(database, organization, tmp_path, mail(BERT), contents=b"x" * 300_000)
    with listening(silent) as box, sender(database, tmp_path, mail_url=url(box), **given) as one:
        send_due(database, one)
    assert states(database, organization) == {ANNA: "sent", BERT: "sent"}
    assert [len(list(message.iter_attachments())) for message in silent.mails] == [0]


def test_the_limit_of_attachments_counts_what_base64_adds(database: Database, organization: Organization, tmp_path: Path) -> None:
    # 57 bytes are one line of 76 characters with its end, 78; so 5,700 bytes are 7,800.
    for limit, attached in ((7_800, 1), (7_799, 0)):
        completed(database, organization, tmp_path, mail(ANNA), contents=b"y" * 5_700)
        with listening(Mailbox()) as box, sender(database, tmp_path, mail_url=url(box), mail_attachment_bytes=limit) as one:
            send_due(database, one)
        assert [len(list(message.iter_attachments())) for message in box.mails] == [attached]


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Of nobody that anybody trusts."""
    path = tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(path), "-out", str(tmp_path / "c.pem"), "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
        check=True, capture_output=True,
    )  # fmt: skip
    path.write_bytes(path.read_bytes() + (tmp_path / "c.pem").read_bytes())
    return path


def served(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_a_server_whose_certificate_does_not_hold_gets_nothing_and_one_that_is_trusted_gets_the_password(
    database: Database, organization: Organization, tmp_path: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    completed(database, organization, tmp_path, mail(ANNA))
    options: dict[str, Any] = {
        "tls_context": served(certificate), "require_starttls": True, "auth_required": True, "authenticator": password("octavo", "s3cret/:@"),
    }  # fmt: skip
    with listening(Mailbox(), **options) as box:
        given = {"mail_url": f"smtp://octavo:s3cret%2F%3A%40@localhost:{box.port}"}
        with sender(database, tmp_path, **given) as one:
            send_due(database, one)
        assert why(database, organization) == {ANNA: ("pending", "tls")}
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "c.pem"))
        make_due(database, organization)
        with sender(database, tmp_path, mail_url=given["mail_url"].replace("s3cret", "wrong")) as one:
            send_due(database, one)
        assert why(database, organization) == {ANNA: ("pending", "credentials")}
        make_due(database, organization)
        with sender(database, tmp_path, **given) as one:
            send_due(database, one)
    assert states(database, organization) == {ANNA: "sent"}


def test_a_server_without_tls_gets_nothing_where_tls_is_required(database: Database, organization: Organization, tmp_path: Path) -> None:
    completed(database, organization, tmp_path, mail(ANNA))
    with listening(Mailbox()) as box, sender(database, tmp_path, mail_url=f"smtp://127.0.0.1:{box.port}") as one:
        send_due(database, one)
    assert why(database, organization) == {ANNA: ("pending", "tls")}
    assert box.raw == []


def test_smtps_is_encrypted_from_the_start(
    database: Database, organization: Organization, tmp_path: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "c.pem"))
    completed(database, organization, tmp_path, mail(ANNA))
    box = Mailbox()
    with listening(box, tls=served(certificate)), sender(database, tmp_path, mail_url=f"smtps://localhost:{box.port}") as one:
        send_due(database, one)
    assert states(database, organization) == {ANNA: "sent"}


def test_a_server_that_sends_no_mails_says_so(database: Database, organization: Organization, tmp_path: Path) -> None:
    completed(database, organization, tmp_path, mail(ANNA))
    with sender(database, tmp_path) as one:
        send_due(database, one)
    assert rows(database, organization, "state, last_error") == [
        ("failed", "This server sends no mails: OCTAVO_MAIL_URL is not set where its workers run")
    ]


@pytest.mark.parametrize(
    "text",
    [
        "a@b, evil@example.org", "a@b.example\r\nBcc: evil@example.org", "a@b.example\nX: y", "Anna <anna@b.example>", "anna", "@b.example", "a@", "",
        "a b@c.example", '"a"@b.example', "a@b.example>", "a@b..example", "a@-b.example", "a@[127.0.0.1]", "a@b.example;c@d.example", "ä@b.example",
        "a@b.example\0", "a" * 65 + "@b.example", "a@" + "b" * 64 + ".example", None, 7, ["a@b.example"],
    ],
)  # fmt: skip
def test_an_address_is_one_address_and_nothing_else(text: Any, database: Database, organization: Organization) -> None:
    with database.tenant(organization.id) as connection, pytest.raises(UsageError):
        actions.checked_target(connection, {"channel": "email", "to": text})


def test_a_domain_is_written_as_mail_servers_know_it(database: Database, organization: Organization) -> None:
    with database.tenant(organization.id) as connection:
        assert actions.checked_target(connection, {"channel": "email", "to": "Anna@BÜCHER.example"})["to"] == "Anna@xn--bcher-kva.example"


@pytest.mark.parametrize("subject", ["two\r\nlines", "two\nlines", "x" * 201, "{organisation}", "{report", "nul\0"])
def test_a_subject_is_one_line_with_words_that_there_are(subject: str) -> None:
    with pytest.raises(UsageError):
        actions.check_words(subject, "")


def test_what_words_in_a_subject_hold_begins_no_header_and_no_other_word(
    database: Database, organization: Organization, tmp_path: Path
) -> None:
    with database.tenant(organization.id) as connection:
        run = runs.request(
            connection, SOMEBODY, reports=MILL, report="mill.grain", format="csv", parameters={}, deliver_to=mail(ANNA), subject="{report}"
        )
    finished(database, run, tmp_path)
    with database.tenant(organization.id) as connection:
        connection.execute(
            "update octavo.generated_report set manifest = jsonb_set(manifest, '{title}', %s::jsonb)",
            ['"Grain {date}\\r\\nBcc: evil@example.org"'],
        )
    with listening(Mailbox()) as box, sender(database, tmp_path, mail_url=url(box)) as one:
        send_due(database, one)
    (message,) = box.mails
    assert message["Subject"] == "Grain {date} Bcc: evil@example.org"
    assert message["Bcc"] is None
    assert [to for _, to in box.envelopes] == [[ANNA]]


def test_a_domain_outside_of_the_list_is_refused_when_asked_and_again_when_sent(
    database: Database, organization: Organization, tmp_path: Path
) -> None:
    completed(database, organization, tmp_path, mail(ANNA, BERT, "c@sub.alpha.example"))
    with database.tenant(organization.id) as connection:
        actions.change_setting(connection, SOMEBODY, actions.Said(allowed_domains=["alpha.example", ".alpha.example"]))
        with pytest.raises(UsageError, match="outside of the domains"):
            actions.checked_target(connection, mail(BERT)[0])
        with pytest.raises(UsageError, match="outside of the domains"):
            actions.checked_target(connection, mail("x@evilalpha.example")[0])
    with listening(Mailbox()) as box, sender(database, tmp_path, mail_url=url(box)) as one:
        send_due(database, one)
    assert states(database, organization) == {ANNA: "sent", BERT: "failed", "c@sub.alpha.example": "sent"}
    assert BERT not in box.asked


def people(database: Database, organization: Organization) -> dict[str, Actor]:
    made = {}
    for one in access.demo_credentials(database, organization):
        with database.tenant(organization.id) as connection:
            made[one.role] = Actor(access.known_person(connection, one.name), None, one.name)
    return made


def test_files_go_to_others_only_for_who_manages_reports_when_asked_and_when_sent(
    database: Database, organization: Organization, tmp_path: Path
) -> None:
    who = people(database, organization)
    with database.tenant(organization.id) as connection:
        member = access.principal_of(connection, who["member"].user_id or 0)
        admin = access.principal_of(connection, who["admin"].user_id or 0)
        own = mail(member.name.upper().replace("EXAMPLE", "example"))
        assert actions.check_targets(connection, own, principal=member) == [
            {"channel": "email", "to": own[0]["to"].split("@")[0] + "@alpha.example"}
        ]
        with pytest.raises(Forbidden, match=r"reports\.manage"):
            actions.check_targets(connection, mail(ANNA), principal=member)
        assert len(actions.check_targets(connection, mail(ANNA, ANNA.upper(), BERT), principal=admin)) == 2
    completed(database, organization, tmp_path, mail(ANNA, who["admin"].name), actor=who["admin"])
    with database.tenant(organization.id) as connection:
        access.add_member(connection, SOMEBODY, email="second@alpha.example", role="admin")
        access.set_member(connection, SOMEBODY, who["admin"].user_id or 0, role="member")
    with listening(Mailbox()) as box, sender(database, tmp_path, mail_url=url(box)) as one:
        send_due(database, one)
    assert why(database, organization) == {ANNA: ("failed", "forbidden"), who["admin"].name: ("sent", None)}


def test_nothing_is_sent_for_somebody_who_was_put_out(database: Database, organization: Organization, tmp_path: Path) -> None:
    who = people(database, organization)
    completed(database, organization, tmp_path, mail(ANNA), actor=who["member"])
    access.set_active(database, who["member"].user_id or 0, active=False)
    with listening(Mailbox()) as box, sender(database, tmp_path, mail_url=url(box)) as one:
        send_due(database, one)
    assert why(database, organization) == {ANNA: ("failed", "forbidden")}
    assert box.raw == []


def test_a_failure_is_told_once_on_the_last_attempt_to_who_is_configured_and_to_who_asked(
    database: Database, organization: Organization, tmp_path: Path
) -> None:
    who = people(database, organization)
    with database.tenant(organization.id) as connection:
        actions.change_setting(connection, SOMEBODY, actions.Said(recipients=[BERT], reply_to="desk@alpha.example", from_name="The desk"))
        run = runs.request(
            connection, who["member"], reports=MILL, report="mill.grain", format="csv", parameters={}, deliver_to=mail(who["member"].name)
        )
    failed(database, run)
    with database.tenant(organization.id) as connection:
        runs.retry(connection, who["member"], run.id)
    failed(database, run)
    with listening(Mailbox()) as box, sender(database, tmp_path, mail_url=url(box)) as one:
        send_due(database, one)
    assert box.recipients == {BERT: 1, who["member"].name: 1}
    for message in box.mails:
        assert message["Subject"] == "Not made: Grain"
        assert (message["Reply-To"], message["From"]) == ("desk@alpha.example", "The desk <reports@octavo.example>")
        assert "The report has no such parameter; leave it out" in message.get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_a_run_that_nobody_is_waiting_for_is_told_to_nobody(database: Database, organization: Organization, tmp_path: Path) -> None:
    who = people(database, organization)
    with database.tenant(organization.id) as connection:
        run = runs.request(connection, who["member"], reports=MILL, report="mill.grain", format="csv", parameters={})
    failed(database, run)
    completed(database, organization, tmp_path, [])
    assert rows(database, organization) == []


def test_success_is_told_without_the_file_where_the_organization_wants_it(
    database: Database, organization: Organization, tmp_path: Path
) -> None:
    with database.tenant(organization.id) as connection:
        actions.change_setting(connection, SOMEBODY, actions.Said(on_success=True, recipients=[ANNA, BERT]))
    completed(database, organization, tmp_path, mail(ANNA))
    with listening(Mailbox()) as box, sender(database, tmp_path, mail_url=url(box)) as one:
        send_due(database, one)
    assert [(message["To"], message["Subject"], len(list(message.iter_attachments()))) for message in box.mails] == [
        (ANNA, "Grain, Oct 2026", 1),
        (BERT, "Ready: Grain, Oct 2026", 0),
    ]


def test_a_sender_that_died_before_the_mail_left_it_to_another_and_one_that_died_after_it_left_it_unknown(
    database: Database, organization: Organization, tmp_path: Path
) -> None:
    completed(database, organization, tmp_path, mail(ANNA, BERT, CLEO))
    before, after, alive = leases.claim(database, "dead", LEASE, 3)
    assert leases.hand_over(database, after, LEASE, "<x@y>")
    assert leases.expired(database) == []
    with database.tenant(organization.id) as connection:
        connection.execute(
            "update octavo.delivery set lease_until = clock_timestamp() - interval '1 s' where id <> %s", [alive.delivery_id]
        )
    lost = leases.expired(database)
    assert {one.delivery_id for one in lost} == {before.delivery_id, after.delivery_id}
    for one in lost:
        assert leases.take_back(database, one, first=LEASE)
    assert rows(database, organization) == [(ANNA, "pending"), (BERT, "unknown"), (CLEO, "sending")]
    assert not leases.hand_over(database, before, LEASE, "<x@y>"), "it is another's by now"
    with listening(Mailbox()) as box, sender(database, tmp_path, mail_url=url(box)) as sending:
        sending.send(alive)
        send_due(database, sending)
        sending.send(before)
    assert states(database, organization) == {ANNA: "sent", BERT: "unknown", CLEO: "sent"}
    assert box.recipients == {ANNA: 1, CLEO: 1}


def test_who_was_thought_dead_may_still_say_that_it_arrived(database: Database, organization: Organization, tmp_path: Path) -> None:
    from octavo.control.delivery import channel

    completed(database, organization, tmp_path, mail(ANNA))
    (slow,) = leases.claim(database, "slow", LEASE, 1)
    leases.hand_over(database, slow, LEASE, "<x@y>")
    with database.tenant(organization.id) as connection:
        connection.execute("update octavo.delivery set lease_until = clock_timestamp() - interval '1 s'")
    leases.take_back(database, slow, first=LEASE)
    assert states(database, organization) == {ANNA: "unknown"}
    assert leases.settle(database, slow, channel.sent("250 OK"), first=LEASE, worker="slow", seconds=1)
    assert states(database, organization) == {ANNA: "sent"}
    assert leases.settle(database, slow, channel.again("x", "y"), first=LEASE, worker="slow", seconds=1) is None


def test_by_hand_what_failed_is_sent_once_more_and_what_arrived_is_not(
    database: Database, organization: Organization, tmp_path: Path
) -> None:
    completed(database, organization, tmp_path, mail(ANNA, BERT))
    with listening(Mailbox(at_recipient={BERT: "550 no"}.get)) as box, sender(database, tmp_path, mail_url=url(box)) as one:
        send_due(database, one)
        box.at_recipient = lambda recipient: None
        with database.tenant(organization.id) as connection:
            sent, refused = (int(number) for (number,) in rows(database, organization, "id"))
            with pytest.raises(Conflict, match="is sent"):
                actions.retry(connection, None, SOMEBODY, sent)
            assert actions.retry(connection, None, SOMEBODY, refused).state == "pending"
        send_due(database, one)
    assert box.recipients == {ANNA: 1, BERT: 1}
    with database.tenant(organization.id) as connection:
        assert [attempt.outcome for attempt in actions.attempts(connection, refused)] == ["failed", "sent"]
        assert actions.statistics(connection) == {
            "by_channel": [{"channel": "email", "deliveries": 2, "sent": 2, "failed": 0, "unknown": 0, "open": 0, "attempts": 3}],
            "runs": {"runs": 1, "all": 1, "partly": 0, "none": 0, "open": 0},
        }


def test_a_message_with_dots_and_long_lines_arrives_as_it_was(database: Database, organization: Organization, tmp_path: Path) -> None:
    said = ".\n..\n.begins with a dot\n" + "x" * 2000 + "\nFrom here"
    completed(database, organization, tmp_path, mail(ANNA), message=said)
    with listening(Mailbox()) as box, sender(database, tmp_path, mail_url=url(box)) as one:
        send_due(database, one)
    (message,) = box.mails
    assert said in message.get_body(("plain",)).get_content().replace("\r\n", "\n")  # type: ignore[union-attr]
    assert max(len(line) for line in box.raw[0].split(b"\r\n")) <= 998
