"""Whatever the store does, a run ends right: tried again when that may help, nothing half seen, nothing left behind, nothing twice.

A real S3 server behind a proxy that makes the faults, and real workers.
"""

import hashlib
import random
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from octavo.control.runs import actions as runs
from octavo.control.runs import jobs
from octavo.pipeline.document import Organization
from octavo.pipeline.manifest import SUFFIX
from octavo.pipeline.store import open_store
from tests.buckets import ACCESS, SECRET, unfinished
from tests.faults import Proxy
from tests.queue.conftest import Floor, environment, until
from tests.queue.invariants import grain

LARGE = 500_000
"""Rows that make more than 5 MB of CSV, so that it is uploaded in parts."""


def error(code: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>No.</Message></Error>'


class Bay(Floor):
    """Workers whose store is a bucket behind the proxy."""

    place: str
    proxy: Proxy

    def content(self, key: str) -> bytes | None:
        return open_store(self.place).get(key)

    def stored(self) -> set[str]:
        return {key for key, _ in open_store(self.place).keys("reports/")}

    def wrong(self) -> list[str]:
        """What does not hold once all is quiet."""
        found, kept = [], set()
        for key, sha256, records, parameters in self.query(
            "select file_key, sha256, records, parameters from octavo.generated_report where state = 'completed'"
        ):
            kept |= {key, key + SUFFIX}
            content = self.content(key)
            rows = int(parameters.get("rows", 10))
            if content is None or hashlib.sha256(content).hexdigest() != sha256 or records != rows or content != grain(rows):
                found.append(f"{key} is not what was asked for")
        found += [f"{key} belongs to no run" for key in self.stored() - kept] + [f"{key} is not there" for key in kept - self.stored()]
        return found + [f"{key} is uploaded still" for key in unfinished(self.place)]


@pytest.fixture
def bay(conninfo: str, tmp_path: Path, s3: str, s3_server: str) -> Iterator[Bay]:
    with Proxy(s3_server) as proxy:
        place = f"{s3}/faults-{random.randrange(10**9)}"
        bucket = {
            "AWS_ENDPOINT": proxy.address, "AWS_ACCESS_KEY_ID": ACCESS, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1", "AWS_ALLOW_HTTP": "true",
            "OCTAVO_STORE_URL": place, "OCTAVO_STORE_TIMEOUT_SECONDS": "1.5",
        }  # fmt: skip
        bay = Bay(conninfo, tmp_path, environment(tmp_path, conninfo) | bucket)
        bay.place, bay.proxy = place, proxy
        yield bay
        proxy.heal()
        bay.stop()


FAULTS: dict[str, tuple[Callable[[Proxy], None], str]] = {
    "500": (lambda proxy: proxy.answer(500, error("InternalError"), to="PUT|POST"), "the bucket answers 500"),
    "503 SlowDown": (lambda proxy: proxy.answer(503, error("SlowDown"), to="PUT|POST"), "the bucket answers 503"),
    "403": (lambda proxy: proxy.answer(403, error("AccessDenied")), "its credentials are refused, or have expired"),
    "expired credentials": (lambda proxy: proxy.answer(400, error("ExpiredToken")), "its credentials are refused, or have expired"),
    "silence": (lambda proxy: proxy.silence(), "the bucket does not answer, or was cut off"),
    "silence after the request": (lambda proxy: proxy.silence(up=False), "the bucket does not answer, or was cut off"),
    "reset": (lambda proxy: proxy.cut(up=1000), "the bucket does not answer, or was cut off"),
    "nobody there": (lambda proxy: proxy.refuse(), "the bucket does not answer, or was cut off"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_bucket_that_fails_for_a_while_is_tried_again(bay: Bay, organizations: list[Organization], fault: str) -> None:
    make, said = FAULTS[fault]
    bay.start(2, lease_seconds=60)
    bay.listening()
    make(bay.proxy)
    large, small = bay.ask(organizations[0], rows=LARGE), bay.ask(organizations[1], rows=7)
    for run in (large, small):
        failed: runs.Run = until(lambda run=run: (now := bay.find(run)).failures >= 1 and now, 120)
        if failed.error_kind:  # not begun anew in this moment
            assert failed.error_kind == "storage"
            assert said in (failed.error_message or "")
            assert "127.0.0.1" not in (failed.error_message or "")
    assert bay.query("select count(*) from octavo.generated_report where state = 'completed'") == [(0,)]
    bay.proxy.heal()
    for run in (large, small):
        bay.wait_for(run, "completed", 120)
    bay.quiet()
    jobs.collect(database=bay.database, store=open_store(bay.place), older_than=timedelta(seconds=-1))
    assert bay.wrong() == []
    assert bay.query("select count(*) from octavo.audit_entry where action = 'run.completed'") == [(2,)]


def test_an_upload_whose_last_answer_is_lost_is_made_once(bay: Bay, organizations: list[Organization]) -> None:
    """The bucket has put the parts together, and nobody hears of it."""
    bay.start(1, lease_seconds=60)
    bay.listening()
    bay.proxy.answer(0, to=r"POST \S+uploadId=", times=1, after=True)
    run = bay.ask(organizations[0], rows=LARGE)
    bay.wait_for(run, "completed", 120)
    assert bay.proxy.answered == 1
    bay.quiet()
    assert bay.wrong() == []
    assert bay.query("select count(*) from octavo.audit_entry where action = 'run.completed'") == [(1,)]


def test_nothing_of_a_file_is_seen_while_its_upload_is_cut_again_and_again(bay: Bay, organizations: list[Organization]) -> None:
    bay.start(1, lease_seconds=60)
    bay.listening()
    over, half = threading.Event(), []
    sizes = {len(grain(LARGE))}

    def watch() -> None:
        while not over.wait(0.05):
            for key in bay.stored():
                content = None if key.endswith(SUFFIX) else bay.content(key)
                if content is not None and len(content) not in sizes:
                    half.append(key)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        run = bay.ask(organizations[0], rows=LARGE)
        for limit in (100_000, 3_000_000, 7_500_000):
            bay.proxy.cut(up=limit)
            until(lambda: bay.proxy.cuts, 60)
        bay.proxy.heal()
        bay.wait_for(run, "completed", 120)
    finally:
        over.set()
        watching.join()
    assert half == []
    bay.quiet()
    assert bay.wrong() == []
