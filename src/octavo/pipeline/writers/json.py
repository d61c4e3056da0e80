"""JSON: one object; the rows of each section are Postgres' own row_to_json, one a line, so numbers are digits and never floats.

Key figures are an object, rows an array of objects, control figures follow the sections they belong to.
"""

import json
from typing import Any, BinaryIO

from psycopg import sql

from octavo.pipeline import definition, manifest
from octavo.pipeline.document import Document, Rows
from octavo.pipeline.writer import Format, Options

# COPY in CSV with marks that JSON text never holds yields each line raw.
_RAW_LINES = sql.SQL("format csv, quote E'\\x01', delimiter E'\\x02'")


_OBJECT = sql.SQL("row_to_json(rows)")


class JsonOptions(Options):
    """JSON has no options."""


def write(document: Document, file: BinaryIO, options: JsonOptions) -> None:
    """Writes the header, every section that has rows, and the control figures."""
    head = {
        "report": document.report,
        "title": document.title,
        "organization": {"slug": document.organization.slug, "name": document.organization.name},
        "run_id": document.run_id,
        "snapshot_taken_at": document.taken_at.isoformat(),
        "time_zone": document.zone,
        "masked": document.masked,
        "parameters": {answer.name: manifest.plain(answer.value) for answer in document.parameters},
    }
    file.write(_text(head)[:-1] + b',\n"sections": {')
    for number, section in enumerate(document.tables):
        file.write((b",\n" if number else b"\n") + _text(section.name) + b": ")
        _write_section(section, file)
    file.write(b'\n},\n"control": {')
    for number, section in enumerate(document.tables):
        file.write((b",\n" if number else b"\n") + _text(section.name) + b": " + _control(section))
    file.write(b"\n}}\n")


def _write_section(section: Rows, file: BinaryIO) -> None:
    section.places.append(f"sections.{section.name}")
    single = isinstance(section.definition, definition.Metrics)
    file.write(b"" if single else b"[\n")
    before = b""
    for buffer in section.copy(_OBJECT, _RAW_LINES, line_end=b",\n"):
        file.write(before)
        before = bytes(buffer[-2:])
        file.write(memoryview(buffer)[:-2])
    file.write(b"" if single else b"\n]")


def _control(section: Rows) -> bytes:
    """A total is its digits or, where rows say their currency, those by currency; "" are the rows that say none."""
    parted = {column.name for column in section.columns if getattr(column, "currency_column", None)}
    totals: dict[str, Any] = {}
    for total in section.control.totals:
        digits = manifest.digits(total.value)
        if total.column in parted:
            totals.setdefault(total.column, {})[total.currency or ""] = digits
        else:
            totals[total.column] = digits
    return _text({"rows": section.control.rows, "totals": totals})


def _text(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def file_kind(document: Document, options: JsonOptions) -> tuple[str, str]:
    return "json", "application/json"


FORMAT = Format("json", "JSON", JsonOptions, write, file_kind)
