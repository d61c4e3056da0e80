"""octavo up: everything in one command, on one machine. The database, the web process and a worker, kept going until it is told to stop."""

import logging
import socket

from octavo import logs, supervisor
from octavo.commands import opening
from octavo.commands.serve import Host, Port, RootPath, TrustedProxy
from octavo.commands.work import Processes
from octavo.database import embedded
from octavo.errors import DatabaseError
from octavo.settings import Settings, settings
from octavo.supervisor import Part

_log = logging.getLogger("octavo.up")
_MARGIN_SECONDS = 10
"""What a part gets beyond the time that it gives itself to stop."""


def run_up(
    host: Host = "127.0.0.1",
    port: Port = 8780,
    processes: Processes = 2,
    root_path: RootPath = "",
    trust_proxy: TrustedProxy = None,
) -> None:
    """Serve the API and make runs, with an embedded PostgreSQL unless OCTAVO_DATABASE_URL is set. Ctrl-C stops it all."""
    from octavo.web import serving

    with serving.listen(host, port) as listener:
        opening.everything()
        keep_up(listener, metrics_port(listener), processes=processes, root_path=root_path, trust_proxy=trust_proxy)


def metrics_port(listener: socket.socket) -> int:
    """Where the worker's metrics are: as the setting says, or on the port after the web process's, or on any where that is taken."""
    return settings().metrics_port or _free_port(listener.getsockname()[1] + 1)


def metrics_place(port: int) -> str:
    """The URL of the worker's metrics."""
    return f"http://{settings().metrics_host}:{port}/metrics"


def keep_up(listener: socket.socket, metrics: int, *, processes: int = 2, root_path: str = "", trust_proxy: str | None = None) -> None:
    """Has a web process take connections from the socket, and a worker make runs, until it is told to stop.

    The socket is this process's, so while a web process that died is started again, requests wait and none is refused; once it is told to
    stop they are, instead of waiting for a worker that finishes its runs.
    """
    from octavo.web import serving

    given = settings()
    logs.install(given)
    web = ["serve", "--fd", str(listener.fileno()), "--root-path", root_path]
    if trust_proxy is not None:
        web += ["--trust-proxy", trust_proxy]
    parts = [
        Part("web process", web, serving.FAREWELL_SECONDS + _MARGIN_SECONDS, pass_fds=(listener.fileno(),)),
        Part(
            "worker",
            ["work", "--processes", str(processes)],
            given.grace_seconds + _MARGIN_SECONDS,
            {"OCTAVO_METRICS_PORT": str(metrics)},
        ),
    ]
    said = (
        f"octavo is up at {serving.place(listener)} (API at /docs, metrics at /metrics); the worker's metrics are at {metrics_place(metrics)}. "
        "Ctrl-C stops it"
    )
    supervisor.supervise(parts, lambda: _see_to_database(given), lambda: print(said, flush=True), listener.close)


def _free_port(wanted: int) -> int:
    """The wanted port of this machine, or any other where it is taken."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except (OSError, OverflowError):
                continue
            return int(probe.getsockname()[1])
    raise AssertionError("there is always a free port")


def _see_to_database(given: Settings) -> None:
    """Starts the embedded server again when it was killed; the parts go on where it is as soon as it is there."""
    if given.database_url is None and not embedded.runs(given.data_dir):
        _log.warning("the embedded database has ended; it is started again", extra={"part": "database"})
        try:
            embedded.start(given.data_dir)
        except DatabaseError as error:
            _log.error(str(error), extra={"part": "database"})
