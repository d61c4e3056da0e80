"""Downloads: a fresh link for each click, after the permission was checked and recorded, from the local store and from a bucket."""

import hashlib
import random
import time
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2 as httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from octavo import app
from octavo.control.runs import actions as runs
from octavo.control.runs import jobs, leases
from octavo.database.connection import Database
from octavo.pipeline import catalog
from octavo.pipeline.document import Organization
from octavo.pipeline.store import open_store
from octavo.settings import Settings
from tests.web.conftest import Person, people

People = dict[str, Person]
SALES = {"report": "retail.sales", "format": "csv"}


def make(person: Person, application: FastAPI, database: Database, asked: dict[str, object] = SALES) -> int:
    """A completed run that the person asked for, made as a worker's child makes it."""
    run_id = int(person.post("/api/reports/generate", asked).json()["id"])
    server = application.state.server
    claim = leases.claim(database, "test", timedelta(minutes=1), bulk=(False, True), most_running=8)
    assert claim is not None and claim.run_id == run_id
    assert jobs.perform(claim, reports=server.reports, database=database, store=open_store(server.settings.store_place))
    return run_id


def link(person: Person, run_id: int) -> str:
    answered = person.get(f"/api/reports/generated/{run_id}/download")
    assert answered.status_code == 307, answered.text
    return str(answered.headers["location"])


def recorded(database: Database, organization: Organization, action: str) -> int:
    with database.tenant(organization.id) as connection:
        row = connection.execute("select count(*) from octavo.audit_entry where action = %s", [action]).fetchone()
    assert row
    return int(str(row[0]))


# --- a folder ---------------------------------------------------------------------------------------------------------


def test_a_file_of_the_local_store_is_fetched_in_pieces(ours: People, application: FastAPI, database: Database) -> None:
    run_id = make(ours["member"], application, database)
    place, client = link(ours["member"], run_id), ours["member"].client
    whole = client.get(place)
    size, etag = len(whole.content), whole.headers["etag"]
    assert (whole.status_code, whole.headers["accept-ranges"], etag) == (200, "bytes", f'"{hashlib.sha256(whole.content).hexdigest()}"')
    part = client.get(place, headers={"Range": "bytes=3-9"})
    assert (part.status_code, part.headers["content-range"], part.content) == (206, f"bytes 3-9/{size}", whole.content[3:10])
    rest = client.get(place, headers={"Range": f"bytes={size - 5}-", "If-Range": etag})
    assert (rest.status_code, rest.content) == (206, whole.content[-5:])
    other = client.get(place, headers={"Range": "bytes=0-4", "If-Range": '"another file"'})
    assert (other.status_code, other.content) == (200, whole.content)
    beyond = client.get(place, headers={"Range": f"bytes={size}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")
    for header in ("content-disposition", "content-security-policy", "x-content-type-options", "referrer-policy", "cache-control"):
        assert whole.headers[header] == part.headers[header], header


def test_links_that_lead_nowhere_are_all_answered_alike(ours: People, application: FastAPI, database: Database, tmp_path: Path) -> None:
    run_id = make(ours["member"], application, database)
    token = link(ours["member"], run_id).removeprefix("/files/")
    strange = app.web(database, catalog.installed(), Settings(data_dir=tmp_path / "another", store_url=str(tmp_path / "store")))
    ended = application.state.signer.sign(f"1:{run_id}", -1)
    bad = [
        ended,
        strange.state.signer.sign(f"1:{run_id}", 60),
        "A" * len(token),
        token[:-2] + ("AA" if token[-2:] != "AA" else "BB"),
        "x",
        "é",
    ]
    answers = [ours["member"].client.get(f"/files/{one}") for one in bad]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.json()["detail"] for answer in answers}) == 1


def test_web_processes_with_one_secret_take_each_others_links(database: Database, organization: Organization, tmp_path: Path) -> None:
    secret = "a secret of thirty-two bytes or so"
    servers = [
        app.web(
            database, catalog.installed(),
            Settings(data_dir=tmp_path / name, store_url=str(tmp_path / "store"), secret_key=key),  # type: ignore[arg-type]
        )
        for name, key in (("one", secret), ("two", secret), ("three", secret + "!"))
    ]  # fmt: skip
    one, two, three = (TestClient(server, raise_server_exceptions=False) for server in servers)
    member = people(one, database, organization)["member"]
    place = link(member, make(member, servers[0], database))
    assert [client.get(place).status_code for client in (one, two, three)] == [200, 200, 404]
    assert not (tmp_path / "one" / "signing.key").exists()


def test_a_secret_that_is_too_short_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="at least 32"):
        Settings(secret_key="short")  # type: ignore[arg-type]


