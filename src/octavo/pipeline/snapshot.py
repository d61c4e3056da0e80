"""One snapshot of one organization, and the queries of a report in it.

All sections of an artefact read the same REPEATABLE READ snapshot, so a summary and its detail always agree. The rows of a section
are its query inside one projection made from its columns: that projection is where personal data is masked.
"""

import select as polling
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, cast

import psycopg
from psycopg import pq, sql
from psycopg.pq.abc import PGconn
from psycopg.types import TypeInfo
from psycopg.types.datetime import DateLoader, TimestamptzLoader

from octavo.database.connection import Connection, Database
from octavo.errors import DatabaseError, DefinitionError, OctavoError, QueryFailed, TooLarge
from octavo.pipeline import bases, definition
from octavo.pipeline.document import EXACT, Control, Organization, Total
from octavo.pipeline.periods import zone_named

BUFFER_BYTES = 256 * 1024
_MASKED_TEXT = "***"

# What a query may yield for a column of each kind, by PostgreSQL type.
_WHOLE = ("int2", "int4", "int8")
_TYPES = {
    "integer": (*_WHOLE, "numeric"),
    "quantity": (*_WHOLE, "numeric"),
    "money": (*_WHOLE, "numeric"),
    "percent": (*_WHOLE, "numeric"),
    "date": ("date",),
    "instant": ("timestamptz",),
    "flag": ("bool",),
}
_ADVICE = {
    "float4": "cast it to numeric in the query, so that it is exact",
    "float8": "cast it to numeric in the query, so that it is exact",
    "timestamp": "say in the query which zone it is in: at time zone '...'",
    "timestamptz": "cast it to a date in the query: (column at time zone '...')::date",
}


@dataclass(frozen=True)
class Snapshot:
    """The rows of one organization as they were at `taken_at`. `today` is the date in `zone` of that instant, or of the one that was planned."""

    connection: Connection
    organization: Organization
    zone: str
    taken_at: datetime
    planned_at: datetime | None = None
    short: bool = False
    _checked: set[tuple[Any, ...]] = field(default_factory=set, compare=False, repr=False)
    _bases: dict[str, sql.Composable] = field(default_factory=dict, compare=False, repr=False)

    @property
    def today(self) -> date:
        return (self.planned_at or self.taken_at).astimezone(zone_named(self.zone)).date()

    def lookup(self, name: str, text: str) -> list[tuple[Any, ...]]:
        """The rows of a query that asks what there is: the options of a parameter, its default. `name` is for errors."""
        with explained(f"The query {name}"):
            return psycopg.ClientCursor(self.connection).execute(cast(Any, text), {}).fetchall()

    def query(
        self,
        name: str,
        text: str,
        values: Mapping[str, Any],
        columns: Sequence[definition.Column],
        *,
        masked: bool,
        share_of: str | None = None,
        where: sql.Composable | None = None,
        sorting: sql.Composable | None = None,
        base: str | None = None,
        limit: int | None = None,
        check: bool = True,
    ) -> "BoundQuery":
        """Binds a section's SELECT to this snapshot; it may read `base`, `where` is a condition on what it yields and `sorting` an order of it.

        With `limit` its rows are the first so many: for examples.

        Raises DefinitionError when its result does not fit the columns, which is seen once, or not at all where it need not be.
        """
        beneath, seen = {"base": self.base(name, base, values)} if base else {}, (text, base, *columns)
        query = self.over(
            name, self.text(name, text, values), columns, masked=masked, beneath=beneath, share_of=share_of, where=where, sorting=sorting,
            limit=limit, check=check and seen not in self._checked,
        )  # fmt: skip
        if check:
            self._checked.add(seen)
        return query

    def text(self, name: str, text: str, values: Mapping[str, Any]) -> sql.SQL:
        """The SELECT of a section, or what it reads as `base`, with its values in it. Raises DefinitionError."""
        with explained(f"The query of section {name}"):
            return sql.SQL(cast(Any, psycopg.ClientCursor(self.connection).mogrify(cast(Any, text.rstrip().rstrip(";")), dict(values))))

    def base(self, name: str, text: str, values: Mapping[str, Any]) -> sql.Composable:
        """What the sections of a report read as `base`: where it has few rows, worked out once for them all; else, and for an answer that is
        waited for and asks all at once, its SELECT.
        """
        asked = self.text(name, text, values)
        if self.short:
            return asked
        key = asked.as_string(self.connection)
        if key not in self._bases:
            with explained(f"The query of section {name}"):
                self._bases[key] = bases.kept(self.connection, asked) or asked
        return self._bases[key]

    def over(
        self,
        name: str,
        source: sql.Composable,
        columns: Sequence[definition.Column],
        *,
        masked: bool,
        beneath: Mapping[str, sql.Composable],
        share_of: str | None = None,
        where: sql.Composable | None = None,
        sorting: sql.Composable | None = None,
        limit: int | None = None,
        check: bool = True,
    ) -> "BoundQuery":
        """As `query`, of a SELECT that has its values in it and may read those of `beneath` by their names."""
        query = BoundQuery(self, name, source, beneath, tuple(columns), masked, share_of, where, sorting, limit)
        if check:
            query.check_types()
        return query

    def together(self, queries: Sequence["BoundQuery"], select: sql.Composable, limit: int) -> list[list[Any]]:
        """What `select` yields over the first `limit` rows of each of these queries of one report: one statement, which reads their base once."""
        parts = [
            sql.SQL("array(select {} from (select * from {} limit {}) as rows)").format(select, one.rows_sql, sql.Literal(limit))
            for one in queries
        ]
        once = _beneath({name: text for one in queries for name, text in one.beneath.items()}, sql.SQL("as materialized"))
        with explained("A query of the report"):
            told = self.connection.execute(sql.SQL("{}select {}").format(once, sql.SQL(", ").join(parts))).fetchone()
        assert told is not None
        return [list(cast("list[Any]", rows)) for rows in told]


