"""The page behind a link: plain HTML without a script, that nobody frames, indexes, keeps, or is told of by a Referer."""

import hashlib
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import jinja2
from fastapi.responses import HTMLResponse

from octavo.control.runs import rules as runs_rules
from octavo.control.sharing.door import Opened

_PAGES = Path(__file__).parent / "pages"
GONE = "This link leads nowhere, or not any more. Ask whoever sent it to you for a new one."
WRONG = "This is not the password of this link. Look at it again, and try once more."


@dataclass(frozen=True)
class _File:
    organization: str
    name: str
    size: str
    until: str
    until_exact: str
    left: int | None
    has_password: bool
    protected: bool


def shown(opened: Opened, place: str, *, problem: str = "", status: int = 200) -> HTMLResponse:
    """The page of a link that leads somewhere. `place` is where its file will be fetched, which the form may lead to."""
    run, organization = opened.run, opened.organization
    until = opened.expires_at.astimezone(ZoneInfo(organization.time_zone))
    file = _File(
        organization=organization.name,
        name=runs_rules.served(run.report, run.created_at, run.id, run.file_key or "", run.media_type).name,
        size=_size(run.file_bytes or 0),
        until=f"{until:%d %B %Y, %H:%M} ({organization.time_zone})",
        until_exact=opened.expires_at.astimezone(UTC).isoformat(),
        left=opened.downloads_left,
        has_password=opened.password_hash is not None,
        protected=run.protected,
    )
    return _page("A file for you", status, file=file, problem=problem, place=place)


def told(title: str, problem: str, status: int) -> HTMLResponse:
    """A page without a file."""
    return _page(title, status, problem=problem)


def _page(title: str, status: int, *, file: _File | None = None, problem: str = "", place: str = "") -> HTMLResponse:
    template, style, digest = _parts()
    parts = urlsplit(place)
    leads = "'none'" if file is None else f"'self' {parts.scheme}://{parts.netloc}" if parts.netloc else "'self'"
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; form-action {leads}; base-uri 'none'; frame-ancestors 'none'"
    html = template.render(title=title, style=style, file=file, problem=problem)
    return HTMLResponse(
        html, status, {"Content-Security-Policy": policy, "X-Robots-Tag": "noindex, nofollow, noarchive", "X-Frame-Options": "DENY"}
    )


@cache
def _parts() -> tuple[jinja2.Template, str, str]:
    """The template; the style; and its hash, by which alone it is let in."""
    style = (_PAGES / "share.css").read_text(encoding="utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string((_PAGES / "share.html").read_text(encoding="utf-8"))
    return template, style, b64encode(hashlib.sha256(style.encode()).digest()).decode()


def _size(count: int) -> str:
    """A number of bytes for people."""
    size, units = float(count), ["bytes", "kB", "MB", "GB"]
    while size >= 1000 and len(units) > 1:
        size, units = size / 1000, units[1:]
    return f"{count:,} bytes" if units[0] == "bytes" else f"{size:.1f} {units[0]}"
