"""Files are kept as long as their organization says, by the database's clock; what is on legal hold goes nowhere, whoever tries."""

import hashlib
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from octavo.control import events
from octavo.control.retention import actions as retention
from octavo.control.retention import jobs as rounds
from octavo.control.runs import actions as runs
from octavo.control.runs import jobs
from octavo.database.connection import Database
from octavo.errors import Conflict, Gone, NotFound, UsageError
from octavo.pipeline.document import Organization
from octavo.pipeline.store import Store, open_store
from tests.control.test_runs_actions import MILL, SOMEBODY, ask, claim, find

ADMIN = events.Actor.system("an administrator")


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return open_store(str(tmp_path / "store"))
    return open_store(f"{request.getfixturevalue('s3')}/retention-{random.randrange(10**9)}")


@pytest.fixture
def folder(tmp_path: Path) -> Store:
    return open_store(str(tmp_path / "store"))


def made(database: Database, organization: Organization, store: Store, **asked: Any) -> runs.Run:
    """A completed run."""
    run = ask(database, organization, **asked)
    assert jobs.perform(claim(database), reports=MILL, database=database, store=store)
    return find(database, run)


def age(database: Database, run: runs.Run, days: float) -> None:
    """As if everything about the run had happened so many days earlier."""
    with database.tenant(run.organization_id) as connection:
        connection.execute(
            "update octavo.generated_report set completed_at = completed_at - %(age)s, expires_at = expires_at - %(age)s, "
            "archived_at = archived_at - %(age)s, file_gone_at = file_gone_at - %(age)s where id = %(id)s",
            {"age": timedelta(days=days), "id": run.id},
        )


def say(database: Database, organization: Organization, **said: Any) -> None:
    with database.tenant(organization.id) as connection:
        retention.change(connection, ADMIN, replace(retention.find(connection), **said))


def keys(store: Store) -> set[str]:
    return {key for folder in ("reports/", "exports/", "archive/") for key, _ in store.keys(folder)}


def recorded(database: Database, run: runs.Run) -> list[str]:
    with database.tenant(run.organization_id) as connection:
        return [
            str(action)
            for (action,) in connection.execute(
                "select action from octavo.audit_entry where subject = 'run' and subject_id = %s order by number", [run.id]
            )
        ]


def remaining(database: Database, run: runs.Run) -> tuple[str, int] | None:
    with database.tenant(run.organization_id) as connection:
        row = connection.execute("select state, records from octavo.past_run where id = %s", [run.id]).fetchone()
    return row  # type: ignore[return-value]


# --- expiry -----------------------------------------------------------------------------------------------------------


def test_a_file_stays_for_ninety_days_and_then_goes_with_its_manifest(database: Database, organization: Organization, store: Store) -> None:
    run, young = made(database, organization, store), made(database, organization, store)
    assert run.completed_at and run.expires_at
    assert timedelta(days=90) - timedelta(minutes=1) < run.expires_at - run.completed_at < timedelta(days=90) + timedelta(minutes=1)
    age(database, run, 89.9)
    assert rounds.tend(database, store, organization) == rounds.Tended("alpha")
    age(database, run, 0.2)
    assert rounds.tend(database, store, organization) == rounds.Tended("alpha", deleted=1)
    gone = find(database, run)
    assert (gone.state, gone.file_key, gone.sha256) == ("expired", None, run.sha256)
    assert keys(store) == {young.file_key, f"{young.file_key}.manifest.json"}
    assert recorded(database, run)[-2:] == ["run.expired", "run.file_deleted"]
    assert rounds.tend(database, store, organization) == rounds.Tended("alpha")


def test_what_expires_is_said_by_the_organization_also_for_what_is_there_already(
    database: Database, organization: Organization, other_organization: Organization, folder: Store
) -> None:
    run, theirs = made(database, organization, folder), made(database, other_organization, folder)
    for one in (run, theirs):
        age(database, one, 5)
    with database.tenant(organization.id) as connection:
        less = replace(retention.find(connection), report_days=4)
        assert retention.preview(connection, less) == retention.Going(1, 0, 0, 0, 0)
        assert retention.preview(connection, replace(less, archive_reports=True)) == retention.Going(0, 1, 0, 0, 0)
        assert retention.going(connection) == retention.Going(0, 0, 0, 0, 0)
    assert find(database, run).state == "completed"
    say(database, organization, report_days=4)
    assert rounds.tend(database, folder, organization).deleted == 1
    assert rounds.tend(database, folder, other_organization).deleted == 0
    assert find(database, theirs).state == "completed"


