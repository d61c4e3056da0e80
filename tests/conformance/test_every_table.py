"""Every table keeps organizations apart: the catalogue says how, the attempts show that it does, and each guard taken away is noticed.

Tables are found in the catalogue, so that a new one is proved by existing.
"""

from typing import Any

from psycopg import sql

from octavo.database.connection import Database
from tests.conformance.breaches import Filled, acting, seen
from tests.conformance.tenant_tables import Connection, discover, readable_views, schemas

KNOWN = {
    "octavo.sample_data",
    "octavo.membership",
    "octavo.api_key",
    "octavo.audit_entry",
    "octavo.generated_report",
    "energy.contract",
    "energy.invoice_line",
    "energy.meter_reading",
    "retail.sale",
    "retail.sale_line",
}

TENANT = "(NULLIF(current_setting('octavo.organization_id'::text, true), ''::text))::bigint"
SAME = f"(organization_id = {TENANT})"
POLICIES = {
    ("r", ("octavo_app", "octavo_reader"), SAME, None),
    ("a", ("octavo_app",), None, SAME),
    ("w", ("octavo_app",), SAME, SAME),
    ("d", ("octavo_app",), SAME, None),
}
CROSSING = "(current_setting('octavo.crossing'::text, true) = 'runs'::text)"
"""Workers belong to no organization: while one of three functions says so, and only then, the owner sees runs."""
PLANNING = "(current_setting('octavo.crossing'::text, true) = 'schedules'::text)"
"""Schedulers belong to none either: while they ask where something is due the owner sees schedules and their times, and changes none."""
SENDING = "(current_setting('octavo.crossing'::text, true) = 'deliveries'::text)"
"""Senders belong to none either: the same for deliveries, and for when summaries are due."""
READING = ("r", ("octavo_app", "octavo_reader"), SAME, None)
OTHER_POLICIES = {
    "octavo.audit_entry": {READING, ("a", ("octavo_owner",), None, SAME)},
    "octavo.audit_head": {
        READING,
        ("r", ("octavo_owner",), SAME, None),
        ("a", ("octavo_owner",), None, SAME),
        ("w", ("octavo_owner",), SAME, SAME),
    },
    "octavo.generated_report": {
        *POLICIES,
        ("r", ("octavo_owner",), CROSSING, None),
        ("w", ("octavo_owner",), f"({CROSSING} AND (state = 'pending'::text))", f"({CROSSING} AND (state = 'processing'::text))"),
    },
    "octavo.delivery": {
        *POLICIES,
        ("r", ("octavo_owner",), SENDING, None),
        ("w", ("octavo_owner",), f"({SENDING} AND (state = 'pending'::text))", f"({SENDING} AND (state = 'sending'::text))"),
    },
    "octavo.scheduled_report": {*POLICIES, ("r", ("octavo_owner",), PLANNING, None)},
    "octavo.scheduled_tick": {*POLICIES, ("r", ("octavo_owner",), PLANNING, None)},
    "octavo.notification_setting": {*POLICIES, ("r", ("octavo_owner",), SENDING, None)},
}
WITHOUT_TENANT = {
    "octavo.organization": "it is the tenant itself",
    "octavo.app_user": "a person may be a member of several organizations",
    "octavo.sign_in_guess": "failed sign-ins, before it is known who it is",
    "octavo._yoyo_migration": "which migrations were applied",
    "octavo._yoyo_log": "the migration library's own",
    "octavo._yoyo_version": "the migration library's own",
    "octavo.yoyo_lock": "the migration library's own",
}
WITH_OWNERS_RIGHTS = {
    "octavo.gather_statistics(name)": ("void", "ANALYZE after a load, which only the owner may; it gives nothing"),
    "octavo.record_event(bigint,bigint,text,text,text,text,text,bigint,jsonb)": (
        "bigint",
        "nobody but this function adds to the audit list; it works in the tenant of the transaction alone",
    ),
    "octavo.claim_run(text,interval,boolean[],integer)": (
        "record",
        "the next run is the fairest among those of all organizations; it gives its ids",
    ),
    "octavo.expired_runs()": ("record", "a lost worker had runs of any organization; it gives their ids"),
    "octavo.attempts_at_work()": ("record", "what lies about may be of any organization's run; it gives the ids of those at work"),
    "octavo.tend_queue(integer,interval)": ("void", "whether any organization has a run that nobody was woken for; it gives nothing"),
    "octavo.claim_deliveries(text,interval,integer)": (
        "record",
        "whose deliveries are sent next is decided among all organizations; it gives ids",
    ),
    "octavo.expired_deliveries()": ("record", "a lost sender had deliveries of any organization; it gives their ids"),
    "octavo.summaries_due()": ("bigint", "which organizations are due a weekly summary; it gives their ids"),
    "octavo.schedules_ahead()": ("record", "a scheduler belongs to no organization; it gives ids and seconds"),
    "octavo.schedules_overdue(interval)": ("record", "metrics of all schedules; it gives a count and a time over all organizations"),
    "octavo.queue_state(interval)": ("record", "metrics of the whole queue; it gives counts and a time over all organizations"),
}


