"""How the command line shows things: progress bars, the line of a finished file, and tables."""

import io
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from octavo.pipeline import document
from octavo.pipeline.manifest import Manifest
from octavo.pipeline.run import Artefact

_UNITS = ("B", "kB", "MB", "GB", "TB")


class _Output(io.FileIO):
    """Standard output, also after its reader has gone: what nobody wants to read is no failure. Any other error is told once."""

    _gone = False

    def write(self, data: Any) -> int:
        try:
            return len(data) if self._gone else super().write(data)
        except BrokenPipeError:
            self._gone = True
            return len(data)
        except OSError:
            self._gone = True
            raise


def outlive_reader() -> None:
    """Lets `octavo catalog | head -1` end quietly, and prints what the terminal's encoding lacks as an escape."""
    if sys.stdout is sys.__stdout__ and sys.stdout is not None:
        output = io.BufferedWriter(_Output(sys.stdout.fileno(), "w", closefd=False))
        sys.stdout = io.TextIOWrapper(output, sys.stdout.encoding, errors="backslashreplace", line_buffering=sys.stdout.isatty())


def console() -> Console:
    """Standard output; where it is no terminal, lines are as long as they are."""
    return Console(file=sys.stdout, highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 200)


def plain(text: str) -> str:
    """The text with whatever would steer a terminal (escape sequences, line breaks, turns of direction) shown as its code."""
    return "".join(
        character if character.isprintable() or unicodedata.category(character) == "Zs" else repr(character)[1:-1] for character in text
    )


def say(text: str) -> None:
    """One line on standard output."""
    print(plain(text))


def size(count: int) -> str:
    """A number of bytes in decimal units."""
    value, unit = float(count), 0
    while value >= 999.5 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.0f} {_UNITS[unit]}" if unit == 0 or value >= 100 else f"{value:.1f} {_UNITS[unit]}"


def duration(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def totals(manifest: Manifest, most: int = 3) -> str:
    """The control totals of the sections, the last first: it is the one with the detail. At most so many; the manifest has all."""
    parts = [
        f"{section.name}.{total.column} {amount(total.value)}{f' {total.currency}' if total.currency else ''}"
        for section in reversed(manifest.sections)
        for total in section.totals
    ]
    return "  ".join(parts[:most]) + ("  …" if len(parts) > most else "")


def amount(digits: str) -> str:
    """Digits with the thousands parted; every decimal place stays."""
    whole, dot, places = digits.partition(".")
    try:
        return f"{int(whole):,}{dot}{places}" if whole.lstrip("-") != "0" else digits
    except ValueError:
        return digits


def finished(artefact: Artefact) -> str:
    """What is said at the end of a render: file, rows, size, time, totals."""
    manifest = artefact.manifest
    line = f"{artefact.place}  {manifest.rows:,} rows  {size(manifest.file.bytes)}  {duration(artefact.seconds)}"
    figures = totals(manifest)
    return f"{line}  {figures}" if figures else line


@contextmanager
def rendering(title: str) -> Iterator[document.Progress]:
    """A progress bar in rows, on stderr, while a document is written; nothing where stderr is no terminal."""
    with Progress(
        TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.completed:,} of {task.total:,} rows"), TimeElapsedColumn(), TimeRemainingColumn(),
        console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty(), refresh_per_second=2,
    ) as bar:  # fmt: skip
        task: TaskID = bar.add_task(title, total=0)
        yield lambda section, done, expected: bar.update(task, completed=done, total=expected, description=f"{title} · {section}")


@contextmanager
def filling(title: str, parts: int) -> Iterator[Callable[[str], None]]:
    """A progress bar in parts, on stderr, while tables are filled; it is told what is filled next."""
    with Progress(
        TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.completed:.0f} of {task.total:.0f} parts"), TimeElapsedColumn(),
        console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty(), refresh_per_second=4,
    ) as bar:  # fmt: skip
        task: TaskID = bar.add_task(title, total=parts, completed=-1)
        yield lambda part: bar.update(task, advance=1, description=f"{title} · {part}")


@contextmanager
def reading(path: Path) -> Iterator["ReadProgress"]:
    """A progress bar in bytes while a file is read in."""
    with Progress(
        TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TimeElapsedColumn(), TimeRemainingColumn(),
        console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty(), refresh_per_second=4,
    ) as bar:  # fmt: skip
        yield ReadProgress(bar, bar.add_task(plain(path.name), total=None))


class ReadProgress:
    """Told how many bytes of how many have been read."""

    def __init__(self, bar: Progress, task: TaskID) -> None:
        self._bar, self._task = bar, task

    def __call__(self, done: int, total: int) -> None:
        self._bar.update(self._task, completed=done, total=total)


def file_table(artefacts: Iterable[Artefact]) -> Table:
    """One line a file with rows, size, time and its main control total, and their sums at the foot."""
    listed = list(artefacts)
    table = Table(show_footer=True, pad_edge=False, box=None, header_style="bold", footer_style="bold")
    for title in ("File", "Rows", "Size", "Time", "Control total"):
        table.add_column(title, justify="right" if title in ("Rows", "Size", "Time") else "left", no_wrap=True)
    for artefact in listed:
        manifest = artefact.manifest
        table.add_row(
            Text(plain(artefact.place)),
            f"{manifest.rows:,}",
            size(manifest.file.bytes),
            duration(artefact.seconds),
            totals(manifest, 1).removesuffix("  …"),
        )
    foot = (f"{len(listed)} files", f"{sum(item.manifest.rows for item in listed):,}", size(sum(item.manifest.file.bytes for item in listed)),
            duration(sum(item.seconds for item in listed)), "")  # fmt: skip
    for column, text in zip(table.columns, foot, strict=True):
        column.footer = text
    return table