def test_the_row_goes_seven_days_after_the_file_and_its_figures_stay(database: Database, organization: Organization, folder: Store) -> None:
    run = made(database, organization, folder, parameters={"rows": 3})
    failed = ask(database, organization)
    with database.tenant(organization.id) as connection:
        runs.cancel(connection, SOMEBODY, failed.id)
        before = runs.statistics(connection)
        whole = connection.execute("select * from octavo.get_report_statistics(%s, 3650)", [organization.id]).fetchone()
    age(database, run, 91)
    assert rounds.tend(database, folder, organization).deleted == 1
    age(database, run, 6.9)
    age(database, failed, 96.9)
    assert rounds.tend(database, folder, organization).forgotten == 0
    for one in (run, failed):
        age(database, one, 0.2)
    assert rounds.tend(database, folder, organization).forgotten == 2
    for one, state in ((run, ("expired", 3)), (failed, ("cancelled", None))):
        with pytest.raises(NotFound):
            find(database, one)
        assert remaining(database, one) == state
        assert recorded(database, one)[-1] == "run.forgotten"
    with database.tenant(organization.id) as connection:
        assert runs.statistics(connection) == before
        assert connection.execute("select * from octavo.get_report_statistics(%s, 3650)", [organization.id]).fetchone() == whole


# --- the archive ------------------------------------------------------------------------------------------------------


def test_a_file_goes_to_the_archive_as_it_was_sealed_and_is_deleted_there_after_seven_years(
    database: Database, organization: Organization, store: Store
) -> None:
    say(database, organization, archive_reports=True)
    run = made(database, organization, store, parameters={"rows": 4})
    assert run.file_key
    content = store.get(run.file_key)
    age(database, run, 90.1)
    assert rounds.tend(database, store, organization, storage_class="STANDARD_IA") == rounds.Tended("alpha", archived=1)
    archived = find(database, run)
    key = f"archive/{organization.id}/{run.created_at.astimezone(UTC).year}/{run.id}-1.csv"
    assert (archived.state, archived.file_key) == ("expired", key)
    assert keys(store) == {key, f"{key}.manifest.json"}
    assert store.get(key) == content and content and hashlib.sha256(content).hexdigest() == run.sha256
    assert archived.expires_at and archived.expires_at.year in (datetime.now(UTC).year + 7, datetime.now(UTC).year + 8)
    age(database, run, 365.25 * 7 - 2)
    assert rounds.tend(database, store, organization) == rounds.Tended("alpha")
    age(database, run, 3)
    assert rounds.tend(database, store, organization) == rounds.Tended("alpha", deleted=1, archive_ended=1)
    assert keys(store) == set()
    assert find(database, run).file_key is None
    assert recorded(database, run)[-3:] == ["run.archived", "run.archive_ended", "run.file_deleted"]


def test_the_archive_in_a_bucket_has_the_storage_class_it_was_given_and_the_name_and_kind_of_the_file(
    database: Database, organization: Organization, s3: str
) -> None:
    import httpx2 as httpx

    store = open_store(f"{s3}/retention-{random.randrange(10**9)}")
    say(database, organization, archive_reports=True)
    run = made(database, organization, store)
    assert run.file_key
    before = httpx.get(store.link(run.file_key, 60) or "")
    age(database, run, 91)
    assert rounds.tend(database, store, organization, storage_class="GLACIER_IR").archived == 1
    after = httpx.get(store.link(find(database, run).file_key or "", 60) or "")
    assert "x-amz-storage-class" not in before.headers or before.headers["x-amz-storage-class"] == "STANDARD"
    assert after.headers["x-amz-storage-class"] == "GLACIER_IR"
    for header in ("content-type", "content-disposition"):
        assert after.headers[header] == before.headers[header] != ""
    assert after.content == before.content


