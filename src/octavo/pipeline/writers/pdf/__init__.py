"""PDF: set by Typst from a layout, tagged, in the house style; long documents in chunks that are joined without a seam."""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Annotated, Any, BinaryIO, Literal

from pydantic import Field

from octavo.errors import TooLarge
from octavo.pipeline import locales
from octavo.pipeline.document import Document
from octavo.pipeline.writer import Format, Options
from octavo.pipeline.writers.pdf import compile, data, flow
from octavo.pipeline.writers.pdf.characters import Characters
from octavo.pipeline.writers.pdf.join import Join, pack
from octavo.pipeline.writers.pdf.locking import lock
from octavo.pipeline.writers.pdf.parts import Part

MAX_ROWS = 30_000
MAX_ROWS_OF_A_LAYOUT = 4_000
_LINES_IN_A_CHUNK = 2_000
_LINES_WORTH_PACKING = 100

_MAIN = """
#import "/octavo.typ" as octavo
#import "/layout.typ": body
#let document = json(bytes(sys.inputs.document))
#show: octavo.sheet.with(document)
#body(document)
"""
_FEET = """
#import "/octavo.typ" as octavo
#let document = json(bytes(sys.inputs.document))
#show: octavo.sheet.with(document)
#for page in range(document.pages - 1) { pagebreak() }
"""


class PdfOptions(Options):
    """What can be asked of a PDF. It is tagged for accessibility whatever is asked."""

    standard: Annotated[
        Literal["pdf/a-3b", "pdf/ua-1"] | None,
        Field(description="A standard to keep: pdf/a-3b for archives, pdf/ua-1 for accessibility; none by default."),
    ] = None
    paper: Annotated[
        Literal["a4", "letter"] | None, Field(description="The paper: a4 or letter; by default the one in use where the locale is.")
    ] = None

    def why_no_password(self) -> str:
        return "PDF/A takes no password; ask for it without a standard, or for another format" if self.standard == "pdf/a-3b" else ""


def write(document: Document, file: BinaryIO, options: PdfOptions, *, lines_in_a_chunk: int = _LINES_IN_A_CHUNK) -> None:
    """Writes the document. Raises TooLarge when a layout of the report's own would have to set more rows than one piece holds."""
    if document.layout is not None and document.rows > MAX_ROWS_OF_A_LAYOUT:
        raise TooLarge(
            f"{document.report} has {document.rows:,} rows and its layout sets at most {MAX_ROWS_OF_A_LAYOUT:,} in a PDF; nothing was made. "
            "Narrow it with a parameter, or choose CSV, XLSX or JSON"
        )
    characters = Characters()
    content = data.content(document, options.paper or locales.named(document.locale).paper, characters)
    with compile.workshop(document.layout or compile.LAYOUTS / "default.typ", content.files) as workshop:
        characters.settle(workshop.lacking)
        setter = _Setter(workshop, characters, options, int(document.taken_at.timestamp()))
        if document.layout is not None or content.lines <= lines_in_a_chunk:
            few = content.lines < _LINES_WORTH_PACKING or document.layout is not None
            made, whole = setter.chunk(content, flow.Place(), content.lines + 1, footed=True, held=few)
            if content.lines < _LINES_WORTH_PACKING:
                file.write(made)
                return
            part = Part(made)
            if not few and whole.leaves_sums(content, part):
                part = Part(setter.chunk(content, flow.Place(), content.lines + 1, footed=True, held=True)[0])
            pack(part, file)
        else:
            _write_joined(content, file, setter, lines_in_a_chunk)


class _Setter:
    """Typesets JSON with what is the same for the whole document."""

    def __init__(self, workshop: compile.Workshop, characters: Characters, options: PdfOptions, timestamp: int) -> None:
        self._workshop = workshop
        self._characters = characters
        self._standards = (options.standard.removeprefix("pdf/"),) if options.standard else ()
        self._timestamp = timestamp

    def chunk(self, content: data.Content, start: flow.Place, limit: int, *, footed: bool, held: bool) -> tuple[bytes, flow.Chunk]:
        """The PDF of a stretch of the document, and what it is."""
        chunk = flow.chunk(content, start, limit, footed=footed, held=held, note=self._characters.note)
        return self.set(_MAIN, chunk.document, chunk.lines), chunk

    def set(self, source: str, document: dict[str, Any], lines: int) -> bytes:
        job = compile.Job(source, {"document": document}, self._standards, self._timestamp, self._characters.printed)
        return self._workshop.typeset(job, lines=lines)


def _write_joined(content: data.Content, file: BinaryIO, setter: _Setter, lines_in_a_chunk: int) -> None:
    """Sets chunk after chunk. The last page of each, which is not full, is dropped, and the next chunk begins with its first row."""
    joined = Join(file)
    start, limit, last = flow.Place(), lines_in_a_chunk, False
    with ThreadPoolExecutor(max_workers=1) as beside:  # joins a chunk while Typst sets the next
        joining: Future[None] | None = None
        while not last:
            made, chunk = setter.chunk(content, start, limit, footed=False, held=False)
            part = Part(made)
            if chunk.leaves_sums(content, part):
                part = Part(setter.chunk(content, start, limit, footed=False, held=True)[0])
            last = chunk.last
            keep, following = (len(part.pages), start) if last else _cut(part, chunk)
            if keep == 0:  # one row fills all pages: take more rows at once
                limit *= 2
                continue
            if joining is not None:
                joining.result()
            joining = beside.submit(joined.add, part, keep)
            start, limit = following, lines_in_a_chunk
        assert joining is not None
        joining.result()
    feet = {**content.header, "sections": [], "footed": True, "pages": joined.pages, "note": ""}
    joined.finish(Part(setter.set(_FEET, feet, joined.pages)))


def _cut(part: Part, chunk: flow.Chunk) -> tuple[int, flow.Place]:
    """How many pages of the chunk are kept, and with which line the next begins; no pages where there is no place to cut."""
    for page, table, row in part.cuts():
        place = chunk.place(table, row)
        if place is not None:
            return page, place
    return 0, flow.Place()


def _file_kind(document: Document, options: PdfOptions) -> tuple[str, str]:
    return "pdf", "application/pdf"


FORMAT = Format(
    name="pdf", title="PDF", options=PdfOptions, write=write, file_kind=_file_kind, max_rows=MAX_ROWS, many_rows=2_000, lock=lock
)
