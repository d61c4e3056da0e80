"""What the catalogue says of the tables that belong to organizations, and a row of each organization in every one of them.

The rows are made from the catalogue too (types, checks, foreign keys), so that a table is proved by existing.
"""

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from octavo.pipeline import catalog

Connection = psycopg.Connection[Any]

# Values to try for a column, by the category of its type, until its checks take one.
_CANDIDATES: dict[str, tuple[str, ...]] = {
    "S": ("AAA", "AA", "a", "0" * 64, "https://example.org/"),
    "N": ("1", "0", "10", "2026"),
    "D": ("2026-03-01",),
    "B": ("true", "false"),
    "T": ("1 day",),
    "A": ("{}", "{csv}"),
    "U": ("{}", "[]", str(uuid.UUID(int=7)), "\\x" + "00" * 32, "\\x00"),
}

SHARED = ("octavo.app_user",)
"""Tables of no organization that rows of organizations point to."""

APPEND_ONLY = ("octavo.audit_entry", "octavo.audit_head")
"""Tables that the application only reads: what is written in them a function writes, as the owner, in the tenant of the transaction."""

OWNER_SEES = ("octavo.audit_head",)
"""Those of them where the owner sees the tenant's row, because its function goes on from there."""

_COLUMNS = """
select a.attname as name, format_type(a.atttypid, null) as type, base.typcategory::text as category,
       not a.attnotnull as nullable, a.atthasdef or a.attidentity <> '' as has_default, a.attgenerated <> '' as generated
from pg_attribute a join pg_type t on t.oid = a.atttypid join pg_type base on base.oid = coalesce(nullif(t.typbasetype, 0), t.oid)
where a.attrelid = %s::regclass and a.attnum > 0 and not a.attisdropped order by a.attnum
"""
_FOREIGN_KEYS = """
select c.conname as name, c.confrelid::regclass::text as parent,
       array(select attname::text from unnest(c.conkey) with ordinality k(n, i) join pg_attribute on attrelid = c.conrelid and attnum = n order by i) as columns,
       array(select attname::text from unnest(c.confkey) with ordinality k(n, i) join pg_attribute on attrelid = c.confrelid and attnum = n order by i) as keys
from pg_constraint c where c.contype = 'f' and c.conrelid = %s::regclass order by c.conname
"""
_CHECKS = """
select a.attname as name, pg_get_expr(c.conbin, c.conrelid) as expression
from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid and c.conkey = array[a.attnum]
where c.contype = 'c' and c.conrelid = %s::regclass
union all
select a.attname, replace(pg_get_expr(c.conbin, 0), 'VALUE', quote_ident(a.attname))
from pg_constraint c join pg_attribute a on a.atttypid = c.contypid where c.contype = 'c' and a.attrelid = %s::regclass and a.attnum > 0
"""


@dataclass(frozen=True)
class ForeignKey:
    """`columns` of a table point to `keys` of `parent`."""

    name: str
    parent: str
    columns: list[str]
    keys: list[str]


@dataclass(frozen=True)
class Table:
    """A table whose rows belong to organizations."""

    name: str
    columns: list[dict[str, Any]]
    foreign_keys: list[ForeignKey]

    @property
    def schema(self) -> str:
        return self.name.partition(".")[0]

    @property
    def identifier(self) -> sql.Identifier:
        return sql.Identifier(*self.name.split("."))

    @cached_property
    def written(self) -> list[str]:
        """The columns that an INSERT may name."""
        return [column["name"] for column in self.columns if not column["generated"]]


def schemas() -> set[str]:
    """The schemas in which everything must keep organizations apart."""
    return {"octavo", *catalog.installed().schemas[0]}


def readable_views(connection: Connection) -> list[sql.Identifier]:
    """The views that reports may read."""
    found = connection.execute(
        "select nspname, relname from pg_class c join pg_namespace n on n.oid = relnamespace "
        "where relkind = 'v' and nspname = any(%s) and has_table_privilege('octavo_reader', c.oid, 'select')",
        [list(schemas())],
    )
    return [sql.Identifier(*name) for name in found]


def discover(connection: Connection, schemas: Iterable[str]) -> list[Table]:
    """The tables with organization_id in these schemas, parents first."""
    names = connection.execute(
        "select format('%%s.%%s', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        "where c.relkind in ('r', 'p') and n.nspname = any(%s) "
        "and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'organization_id') order by 1",
        [list(schemas)],
    ).fetchall()
    tables = {}
    with connection.cursor(row_factory=dict_row) as cursor:
        for (name,) in names:
            columns = cursor.execute(_COLUMNS, [name]).fetchall()
            keys = [ForeignKey(**row) for row in cursor.execute(_FOREIGN_KEYS, [name]).fetchall()]
            tables[name] = Table(name, columns, [key for key in keys if key.parent != "octavo.organization"])
    return _parents_first(tables)


