"""Brings a CSV file into a pack's tables: all of it in one transaction, or nothing, with the line and the reason.

The file is streamed by COPY into the temporary table `staging` (COPY may not write into a table with row-level security), checked
there, and moved on by the pack's own SQL.
"""

import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import psycopg
from psycopg import sql

from octavo.database import csvlines
from octavo.database.connection import Connection, Database
from octavo.errors import DatabaseError, DefinitionError, OctavoError, UsageError
from octavo.pipeline.definition import Loader

CHUNK_BYTES = 256 * 1024
_GZIP_MAGIC = b"\x1f\x8b"
_LONGEST_HEADER = 64 * 1024
_UNPACKING = (EOFError, gzip.BadGzipFile, zlib.error)

Progress = Callable[[int, int], None]
"""Is told how many bytes of the file have been read, and how many it has."""


def load_file(
    database: Database, organization_id: int, loader: Loader, transform: str, path: Path, *, zone: str, progress: Progress
) -> list[tuple[str, object]]:
    """Loads `path` (CSV, plain or gzip) for one organization and gives the figures that the last statement of `transform` yields.

    `transform` is SQL over `staging`, with the parameter `zone`. Raises UsageError when the file is refused, naming line and
    reason, and DatabaseError; in both cases, and at Ctrl-C, nothing of it stays.
    """
    with _opened(path, progress) as chunks, database.tenant(organization_id) as connection:
        head = _past_header(path, loader, chunks)
        with _explained(path, loader, connection):
            connection.execute("set local work_mem = '64MB'")
            connection.execute(_staging(loader))
            _copy(connection, loader, path, head, chunks)
            connection.execute("analyze staging")
            _check(connection, loader, path)
            return _transform(connection, transform, zone)


@contextmanager
def _opened(path: Path, progress: Progress) -> Iterator[Iterator[bytes]]:
    """The unpacked bytes of the file, chunk by chunk; each chunk moves the progress."""
    try:
        size = path.stat().st_size
        raw = path.open("rb")
    except OSError as error:
        raise _unreadable(path, error) from error
    with raw:
        yield _chunks(path, raw, size, progress)


def _unreadable(path: Path, error: OSError) -> UsageError:
    return UsageError(f"{path} cannot be read: {error.strerror or error}; nothing was loaded")


def _chunks(path: Path, raw: BinaryIO, size: int, progress: Progress) -> Iterator[bytes]:
    for chunk in _unpacked(path, raw):
        progress(raw.tell(), size)
        yield chunk


def _unpacked(path: Path, raw: BinaryIO) -> Iterator[bytes]:
    try:
        packed = raw.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
        raw.seek(0)
        source = cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if packed else raw
        while chunk := source.read(CHUNK_BYTES):
            yield chunk
    except _UNPACKING as error:
        raise UsageError(f"{path} is a damaged or incomplete gzip file ({error}); nothing was loaded. Fetch it again") from error
    except OSError as error:
        raise _unreadable(path, error) from error


def _past_header(path: Path, loader: Loader, chunks: Iterator[bytes]) -> bytes:
    """Reads the header line, compares it, and gives what was read of the file after it. Raises UsageError."""
    expected = ",".join(loader.columns)
    head = b""
    while b"\n" not in head and len(head) < _LONGEST_HEADER and (chunk := next(chunks, b"")):
        head += chunk
    if not head:
        raise UsageError(f"{path} is empty; its first line must be: {expected}")
    line, _, rest = head.partition(b"\n")
    names = csvlines.header(line)
    if names != list(loader.columns):
        raise UsageError(f"{path}, line 1: the header must be: {expected}; nothing was loaded")
    return rest


def _staging(loader: Loader) -> sql.Composed:
    columns = [sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in loader.columns.items()]
    # The lines are counted as they come; where cells hold line breaks, csvlines says which line of the file a record begins on.
    return sql.SQL(
        "create temporary table staging (line bigint generated always as identity (start with 2 cache 10000), {}) on commit drop"
    ).format(sql.SQL(", ").join(columns))


