"""The embedded server: one for all processes of a folder, there when it is needed and gone when nobody needs it."""

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from octavo.database import embedded
from octavo.errors import DatabaseError

USE = """
import sys
from pathlib import Path
import psycopg
from octavo.database import embedded, migrate
conninfo = embedded.start(Path(sys.argv[1]))
migrate.apply(conninfo, migrate.sources())
with psycopg.connect(conninfo) as connection:
    connection.execute("select 1")
print(conninfo, flush=True)
sys.stdin.read()
"""


class User:
    """A process of its own that uses the embedded server of a folder until it is told to end."""

    def __init__(self, data_dir: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USE, str(data_dir)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip

    def address(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def end(self) -> tuple[int, str]:
        _, err = self.process.communicate()
        return self.process.returncode, err

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """A folder that is not there yet; whatever runs in it afterwards is stopped."""
    folder = tmp_path / "data"
    yield folder
    embedded.stop(folder / "postgres")


def server_of(data_dir: Path) -> str:
    """The number of the running server's process; empty when none runs."""
    file = data_dir / "postgres" / "postmaster.pid"
    return file.read_text().splitlines()[0] if file.exists() else ""


@contextmanager
def using(data_dir: Path) -> Iterator[str]:
    user = User(data_dir)
    try:
        address = user.address()
        yield address
    finally:
        ended = user.end()
    assert ended == (0, "")
    assert address


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_two_processes_that_start_at_once_in_a_new_folder_share_one_server_until_the_last_ends(data_dir: Path) -> None:
    first, second = User(data_dir), User(data_dir)
    assert first.address() == second.address() != ""
    server = server_of(data_dir)
    assert server
    assert first.end() == (0, "")
    assert server_of(data_dir) == server
    assert second.end() == (0, "")
    assert server_of(data_dir) == ""


def test_a_process_that_was_killed_does_not_keep_the_server_running(data_dir: Path) -> None:
    killed = User(data_dir)
    assert killed.address()
    server = server_of(data_dir)
    killed.kill()
    with using(data_dir):
        assert server_of(data_dir) == server
    assert server_of(data_dir) == ""


def test_a_process_that_was_killed_while_it_made_the_files_does_not_spoil_them(data_dir: Path) -> None:
    killed = User(data_dir)
    wait_for(lambda: any(data_dir.glob("postgres.new-*/PG_VERSION")))
    killed.kill()
    with using(data_dir) as address:
        assert address
    assert [path.name for path in data_dir.iterdir() if path.name.startswith("postgres")] == ["postgres"]


@pytest.mark.parametrize("another_has_its_number", [False, True])
def test_a_server_that_was_killed_is_started_again(data_dir: Path, another_has_its_number: bool) -> None:
    _killed_and_started_again(data_dir, another_has_its_number)


@pytest.mark.parametrize("another_has_its_number", [False, True])
def test_one_whose_folder_has_a_long_path_is_found_where_it_was(tmp_path: Path, another_has_its_number: bool) -> None:
    _killed_and_started_again(tmp_path / ("x" * 120), another_has_its_number)


def _killed_and_started_again(data_dir: Path, another_has_its_number: bool) -> None:
    user = User(data_dir)
    with psycopg.connect(before := user.address()) as connection:
        connection.execute("create table remembered as select 42 as answer")
    os.kill(int(server_of(data_dir)), signal.SIGKILL)
    user.kill()
    socket = Path(conninfo_to_dict(before)["host"])  # type: ignore[arg-type]
    for file in (data_dir / "postgres" / "postmaster.pid", socket / ".s.PGSQL.5432.lock") if another_has_its_number else ():
        lines = file.read_text().splitlines()
        file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    with using(data_dir) as address, psycopg.connect(before) as connection:
        assert address == before
        assert connection.execute("select answer from remembered").fetchone() == (42,)


def test_a_folder_with_a_long_path_and_odd_characters_works_and_nobody_else_may_enter_it(tmp_path: Path) -> None:
    data_dir = tmp_path / "it's a ä folder" / ("x" * 110)
    with using(data_dir) as address:
        socket = Path(conninfo_to_dict(address)["host"])  # type: ignore[arg-type]
        assert stat.S_IMODE(socket.stat().st_mode) == 0o700
        assert not socket.is_relative_to(data_dir)
    assert server_of(data_dir) == ""
    assert not socket.exists()


def test_the_folder_of_the_files_is_closed_to_others(server: str) -> None:
    folder = Path(conninfo_to_dict(server)["host"])  # type: ignore[arg-type]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("where", ["a file/data", "/proc/octavo"])
def test_a_folder_that_cannot_be_written_is_said_with_what_to_do(tmp_path: Path, where: str) -> None:
    (tmp_path / "a file").write_text("")
    with pytest.raises(DatabaseError, match=r"cannot be started \(.+\); set OCTAVO_DATA_DIR to a folder that can be written$"):
        embedded.start(tmp_path / where)


def test_files_that_are_damaged_or_of_another_version_are_one_clear_line(data_dir: Path) -> None:
    with using(data_dir):
        pass
    (data_dir / "postgres" / "global" / "pg_control").rename(data_dir / "aside")
    assert complaint(data_dir).startswith(f"The embedded database in {data_dir}/postgres cannot be started: could not open file")
    (data_dir / "aside").rename(data_dir / "postgres" / "global" / "pg_control")
    (data_dir / "postgres" / "PG_VERSION").write_text("16\n")
    assert complaint(data_dir) == (
        f"The embedded database in {data_dir}/postgres was made by PostgreSQL 16, and this is 18; set OCTAVO_DATA_DIR to another folder"
    )


def complaint(data_dir: Path) -> str:
    """What doctor says on stdout of this folder; stderr must hold its one line only."""
    code = "from pathlib import Path; import sys; from octavo.database import embedded; from octavo.errors import DatabaseError\n"
    code += "try: embedded.start(Path(sys.argv[1]))\nexcept DatabaseError as error: print(error)"
    done = subprocess.run([sys.executable, "-c", code, str(data_dir)], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.count("\n") == 1
    return done.stdout.strip()


def test_octavo_works_in_it_as_a_role_that_sees_past_nothing(server: str) -> None:
    with psycopg.connect(server) as connection:
        assert connection.execute(
            "select rolname::text, rolsuper, rolbypassrls, rolreplication, rolcreaterole from pg_roles where rolname = session_user"
        ).fetchone() == ("octavo", False, False, False, True)
        assert connection.execute("select pg_has_role('octavo', oid, 'member') from pg_roles where rolsuper").fetchall() == [(False,)]


def test_text_sorts_and_changes_case_the_same_whatever_the_locale_of_the_machine(server: str) -> None:
    with psycopg.connect(server) as connection:
        assert connection.execute(
            "select datlocprovider::text, datlocale from pg_database where datname = current_database()"
        ).fetchone() == ("b", "C.UTF-8")
        assert connection.execute("select upper('ä'), array(select x from unnest(array['b', 'Z', 'ä', 'a']) x order by x)").fetchone() == (
            "Ä",
            ["Z", "a", "b", "ä"],
        )


@pytest.mark.parametrize(
    "query",
    [
        "select set_config('octavo.organization_id', '2', true)",
        "select set_config('octavo.organization_id', '2', false)",
        "select query_to_xml('select set_config(''octavo.organization_id'', ''2'', true)', true, true, '')",
    ],
)
def test_a_report_may_not_change_a_setting(conninfo: str, query: str) -> None:
    refused = pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied for function set_config")
    with psycopg.connect(make_conninfo(conninfo, options="-c role=octavo_reader")) as connection, refused:
        connection.execute(query.encode())


def test_a_report_may_not_change_a_setting_by_other_ways_either(conninfo: str) -> None:
    with psycopg.connect(make_conninfo(conninfo, options="-c role=octavo_reader"), autocommit=True) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("update pg_settings set setting = '2' where name = 'octavo.organization_id'")
        with pytest.raises(psycopg.errors.FeatureNotSupported):
            connection.execute("select query_to_xml('set octavo.organization_id = 2', true, true, '')")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(
                "create function pg_temp.f() returns void language sql set octavo.organization_id = '2' as ''; create schema s"
            )
