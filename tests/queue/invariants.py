"""What must hold after whatever happened, and while it happens: nothing lost, nothing twice, nothing half visible, nothing left behind.

The numbers are those of the reliability plan:
I1 every accepted request ends, once. I2 one right file for each completed run. I3 no half file is ever visible. I4 each recipient
is sent a file once, or it is said why not. I5 the list of what happened verifies, and has each thing once. I6 nothing is left over. I7 every process stays within its memory. I8 nothing of one
organization is in a file of, or an answer to, another. I9 nothing went wrong that nobody caught.
"""

import hashlib
import json
import re
import threading
import zipfile
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg

from octavo.control.audit import actions as audit
from octavo.control.runs import rules
from octavo.control.tenancy import actions as tenancy
from octavo.database.connection import Database
from tests.mailbox import Mailbox

SEAL = ".manifest.json"
_UNCAUGHT = re.compile(
    r"^(Traceback \(most recent|Exception ignored|Exception in |Fatal Python error|.*never retrieved|.*never awaited).*", re.MULTILINE
)

_AWAY = ("ConnectorException", "OperationalError", "PoolTimeout", "AdminShutdown", "DatabaseError")
"""What procrastinate calls an error although it goes on: the database was away."""


def grain(rows: int, mark: str = "grain") -> bytes:
    """The CSV of mill.grain and of mill.marked, made without Octavo."""
    return b"number,grain\r\n" + b"".join(b"%d,%s %d\r\n" % (number, mark.encode(), number) for number in range(1, rows + 1))


class Watching:
    """Looks at every visible file and every process again and again while something happens.

    `half` are the files that were not whole (I3), `fat` the processes that took more memory than they may (I7).
    """

    def __init__(self, store: Path, processes: Callable[[], Mapping[psutil.Process, int]] = dict) -> None:
        self._store = store
        self._processes = processes
        self._over = threading.Event()
        self._threads = [threading.Thread(target=watch) for watch in (self._watch_files, self._watch_memory)]
        self.half: list[str] = []
        self.fat: list[str] = []
        self.looks = 0
        self.most = 0.0

    def __enter__(self) -> "Watching":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _watch_files(self) -> None:
        whole: set[Path] = set()
        while not self._over.wait(0.05):
            for path in [path for path in self._store.glob("reports/*/*/*/*") if path not in whole and not path.name.endswith(SEAL)]:
                try:
                    content = path.read_bytes()
                    seal = json.loads(Path(f"{path}{SEAL}").read_text())
                except FileNotFoundError:  # thrown away meanwhile, unless it is still there without its seal
                    if path.exists() and not Path(f"{path}{SEAL}").exists() and path.exists():
                        self.half.append(f"{path.name} without its manifest")
                    continue
                self.looks += 1
                if seal["file"] != {"name": path.name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}:
                    self.half.append(path.name)
                whole.add(path)

    def _watch_memory(self) -> None:
        while not self._over.wait(0.5):
            for process, limit in self._processes().items():
                with suppress(psutil.Error):
                    megabytes = process.memory_info().rss / 2**20
                    self.most = max(self.most, megabytes)
                    if megabytes > limit:
                        self.fat.append(f"{' '.join(process.cmdline()[-3:])}: {megabytes:.0f} MB of {limit}")


@dataclass(frozen=True)
class Scene:
    """Where something happened. `superuser` sees the runs of all organizations; `marks` is what only the rows of each organization hold."""

    superuser: str
    database: Database
    store: Path
    temporary: Path
    logs: Sequence[Path]
    asked: Collection[int]
    unsure: int = 0
    """How many more requests were sent and never answered: each of them made a run, or none."""
    marks: Mapping[int, str] = field(default_factory=dict)
    answers: Sequence[tuple[int, bytes]] = ()
    """What was answered over HTTP, and to which organization."""
    watched: Watching | None = None
    mailbox: Mailbox | None = None

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.superuser, autocommit=True) as connection:
            return connection.execute(statement.encode()).fetchall()


def verify_all(scene: Scene) -> list[str]:
    """Everything that does not hold once all is quiet; none is well."""
    runs = scene.query(
        "select id, organization_id, state, attempt, parameters, format, masked, file_key, sha256, records, file_bytes, report from octavo.generated_report"
    )
    checks = (
        _ended(scene, runs),
        _files(scene, runs),
        _watched(scene),
        _delivered(scene),
        _told(scene, runs),
        _left(scene, runs),
        _strangers(scene, runs),
        _logs(scene),
    )
    return [breach for check in checks for breach in check]


