"""Joins the PDFs of consecutive chunks into one, streaming: memory holds one chunk, whatever the length of the document.

It reads what Typst writes (a classic cross-reference table, one dictionary an object) and refuses anything else aloud. Each chunk but the
last is cut where a page begins with a row of a table; structure tree, parent tree, ids and bookmarks are merged, and a foot made
by Typst is laid over each page as an artifact. Written are object streams and a cross-reference stream (ISO 32000-1, 7.5.7 and 7.5.8).
"""

import re
import zlib
from dataclasses import dataclass, field
from typing import BinaryIO

from octavo.errors import Torn
from octavo.pipeline.writers.pdf.parts import Part

_OBJECTS_IN_A_STREAM = 200
_FOOT = b"OctavoFoot"


class _Objects:
    """A PDF being written: objects in any order, those without a stream packed together."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._position = 0
        self._entries: list[bytes] = [b"\x00" + bytes(4) + b"\xff\xff"]
        self._pending: list[tuple[int, bytes]] = []
        self._write(b"%PDF-1.7\n%\x80\x80\x80\x80\n")

    def reserve(self, number: int) -> None:
        """Numbers up to this one are taken; those never written are free."""
        self._entries += [b"\x00" + bytes(4) + b"\xff\xff"] * number

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self._position += len(data)

    def new(self) -> int:
        """A number for an object that will be put."""
        self._entries.append(b"")
        return len(self._entries) - 1

    def put(self, number: int, body: bytes) -> None:
        self._pending.append((number, body))
        if len(self._pending) >= _OBJECTS_IN_A_STREAM:
            self._flush()

    def _flush(self) -> None:
        if not self._pending:
            return
        holder = self.new()
        places, bodies, at = [], [], 0
        for index, (number, body) in enumerate(self._pending):
            self._entries[number] = b"\x02" + holder.to_bytes(4) + index.to_bytes(2)
            places.append(b"%d %d" % (number, at))
            bodies.append(body)
            at += len(body) + 1
        head = b" ".join(places) + b"\n"
        packed = zlib.compress(head + b"\n".join(bodies), 6)
        said = b"<</Type/ObjStm/N %d/First %d/Length %d/Filter/FlateDecode>>" % (len(self._pending), len(head), len(packed))
        self._pending.clear()
        self.put_stream(holder, said, packed)

    def put_stream(self, number: int, head: bytes, stream: bytes) -> None:
        self._entries[number] = b"\x01" + self._position.to_bytes(4) + bytes(2)
        self._write(b"%d 0 obj\n%s\nstream\n" % (number, head))
        self._write(stream)
        self._write(b"\nendstream\nendobj\n")

    def close(self, catalog: int, info: int) -> None:
        self._flush()
        number = self.new()
        position = self._position
        self._entries[number] = b"\x01" + position.to_bytes(4) + bytes(2)
        missing = [place for place, entry in enumerate(self._entries) if not entry]
        if missing:
            raise Torn(f"{len(missing)} objects of the joined PDF were not written; the file was thrown away")
        packed = zlib.compress(b"".join(self._entries), 6)
        digest = b"%032x" % (zlib.crc32(packed) << 32 | position)
        head = b"<</Type/XRef/Size %d/W[1 4 2]/Root %d 0 R/Info %d 0 R/ID[<%s><%s>]/Length %d/Filter/FlateDecode>>" % (
            len(self._entries), catalog, info, digest, digest, len(packed),
        )  # fmt: skip
        self._write(b"%d 0 obj\n%s\nstream\n" % (number, head) + packed + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % position)


def pack(part: Part, file: BinaryIO) -> None:
    """Writes a PDF as it is but with its objects in compressed streams: tags make most of its size."""
    out = _Objects(file)
    out.reserve(max(part.live))
    for number in part.live:
        head, stream = part.split(number)
        if stream is None:
            out.put(number, head)
        else:
            out.put_stream(number, head, stream)
    out.close(part.catalog, part.info)


@dataclass
class _Page:
    """A page that awaits its foot: its dictionary and that of its resources, renumbered."""

    number: int
    body: bytes
    resources: bytes
    parents: int


@dataclass
class Join:
    """A PDF that grows by chunks. Call `add` for each, then `finish` once."""

    file: BinaryIO
    _pages: list[_Page] = field(default_factory=list)
    _children: list[int] = field(default_factory=list)
    _ids: list[tuple[bytes, int]] = field(default_factory=list)
    _bookmarks: list[tuple[bytes, int]] = field(default_factory=list)
    _parts: int = 0
    _catalog: bytes = b""
    _info: int = 0
    _roles: dict[bytes, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._out = _Objects(self.file)
        self._root, self._tree, self._document, self._outlines = (self._out.new() for _ in range(4))

    @property
    def pages(self) -> int:
        return len(self._pages)

    def add(self, part: Part, keep_pages: int) -> None:
        """Takes the first `keep_pages` pages of a chunk, which `part.cuts` has found to be a place to cut."""
        part.prune(keep_pages)
        first = self._parts == 0
        left_out = {part.page_tree, part.tree, part.catalog, part.document, part.outlines, *part.bookmarks, *part.pages}
        resources = {part.resources_of(page) for page in part.pages[:keep_pages]}
        left_out |= resources
        if not first:
            left_out |= {part.info, part.metadata}
        numbers = {number: self._out.new() for number in part.live if number not in left_out}
        numbers |= {part.page_tree: self._root, part.tree: self._tree, part.document: self._document, part.outlines: self._outlines}
        kept = part.pages[:keep_pages]
        numbers |= {page: self._out.new() for page in kept} | dict.fromkeys(resources, 0)  # each page gets its own, with its foot
        renumber = part.renumbering(numbers, self._parts)

        for number in part.live:
            if number in left_out:
                continue
            head, stream = part.split(number)
            if stream is None:
                self._out.put(numbers[number], renumber(head))
            elif number == part.metadata:
                self._metadata = (numbers[number], head, stream)
            else:
                self._out.put_stream(numbers[number], renumber(head), stream)
            if identity := part.identity(number, self._parts):
                self._ids.append((identity, numbers[number]))
        for page in kept:
            self._pages.append(
                _Page(numbers[page], renumber(part.body(page)), renumber(part.resources_body(page)), numbers[part.parents_of(page)])
            )
        self._children += [numbers[child] for child in part.children(part.document)]
        self._bookmarks += [(title, numbers[target]) for title, target in part.bookmark_targets()]
        self._roles |= part.roles
        if first:
            self._catalog, self._info = renumber(part.body(part.catalog)), numbers[part.info]
        self._parts += 1

    def finish(self, feet: Part) -> None:
        """Lays a page of `feet` over each page, and writes everything that all chunks share."""
        if len(feet.pages) != len(self._pages):
            raise Torn(f"{len(feet.pages)} feet were made for {len(self._pages)} pages; the file was thrown away")
        self._put_pages(feet)
        self._put_bookmarks()
        number, head, stream = self._metadata
        stream = re.sub(rb"(<xmpTPg:NPages>)\d+", rb"\g<1>%d" % len(self._pages), stream)
        self._out.put_stream(number, re.sub(rb"/Length \d+", b"/Length %d" % len(stream), head), stream)
        catalog = self._out.new()
        body = self._catalog if self._bookmarks else re.sub(rb"/Outlines \d+ 0 R", b"", self._catalog)
        self._out.put(catalog, body)
        self._put_structure()
        self._out.close(catalog, self._info)

    # --- the shared objects

    def _put_pages(self, feet: Part) -> None:
        skipped = {feet.page_tree, feet.tree, feet.catalog, feet.info, feet.metadata, feet.outlines, *feet.pages}
        skipped |= {number for number in feet.live if feet.is_structure(number)}
        contents = [feet.contents_of(page) for page in feet.pages]
        numbers = {number: self._out.new() for number in feet.live if number not in skipped}
        renumber = feet.renumbering(numbers, self._parts, only_known=True)
        for number, new in numbers.items():
            head, stream = feet.split(number)
            if number in contents:
                page = feet.pages[contents.index(number)]
                assert stream is not None
                box = feet.entry(page, rb"/MediaBox(\[[^\]]*\])")
                more = b"/Type/XObject/Subtype/Form/BBox%s/Resources %d 0 R" % (box, numbers[feet.resources_of(page)])
                self._out.put_stream(new, head.replace(b"<<", b"<<" + more, 1), stream)
            elif stream is None:
                self._out.put(new, renumber(head))
            else:
                self._out.put_stream(new, renumber(head), stream)
        before, after = self._out.new(), self._out.new()
        self._out.put_stream(before, b"<</Length 2>>", b"q\n")
        draw = b"Q q /%s Do Q\n" % _FOOT
        self._out.put_stream(after, b"<</Length %d>>" % len(draw), draw)
        for index, (page_, content) in enumerate(zip(self._pages, contents, strict=True)):
            self._put_page(index, page_, numbers[content], before, after)
        kids = b" ".join(b"%d 0 R" % page_.number for page_ in self._pages)
        self._out.put(self._root, b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(self._pages), kids))

    def _put_page(self, index: int, page: _Page, foot: int, before: int, after: int) -> None:
        resources = self._out.new()
        form = b"/%s %d 0 R" % (_FOOT, foot)
        if b"/XObject<<" in page.resources:
            self._out.put(resources, page.resources.replace(b"/XObject<<", b"/XObject<<" + form, 1))
        else:
            self._out.put(resources, page.resources.replace(b"<<", b"<</XObject<<" + form + b">>", 1))
        body = re.sub(rb"/StructParents \d+", b"/StructParents %d" % index, page.body)
        body = re.sub(rb"/Resources \d+ 0 R", b"/Resources %d 0 R" % resources, body)
        body = re.sub(rb"/Contents (\d+ 0 R)", rb"/Contents[%d 0 R \g<1> %d 0 R]" % (before, after), body)
        self._out.put(page.number, body)

    def _put_bookmarks(self) -> None:
        if not self._bookmarks:
            self._out.put(self._outlines, b"null")
            return
        numbers = [self._out.new() for _ in self._bookmarks]
        for place, (number, (title, target)) in enumerate(zip(numbers, self._bookmarks, strict=True)):
            links = b"/Prev %d 0 R" % numbers[place - 1] if place else b""
            links += b"/Next %d 0 R" % numbers[place + 1] if place + 1 < len(numbers) else b""
            self._out.put(number, b"<</Parent %d 0 R%s/Title%s/Dest %d 0 R>>" % (self._outlines, links, title, target))
        self._out.put(self._outlines, b"<</Type/Outlines/First %d 0 R/Last %d 0 R/Count %d>>" % (numbers[0], numbers[-1], len(numbers)))

    def _put_structure(self) -> None:
        children = b" ".join(b"%d 0 R" % child for child in self._children)
        self._out.put(self._document, b"<</Type/StructElem/S/Document/P %d 0 R/K[%s]>>" % (self._tree, children))
        parents = b" ".join(b"%d %d 0 R" % (index, page.parents) for index, page in enumerate(self._pages))
        names = b" ".join(b"(%s)%d 0 R" % entry for entry in sorted(self._ids))
        identities = b"/IDTree<</Names[%s]>>" % names if names else b""
        roles = b"".join(b"/%s/%s" % pair for pair in sorted(self._roles.items()))
        self._out.put(
            self._tree,
            b"<</Type/StructTreeRoot/RoleMap<<%s>>/K[%d 0 R]/ParentTree<</Nums[%s]>>%s/ParentTreeNextKey %d>>"
            % (roles, self._document, parents, identities, len(self._pages)),
        )
