"""Verifying: an artefact against its manifest, offline. The hash first; then rows and control totals, from the file itself."""

import csv
import hashlib
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
from octavo.pipeline.manifest import Manifest, Section
from octavo.pipeline.readback import READERS, Row

_EXACT = Context(prec=200_000, traps=[])  # as wide as a sum can be in PostgreSQL


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
        differences = [*_bytes_differ(path, manifest), *_figures_differ(path, manifest, password)]
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


def _figures_differ(path: Path, manifest: Manifest, password: str | None) -> Iterable[str]:
    if manifest.format not in READERS:
        return
    if not manifest.protected:
        yield from _recounted(path, manifest)
    elif password is not None:  # without it a file shows no rows
        with protection.opened(path, password) as inside:
            yield from _recounted(inside, manifest)


def _recounted(path: Path, manifest: Manifest) -> Iterable[str]:
    read = READERS[manifest.format]
    figures = {section.name: _Figures(section) for section in manifest.sections}
    try:
        for section, row in read(path, manifest):
            figures[section.name].add(row)
    except (
        VerificationFailed,
        ValueError,
        KeyError,
        IndexError,
        TypeError,
        RuntimeError,
        EOFError,
        OSError,
        csv.Error,
        zipfile.BadZipFile,
        zlib.error,
        ParseError,
        ExpatError,
    ) as error:
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