def _copy(connection: Connection, loader: Loader, path: Path, head: bytes, chunks: Iterator[bytes]) -> None:
    statement = sql.SQL("copy staging ({}) from stdin (format csv, encoding 'UTF8')").format(
        sql.SQL(", ").join(map(sql.Identifier, loader.columns))
    )
    end = b"\n"  # the header's own line break has been read
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        chunk = head
        while True:
            if csvlines.ends_copy(end + chunk):
                raise UsageError(
                    f"{path}, line {csvlines.line_that_ends_copy(_again(path))}: a line that is \\. alone cannot be loaded; nothing was loaded"
                )
            end = (end + chunk)[-4:]
            copy.write(chunk)
            if not (chunk := next(chunks, b"")):
                break
        if not end.endswith(b"\n"):
            raise UsageError(
                f"{path}, line {csvlines.last_line(_again(path))}: the file ends in the middle of a line; nothing was loaded. "
                "It may have been cut off; if it is whole, end its last line with a line break"
            )


def _check(connection: Connection, loader: Loader, path: Path) -> None:
    """Raises UsageError naming the first line that does not fulfil the checks, and why."""
    if not loader.checks:
        return
    firsts = [sql.SQL("min(line) filter (where ({}) is not true)").format(sql.SQL(check)) for check in loader.checks]
    found = connection.execute(sql.SQL("select {} from staging").format(sql.SQL(", ").join(firsts))).fetchone() or ()
    failed = [(cast(int, line), reason) for line, reason in zip(found, loader.checks.values(), strict=True) if line is not None]
    if failed:
        record, reason = min(failed)
        raise UsageError(f"{path}, line {csvlines.line_of_record(_again(path), record)}: {reason}; nothing was loaded")


def _transform(connection: Connection, transform: str, zone: str) -> list[tuple[str, object]]:
    with psycopg.ClientCursor(connection) as cursor:
        cursor.execute(transform, {"zone": zone})
        while cursor.nextset():
            pass
        return [(str(label), figure) for label, figure in cursor.fetchall()]


def _again(path: Path) -> Iterator[bytes]:
    """The lines of the file once more, to find the place of an error."""
    with _opened(path, lambda read, size: None) as chunks:
        left = b""
        for chunk in chunks:
            *lines, left = (left + chunk).split(b"\n")
            yield from (line + b"\n" for line in lines)
        if left:
            yield left


_PLACE = re.compile(r"COPY staging, line (\d+)(?:, column ([^:]+))?")
_NO_SUCH_VALUE = ("22P02", "22007", "22008", "22003")
_KINDS = {
    "smallint": "a whole number",
    "integer": "a whole number",
    "bigint": "a whole number",
    "numeric": "a number",
    "date": "a date such as 2014-06-01",
    "timestamp": "a date and time such as 2014-06-01 08:30:00",
    "timestamptz": "a date and time such as 2014-06-01 08:30:00",
    "boolean": "true or false",
}


@contextmanager
def _explained(path: Path, loader: Loader, connection: Connection) -> Iterator[None]:
    """Turns what the database says of the file into one line for people."""
    try:
        yield
    except psycopg.Error as error:
        raise _explain(path, loader, connection, error) from error


def _explain(path: Path, loader: Loader, connection: Connection, error: psycopg.Error) -> OctavoError:
    state = error.diag.sqlstate or error.sqlstate or ""
    said = (error.diag.message_primary or "").strip()
    if place := _PLACE.match(error.diag.context or ""):
        line = csvlines.line_of_copy_error(_again(path), int(place[1]))
        if place[2] and state in _NO_SUCH_VALUE:
            kind = loader.columns[place[2]]
            said = f"{place[2]} is not {_KINDS.get(kind, f'of the type {kind}')}, or is out of its range"
        return UsageError(f"{path}, line {line}: {said}; nothing was loaded")
    if state == "OC001":
        return UsageError(f"{path}: {said}")
    if state.startswith(("22", "23")):  # values that the tables do not take
        where = f" ({error.diag.constraint_name})" if error.diag.constraint_name else ""
        reason = said.partition(': "')[0]
        return UsageError(f"{path} does not fit what is there: {reason}{where}; nothing was loaded")
    if state == "42501" and "temporary" in said:
        return DatabaseError(
            f"Octavo may not make temporary tables here; run: grant temporary on database {connection.info.dbname} to octavo_app"
        )
    if state.startswith("42"):
        return DefinitionError(f"The SQL that loads {path.name} is wrong: {said}")
    return DatabaseError(f"Loading {path} was cut off: {said or error}; nothing was loaded. Run it again")
