"""What the processes of the server say of themselves, one line each: JSON for machines, text on a terminal.

A line has no values of data, parameters, credentials or SQL: of an exception it tells the kind and the places, never the text, and of a library only
the first line. Which request, organization and run it is about is known from where it is said.
"""

import json
import logging
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO

from octavo.settings import Settings

FIELDS = (
    "organization", "run", "request_id", "method", "route", "status", "ms", "report", "format", "source", "state", "attempt", "kind", "sqlstate",
    "part", "address",
)  # fmt: skip
"""What a line may have beside time, level, logger and message. Anything else that is handed to a logger stays unsaid."""

_MOST_FRAMES = 12


@dataclass
class Subject:
    """What is being done at this moment; it is filled in while that becomes known."""

    request_id: str | None = None
    organization: int | None = None
    run: int | None = None


_subject: ContextVar[Subject | None] = ContextVar("octavo_subject", default=None)


@contextmanager
def about(subject: Subject) -> Iterator[Subject]:
    """Every line that is said in here, or in a thread or task begun from here, is about this."""
    token = _subject.set(subject)
    try:
        yield subject
    finally:
        _subject.reset(token)


def name_organization(organization_id: int) -> None:
    """Says whose request it is that is being answered."""
    if (subject := _subject.get()) is not None:
        subject.organization = organization_id


def install(settings: Settings, stream: TextIO | None = None) -> None:
    """Has everything that this process says go out in one form, through stderr."""
    out = stream or sys.stderr
    chosen = settings.log_format or ("text" if out.isatty() else "json")
    handler = logging.StreamHandler(out)
    handler.setFormatter(_Text() if chosen == "text" else _Json())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("octavo").setLevel(logging.INFO)
    for library in ("uvicorn", "uvicorn.error", "uvicorn.access", "procrastinate"):
        logging.getLogger(library).handlers.clear()
        logging.getLogger(library).propagate = True
    logging.captureWarnings(True)
    sys.excepthook = _died
    threading.excepthook = lambda given: _died(given.exc_type, given.exc_value, given.exc_traceback)


def installed() -> bool:
    """Whether this is a process of the server, whose every word is a line of its log."""
    return sys.excepthook is _died


def _died(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if error is not None and not issubclass(kind, SystemExit):
        logging.getLogger("octavo").critical("ended by an error that nobody expected", exc_info=(kind, error, trace))


def _said(record: logging.LogRecord) -> str:
    """The message, without what an exception or a library may have put into it."""
    if isinstance(record.args, tuple) and any(isinstance(value, BaseException) for value in record.args):
        record.args = tuple(type(value).__name__ if isinstance(value, BaseException) else value for value in record.args)
    said = record.getMessage()
    return said if record.name.startswith("octavo") else (said.splitlines() or [""])[0][:300]


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    known = {name: getattr(record, name) for name in FIELDS if getattr(record, name, None) is not None}
    if (subject := _subject.get()) is not None:
        for name in ("organization", "run", "request_id"):
            if (value := getattr(subject, name)) is not None:
                known.setdefault(name, value)
    if record.exc_info and record.exc_info[1] is not None:
        error = record.exc_info[1]
        known["error"] = type(error).__name__
        frames = traceback.extract_tb(record.exc_info[2])[-_MOST_FRAMES:]
        known["where"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    return known


class _Json(logging.Formatter):
    """One object a line."""

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"time": time, "level": record.levelname.lower(), "logger": record.name, "message": _said(record), **_fields(record)}
        return json.dumps(line, ensure_ascii=False, default=str)


class _Text(logging.Formatter):
    """Time, level, message; then what it is about; then, of an error, where it came from."""

    def format(self, record: logging.LogRecord) -> str:
        fields = _fields(record)
        where = fields.pop("where", [])
        time = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        said = " ".join([f"{time} {record.levelname.lower():8}{_said(record)}", *(f"{name}={value}" for name, value in fields.items())])
        return "\n    ".join([said.replace("\n", " "), *where])
