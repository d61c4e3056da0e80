"""The list of what happened: it is only added to, in the transaction that did it, and every tampering is found and named."""

import hashlib
import json
import threading
from collections.abc import Iterator
from datetime import UTC

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.types.json import Jsonb

from octavo.control import events
from octavo.control.audit import actions as audit
from octavo.control.events import Actor
from octavo.database.connection import Connection, Database
from octavo.errors import UsageError
from octavo.pipeline.document import Organization

MARIA = Actor(7, 3, "maria@alpha.example", "192.0.2.1", "req-1")


@pytest.fixture
def intruder(conninfo: str) -> Iterator[Connection]:
    """A superuser of the database, for whom no trigger and no policy holds."""
    with psycopg.connect(make_conninfo(conninfo, user="postgres"), autocommit=True) as connection:
        connection.execute("set session_replication_role = replica")
        yield connection


def happen(database: Database, organization: Organization, count: int) -> None:
    """Records what happened `count` times: a run was requested, for sale number 1, 2, 3 ..."""
    with database.tenant(organization.id) as connection:
        for number in range(1, count + 1):
            events.record(
                connection, MARIA, "run.requested", subject="run", subject_id=number, detail={"report": "retail.sales", "rows": number}
            )


def problems(database: Database, organization: Organization, anchors: tuple[audit.Anchor, ...] = ()) -> list[tuple[int, str]]:
    return [(problem.number, problem.text) for problem in audit.verify(database, organization, anchors).problems]


def test_what_happened_is_numbered_from_one_in_each_organization_and_belongs_to_the_transaction_that_did_it(
    database: Database, organization: Organization, other_organization: Organization
) -> None:
    happen(database, organization, 2)
    happen(database, other_organization, 1)
    with pytest.raises(RuntimeError), database.tenant(organization.id) as connection:
        assert events.record(connection, MARIA, "run.requested", subject="run", subject_id=3) == 3
        raise RuntimeError
    with database.tenant(organization.id) as connection:
        assert events.record(connection, Actor.system("octavo worker"), "run.completed", subject="run", subject_id=1) == 3
        listed, total = audit.entries(connection)
    assert total == 3
    assert [(one.number, one.actor, one.action, one.subject_id) for one in listed] == [
        (3, "octavo worker", "run.completed", 1), (2, "maria@alpha.example", "run.requested", 2), (1, "maria@alpha.example", "run.requested", 1),
    ]  # fmt: skip
    assert (listed[2].user_id, listed[2].key_id, listed[2].address, listed[2].request_id) == (7, 3, "192.0.2.1", "req-1")
    assert listed[2].detail == {"report": "retail.sales", "rows": 1}
    assert (problems(database, organization), problems(database, other_organization)) == ([], [])


def test_the_list_is_found_by_action_subject_person_and_time(database: Database, organization: Organization) -> None:
    happen(database, organization, 3)
    with database.tenant(organization.id) as connection:
        events.record(connection, Actor.system("octavo"), "export.approved", subject="export", subject_id=2)
        first = audit.entries(connection)[0][-1]

        def numbers(**wanted: object) -> tuple[list[int], int]:
            found, total = audit.entries(connection, **wanted)  # type: ignore[arg-type]
            return [one.number for one in found], total

        assert numbers(action="run") == ([3, 2, 1], 3)
        assert numbers(action="ru") == ([], 0)
        assert numbers(action="export.approved") == ([4], 1)
        assert numbers(subject="run", subject_id=2) == ([2], 1)
        assert numbers(user_id=7, limit=2) == ([3, 2], 3)
        assert numbers(offset=3, limit=2) == ([1], 4)
        assert numbers(until=first.at) == ([], 0)
        assert numbers(since=first.at) == ([4, 3, 2, 1], 4)


def test_each_hash_is_the_sha_256_of_the_one_before_and_of_the_entry_as_one_line_of_json(
    database: Database, organization: Organization
) -> None:
    """Recomputed here without the database: the documented spelling is a JSON array with ", " and ": ", keys shortest first."""
    awkward = {"b": [1, 2.5, None, True], "aa": 'Zürich "q" \\ \t', "a": {"é": "✓"}}
    with database.tenant(organization.id, zone="Asia/Kathmandu") as connection:
        events.record(connection, MARIA, "run.requested", subject="run", subject_id=9, detail=awkward)
        events.record(connection, Actor.system("octavo"), "run.completed", subject="run")
    previous = bytes(32)
    with database.tenant(organization.id) as connection:
        rows = connection.execute(
            "select organization_id, number, at, user_id, key_id, actor, address, request_id, action, subject, subject_id, hash "
            "from octavo.audit_entry order by number"
        ).fetchall()
    details = [{"a": {"é": "✓"}, "b": [1, 2.5, None, True], "aa": 'Zürich "q" \\ \t'}, {}]
    for row, detail in zip(rows, details, strict=True):
        at = row[2].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")  # type: ignore[attr-defined]
        text = json.dumps([*row[:2], at, *row[3:11], detail], ensure_ascii=False)
        previous = hashlib.sha256(previous + text.encode()).digest()
        assert previous == row[11], text