def _parents_first(tables: dict[str, Table]) -> list[Table]:
    ordered: list[Table] = []
    left = dict(tables)
    while left:
        ready = [table for table in left.values() if not any(key.parent in left and key.parent != table.name for key in table.foreign_keys)]
        assert ready, f"these tables refer to each other in a circle: {', '.join(left)}"
        ordered += ready
        for table in ready:
            del left[table.name]
    return ordered


def children(table: Table, tables: list[Table]) -> list[Table]:
    """The tables that point to this one, directly or not, those that nothing points to first."""
    found = {table.name}
    for other in tables:
        if any(key.parent in found for key in other.foreign_keys):
            found.add(other.name)
    return [other for other in reversed(tables) if other.name in found and other is not table]


Rows = dict[tuple[str, int], dict[str, Any]]


def fill(superuser: Connection, tables: list[Table], organizations: Iterable[int]) -> Rows:
    """One row of each organization in every table, written past row-level security; gives them as the table holds them."""
    organizations = list(organizations)
    rows: Rows = {("octavo.app_user", organization): _person(superuser, organization) for organization in organizations}
    for table in tables:
        checks: dict[str, list[str]] = {}
        for name, expression in superuser.execute(_CHECKS, [table.name, table.name]):
            checks.setdefault(name, []).append(expression)
        for organization in organizations:
            values = _values(superuser, table, checks, organization, rows)
            written = superuser.execute(
                sql.SQL("insert into {} as made ({}) values ({}) returning to_jsonb(made)").format(
                    table.identifier,
                    sql.SQL(", ").join(map(sql.Identifier, values)),
                    sql.SQL(", ").join(map(sql.Literal, values.values())),
                )
            ).fetchone()
            assert written is not None
            rows[table.name, organization] = written[0]
    return rows


def _person(superuser: Connection, organization: int) -> dict[str, Any]:
    made = superuser.execute(
        "insert into octavo.app_user as made (email) values (%s) returning to_jsonb(made)", [f"person-{organization}@example.org"]
    ).fetchone()
    assert made is not None
    person: dict[str, Any] = made[0]
    return person


def _values(superuser: Connection, table: Table, checks: dict[str, list[str]], organization: int, rows: Rows) -> dict[str, Any]:
    values: dict[str, Any] = {"organization_id": organization}
    nullable = {column["name"] for column in table.columns if column["nullable"]}
    for key in table.foreign_keys:
        if table.schema == "octavo" and nullable & set(key.columns):
            continue  # which of them go together (who asked, who approved, what was made) the states of the table say, not the catalogue
        parent = rows.get((key.parent, organization))
        if parent:
            values.update({column: parent[name] for column, name in zip(key.columns, key.keys, strict=True)})
    for column in table.columns:
        name = column["name"]
        if name not in values and not (column["nullable"] or column["has_default"] or column["generated"]):
            values[name] = _acceptable(superuser, table, column, checks.get(name, []), organization)
    return values


def _acceptable(superuser: Connection, table: Table, column: dict[str, Any], checks: list[str], organization: int) -> str:
    """The first value that the checks of a column take: one that they name, a canary of the organization, or a plain one."""
    named = [value for check in checks for value in re.findall(r"'([^']*)'::text", check) if "ANY" in check]
    canary = [f"ORG{organization}-{uuid.uuid4()}"] if column["category"] == "S" else []
    for candidate in (*named, *canary, *_CANDIDATES[column["category"]]):
        try:
            with superuser.transaction():
                taken = superuser.execute(
                    sql.SQL("select {} from (select cast({} as {}) as {}) as candidate").format(
                        sql.SQL(" and ").join(sql.SQL(f"coalesce({check}, true)") for check in checks) if checks else sql.SQL("true"),
                        sql.Literal(candidate),
                        sql.SQL(column["type"]),
                        sql.Identifier(column["name"]),
                    )
                ).fetchone()
        except psycopg.Error:  # not a value of the type, or refused by its domain
            continue
        if taken == (True,):
            return candidate
    raise AssertionError(f"no value is known for {table.name}.{column['name']}; teach {__name__} one")
