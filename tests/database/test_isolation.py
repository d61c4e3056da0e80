"""What the catalogue's proof calls a weakness, each planted alone in a database that has none; and what it lets pass."""
# ruff: noqa: S608 (the statements are joined from this file's own texts)

from collections.abc import Callable

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from octavo.control.tenancy import actions as tenancy
from octavo.database import isolation
from octavo.database.connection import Database
from octavo.errors import DatabaseError
from octavo.pipeline import catalog

PACKS = tuple(catalog.installed().schemas[0])
Weak = Callable[[str], list[str]]

TABLE = "create schema crm; grant usage on schema crm to octavo_app, octavo_reader; "
OWN_TABLE = (
    TABLE + "create table crm.deal (organization_id bigint not null, id bigint, amount numeric, primary key (organization_id, id)); "
)
ISOLATED = OWN_TABLE + "select octavo.isolate('crm.deal'); grant select on crm.deal to octavo_reader; "
HOST_TABLE = (
    TABLE + "create role host_{0} nologin; grant usage on schema crm to host_{0}; grant usage on schema octavo to host_{0}; "
    "create table crm.deal (tenant bigint, amount numeric, closed boolean); alter table crm.deal owner to host_{0}; "
)


@pytest.fixture
def weak(conninfo: str, database: Database) -> Weak:
    """Runs statements as the superuser and gives what is weak then. A role of the test is called host_{0}."""

    def found(statements: str, guarded: tuple[str, ...] = ("crm",), single_tenant: tuple[str, ...] = ()) -> list[str]:
        with psycopg.connect(make_conninfo(conninfo, user="postgres")) as connection:
            name = conninfo.partition("dbname=")[2].split()[0]
            connection.execute(statements.replace("{0}", name).encode())
        return isolation.weaknesses(database, (*PACKS, *guarded), single_tenant)

    return found


def view(options: str, where: str, select: str = "select tenant as organization_id, amount from crm.deal") -> str:
    return HOST_TABLE + (
        f"create view crm.deals with ({options}) as {select} {where}; alter view crm.deals owner to host_{{0}}; grant select on crm.deals to octavo_reader; "
    )


def test_a_database_as_it_is_migrated_has_no_weakness(database: Database) -> None:
    assert isolation.weaknesses(database, PACKS) == []
    isolation.refuse_weak(database, PACKS)


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (OWN_TABLE + "grant select on crm.deal to octavo_reader", "crm.deal does not force row-level security"),
        (ISOLATED + "alter table crm.deal no force row level security", "crm.deal does not force row-level security"),
        (ISOLATED + "alter table crm.deal disable row level security", "crm.deal does not force row-level security"),
        (ISOLATED + "alter table crm.deal drop constraint deal_pkey, alter organization_id drop not null", "crm.deal has no column organization_id not null"),
        (ISOLATED + "create policy more on crm.deal for select using (true)", "exactly one policy by which octavo_reader may read"),
        (ISOLATED + "create policy more on crm.deal for update to octavo_app using (true)", "exactly one policy by which octavo_app may update"),
        (ISOLATED + "alter policy tenant_insert on crm.deal with check (amount > 0)", "exactly one policy by which octavo_app may insert into"),
        (ISOLATED + "grant insert on crm.deal to octavo_reader", "octavo_reader may insert into crm.deal"),
        (ISOLATED + "grant update (amount) on crm.deal to octavo_reader", "octavo_reader may update crm.deal"),
        (ISOLATED + "grant truncate on crm.deal to octavo_app", "octavo_app may truncate crm.deal"),
        (ISOLATED + "grant references on crm.deal to octavo_app", "octavo_app may refer to crm.deal"),
        (ISOLATED + "grant trigger on crm.deal to octavo_app", "octavo_app may put triggers on crm.deal"),
        (ISOLATED + "alter table crm.deal owner to octavo_app", "octavo_app owns crm.deal"),
        (ISOLATED + "create materialized view crm.sums as select * from crm.deal; grant select on crm.sums to octavo_reader", "crm.sums, a materialized view"),
        (ISOLATED + "create view crm.v as select * from crm.deal; grant select on crm.v to octavo_reader", "the view crm.v must be security_invoker"),
        (ISOLATED + "create sequence crm.numbers; grant select on crm.numbers to octavo_reader", "crm.numbers, which counts the rows of all organizations"),
        (TABLE + "create function crm.f() returns bigint security definer language sql return 1", "may run crm.f, which acts with its owner's rights"),
        ("create schema other; create table other.t (a int); grant usage on schema other to public; grant select on other.t to public",
         "octavo_reader may read other.t, and no pack declares the schema other"),
        ("create table public.t (organization_id bigint not null, secret text); grant select (secret) on public.t to public", "octavo_reader may read public.t"),
        ("grant select on octavo.sample_data to octavo_reader", "octavo_reader may read octavo.sample_data, which is for Octavo alone"),
        ("grant select on octavo._yoyo_migration to octavo_reader", "octavo_reader may read octavo._yoyo_migration, which is for Octavo alone"),
        (view("security_barrier", ""), "the view crm.deals must be"),
        (view("security_barrier", "where amount = 1 or tenant = octavo.current_organization()"), "the view crm.deals must be"),
        (view("security_barrier", "where octavo.current_organization() is not null"), "the view crm.deals must be"),
        (view("security_barrier", "", "select octavo.current_organization() as organization_id, amount from crm.deal"), "the view crm.deals must be"),
        (view("security_barrier", "where tenant = octavo.current_organization() union all select 1, 2"), "the view crm.deals must be"),
        (view("security_barrier=false", "where tenant = octavo.current_organization()"), "the view crm.deals must be"),
        (view("security_barrier", "where tenant = octavo.current_organization()") + "alter view crm.deals owner to postgres", "the view crm.deals must be"),
        ("create function public.current_organization() returns bigint language sql return 1; alter role octavo_app set search_path = public; "
         + view("security_barrier", "where tenant = public.current_organization()"), "the view crm.deals must be"),
    ],
)  # fmt: skip
def test_a_planted_weakness_is_found_and_named(weak: Weak, database: Database, statements: str, said: str) -> None:
    found = weak(statements)
    assert any(said in text for text in found), found
    with pytest.raises(DatabaseError, match="Organizations are not kept apart, so nothing is served"):
        isolation.refuse_weak(database, (*PACKS, "crm"))


