"""What no run refers to is thrown away from every place where files of runs lie, in a folder and in a bucket; all else stays."""

import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from octavo.control.runs import jobs, rules
from octavo.database.connection import Database
from octavo.pipeline.document import Organization
from octavo.pipeline.store import Store, open_store
from tests.buckets import unfinished
from tests.conftest import ROOT
from tests.control.test_retention import age, find, keys, made, say
from tests.control.test_runs_actions import ask, claim
from tests.faults import Proxy

NOW = timedelta(seconds=-1)


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return open_store(str(tmp_path / "store"))
    return open_store(f"{request.getfixturevalue('s3')}/collecting-{random.randrange(10**9)}")


def lay(store: Store, key: str) -> None:
    with store.scratch("stray") as scratch:
        scratch.write(b"stray")
        store.put(scratch, key)


@pytest.mark.parametrize(
    ("asked_at", "export", "folder"),
    [
        (datetime(2026, 1, 1, 0, 30, tzinfo=UTC), None, "reports/7/2026/01/"),
        (datetime.fromisoformat("2026-01-01T00:30:00+01:00"), None, "reports/7/2025/12/"),
        (datetime(2026, 1, 1, tzinfo=UTC), 12, "exports/7/12/"),
    ],
)
def test_one_function_says_where_a_file_lies(asked_at: datetime, export: int | None, folder: str) -> None:
    assert rules.folder(7, asked_at, export) == folder
    assert rules.owner_of(f"{folder}3-1.csv") == rules.owner_of(f"{folder}3-1.csv.manifest.json") == (7, "3-1")
    assert rules.owner_of(f"{rules.archive_folder(7, asked_at)}3-1.csv") == (7, "3-1")


@pytest.mark.parametrize(
    "key",
    [
        "reports/7/notes.txt",
        "exports/7/3-1.csv",
        "archive/7/x/3-1.csv",
        "reports/x/2026/01/3-1.csv",
        "other/7/2026/01/3-1.csv",
        "reports/7/2026/01/3.csv",
    ],
)
def test_what_no_run_would_be_called_belongs_to_nobody(key: str) -> None:
    assert rules.owner_of(key) is None


def test_every_place_is_looked_through_and_what_is_referred_to_or_at_work_stays(
    database: Database, organization: Organization, other_organization: Organization, store: Store
) -> None:
    say(database, organization, archive_reports=True)
    done, archived = made(database, organization, store), made(database, organization, store)
    from octavo.control.retention import jobs as rounds

    age(database, archived, 91)
    rounds.tend(database, store, organization)
    ask(database, organization)
    at_work = claim(database)
    kept = {name for run in (done, archived) for name in (find(database, run).file_key, f"{find(database, run).file_key}.manifest.json")}
    kept |= {f"{rules.folder(organization.id, done.created_at, None)}{at_work.name}.csv", f"reports/{organization.id}/notes.txt"}
    theirs = other_organization.id
    strays = {
        f"reports/{organization.id}/2026/01/{done.id}-9.csv", f"exports/{organization.id}/5/99-1.csv.manifest.json", f"archive/{organization.id}/2020/99-1.pdf",
        f"exports/{theirs}/1/1-1.csv", f"archive/{theirs}/2026/{done.id}-1.csv",
    }  # fmt: skip
    for key in strays | {key for key in kept if key and key not in keys(store)}:
        lay(store, key)
    assert jobs.collect(database=database, store=store, older_than=timedelta(hours=1)) == []
    assert set(jobs.collect(database=database, store=store, older_than=NOW)) == strays
    assert keys(store) == kept


def test_an_upload_that_was_cut_off_by_a_kill_is_ended_once_it_is_old_enough(database: Database, s3: str, s3_server: str) -> None:
    place = f"{s3}/cut-{random.randrange(10**9)}"
    key = "reports/1/2026/11/7-1.bin"
    program = (
        "import sys\nfrom pathlib import Path\nfrom octavo.pipeline.store import open_store\nstore = open_store(sys.argv[1])\n"
        "with store.scratch('7-1') as scratch:\n    [scratch.write(bytes(1 << 20)) for _ in range(30)]\n    print('begun', flush=True)\n"
        f"    store.put(scratch, '{key}')\n"
    )
    with Proxy(s3_server) as proxy:
        proxy.slow(1 << 20, up=True)
        environment = {**os.environ, "AWS_ENDPOINT": proxy.address, "OCTAVO_STORE_TIMEOUT_SECONDS": "60"}
        process = subprocess.Popen([sys.executable, "-c", program, place], env=environment, stdout=subprocess.PIPE, cwd=ROOT)
        deadline = time.monotonic() + 60
        while not unfinished(place):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.1)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    store = open_store(place)
    jobs.collect(database=database, store=store, older_than=timedelta(hours=1))
    assert unfinished(place)
    jobs.collect(database=database, store=store, older_than=NOW)
    assert unfinished(place) == []
    assert keys(store) == set()
