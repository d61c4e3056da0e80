"""A run is held by one attempt at a time, claims are fair between organizations, and whoever lost a run can do nothing to it."""

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from octavo.control import events
from octavo.control.access import actions as access
from octavo.control.runs import actions as runs
from octavo.control.runs import jobs, leases, rules
from octavo.database.connection import Database
from octavo.errors import Forbidden, NotInstalled
from octavo.pipeline import catalog
from octavo.pipeline.document import Organization
from octavo.pipeline.store import Folder
from tests.control.test_runs_actions import LEASE, MILL, PAUSE, SOMEBODY, ask, claim, find, recorded

SEALED = leases.Sealed("reports/1/2026/11/1-1.csv", 10, "0" * 64, "text/csv", 3, 5, False, "1", {})
PASSING = rules.Failure("database", "The connection was lost; run it again", True)


def take(database: Database, bulk: tuple[bool, ...] = (False, True), most_running: int = 100) -> leases.Claim | None:
    return leases.claim(database, "a test", LEASE, bulk=bulk, most_running=most_running)


def test_many_who_claim_at_once_never_get_the_same_run(
    database: Database, organization: Organization, other_organization: Organization
) -> None:
    asked = {ask(database, owner).id for owner in (organization, other_organization) for _ in range(40)}
    claimed: list[leases.Claim] = []
    errors: list[BaseException] = []

    def hammer() -> None:
        try:
            while (got := take(database)) is not None:
                claimed.append(got)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=hammer) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sorted(got.run_id for got in claimed) == sorted(asked)
    assert {got.attempt for got in claimed} == {1}


def test_who_asks_for_one_is_next_although_another_waits_with_three_hundred(
    database: Database, organization: Organization, other_organization: Organization
) -> None:
    with database.tenant(organization.id) as connection:
        for _ in range(300):
            runs.request(connection, SOMEBODY, report="mill.grain", format="csv", parameters={}, reports=MILL)
    for worker in range(2):  # with a run of theirs at work, and then also when none is
        assert claim(database).organization_id == organization.id
        one = ask(database, other_organization)
        next_ = claim(database)
        assert next_.run_id == one.id, f"round {worker}"
        assert leases.publish(database, next_, SEALED)
    for got in open_claims(database):
        leases.publish(database, got, SEALED)
    assert claim(database).organization_id == organization.id
    leases.publish(database, next(open_claims(database)), SEALED)
    one = ask(database, other_organization)
    assert claim(database).run_id == one.id, "nobody is at work, and the other was served longer ago"


def open_claims(database: Database) -> Iterator[leases.Claim]:
    with psycopg.connect(make_conninfo(database.conninfo, user="postgres")) as connection:
        rows = connection.execute("select organization_id, id, attempt from octavo.generated_report where state = 'processing'").fetchall()
    return (leases.Claim(*row) for row in rows)


def test_organizations_take_turns_and_interactive_comes_before_bulk_and_oldest_first(
    database: Database, organization: Organization, other_organization: Organization
) -> None:
    big = ask(database, organization, bulk=True)
    first, second = ask(database, organization), ask(database, organization)
    theirs = [ask(database, other_organization), ask(database, other_organization)]
    assert [claim(database).run_id for _ in range(5)] == [first.id, theirs[0].id, second.id, theirs[1].id, big.id]


def test_a_worker_gets_only_the_kinds_it_takes_and_nobody_more_than_the_limit_of_its_organization(
    database: Database, organization: Organization
) -> None:
    big = ask(database, organization, bulk=True)
    assert take(database, bulk=(False,)) is None
    small = [ask(database, organization) for _ in range(3)]
    got = take(database, bulk=(True,))
    assert got and (got.run_id, got.bulk) == (big.id, True)
    assert take(database, most_running=2) is not None
    assert take(database, most_running=2) is None
    leases.publish(database, got, SEALED)
    after = take(database, most_running=2)
    assert after and after.run_id == small[1].id


