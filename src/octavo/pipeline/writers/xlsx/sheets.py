"""Puts the rows into the workbook's frame, sheet by sheet, as Postgres sends them."""

import io
import re
import zipfile
from dataclasses import dataclass
from itertools import count
from typing import BinaryIO

from xlsxwriter.utility import xl_col_to_name

from octavo.pipeline.writers.xlsx import cells, frame
from octavo.pipeline.writers.xlsx.archive import Archive
from octavo.pipeline.writers.xlsx.plan import SectionPlan, Sheet

# The frame's XML, as XlsxWriter writes it.
_DIMENSION = re.compile(r'<dimension ref="[^"]*"/>')
_HEADING_AND_PATTERN = re.compile(r'<row r="1".*?</row>(?P<pattern><row r="2"[^>]*>(?:<c r="[A-Z]+2" s="\d+"/>)+</row>)?', re.DOTALL)
_ROW_OR_CELL = re.compile(r'(<row r="|<c r="[A-Z]+)(\d+)')
_STYLED_CELL = re.compile(r'<c r="([A-Z]+)2" s="(\d+)"/>')


@dataclass(frozen=True)
class _Frame:
    """The XML of a sheet before and after its rows, and the number of each column's cell format ('' for none)."""

    head: bytes
    tail: bytes
    styles: tuple[str, ...]


def fill(framed: bytes, plans: tuple[SectionPlan, ...], file: BinaryIO) -> None:
    """Writes the finished workbook into `file`; reads the section of every plan."""
    archive = Archive(file)
    numbers = count(2)  # a worksheet's number is its place in the workbook, and the summary is the first
    names = {id(plan): [f"xl/worksheets/sheet{next(numbers)}.xml" for _ in plan.sheets] for plan in plans}
    streamed = {name for group in names.values() for name in group}
    with zipfile.ZipFile(io.BytesIO(framed)) as parts:
        for name in parts.namelist():
            if name not in streamed:
                archive.add(name, parts.read(name))
        for plan in plans:
            frames = [_split(parts.read(name).decode(), plan, sheet) for name, sheet in zip(names[id(plan)], plan.sheets, strict=True)]
            _fill_section(archive, plan, names[id(plan)], frames)
    archive.close()


def _fill_section(archive: Archive, plan: SectionPlan, names: list[str], frames: list[_Frame]) -> None:
    section = plan.section
    section.places.extend(sheet.name for sheet in plan.sheets)
    row = cells.row(section.title, plan.looks, frames[0].styles, plan.rows_per_sheet)
    buffers = section.copy(row, cells.OPTIONS, break_every=plan.rows_per_sheet)
    for name, sheet in zip(names, frames, strict=True):
        with archive.entry(name) as entry:
            entry.write(sheet.head)
            for buffer in buffers:
                entry.write(buffer)
                if section.rows_read % plan.rows_per_sheet == 0 and sheet is not frames[-1]:
                    break  # full; the next sheet goes on. The last one takes whatever comes, and the document's count judges it
            entry.write(sheet.tail)


def _split(xml: str, plan: SectionPlan, sheet: Sheet) -> _Frame:
    """Takes the row that shows the cell formats out, moves the totals, and says in `<dimension>` what the sheet will hold."""
    xml = _DIMENSION.sub(f'<dimension ref="A1:{frame.last_cell(plan, sheet)}"/>', xml, count=1)
    heading = _HEADING_AND_PATTERN.search(xml)
    assert heading is not None
    found = dict(_STYLED_CELL.findall(heading["pattern"] or ""))
    styles = tuple(found.get(xl_col_to_name(index), "") for index in range(len(plan.looks)))
    before = heading.start("pattern") if heading["pattern"] else heading.end()
    totals, end_of_rows, rest = xml[heading.end() :].partition("</sheetData>")
    down = sheet.last_row - frame.TOTALS_ROW
    totals = _ROW_OR_CELL.sub(lambda match: f"{match[1]}{int(match[2]) + down}", totals)
    return _Frame(xml[:before].encode(), (totals + end_of_rows + rest).encode(), styles)
