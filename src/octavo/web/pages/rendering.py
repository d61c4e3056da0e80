"""From a template to an answer: the environment of all templates, and the headers that keep a page to itself.

A template is named <module>/<file>, e.g. runs/list.html, and lies in control/<module>/pages/; those of the shell have no folder in their name.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from fastapi.responses import HTMLResponse
from jinja2.runtime import Context

from octavo.pipeline import branding
from octavo.web.pages import assets, form, shown

_SHELL = Path(__file__).parent / "templates"
_MODULES = Path(__file__).parent.parent.parent / "control"

POLICY = {
    "default-src": "'none'", "style-src": "'self'", "script-src": "'self'", "img-src": "'self' data:", "connect-src": "'self'",
    "form-action": "'self'", "base-uri": "'none'", "frame-ancestors": "'none'",
}  # fmt: skip
"""Nothing from elsewhere, nothing inline."""
OUTSIDE = {
    "default-src": "'none'", "style-src": "'self'", "form-action": "'self'", "img-src": "'self'", "base-uri": "'none'", "frame-ancestors": "'none'",
}  # fmt: skip
"""Of pages for whoever is not signed in: they run nothing at all."""
_HEADERS = {"X-Frame-Options": "DENY", "Cross-Origin-Opener-Policy": "same-origin", "X-Robots-Tag": "noindex, nofollow, noarchive"}


def answer(
    template: str, context: Mapping[str, Any], status: int = 200, *, root: str = "", policy: Mapping[str, str] = POLICY,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:  # fmt: skip
    """The page of a template. `root` is what a proxy puts before every path."""
    said = "; ".join(f"{name} {value}" for name, value in policy.items())
    html = render(template, context, root=root)
    return HTMLResponse(html, status, {**_HEADERS, "Content-Security-Policy": said, **(headers or {})})


def render(template: str, context: Mapping[str, Any], *, root: str = "") -> str:
    """The text of a template, for an answer or a part of one. Raises jinja2.UndefinedError for a name that nobody gave it."""
    given = {
        "shown": shown.Shown(), "accent": branding.ACCENT, "csrf_token": "", "sent": form.Form(), "at": lambda path: f"{root}{path}",
        "asset": lambda name: f"{root}{assets.address(name)}", **context,
    }  # fmt: skip
    given["accent_sheet"] = f"{root}{assets.accent(given['accent'])}"
    return environment().get_template(template).render(given)


@cache
def environment() -> jinja2.Environment:
    """Every template of the house. Whatever is not said to be HTML is escaped, and a name that is not there is an error."""
    modules = {folder.parent.name: jinja2.FileSystemLoader(folder) for folder in sorted(_MODULES.glob("*/pages")) if folder.is_dir()}
    made = jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.FileSystemLoader(_SHELL), jinja2.PrefixLoader(modules)]),
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    for name in shown.FILTERS:
        made.filters[name] = _filter(name)
    return made


def _filter(name: str) -> Any:
    @jinja2.pass_context
    def written(context: Context, value: Any, *arguments: Any, **named: Any) -> Any:
        found: shown.Shown = context["shown"]
        return found.filter(name)(value, *arguments, **named)

    return written
