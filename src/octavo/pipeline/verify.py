"""Verifying: an artefact against its manifest, offline. The hash first; then rows and control totals, from the file itself; of a zip, part by part."""

import csv
import hashlib
import shutil
import tempfile
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Context, Decimal, InvalidOperation
from pathlib import Path
from xml.etree.ElementTree import ParseError
from xml.parsers.expat import ExpatError

from octavo.errors import NotFound, StorageError, VerificationFailed
from octavo.pipeline import manifest as manifests
from octavo.pipeline import protection
from octavo.pipeline.manifest import Figures, Manifest, Part, Section, Total
from octavo.pipeline.readback import READERS, Row

_EXACT = Context(prec=200_000, traps=[])  # as wide as a sum can be in PostgreSQL
_UNREADABLE = (
    VerificationFailed, ValueError, KeyError, IndexError, TypeError, RuntimeError, EOFError, OSError, csv.Error, zipfile.BadZipFile, zlib.error,
    ParseError, ExpatError,
)  # fmt: skip
"""What a reader may raise where the file is not what it was."""


@dataclass(frozen=True)
class Verified:
    """An artefact that is what its manifest says. `recounted`: its rows and totals were counted again, from the file."""

    manifest: Manifest
    recounted: bool


def verify(path: Path, password: str | None = None) -> Verified:
    """Checks the file `path` against `path`.manifest.json. Raises VerificationFailed saying everything that differs.

    Of a file that has a password, rows and totals are counted again where it is given.
    """
    seal = path.parent / (path.name + manifests.SUFFIX)
    for wanted, what in ((path, "artefact"), (seal, "manifest")):
        if not wanted.is_file():
            raise NotFound(f"The {what} {wanted} is not there")
    try:
        manifest = manifests.read(seal.read_text(encoding="utf-8"))
        differences = [*_bytes_differ(path, manifest), *_contents_differ(path, manifest, password)]
    except (OSError, UnicodeDecodeError) as error:
        raise StorageError(f"{path} cannot be read: {error}") from error
    if differences:
        raise VerificationFailed(f"{path.name} is not what was sealed: {'; '.join(differences)}")
    return Verified(manifest, manifest.format in READERS and (password is not None or not manifest.protected))


def _bytes_differ(path: Path, manifest: Manifest) -> Iterable[str]:
    size = path.stat().st_size
    if size != manifest.file.bytes:
        yield f"it has {size:,} bytes, not {manifest.file.bytes:,}"
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != manifest.file.sha256:
        yield f"its SHA-256 is {found[:16]}…, not {manifest.file.sha256[:16]}…"


def _contents_differ(path: Path, manifest: Manifest, password: str | None) -> Iterable[str]:
    """What the rows in the file say, where it shows them: without its password one that has one shows none."""
    look = _parts_differ if manifest.parts else _recounted
    if not manifest.protected:
        yield from look(path, manifest)
    elif password is not None and (manifest.parts or manifest.format in READERS):
        with protection.opened(path, password) as inside:
            yield from look(inside, manifest)


def _parts_differ(path: Path, manifest: Manifest) -> Iterable[str]:
    """What is in the zip: each part against its hash, its own manifest and its rows, and all of them against the whole."""
    try:
        with zipfile.ZipFile(path) as archive, tempfile.TemporaryDirectory(prefix="octavo-verify-") as folder:
            wanted = {name for part in manifest.parts for name in (part.file.name, part.file.name + manifests.SUFFIX)}
            there = archive.namelist()
            if len(set(there)) != len(there):
                yield "two files in it have one name"
            yield from (f"there is {name} in it, of which the manifest knows nothing" for name in there if name not in wanted)
            for number, part in enumerate(manifest.parts):
                missing = [name for name in (part.file.name, part.file.name + manifests.SUFFIX) if name not in there]
                if missing:
                    yield f"{' and '.join(missing)} is not in it"
                    continue
                yield from (f"{part.file.name}: {said}" for said in _part_differs(archive, part, Path(folder) / str(number)))
    except (*_UNREADABLE, NotImplementedError) as error:
        yield f"its contents cannot be read ({type(error).__name__}: {error})"
    yield from _sums_differ(manifest)


