"""How a run goes on, as it happens: events over one connection to the database, for whoever may see the run, for as long as he may."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx2 as httpx
import psycopg
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from octavo.control import events
from octavo.control.access import actions as access
from octavo.control.exports import jobs as exports
from octavo.control.runs import actions as runs
from octavo.control.runs import leases, rules, streams
from octavo.database.connection import Database
from octavo.pipeline import catalog
from octavo.pipeline.document import Organization
from octavo.pipeline.store import open_store
from octavo.web.live import Live
from tests.cli.conftest import wait_until
from tests.conftest import superuser
from tests.serving import served
from tests.web.conftest import Person

People = dict[str, Person]
LEASE = timedelta(minutes=1)
SOMEBODY = events.Actor.system("a test")


@pytest.fixture
def client(application: FastAPI) -> TestClient:
    """Not opened: the application is served by uvicorn, once."""
    return TestClient(application)


@pytest.fixture
def address(application: FastAPI) -> Iterator[str]:
    """The application, served over a real socket."""
    with served(application) as place:
        yield place


@dataclass
class Stream:
    """A stream that is read in a thread."""

    response: httpx.Response
    lines: list[str] = field(default_factory=list)
    ended: bool = False

    def read(self) -> None:
        try:
            for line in self.response.iter_lines():
                self.lines.append(line)
        except httpx.HTTPError:
            pass  # the test is over, and closes it
        self.ended = True

    @property
    def told(self) -> list[dict[str, Any]]:
        return [json.loads(line.removeprefix("data: ")) for line in self.lines if line.startswith("data: ")]

    @property
    def marks(self) -> list[str]:
        return [line.removeprefix("id: ") for line in self.lines if line.startswith("id: ")]

    def wait_for(self, seconds: float = 20, **wanted: object) -> dict[str, Any]:
        def found() -> dict[str, Any] | None:
            return next((one for one in self.told if all(one[name] == value for name, value in wanted.items())), None)

        wait_until(found, seconds)
        told = found()
        assert told is not None
        return told


@contextmanager
def stream(address: str, person: Person, path: str, **headers: str) -> Iterator[Stream]:
    with (
        httpx.Client(timeout=httpx.Timeout(30, read=120)) as client,
        client.stream("GET", address + path, headers={**person.headers, **headers}) as response,
    ):
        opened = Stream(response)
        if response.status_code != 200:
            response.read()
            yield opened
            return
        reader = threading.Thread(target=opened.read, daemon=True)
        reader.start()
        yield opened


def ask(database: Database, organization: Organization, **more: Any) -> runs.Run:
    with database.tenant(organization.id) as connection:
        return runs.request(connection, SOMEBODY, **{"report": "retail.sales", "format": "csv", "parameters": {}, **more})


def claim(database: Database) -> leases.Claim:
    claimed = leases.claim(database, "test", LEASE, bulk=(False, True), most_running=1000)
    assert claimed is not None
    return claimed


def finish(application: FastAPI, database: Database, claimed: leases.Claim) -> None:
    store = open_store(application.state.server.settings.store_place)
    assert exports.perform(claimed, reports=catalog.installed(), database=database, store=store)


def place(run: runs.Run) -> str:
    return f"/api/reports/generated/{run.id}/events"


def test_a_stream_tells_how_the_run_stands_and_every_change_until_it_is_over(
    address: str, ours: People, application: FastAPI, database: Database, organization: Organization
) -> None:
    run = ask(database, organization)
    with stream(address, ours["viewer"], place(run)) as told:
        assert told.response.headers["content-type"].startswith("text/event-stream")
        assert told.response.headers["cache-control"] == "no-store"
        told.wait_for(state="pending", percent=None)
        claimed = claim(database)
        told.wait_for(state="processing", attempt=1, percent=None, seconds_left=None)
        assert leases.renew(database, claimed, LEASE, stage="line_items", done=50, expected=200)
        now = told.wait_for(processed_rows=50)
        assert (now["stage"], now["total_rows"], now["percent"]) == ("line_items", 200, 25)
        assert now["seconds_left"] >= 0
        begun = time.monotonic()
        finish(application, database, claimed)
        done = told.wait_for(state="completed")
        assert (done["percent"], done["seconds_left"]) == (100, 0)
        wait_until(lambda: told.ended, 5)
        assert time.monotonic() - begun < 20
    assert told.lines[0] == "retry: 2000"
    *marks, last = told.marks
    assert marks == [f"{run.id}.0.pending.0", f"{run.id}.1.processing.0", f"{run.id}.1.processing.50"]
    assert last.startswith(f"{run.id}.1.completed.")
    with stream(address, ours["viewer"], place(run), **{"Last-Event-ID": told.marks[-1]}) as over:
        assert over.response.status_code == 204, "there is nothing to come back for"
    with stream(address, ours["viewer"], place(run)) as again:
        again.wait_for(state="completed")
        wait_until(lambda: again.ended, 5)


def test_a_change_is_told_within_a_second(address: str, ours: People, database: Database, organization: Organization) -> None:
    """Of a quiet server the median of five changes; one may come late on a busy machine."""
    run = ask(database, organization)
    took = []
    with stream(address, ours["viewer"], place(run)) as told:
        told.wait_for(state="pending")
        claimed = claim(database)
        for done in range(1, 6):
            time.sleep(0.5)
            begun = time.monotonic()
            leases.renew(database, claimed, LEASE, stage="rows", done=done, expected=10)
            told.wait_for(processed_rows=done)
            took.append(time.monotonic() - begun)
    assert sorted(took)[2] < 1


def test_who_comes_back_is_told_only_what_he_has_not_heard(
    address: str, ours: People, database: Database, organization: Organization
) -> None:
    run = ask(database, organization)
    claimed = claim(database)
    with stream(address, ours["viewer"], place(run)) as told:
        told.wait_for(state="processing")
    leases.renew(database, claimed, LEASE, stage="rows", done=3, expected=10)
    with stream(address, ours["viewer"], place(run), **{"Last-Event-ID": told.marks[-1]}) as missed:
        missed.wait_for(processed_rows=3)
    with stream(address, ours["viewer"], place(run), **{"Last-Event-ID": missed.marks[-1]}) as nothing:
        leases.renew(database, claimed, LEASE, stage="rows", done=4, expected=10)
        nothing.wait_for(processed_rows=4)
    assert [one["processed_rows"] for one in nothing.told] == [4]


def test_another_organizations_run_and_an_export_of_somebody_else_are_not_there(
    address: str, ours: People, theirs: People, database: Database, organization: Organization, other_organization: Organization
) -> None:
    run = ask(database, other_organization)
    for missing in (place(run), "/api/reports/generated/987654321/events"):
        with stream(address, ours["admin"], missing) as refused:
            assert refused.response.status_code == 404
            assert refused.response.json()["detail"].startswith("There is no run")
    with httpx.Client() as client:
        assert client.get(address + place(run)).status_code == 401


def test_the_stream_of_an_organization_tells_its_runs_and_no_others(
    address: str, ours: People, database: Database, organization: Organization, other_organization: Organization
) -> None:
    waiting = ask(database, organization)
    with stream(address, ours["viewer"], "/api/reports/events") as told:
        told.wait_for(id=waiting.id, state="pending")
        ask(database, other_organization)
        new = ask(database, organization)
        told.wait_for(id=new.id, state="pending")
        with database.tenant(organization.id) as connection:
            runs.cancel(connection, SOMEBODY, new.id)
        told.wait_for(id=new.id, state="cancelled")
    assert {one["id"] for one in told.told} == {waiting.id, new.id}


@pytest.mark.parametrize("whole", [True, False])
def test_a_stream_ends_when_its_key_is_revoked(
    address: str, ours: People, database: Database, organization: Organization, whole: bool
) -> None:
    run = ask(database, organization)
    with stream(address, ours["viewer"], "/api/reports/events" if whole else place(run)) as told:
        told.wait_for(id=run.id)
        with database.tenant(organization.id) as connection:
            for key in access.keys_of(connection):
                access.revoke_key(connection, SOMEBODY, key.id)
        wait_until(lambda: told.ended, 3 * streams.RECHECK_SECONDS)
        with database.tenant(organization.id) as connection:
            runs.cancel(connection, SOMEBODY, run.id)
    assert [one["state"] for one in told.told] == ["pending"]


def listeners(conninfo: str) -> list[int]:
    with psycopg.connect(superuser(conninfo), autocommit=True) as admin:
        name = psycopg.conninfo.conninfo_to_dict(conninfo)["dbname"]
        query = "select pid from pg_stat_activity where datname = %s and application_name = 'octavo listens to octavo_runs'"
        return [pid for (pid,) in admin.execute(query, [name])]


def test_a_hundred_streams_share_one_connection(
    address: str, ours: People, database: Database, organization: Organization, conninfo: str
) -> None:
    watched = [ask(database, organization) for _ in range(5)]
    with ExitStack() as stack:
        opened = [stack.enter_context(stream(address, ours["viewer"], place(watched[number % 5]))) for number in range(100)]
        for told in opened:
            told.wait_for(60, state="pending")
        assert len(listeners(conninfo)) == 1
        with database.tenant(organization.id) as connection:
            for run in watched:
                runs.cancel(connection, SOMEBODY, run.id)
        for told in opened:
            told.wait_for(60, state="cancelled")
        wait_until(lambda: all(told.ended for told in opened), 60)


def test_after_an_outage_a_stream_tells_how_things_stand(
    address: str, ours: People, database: Database, organization: Organization, conninfo: str
) -> None:
    run = ask(database, organization)
    claimed = claim(database)
    with stream(address, ours["viewer"], place(run)) as told:
        told.wait_for(state="processing")
        with psycopg.connect(superuser(conninfo), autocommit=True) as admin:
            admin.execute("select pg_terminate_backend(pid) from unnest(%s) as pid", [listeners(conninfo)])
        leases.fail(database, claimed, rules.Failure("query", "It cannot be made", passing=False), timedelta(0))
        failed = told.wait_for(state="failed")
        assert (failed["error_kind"], failed["error_message"]) == ("query", "It cannot be made")
        wait_until(lambda: told.ended, 5)


def test_who_does_not_read_holds_nobody_up_and_costs_no_memory(
    address: str, ours: People, application: FastAPI, database: Database, organization: Organization
) -> None:
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as deaf, stream(address, ours["viewer"], "/api/reports/events") as told:
        deaf.sendall(f"GET /api/reports/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ours['viewer'].key}\r\n\r\n".encode())
        asked = [ask(database, organization) for _ in range(250)]
        told.wait_for(60, id=asked[-1].id)
        live: Live = application.state.live
        (watched,) = live._watched.values()
        assert len(watched.watchers) == 2
        assert len(watched.kept) <= 200


def test_a_silent_stream_is_kept_open_by_a_comment(
    address: str, ours: People, database: Database, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert streams.HEARTBEAT_SECONDS == 15
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.5)
    monkeypatch.setattr(streams, "RECHECK_SECONDS", 0.2)
    with stream(address, ours["viewer"], place(ask(database, organization))) as told:
        wait_until(lambda: told.lines.count(": still here") >= 2)


def test_a_stream_ends_after_the_time_that_was_asked_for(
    address: str, ours: People, database: Database, organization: Organization
) -> None:
    run = ask(database, organization)
    with stream(address, ours["viewer"], place(run) + "?seconds=1") as told:
        told.wait_for(state="pending")
        wait_until(lambda: told.ended, 10)
