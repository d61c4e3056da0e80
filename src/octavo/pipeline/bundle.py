"""A zip with a file for each part of a document and its manifest beside it, each made by its format as it would be alone.

The parts are written one after the other, and counted as they are: what is in all of them is what Postgres counted of the whole, or the zip is thrown away.
"""

import hashlib
import tempfile
import zipfile
from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from typing import IO, Any, BinaryIO, cast

from octavo.errors import Torn
from octavo.pipeline import manifest, naming
from octavo.pipeline.document import EXACT, Document, Member
from octavo.pipeline.writer import Format

_PIECE = 1 << 20


def zipped(format_: Format) -> Format:
    """The format that makes a zip of the files that `format_` makes of a document's parts."""

    def write(document: Document, file: BinaryIO, options: Any) -> None:
        at = max(document.taken_at.timetuple()[:6], (1980, 1, 1, 0, 0, 0))
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for number, part in enumerate(document.parts, 1):
                _add(archive, document, part, number, at, format_, options)
        _take_together(document)

    def file_kind(document: Document, options: Any) -> tuple[str, str]:
        return "zip", "application/zip"

    return replace(format_, write=write, file_kind=file_kind, lock=None)


def _add(
    archive: zipfile.ZipFile, document: Document, part: Document, number: int, at: tuple[Any, ...], format_: Format, options: Any
) -> None:
    extension, _ = format_.file_kind(part, options)
    name = _name(document, part, number, extension)
    with cast(BinaryIO, tempfile.TemporaryFile()) as made:  # a writer seeks in what it makes, and a member of a zip cannot be sought in
        format_.write(part, made, options)
        part.agree()
        made.seek(0)
        digest = hashlib.sha256()
        with _member(archive, name, at) as member:
            while piece := made.read(_PIECE):
                digest.update(piece)
                member.write(piece)
        file = manifest.File(name=name, bytes=made.tell(), sha256=digest.hexdigest())
    sealed = manifest.seal(part, file, format_.name, options)
    text = sealed.to_json().encode()
    with _member(archive, name + manifest.SUFFIX, at) as member:
        member.write(text)
    document.members.append(Member(name, file.bytes, file.sha256, hashlib.sha256(text).hexdigest()))


def _name(document: Document, part: Document, number: int, extension: str) -> str:
    """The number first, so that no two are called the same; no values where the file takes a password, since a zip shows the names in it."""
    words = [f"{number:03}", document.report, *(() if document.protected else part.called)]
    return naming.plain_name(f"{' '.join(words)}.{extension}")


def _member(archive: zipfile.ZipFile, name: str, at: tuple[Any, ...]) -> IO[bytes]:
    info = zipfile.ZipInfo(name, at)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    return archive.open(info, "w", force_zip64=True)


def _take_together(document: Document) -> None:
    """Has the sections of the whole say what was read of those of its parts. Raises Torn where their totals are not those of the whole."""
    for place, section in enumerate(document.tables):
        sums: dict[tuple[str, str | None], Decimal] = defaultdict(Decimal)
        for part in (one.tables[place] for one in document.parts):
            section.rows_read += part.rows_read
            for column, changed in part.guarded.items():
                section.guarded[column] = section.guarded.get(column, 0) + changed
            for total in part.control.totals:
                sums[total.column, total.currency] = EXACT.add(sums[total.column, total.currency], total.value)
        whole = {(total.column, total.currency): total.value for total in section.control.totals}
        for key in sums.keys() | whole.keys():
            ours, theirs = sums[key], whole.get(key, Decimal(0))
            if ours != theirs and not (ours.is_nan() and theirs.is_nan()):
                raise Torn(
                    f"Section {section.name}: the totals of {key[0]} in the parts do not add up to that of all; the file was thrown away"
                )
