"""`python -m benchmarks reports`: how long every report takes in every format, as a whole run; writes the section "Reports".

A run is the snapshot, the control figures, the file, its SHA-256, the manifest and the publishing with fsync, in a process that is warm, on an
embedded server. "small" and "medium" are the samples of `octavo demo --size`; each report is asked for as nobody said anything about it.
Reports may be named (`python -m benchmarks.reports retail.sales`); then nothing is written.
"""

import statistics
import sys
import time

import psycopg
from psycopg.conninfo import make_conninfo

from benchmarks import data, page
from octavo.control.tenancy import actions as tenancy
from octavo.database import embedded, migrate
from octavo.database.connection import Database
from octavo.demo import load_sample
from octavo.errors import NotFound, TooLarge
from octavo.pipeline import catalog, run
from octavo.pipeline.binding import Request
from octavo.pipeline.definition import SampleSize
from octavo.pipeline.document import Organization
from octavo.pipeline.store import Folder

FOLDER = (data.FOLDER / "reports").absolute()
FORMATS = ("csv", "xlsx", "pdf", "json")
FEW, SOME = 40, 1_000
OF_FEW = {"csv": 200, "xlsx": 500, "pdf": 300, "json": 200}
"""Milliseconds for up to FEW rows; the documents' own figures for about 40 records."""
OF_SOME = 500
"""Milliseconds for up to SOME rows, in any format."""
SIZES: tuple[SampleSize, ...] = ("small", "medium")
ENOUGH_SECONDS = 0.3
"""A cell is measured again until so much time has gone by, at least three times; one that took a second, once."""


def prepare() -> tuple[Database, dict[SampleSize, Organization]]:
    """The database with an organization of each size in it."""
    conninfo = embedded.start(FOLDER)
    migrate.apply(conninfo, migrate.sources(catalog.installed().migrations))
    database = Database(conninfo)
    return database, {size: _organization(database, size) for size in SIZES}


def _organization(database: Database, size: SampleSize) -> Organization:
    try:
        return tenancy.find(database, size)
    except NotFound:
        made = tenancy.create(database, size, size.title(), locale="de_DE", time_zone="Europe/Berlin", currency="EUR")
    for pack in catalog.installed().packs.values():
        load_sample(database, made, pack, 1, size)
    with psycopg.connect(make_conninfo(database.conninfo, user="postgres"), autocommit=True) as superuser:
        superuser.execute("vacuum (analyze)")
    return made


def measured(database: Database, organization: Organization, report: str, format: str) -> tuple[float, int]:
    """The median milliseconds of the run, and its rows. Raises TooLarge."""

    def once() -> tuple[float, int]:
        begun = time.perf_counter()
        made = run.render(
            Request(report, organization, format), reports=catalog.installed(), database=database, store=Folder(FOLDER / "out"),
            name_file=lambda document, extension: f"{organization.slug}-{document.report}.{extension}",
        )  # fmt: skip
        return (time.perf_counter() - begun) * 1000, made.manifest.rows

    first, rows = once()
    taken = [first] if first > 1000 else []  # the first fills caches
    begun = time.perf_counter()
    while first <= 1000 and (len(taken) < 3 or time.perf_counter() - begun < ENOUGH_SECONDS):
        taken.append(once()[0])
    return statistics.median(taken), rows


def bar(format: str, rows: int) -> int | None:
    """Within how many milliseconds so many rows must be there."""
    return OF_FEW[format] if rows <= FEW else OF_SOME if rows <= SOME else None


def line(database: Database, organization: Organization, report: str) -> tuple[str, bool]:
    """The line of a report, and whether all its bars hold."""
    cells, held, counted = [], True, 0
    for format in FORMATS:
        try:
            taken, rows = measured(database, organization, report, format)
        except TooLarge:
            cells.append("not held")
            continue
        counted = max(counted, rows)
        most = bar(format, rows)
        late = most is not None and taken > most
        held &= not late
        cells.append(f"{taken:,.0f} ms{' **FAILS**' if late else ''}")
    return f"| {report} | {organization.slug} | {counted:,} | " + " | ".join(cells) + " |", held


def main() -> None:
    wanted = sys.argv[1:]
    database, organizations = prepare()
    print(head := "| report | data | rows | CSV | XLSX | PDF | JSON |\n|---|---|---:|---:|---:|---:|---:|")
    lines, held = [], True
    for report in catalog.installed().entries:
        if wanted and report not in wanted:
            continue
        for organization in organizations.values():
            told, holds = line(database, organization, report)
            lines.append(told)
            held &= holds
            print(told, flush=True)
    if not wanted:
        page.write_section("Reports", _section(head, lines))
    sys.exit(0 if held else 1)


def _section(head: str, lines: list[str]) -> str:
    factors = ", ".join(f"{pack.pack.name} {pack.pack.sample_factors['medium']}" for pack in catalog.installed().packs.values())
    few = ", ".join(f"{format.upper()} {most}" for format, most in OF_FEW.items())
    return f"""Every report in every format, as a whole run in a warm process: snapshot, control figures, file, SHA-256, manifest, publishing with fsync; the median.
"small" is the sample of `octavo demo`, "medium" that of `--size medium` (so many times as much: {factors}); the parameters are those that hold
when none is given, and the rows are all there are. Bars: up to {FEW} rows {few} ms; up to {SOME:,} rows {OF_SOME} ms; "not held": more rows than the format takes.

{head}
{chr(10).join(lines)}
"""


if __name__ == "__main__":
    main()
