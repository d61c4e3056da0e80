"""`make bench`: every comparison in one run, each piece of work in a process of its own; writes benchmarks/RESULTS.md.

`python -m benchmarks csv pdf` runs only the comparisons whose names begin so, and writes nothing; `python -m benchmarks server` runs only
the load on the server, `python -m benchmarks reports` only every report in every format, `python -m benchmarks summaries` only the summaries,
`python -m benchmarks schedules` only the herd of schedules, `python -m benchmarks pages` only the pages, and each writes its section.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree

from benchmarks import data, page


@dataclass(frozen=True)
class Case:
    """Octavo's work against a peer's. `faster` bars say at least so many times faster; `slower` bars at most so many times the time.

    `memory` is the bar of Octavo's peak in MB. `times` is how often both are run, in turns; medians are told.
    """

    title: str
    ours: str
    theirs: str | None
    rows: int
    faster: float | None = None
    slower: float | None = None
    memory: int | None = None
    times: int = 3


SECTIONS = ("server", "reports", "summaries", "schedules", "pages")
"""Benchmarks of their own, each of which writes its section and says by its exit whether its bars hold."""

CASES = (
    Case("CSV against psql \\copy", "csv", "psql_csv", 1_000_000, slower=2.0, memory=120, times=5),
    Case("CSV", "csv", None, 100_000, memory=120),
    Case("CSV", "csv", None, 3_000_000, memory=120, times=1),
    Case("JSON against psql \\copy (select row_to_json)", "json", "psql_json", 1_000_000, slower=1.8, memory=120, times=5),
    Case("JSON", "json", None, 100_000, memory=120),
    Case("JSON", "json", None, 3_000_000, memory=120, times=1),
    Case("XLSX against openpyxl write-only", "xlsx", "openpyxl", 100_000, faster=15, memory=120),
    Case("XLSX", "xlsx", None, 1_000_000, memory=120, times=1),
    Case("XLSX, two sheets", "xlsx", None, 1_200_000, memory=120, times=1),
    Case("PDF of an invoice: the writer against WeasyPrint", "pdf-writer", "weasyprint-invoice", 20, faster=6),
    Case("PDF of an invoice: the whole run against WeasyPrint alone", "pdf-invoice", "weasyprint-invoice", 20),
    Case("PDF of a table against WeasyPrint", "pdf", "weasyprint", 2_000, faster=8, times=2),
    Case("PDF of a long table", "pdf", None, 20_000, memory=800, times=1),
    Case("Loading invoice lines against INSERT, line by line into the same tables", "load", "insert_rows", 100_000, times=2),
    Case("CSV against pandas", "csv", "pandas_csv", 1_000_000, times=2),
    Case("JSON against pandas", "json", "pandas_json", 1_000_000, times=2),
    Case("XLSX against pandas with openpyxl", "xlsx", "pandas_xlsx", 100_000, times=2),
    Case("PDF of a table against pandas with WeasyPrint", "pdf", "pandas_pdf", 500, times=2),
)


@dataclass(frozen=True)
class Taken:
    """What a piece of work took: median seconds, greatest peak memory."""

    seconds: float
    megabytes: float


def measure(case: Case) -> tuple[Taken, Taken | None]:
    """Both sides, run in turns."""
    ours, theirs = [], []
    for _ in range(case.times):
        ours.append(_work(case.ours, case.rows))
        if case.theirs:
            theirs.append(_work(case.theirs, case.rows))
    return _summed(ours), _summed(theirs) if theirs else None


def _work(name: str, rows: int) -> Taken:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "benchmarks.work", name, str(rows)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{name} failed: {done.stderr.strip().splitlines()[-1]}")
    return Taken(**json.loads(done.stdout.splitlines()[-1]))


def _summed(several: list[Taken]) -> Taken:
    return Taken(statistics.median(taken.seconds for taken in several), max(taken.megabytes for taken in several))


def row(case: Case, ours: Taken, theirs: Taken | None) -> tuple[str, bool]:
    """A line of the table, and whether every bar of the case holds."""
    held, bars, ratio = True, [], ""
    if theirs:
        ratio = (
            f"{theirs.seconds / ours.seconds:.1f} × faster"
            if theirs.seconds >= ours.seconds
            else f"{ours.seconds / theirs.seconds:.2f} × the time"
        )
    if case.slower and theirs:
        bars.append(f"≤ {case.slower:g} × the time")
        held &= ours.seconds <= case.slower * theirs.seconds
    if case.faster and theirs:
        bars.append(f"≥ {case.faster:g} × faster")
        held &= theirs.seconds >= case.faster * ours.seconds
    if case.memory:
        bars.append(f"≤ {case.memory} MB")
        held &= ours.megabytes <= case.memory
    peer = f"{seconds(theirs.seconds)}, {theirs.megabytes:.0f} MB" if theirs else ""
    verdict = ("holds" if held else "**FAILS**") if bars else ""
    cells = (case.title, f"{case.rows:,}", f"{seconds(ours.seconds)}, {ours.megabytes:.0f} MB", peer, ratio, ", ".join(bars), verdict)
    return "| " + " | ".join(cells) + " |", held


def seconds(value: float) -> str:
    return f"{value * 1000:.1f} ms" if value < 1 else f"{value:.2f} s"


def sheets_of_xlsx() -> str:
    """How many rows each sheet of the last XLSX holds, counted from its XML."""
    counts = []
    with zipfile.ZipFile(data.FOLDER / "out" / "octavo-xlsx.xlsx") as book:
        for name in sorted(name for name in book.namelist() if name.startswith("xl/worksheets/sheet"))[1:]:
            with book.open(name) as sheet:
                count = 0
                for _, element in ElementTree.iterparse(sheet):
                    if element.tag.endswith("}row"):
                        count += 1
                    if element.tag.endswith(("}row", "}sheetData")):
                        element.clear()
                counts.append(count)
    return " and ".join(f"{count:,}" for count in counts)


def machine() -> str:
    """What it was measured on."""
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    libraries = ("psycopg", "xlsxwriter", "zlib-ng", "typst", "pikepdf", "openpyxl", "pandas", "sqlalchemy", "weasyprint")
    return (
        f"{os.cpu_count()} × {model}, {memory:.0f} GiB; {platform.system()}, Python {platform.python_version()}, embedded PostgreSQL 18; "
        + ", ".join(f"{name} {version(name)}" for name in libraries)
    )


def main() -> None:
    wanted = sys.argv[1:]
    if len(wanted) == 1 and wanted[0] in SECTIONS:
        sys.exit(0 if _section(wanted[0]) else 1)
    data.prepare()
    lines, memory, all_held = [], {}, True
    head = "| work | rows | Octavo | peer | Octavo is | bar | |\n|---|---:|---:|---:|---|---|---|"
    print(head, flush=True)
    for case in CASES:
        if wanted and not any(case.ours.startswith(name) for name in wanted):
            continue
        ours, theirs = measure(case)
        line, held = row(case, ours, theirs)
        memory.setdefault((case.ours, case.rows), ours.megabytes)
        lines.append(line)
        all_held &= held
        print(line, flush=True)
        if case.rows == 1_200_000:
            lines.append(f"| rows of those two sheets, header and totals included | | {sheets_of_xlsx()} | | | | |")
            print(lines[-1], flush=True)
    for format, few, many in (("csv", 100_000, 3_000_000), ("json", 100_000, 3_000_000), ("xlsx", 100_000, 1_000_000)):
        if (format, few) in memory and (format, many) in memory:
            growth = memory[format, many] - memory[format, few]
            all_held &= growth <= 10
            lines.append(
                f"| {format.upper()}: peak memory at {many:,} rows less that at {few:,} | | {growth:+.1f} MB | | | ≤ 10 MB | {'holds' if growth <= 10 else '**FAILS**'} |"
            )
            print(lines[-1], flush=True)
    if not wanted:
        page.write_head(_page(head, lines))
        for name in SECTIONS:
            all_held &= _section(name)
    sys.exit(0 if all_held else 1)


def _section(name: str) -> bool:
    return subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode == 0


def _page(head: str, lines: list[str]) -> str:
    return f"""# Side by side

Made by `make bench`; every figure of a line was measured in the same run. Twelve columns of invoice lines, one table, one server.
Seconds are those of the work in a process that has its libraries loaded (psql: the whole process); the median of several runs in turns.
Memory is the peak of the process that renders, with that of its largest child (Octavo sets long PDFs in one). Octavo's time holds the snapshot, the control totals, the file, its SHA-256, the manifest and the
publishing with fsync; its peers only write a file. The lines "the writer" leave the database and the disk out on both sides.

{machine()}

{head}
{chr(10).join(lines)}
"""


if __name__ == "__main__":
    main()
