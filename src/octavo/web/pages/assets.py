"""The files of the pages: one stylesheet, one script, and the accent of an organization. A name holds a hash of what it names, so browsers keep it for good."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi import Path as InPath

from octavo.errors import NotFound
from octavo.web.pages import colours

router = APIRouter(include_in_schema=False)

_FOLDER = Path(__file__).parent / "static"
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
_WORTH_PACKING = 1000  # bytes: less fits into one packet anyway


@dataclass(frozen=True)
class Asset:
    """A file as it is sent."""

    name: str
    media_type: str
    body: bytes
    packed: bytes


def address(name: str) -> str:
    """Where a file of the folder is, e.g. octavo.css."""
    return f"/static/{_named()[name].name}"


def accent(colour: str) -> str:
    """Where the stylesheet of an accent is, e.g. of #7a3b12."""
    return f"/static/accent-{colour.removeprefix('#').lower()}-{_accents_version()}.css"


@router.get("/static/{name}")
def asset(request: Request, name: Annotated[str, InPath(max_length=100)]) -> Response:
    found = _known().get(name) or _accent(name)
    if found is None:
        raise NotFound("There is no such file; load the page again")
    packed = len(found.body) >= _WORTH_PACKING and "gzip" in request.headers.get("accept-encoding", "")
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable",
        "Vary": "Accept-Encoding",
        "Content-Security-Policy": "default-src 'none'",
    }
    if packed:
        headers["Content-Encoding"] = "gzip"
    return Response(found.packed if packed else found.body, media_type=found.media_type, headers=headers)


@cache
def _named() -> dict[str, Asset]:
    """Every file by the name it has in the folder."""
    return {path.name: _made(path.name, path.read_bytes()) for path in _FOLDER.iterdir() if path.suffix in _TYPES}


@cache
def _known() -> dict[str, Asset]:
    """Every file by the name it is served under."""
    return {asset.name: asset for asset in _named().values()}


def _made(name: str, body: bytes) -> Asset:
    stem, _, kind = name.rpartition(".")
    return Asset(f"{stem}-{hashlib.sha256(body).hexdigest()[:12]}.{kind}", _TYPES[f".{kind}"], body, gzip.compress(body, 9, mtime=0))


@cache
def _accents_version() -> str:
    """Changes with what is made of a colour."""
    return hashlib.sha256(Path(colours.__file__).read_bytes()).hexdigest()[:8]


@lru_cache(maxsize=1000)
def _accent(name: str) -> Asset | None:
    said = name.removeprefix("accent-")[:6]
    if len(said) != 6 or set(said) - set("0123456789abcdef") or name != accent(f"#{said}").removeprefix("/static/"):
        return None
    body = colours.stylesheet(f"#{said}").encode()
    return Asset(name, _TYPES[".css"], body, body)
