"""The pages of the audit list: what happened by who, what and when, the same as a CSV file, and whether the chain holds."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Any

from fastapi import Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from octavo.control import events
from octavo.control.access import actions as access
from octavo.control.audit import actions
from octavo.control.audit.actions import Entry, Verified
from octavo.errors import TooLarge
from octavo.web.lists import PageNumber
from octavo.web.moments import Day
from octavo.web.pages import visit
from octavo.web.pages.form import Form
from octavo.web.pages.routing import Router
from octavo.web.pages.visit import Visit

router = Router()

PAGE_SIZE = 50
MOST_ROWS = 20_000
"""One file of the list holds so many entries; for more it is asked for in parts."""
_SHOWN_PROBLEMS = 50

_NAME = r"^[a-z][a-z_]*(\.[a-z_]+)?$"
_HEAD = ("number", "at", "actor", "user_id", "key_id", "address", "request_id", "action", "subject", "subject_id", "detail")
_TRIGGERS = tuple("=+-@\t\r\n＝＋－＠")
"""What a spreadsheet takes for the beginning of a formula."""

PLACES = {
    "run": "/history/%s", "export": "/exports/%s", "template": "/templates/%s", "schedule": "/schedules/%s", "member": "/settings/members/%s",
    "project": "/settings/projects/%s", "webhook": "/settings/webhooks/%s", "place": "/settings/places/%s",
    "delivery": "/settings/deliveries/%s", "organization": "/settings/organization", "retention": "/settings/retention",
    "notifications": "/settings/notifications", "sharing": "/settings/sharing", "export_settings": "/settings/exports", "key": "/settings/keys",
}  # fmt: skip
"""Where what an entry is about is looked at."""


class Wanted(BaseModel):
    """Which entries; `until` is the last day."""

    action: str | None = Field(None, pattern=_NAME, max_length=100)
    subject: str | None = Field(None, pattern=_NAME, max_length=100)
    subject_id: int | None = Field(None, ge=1, le=2**53 - 1)
    user_id: int | None = Field(None, ge=1, le=2**53 - 1)
    since: Day | None = None
    until: Day | None = None


@dataclass(frozen=True)
class Line:
    """One thing that a detail says: how it is called, and what it is, a line each."""

    name: str
    value: str


Text = Annotated[str, Query(max_length=100)]


@router.page("/audit")
def listed(
    looking: visit.Auditing, action: Text = "", subject: Text = "", subject_id: Text = "", user_id: Text = "", since: Text = "", until: Text = "",
    page: PageNumber = 1,
) -> Response:  # fmt: skip
    asked = _asked(looking, action=action, subject=subject, subject_id=subject_id, user_id=user_id, since=since, until=until)
    wanted = looking.form.read(Wanted) or Wanted()
    found: list[Entry] = []
    total = 0
    with looking.transaction() as connection:
        if looking.form.ok:
            found, total = actions.entries(connection, **_filters(looking, wanted), offset=(page - 1) * PAGE_SIZE, limit=PAGE_SIZE)
        people = [(one.user_id, one.name) for one in access.members(connection)]
        verified = actions.last_verified(connection)
    head = actions.anchor(looking.server.database, looking.principal.organization)
    return looking.page(
        "audit/list.html", title="Audit", entries=found, total=total, page=page, page_size=PAGE_SIZE, people=people, verified=verified, head=head,
        detail=lines, places=PLACES, query=asked, filtered=bool(asked), most=MOST_ROWS,
    )  # fmt: skip


@router.page("/audit/csv")
def as_csv(
    looking: visit.Auditing,
    action: Text = "",
    subject: Text = "",
    subject_id: Text = "",
    user_id: Text = "",
    since: Text = "",
    until: Text = "",
) -> Response:
    """The entries that fit, the latest first, as a file; that somebody has them stands in the list itself."""
    asked = _asked(looking, action=action, subject=subject, subject_id=subject_id, user_id=user_id, since=since, until=until)
    wanted = looking.form.read(Wanted)
    if wanted is None:
        shown: Response = listed(looking, **asked)
        return shown
    with looking.transaction() as connection:
        found, total = actions.entries(connection, **_filters(looking, wanted), limit=MOST_ROWS)
        if total > MOST_ROWS:
            raise TooLarge(
                f"{total:,} entries are like that, and one file holds {MOST_ROWS:,}; nothing was made. Narrow it by days, or read it by API (/api/audit)"
            )
        events.record(connection, looking.actor, "audit.exported", subject="audit", detail={**asked, "entries": len(found)})
    name = f"audit-{looking.principal.organization.slug}-{datetime.now(UTC):%Y%m%d-%H%M%S}.csv"
    return Response(_csv(found), media_type="text/csv; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}"'})


@router.page("/audit/chain")
def chain(looking: visit.Auditing) -> Response:
    return _chain(looking)


@router.form("/audit/chain")
def verify(looking: visit.Auditing) -> Response:
    """As octavo audit verify does it; that it was done stands in the list itself."""
    found = actions.verify(looking.server.database, looking.principal.organization)
    with looking.transaction() as connection:
        actions.note_verified(connection, looking.actor, found)
    return _chain(looking, found)


def _chain(looking: Visit, found: Verified | None = None) -> Response:
    with looking.transaction() as connection:
        verified = actions.last_verified(connection)
    head = actions.anchor(looking.server.database, looking.principal.organization)
    return looking.page(
        "audit/chain.html", title="The chain of the audit list", head=head, verified=verified, found=found, most=_SHOWN_PROBLEMS
    )


def _asked(looking: Visit, **query: str) -> dict[str, str]:
    """What was asked in the address, which the filters show again."""
    asked = {name: value.strip() for name, value in query.items() if value.strip()}
    looking.form = Form(list(asked.items()))
    return asked


def _filters(looking: Visit, wanted: Wanted) -> dict[str, Any]:
    """With the days as moments in the organization's zone."""
    zone = looking.shown.zone
    return {
        **wanted.model_dump(exclude={"since", "until"}),
        "since": wanted.since and datetime.combine(wanted.since, time(), zone),
        "until": wanted.until and datetime.combine(wanted.until + timedelta(days=1), time(), zone),
    }


def lines(detail: Mapping[str, Any]) -> list[Line]:
    """A detail as people read it: what is within something by its names one after the other."""
    return [Line(" › ".join(_named(part) for part in path), text) for path, text in _flat(detail, ()) if text]


def _flat(value: Any, path: tuple[str, ...]) -> list[tuple[tuple[str, ...], str]]:
    if isinstance(value, Mapping):
        return [pair for name, inner in value.items() for pair in _flat(inner, (*path, str(name)))]
    if isinstance(value, Sequence) and not isinstance(value, str):
        if all(not isinstance(one, Mapping | list) for one in value):
            return [(path, ", ".join(_said(one) for one in value))]
        return [pair for number, one in enumerate(value, start=1) for pair in _flat(one, (*path, str(number)))]
    return [(path, _said(value))]


def _named(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _said(value: Any) -> str:
    return "" if value is None else "yes" if value is True else "no" if value is False else str(value)


def _csv(found: Sequence[Entry]) -> bytes:
    """RFC 4180; the detail is JSON in one cell. No cell begins as a formula does."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(_HEAD)
    for one in found:
        cells = {
            **vars(one),
            "at": one.at.astimezone(UTC).isoformat(),
            "detail": json.dumps(one.detail, ensure_ascii=False, sort_keys=True),
        }
        writer.writerow([_guarded(cells[name]) for name in _HEAD])
    return written.getvalue().encode()


def _guarded(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.lstrip("'")[:1] in _TRIGGERS else value
