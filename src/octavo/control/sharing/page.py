"""The page behind a link: plain HTML without a script, that nobody frames, indexes, keeps, or is told of by a Referer."""

from urllib.parse import urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse

from octavo.control.runs import rules as runs_rules
from octavo.control.sharing.door import Opened
from octavo.pipeline import branding
from octavo.web.asking import server_of
from octavo.web.pages import told as pages
from octavo.web.pages.shown import Shown

GONE = "This link leads nowhere, or not any more. Ask whoever sent it to you for a new one."
WRONG = "This is not the password of this link. Look at it again, and try once more."


def shown(request: Request, opened: Opened, place: str, *, problem: str = "", status: int = 200) -> HTMLResponse:
    """The page of a link that leads somewhere. `place` is where its file will be fetched, which the form may lead to."""
    run, organization = opened.run, opened.organization
    name = runs_rules.served(run.report, run.created_at, run.id, run.file_key or "", run.media_type).name
    parts = urlsplit(place)
    leads = f"'self' {parts.scheme}://{parts.netloc}" if parts.netloc else "'self'"
    context = {
        "title": "A file for you", "organization": organization, "shown": Shown.of(organization), "accent": branding.accent(organization.branding),
        "opened": opened, "run": run, "name": name, "problem": problem,
    }  # fmt: skip
    return pages.outside(request, "sharing/share.html", context, status, policy={"form-action": leads})


def address(request: Request, token: str) -> str:
    """The link as an outsider is sent it."""
    base = server_of(request).settings.public_url or str(request.base_url)
    return f"{base.rstrip('/')}/share/{token}"


def told(request: Request, title: str, problem: str, status: int) -> HTMLResponse:
    """A page without a file."""
    return pages.outside(request, "outside.html", {"title": title, "said": problem}, status, policy={"form-action": "'none'"})
