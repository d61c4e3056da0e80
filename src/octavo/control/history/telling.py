"""What a run's page says of it: read in one transaction, and turned into what people read."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from octavo.control.audit import actions as audit
from octavo.control.delivery import actions as delivery
from octavo.control.retention import actions as retention
from octavo.control.retention.rules import Kept
from octavo.control.runs import actions as runs
from octavo.control.runs import rights, rules
from octavo.control.runs.actions import Run
from octavo.control.sharing import actions as sharing
from octavo.database.connection import Connection
from octavo.errors import OctavoError
from octavo.pipeline import catalog, definition, manifest, options
from octavo.pipeline.catalog import Entry
from octavo.pipeline.locales import named
from octavo.pipeline.snapshot import open_snapshot
from octavo.web import files
from octavo.web.pages.visit import Visit

EXPORT = "reports.export_reports"
PERSONAL = "reports.view_pii"
MOST_LISTED = 50
SOON_SECONDS = 2.0
"""How long the page waits for the name of what was looked up; without it stands its value."""


@dataclass(frozen=True)
class Told:
    """A run with all that belongs to it, as whoever looks may see it."""

    run: Run
    progress: Any
    """How far it is, with what ui.progress needs."""
    delivered: str
    deliveries: delivery.Page
    shares: list[sharing.Share]
    sharing: sharing.Setting
    kept: Kept
    entries: list[audit.Entry]
    entries_total: int


def read(connection: Connection, looking: Visit, run_id: int) -> Told:
    """Raises NotFound."""
    principal = looking.principal
    run = rights.seen(principal, runs.find(connection, run_id))
    entries, total = (
        audit.entries(connection, subject="run", subject_id=run_id, limit=MOST_LISTED) if looking.may("audit.view") else ([], 0)
    )
    return Told(
        run, run if rules.is_over(run.state) else runs.progress_of(connection, [run_id])[0], delivery.delivered(connection, run_id),
        delivery.list_(connection, principal, {"run_id": run_id}, page_size=MOST_LISTED),
        sharing.list_(connection, principal, run_id=run_id, page_size=MOST_LISTED)[0], sharing.setting(connection), retention.find(connection), entries, total,
    )  # fmt: skip


@dataclass(frozen=True)
class May:
    """What whoever looks is offered: never more than they may do, and only what the run can do as it stands."""

    download: bool
    why_no_file: str
    again: bool
    cancel: bool
    retry: bool
    share: bool
    hold: bool
    release: bool
    send: bool


def may(looking: Visit, told: Told) -> May:
    run, principal = told.run, looking.principal
    own = looking.may(EXPORT) and rights.may_change(principal, run)
    manages = looking.may(rights.MANAGE)
    why_not = ""
    try:
        files.require_file(principal, run)
    except OctavoError as error:
        why_not = str(error) if rules.is_over(run.state) and run.state not in ("failed", "cancelled") else ""
    download = run.file_key is not None and not why_not and run.state in ("completed", "expired")
    return May(
        download=download,
        why_no_file=why_not,
        again=looking.may(EXPORT) and run.report in looking.server.reports.entries,
        cancel=own and run.state in ("pending", "processing"),
        retry=own and run.state in ("failed", "cancelled") and not run.protected,
        share=manages and told.sharing.enabled and run.state == "completed" and run.archived_at is None and download,
        hold=manages and not run.legal_hold and (run.state != "expired" or run.archived_at is not None),
        release=manages and run.legal_hold,
        send=own,
    )


def asked(looking: Visit, run: Run) -> list[tuple[str, str]]:
    """What the run was asked, by the titles of its parameters: as it was resolved once the file is there, as it was said before."""
    entry = looking.server.reports.entries.get(run.report)
    given: Mapping[str, Any] = (run.manifest or {}).get("parameters", run.parameters)
    names = _names(looking, entry, given) if entry is not None else {}
    fields = entry.report.parameters.model_fields if entry is not None else {}
    told = []
    for name, value in given.items():
        title = (
            (fields[name].title if name in fields else None) or {"filters": "Only where"}.get(name) or name.replace("_", " ").capitalize()
        )
        told.append((title, names.get(name) or _shown(looking, value)))
    return told


def _names(looking: Visit, entry: Entry, given: Mapping[str, Any]) -> dict[str, str]:
    """What was looked up, by its name."""
    looked_up = {name: one for name, one in catalog.lookups(entry.report.parameters).items() if isinstance(given.get(name), str | int)}
    if not looked_up:
        return {}
    organization = looking.principal.organization
    limited = replace(looking.server.database, statement_timeout_seconds=SOON_SECONDS)
    found: dict[str, str] = {}
    try:
        with open_snapshot(limited, organization, organization.time_zone, short=True) as snapshot:
            for name, lookup in looked_up.items():
                word = str(given[name])
                some = options.first(entry, lookup, snapshot, 20, masked=not looking.may(PERSONAL), word=word)
                found[name] = dict(some).get(word, word)
    except OctavoError:
        pass  # its value stands there
    return found


def _shown(looking: Visit, value: Any) -> str:
    conventions = named(looking.principal.organization.locale)
    if isinstance(value, Mapping) and {"start", "end"} <= set(value):
        first, last = (conventions.date(date.fromisoformat(value[end])) for end in ("start", "end"))
        return f"{first if first == last else f'{first} – {last}'} ({value.get('time_zone', '')})"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(str(one) for one in value) or "none"
    return "all" if value is None else str(value)


@dataclass(frozen=True)
class Part:
    """A section of the file: its rows, where it lies, and its control totals with their currency."""

    title: str
    rows: int
    places: str
    totals: str


def parts(looking: Visit, run: Run) -> list[Part]:
    """The sections that the seal names, with their control totals as people read them."""
    if run.manifest is None:
        return []
    sealed = manifest.read(json.dumps(run.manifest))
    entry = looking.server.reports.entries.get(run.report)
    sections = {one.name: one for one in entry.report.sections} if entry is not None else {}
    conventions = named(looking.principal.organization.locale)
    told = []
    for one in sealed.sections:
        section = sections.get(one.name)
        columns = {column.name: column for column in section.columns} if isinstance(section, definition.Tabular) else {}
        totals = []
        for total in one.totals:
            column = columns.get(total.column)
            decimals = getattr(column, "decimals", None)
            amount = conventions.number(Decimal(total.value), decimals) if decimals is not None else total.value
            totals.append(f"{column.title if column else total.column} {amount}{f' {total.currency}' if total.currency else ''}")
        told.append(Part(section.title if section else one.name, one.rows, ", ".join(one.places), "; ".join(totals)))
    return told
