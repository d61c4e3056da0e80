"""XLSX: a summary sheet, then a sheet for each table, whose rows Postgres writes.

In the order it happens: `plan` (which sheets, how long), `frame` (the workbook around the rows, with `summary` and `charts`),
`cells` (a row as one SQL expression), `sheets` (the rows streamed into the frame), `archive` (the zip file).
"""

from typing import BinaryIO

from octavo.pipeline.document import Document
from octavo.pipeline.writer import Format, Options
from octavo.pipeline.writers.xlsx import frame, plan, sheets

ROWS_PER_SHEET = 1_048_576
"""The most rows of a sheet, heading and totals included. What is longer goes on on a further sheet."""


class XlsxOptions(Options):
    """A workbook has one shape; there is nothing to choose."""


def write(document: Document, file: BinaryIO, options: XlsxOptions) -> None:
    plans = plan.plan(document, ROWS_PER_SHEET)
    sheets.fill(frame.make(document, plans), plans, file)


def _file_kind(document: Document, options: XlsxOptions) -> tuple[str, str]:
    return "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


FORMAT = Format(name="xlsx", title="XLSX", options=XlsxOptions, write=write, file_kind=_file_kind)
