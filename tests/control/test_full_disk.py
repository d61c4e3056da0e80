"""A disk that is full fails a run by something that may pass: nothing is left on it, and with room the same run is made."""

from pathlib import Path

import pytest

from octavo.control.runs import jobs, rules
from octavo.database.connection import Database
from octavo.errors import StorageError
from octavo.pipeline.document import Organization
from octavo.pipeline.store import Folder
from octavo.pipeline.verify import verify
from tests.control.test_retention import find
from tests.control.test_runs_actions import MILL, ask, claim
from tests.disks import small_disk

__all__ = ["small_disk"]

ROWS = {"csv": 400_000, "json": 200_000, "xlsx": 500_000, "pdf": 30}
"""More than 2 MiB of each; of a PDF, whose fonts alone take a page's worth, what is left on the disk is made less."""


@pytest.mark.parametrize("format", ROWS)
def test_a_full_disk_leaves_nothing_and_the_run_is_made_when_there_is_room(
    database: Database, organization: Organization, small_disk: Path, format: str
) -> None:
    store = Folder(small_disk)
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(2 * 1024**2 - 16384 if format == "pdf" else 16384))
    run = ask(database, organization, format=format, parameters={"rows": ROWS[format]})
    first = claim(database)
    with pytest.raises(StorageError) as refused:
        jobs.perform(first, reports=MILL, database=database, store=store)
    failure = rules.failure(refused.value, 2048)
    assert (failure.kind, failure.passing) == ("storage", True)
    assert failure.message.startswith("The disk is full")
    jobs.discard(first, database=database, store=store)
    assert [path.name for path in small_disk.rglob("*") if path.is_file()] == ["ballast"]
    assert find(database, run).file_key is None

    ballast.unlink()
    roomy = ask(database, organization, format=format, parameters={"rows": 20})
    second = claim(database)
    assert second.run_id == roomy.id
    assert jobs.perform(second, reports=MILL, database=database, store=store)
    assert verify(small_disk / str(find(database, roomy).file_key)).manifest.rows == 20