def test_a_claim_neither_waits_for_nor_takes_one_that_is_just_being_cancelled(
    database: Database, organization: Organization, other_organization: Organization
) -> None:
    first, theirs = ask(database, organization), ask(database, other_organization)
    with database.tenant(organization.id) as connection:
        runs.cancel(connection, SOMEBODY, first.id)
        assert claim(database).run_id == theirs.id
    assert take(database) is None


def test_one_that_waits_for_its_next_attempt_is_not_due(database: Database, organization: Organization) -> None:
    run = ask(database, organization)
    assert leases.fail(database, claim(database), PASSING, timedelta(hours=1))
    waits = find(database, run)
    assert (waits.state, waits.failures, waits.error_kind) == ("pending", 1, "database")
    assert waits.not_before and waits.not_before > waits.created_at + timedelta(minutes=59)
    assert take(database) is None


def test_what_keeps_failing_is_failed_in_the_end_and_every_attempt_is_recorded(database: Database, organization: Organization) -> None:
    run = ask(database, organization)
    for _ in range(rules.MOST_FAILURES):
        assert find(database, run).state == "pending"
        assert leases.fail(database, claim(database), PASSING, timedelta(0))
    assert (find(database, run).state, find(database, run).attempt) == ("failed", rules.MOST_FAILURES)
    assert recorded(database, run) == ["run.requested", *["run.attempt_failed"] * (rules.MOST_FAILURES - 1), "run.failed"]


def held(database: Database, stale: leases.Claim) -> dict[str, bool]:
    """Whether each thing that a worker writes about its run is taken from this attempt."""
    return {
        "renew": leases.renew(database, stale, LEASE, stage="", done=0, expected=None),
        "publish": leases.publish(database, stale, SEALED),
        "fail": leases.fail(database, stale, PASSING, PAUSE),
        "give back": leases.give_back(database, stale),
    }


def test_an_attempt_that_lost_its_run_can_do_nothing_to_it(database: Database, organization: Organization) -> None:
    run = ask(database, organization)
    zombie = claim(database)
    assert leases.give_back(database, zombie)
    assert set(held(database, zombie).values()) == {False}, "while it waits"
    successor = claim(database)
    assert (successor.run_id, successor.attempt) == (run.id, 2)
    assert set(held(database, zombie).values()) == {False}, "while another makes it"
    assert leases.publish(database, successor, SEALED)
    assert set(held(database, zombie).values()) == {False}, "when another made it"
    assert set(held(database, successor).values()) == {False}, "not even its own maker, once it is done"
    assert recorded(database, run) == ["run.requested", "run.completed"]


def test_an_attempt_whose_run_was_cancelled_publishes_nothing(database: Database, organization: Organization) -> None:
    run = ask(database, organization)
    late = claim(database)
    with database.tenant(organization.id) as connection:
        runs.cancel(connection, SOMEBODY, run.id)
    assert set(held(database, late).values()) == {False}
    assert find(database, run).state == "cancelled"


def test_only_a_lease_that_ran_out_is_reaped(database: Database, organization: Organization) -> None:
    short, long = ask(database, organization), ask(database, organization)
    lost = leases.claim(database, "a test", timedelta(0), bulk=(False,), most_running=9)
    kept = claim(database)
    assert lost and (lost.run_id, kept.run_id) == (short.id, long.id)
    assert leases.expired(database) == [leases.Claim(organization.id, short.id, 1)]
    assert leases.take_back(database, lost, timedelta(0))
    assert leases.expired(database) == []
    assert not leases.take_back(database, lost, timedelta(0))
    assert not leases.take_back(database, kept, timedelta(0))
    assert (find(database, short).state, find(database, short).error_kind) == ("pending", "lost")
    assert leases.renew(database, kept, LEASE, stage="", done=0, expected=None)


