"""The command line as its users run it: in a process of its own, with the shop's pack installed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from octavo.pipeline.document import Organization
from tests.conftest import ROOT, superuser
from tests.disks import locked_folder, small_disk

__all__ = ["locked_folder", "small_disk"]


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PYTHONPATH on which the shop is an installed distribution with an entry point."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "shop-0.1.dist-info").mkdir()
    (folder / "shop-0.1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: shop\nVersion: 0.1\n")
    (folder / "shop-0.1.dist-info" / "entry_points.txt").write_text("[octavo.packs]\nshop = tests.packs_for_tests.shop.pack:pack\n")
    return os.pathsep.join(filter(None, [str(folder), str(ROOT), os.environ.get("PYTHONPATH")]))


@dataclass
class CommandLine:
    """Runs octavo with an environment, in a working folder of its own."""

    environment: dict[str, str]
    folder: Path
    started: list["subprocess.Popen[str]"] = field(default_factory=list)

    def __call__(self, *arguments: object, **environment: str) -> "subprocess.CompletedProcess[str]":
        process = self.start(*arguments, **environment)
        out, err = process.communicate(timeout=60)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def start(self, *arguments: object, stdout: int = subprocess.PIPE, **environment: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-m", "octavo", *map(str, arguments)],
            stdout=stdout, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, cwd=self.folder, env={**self.environment, **environment},
            start_new_session=True,
        )  # fmt: skip
        self.started.append(process)
        return process

    @property
    def files(self) -> list[str]:
        """Everything that lies in the working folder."""
        return sorted(path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file())


@pytest.fixture
def bare(installed: str, tmp_path: Path) -> Iterator[CommandLine]:
    """Octavo without a database of its own: OCTAVO_DATA_DIR is an empty folder."""
    (tmp_path / "work").mkdir()
    settings = {"PYTHONPATH": installed, "OCTAVO_DATA_DIR": str(tmp_path / "data"), "COLUMNS": "200"}
    line = CommandLine(
        {**{name: value for name, value in os.environ.items() if not name.startswith("OCTAVO_")}, **settings}, tmp_path / "work"
    )
    yield line
    for process in line.started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def octavo(bare: CommandLine, conninfo: str, organization: Organization) -> CommandLine:
    """Octavo on the test's own database, in which there is the organization alpha."""
    bare.environment["OCTAVO_DATABASE_URL"] = conninfo
    return bare


Running = Callable[[], list[str]]


@pytest.fixture
def running(conninfo: str) -> Iterator[Running]:
    """The queries that reports run in the test's database at this moment."""
    name = str(conninfo_to_dict(conninfo)["dbname"])
    with psycopg.connect(superuser(conninfo), autocommit=True) as admin:

        def queries() -> list[str]:
            found = admin.execute(
                "select query from pg_stat_activity where datname = %s and state = 'active' and pid <> pg_backend_pid()", [name]
            )
            return [query for (query,) in found]

        yield queries


def wait_until(condition: Callable[[], object], seconds: float = 20, *, pause: float = 0.02) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(pause)


def end(process: "subprocess.Popen[str]", number: signal.Signals) -> tuple[float, str]:
    """Signals the process and waits; gives how many seconds it took, and what it said."""
    begun = time.monotonic()
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    return time.monotonic() - begun, err
