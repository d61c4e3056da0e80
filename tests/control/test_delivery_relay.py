"""The mail server is named by a URL, and its password stands in no message."""

import subprocess

import pytest

from octavo.control.delivery.mail import relay
from octavo.errors import UsageError


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("smtp://u:p%40@mail.example:2525", relay.Server("mail.example", 2525, "required", "u", "p@")),
        ("smtp://mail.example", relay.Server("mail.example", 587, "required")),
        ("smtp://localhost?starttls=none", relay.Server("localhost", 25, "none")),
        ("smtp://localhost:26?starttls=optional", relay.Server("localhost", 26, "optional")),
        ("smtps://u:p@mail.example", relay.Server("mail.example", 465, "tls", "u", "p")),
    ],
)
def test_a_mail_server_is_named_by_a_url(text: str, server: relay.Server) -> None:
    assert relay.read_url(text) == server


@pytest.mark.parametrize(
    "text",
    [
        "mail.example",
        "http://mail.example",
        "smtp://",
        "smtp://h:x",
        "smtp://u:hidden@h?starttls=none",
        "smtp://u:hidden@h?tls=yes",
        "smtp://u:hidden@h/x",
        "ses://",
    ],
)
def test_a_url_that_names_no_safe_mail_server_is_refused_without_its_password(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        relay.read_url(text)
    assert "hidden" not in str(refused.value)


def test_ses_takes_the_password_that_its_guide_derives_from_the_secret_key(monkeypatch: pytest.MonkeyPatch) -> None:
    # Derived here by openssl, step by step as the developer guide of Amazon SES lists them.
    secret, region = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "eu-central-1"
    mark = b"AWS4" + secret.encode()
    for part in (b"11111111", region.encode(), b"ses", b"aws4_request", b"SendRawEmail"):
        done = subprocess.run(
            ["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", f"hexkey:{mark.hex()}", "-binary"],
            input=part,
            check=True,
            capture_output=True,
        )
        mark = done.stdout
    encoded = subprocess.run(["openssl", "base64", "-A"], input=b"\x04" + mark, check=True, capture_output=True).stdout.decode()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    assert relay.read_url(f"ses://{region}") == relay.Server(
        "email-smtp.eu-central-1.amazonaws.com", 587, "required", "AKIAIOSFODNN7EXAMPLE", encoded
    )
    monkeypatch.setenv("AWS_SESSION_TOKEN", "x")
    with pytest.raises(UsageError, match="temporary"):
        relay.read_url(f"ses://{region}")
