"""Octavo on a PostgreSQL that is not ours: Debian's 15 over TCP, with a password, as a login that is no superuser."""

import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from octavo import demo
from octavo.database import connection, isolation, migrate
from octavo.database.connection import Database, open_database
from octavo.errors import DatabaseError
from octavo.pipeline import catalog, run
from octavo.pipeline.binding import Request
from octavo.pipeline.store import Folder
from octavo.settings import Settings
from tests.database.conftest import External, Login, started

pytestmark = pytest.mark.usefixtures("external")


def settings(url: str, **others: object) -> Settings:
    return Settings(database_url=url, connect_timeout_seconds=2, **others)  # type: ignore[arg-type]


def opened(url: str) -> Database:
    return open_database(settings(url), catalog.installed().migrations)


def migrated(url: str) -> list[str]:
    return migrate.apply(connection.address(settings(url)), migrate.sources(catalog.installed().migrations))


def octavo(*arguments: str, url: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "octavo", *arguments],
        env={**os.environ, "OCTAVO_DATABASE_URL": url, "OCTAVO_CONNECT_TIMEOUT_SECONDS": "2"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def figures(database: Database, folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every CSV of every report of the demonstration's organizations."""
    reports = catalog.installed()
    for organization in demo.prepare(database, reports):
        for key in reports.entries:
            artefact = run.render(
                Request(key, organization, "csv"), reports=reports, database=database, store=Folder(folder),
                name_file=lambda document, extension: f"{document.organization.slug}-{document.report}.{extension}",
            )  # fmt: skip
            path = folder / artefact.manifest.file.name
            if path.suffix == ".zip":
                with zipfile.ZipFile(path) as parts:
                    yield from ((f"{path.name}/{name}", parts.read(name)) for name in parts.namelist())
            else:
                yield path.name, path.read_bytes()


def test_the_reports_are_the_same_as_from_the_embedded_server(login: Login, database: Database, tmp_path: Path) -> None:
    assert migrated(login.address)
    theirs = opened(login.address)
    assert isolation.weaknesses(theirs, *catalog.installed().schemas) == []
    with psycopg.connect(login.address) as session:
        assert session.info.server_version // 10000 == 15
        assert session.execute("select rolsuper or rolbypassrls from pg_roles where rolname = session_user").fetchone() == (False,)
    here, there = tmp_path / "18", tmp_path / "15"
    ours = dict(figures(database, here))
    assert sum(len(data) for data in ours.values()) > 10_000
    assert dict(figures(theirs, there)) == ours


def test_a_login_that_may_not_make_roles_says_what_an_administrator_must_run_and_that_is_enough() -> None:
    with started() as new:
        for _ in ("none of the roles is there", "the roles are there, and only this login lacks them"):
            login = new.database_for("nocreaterole noinherit", owned=False)
            with pytest.raises(DatabaseError) as refused:
                migrated(login.address)
            said, _, statements = str(refused.value).partition("let an administrator run: ")
            assert said == "The login may not make the role octavo_owner, or act as it; "
            new.administer(*statements.split("; "), database=login.name)
            assert migrated(login.address)
            database = opened(login.address)
            assert isolation.weaknesses(database, *catalog.installed().schemas) == []
            assert [organization.slug for organization in demo.prepare(database, catalog.installed())] == ["aurora", "meridian"]
            assert migrated(login.address) == []


def test_a_login_that_may_not_make_schemas_says_what_the_owner_must_run_and_that_is_enough(external: External) -> None:
    login = external.database_for("createrole", owned=False)
    with pytest.raises(DatabaseError, match="let the owner of the database run: grant create on database") as refused:
        migrated(login.address)
    external.administer(str(refused.value).partition("run: ")[2])
    assert migrated(login.address)


def test_a_login_that_owns_nothing_and_was_given_nothing_is_told_so(external: External, login: Login) -> None:
    migrated(login.address)
    stranger = external.database_for("nocreaterole")
    url = external.address(stranger.name, stranger.password, login.name)
    with pytest.raises(
        DatabaseError, match="may not act as octavo_app; let an administrator run: grant octavo_owner, octavo_app, octavo_reader to"
    ):
        opened(url)


@pytest.mark.parametrize(("attribute", "said"), [("superuser", "is a superuser"), ("bypassrls", "is allowed to bypass row-level security")])
def test_a_login_that_sees_past_row_level_security_is_refused(external: External, attribute: str, said: str) -> None:
    login = external.database_for(attribute)
    with pytest.raises(DatabaseError, match=said):
        opened(login.address)
    process = octavo("migrate", url=login.address)
    out, err = process.communicate()
    assert (process.returncode, out, err.count("\n")) == (1, "", 1)
    assert said in err


def test_a_server_that_is_too_old_is_refused(login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    # Debian has no older server than 15, so the bound is moved instead of the server.
    monkeypatch.setattr(connection, "OLDEST_SERVER", 990000)
    with pytest.raises(DatabaseError, match="The database is PostgreSQL 15; Octavo needs 99 or newer"):
        opened(login.address)


def test_a_database_that_cannot_hold_every_character_is_refused(external: External, login: Login) -> None:
    external.administer("create database latin encoding 'LATIN1' lc_collate 'C' lc_ctype 'C' template template0")
    with pytest.raises(DatabaseError, match="The database latin holds text as LATIN1; Octavo needs UTF8"):
        opened(external.address(login.name, login.password, "latin"))


def test_a_database_that_was_not_migrated_says_how_to(login: Login) -> None:
    with pytest.raises(DatabaseError, match=r"lacks \d+ migrations; run: octavo migrate$"):
        opened(login.address)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://octavo:s3cret@127.0.0.1:1/octavo", "127.0.0.1:1/octavo cannot be used"),
        ("postgresql://octavo:s3cret@nowhere.invalid/octavo", "nowhere.invalid:5432/octavo cannot be used"),
        ("postgresql://{login}:s3cret-wrong@127.0.0.1:{port}/{login}", "password authentication failed"),
        ("postgresql://{login}:{password}@127.0.0.1:{port}/absent", 'database "absent" does not exist'),
        ("postgresql://octavo:s3cret@192.0.2.1/octavo", "192.0.2.1:5432/octavo cannot be used"),
        ("postgresql://octavo:s3cret@127.0.0.1:port/octavo", "cannot be used"),
        ("mysql://octavo:s3cret@127.0.0.1/octavo", "is no PostgreSQL address"),
        ("s3cret garbage", "is no PostgreSQL address"),
        ("postgresql://octavo:s3cret@s3cret@127.0.0.1/octavo", "write @ as %40 and / as %2F"),
        ("postgresql://octavo:s3cret/s3cret@127.0.0.1/octavo", "write @ as %40 and / as %2F"),
        ("postgresql://octavo:s3cret@s3cret/s3cret@127.0.0.1/octavo", "write @ as %40 and / as %2F"),
    ],
)
def test_a_database_that_cannot_be_reached_is_one_line_in_time_without_the_password(login: Login, url: str, said: str) -> None:
    started = time.monotonic()
    address = url.format(login=login.name, password=login.password, port=login.server.port)
    process = octavo("render", "retail.sales", url=address)
    out, err = process.communicate()
    assert (process.returncode, out, err.count("\n")) == (1, "", 1), err
    assert said in err
    assert "s3cret" not in err
    assert login.password not in err
    assert time.monotonic() - started < 8


def test_a_password_may_hold_any_character_that_is_escaped(external: External) -> None:
    login = external.database_for("createrole")
    external.administer(f"alter role {login.name} password 'a@b/c:d?e#f'")
    assert connection.lacking(connection.address(settings(external.address(login.name, "a%40b%2Fc%3Ad%3Fe%23f", login.name)))) != []


def test_two_that_migrate_at_once_both_succeed_and_each_migration_is_applied_once(login: Login) -> None:
    both = [octavo("migrate", url=login.address) for _ in range(2)]
    ends = [(process.communicate(), process.returncode) for process in both]
    assert [code for _, code in ends] == [0, 0], ends
    said = sorted(out for (out, _), _ in ends)
    expected = [path.stem for folder in migrate.sources(catalog.installed().migrations) for path in sorted(folder.glob("*.sql"))]
    assert said == ["".join(f"applied {name}\n" for name in expected), "nothing to apply\n"]
    with psycopg.connect(login.address) as session:
        applied = session.execute("select migration_id from octavo._yoyo_migration").fetchall()
    assert sorted(name for (name,) in applied) == sorted(expected)


def test_two_databases_of_one_server_may_be_migrated_at_once(external: External) -> None:
    logins = [external.database_for("createrole") for _ in range(2)]
    ends = [(*process.communicate(), process.returncode) for process in [octavo("migrate", url=login.address) for login in logins]]
    assert [code for *_, code in ends] == [0, 0], ends


def test_an_own_option_of_the_address_is_kept(login: Login) -> None:
    migrated(login.address)
    with Database(login.address + "?options=-c%20work_mem%3D7MB").connect() as session:
        assert session.execute("select current_user::text, current_setting('work_mem')").fetchone() == ("octavo_app", "7MB")


def test_what_an_extension_brought_is_its_own_matter(external: External, login: Login) -> None:
    migrated(login.address)
    external.administer("create extension pg_stat_statements schema public", database=login.name)
    assert isolation.weaknesses(opened(login.address), *catalog.installed().schemas) == []


def test_a_query_that_changes_the_organization_is_found_out_where_it_cannot_be_forbidden(login: Login) -> None:
    migrated(login.address)
    database = opened(login.address)
    with pytest.raises(DatabaseError, match="changed who it reads as; the run was thrown away"), database.reader(1, zone="UTC") as session:
        session.execute("select set_config('octavo.organization_id', '2', true)")
