"""Each guard that keeps organizations apart, taken away alone, is noticed twice: by the catalogue's proof and by the attempts.

A guard whose loss nobody notices is not proved. Every mutation happens in one transaction that is undone.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from psycopg import sql

from octavo.database import isolation
from tests.conformance.breaches import Filled, acting, seen
from tests.conformance.tenant_tables import APPEND_ONLY, Connection, Table, readable_views, schemas

Breaches = Callable[[Connection], object]


@dataclass(frozen=True)
class Mutation:
    """A guard taken away, and how it shows."""

    statement: sql.Composable
    breaches: Breaches


def mutations(filled: Filled, connection: Connection) -> Iterator[Mutation]:
    """Every way to weaken one table or view, for all of them."""
    for table in filled.tables:
        for text in _of_table(table):
            yield Mutation(sql.SQL(text).format(table.identifier), lambda session, table=table: filled.breaches(session, table))
    for text in (
        "drop policy own_select on octavo.organization",
        "alter policy own_select on octavo.organization using (true)",
        "alter policy app_all on octavo.organization to public",
        "alter table octavo.organization no force row level security",
        "alter table octavo.organization disable row level security",
        "grant update (name) on octavo.organization to octavo_reader",
    ):
        yield Mutation(sql.SQL(text), lambda session: _organization_breaches(session, filled))
    for view in readable_views(connection):
        yield Mutation(
            sql.SQL("alter view {} set (security_invoker = false)").format(view),
            lambda session, view=view: _view_breaches(session, view, filled),
        )


def _of_table(table: Table) -> Iterator[str]:
    for command in ("select",) if table.name in APPEND_ONLY else ("select", "insert", "update", "delete"):
        yield f"drop policy tenant_{command} on {{}}"
        yield (
            f"create policy more_{command} on {{}} for {command} to octavo_app "
            + ("with check" if command == "insert" else "using")
            + " (true)"
        )
        if command != "insert":
            yield f"alter policy tenant_{command} on {{}} using (true)"
        if command in ("insert", "update"):
            yield f"alter policy tenant_{command} on {{}} with check (true)"
    yield "alter policy tenant_select on {} using (organization_id = current_setting('octavo.organization_id', true)::bigint)"
    yield "create policy more on {} for all to public using (true)"
    yield "alter table {} no force row level security"
    yield "alter table {} disable row level security"
    if table.name in APPEND_ONLY:
        yield "grant update on {} to octavo_app"
        yield "grant delete on {} to octavo_app"
    yield "grant truncate on {} to octavo_app"
    yield "grant insert on {} to octavo_reader"
    yield "grant delete on {} to octavo_reader"
    yield (
        "create policy reading on {} for select to octavo_reader using (true)"
        if table.schema != "octavo"
        else "grant select on {} to octavo_reader"
    )


def _organization_breaches(connection: Connection, filled: Filled) -> list[str]:
    name, found = sql.Identifier("octavo", "organization"), []
    for role, organization, wanted in (
        ("octavo_reader", filled.own, {filled.own: 1}),
        ("octavo_reader", None, {}),
        ("octavo_owner", filled.own, {}),
    ):
        with acting(connection, role, organization):
            if (got := seen(connection, name, "id")) != wanted:
                found.append(f"{role} sees {got} instead of {wanted}")
            if role == "octavo_reader" and connection.execute(
                "select has_any_column_privilege('octavo_reader', 'octavo.organization', 'insert, update') "
                "or has_table_privilege('octavo_reader', 'octavo.organization', 'delete')"
            ).fetchone() == (True,):
                found.append("the reader may change an organization")
    return found


def _view_breaches(connection: Connection, view: sql.Identifier, filled: Filled) -> list[str]:
    with acting(connection, "octavo_reader", filled.own):
        got = seen(connection, view)
    return [] if got == {filled.own: 1} else [f"the reader sees {got}"]


def test_every_guard_that_is_taken_away_is_noticed_by_the_catalogue_and_by_the_attempts(session: Connection, filled: Filled) -> None:
    guarded = schemas()
    tried, unnoticed = 0, []
    assert session.execute("select session_user::text").fetchone() == ("octavo",)
    for mutation in mutations(filled, session):
        with session.transaction(force_rollback=True):
            session.execute("set local role octavo_owner")
            session.execute(mutation.statement)
            session.execute("set local role octavo_app")
            caught = {"attempts": bool(mutation.breaches(session)), "catalogue": bool(_weaknesses(session, guarded))}
        tried += 1
        unnoticed += [f"{mutation.statement.as_string(session)}: not noticed by the {by}" for by, noticed in caught.items() if not noticed]
    print(f"{2 * tried - len(unnoticed)} of {2 * tried} noticed, of {tried} guards taken away")
    assert unnoticed == []
    assert tried > 15 * len(filled.tables) > 15


def test_with_every_guard_in_place_nothing_is_noticed(session: Connection, filled: Filled) -> None:
    assert _weaknesses(session, schemas()) == []
    assert _organization_breaches(session, filled) == []
    assert [_view_breaches(session, view, filled) for view in readable_views(session)] == [[] for _ in readable_views(session)]


def _weaknesses(session: Connection, guarded: set[str]) -> list[str]:
    with acting(session, "octavo_app", None):
        return isolation.weaknesses_seen(session, guarded)