@contextmanager
def open_snapshot(
    database: Database, organization: Organization, zone: str, planned_at: datetime | None = None, *, short: bool = False
) -> Iterator[Snapshot]:
    """Opens the snapshot; it is closed, and what still runs in it cancelled, when the block is left. `short`: for an answer that is waited for.

    With `planned_at` what is said relatively (previous_month) is meant as of that instant: here, and in octavo.today().
    """
    zone_named(zone)
    opened = database.reader(organization.id, zone=zone, as_of=planned_at, short=short)
    with explained(f"The snapshot in the time zone {zone}"), opened as connection:
        _register_loaders(connection)
        row = connection.execute("select now()").fetchone()
        assert row is not None
        yield Snapshot(connection, organization, zone, cast(datetime, row[0]), planned_at, short)


class BoundQuery:
    """The rows of one section in a snapshot."""

    def __init__(
        self,
        snapshot: Snapshot,
        name: str,
        text: sql.Composable,
        beneath: Mapping[str, sql.Composable],
        columns: tuple[definition.Column, ...],
        masked: bool,
        share_of: str | None,
        where: sql.Composable | None,
        sorting: sql.Composable | None,
        limit: int | None = None,
    ) -> None:
        self._snapshot = snapshot
        self.beneath = beneath
        self._with = _beneath(beneath, sql.SQL("as"))
        self._name = name
        self._columns = columns
        self._source = sql.SQL("(\n{}\n) as source").format(text)
        projected = [self._projected(column, masked) for column in columns]
        if share_of is not None:
            hidden = any(column.name == share_of and masked and column.pii for column in columns)
            share = sql.SQL("null::numeric as share" if hidden else "round(100.0 * {0} / nullif(sum({0}) over (), 0), 4) as share")
            projected.append(share.format(sql.Identifier(share_of)))
        chosen = sql.SQL("where {}").format(where) if where is not None else sql.SQL("")
        source: sql.Composable = self._source
        ordered: sql.Composable = sql.SQL("")
        if sorting is not None:  # the query's own order decides between those that are alike
            source = sql.SQL("(select *, row_number() over () as octavo_place from {}) as placed").format(self._source)
            ordered = sql.SQL("order by {}, octavo_place").format(sorting)
        cut = sql.SQL("limit {}").format(sql.Literal(limit)) if limit is not None else sql.SQL("")
        self.rows_sql = sql.SQL("(select {} from {} {} {} {}) as rows").format(sql.SQL(", ").join(projected), source, chosen, ordered, cut)

    def _explained(self) -> Any:
        return explained(f"The query of section {self._name}")

    def check_types(self) -> None:
        """Raises DefinitionError when what the query yields does not fit the columns. It is parsed for that, and neither planned nor run."""
        connection = self._snapshot.connection
        statement = sql.SQL("{}select * from {}").format(self._with, self._source)
        with self._explained():
            types = dict(bases.described(connection, statement))
        misfit = self._misfit(types)
        if misfit:
            with self._explained():  # that it may not be run at all is told first
                connection.execute(sql.SQL("{} limit 0").format(statement))
            raise DefinitionError(misfit)

    def _misfit(self, types: Mapping[str, TypeInfo | None]) -> str:
        """The first column that the query does not yield as it should; "" where all fit."""
        for column in self._columns:
            if column.name not in types:
                return f"The query of section {self._name} yields no column {column.name!r}; it yields: {', '.join(types)}"
            found = types[column.name]
            allowed = _TYPES.get(column.kind)
            if allowed and (found is None or found.name not in allowed):
                actual = found.name if found else "another type"
                advice = _ADVICE.get(actual, f"a column of the kind {column.kind} is one of: {', '.join(allowed)}")
                return f"The query of section {self._name} yields {column.name!r} as {actual}; {advice}"
        return ""

    def _projected(self, column: definition.Column, masked: bool) -> sql.Composed:
        name = sql.Identifier(column.name)
        if masked and column.pii:
            if column.kind == "text":
                return sql.SQL("case when {0} is not null then {1} end as {0}").format(name, sql.Literal(_MASKED_TEXT))
            return sql.SQL("nullif({0}, {0}) as {0}").format(name)
        return sql.SQL("{0}::text as {0}").format(name) if column.kind == "text" else sql.SQL("{0}").format(name)

    @cached_property
    def control(self) -> Control:
        """The number of rows and the totals, as Postgres counts them. Asked once."""
        totalled = definition.numeric_totals(self._columns)
        currencies = list(dict.fromkeys(column.currency_column for column in totalled if getattr(column, "currency_column", None)))
        by = [sql.Identifier(name) for name in currencies]
        sums = [sql.SQL("coalesce(sum({}), 0)").format(sql.Identifier(column.name)) for column in totalled]
        statement = sql.SQL("{}select {} from {}").format(self._with, sql.SQL(", ").join([*by, sql.SQL("count(*)"), *sums]), self.rows_sql)
        if by:
            statement = sql.SQL("{} group by {} order by {}").format(statement, sql.SQL(", ").join(by), sql.SQL(", ").join(by))
        with self._explained():
            groups = self._snapshot.connection.execute(statement).fetchall()
        rows = sum(cast(int, group[len(by)]) for group in groups)
        totals: dict[tuple[str, str | None], Decimal] = {}
        for group in groups:
            currency_of = dict(zip(currencies, group, strict=False))
            for column, value in zip(totalled, group[len(by) + 1 :], strict=True):
                key = (column.name, cast("str | None", currency_of.get(getattr(column, "currency_column", None))) or None)
                totals[key] = EXACT.add(totals.get(key, Decimal(0)), Decimal(cast(Any, value)))
        return Control(rows, tuple(Total(column, value, currency) for (column, currency), value in totals.items()))

    @property
    def select(self) -> sql.Composed:
        """Its rows, as a statement that needs nothing around it."""
        return sql.SQL("{}select * from {}").format(self._with, self.rows_sql)

    def copy(
        self, select: sql.Composable, options: sql.Composable, *, line_end: bytes | None = None, break_every: int | None = None
    ) -> Iterator[tuple[int, bytearray]]:
        """Streams `copy (select {select} from rows) to stdout ({options})` as (rows, bytes), in buffers of whole rows."""
        statement = sql.SQL("copy ({}select {} from {}) to stdout ({})").format(self._with, select, self.rows_sql, options)
        with self._explained():
            yield from _copy(self._snapshot.connection, statement, line_end, break_every)

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Streams the rows as Python values, a thousand at a time."""
        with self._explained(), self._snapshot.connection.cursor(name="octavo_rows") as cursor:
            cursor.itersize = 1000
            cursor.execute(self.select)
            yield from cursor

    def first(self, select: sql.Composable, limit: int | None) -> list[tuple[Any, ...]]:
        """What `select` yields over the first `limit` rows, or over all of them."""
        statement = sql.SQL("{}select {} from (select * from {} limit {}) as rows").format(
            self._with, select, self.rows_sql, sql.Literal(limit)
        )
        with self._explained():
            return self._snapshot.connection.execute(statement).fetchall()


def _beneath(named: Mapping[str, sql.Composable], how: sql.SQL) -> sql.Composable:
    """What queries read by name, said before them."""
    if not named:
        return sql.SQL("")
    parts = [sql.SQL("{} {} (\n{}\n)").format(sql.Identifier(name), how, text) for name, text in named.items()]
    return sql.SQL("with {} ").format(sql.SQL(", ").join(parts))


def _begun(server: PGconn, statement: bytes) -> polling.poll:
    """Sends a COPY and waits for its first rows, which may take long; Ctrl-C interrupts the wait. Gives what tells that there is more to read."""
    readable, ready = polling.poll(), polling.poll()
    readable.register(server.socket, polling.POLLIN)
    ready.register(server.socket, polling.POLLIN | polling.POLLOUT)
    server.send_query(statement)
    while server.flush():  # one with a base in it may be longer than what goes out at once
        ready.poll()
        server.consume_input()
    while server.is_busy():
        readable.poll()
        server.consume_input()
    result = server.get_result()
    if result is None or result.status != pq.ExecStatus.COPY_OUT:
        raise psycopg.errors.error_from_result(result) if result else psycopg.OperationalError("the connection is closed")
    return readable


def _copy(
    connection: Connection, statement: sql.Composable, line_end: bytes | None, break_every: int | None
) -> Iterator[tuple[int, bytearray]]:
    """COPY TO STDOUT straight from libpq: psycopg's own iteration costs more than the query."""
    server = connection.pgconn
    readable = _begun(server, statement.as_bytes(connection))
    take, left = server.get_copy_data, break_every or -1
    count, buffer = 0, bytearray()
    while True:
        size, row = take(1)
        if size > 0:
            buffer += row
            if line_end is not None:
                buffer[-1:] = line_end
            count += 1
            if count == left or len(buffer) > BUFFER_BYTES:
                if break_every:
                    left = left - count or break_every
                yield count, buffer
                count, buffer = 0, bytearray()
        elif size == 0:
            readable.poll()
            server.consume_input()
        else:
            break
    while (result := server.get_result()) is not None:
        if result.status != pq.ExecStatus.COMMAND_OK:
            raise psycopg.errors.error_from_result(result)
    if count:
        yield count, buffer


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Turns an error of the database into one for people, without values of data or text of SQL."""
    try:
        yield
    except psycopg.Error as error:
        raise _explain(what, error) from error


def _explain(what: str, error: psycopg.Error) -> OctavoError:
    state = error.diag.sqlstate or getattr(error, "sqlstate", None) or ""
    said = (error.diag.message_primary or "").strip()
    if isinstance(error, psycopg.ProgrammingError) and not state:  # its placeholders: psycopg found it before the server did
        return DefinitionError(f"{what} is wrong: {error}; its parameters are %(name)s, and any other % is written %%")
    if state == "OC001":
        return TooLarge(said)
    if isinstance(error, psycopg.errors.QueryCanceled):
        return QueryFailed(
            f"{what} was stopped, because it ran too long or was cancelled; nothing was made. Narrow it, or raise OCTAVO_STATEMENT_TIMEOUT_SECONDS"
        )
    if state[:2] in ("42", "26", "3F", "0A"):  # wrong SQL, no such relation, no privilege: names of the schema, no data
        return DefinitionError(f"{what} is wrong: {said}")
    if not state or state[:2] in ("08", "57", "53", "58", "XX"):
        return DatabaseError(
            f"{what} was cut off: the database ended the connection ({state or 'connection lost'}); nothing was made. Run it again"
        )
    name = type(error).__name__
    failed = DatabaseError if state[:2] == "40" else QueryFailed  # a deadlock passes
    return failed(f"{what} failed: {name} (SQLSTATE {state}); nothing was made")


class _DateOrText(DateLoader):
    """A date, or its text where Python has no such date (BC, after 9999, infinity)."""

    def load(self, data: Any) -> Any:
        try:
            return super().load(data)
        except psycopg.DataError:
            return bytes(data).decode()


class _InstantOrText(TimestamptzLoader):
    """A datetime in the zone of the session, or its text where Python has no such time."""

    def load(self, data: Any) -> Any:
        try:
            return super().load(data)
        except (psycopg.DataError, psycopg.NotSupportedError):
            return bytes(data).decode()


def _register_loaders(connection: Connection) -> None:
    connection.adapters.register_loader("date", _DateOrText)
    connection.adapters.register_loader("timestamptz", _InstantOrText)