def _ended(scene: Scene, runs: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    found = Counter(run[0] for run in runs)
    lost, more = set(scene.asked) - set(found), set(found) - set(scene.asked)
    if lost:
        yield f"I1: of the runs that were asked for {sorted(lost)} are not there"
    if len(more) > scene.unsure:
        yield f"I1: {len(more)} runs are there that nobody asked for"
    yield from (f"I1: run {run[0]} is {run[2]}" for run in runs if run[2] not in rules.OVER)


def _files(scene: Scene, runs: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    for run in runs:
        if run[2] == "completed":
            yield from (f"I2: run {run[0]}: {what}" for what in _wrong(scene, run))


def _wrong(scene: Scene, run: tuple[Any, ...]) -> Iterator[str]:
    number, organization, _, attempt, parameters, format_, _, key, sha256, records, size, report = run
    if not key.startswith(f"reports/{organization}/") or not key.rsplit("/", 1)[1].startswith(f"{number}-{attempt}."):
        yield f"its file is called {key}"
    path = scene.store / key
    if not path.exists() or not Path(f"{path}{SEAL}").exists():
        yield "its file or its manifest is not there"
        return
    content = path.read_bytes()
    rows = int(parameters.get("rows", 10))
    if hashlib.sha256(content).hexdigest() != sha256 or len(content) != size:
        yield "its file is not the one that was sealed"
    mark = scene.marks.get(organization, "") if report == "mill.marked" else "grain"
    if records != rows or (format_ == "csv" and content != grain(rows, mark)):
        yield f"its file does not hold the {rows} rows"


def _watched(scene: Scene) -> Iterator[str]:
    if scene.watched is not None:
        yield from (f"I3: {name} was visible and not whole" for name in scene.watched.half)
        yield from (f"I7: {what}" for what in scene.watched.fat)


def _delivered(scene: Scene) -> Iterator[str]:
    """Each target of a completed run has one delivery, which is over; what is sent arrived once, what failed never, what is unknown once at most."""
    for run, wanted, has in scene.query(
        "select r.id, jsonb_array_length(r.deliver_to), (select count(*) from octavo.delivery d where d.organization_id = r.organization_id "
        "and d.run_id = r.id and d.purpose = 'file') from octavo.generated_report r where r.state = 'completed'"
    ):
        if wanted != has:
            yield f"I4: run {run} has {wanted} targets and {has} deliveries"
    arrived = Counter(scene.mailbox.message_ids if scene.mailbox else [])
    for delivery, state, channel, message_id, sent in scene.query(
        "select d.id, d.state, d.channel, d.message_id, (select count(*) from octavo.delivery_attempt a where a.organization_id = d.organization_id "
        "and a.delivery_id = d.id and a.outcome = 'sent') from octavo.delivery d"
    ):
        if state not in ("sent", "failed", "unknown") or sent != (state == "sent"):
            yield f"I4: delivery {delivery} is {state}, and {sent} of its attempts arrived"
        if scene.mailbox and channel == "email":
            found = arrived.pop(message_id, 0)
            if found > 1 or (state == "sent" and found != 1) or (state == "failed" and found):
                yield f"I4: delivery {delivery} is {state}, and its mail arrived {found} times"
    yield from (f"I4: a mail arrived that no delivery tells of: {message_id}" for message_id in arrived)


def _told(scene: Scene, runs: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    for organization in tenancy.list_all(scene.database):
        for problem in audit.verify(scene.database, organization).problems:
            yield f"I5: {organization.slug}, entry {problem.number}: {problem.text}"
    counted = Counter(
        {
            (run, action): count
            for run, action, count in scene.query(
                "select subject_id, action, count(*) from octavo.audit_entry where subject = 'run' group by 1, 2"
            )
        }
    )
    for number, state in [(run[0], run[2]) for run in runs]:
        told = {what: counted[number, f"run.{what}"] for what in ("requested", "completed", "failed", "cancelled", "retried")}
        if told["requested"] != 1 or told["completed"] != (state == "completed"):
            yield f"I5: run {number} is {state} and was requested {told['requested']} times, completed {told['completed']} times"
        if told["failed"] + told["cancelled"] - told["retried"] != (state in ("failed", "cancelled")):  # each retry follows one end
            yield f"I5: run {number} is {state} after {told}"


def _left(scene: Scene, runs: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    files = (
        {path.relative_to(scene.store).as_posix() for path in scene.store.rglob("*") if path.is_file()} if scene.store.exists() else set()
    )
    published = {run[7] for run in runs if run[2] == "completed"}
    yield from (f"I6: {name} belongs to no run" for name in sorted(files - published - {key + SEAL for key in published}))
    for status, count in scene.query("select status::text, count(*) from octavo_queue.procrastinate_jobs group by 1"):
        yield f"I6: {count} jobs in the queue are {status}"
    for name, count in scene.query(
        "select application_name, count(*) from pg_stat_activity where application_name like 'octavo run %' and datname = current_database() group by 1"
    ):
        yield f"I6: {count} sessions of {name} are open"
    rooms = [path for path in scene.temporary.glob("octavo-w-*/*") if path.is_dir() and not path.name.startswith("pymp-")]
    strange = [path for path in scene.temporary.iterdir() if not path.name.startswith("octavo-w-")]
    yield from (
        f"I6: {path.name} lies among the temporary files"
        for path in [*strange, *(left for room in rooms for left in room.iterdir() if not _warm(left))]
    )


def _warm(path: Path) -> bool:
    """What a child that waits for its next run keeps: nothing but the fonts' folder while its Typst starts."""
    return path.name.startswith("octavo-fonts-")


def _strangers(scene: Scene, runs: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    for run in runs:
        if run[2] == "completed" and (path := scene.store / run[7]).exists():
            for owner in _marked(_content(path), scene.marks) - {run[1]}:
                yield f"I8: the file of run {run[0]} of organization {run[1]} holds what is {owner}'s"
    for reader, answer in scene.answers:
        for owner in _marked(answer, scene.marks) - {reader}:
            yield f"I8: an answer to organization {reader} holds what is {owner}'s"


def _marked(content: bytes, marks: Mapping[int, str]) -> set[int]:
    return {owner for owner, mark in marks.items() if mark.encode() in content}


def _content(path: Path) -> bytes:
    if not zipfile.is_zipfile(path):
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        return b"".join(archive.read(name) for name in archive.namelist())


def _logs(scene: Scene) -> Iterator[str]:
    for path in scene.logs:
        text = path.read_text()
        yield from (f"I9: {path.name}: {found[0]}" for found in _UNCAUGHT.finditer(text))
        for line in (json.loads(line) for line in text.splitlines() if line.startswith("{")):
            if line["level"] in ("error", "critical") and line.get("error") not in _AWAY:
                yield f"I9: {path.name}: {line}"
