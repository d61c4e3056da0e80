"""A logo in a form: a file that is chosen, carried along while the rest of the form is still wrong, or taken away. ui.logo shows the fields."""

import base64

from octavo.pipeline import branding, logo
from octavo.web.pages.form import Form

FILE, CARRIED, AWAY = "logo_file", "logo", "no_logo"
LARGEST = logo.LARGEST
"""Bytes of the file."""


def said(form: Form, before: str) -> str:
    """The logo that the form says, where `before` is the one that is there: as it stands in the branding, "" for none."""
    return _chosen(form) or ("" if form.has(AWAY, "on") else form.text(CARRIED) or before)


def refuse_undrawable(form: Form) -> None:
    """Says beside its field what is wrong with the file that was chosen."""
    with form.refusals(FILE):
        branding.checked({"logo": _chosen(form)})


def carried(form: Form) -> str:
    """What a form that is shown again carries along, because a browser keeps no file."""
    if form.ok or FILE in form.errors:
        return ""
    kept = form.text(CARRIED)
    return _chosen(form) or (kept if kept.startswith(logo.PREFIX) else "")


def _chosen(form: Form) -> str:
    chosen = form.files.get(FILE)
    return logo.PREFIX + base64.b64encode(chosen).decode() if chosen else ""