def test_neither_the_application_nor_the_owner_changes_removes_or_adds_past_the_function(
    database: Database, organization: Organization, conninfo: str
) -> None:
    happen(database, organization, 2)
    statements = (
        "update octavo.audit_entry set actor = 'nobody'", "delete from octavo.audit_entry", "truncate octavo.audit_entry",
        "delete from octavo.audit_head", "truncate octavo.audit_head", "update octavo.audit_head set number = 0", "update octavo.audit_head set number = number + 2",
    )  # fmt: skip
    inserts = (
        "insert into octavo.audit_entry (number, at, actor, action, subject, hash) values (3, now(), 'a', 'b', 'c', sha256(''))",
        "insert into octavo.audit_head (number, hash) values (3, sha256(''))",
    )
    for statement in (*statements, *inserts):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), database.tenant(organization.id) as connection:
            connection.execute(statement.encode())
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("set role octavo_owner")
        connection.execute(f"set octavo.organization_id = {organization.id}".encode())
        for statement in statements:
            with pytest.raises(psycopg.Error) as refused:
                connection.execute(statement.encode())
            assert refused.value.sqlstate == "OC001", statement
    with psycopg.connect(make_conninfo(conninfo, user="postgres"), autocommit=True) as connection:
        for statement in statements:
            with pytest.raises(psycopg.Error, match="only added to"):
                connection.execute(statement.encode())
    assert problems(database, organization) == []


def test_nothing_is_recorded_for_no_organization(database: Database) -> None:
    with pytest.raises(psycopg.Error, match="names none"), database.app() as connection:
        events.record(connection, MARIA, "run.requested", subject="run")


