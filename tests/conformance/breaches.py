"""Tries to reach, as one organization, what another has: every way into one table, as each of Octavo's roles.

It works in an open transaction of the ordinary login and leaves nothing behind, so that it also sees what the transaction broke
on purpose.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from tests.conformance.tenant_tables import APPEND_ONLY, OWNER_SEES, SHARED, Connection, Rows, Table, children

REFUSED = "42501"
NO_SUCH_PARENT = "23503"
ALWAYS = sql.SQL("")
UNLESS_THERE = sql.SQL("on conflict do nothing")


@contextmanager
def acting(connection: Connection, role: str, organization: int | None) -> Iterator[None]:
    """Until the end of the block one is `role`, and names that organization or none; then everything is undone."""
    with connection.transaction(force_rollback=True):
        connection.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
        # A setting that was ever set is '' afterwards, not null: that is the harder case of "none".
        connection.execute(sql.SQL("set local octavo.organization_id = {}").format(sql.Literal(str(organization or ""))))
        yield


def outcome(connection: Connection, statement: sql.Composable, values: Sequence[Any] = ()) -> int | str:
    """How many rows a statement touched, or the SQLSTATE it was refused with: itself, or what a trigger of the table did next. It is undone."""
    try:
        with connection.transaction(force_rollback=True):
            return connection.execute(statement, values).rowcount
    except psycopg.Error as error:
        assert error.sqlstate
        return f"{error.sqlstate} of a trigger" if error.diag.context and error.sqlstate == REFUSED else error.sqlstate


def seen(connection: Connection, name: sql.Identifier, tenant: str = "organization_id") -> dict[int, int] | str:
    """How many rows of each organization there are to be seen, or the SQLSTATE of the refusal."""
    try:
        with connection.transaction(force_rollback=True):
            counted = sql.SQL("select {}, count(*) from {} group by 1").format(sql.Identifier(tenant), name)
            return dict(connection.execute(counted).fetchall())
    except psycopg.Error as error:
        assert error.sqlstate
        return error.sqlstate


def copied(connection: Connection, name: sql.Identifier) -> set[bytes]:
    """The organizations in the rows that COPY gives out."""
    statement = sql.SQL("copy (select organization_id from {}) to stdout").format(name)
    with connection.transaction(), connection.cursor() as cursor, cursor.copy(statement) as rows:
        return {bytes(line) for row in rows for line in bytes(row).split()}


def breaches(connection: Connection, table: Table, tables: list[Table], rows: Rows, own: int, other: int) -> list[str]:
    """Everything that goes otherwise than it must for a table with a row of each organization; none is well."""
    attempts = [
        *_reading(connection, table, own),
        *_writing(connection, table, tables, rows, own, other),
        *_unnamed(connection, table, rows, own),
    ]
    return [f"{table.name}: {what}: {got!r} instead of {wanted!r}" for what, got, wanted in attempts if got != wanted]


@dataclass(frozen=True)
class Filled:
    """A database with one row of each of two organizations in every table."""

    conninfo: str
    tables: list[Table]
    rows: Rows
    own: int
    other: int

    def breaches(self, connection: Connection, table: Table) -> list[str]:
        return breaches(connection, table, self.tables, self.rows, self.own, self.other)


Attempt = tuple[str, object, object]


def _reading(connection: Connection, table: Table, own: int) -> Iterator[Attempt]:
    readable = table.schema != "octavo"
    with acting(connection, "octavo_reader", own):
        yield "the reader sees", seen(connection, table.identifier), {own: 1} if readable else REFUSED
        if readable:
            yield "COPY gives the reader", copied(connection, table.identifier), {str(own).encode()}
        yield "the reader deletes", outcome(connection, sql.SQL("delete from {}").format(table.identifier)), REFUSED
        yield (
            "the reader inserts",
            outcome(connection, sql.SQL("insert into {} (organization_id) select 1 where false").format(table.identifier)),
            REFUSED,
        )
    with acting(connection, "octavo_reader", None):
        yield "the reader of nobody sees", seen(connection, table.identifier), {} if readable else REFUSED
    with acting(connection, "octavo_app", own):
        yield "the application sees", seen(connection, table.identifier), {own: 1}
    with acting(connection, "octavo_owner", own):
        yield "the owner sees", seen(connection, table.identifier), {own: 1} if table.name in OWNER_SEES else {}


def _writing(connection: Connection, table: Table, tables: list[Table], rows: Rows, own: int, other: int) -> Iterator[Attempt]:
    # Without WHERE and RETURNING a statement reads no column, so only the policy of its own command stands in its way.
    update = sql.SQL("update {} set organization_id = {}")
    delete = sql.SQL("delete from {}").format(table.identifier)
    kept = table.name in APPEND_ONLY
    with acting(connection, "octavo_app", own):
        yield "an update touches", outcome(connection, update.format(table.identifier, own)), REFUSED if kept else 1
        yield "giving a row to the other", outcome(connection, update.format(table.identifier, other)), REFUSED
        yield "emptying", outcome(connection, sql.SQL("truncate {}").format(table.identifier)), REFUSED
        yield "inserting the other's row", _insert(connection, table, rows[table.name, other]), REFUSED
        yield "inserting the other's row unless it is there", _insert(connection, table, rows[table.name, other], UNLESS_THERE), REFUSED
        stranger = {**rows[table.name, other], "organization_id": 2**40}
        yield (
            "inserting the row of an organization that is not there",
            _insert(connection, table, stranger, UNLESS_THERE),
            REFUSED,
        )
        for key in table.foreign_keys:
            if key.parent in SHARED:
                continue
            yield f"pointing to the other's {key.parent}", *_pointing(connection, table, key, rows, own, other)
        for child in children(table, tables):
            connection.execute(sql.SQL("delete from {}").format(child.identifier))
        yield "a delete touches", outcome(connection, delete), REFUSED if kept else 1
        if kept:
            yield "inserting an own row", _insert(connection, table, rows[table.name, own]), REFUSED
        if outcome(connection, delete) == 1:
            connection.execute(delete)
            yield "inserting an own row", _insert(connection, table, rows[table.name, own]), 1


def _unnamed(connection: Connection, table: Table, rows: Rows, own: int) -> Iterator[Attempt]:
    untouched: object = REFUSED if table.name in APPEND_ONLY else 0
    with acting(connection, "octavo_app", None):
        yield "the application of nobody sees", seen(connection, table.identifier), {}
        yield (
            "an update of nobody touches",
            outcome(connection, sql.SQL("update {} set organization_id = 0").format(table.identifier)),
            untouched,
        )
        yield "a delete of nobody touches", outcome(connection, sql.SQL("delete from {}").format(table.identifier)), untouched
        yield "an insert of nobody", _insert(connection, table, rows[table.name, own]), REFUSED


def _insert(connection: Connection, table: Table, row: dict[str, Any], conflict: sql.SQL = ALWAYS) -> int | str:
    columns = sql.SQL(", ").join(map(sql.Identifier, table.written))
    return outcome(
        connection,
        sql.SQL("insert into {0} ({1}) select {1} from jsonb_populate_record(null::{0}, %s) {2}").format(
            table.identifier, columns, conflict
        ),
        [Jsonb(row)],
    )


_TOGETHER = {("octavo.generated_report", "export_request_id"): {"source": "export"}}
"""Columns that a table's checks let change only with others: these go along, so that nothing but the foreign key refuses."""
_WRITTEN_ONCE = {("octavo.export_request", "requested_by")}
"""Columns that never change: a further row is tried that points to the other's."""


def _pointing(connection: Connection, table: Table, key: Any, rows: Rows, own: int, other: int) -> tuple[object, object]:
    """What comes of pointing an own row to the other's parent row, by the part of its key that is not the organization."""
    foreign, mine = rows[key.parent, other], rows[table.name, own]
    changed = {column: foreign[name] for column, name in zip(key.columns, key.keys, strict=True) if column != "organization_id"}
    assert any(mine[column] != value for column, value in changed.items()), f"{key.name} proves nothing"
    if any((table.name, column) in _WRITTEN_ONCE for column in changed):
        return _insert(connection, table, {**mine, **changed, "id": mine["id"] + 2**40}), NO_SUCH_PARENT
    along = {name: value for column in changed for name, value in _TOGETHER.get((table.name, column), {}).items()}
    assignments = sql.SQL(", ").join(
        sql.SQL("{} = {}").format(sql.Identifier(column), sql.Literal(value)) for column, value in {**changed, **along}.items()
    )
    return outcome(connection, sql.SQL("update {} set {}").format(table.identifier, assignments)), NO_SUCH_PARENT