@pytest.mark.parametrize(
    "statements",
    [
        ISOLATED,
        ISOLATED + "create policy narrower on crm.deal as restrictive for select using (amount < 1000)",
        ISOLATED + "create view crm.v with (security_invoker=on) as select * from crm.deal; grant select on crm.v to octavo_reader",
        "create table public.private (a int); create schema hidden; create table hidden.t (a int); grant select on hidden.t to public",
        view("security_barrier", "where tenant = octavo.current_organization()"),
        view("security_barrier", "where octavo.current_organization() = deal.tenant and (not closed or amount > 1) order by amount"),
        view("security_barrier", "where (not closed and amount > 1) and tenant::text = octavo.current_organization()::text"),
    ],
)
def test_what_keeps_organizations_apart_is_let_pass(weak: Weak, statements: str) -> None:
    assert weak(statements) == []


def test_a_schema_that_belongs_to_one_organization_is_not_looked_into(weak: Weak) -> None:
    statements = TABLE + "create table crm.deal (amount numeric); grant select on crm.deal to octavo_reader"
    assert weak(statements, guarded=(), single_tenant=("crm",)) == []
    assert weak("grant insert on crm.deal to octavo_app", guarded=("crm",)) != []


def test_the_control_schema_is_looked_into_even_if_a_pack_claims_it(weak: Weak) -> None:
    assert weak("alter table octavo.organization no force row level security", single_tenant=("octavo",)) != []


@pytest.mark.parametrize("attribute", ["bypassrls", "superuser"])
def test_a_role_that_sees_past_row_level_security_is_named(database: Database, server: str, attribute: str) -> None:
    role = sql.Identifier("octavo_reader")
    with psycopg.connect(make_conninfo(server, user="postgres"), autocommit=True) as connection:
        try:
            connection.execute(sql.SQL("alter role {} {}").format(role, sql.SQL(attribute)))
            assert "the role octavo_reader sees past row-level security" in isolation.weaknesses(database, PACKS)
        finally:
            connection.execute(sql.SQL("alter role {} {}").format(role, sql.SQL("no" + attribute)))


def test_the_reader_must_have_no_other_roles_rights(database: Database, server: str) -> None:
    with psycopg.connect(make_conninfo(server, user="postgres"), autocommit=True) as connection:
        try:
            connection.execute("grant octavo_app to octavo_reader")
            assert "octavo_reader has the rights of octavo_app" in isolation.weaknesses(database, PACKS)
        finally:
            connection.execute("revoke octavo_app from octavo_reader")


def test_a_barrier_view_on_a_hosts_own_table_shows_only_the_rows_of_the_organization(weak: Weak, database: Database) -> None:
    alpha, beta = (tenancy.create(database, slug, slug) for slug in ("alpha", "beta"))
    rows = f"insert into crm.deal values ({alpha.id}, 10, false), ({beta.id}, 20, false), ({beta.id}, 30, true)"
    assert weak(view("security_barrier", "where tenant = octavo.current_organization()") + rows) == []
    shown = []
    for organization in (alpha, beta):
        with database.reader(organization.id, zone="UTC") as connection:
            shown.append(connection.execute("select sum(amount) from crm.deals").fetchone())
    assert shown == [(10,), (50,)]
