"""Where a CSV record stands in its file, as an editor counts lines: the header is line 1, a cell may hold line breaks.

They take the lines of the file, each with its line break. A line break inside a quoted cell does not end the record.
"""

import csv
import itertools
import re
from collections.abc import Iterable, Iterator

_BOM = b"\xef\xbb\xbf"
_COPY_END = re.compile(rb"\n\\\.\r?\n")


def header(line: bytes) -> list[str]:
    """The names in a header line, without byte order mark and line break; no names when it is not UTF-8."""
    try:
        text = line.removeprefix(_BOM).rstrip(b"\r\n").decode()
        return next(csv.reader([text], strict=True), [])
    except (UnicodeDecodeError, csv.Error):
        return []


def records(lines: Iterable[bytes]) -> Iterator[tuple[int, int]]:
    """Of each record after the header: the line it begins on, and how many lines COPY counts it as.

    Inside quotes COPY counts line feeds where the first record ends in one alone, otherwise (and in the first record itself, whose
    end it has not seen) carriage returns.
    """
    first, counted, in_quotes, line_break = 2, 1, False, b"\r"
    number = 1
    for number, line in enumerate(lines, 1):
        if number == 1:
            continue
        parts = line.split(b'"')
        counted += sum(part.count(line_break) for part in parts[0 if in_quotes else 1 :: 2])
        in_quotes ^= len(parts) % 2 == 0
        if in_quotes:
            continue
        yield first, counted
        if first == 2 and not line.endswith(b"\r\n"):
            line_break = b"\n"
        first, counted = number + 1, 1
    if first <= number:
        yield first, counted


def line_of_record(lines: Iterable[bytes], record: int) -> int:
    """The line on which a record begins; the header is record 1."""
    return next(itertools.islice(records(lines), record - 2, None))[0]


def line_of_copy_error(lines: Iterable[bytes], counted: int) -> int:
    """The line on which the record begins that COPY calls line `counted`, where COPY was given what follows the header.

    A quote that is never closed makes one record of the rest of the file: its beginning is the place to look.
    """
    begins, copied = 2, 0
    for first, lines_of_it in records(lines):
        begins, copied = first, copied + lines_of_it
        if copied >= counted:
            break
    return begins


def last_line(lines: Iterable[bytes]) -> int:
    """The number of the last line."""
    return sum(1 for _ in lines)


def ends_copy(data: bytes) -> bool:
    r"""Whether a line of `data` is `\.` alone: up to PostgreSQL 17 it ends a COPY, and the rest would be dropped without a word."""
    return b"\\." in data and _COPY_END.search(data) is not None


def line_that_ends_copy(lines: Iterable[bytes]) -> int:
    r"""The number of the first line that is `\.` alone."""
    return next(number for number, line in enumerate(lines, 1) if line.rstrip(b"\r\n") == b"\\.")
