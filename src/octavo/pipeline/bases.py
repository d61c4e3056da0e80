"""Bases: what the sections of a report are made of. One of few rows is worked out once in a snapshot, whose sections then read it as a constant.

A snapshot is read-only and may be one of a standby, so that there is no temporary table: the rows go back to Postgres in the queries, as JSON,
which holds every number, day and instant exactly.
"""

from typing import cast

import psycopg
from psycopg import pq, sql
from psycopg.types import TypeInfo

from octavo.database.connection import Connection

MOST_ROWS = 2_000
MOST_CHARACTERS = 1_000_000
"""Each query that reads the base has all of it in its text."""

_TEXTS = ("text", "varchar", "bpchar")
_EXACT = (*_TEXTS, "bool", "int2", "int4", "int8", "numeric", "date", "timestamptz", "uuid")
"""Types whose values JSON gives back as they were."""


def described(connection: Connection, statement: sql.Composable) -> list[tuple[str, TypeInfo | None]]:
    """The columns that a statement yields, each with its type (None: an array, or one that psycopg does not know); a domain is of the type
    beneath it. The statement is parsed for that, and neither planned nor run.
    """
    server, encoding = connection.pgconn, connection.info.encoding
    for result in (server.prepare(b"", statement.as_bytes(connection)), server.describe_prepared(b"")):
        if result.status != pq.ExecStatus.COMMAND_OK:
            raise psycopg.errors.error_from_result(result, encoding)
    told = []
    for place in range(result.nfields):
        type_ = connection.adapters.types.get(oid := result.ftype(place))  # for an array, the type of its elements
        told.append(((result.fname(place) or b"").decode(encoding), type_ if type_ is not None and type_.oid == oid else None))
    return told


def kept(connection: Connection, base: sql.Composable) -> sql.Composable | None:
    """A SELECT that yields the rows of `base` without reading anything; None where they are too many, or of types that JSON does not hold."""
    columns = described(connection, base)
    named = {name: type_.name for name, type_ in columns if type_ is not None and type_.name in _EXACT}
    if not columns or len(named) != len(columns):  # of another type, or two of one name
        return None
    texts = [name for name, type_ in named.items() if type_ in _TEXTS]
    told: list[sql.Composable] = [sql.SQL("count(*)"), sql.SQL("json_agg(few)::text")]
    told += [sql.SQL("(select collation for ({}) from few limit 1)").format(sql.Identifier(name)) for name in texts]
    rows, written, *collations = cast(
        "tuple[int, str | None, *tuple[str | None, ...]]",
        connection.execute(
            sql.SQL("with few as materialized (select * from (\n{}\n) as base limit {}) select {} from few").format(
                base, sql.Literal(MOST_ROWS + 1), sql.SQL(", ").join(told)
            )
        ).fetchone(),
    )
    if rows > MOST_ROWS or len(written or "") > MOST_CHARACTERS:
        return None
    sorted_by = {
        name: sql.SQL(" collate {}").format(sql.SQL(collation)) for name, collation in zip(texts, collations, strict=True) if collation
    }
    nothing = sql.SQL("")
    return sql.SQL("select {} from json_to_recordset({}::json) as kept ({})").format(
        sql.SQL(", ").join(sql.SQL("{0}{1} as {0}").format(sql.Identifier(name), sorted_by.get(name, nothing)) for name in named),
        sql.Literal(written),
        sql.SQL(", ").join(sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(type_)) for name, type_ in named.items()),
    )