def _part_differs(archive: zipfile.ZipFile, part: Part, place: Path) -> Iterable[str]:
    try:
        if (size := archive.getinfo(part.file.name).file_size) != part.file.bytes:  # before it is taken out, however large it says it is
            yield f"it has {size:,} bytes, not {part.file.bytes:,}"
            return
        text = archive.read(part.file.name + manifests.SUFFIX)
        own = manifests.read(text.decode())
        with archive.open(part.file.name) as member, place.open("wb") as file:
            shutil.copyfileobj(member, file)
    except (*_UNREADABLE, NotImplementedError) as error:
        yield f"it cannot be read ({type(error).__name__}: {error})"
        return
    if hashlib.sha256(text).hexdigest() != part.seal:
        yield "its manifest is another one"
    if own.file != part.file or [_figures(one) for one in own.sections] != [_figures(one) for one in part.sections]:
        yield "its manifest says something else of it"
    yield from _bytes_differ(place, own)
    yield from _recounted(place, own)
    place.unlink()


def _figures(section: Section | Figures) -> tuple[str, int, tuple[Total, ...]]:
    return section.name, section.rows, section.totals


def _sums_differ(manifest: Manifest) -> Iterable[str]:
    """Whether the parts, as their manifests say, add up to what the manifest says of the whole."""
    for section in manifest.sections:
        rows, sums = 0, dict[tuple[str, str | None], Decimal]()
        for figures in (one for part in manifest.parts for one in part.sections if one.name == section.name):
            rows += figures.rows
            for total in figures.totals:
                key = total.column, total.currency
                sums[key] = _EXACT.add(sums.get(key, Decimal(0)), Decimal(total.value))
        if rows != section.rows:
            yield f"its parts have {rows:,} rows of section {section.name}, not {section.rows:,}"
        for total in section.totals:
            found = sums.get((total.column, total.currency), Decimal(0))
            if found.compare_total(Decimal(total.value)) and found != Decimal(total.value):
                yield f"the total of {section.name}.{total.column} in its parts is {found:f}, not {total.value}"


def _recounted(path: Path, manifest: Manifest) -> Iterable[str]:
    read = READERS.get(manifest.format)
    if read is None:
        return
    figures = {section.name: _Figures(section) for section in manifest.sections}
    try:
        for section, row in read(path, manifest):
            figures[section.name].add(row)
    except _UNREADABLE as error:
        yield f"its contents cannot be read ({type(error).__name__}: {error})"
        return
    for figure in figures.values():
        yield from figure.differences(manifest.format)


class _Figures:
    """Counts a section again."""

    def __init__(self, section: Section) -> None:
        self._section = section
        self._rows = 0
        self._sums: dict[tuple[str, str | None], Decimal] = defaultdict(Decimal)
        position = {column.name: index for index, column in enumerate(section.columns)}
        totalled = {total.column for total in section.totals}
        self._totalled = [
            (column.name, position[column.name], position[column.currency_column] if column.currency_column else None)
            for column in section.columns
            if column.name in totalled
        ]

    def add(self, row: Row) -> None:
        self._rows += 1
        for name, index, currency_index in self._totalled:
            text = row[index]
            if text is not None:
                currency = None if currency_index is None else row[currency_index] or None
                try:
                    self._sums[name, currency] = _EXACT.add(self._sums[name, currency], Decimal(text))
                except InvalidOperation as error:
                    raise VerificationFailed(f"row {self._rows} of section {self._section.name} has no number in {name}") from error

    def differences(self, format: str) -> Iterable[str]:
        section = self._section
        if format == "xlsx" and section.kind == "metrics":
            return  # key figures stand on the summary sheet, which is no table
        if self._rows != section.rows:
            yield f"section {section.name} has {self._rows:,} rows, not {section.rows:,}"
        for total in section.totals:
            found = self._sums.pop((total.column, total.currency), Decimal(0))
            if found.compare_total(Decimal(total.value)) and found != Decimal(total.value):
                where = f" in {total.currency}" if total.currency else ""
                yield f"the total of {section.name}.{total.column}{where} is {found:f}, not {total.value}"
        for (name, currency), found in self._sums.items():
            if found:
                yield f"section {section.name} has {found:f} {currency or ''} in {name}, of which the manifest knows nothing"