def test_an_expired_run_that_somebody_holds_locked_is_left_for_later_and_keeps_nobody_waiting(
    database: Database, organization: Organization
) -> None:
    ask(database, organization)
    lost = leases.claim(database, "a test", timedelta(0), bulk=(False,), most_running=9)
    assert lost
    with database.tenant(organization.id) as frozen:  # as a child that was stopped in the middle of publishing
        frozen.execute("select from octavo.generated_report where id = %s for update", [lost.run_id])
        assert not leases.take_back(database, lost, timedelta(0))
    assert leases.take_back(database, lost, timedelta(0))


def test_a_transaction_that_writes_is_ended_when_it_says_nothing_and_one_that_reads_may_take_its_time(
    database: Database, organization: Organization
) -> None:
    with database.tenant(organization.id) as connection:
        assert connection.execute("show idle_in_transaction_session_timeout").fetchone() == ("1min",)
    with database.reader(organization.id, zone="UTC") as connection:
        assert connection.execute("show idle_in_transaction_session_timeout").fetchone() == ("0",)


def test_a_bulk_run_that_has_waited_long_is_not_kept_waiting_by_interactive_ones_for_ever(
    database: Database, organization: Organization, other_organization: Organization
) -> None:
    patient, fresh = ask(database, organization, bulk=True), ask(database, other_organization, bulk=True)
    for owner in (organization, other_organization):
        for _ in range(3):
            ask(database, owner)
    with database.tenant(organization.id) as connection:
        connection.execute("update octavo.generated_report set created_at = now() - interval '11 minutes' where id = %s", [patient.id])
    assert claim(database).run_id == patient.id
    assert fresh.id not in {claim(database).run_id for _ in range(4)}


def test_the_scratch_of_an_attempt_is_swept_when_no_worker_holds_it_any_more(
    database: Database, organization: Organization, tmp_path: Path
) -> None:
    store = Folder(tmp_path)
    run = ask(database, organization)
    assert leases.give_back(database, claim(database))
    at_work = claim(database)
    left = [f".octavo-{run.id}-1.part", f".octavo-{run.id}-1-seal.part", ".octavo-999-3.part"]
    kept = [f".octavo-{at_work.name}.part", f".octavo-{at_work.name}-seal.part", ".octavo-0123456789abcdef.part", ".octavo-42-seal.part"]
    for name in (*left, *kept):
        (tmp_path / name).write_text("scratch")
    assert jobs.sweep(database=database, store=store) == sorted([f"{run.id}-1", "999-3"])
    assert {path.name for path in tmp_path.iterdir()} == set(kept), "of whoever is at work, and of octavo render"


def test_a_report_that_only_another_version_has_is_left_to_it(database: Database, organization: Organization, tmp_path: Path) -> None:
    ask(database, organization)
    older = catalog.read([])
    with pytest.raises(NotInstalled) as unknown:
        jobs.perform(claim(database), reports=older, database=database, store=Folder(tmp_path))
    assert rules.failure(unknown.value, 2048).passing


