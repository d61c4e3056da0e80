"""Workers as they are run: processes of their own, on the test's database, with the mill installed."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from octavo.control import events
from octavo.control.exports import thresholds
from octavo.control.runs import actions as runs
from octavo.control.runs import jobs
from octavo.control.tenancy import actions as tenancy
from octavo.database.connection import Database
from octavo.pipeline import catalog
from octavo.pipeline.document import Organization
from octavo.pipeline.store import Folder
from tests.conftest import ROOT
from tests.mailbox import Mailbox
from tests.queue.invariants import Scene, Watching, verify_all

MILL = catalog.read([EntryPoint("mill", "tests.packs_for_tests.mill.pack:pack", catalog.GROUP)])
SOMEBODY = events.Actor.system("a test")


def until(what: Callable[[], Any], seconds: float = 30) -> Any:
    """Waits until `what` gives something true, and gives it."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.02)
    return found


def gone(processes: list[psutil.Process], seconds: float) -> bool:
    """Whether they all end within that time. One that nobody has waited for yet, a zombie, has ended."""
    deadline = time.monotonic() + seconds
    while any(_alive(process) for process in processes):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1):
            return True
    except OSError:
        return False


@dataclass
class Floor:
    """A database with workers that can be started, killed and asked."""

    conninfo: str
    folder: Path
    environment: dict[str, str]
    workers: list["subprocess.Popen[str]"] = field(default_factory=list)
    servers: list["subprocess.Popen[str]"] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)
    unsure: int = 0
    marks: dict[int, str] = field(default_factory=dict)
    answers: list[tuple[int, bytes]] = field(default_factory=list)
    watched: Watching | None = None
    mailbox: Mailbox | None = None
    """The mail server that its workers send to, if there is one."""

    @property
    def database(self) -> Database:
        return Database(self.conninfo)

    @property
    def superuser(self) -> str:
        return make_conninfo(self.conninfo, user="postgres")

    @property
    def store(self) -> Path:
        return self.folder / "store"

    @property
    def temporary(self) -> Path:
        return Path(self.environment["TMPDIR"])

    def start(self, processes: int = 2, **settings: object) -> "subprocess.Popen[str]":
        """A worker that was just started; it listens about a second later."""
        named = {f"OCTAVO_{name.upper()}": str(value) for name, value in settings.items()}
        with (self.folder / f"worker-{len(self.workers)}.log").open("w") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "octavo", "work", "--processes", str(processes)],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, text=True, env={**self.environment, **named}, start_new_session=True,
            )  # fmt: skip
        self.workers.append(worker)
        return worker

    def serve(self) -> str:
        """A web server that answers; gives its address."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        with (self.folder / f"server-{len(self.servers)}.log").open("w") as log:
            server = subprocess.Popen(
                [sys.executable, "-m", "octavo", "serve", "--port", str(port)],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, text=True, env=self.environment, start_new_session=True,
            )  # fmt: skip
        self.servers.append(server)
        until(lambda: _answers(port) or server.poll() is not None, 60)
        assert server.poll() is None, (self.folder / f"server-{len(self.servers) - 1}.log").read_text()
        return f"http://127.0.0.1:{port}"

    def mark(self, organizations: list[Organization]) -> None:
        """Gives each organization a row that only it may ever see, which mill.marked puts into its files, and has it let everything out."""
        for organization in organizations:
            open_wide(self.database, organization)
            self.marks[organization.id] = f"only-for-{organization.slug}-{secrets.token_hex(6)}"
            with self.database.tenant(organization.id) as connection:
                connection.execute("insert into energy.project (name) values (%s)", [self.marks[organization.id]])

    @contextmanager
    def watching(self) -> Iterator[Watching]:
        """Looks at files and processes all the while; what it finds is in `verify`."""
        with Watching(self.store, self.limits) as self.watched:
            yield self.watched

    def limits(self) -> dict[psutil.Process, int]:
        """Every process, and how many MB it may take."""
        children = {child: int(self.environment["OCTAVO_RUN_MEMORY_MB"]) for child in self.children()}
        mains = []
        for process in (*self.workers, *self.servers):
            with suppress(psutil.NoSuchProcess):  # killed in this moment
                mains += [psutil.Process(process.pid)] if process.poll() is None else []
        return {**children, **dict.fromkeys(mains, 256)}

    def listening(self, count: int = 1) -> None:
        """Waits until so many workers listen."""
        until(lambda: self.query("select count(*) from octavo_queue.procrastinate_workers")[0][0] >= count)

    def ask(self, organization: Organization, **asked: Any) -> runs.Run:
        parameters = {name: asked.pop(name) for name in ("rows", "seconds", "megabytes", "end") if name in asked}
        with self.database.tenant(organization.id) as connection:
            run = runs.request(
                connection,
                SOMEBODY,
                reports=MILL,
                parameters=parameters,
                **{"report": "mill.grain", "format": "csv", "masked": False, **asked},
            )
        self.asked.append(run.id)
        return run

    def find(self, run: runs.Run) -> runs.Run:
        with self.database.tenant(run.organization_id) as connection:
            return runs.find(connection, run.id)

    def wait_for(self, run: runs.Run, state: str, seconds: float = 30) -> runs.Run:
        return until(lambda: (now := self.find(run)).state == state and now, seconds)

    def query(self, statement: str, *values: object) -> list[Any]:
        with psycopg.connect(self.superuser, autocommit=True) as connection:
            return connection.execute(statement.encode(), values).fetchall()

    def open_runs(self) -> int:
        return int(self.query("select count(*) from octavo.generated_report where state in ('pending', 'processing')")[0][0])

    def sessions(self, run: runs.Run) -> int:
        """How many sessions in the database work on the run."""
        return int(
            self.query("select count(*) from pg_stat_activity where application_name like 'octavo run ' || %s || '-%%'", run.id)[0][0]
        )

    def children(self) -> list[psutil.Process]:
        """The processes that make runs now."""
        return [process for process, depth in self._descendants() if depth == 2]

    def family(self) -> list[psutil.Process]:
        """All that workers started: the servers of forks, the children, the typesetters of these."""
        return [process for process, _ in self._descendants()]

    def _descendants(self) -> list[tuple[psutil.Process, int]]:
        found: list[tuple[psutil.Process, int]] = []
        for worker in self.workers:
            if worker.poll() is None:
                with suppress(psutil.NoSuchProcess):
                    depths = {worker.pid: 0}
                    for process in psutil.Process(worker.pid).children(recursive=True):
                        depths[process.pid] = depths.get(process.ppid(), 0) + 1
                        found.append((process, depths[process.pid]))
        return found

    def quiet(self, seconds: float = 60) -> None:
        """Waits until every run is over and the reaper has been round."""
        until(lambda: self.open_runs() == 0, seconds)
        deadline = time.monotonic() + 30
        while left := self.query(
            "select j.id, j.status::text, j.queue_name, j.scheduled_at, clock_timestamp(), j.worker_id, w.last_heartbeat "
            "from octavo_queue.procrastinate_jobs j left join octavo_queue.procrastinate_workers w on w.id = j.worker_id"
        ):
            assert time.monotonic() < deadline, f"left in the queue: {left}"
            time.sleep(0.1)

    def verify(self) -> list[str]:
        """What does not hold, once the reaper and the collector have been round."""
        jobs.collect(database=self.database, store=Folder(self.store), older_than=timedelta(0))
        deadline = time.monotonic() + 10
        while (breaches := self._breaches()) and time.monotonic() < deadline:  # one that was just ended may need a moment to be gone
            time.sleep(0.2)
        return breaches

    def _breaches(self) -> list[str]:
        return verify_all(
            Scene(
                self.superuser,
                self.database,
                self.store,
                self.temporary,
                self.logs,
                self.asked,
                self.unsure,
                self.marks,
                self.answers,
                self.watched,
                self.mailbox,
            )
        )

    @property
    def logs(self) -> list[Path]:
        return sorted([*self.folder.glob("worker-*.log"), *self.folder.glob("server-*.log")])

    def log(self) -> str:
        return "".join(path.read_text() for path in self.logs)

    def stop(self) -> None:
        for process in (*self.workers, *self.servers):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for worker in (*self.workers, *self.servers):
            try:
                worker.wait(30)  # one whose database is away says its last word for some seconds
            except subprocess.TimeoutExpired:
                with suppress(psutil.NoSuchProcess):  # it ends in this very moment
                    for process in psutil.Process(worker.pid).children(recursive=True):
                        process.kill()
                worker.kill()
                worker.wait()
        shutil.rmtree(self.temporary, ignore_errors=True)


def environment(folder: Path, conninfo: str) -> dict[str, str]:
    """The environment of a worker: the mill is an installed distribution."""
    site = folder / "site"
    (site / "mill-0.1.dist-info").mkdir(parents=True)
    (site / "mill-0.1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: mill\nVersion: 0.1\n")
    (site / "mill-0.1.dist-info" / "entry_points.txt").write_text("[octavo.packs]\nmill = tests.packs_for_tests.mill.pack:pack\n")
    given = {name: value for name, value in os.environ.items() if not name.startswith("OCTAVO_")}
    return {
        **given, "PYTHONPATH": os.pathsep.join([str(site), str(ROOT)]), "OCTAVO_DATABASE_URL": conninfo, "OCTAVO_STORE_URL": str(folder / "store"),
        "OCTAVO_RETRY_SECONDS": "0.05", "OCTAVO_GRACE_SECONDS": "2", "OCTAVO_LEASE_SECONDS": "3", "OCTAVO_HEARTBEAT_SECONDS": "0.5",
        "OCTAVO_RUN_MEMORY_MB": "1024", "OCTAVO_REQUESTS_PER_MINUTE": "100000", "OCTAVO_DATA_DIR": str(folder / "data"), "TMPDIR": tempfile.mkdtemp(prefix="floor-"),
    }  # fmt: skip


@pytest.fixture
def floor(conninfo: str, tmp_path: Path) -> Iterator[Floor]:
    floor = Floor(conninfo, tmp_path, environment(tmp_path, conninfo))
    yield floor
    floor.stop()


@pytest.fixture
def organizations(database: Database) -> list[Organization]:
    return [open_wide(database, tenancy.create(database, name, name.title())) for name in ("alpha", "beta", "gamma", "delta")]


@pytest.fixture
def organization(database: Database, organization: Organization) -> Organization:
    return open_wide(database, organization)


def open_wide(database: Database, organization: Organization) -> Organization:
    """Has it let out everything that is asked for, so that the mill's tables need nobody's approval."""
    with database.tenant(organization.id) as connection:
        thresholds.change(connection, events.Actor.system("the tests"), thresholds.Thresholds(10**9, 10**9))
    return organization