def catalogue(connection: Connection, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query over the schemas that must keep organizations apart."""
    return connection.execute(query.encode(), [list(schemas())]).fetchall()


def test_the_tables_that_are_known_are_found(superuser: Connection) -> None:
    assert {table.name for table in discover(superuser, schemas())} >= KNOWN


def test_every_table_belongs_to_organizations_or_says_why_not(superuser: Connection) -> None:
    every = catalogue(
        superuser,
        "select format('%%s.%%s', nspname, relname) from pg_class c join pg_namespace n on n.oid = relnamespace "
        "where relkind in ('r', 'p') and nspname = any(%s)",
    )
    tenant = {table.name for table in discover(superuser, schemas())}
    assert {name for (name,) in every} - tenant == set(WITHOUT_TENANT)


def test_organization_id_is_never_null_and_row_level_security_is_forced(superuser: Connection) -> None:
    weak = catalogue(
        superuser,
        "select c.oid::regclass::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization_id' "
        "where relkind in ('r', 'p') and relnamespace::regnamespace::text = any(%s) "
        "and not (attnotnull and relrowsecurity and relforcerowsecurity and relowner::regrole::text = 'octavo_owner' and atttypid = 'bigint'::regtype)",
    )
    assert weak == []


def test_every_table_has_exactly_the_four_policies_of_the_idiom(superuser: Connection) -> None:
    found: dict[str, set[tuple[Any, ...]]] = {table.name: set() for table in discover(superuser, schemas())}
    for name, permissive, command, roles, using, check in catalogue(
        superuser,
        "select polrelid::regclass::text, polpermissive, polcmd::text, array(select r::regrole::text from unnest(polroles) r order by 1), "
        "pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid) from pg_policy join pg_class c on c.oid = polrelid "
        "where relnamespace::regnamespace::text = any(%s)",
    ):
        if name in found:
            assert permissive
            found[name].add((command, tuple(roles), using, check))
    assert {name: policies for name, policies in found.items() if policies != OTHER_POLICIES.get(name, POLICIES)} == {}


def test_every_key_and_every_index_starts_with_the_organization(superuser: Connection) -> None:
    weak = catalogue(
        superuser,
        "select indexrelid::regclass::text from pg_index i join pg_class c on c.oid = indrelid "
        "join pg_attribute a on a.attrelid = indrelid and a.attname = 'organization_id' "
        "where relnamespace::regnamespace::text = any(%s) and indkey[0] <> attnum",
    )
    assert weak == []
    without_key = catalogue(
        superuser,
        "select c.oid::regclass::text from pg_class c where relkind in ('r', 'p') and relnamespace::regnamespace::text = any(%s) "
        "and relname !~ '^_?yoyo' and not exists (select from pg_index where indrelid = c.oid and indisprimary)",
    )
    assert without_key == []


def test_every_foreign_key_between_organizations_tables_carries_the_organization(superuser: Connection) -> None:
    weak = catalogue(
        superuser,
        "select conrelid::regclass::text, conname from pg_constraint k join pg_class c on c.oid = conrelid "
        "join pg_attribute a on a.attrelid = conrelid and a.attname = 'organization_id' "
        "left join pg_attribute p on p.attrelid = confrelid and p.attname = 'organization_id' "
        "where contype = 'f' and relnamespace::regnamespace::text = any(%s) and case when confrelid = 'octavo.organization'::regclass "
        "then conkey <> array[a.attnum] when confrelid = 'octavo.app_user'::regclass then false else p.attnum is null or array_position(conkey, a.attnum) is distinct from array_position(confkey, p.attnum) "
        "or array_position(conkey, a.attnum) is null end",
    )
    assert weak == []


def test_the_reader_may_only_read_and_only_what_reports_need(superuser: Connection) -> None:
    rights = catalogue(
        superuser,
        "select nspname, relname, privilege from pg_class c join pg_namespace n on n.oid = relnamespace, "
        "unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']) privilege "
        "where relkind in ('r', 'p', 'v', 'm', 'f') and nspname = any(%s) and case when privilege in ('select', 'insert', 'update', 'references') "
        "then has_any_column_privilege('octavo_reader', c.oid, privilege) else has_table_privilege('octavo_reader', c.oid, privilege) end",
    )
    assert {(schema, name) for schema, name, _ in rights if schema == "octavo"} == {("octavo", "organization")}
    assert {privilege for _, _, privilege in rights} == {"select"}
    assert len(rights) > 10


def test_neither_role_may_truncate_or_refer_to_or_put_triggers_on_a_table(superuser: Connection) -> None:
    assert (
        catalogue(
            superuser,
            "select c.oid::regclass::text, role, privilege from pg_class c, unnest(array['octavo_app', 'octavo_reader']) role, "
            "unnest(array['truncate', 'references', 'trigger']) privilege "
            "where relkind in ('r', 'p', 'v', 'm') and relnamespace::regnamespace::text = any(%s) and has_table_privilege(role, c.oid, privilege)",
        )
        == []
    )


def test_no_view_is_materialized_and_every_view_asks_as_the_one_who_looks(superuser: Connection) -> None:
    views = catalogue(
        superuser,
        "select c.oid::regclass::text, relkind::text, coalesce('security_invoker=true' = any(reloptions), false) "
        "from pg_class c where relkind in ('v', 'm', 'f') and relnamespace::regnamespace::text = any(%s)",
    )
    assert views
    assert [view for view in views if view[1:] != ("v", True)] == []


def test_a_function_acts_with_its_owners_rights_only_where_a_reason_is_given_and_never_for_the_reader(superuser: Connection) -> None:
    definers = catalogue(
        superuser,
        "select oid::regprocedure::text, proconfig, prorettype::regtype::text, "
        "has_function_privilege('public', oid, 'execute') or has_function_privilege('octavo_reader', oid, 'execute') "
        "from pg_proc where prosecdef and pronamespace::regnamespace::text = any(%s)",
    )
    assert [definer for definer in definers if definer[1] != ['search_path=""'] or definer[3]] == []
    assert {name: returned for name, _, returned, _ in definers} == {name: returned for name, (returned, _) in WITH_OWNERS_RIGHTS.items()}


def test_it_is_proved_as_the_real_login_which_sees_past_nothing(session: Connection) -> None:
    assert session.execute("select session_user::text, rolsuper, rolbypassrls from pg_roles where rolname = session_user").fetchone() == (
        "octavo",
        False,
        False,
    )
    for role in ("octavo_reader", "octavo_app", "octavo_owner"):
        with acting(session, role, 1):
            assert session.execute(
                "select rolname::text, rolsuper or rolbypassrls from pg_roles where rolname = current_user"
            ).fetchone() == (role, False)


def test_every_table_holds_a_row_of_each_organization_to_be_looked_for(superuser: Connection, filled: Filled) -> None:
    assert {table.name: seen(superuser, table.identifier) for table in filled.tables} == {
        table.name: {filled.own: 1, filled.other: 1} for table in filled.tables
    }


def test_no_organization_reaches_a_row_of_another_in_any_table(session: Connection, filled: Filled) -> None:
    assert [breach for table in filled.tables for breach in filled.breaches(session, table)] == []


def test_through_the_snapshot_door_the_reader_sees_its_own_rows_in_every_table_and_view(superuser: Connection, filled: Filled) -> None:
    database = Database(filled.conninfo)
    readable = [table.identifier for table in filled.tables if table.schema != "octavo"] + readable_views(superuser)
    with database.reader(filled.own, zone="UTC") as connection:
        assert [seen(connection, name) for name in readable] == [{filled.own: 1}] * len(readable)
        assert seen(connection, sql.Identifier("octavo", "organization"), "id") == {filled.own: 1}
    with database.reader(filled.other, zone="UTC") as connection:
        assert [seen(connection, name) for name in readable] == [{filled.other: 1}] * len(readable)
