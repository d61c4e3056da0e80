"""Files are put into places on real servers: whole, with the manifest beside them, and over nobody else's file."""

import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import obstore
import pytest
from obstore.store import S3Store

from octavo.control.delivery import actions, places
from octavo.database.connection import Database
from octavo.errors import Conflict, NotFound, OtherSecret, UsageError
from octavo.pipeline import naming
from octavo.pipeline.document import Organization
from octavo.settings import Settings
from octavo.vault import Vault
from tests import buckets
from tests.control.delivering import completed, rows, send_due, sender, states
from tests.control.test_runs_actions import SOMEBODY
from tests.places import Outside, certificate, ftp, sftp, webdav

LOOPBACK = ["127.0.0.0/8", "::1/128"]
KEY = "a secret of thirty-two characters"


def vault(**given: Any) -> Vault:
    return Vault(Settings(secret_key=KEY, **given))


def put(database: Database, organization: Organization, outside: Outside, name: str = "the accountants") -> int:
    content = actions.PlaceContent(name, outside.url, outside.options, outside.secrets)
    with database.tenant(organization.id) as connection:
        return actions.create_place(connection, SOMEBODY, content, vault()).id


def target(place_id: int, folder: str = "{period}/{report}") -> list[dict[str, Any]]:
    return [{"channel": "place", "place_id": place_id, "folder": folder}]


def send(database: Database, store: Path, **given: Any) -> None:
    with sender(database, store, **{"secret_key": KEY, "place_networks": LOOPBACK, **given}) as one:
        send_due(database, one)