@pytest.mark.parametrize(
    ("damage", "said"), [("other", "not what was sealed"), ("gone", "it is not there"), ("unsealed", "its manifest is not there")]
)
def test_a_file_that_is_not_what_was_sealed_is_not_archived_and_stays(
    database: Database, organization: Organization, folder: Store, tmp_path: Path, damage: str, said: str
) -> None:
    say(database, organization, archive_reports=True)
    run = made(database, organization, folder)
    path = tmp_path / "store" / str(run.file_key)
    if damage == "other":
        path.write_text("other")
    else:
        (path if damage == "gone" else Path(f"{path}.manifest.json")).unlink()
    left = keys(folder)
    age(database, run, 91)
    done = rounds.tend(database, folder, organization)
    assert (done.archived, done.deleted, len(done.wrong)) == (0, 0, 1)
    assert said in done.wrong[0] and str(run.file_key) in done.wrong[0]
    assert find(database, run).state == "completed"
    assert keys(folder) == left


# --- legal hold -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("to_archive", [False, True])
def test_what_is_on_hold_stays_until_it_is_released(
    database: Database, organization: Organization, folder: Store, whole: bool, to_archive: bool
) -> None:
    say(database, organization, archive_reports=to_archive)
    run = made(database, organization, folder)
    age(database, run, 100)
    with database.tenant(organization.id) as connection:
        if whole:
            assert retention.hold_all(connection, ADMIN, "case 7").legal_hold
        else:
            assert retention.hold(connection, ADMIN, run.id, "case 7").hold_reason == "case 7"
        assert retention.going(connection) == retention.Going(0, 0, 0, 0, 1)
    assert rounds.tend(database, folder, organization) == rounds.Tended("alpha")
    assert find(database, run).state == "completed"
    with database.tenant(organization.id) as connection:
        if whole:
            retention.release_all(connection, ADMIN, "over")
        else:
            retention.release(connection, ADMIN, run.id, "over")
    done = rounds.tend(database, folder, organization)
    assert (done.deleted, done.archived) == ((0, 1) if to_archive else (1, 0))
    with database.tenant(organization.id) as connection:
        said = [
            (str(action), reason)
            for action, reason in connection.execute(
                "select action, detail ->> 'reason' from octavo.audit_entry where action ~ 'held|released' order by number"
            )
        ]
    kind = "retention" if whole else "run"
    assert said == [(f"{kind}.held", "case 7"), (f"{kind}.released", "over")]


WAYS = {
    "deleting it": "delete from octavo.generated_report where id = %(id)s",
    "deleting all": "delete from octavo.generated_report",
    "expiring it": "update octavo.generated_report set state = 'expired' where id = %(id)s",
    "archiving it": "update octavo.generated_report set state = 'expired', archived_at = now(), file_key = 'archive/1/2026/1-1.csv' where id = %(id)s",
    "pointing elsewhere": "update octavo.generated_report set file_key = 'reports/1/2026/11/9-9.csv' where id = %(id)s",
    "another seal": "update octavo.generated_report set sha256 = repeat('0', 64) where id = %(id)s",
}


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("way", WAYS)
def test_the_database_itself_keeps_what_is_on_hold(
    database: Database, organization: Organization, folder: Store, way: str, whole: bool
) -> None:
    run = made(database, organization, folder)
    with database.tenant(organization.id) as connection:
        if whole:
            retention.hold_all(connection, ADMIN, "case 7")
        else:
            retention.hold(connection, ADMIN, run.id, "case 7")
    with database.tenant(organization.id) as connection, pytest.raises(psycopg.Error, match="is on legal hold"):
        connection.execute(WAYS[way].encode(), {"id": run.id})
    assert find(database, run) == replace(run, legal_hold=not whole, hold_reason=None if whole else "case 7")
    with database.tenant(organization.id) as connection:
        (retention.release_all if whole else lambda *given: retention.release(given[0], given[1], run.id, given[2]))(
            connection, ADMIN, "over"
        )
        connection.execute(WAYS[way].encode(), {"id": run.id})