def test_a_link_ends_when_it_was_said_to(ours: People, application: FastAPI, database: Database) -> None:
    run_id = make(ours["member"], application, database)
    place = link(ours["member"], run_id)
    given = application.state.server.settings
    assert given.link_seconds == 300
    token = place.removeprefix("/files/")
    signer = application.state.signer
    assert signer.read(token).endswith(f":{run_id}")
    brief = signer.sign(signer.read(token), 5)
    assert ours["member"].client.get(f"/files/{brief}").status_code == 200
    deadline = time.monotonic() + 20
    while ours["member"].client.get(f"/files/{brief}").status_code == 200:
        assert time.monotonic() < deadline
        time.sleep(0.2)


# --- a bucket ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def bucket(s3: str) -> str:
    return f"{s3}/downloads-{random.randrange(10**9)}"


@pytest.fixture
def on_s3(database: Database, bucket: str, tmp_path: Path) -> FastAPI:
    return app.web(database, catalog.installed(), Settings(data_dir=tmp_path / "data", store_url=bucket, link_seconds=5))


@pytest.fixture
def member(on_s3: FastAPI, database: Database, organization: Organization) -> Person:
    return people(TestClient(on_s3, raise_server_exceptions=False), database, organization)["member"]


def test_a_file_in_a_bucket_is_fetched_from_the_bucket_itself(
    member: Person, on_s3: FastAPI, database: Database, organization: Organization, s3_server: str
) -> None:
    run_id = make(member, on_s3, database)
    for clicks in (1, 2):
        address = link(member, run_id)
        assert recorded(database, organization, "run.downloaded") == clicks
        assert address.startswith(s3_server)
        assert parse_qs(urlsplit(address).query)["X-Amz-Expires"] == ["5"]
        fetched = httpx.get(address)
        assert fetched.status_code == 200
        with database.tenant(organization.id) as connection:
            run = runs.find(connection, run_id)
        assert hashlib.sha256(fetched.content).hexdigest() == run.sha256
        name = f"retail.sales-{run.created_at:%Y-%m-%d}-{run_id}.zip"  # a CSV of several sections
        assert fetched.headers["content-disposition"] == f"attachment; filename=\"{name}\"; filename*=UTF-8''{name}"
        assert fetched.headers["content-type"] == run.media_type
        assert httpx.get(address, headers={"Range": "bytes=0-3"}).content == fetched.content[:4]


def test_the_bucket_takes_no_link_that_was_changed_or_has_ended(member: Person, on_s3: FastAPI, database: Database) -> None:
    run_id = make(member, on_s3, database)
    address = link(member, run_id)
    mark = "X-Amz-Signature="
    place, _, signature = address.partition(mark)
    changed = [
        place + mark + ("0" if signature[0] != "0" else "1") + signature[1:],
        address.replace("X-Amz-Expires=5", "X-Amz-Expires=9"),
        address.replace(".zip?", ".zip.manifest.json?"),
        address + "&response-content-disposition=inline",
        address.partition("?")[0],
    ]
    assert [httpx.get(one).status_code for one in changed] == [403] * len(changed)
    assert httpx.delete(address).status_code == 403
    address = link(member, run_id)
    assert httpx.get(address).status_code == 200
    deadline = time.monotonic() + 30
    while (answered := httpx.get(address).status_code) == 200:
        assert time.monotonic() < deadline
        time.sleep(0.3)
    assert answered == 403


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ('a"b\r\nSet-Cookie: x=1.csv', "a_bSet-Cookie: x=1.csv"),
        ("../../etc/passwd", "passwd"),
        ("Umsätze \u202e€ 100%.csv", "Ums_tze _ 100_.csv"),
        ("con.csv", "_con.csv"),
    ],
)
def test_a_bucket_serves_a_hostile_name_harmlessly(s3: str, bucket: str, name: str, plain: str) -> None:
    from octavo.pipeline.naming import Served

    store = open_store(bucket)
    with store.scratch("7-1") as scratch:
        scratch.write(b"content")
        store.put(scratch, "7-1.csv", Served(name, "text/csv"))
    address = store.link("7-1.csv", 60)
    assert address
    fetched = httpx.get(address)
    header = fetched.headers["content-disposition"]
    assert header.startswith(f'attachment; filename="{plain}"; filename*=UTF-8')
    assert header.isascii() and header.isprintable()
    assert "set-cookie" not in fetched.headers
    assert fetched.headers["content-type"] == "text/csv"


def test_a_store_that_signs_no_links_says_so(tmp_path: Path) -> None:
    from octavo.errors import StorageError

    with pytest.raises(StorageError, match=r"signs no links; keep the files of runs in a folder, or at an s3://"):
        open_store("https://example.org/files").link("a.csv", 60)