def there(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@contextmanager
def bucket(folder: Path, address: str) -> Iterator[Outside]:
    """A bucket that is looked into by its own means."""
    yield Outside(
        "s3://octavo-test/places", folder, {"endpoint": address, "region": "us-east-1"},
        {"access_key_id": buckets.ACCESS, "secret_access_key": buckets.SECRET},
    )  # fmt: skip


@pytest.fixture(params=["webdav", "ftp", "ftps", "sftp"])
def outside(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outside]:
    with ExitStack() as stack:
        if request.param == "ftps":
            both = certificate(tmp_path)
            monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
            yield stack.enter_context(ftp(tmp_path / "outside", both))
        else:
            yield stack.enter_context({"webdav": webdav, "ftp": ftp, "sftp": sftp}[request.param](tmp_path / "outside"))


def test_a_file_lies_there_whole_with_its_manifest_and_nothing_else(
    database: Database, organization: Organization, tmp_path: Path, outside: Outside
) -> None:
    large = os.urandom(3_000_000)
    run = completed(database, organization, tmp_path / "store", target(put(database, organization, outside)), contents=large)
    send(database, tmp_path / "store")
    assert rows(database, organization, "state, last_error") == [("sent", None)]
    name = f"2026-10/mill.grain/mill.grain-{run.created_at:%Y-%m-%d}-{run.id}.csv"
    assert there(outside.folder) == {name: large, f"{name}.manifest.json": b"{}\n"}
    assert rows(database, organization, "answer") == [(name,)]


def test_what_lies_there_already_is_not_sent_twice_and_what_is_somebody_elses_is_not_touched(
    database: Database, organization: Organization, tmp_path: Path, outside: Outside
) -> None:
    place = put(database, organization, outside)
    run = completed(database, organization, tmp_path / "store", target(place, ""))
    send(database, tmp_path / "store")
    name = f"mill.grain-{run.created_at:%Y-%m-%d}-{run.id}.csv"
    before = (outside.folder / name).stat().st_mtime_ns
    with database.tenant(organization.id) as connection:
        connection.execute("update octavo.delivery set state = 'pending', next_try_at = now()")
    send(database, tmp_path / "store")
    assert states(database, organization) == {str(place): "sent"}
    assert (outside.folder / name).stat().st_mtime_ns == before
    (outside.folder / f"{name}.manifest.json").write_bytes(b'{"another": "run"}')
    (outside.folder / name).write_bytes(b"another file")
    with database.tenant(organization.id) as connection:
        connection.execute("update octavo.delivery set state = 'pending', next_try_at = now()")
    send(database, tmp_path / "store")
    assert rows(database, organization, "state, error_kind") == [("failed", "taken")]
    assert (outside.folder / name).read_bytes() == b"another file"


def test_a_place_is_tried_with_a_small_file_that_is_taken_away_again(
    database: Database, organization: Organization, tmp_path: Path, outside: Outside
) -> None:
    place = put(database, organization, outside)
    with database.tenant(organization.id) as connection:
        actions.try_out(connection, None, SOMEBODY, actions.checked_target(connection, {"channel": "place", "place_id": place}))
    send(database, tmp_path / "store")
    assert rows(database, organization, "state, last_error") == [("sent", None)]
    assert there(outside.folder) == {}


def test_wrong_secrets_open_nothing_and_are_in_no_text(
    database: Database, organization: Organization, tmp_path: Path, outside: Outside, caplog: pytest.LogCaptureFixture
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    wrong = dict.fromkeys(outside.secrets, "canary-wrong")
    if "private_key" in wrong:
        wrong = {"password": "canary-wrong"}
    completed(
        database, organization, tmp_path / "store", target(put(database, organization, Outside(outside.url, other, outside.options, wrong)))
    )
    with caplog.at_level(logging.DEBUG):
        send(database, tmp_path / "store")
    (row,) = rows(database, organization, "state, error_kind, last_error, target::text")
    assert row[:2] == ("pending", "unreachable")
    assert "refuse" in row[2]
    assert "canary" not in str(row) + caplog.text
    assert there(outside.folder) == {}


def test_a_bucket_of_the_recipients_own_gets_the_file_by_its_own_keys(
    database: Database, organization: Organization, tmp_path: Path, s3_server: str
) -> None:
    with bucket(tmp_path, s3_server) as outside:
        run = completed(database, organization, tmp_path / "store", target(put(database, organization, outside)))
        send(database, tmp_path / "store")
    assert rows(database, organization, "state, last_error") == [("sent", None)]
    objects = S3Store("octavo-test", endpoint=s3_server, access_key_id=buckets.ACCESS, secret_access_key=buckets.SECRET, region="us-east-1",
                      client_options={"allow_http": True})  # fmt: skip
    name = f"places/2026-10/mill.grain/mill.grain-{run.created_at:%Y-%m-%d}-{run.id}.csv"
    assert bytes(obstore.get(objects, name).bytes()) == b"grain\r\nrye\r\n"
    assert bytes(obstore.get(objects, f"{name}.manifest.json").bytes()) == b"{}\n"


def test_a_bucket_is_not_opened_by_what_the_environment_of_the_server_says(
    database: Database, organization: Organization, tmp_path: Path, s3: str, s3_server: str
) -> None:
    with database.tenant(organization.id) as connection, pytest.raises(UsageError, match="needs the secret"):
        actions.create_place(connection, SOMEBODY, actions.PlaceContent("ours", "s3://octavo-test/"), vault())
    with bucket(tmp_path, s3_server) as outside:
        keys = {"access_key_id": "stranger", "secret_access_key": "guess"}
        completed(
            database,
            organization,
            tmp_path / "store",
            target(put(database, organization, Outside(outside.url, tmp_path, outside.options, keys))),
        )
    send(database, tmp_path / "store")
    assert rows(database, organization, "state, last_error") == [
        (
            "pending",
            "The bucket refuses the keys, or does not let them read and write there; nothing is seen there under the name of the file",
        )
    ]


def test_the_server_shows_the_host_key_that_the_place_names_or_gets_nothing(
    database: Database, organization: Organization, tmp_path: Path
) -> None:
    with sftp(tmp_path / "outside") as outside:
        known = outside.options["host_key"]
        completed(
            database,
            organization,
            tmp_path / "store",
            target(put(database, organization, Outside(outside.url, outside.folder, {}, outside.secrets))),
        )
        send(database, tmp_path / "store")
    (row,) = rows(database, organization, "state, last_error")
    assert row[0] == "failed"
    assert known in row[1]
    assert there(outside.folder) == {}


@pytest.mark.parametrize(
    "url",
    [
        "webdavs://u@127.0.0.1/x",
        "webdavs://u@localhost/x",
        "sftp://u@10.0.0.1/x",
        "ftps://u@[::1]/x",
        "sftp://u@0x7f000001/x",
        "webdavs://u@169.254.169.254/x",
    ],
)
def test_a_place_on_a_private_network_is_called_only_where_the_owner_of_the_server_lists_it(
    url: str, database: Database, organization: Organization, tmp_path: Path
) -> None:
    completed(
        database, organization, tmp_path / "store", target(put(database, organization, Outside(url, tmp_path, {}, {"password": "x"})))
    )
    send(database, tmp_path / "store", place_networks=[])
    (row,) = rows(database, organization, "state, last_error")
    assert row[0] == "failed"
    assert "OCTAVO_PLACE_NETWORKS" in row[1]


def test_the_endpoint_of_a_bucket_is_held_to_the_same(
    database: Database, organization: Organization, tmp_path: Path, s3_server: str
) -> None:
    with bucket(tmp_path, s3_server) as outside:
        completed(database, organization, tmp_path / "store", target(put(database, organization, outside)))
    send(database, tmp_path / "store", place_networks=[])
    assert rows(database, organization, "state") == [("failed",)]


def test_what_is_not_encrypted_stays_in_listed_networks(database: Database, organization: Organization, tmp_path: Path) -> None:
    for url in ("ftp://u@192.0.1.1/x", "webdav://u@192.0.1.1/x"):
        completed(
            database,
            organization,
            tmp_path / "store",
            target(put(database, organization, Outside(url, tmp_path, {}, {"password": "x"}), url)),
        )
    send(database, tmp_path / "store")
    assert [state for (state,) in rows(database, organization, "state")] == ["failed", "failed"]
    assert all("encrypted" in error for (error,) in rows(database, organization, "last_error"))


def test_secrets_are_sealed_belong_to_one_place_and_are_never_shown(
    database: Database, organization: Organization, other_organization: Organization
) -> None:
    outside = Outside("sftp://u@files.example/in", Path(), {"host_key": "SHA256:x"}, {"password": "canary-5ecret"})
    place = put(database, organization, outside)
    with database.tenant(organization.id) as connection:
        found = actions.find_place(connection, place)
        assert found.secret_names == ["password"]
        stored = connection.execute(
            "select place::text, (select string_agg(detail::text, '') from octavo.audit_entry) from octavo.place"
        ).fetchall()
        assert "canary" not in str(stored) + repr(found)
        where = places.where(connection, found, vault(), Settings())
        assert where.secrets["password"] == "canary-5ecret"
        assert "canary" not in repr(where) + repr(actions.PlaceContent("n", "u", {}, outside.secrets))
        with pytest.raises(OtherSecret):
            places.where(connection, found, Vault(Settings(secret_key="another secret of 32 characters!")), Settings())
        second = put(database, organization, outside, "second")
        connection.execute(
            "update octavo.place set secrets = (select secrets from octavo.place where id = %s) where id = %s", [second, place]
        )
        with pytest.raises(OtherSecret):
            places.where(connection, found, vault(), Settings())
    with database.tenant(other_organization.id) as connection, pytest.raises(NotFound):
        actions.checked_target(connection, target(place)[0])


def test_secrets_go_to_no_other_server_and_are_forgotten_with_the_place(database: Database, organization: Organization) -> None:
    outside = Outside("sftp://u@files.example/in", Path(), {"host_key": "SHA256:x"}, {"password": "x"})
    place = put(database, organization, outside)
    said = actions.PlaceContent("renamed", outside.url, outside.options)
    with database.tenant(organization.id) as connection:
        assert actions.change_place(connection, SOMEBODY, place, said, vault()).secret_names == ["password"]
        for changed in ({"url": "sftp://u@evil.example/in"}, {"options": {"host_key": "SHA256:y"}}):
            with pytest.raises(UsageError, match="given again"):
                actions.change_place(connection, SOMEBODY, place, actions.PlaceContent(**{**vars(said), **changed}), vault())
        assert actions.deactivate_place(connection, SOMEBODY, place).secret_names == []
        assert connection.execute("select secrets from octavo.place").fetchall() == [(None,)]
        with pytest.raises(Conflict, match="out of use"):
            actions.checked_target(connection, target(place)[0])


@pytest.mark.parametrize(
    ("url", "options", "secrets"),
    [
        ("file:///etc", {}, {}), ("/etc", {}, {}), ("sftp://u:pass@h/x", {}, {"password": "x"}), ("sftp:///x", {}, {"password": "x"}),
        ("sftp://u@h/../x", {}, {"password": "x"}), ("sftp://u@h/x?y=1", {}, {"password": "x"}), ("sftp://u@h/x", {}, {}),
        ("sftp://u@h/x", {"endpoint": "x"}, {"password": "x"}), ("sftp://u@h/x", {}, {"token": "x"}), ("gdrive://host/x", {}, {"access_token": "x"}),
        ("s3://b/x", {}, {"access_key_id": "x"}), ("memory:///x", {}, {}), ("ftp://u@h:99999/x", {}, {"password": "x"}), ("sftp://u@h/a b\n", {}, {"password": "x"}),
    ],
)  # fmt: skip
def test_a_place_that_could_never_be_opened_is_refused_when_it_is_named(
    url: str, options: dict[str, str], secrets: dict[str, str], database: Database, organization: Organization
) -> None:
    with database.tenant(organization.id) as connection, pytest.raises(UsageError):
        actions.create_place(connection, SOMEBODY, actions.PlaceContent("p", url, options, secrets), vault())


@pytest.mark.parametrize(
    "folder", ["../x", "a/../b", "a//b", "a\\b", "{unknown}", "{report", "con", "a\nb", "a/.", " a", "x" * 301, 7, None]
)
def test_a_folder_never_leads_out_of_its_place(folder: Any, database: Database, organization: Organization) -> None:
    place = put(database, organization, Outside("sftp://u@files.example/in", Path(), {}, {"password": "x"}))
    with database.tenant(organization.id) as connection, pytest.raises(UsageError):
        actions.checked_target(connection, {"channel": "place", "place_id": place, "folder": folder})


@pytest.mark.parametrize(
    ("pattern", "words", "folder"),
    [
        ("2026/{report}", {"report": "energy.costs", "date": "", "period": ""}, "2026/energy.costs"),
        ("{period}", {"report": "", "date": "", "period": "../../etc"}, "-..-etc"),
        ("{report}", {"report": "a/b\\c\n\u202e", "date": "", "period": ""}, "a-b-c"),
        ("{report}", {"report": "{date}", "date": "x", "period": ""}, "{date}"),
        ("a/{period}/b", {"report": "", "date": "", "period": ".."}, "a/file/b"),
        ("", {"report": "", "date": "", "period": ""}, ""),
    ],
)
def test_a_word_in_a_folder_is_a_name_and_nothing_else(pattern: str, words: dict[str, str], folder: str) -> None:
    assert naming.folder(pattern, words) == folder


def test_a_place_whose_server_is_away_is_tried_again(database: Database, organization: Organization, tmp_path: Path) -> None:
    with ftp(tmp_path / "outside") as outside:
        completed(database, organization, tmp_path / "store", target(put(database, organization, outside)))
    send(database, tmp_path / "store")
    assert rows(database, organization, "state, error_kind") == [("pending", "unreachable")]