def test_the_owner_and_the_reader_see_no_runs_but_through_the_functions(database: Database, organization: Organization) -> None:
    ask(database, organization)
    with psycopg.connect(database.conninfo) as connection:
        connection.execute("set role octavo_owner")
        assert connection.execute("select count(*) from octavo.generated_report").fetchone() == (0,)
    with psycopg.connect(database.conninfo) as connection:
        connection.execute("set role octavo_reader")
        for call in ("octavo.expired_runs()", "octavo.attempts_at_work()", "octavo.claim_run('x', '1 s', array[true], 1)"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(sql.SQL("select {}").format(sql.SQL(call)))


# --- what the child does ----------------------------------------------------------------------------------------------


@pytest.fixture
def member(database: Database, organization: Organization) -> int:
    with database.tenant(organization.id) as connection:
        person = access.person(connection, "ann@example.org")
        access.set_member(connection, SOMEBODY, person, role="member", view_pii=True)
    return person


def ask_as(database: Database, person: int, organization: Organization, **asked: Any) -> runs.Run:
    actor = events.Actor(person, None, "ann@example.org")
    with database.tenant(organization.id) as connection:
        return runs.request(
            connection,
            actor,
            **{"report": "mill.grain", "format": "csv", "parameters": {"rows": 2}, "reports": MILL, "masked": False, **asked},
        )


def test_personal_data_is_shown_only_to_who_may_see_it_when_the_run_starts(
    database: Database, organization: Organization, member: int, tmp_path: Path
) -> None:
    store = Folder(tmp_path)
    for view_pii, wanted in ((True, "grain 2"), (False, "***")):
        run = ask_as(database, member, organization)
        with database.tenant(organization.id) as connection:
            access.set_member(connection, SOMEBODY, member, view_pii=view_pii)
        assert jobs.perform(claim(database), reports=MILL, database=database, store=store)
        done = find(database, run)
        assert done.masked is not view_pii
        assert done.file_key and wanted in (tmp_path / done.file_key).read_text()


def test_who_asked_must_still_be_allowed_when_the_run_starts(
    database: Database, organization: Organization, member: int, tmp_path: Path
) -> None:
    ask_as(database, member, organization)
    with database.tenant(organization.id) as connection:
        access.set_member(connection, SOMEBODY, member, role="viewer")
    with pytest.raises(Forbidden, match=r"no longer has the permission reports\.export_reports"):
        jobs.perform(claim(database), reports=MILL, database=database, store=Folder(tmp_path))
    ask_as(database, member, organization)
    with database.tenant(organization.id) as connection:
        access.set_member(connection, SOMEBODY, member, active=False)
    with pytest.raises(Forbidden, match="no active member"):
        jobs.perform(claim(database), reports=MILL, database=database, store=Folder(tmp_path))
    assert not list(tmp_path.rglob("*.csv"))


def test_a_file_that_is_made_too_late_is_thrown_away(database: Database, organization: Organization, tmp_path: Path) -> None:
    run = ask(database, organization, parameters={"rows": 2})
    slow = claim(database)

    def meanwhile(*_: object) -> None:
        with database.tenant(organization.id) as connection:
            connection.execute("update octavo.generated_report set attempt = 2 where id = %s and attempt = 1", [run.id])

    assert jobs.perform(slow, reports=MILL, database=database, store=Folder(tmp_path), progress=meanwhile) is False
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_the_collector_takes_what_no_run_refers_to_and_nothing_else(
    database: Database, organization: Organization, other_organization: Organization, tmp_path: Path
) -> None:
    store = Folder(tmp_path)
    done, open_ = ask(database, organization, parameters={"rows": 2}), ask(database, organization)
    assert jobs.perform(claim(database), reports=MILL, database=database, store=store)
    at_work = claim(database)
    key = find(database, done).file_key
    assert key
    folder = (tmp_path / key).parent
    orphans = [f"{done.id}-7.csv", f"{done.id}-7.csv.manifest.json", "999999-1.pdf"]
    for name in (*orphans, f"{open_.id}-{at_work.attempt}.csv"):
        (folder / name).write_text("left")
    stranger = tmp_path / "notes.txt"
    stranger.write_text("not ours")
    foreign = tmp_path / f"reports/{other_organization.id}/2026/11/{done.id}-1.csv"
    foreign.parent.mkdir(parents=True)
    foreign.write_text("another organization's, and no run of theirs")
    assert jobs.collect(database=database, store=store, older_than=timedelta(hours=1)) == []
    taken = jobs.collect(database=database, store=store, older_than=timedelta(seconds=-1))
    assert sorted(taken) == sorted([*(f"{folder.relative_to(tmp_path)}/{name}" for name in orphans), str(foreign.relative_to(tmp_path))])
    left = Counter(path.name for path in tmp_path.rglob("*") if path.is_file())
    assert set(left) == {f"{done.id}-1.csv", f"{done.id}-1.csv.manifest.json", f"{open_.id}-{at_work.attempt}.csv", "notes.txt"}
