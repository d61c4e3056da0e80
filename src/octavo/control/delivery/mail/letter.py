"""What a mail says and how it is put together: HTML and text from the same facts, one message for each recipient.

What is the same for all recipients is made once; the two lines that differ are put before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import jinja2

from octavo.control.delivery import rules, wording
from octavo.control.delivery.channel import Parcel
from octavo.control.delivery.notices import Setting
from octavo.control.runs import rules as runs
from octavo.control.runs.actions import Run
from octavo.pipeline import branding, locales, naming
from octavo.pipeline.document import Organization
from octavo.settings import Settings

_POLICY = SMTP.clone(cte_type="7bit", max_line_length=78)
_KINDS = {"pdf": "PDF", "xlsx": "Excel workbook", "csv": "CSV", "json": "JSON", "zip": "ZIP archive"}


@dataclass(frozen=True)
class Attachment:
    """The file of a run, read."""

    name: str
    media_type: str
    contents: bytes


@dataclass(frozen=True)
class Letter:
    """A mail as everybody gets it, but for the lines that say to whom."""

    body: bytes

    def to(self, recipient: str, message_id: str) -> bytes:
        """The message for one recipient, an address that rules.address took: it can hold no second line."""
        return f"To: {rules.address(recipient)}\r\nMessage-ID: {message_id}\r\n".encode("ascii") + self.body


def encoded_bytes(size: int) -> int:
    """How large a file of that size is in a mail: base64, in lines of 76 characters that end in CRLF."""
    characters = (size + 2) // 3 * 4
    return characters + 2 * ((characters + 75) // 76)


def write(parcel: Parcel, setting: Setting, settings: Settings, attachment: Attachment | None) -> Letter:
    """The mail of a parcel. Without an attachment a mail about a file links to it."""
    facts = _facts(parcel, settings, attachment)
    message = EmailMessage(policy=_POLICY)
    sender = rules.address(settings.mail_from)
    message["From"] = Address(setting.from_name or parcel.organization.name, addr_spec=sender)
    message["Subject"] = subject(parcel)
    message["Date"] = format_datetime(datetime.now(UTC))
    if setting.reply_to:
        message["Reply-To"] = Address(addr_spec=setting.reply_to)
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(_template("mail.txt").render(facts).strip() + "\n", cte="quoted-printable")
    message.add_alternative(_template("mail.html").render(facts), subtype="html", cte="quoted-printable")
    if attachment is not None:
        main, _, sub = attachment.media_type.partition("/")
        message.add_attachment(
            attachment.contents, maintype=main, subtype=sub or "octet-stream", filename=naming.plain_name(attachment.name)
        )
    return Letter(message.as_bytes())


def subject(parcel: Parcel) -> str:
    """One line, in which no word can begin another."""
    run, organization = parcel.run, parcel.organization
    if run is None:
        said = {
            "summary": f"Your week in reports: {parcel.facts.get('week', '')}",
            "test": f"A test from {organization.name}",
        }.get(parcel.purpose, organization.name)
    else:
        title, covered = _title(parcel, run), wording.period(run.manifest or {}, locales.named(run.locale or organization.locale))
        named = ", ".join(part for part in (title, covered) if part)
        if parcel.purpose == "failure":
            said = f"Not made: {named}"
        elif parcel.purpose == "success":
            said = f"Ready: {named}"
        else:
            words = {"report": title, "date": wording.words(run, organization.time_zone)["date"], "period": covered}
            said = naming.filled(run.subject, words) if run.subject else named
    return " ".join("".join(character if character.isprintable() else " " for character in said).split())[:250]


def _facts(parcel: Parcel, settings: Settings, attachment: Attachment | None) -> dict[str, Any]:
    """What the templates find: everything is text in the locale of the run, ready to be shown."""
    organization, run = parcel.organization, parcel.run
    facts: dict[str, Any] = {
        "purpose": parcel.purpose,
        "organization": organization.name,
        "accent": branding.accent(organization.branding),
        "on_accent": on(branding.accent(organization.branding)),
        "accent_text": readable(branding.accent(organization.branding), on="#fbfaf7", towards=0),
        "accent_dark": readable(branding.accent(organization.branding), on="#1f2226", towards=255),
        "footer": str(organization.branding.get("footer") or ""),
        "subject": subject(parcel),
        "facts": dict(parcel.facts),
        "link": None,
    }
    return facts if run is None else facts | _of_run(parcel, run, organization, settings, attachment)


def _of_run(parcel: Parcel, run: Run, organization: Organization, settings: Settings, attachment: Attachment | None) -> dict[str, Any]:
    conventions = locales.named(run.locale or organization.locale)
    zone = run.time_zone or organization.time_zone
    ended = (run.completed_at or run.created_at).astimezone(ZoneInfo(zone))
    details = [("Made", f"{conventions.instant(ended)} {zone}")] if parcel.purpose != "failure" else []
    if run.records is not None:
        details.append(("Rows", conventions.number(run.records, 0)))
    if run.masked and parcel.purpose == "file":
        details.append(("Personal data", "masked"))
    if run.requested_by_name:
        details.append(("Asked for by", run.requested_by_name))
    kind = (run.file_key or run.format).rsplit(".", 1)[-1]
    return {
        "title": _title(parcel, run),
        "period": wording.period(run.manifest or {}, conventions),
        "message": run.message if parcel.purpose == "file" else "",
        "figures": [figure for figure in run.figures if len(figure) == 2][:6] if parcel.purpose != "failure" else [],
        "details": details,
        "attachment": attachment.name if attachment else None,
        "kind": _KINDS.get(kind, kind.upper()),
        "size": size(run.file_bytes or 0, conventions),
        "link": page_of(settings, run),
        "run": run.id,
        "report": run.report,
        "error": run.error_message or "",
        "attempts": run.failures,
        "zone": zone,
    }


def _title(parcel: Parcel, run: Run) -> str:
    """What the report is called: as in its file, or, where there is none, as the catalog calls it."""
    return str((run.manifest or {}).get("title") or parcel.facts.get("title") or run.report)


def page_of(settings: Settings, run: Run) -> str | None:
    """Where people look at a run: they sign in there, so that a mail that is passed on opens nothing."""
    return f"{settings.public_url.rstrip('/')}/history/{run.id}" if settings.public_url else None


def size(count: int, conventions: locales.Conventions) -> str:
    """Bytes as people read them."""
    for unit, whole in (("MB", 1_000_000), ("KB", 1_000)):
        if count >= whole:
            return f"{conventions.number(_tenths(count, whole), 1)} {unit}"
    return f"{conventions.number(count, 0)} bytes"


def _tenths(count: int, whole: int) -> Any:
    from decimal import Decimal

    return Decimal(count) / whole


def save_as(run: Run) -> str:
    """What the attachment is called: as a browser would save it."""
    return runs.served(run.report, run.created_at, run.id, run.file_key or "", run.media_type).name


def on(colour: str) -> str:
    """Black or white, whichever is read better on a colour: by the contrast of WCAG 2."""
    return "#ffffff" if _contrast(colour, "#ffffff") >= _contrast(colour, "#1c1e21") else "#1c1e21"


def readable(colour: str, *, on: str, towards: int) -> str:
    """The colour as text on a paper: mixed with black (0) or white (255) until its contrast is that of text (4.5)."""
    channels = _channels(colour)
    for share in range(0, 101, 5):
        mixed = "#" + "".join(f"{round(one + (towards - one) * share / 100):02x}" for one in channels)
        if _contrast(mixed, on) >= 4.5:
            return mixed
    return "#1c1e21" if towards == 0 else "#ffffff"


def _channels(colour: str) -> Sequence[int]:
    return [int(colour[start : start + 2], 16) for start in (1, 3, 5)]


def _contrast(one: str, other: str) -> float:
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    linear = [part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in _channels(colour)]
    return float(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("octavo.control.delivery.mail", "templates"),
        autoescape=lambda name: name is None or name.endswith(".html"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _template(name: str) -> jinja2.Template:
    return _environment().get_template(name)
