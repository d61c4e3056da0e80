"""octavo retention run: does what is due, says what it did, and with --dry-run only says what is due."""

from pathlib import Path

from octavo.control.retention import actions as retention
from octavo.database.connection import Database
from octavo.pipeline.document import Organization
from octavo.pipeline.store import open_store
from tests.cli.conftest import CommandLine
from tests.control.test_retention import age, keys, made


def test_what_is_due_is_said_then_done_then_nothing_is(
    octavo: CommandLine, database: Database, organization: Organization, other_organization: Organization, tmp_path: Path
) -> None:
    place = str(tmp_path / "store")
    store = open_store(place)
    for owner in (organization, other_organization):
        age(database, made(database, owner, store), 91)
    before = keys(store)
    dry = octavo("retention", "run", "--dry-run", OCTAVO_STORE_URL=place)
    assert (dry.returncode, dry.stderr) == (0, "")
    due = "due: 1 files to delete, 0 to archive, 0 archived ones to delete, 0 rows to delete; 0 stay on legal hold"
    assert dry.stdout.splitlines() == [f"alpha  {due}", f"beta  {due}"]
    assert keys(store) == before
    one = octavo("retention", "run", "--organization", "beta", OCTAVO_STORE_URL=place)
    assert one.stdout.splitlines() == [
        "beta  1 files deleted (0 of them from the archive), 0 archived, 0 rows deleted, 0 of past times and messages"
    ]
    assert len(keys(store)) == 2
    everything = octavo("retention", "run", OCTAVO_STORE_URL=place)
    assert everything.stdout.splitlines() == [
        "alpha  1 files deleted (0 of them from the archive), 0 archived, 0 rows deleted, 0 of past times and messages",
        "beta  0 files deleted (0 of them from the archive), 0 archived, 0 rows deleted, 0 of past times and messages",
    ]
    assert keys(store) == set()


def test_two_do_not_go_the_round_at_once_and_an_organization_must_be_there(
    octavo: CommandLine, database: Database, organization: Organization
) -> None:
    with retention.alone(database) as alone:
        assert alone
        refused = octavo("retention", "run")
    assert refused.returncode == 2
    assert "A worker is at it at this moment" in refused.stderr
    assert octavo("retention", "run", "--organization", "nobody").returncode == 2


def test_a_file_that_is_not_what_was_sealed_makes_the_command_fail(
    octavo: CommandLine, database: Database, organization: Organization, tmp_path: Path
) -> None:
    store = open_store(str(tmp_path / "store"))
    run = made(database, organization, store)
    (tmp_path / "store" / str(run.file_key)).write_text("other")
    with database.tenant(organization.id) as connection:
        connection.execute(
            "insert into octavo.retention (export_days, report_days, archive_exports, archive_reports, archive_years, row_days) values (7, 90, false, true, 7, 7)"
        )
    age(database, run, 91)
    done = octavo("retention", "run", OCTAVO_STORE_URL=str(tmp_path / "store"))
    assert done.returncode == 1
    assert "it is not what was sealed" in done.stdout
    assert "1 files could not be put into the archive, and stay where they are" in done.stderr