def test_what_is_archived_and_on_hold_outlives_the_archive(database: Database, organization: Organization, folder: Store) -> None:
    say(database, organization, archive_reports=True)
    run = made(database, organization, folder)
    age(database, run, 91)
    rounds.tend(database, folder, organization)
    age(database, run, 3000)
    with database.tenant(organization.id) as connection:
        retention.hold(connection, ADMIN, run.id, "case 7")
    assert rounds.tend(database, folder, organization) == rounds.Tended("alpha")
    assert len(keys(folder)) == 2


def test_a_hold_that_is_set_while_a_round_is_at_work_wins_or_comes_too_late_and_nothing_in_between(
    database: Database, organization: Organization, folder: Store
) -> None:
    """Whoever comes second waits, and then sees what the first did."""
    run = made(database, organization, folder)
    age(database, run, 91)
    with database.tenant(organization.id) as round_, psycopg.connect(database.conninfo, autocommit=True) as other:
        due = retention.due(round_, 0, 9)
        other.execute("set role octavo_app")
        other.execute("select set_config('octavo.organization_id', %s, false)", [str(organization.id)])
        other.execute("set lock_timeout = '300ms'")
        assert retention.expire(round_, due[0])
        with pytest.raises(psycopg.errors.LockNotAvailable):
            other.execute("update octavo.generated_report set legal_hold = true, hold_reason = 'case 7'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            retention.hold_all(other, ADMIN, "case 7")
    with database.tenant(organization.id) as connection, pytest.raises(Gone, match="nothing left to hold"):
        retention.hold(connection, ADMIN, run.id, "case 7")


def test_holds_are_set_and_lifted_once_and_for_a_reason(database: Database, organization: Organization, folder: Store) -> None:
    run = made(database, organization, folder)
    with database.tenant(organization.id) as connection:
        with pytest.raises(UsageError, match="Say why"):
            retention.hold(connection, ADMIN, run.id, " ")
        with pytest.raises(NotFound):
            retention.hold(connection, ADMIN, 4711, "case 7")
        with pytest.raises(Conflict, match="not on legal hold"):
            retention.release(connection, ADMIN, run.id, "over")
        retention.hold(connection, ADMIN, run.id, "case 7")
        with pytest.raises(Conflict, match="on legal hold already"):
            retention.hold(connection, ADMIN, run.id, "case 8")
        retention.hold_all(connection, ADMIN, "case 9")
        with pytest.raises(Conflict, match="on legal hold already"):
            retention.hold_all(connection, ADMIN, "case 9")
    with database.tenant(organization.id) as connection, pytest.raises(psycopg.Error, match="on legal hold"):
        connection.execute("delete from octavo.retention")


def test_nothing_is_kept_shorter_while_everything_is_on_hold_and_longer_may_be(database: Database, organization: Organization) -> None:
    with database.tenant(organization.id) as connection:
        now = retention.hold_all(connection, ADMIN, "case 7")
        for less in ({"report_days": 89}, {"export_days": 6}, {"row_days": 1}, {"archive_years": 1}):
            with pytest.raises(Conflict, match="release it before you keep anything for a shorter time"):
                retention.change(connection, ADMIN, replace(now, **less))
        assert retention.change(connection, ADMIN, replace(now, report_days=365)).legal_hold
        assert retention.find(connection).report_days == 365


# --- the round --------------------------------------------------------------------------------------------------------


def test_only_one_goes_the_round_at_a_time(database: Database, organization: Organization, folder: Store) -> None:
    run = made(database, organization, folder)
    age(database, run, 91)
    with retention.alone(database) as alone:
        assert alone
        rounds.go_round(database, folder, abandoned=timedelta(hours=1))
        assert find(database, run).state == "completed"
    rounds.go_round(database, folder, abandoned=timedelta(hours=1))
    assert find(database, run).state == "expired"


def test_a_round_ends_between_two_files_when_it_is_told_to(database: Database, organization: Organization, folder: Store) -> None:
    for _ in range(3):
        age(database, made(database, organization, folder), 91)
    answers = iter([False, False, False, True])
    rounds.tend(database, folder, organization, stopped=lambda: next(answers, True))
    assert len(keys(folder)) == 6
    assert rounds.tend(database, folder, organization).deleted == 3
    assert keys(folder) == set()
