"""Runs as they are asked for: checked, then written in a few statements however many they are, with their wake-ups and what is recorded of them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, cast

from psycopg import sql
from psycopg.types.json import Jsonb

from octavo.control import events
from octavo.database.connection import Connection
from octavo.errors import NotFound
from octavo.pipeline import catalog, comparison, protection, writers
from octavo.pipeline import each as eaches


@dataclass(frozen=True)
class Order:
    """What a run is to be: the columns of its row that whoever asks decides on."""

    report: str
    report_version: str
    format: str
    parameters: dict[str, Any]
    requested_by: int | None
    requested_by_name: str
    options: dict[str, Any] = field(default_factory=dict)
    sections: list[str] = field(default_factory=list)
    fields: list[str] = field(default_factory=list)
    filters: list[dict[str, Any]] = field(default_factory=list)
    arrangement: dict[str, Any] = field(default_factory=dict)
    compare: str | None = None
    time_zone: str | None = None
    locale: str | None = None
    source: str = "on_demand"
    template_id: int | None = None
    export_request_id: int | None = None
    schedule_id: int | None = None
    planned_at: datetime | None = None
    again: bool = False
    protected: bool = False
    sealed_password: bytes | None = None
    bulk: bool = False
    masked: bool = True
    branding: dict[str, Any] = field(default_factory=dict)
    deliver_to: list[dict[str, Any]] = field(default_factory=list)
    subject: str = ""
    message: str = ""
    each: dict[str, Any] = field(default_factory=dict)
    made_as: str = "runs"
    group_id: int | None = None


_COLUMNS = sql.SQL(", ").join(sql.Identifier(one.name) for one in fields(Order))
_TOLD = ("report", "format", "parameters", "fields", "filters", "arrangement", "compare", "source", "masked", "protected", "deliver_to")
_TOLD_WHERE_SAID = ("schedule_id", "planned_at", "group_id")
_TOLD_OF_SEVERAL = ("each", "made_as")


def check(
    entry: catalog.Entry,
    format: str,
    given: Mapping[str, Any],
    options: Mapping[str, Any],
    sections: Sequence[str],
    *,
    each: Mapping[str, Any] = MappingProxyType({}),
    made_as: str = eaches.WAYS[0],
    protected: bool = False,
    compare: str | None = None,
) -> None:
    """Refuses at once whatever can be found wrong without reading data."""
    format_ = writers.named(format)
    said = format_.read_options(dict(options))
    if protected:
        protection.refuse_options(format_, said)
    known = {section.name for section in entry.report.sections}
    for name in sections:
        if name not in known:
            raise NotFound(f"{entry.key} has no section {name!r}; it has: {', '.join(sorted(known))}")
    eaches.check(entry, given, each)
    if compare is not None:
        comparison.refuse(entry, compare, sections)
        if made_as != eaches.WAYS[0]:
            comparison.refuse_together(compare)
        for asked in () if eaches.EVERY in each.values() else eaches.parse(entry, given, each):
            comparison.refuse_without_period(entry, asked)


def apart(connection: Connection, order: Order) -> list[Order]:
    """An order for each combination of what the order asks several values of: a group of runs."""
    row = connection.execute("select octavo.random_id()").fetchone()
    assert row is not None
    return [replace(order, parameters={**order.parameters, **one}, group_id=cast(int, row[0])) for one in eaches.combinations(order.each)]


def as_json(given: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as they were given; a date as its text, which is read as the same date."""
    found: dict[str, Any] = json.loads(json.dumps(given, default=str))
    return found


def write(connection: Connection, actor: events.Actor, orders: Sequence[Order]) -> list[int]:
    """Has all of these be made when the transaction commits, and none when it does not; gives the ids of the runs, in order."""
    rows = [_row(order) for order in orders]
    ids = [
        cast(int, row[0])
        for row in connection.execute(
            sql.SQL(
                "insert into octavo.generated_report ({0}) select {0} from jsonb_populate_recordset(null::octavo.generated_report, %s) returning id"
            ).format(_COLUMNS),
            [Jsonb(rows)],
        )
    ]
    connection.execute("select octavo.wake(bulk) from unnest(%s::boolean[]) as bulk", [[order.bulk for order in orders]])
    events.record_all(
        connection, actor, "run.requested", subject="run",
        details=[
            (run_id, {name: row[name] for name in _TOLD} | {name: row[name] for name in _TOLD_WHERE_SAID if row[name] is not None}
             | {name: row[name] for name in _TOLD_OF_SEVERAL if row["each"]})
            for run_id, row in zip(ids, rows, strict=True)
        ],
    )  # fmt: skip
    return ids


def _row(order: Order) -> dict[str, Any]:
    """The row as JSON, as PostgreSQL reads it."""
    planned, sealed = order.planned_at, order.sealed_password
    return vars(order) | {
        "planned_at": planned.isoformat() if planned else None,
        "sealed_password": rf"\x{sealed.hex()}" if sealed else None,
    }
