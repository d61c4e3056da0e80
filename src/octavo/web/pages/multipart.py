"""A form with a file in it, as browsers send one (RFC 7578): taken apart strictly, from a body that is in memory and bounded. Anything else is refused."""

import re
from dataclasses import dataclass

TYPE = "multipart/form-data"

_BOUNDARY = re.compile(r"""multipart/form-data;\s*boundary="?([0-9A-Za-z'()+_,./:=?-]{1,70})"?\s*""", re.IGNORECASE)
_DISPOSITION = re.compile(r'content-disposition: form-data; name="([^"\r\n]{1,200})"(?:; filename="([^"\r\n]{0,500})")?', re.IGNORECASE)
_OTHER_HEADER = re.compile(r"content-type: [^\r\n]{1,200}", re.IGNORECASE)


@dataclass(frozen=True)
class Part:
    """One field. `file`: a browser says that it is a file, which is empty where none was chosen."""

    name: str
    content: bytes
    file: bool


def parts(body: bytes, content_type: str, most: int) -> list[Part]:
    """The fields in order. Raises ValueError for what is no such form, is not whole, or has more fields than `most`."""
    said = _BOUNDARY.fullmatch(content_type)
    if said is None:
        raise ValueError("no boundary is said")
    pieces = (b"\r\n" + body).split(b"\r\n--" + said[1].encode(), most + 1)
    if len(pieces) < 2 or pieces[0] or pieces[-1] not in (b"--", b"--\r\n"):
        raise ValueError("it is not whole, or has too many fields")
    return [_part(piece) for piece in pieces[1:-1]]


def _part(piece: bytes) -> Part:
    head, between, content = piece.partition(b"\r\n\r\n")
    begin, *lines = head.decode().split("\r\n")
    if begin or not between or not lines:
        raise ValueError("a field has no head")
    found = _DISPOSITION.fullmatch(lines[0])
    if found is None or not all(_OTHER_HEADER.fullmatch(line) for line in lines[1:]):
        raise ValueError("the head of a field is not as a browser writes it")
    return Part(found[1], content, found[2] is not None)
