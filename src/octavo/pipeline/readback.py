"""Independent readers of CSV, JSON and XLSX: rows as texts, straight from the file, sharing no code with the writers.

Each yields, for a section of a manifest, its rows as lists of texts (None where there is nothing), in the order of its columns.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import IO, Any
from xml.etree import ElementTree
from xml.parsers import expat

from octavo.errors import VerificationFailed
from octavo.pipeline.manifest import Manifest, Section

Row = list[str | None]

csv.field_size_limit(2**31 - 1)  # a cell may be as long as PostgreSQL's longest text, not only 128 KiB
_GUARDED = re.compile(r"''*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_REL = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_PACKAGE_REL = "{http://schemas.openxmlformats.org/package/2006/relationships}"


def csv_rows(path: Path, manifest: Manifest) -> Iterator[tuple[Section, Row]]:
    """The rows of each section of a CSV, in one file or in a zip."""
    options = manifest.options
    with ExitStack() as stack:
        if any(place for section in manifest.sections for place in section.places):
            archive = stack.enter_context(zipfile.ZipFile(path))
            for section in manifest.sections:
                with archive.open(section.places[0]) as member:
                    yield from _csv_file(io.TextIOWrapper(member, "utf-8-sig", newline=""), section, options)
        else:
            file = stack.enter_context(path.open(encoding="utf-8-sig", newline=""))
            if len(manifest.sections) == 1:
                yield from _csv_file(file, manifest.sections[0], options)
            else:
                yield from _csv_sections(file, manifest, options)


def _csv_file(file: Any, section: Section, options: dict[str, Any]) -> Iterator[tuple[Section, Row]]:
    rows = csv.reader(file, delimiter=options["delimiter"], strict=True)
    if options["header"] != "none":
        next(rows, None)
    for row in rows:
        yield section, _csv_row(row, section, options)


def _csv_sections(file: Any, manifest: Manifest, options: dict[str, Any]) -> Iterator[tuple[Section, Row]]:
    rows = csv.reader(file, delimiter=options["delimiter"], strict=True)
    for section in manifest.sections:
        if next(rows, None) != [f"[{section.name}]"]:
            raise VerificationFailed(f"Section {section.name} does not begin where it should")
        if options["header"] != "none":
            next(rows, None)
        for number in range(section.rows):
            row = next(rows, [])
            if not row and len(section.columns) > 1:
                raise VerificationFailed(f"Section {section.name} ends after {number} of its {section.rows} rows")
            yield section, _csv_row(row, section, options)
        if next(rows, []):
            raise VerificationFailed(f"Section {section.name} goes on after its {section.rows} rows")
    if next(rows, None) is not None:
        raise VerificationFailed("it goes on after its last section")


def _csv_row(row: list[str], section: Section, options: dict[str, Any]) -> Row:
    row = row or [""]  # a line with nothing on it is one empty cell
    if len(row) != len(section.columns):
        raise VerificationFailed(f"Section {section.name} has a row of {len(row)} cells; it has {len(section.columns)} columns")
    return [_csv_cell(cell, column.kind, options) or None for cell, column in zip(row, section.columns, strict=True)]


def _csv_cell(cell: str, kind: str, options: dict[str, Any]) -> str:
    if kind in ("integer", "quantity", "money", "percent"):
        return cell.replace(str(options["decimal"]), ".")
    if kind == "text" and cell[:1] == "'" and options["guard"] == "safe" and _GUARDED.match(cell):
        return cell[1:]
    return cell


def json_rows(path: Path, manifest: Manifest) -> Iterator[tuple[Section, Row]]:
    """The rows of each section of a JSON document, in one pass and little memory; numbers keep every digit."""
    import ijson  # only who verifies a JSON file pays for it

    with path.open("rb") as file:
        try:
            yield from _json_document(ijson.parse(file, use_float=False), manifest)
        except ijson.JSONError as error:
            raise VerificationFailed(f"it is no JSON, or only a part of it: {error}") from error


def _json_document(events: Iterator[tuple[str, str, Any]], manifest: Manifest) -> Iterator[tuple[Section, Row]]:
    sections = {section.name: section for section in manifest.sections}
    row: dict[str, Any] = {}
    for prefix, event, value in events:
        parts = prefix.split(".", 3)
        if parts[0] != "sections" or len(parts) < 2 or parts[1] not in sections:
            continue
        section = sections[parts[1]]
        inside = parts[2:] if section.kind == "metrics" else parts[3:]
        if event == "start_map":
            row = {}
        elif event == "end_map":
            yield section, [_json_text(row.get(column.name)) for column in section.columns]
        elif inside and event not in ("map_key", "start_array", "end_array"):
            row[inside[0]] = value


def _json_text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def xlsx_rows(path: Path, manifest: Manifest) -> Iterator[tuple[Section, Row]]:
    """The rows of each section that has sheets of its own, from the sheets' XML: the digits that are there, not floats of them."""
    with zipfile.ZipFile(path) as archive:
        parts = _sheet_parts(archive)
        for section in manifest.sections:
            for place in section.places:
                if place not in parts:
                    raise VerificationFailed(f"Section {section.name} should be on the sheet {place!r}, which is not there")
                with archive.open(parts[place]) as sheet:
                    yield from ((section, row) for row in _sheet_rows(sheet, len(section.columns)))


def _sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    targets = {
        relation.get("Id"): str(relation.get("Target"))
        for relation in ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels")).iter(f"{_PACKAGE_REL}Relationship")
    }
    workbook = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    return {str(sheet.get("name")): "xl/" + targets[sheet.get(_REL)].removeprefix("/xl/") for sheet in workbook.iter(f"{_MAIN}sheet")}


def _sheet_rows(sheet: IO[bytes], width: int) -> Iterator[Row]:
    """The rows below the heading, without those that hold formulas."""
    reader = _SheetReader(width)
    while chunk := sheet.read(1 << 18):
        reader.parser.Parse(chunk, False)
        yield from reader.rows
        reader.rows.clear()
    reader.parser.Parse(b"", True)
    yield from reader.rows


class _SheetReader:
    """Collects the rows of a worksheet as its XML comes by."""

    def __init__(self, width: int) -> None:
        self.rows: list[Row] = []
        self.parser = expat.ParserCreate(namespace_separator=None)
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self._columns = {_letters(number): number for number in range(width)}
        self._width = width
        self._row: Row = []
        self._column: int | None = None
        self._formula = False

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            self._column = self._columns.get(attributes["r"].rstrip("0123456789"))
            if self._column is not None and attributes.get("t") == "inlineStr":
                self._row[self._column] = ""  # an empty text, unless one comes
        elif name in ("v", "t"):
            self.parser.CharacterDataHandler = self._text
        elif name == "row":
            self._row, self._formula = [None] * self._width, attributes["r"] == "1"
        elif name == "f":
            self._formula = True

    def _text(self, text: str) -> None:
        if self._column is not None:
            self._row[self._column] = (self._row[self._column] or "") + text

    def _end(self, name: str) -> None:
        if name in ("v", "t"):
            self.parser.CharacterDataHandler = None
        elif name == "row" and not self._formula:
            self.rows.append(self._row)


def _letters(number: int) -> str:
    """The name of a column, from 0."""
    name, number = "", number + 1
    while number:
        number, place = divmod(number - 1, 26)
        name = chr(65 + place) + name
    return name


READERS = {"csv": csv_rows, "json": json_rows, "xlsx": xlsx_rows}