def test_eight_at_once_leave_no_gap_and_one_chain(database: Database, organization: Organization) -> None:
    def many() -> None:
        for number in range(25):
            with database.tenant(organization.id) as connection:
                events.record(connection, MARIA, "run.requested", subject="run", subject_id=number)

    threads = [threading.Thread(target=many) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    verified = audit.verify(database, organization)
    assert (verified.entries, verified.problems) == (200, [])
    with database.tenant(organization.id) as connection:
        backwards = connection.execute(
            "select number from (select number, at < lag(at) over (order by number) as back from octavo.audit_entry) e where back"
        ).fetchall()
    assert backwards == []


@pytest.mark.parametrize(
    "change",
    [
        "actor = 'nobody'",
        "detail = '{}'",
        "at = at + interval '1 microsecond'",
        "user_id = null",
        "subject_id = 6",
        "address = null",
        "action = 'run.requested '",
    ],
)
def test_an_edited_entry_is_named_whatever_was_edited(
    database: Database, organization: Organization, intruder: Connection, change: str
) -> None:
    happen(database, organization, 5)
    intruder.execute(sql.SQL("update octavo.audit_entry set {} where number = 3").format(sql.SQL(change)))
    assert problems(database, organization) == [(3, "the entry, or its place, was changed")]


def test_an_entry_that_was_sealed_anew_after_an_edit_shows_at_the_next(
    database: Database, organization: Organization, intruder: Connection
) -> None:
    happen(database, organization, 5)
    reseal = (
        "update octavo.audit_entry e set hash = sha256(p.hash || convert_to(octavo.audit_text(e), 'UTF8')) "
        "from octavo.audit_entry p where e.number = %s and p.number = e.number - 1"
    )
    intruder.execute("update octavo.audit_entry set actor = 'nobody' where number = 3")
    intruder.execute(reseal, [3])
    assert problems(database, organization) == [(4, "the entry, or its place, was changed")]
    kept = audit.anchor(database, organization)
    for number in (4, 5):
        intruder.execute(reseal, [number])
    assert problems(database, organization) == [(5, "the entry is not the one that was written last")]
    intruder.execute("update octavo.audit_head h set hash = e.hash from octavo.audit_entry e where e.number = h.number")
    assert problems(database, organization) == [], "the whole chain was forged: only what is kept outside can tell"
    assert problems(database, organization, (kept,)) == [(5, f"the entry is not the one that was anchored at {kept.at.isoformat()}")]


def test_deleted_entries_are_named(database: Database, organization: Organization, intruder: Connection) -> None:
    happen(database, organization, 9)
    intruder.execute("delete from octavo.audit_entry where number in (1, 4, 6, 7)")
    assert problems(database, organization) == [(1, "the entry is gone"), (4, "the entry is gone"), (6, "the entries 6 to 7 are gone")]


def test_a_deleted_entry_whose_gap_was_closed_by_renumbering_is_found(
    database: Database, organization: Organization, intruder: Connection
) -> None:
    happen(database, organization, 5)
    intruder.execute("delete from octavo.audit_entry where number = 3")
    for number in (4, 5):
        intruder.execute("update octavo.audit_entry set number = number - 1 where number = %s", [number])
    assert problems(database, organization)[0] == (3, "the entry, or its place, was changed")


def test_two_entries_that_changed_places_are_named(database: Database, organization: Organization, intruder: Connection) -> None:
    happen(database, organization, 5)
    for before, after in ((2, 99), (3, 2), (99, 3)):
        intruder.execute("update octavo.audit_entry set number = %s where number = %s", [after, before])
    found = problems(database, organization)
    assert found[:2] == [(2, "the entry, or its place, was changed"), (3, "the entry, or its place, was changed")]


def test_an_entry_smuggled_in_or_moved_from_another_organization_is_found(
    database: Database, organization: Organization, other_organization: Organization, intruder: Connection
) -> None:
    happen(database, organization, 2)
    happen(database, other_organization, 3)
    intruder.execute("update octavo.audit_entry set organization_id = %s where number = 3", [organization.id])
    assert problems(database, organization) == [
        (3, "the entry, or its place, was changed"), (4, "the entries end at 3, but 2 were written"),
    ]  # fmt: skip
    assert problems(database, other_organization) == [(3, "the entries end at 2, but 3 were written")]


def test_a_cut_off_end_is_found_by_the_head_and_with_a_forged_head_by_the_anchor(
    database: Database, organization: Organization, intruder: Connection
) -> None:
    happen(database, organization, 5)
    kept = audit.anchor(database, organization)
    assert (kept.organization, kept.number) == ("alpha", 5)
    intruder.execute("delete from octavo.audit_entry where number > 3")
    assert problems(database, organization) == [(4, "the entries end at 3, but 5 were written")]
    intruder.execute("update octavo.audit_head h set number = 3, hash = e.hash from octavo.audit_entry e where e.number = 3")
    assert problems(database, organization) == []
    gone = [(5, f"the entry was there at {kept.at.isoformat()}, and is gone")]
    assert problems(database, organization, (kept,)) == gone
    happen(database, organization, 4)
    assert problems(database, organization, (kept,)) == [(5, f"the entry is not the one that was anchored at {kept.at.isoformat()}")]


def test_a_list_that_is_gone_with_its_head_is_found_by_the_anchor(
    database: Database, organization: Organization, intruder: Connection
) -> None:
    empty = audit.anchor(database, organization)
    assert (empty.number, empty.hash, problems(database, organization, (empty,))) == (0, bytes(32), [])
    happen(database, organization, 2)
    kept = audit.anchor(database, organization)
    intruder.execute("delete from octavo.audit_entry")
    intruder.execute("delete from octavo.audit_head")
    assert problems(database, organization) == []
    assert [number for number, _ in problems(database, organization, (empty, kept))] == [2]


def test_an_anchor_is_a_line_that_is_read_again_and_anything_else_is_refused(database: Database, organization: Organization) -> None:
    happen(database, organization, 1)
    kept = audit.anchor(database, organization)
    assert kept.line.startswith(f"octavo-audit alpha 1 {kept.hash.hex()} 20")
    assert audit.read_anchors(f"\n{kept.line}\n{kept.line}\n") == [kept, kept]
    for text in ("", "\n", "octavo-audit alpha 1 abc 2026-01-01T00:00:00+00:00", kept.line[:-20] + "yesterday", f"{kept.line}\nnonsense"):
        with pytest.raises(UsageError, match="anchor"):
            audit.read_anchors(text)


def test_the_seal_does_not_depend_on_the_settings_of_who_looks(
    database: Database, organization: Organization, intruder: Connection
) -> None:
    happen(database, organization, 3)
    for setting in (
        "timezone = 'America/Lima'",
        "datestyle = 'German'",
        "extra_float_digits = -15",
        "lc_time = 'C'",
        "intervalstyle = 'sql_standard'",
    ):
        intruder.execute(f"set {setting}".encode())
    intruder.execute("set role postgres")
    assert intruder.execute("select * from octavo.verify_audit(%s)", [organization.id]).fetchall() == []


def test_what_is_recorded_may_be_any_text(database: Database, organization: Organization) -> None:
    strange = 'a", "b\\ \u202e🙂 ' + "x" * 100_000
    with database.tenant(organization.id) as connection:
        events.record(connection, Actor(None, None, strange), "run.requested", subject="run", detail={strange[:50]: strange})
        assert audit.entries(connection)[0][0].detail == {strange[:50]: strange}
        assert connection.execute("select %s::jsonb ->> %s", [Jsonb({strange[:50]: strange}), strange[:50]]).fetchone() == (strange,)
    assert problems(database, organization) == []
