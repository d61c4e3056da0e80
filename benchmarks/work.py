"""One piece of work in a process of its own: `python -m benchmarks.work NAME ROWS` prints its seconds and its peak memory as JSON.

The seconds are those of the work with the libraries loaded, as in a server or a warm script; psql's are those of the whole process.
Work of less than a second is done eleven times, the first not counted, and the median told.
"""

import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

from benchmarks import data
from octavo.control.tenancy import actions as tenancy
from octavo.database import embedded, migrate
from octavo.database.connection import Database
from octavo.database.load import load_file
from octavo.pipeline import catalog, run, writers
from octavo.pipeline.binding import Request, bind
from octavo.pipeline.document import Organization
from octavo.pipeline.parameters import parse
from octavo.pipeline.snapshot import open_snapshot
from octavo.pipeline.store import Folder

OUT = data.FOLDER / "out"
WARM = ("pdf-invoice", "weasyprint-invoice")


def octavo(name: str, rows: int) -> Callable[[], None]:
    """A whole run of Octavo: snapshot, control totals, file, hash, manifest, publishing."""
    database, organization = _opened()
    reports = catalog.read([EntryPoint("bench", "benchmarks.pack.pack:pack", catalog.GROUP)])
    format, _, report = name.partition("-")
    request = Request(f"bench.{report or 'lines'}", organization, format, {} if report else {"rows": rows})
    writers.named(format)

    def work() -> None:
        run.render(
            request,
            reports=reports,
            database=database,
            store=Folder(OUT),
            name_file=lambda document, extension: f"octavo-{name}.{extension}",
        )

    return work


def load(rows: int) -> Callable[[], None]:
    """`octavo load retail` into an organization of its own: staged, checked, moved into customers, products, invoices and lines."""
    database, _ = _opened()
    pack = catalog.installed().pack("retail")
    assert pack.pack.loader is not None
    loader, transform, file = pack.pack.loader, pack.read(pack.pack.loader.transform), data.retail_file(rows)
    migrate.apply(database.conninfo, migrate.sources(catalog.installed().migrations))
    organization = tenancy.create(database, f"load-{time.time_ns()}", "Load")

    def work() -> None:
        load_file(database, organization.id, loader, transform, file, zone=loader.zone, progress=lambda read, size: None)

    return work


def pdf_writer(rows: int) -> float:
    """The seconds of Octavo's PDF writer alone, without database, hash and disk: what stands against WeasyPrint's own time."""
    database, organization = _opened()
    reports = catalog.read([EntryPoint("bench", "benchmarks.pack.pack:pack", catalog.GROUP)])
    entry, format_ = reports.report("bench.invoice"), writers.named("pdf")
    request, options = Request("bench.invoice", organization, "pdf"), format_.read_options({})
    with open_snapshot(database, organization, "UTC") as snapshot, Folder(OUT).scratch("writer") as scratch:
        document = bind(entry, request, parse(entry, {}), snapshot, "writer", lambda section, count: None)
        begun = time.perf_counter()
        format_.write(document, scratch, options)
        return time.perf_counter() - begun


def _opened() -> tuple[Database, Organization]:
    embedded.start(data.FOLDER.resolve() / "data")
    return data.prepare()


def main() -> None:
    name, rows = sys.argv[1], int(sys.argv[2])
    Path(OUT).mkdir(parents=True, exist_ok=True)
    if name == "pdf-writer":
        pdf_writer(rows)
        seconds = statistics.median(pdf_writer(rows) for _ in range(10))
    else:
        if name.split("-")[0] in writers.NAMES:
            work = octavo(name, rows)
        elif name == "load":
            work = load(rows)
        else:
            from benchmarks import peers

            work = peers.named(name)(rows)
        seconds = _timed(work, 11 if name in WARM else 1)
    print(json.dumps({"seconds": seconds, "megabytes": (_peak() + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024}))


def _peak() -> int:
    """The greatest resident memory of this process in KiB. Not ru_maxrss, which a process inherits from the one that started it."""
    status = Path("/proc/self/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


def _timed(work: Callable[[], None], times: int) -> float:
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken[1:] or taken)


if __name__ == "__main__":
    main()
