"""A round may be killed at any moment: no run that has its file is ever without it, and in the end nothing lies there that no run refers to."""

import random
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from octavo.control.retention import jobs as rounds
from octavo.control.runs import jobs
from octavo.database.connection import Database
from octavo.pipeline.document import Organization
from octavo.pipeline.manifest import SUFFIX
from octavo.pipeline.store import open_store
from tests.conftest import ROOT
from tests.control.test_retention import age, find, keys, made, recorded, say

MOMENTS = 8
"""Before and after each time that a round touches the store for one file: two copies and two removals to archive it, two removals to delete it."""


@pytest.fixture(params=["folder", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "store") if request.param == "folder" else f"{request.getfixturevalue('s3')}/killed-{random.randrange(10**9)}"


@pytest.mark.parametrize("to_archive", [False, True])
def test_a_round_that_is_killed_between_any_two_steps_is_finished_by_the_next(
    database: Database, organization: Organization, place: str, to_archive: bool
) -> None:
    store = open_store(place)
    say(database, organization, archive_reports=to_archive)
    whole = [made(database, organization, store) for _ in range(3)]
    for run in whole:
        age(database, run, 91)
    killed = 0
    for lives in range(1, 3 * MOMENTS + 2):
        done = subprocess.run(
            [sys.executable, "-m", "tests.control.dying", database.conninfo, place, organization.slug, str(lives)],
            cwd=ROOT, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode in (0, -signal.SIGKILL), done.stderr
        killed += done.returncode == -signal.SIGKILL
        there = keys(store)
        for run in whole:
            now = find(database, run)
            if now.state == "completed" or now.archived_at is not None:
                assert {now.file_key, f"{now.file_key}{SUFFIX}"} <= there, f"killed at step {lives}: run {run.id} is {now.state}"
        if done.returncode == 0:
            break
    assert killed >= 5
    rounds.tend(database, store, organization)
    jobs.collect(database=database, store=store, older_than=timedelta(seconds=-1))
    ended = [find(database, run) for run in whole]
    assert {run.state for run in ended} == {"expired"}
    assert all((run.archived_at is not None) == to_archive for run in ended)
    assert keys(store) == ({name for run in ended for name in (run.file_key, f"{run.file_key}{SUFFIX}")} if to_archive else set())
    assert list(Path(place).rglob("*.part")) == []
    expected = ["run.archived"] if to_archive else ["run.expired", "run.file_deleted"]
    for run in ended:
        assert [action for action in recorded(database, run) if action in ("run.archived", "run.expired", "run.file_deleted")] == expected
