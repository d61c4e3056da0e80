"""A form with a file is taken apart as RFC 7578 has it, and nothing else passes. The bodies are written by hand, after what chromium sends."""

import pytest

from octavo.web import bodies
from octavo.web.pages import form, multipart

KIND = "multipart/form-data; boundary=----WebKitFormBoundaryx"
EDGE = b"------WebKitFormBoundaryx"


def body(*parts: bytes, end: bytes = b"--\r\n") -> bytes:
    return b"".join(EDGE + b"\r\n" + part + b"\r\n" for part in parts) + EDGE + end


NAME = b'Content-Disposition: form-data; name="name"\r\n\r\ncaf\xc3\xa9'
PNG = b'Content-Disposition: form-data; name="logo_file"; filename="a b.png"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n\r\n--x\r\n'
NONE = b'Content-Disposition: form-data; name="logo_file"; filename=""\r\nContent-Type: application/octet-stream\r\n\r\n'


def test_fields_and_files_are_what_was_sent_to_the_byte() -> None:
    sent = form.parse(body(NAME, PNG), KIND)
    assert (sent.text("name"), sent.files) == ("café", {"logo_file": b"\x89PNG\r\n\r\n--x\r\n"})
    assert form.parse(body(NAME, NONE), KIND).files == {}
    assert form.parse(body(NAME, end=b"--"), f'multipart/form-data; boundary="{EDGE.decode()[2:]}"').text("name") == "café"
    assert bodies.why_no_form(body(NAME, PNG), KIND) is None


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        (body(NAME), "multipart/form-data"),
        (body(NAME), "multipart/form-data; boundary=another"),
        (body(NAME), f"{KIND}; charset=utf-16"),
        (body(NAME)[:-4], KIND),
        (body(NAME) + b"more", KIND),
        (b"before" + body(NAME), KIND),
        (body(NAME, end=b"x--\r\n"), KIND),
        (body(b"\r\nno head"), KIND),
        (body(b'Content-Disposition: form-data; name="a"\r\nno end of the head'), KIND),
        (body(b'Content-Disposition: attachment; name="a"\r\n\r\nx'), KIND),
        (body(b'Content-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64\r\n\r\neA=='), KIND),
        (body(b'Content-Disposition: form-data; name="a"\r\n\r\n\xff'), KIND),
        (body(b'Content-Disposition: form-data; name="a"\r\n\r\n\x00'), KIND),
        (body(*[b'Content-Disposition: form-data; name="a"\r\n\r\nx'] * (form.MOST_FIELDS + 1)), KIND),
    ],
)
def test_what_is_no_such_form_is_refused_in_words(sent: bytes, kind: str) -> None:
    assert bodies.why_no_form(sent, kind)


def test_as_many_fields_as_there_may_be_pass() -> None:
    assert len(multipart.parts(body(*[NAME] * 5), KIND, 5)) == 5
