"""Again: what a sealed file would hold today, asked the same, and how that differs: figures by the manifests, rows by the files themselves."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from octavo.pipeline import comparison, definition
from octavo.pipeline.binding import Request
from octavo.pipeline.catalog import Entry
from octavo.pipeline.document import Organization
from octavo.pipeline.earlier import Earlier
from octavo.pipeline.manifest import Manifest
from octavo.pipeline.readback import READERS


def request(sealed: Manifest, organization: Organization, entry: Entry) -> Request:
    """What was asked for, with the values that were found then: a period is its days, whatever day it is today."""
    sealed_ones = {section.name for section in sealed.sections}
    every = [section for section in entry.report.sections if isinstance(section, definition.Tabular)]
    chosen = tuple(section.name for section in every if section.name in sealed_ones)
    given = dict(sealed.parameters)
    compared = given.pop(comparison.ASKED, None)
    return Request(
        report=sealed.report,
        organization=organization,
        format=sealed.format,
        parameters={name: _given(value) for name, value in given.items() if value is not None and name not in sealed.each},
        each={name: [_given(value) for value in sealed.parameters[name]] for name in sealed.each},
        made_as=("zip" if sealed.parts else "merged") if sealed.each else "runs",
        options=sealed.options,
        sections=() if len(chosen) == len(every) else chosen,
        zone=sealed.time_zone,
        locale=sealed.locale,
        masked=sealed.masked,
        compare=Earlier.of(compared) if compared else None,
        requested_by="octavo verify --again",
    )


def _given(value: Any) -> Any:
    return f"{value['start']}/{value['end']}" if isinstance(value, Mapping) and {"start", "end"} <= set(value) else value


def differences(then: Manifest, before: Path, now: Manifest, after: Path) -> Iterator[str]:
    """Everything in which the two files differ, but for the time at which they were made."""
    if then.report_version != now.report_version:
        yield "the report itself was changed since: its definition or a query is another one"
    sections = {section.name: section for section in now.sections}
    for old in then.sections:
        new = sections.pop(old.name, None)
        if new is None:
            yield f"section {old.name} is not there any more"
            continue
        if old.columns != new.columns:
            yield f"section {old.name} has other columns: {', '.join(column.name for column in new.columns)}"
        if old.rows != new.rows:
            yield f"section {old.name} had {old.rows:,} rows and has {new.rows:,}"
        totals = {(total.column, total.currency): total.value for total in new.totals}
        for total in old.totals:
            found = totals.pop((total.column, total.currency), "0")
            if found != total.value:
                yield f"the total of {_named(old.name, total.column, total.currency)} was {total.value} and is {found}"
        for (column, currency), value in totals.items():
            yield f"the total of {_named(old.name, column, currency)} was 0 and is {value}"
    for name in sections:
        yield f"section {name} is new"
    yield from _rows(then, before, now, after)


def _named(section: str, column: str, currency: str | None) -> str:
    return f"{section}.{column}" + (f" in {currency}" if currency else "")


def _rows(then: Manifest, before: Path, now: Manifest, after: Path) -> Iterator[str]:
    """How many rows are in one of the two alone. A PDF is not read, since its text has no cells; nor a file with a password, nor those in a zip."""
    read = READERS.get(then.format)
    if (
        read is None
        or then.protected
        or then.parts
        or any(old.columns != new.columns for old, new in zip(then.sections, now.sections, strict=False))
    ):
        return
    counts: dict[str, Counter[bytes]] = {}
    for path, manifest, step in ((before, then, 1), (after, now, -1)):
        for section, row in read(path, manifest):
            counts.setdefault(section.name, Counter())[_digest(row)] += step
    for name, counted in counts.items():
        gone, come = (sum(count for count in (sign * one for one in counted.values()) if count > 0) for sign in (1, -1))
        if gone or come:
            yield f"of section {name}, {gone:,} rows are in the sealed file alone, and {come:,} would be new or other ones"


def _digest(row: Any) -> bytes:
    return hashlib.blake2b(repr(list(row)).encode(), digest_size=16).digest()
