"""What the form of a report's parameters asks the database: the options of its look-ups, the days that periods mean now, and what a typed word means."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from octavo.errors import UsageError
from octavo.pipeline import catalog, options
from octavo.pipeline.catalog import Entry
from octavo.pipeline.periods import Period
from octavo.pipeline.snapshot import Snapshot, open_snapshot
from octavo.web.pages import parameters
from octavo.web.pages.parameters import Field
from octavo.web.pages.visit import Visit

MOST_OPTIONS = 200
"""A look-up of more options is typed: its value, or a part of its name."""
MOST_FOUND = 6
SOON_SECONDS = 3.0
"""The longest that a page waits for one query of its options or rows."""
PERSONAL = "reports.view_pii"


def offered(looking: Visit, entry: Entry, *, left_open: bool = False) -> list[Field]:
    """The fields of the form, with the options of their look-ups and the days that their periods mean now. Raises DefinitionError, QueryFailed, DatabaseError."""
    made = parameters.of(entry, left_open=left_open)
    looked_up, has_periods = catalog.lookups(entry.report.parameters), any(one.kind == "period" for one in made)
    if not (looked_up or has_periods):
        return made
    with _soon(looking) as snapshot:
        billing = entry.pack.pack.billing_period
        billed = snapshot.lookup(billing, entry.pack.read(billing)) if billing and has_periods else []
        made = [_looked_up(looking, entry, one, snapshot) if one.name in looked_up else one for one in made]
        return [_dated(one, looking, snapshot, billed) if one.kind == "period" else one for one in made]


def _soon(looking: Visit) -> Any:
    organization = looking.principal.organization
    limited = replace(looking.server.database, statement_timeout_seconds=SOON_SECONDS)
    return open_snapshot(limited, organization, organization.time_zone, short=True)


def _looked_up(looking: Visit, entry: Entry, field: Field, snapshot: Snapshot) -> Field:
    lookup = catalog.lookups(entry.report.parameters)[field.name]
    found = options.first(entry, lookup, snapshot, MOST_OPTIONS + 1, masked=not looking.may(PERSONAL))
    return field.offering(tuple(found) if len(found) <= MOST_OPTIONS else None)


def _dated(field: Field, looking: Visit, snapshot: Snapshot, billing: Sequence[tuple[Any, ...]]) -> Field:
    """Each choice of a period with the days that it means today; the latest billing period where there is one."""
    told = []
    for said, words in field.options:
        if said == parameters.DATES:
            told.append((said, words))
            continue
        try:
            meant = Period(said).resolve(snapshot.today, snapshot.zone, lambda: (billing[0][0], billing[0][1]) if billing else None)
        except UsageError:
            continue  # no billing period is completed yet
        told.append((said, f"{words}: {looking.shown.period(meant.start, meant.end)}"))
    return replace(field, options=tuple(told), hint=f"{field.hint} Days in {snapshot.zone}.".strip())


def read(looking: Visit, entry: Entry, fields: list[Field], *, elsewhere: Collection[str] = ()) -> dict[str, Any] | None:
    """The parameters that were typed, a part of a name as the one value that it finds; None where something is wrong, which then stands beside the fields.

    Those that are said `elsewhere` are not looked at.
    """
    form = looking.form
    fields = [one for one in fields if one.name not in elsewhere]
    typed = {one: form.text(one.field) for one in fields if one.kind == "find" and form.text(one.field)}
    if typed:
        with _soon(looking) as snapshot:
            for field, word in typed.items():
                with form.refusals(field.field):
                    form.put({field.field: _meant(looking, entry, field, word, snapshot)})
    given = parameters.read(form, fields, entry.report.parameters, elsewhere=elsewhere)
    return given if all(one.field not in form.errors for one in fields) else None


def meant(looking: Visit, entry: Entry, field: Field, words: Sequence[str]) -> list[str]:
    """The value that each of these words means. Raises UsageError for the first that finds none or several."""
    with _soon(looking) as snapshot:
        return [_meant(looking, entry, field, word, snapshot) for word in words]


def _meant(looking: Visit, entry: Entry, field: Field, word: str, snapshot: Snapshot) -> str:
    """The one value that a word means. Raises UsageError where it finds none or several."""
    lookup = catalog.lookups(entry.report.parameters)[field.name]
    some = options.first(entry, lookup, snapshot, MOST_FOUND, masked=not looking.may(PERSONAL), word=word)
    exact = [value for value, _ in some if value == word] or ([some[0][0]] if len(some) == 1 else [])
    if exact:
        return exact[0]
    if not some:
        raise UsageError(f"Nothing is called {word}. Type its value, or another part of its name.")
    told = ", ".join(f"{value} ({label})" if label != value else value for value, label in some[: MOST_FOUND - 1])
    raise UsageError(f"Several are called so: {told}{' and more' if len(some) == MOST_FOUND else ''}. Type one of them.")
