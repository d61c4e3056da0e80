"""Reports of a test printed as PDF, and what an independent reader (pdfplumber, pikepdf) finds in them."""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pdfplumber
import pikepdf

from octavo.database.connection import Database
from octavo.pipeline import binding, parameters
from octavo.pipeline.definition import Section
from octavo.pipeline.document import Document, Organization
from octavo.pipeline.snapshot import open_snapshot
from octavo.pipeline.writers import pdf
from tests.packs_for_tests import inline

RUN = "0123456789abcdef"


@contextmanager
def bound(
    database: Database, organization: Organization, sections: tuple[Section, ...], queries: Mapping[str, str], **changes: Any
) -> Iterator[Document]:
    """The document of a report with these sections; `changes` are fields of the document."""
    reports = inline.report(sections, {name: text.replace("%", "%%") for name, text in queries.items()})
    entry = reports.report(inline.KEY, organization)
    request = binding.Request(inline.KEY, organization, "pdf")
    with open_snapshot(database, organization, changes.get("zone", organization.time_zone)) as snapshot:
        document = binding.bind(entry, request, parameters.parse(entry, {}), snapshot, RUN, lambda *_: None)
        yield replace(document, **changes)


def printed(
    database: Database,
    organization: Organization,
    sections: tuple[Section, ...] | Section,
    queries: Mapping[str, str] | str,
    *,
    options: dict[str, Any] | None = None,
    lines_in_a_chunk: int = 2_000,
    **changes: Any,
) -> bytes:
    """The PDF of that report. A single section takes its query alone."""
    if isinstance(sections, Section):
        assert isinstance(queries, str)
        sections, queries = (sections,), {sections.name: queries}
    assert isinstance(queries, Mapping)
    with bound(database, organization, sections, queries, **changes) as document:
        file = io.BytesIO()
        pdf.write(document, file, pdf.PdfOptions(**options or {}), lines_in_a_chunk=lines_in_a_chunk)
        document.agree()
    return file.getvalue()


def pages(data: bytes) -> list[str]:
    """The text of each page."""
    with pdfplumber.open(io.BytesIO(data)) as file:
        return [page.extract_text() for page in file.pages]


def lines(data: bytes) -> list[str]:
    return [line for page in pages(data) for line in page.splitlines()]


def places(data: bytes) -> list[list[tuple[str, int, int]]]:
    """The words of each page with the place of each, in whole points."""
    with pdfplumber.open(io.BytesIO(data)) as file:
        return [[(word["text"], round(word["x0"]), round(word["top"])) for word in page.extract_words()] for page in file.pages]


def layout(folder: Path, text: str) -> Path:
    path = folder / "layout.typ"
    path.write_text(text, encoding="utf-8")
    return path


def alt_texts(data: bytes) -> list[str]:
    """The alternative text of every figure in the structure tree."""
    with pikepdf.open(io.BytesIO(data)) as file:
        return [str(element.Alt) for element in elements(file) if pikepdf.Name.Figure == element.S]


def elements(file: pikepdf.Pdf) -> Iterator[pikepdf.Object]:
    """Every element of the structure tree, from its root down."""
    waiting = [file.Root.StructTreeRoot.K[0]]
    while waiting:
        element = waiting.pop()
        yield element
        waiting.extend(kid for kid in element.get("/K", []) if isinstance(kid, pikepdf.Dictionary) and kid.get("/Type") == "/StructElem")


def metadata(data: bytes) -> str:
    with pikepdf.open(io.BytesIO(data)) as file:
        return bytes(file.Root.Metadata.read_bytes()).decode()
