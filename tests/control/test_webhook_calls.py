"""Calling a webhook: what its server does cannot keep a sender longer than ten seconds, have it read much, or lead it elsewhere."""

import gzip
import io
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_network
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from octavo.control.webhooks import calling
from octavo.control.webhooks.calling import Caller, Unanswered
from tests.control.receiving import Answer, Receiver

LISTED = (ip_network("127.0.0.0/8"),)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def served(stack: ExitStack, *answers: Answer) -> Receiver:
    return stack.enter_context(Receiver(list(answers)))


def raw(*pieces: bytes, pause: float = 0.0, hold: float = 0.0) -> Answer:
    """An answer that is written as it stands, piece by piece, and held open at the end."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        for piece in pieces:
            handler.wfile.write(piece)
            handler.wfile.flush()
            time.sleep(pause)
        time.sleep(hold)
        handler.close_connection = True

    return answer


@pytest.mark.parametrize("status", [200, 201, 204, 400, 401, 404, 410, 418, 429, 500, 503, 599])
def test_the_status_is_what_is_told_of_an_answer(stack: ExitStack, status: int) -> None:
    server = served(stack, status)
    assert Caller(LISTED).post(server.url, b'{"a":1}', {"webhook-id": "x"}).status == status
    assert [(one.path, one.body, one.headers["webhook-id"], one.headers["host"]) for one in server.messages] == [
        ("/hooks", b'{"a":1}', "x", f"127.0.0.1:{server.port}")
    ]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(stack: ExitStack, status: int) -> None:
    inside = served(stack, 200)
    there = raw(f"HTTP/1.1 {status} Elsewhere\r\nLocation: {inside.url}\r\nContent-Length: 0\r\n\r\n".encode())
    assert Caller(LISTED).post(served(stack, there).url, b"{}", {}).status == status
    assert inside.messages == []


def test_of_a_large_answer_no_more_than_64_kib_is_read(stack: ExitStack) -> None:
    pieces = [b"HTTP/1.1 200 OK\r\nContent-Length: 10485760\r\n\r\n", *[b"x" * 65536] * 160]
    answered = Caller(LISTED).post(served(stack, raw(*pieces)).url, b"{}", {})
    assert (answered.status, answered.read) == (200, 65536)


def test_an_answer_that_unpacks_to_much_is_not_unpacked(stack: ExitStack) -> None:
    """100 MB of zeros in 100 KB."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb") as file:
        for _ in range(100):
            file.write(bytes(1_000_000))
    bomb = packed.getvalue()
    assert len(bomb) < 110_000
    header = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()
    server = served(stack, raw(header, bomb))
    answered = Caller(LISTED).post(server.url, b"{}", {})
    assert (answered.status, answered.read) == (200, 65536)
    assert server.messages[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    "answer",
    [
        raw(hold=60),
        raw(*[b"H"] * 200, pause=0.3),
        raw(b"HTTP/1.1 200 OK\r\n", *[b"X-More: yes\r\n"] * 200, pause=0.3),
        raw(*[b"HTTP/1.1 100 Continue\r\n\r\n"] * 200, pause=0.3),
    ],
    ids=["nothing", "a letter now and then", "headers without end", "100 Continue without end"],
)
def test_who_does_not_answer_in_time_is_not_waited_for(stack: ExitStack, answer: Answer) -> None:
    begun = time.monotonic()
    try:
        status = Caller(LISTED, seconds=2).post(served(stack, answer).url, b"{}", {}).status
        assert status == 200  # it came, and the rest was cut off
    except Unanswered as error:
        assert "within 2 seconds" in str(error)
    assert time.monotonic() - begun < 50  # the answers would take a minute
    assert calling.SECONDS == 10


def test_a_body_that_does_not_end_changes_nothing_about_the_answer(stack: ExitStack) -> None:
    drip = raw(b"HTTP/1.1 202 Accepted\r\n\r\n", *[b"x"] * 200, pause=0.3)
    begun = time.monotonic()
    assert Caller(LISTED, seconds=2).post(served(stack, drip).url, b"{}", {}).status == 202
    assert time.monotonic() - begun < 50


@pytest.mark.parametrize(
    "answer", [raw(b"no HTTP at all\r\n\r\n"), raw(), raw(b"HTTP/1.1 abc\r\n\r\n"), raw(b"HTTP/1.1 200 " + b"x" * 70_000)]
)
def test_what_is_no_answer_is_none(stack: ExitStack, answer: Answer) -> None:
    with pytest.raises(Unanswered):
        Caller(LISTED).post(served(stack, answer).url, b"{}", {})


def test_where_nobody_listens_is_told_so(stack: ExitStack) -> None:
    with Receiver() as gone:
        url = gone.url
    with pytest.raises(Unanswered, match="nobody listens"):
        Caller(LISTED).post(url, b"{}", {})


def test_no_proxy_of_the_environment_is_asked(stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy, server = served(stack, 502), served(stack, 200)
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    assert Caller(LISTED).post(server.url, b"{}", {}).status == 200
    assert proxy.messages == []


# --- https ------------------------------------------------------------------------------------------------------------


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """What a server shows that is called so, and what trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = folder / f"{name}.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return server, ssl.create_default_context(cadata=made.public_bytes(serialization.Encoding.PEM).decode())


def test_a_server_shows_a_certificate_of_the_name_by_which_it_was_called(stack: ExitStack, tmp_path: Path) -> None:
    """Though the connection goes to an address: the one that was checked."""
    shown, trusting = certificate(tmp_path, "hooks.example")
    server = stack.enter_context(Receiver([200], shown))
    caller = Caller(LISTED, lookup=lambda name, port: ["127.0.0.1"], context=trusting)
    assert caller.post(f"https://hooks.example:{server.port}/x", b"{}", {}).status == 200
    assert server.messages[0].headers["host"] == f"hooks.example:{server.port}"
    with pytest.raises(Unanswered, match=r"no safe connection: .*other\.example"):
        caller.post(f"https://other.example:{server.port}/x", b"{}", {})
    strict = Caller(LISTED, lookup=lambda name, port: ["127.0.0.1"])
    with pytest.raises(Unanswered, match="no safe connection: self-signed certificate"):
        strict.post(f"https://hooks.example:{server.port}/x", b"{}", {})
    assert len(server.messages) == 1


def test_who_does_not_finish_its_greeting_is_not_waited_for(stack: ExitStack, tmp_path: Path) -> None:
    import socket
    import threading

    listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    threading.Thread(target=lambda: stack.enter_context(listener.accept()[0]), daemon=True).start()
    with pytest.raises(Unanswered, match="within 2 seconds"):
        Caller(LISTED, lookup=lambda name, port: ["127.0.0.1"], seconds=2).post(
            f"https://hooks.example:{listener.getsockname()[1]}/", b"{}", {}
        )
