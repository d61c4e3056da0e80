"""octavo work: a worker that makes runs until it is told to stop."""

from datetime import timedelta
from typing import Annotated

import typer

from octavo import logs, supervisor
from octavo.commands import opening
from octavo.commands.serve import Supervised
from octavo.errors import UsageError
from octavo.settings import settings

Processes = Annotated[int, typer.Option(min=1, max=64, help="How many runs to make at once.")]

_KINDS = {None: (False, True), "interactive": (False,), "bulk": (True,)}


def run_work(
    processes: Processes = 2,
    only: Annotated[str | None, typer.Option(help="Take only runs that are interactive, or only those that are bulk.")] = None,
    supervised: Supervised = False,
) -> None:
    """Make runs, until SIGTERM or Ctrl-C; then finish what is at work, or give it back."""
    from octavo.queue import measure
    from octavo.queue.worker import Duty, Worker

    if only not in _KINDS:
        raise UsageError(f"There are no {only!r} runs; --only takes interactive or bulk")
    if supervised:
        supervisor.end_with_supervisor()
    given = settings()
    logs.install(given)
    database, reports = opening.everything()
    duty = Duty(
        processes=processes,
        store_place=given.store_place,
        kinds=_KINDS[only],
        lease=timedelta(seconds=given.lease_seconds),
        heartbeat_seconds=given.heartbeat_seconds,
        retry=timedelta(seconds=given.retry_seconds),
        grace_seconds=given.grace_seconds,
        memory_mb=given.run_memory_mb,
        most_running=given.most_running,
        round_seconds=given.round_seconds,
        storage_class=given.archive_storage_class,
        senders=given.senders,
    )
    if not supervised:
        print(f"octavo works: {processes} runs at a time, files in {given.store_place}", flush=True)
    if given.metrics_port is not None:
        measure.publish(database, duty.silent, given.metrics_host, given.metrics_port)
    Worker(database, duty, measure.Measure(database, reports.entries)).run()
