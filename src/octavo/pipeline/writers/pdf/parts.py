"""One PDF as Typst writes it, read object by object: its pages, its structure tree, and where it may be cut."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property

from octavo.errors import OctavoError

_REFERENCE = re.compile(rb"(\d+) 0 R")
_SIMPLE = re.compile(rb"(\d+) 0 R|\(U(\d+x\d+y\d+)\)")
_OWN_ID = re.compile(rb"/ID\(U(\d+x\d+y\d+)\)")
_ROLE = re.compile(rb"/(\w+)/(\w+)")


class NotAsExpected(OctavoError):
    """Typst wrote a PDF of another build than this reader knows; the version of the package typst has to be the locked one."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"The long table cannot be joined: Typst's PDF has no {what}; nothing was made. Install the locked version of typst"
        )


class Part:
    """The PDF of one chunk. Numbers are its object numbers; pages are counted from 0."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._spans = _spans(data)
        self.live = list(self._spans)
        trailer = data[data.rindex(b"trailer") :]
        self.catalog = _number(trailer, rb"/Root (\d+) 0 R", "catalog")
        self.info = _number(trailer, rb"/Info (\d+) 0 R", "document information")
        catalog = self.body(self.catalog)
        self.page_tree = _number(catalog, rb"/Pages (\d+) 0 R", "pages")
        self.tree = _number(catalog, rb"/StructTreeRoot (\d+) 0 R", "structure tree")
        self.metadata = _number(catalog, rb"/Metadata (\d+) 0 R", "metadata")
        outlines = re.search(rb"/Outlines (\d+) 0 R", catalog)
        self.outlines = int(outlines[1]) if outlines else 0
        self.pages = _numbers(self.entry(self.page_tree, rb"/Kids\[([^\]]*)\]"))
        self._shortened: dict[int, list[int]] = {}

    # --- objects

    def body(self, number: int) -> bytes:
        start, end = self._spans[number]
        return self._data[start:end]

    def split(self, number: int) -> tuple[bytes, bytes | None]:
        """The dictionary of an object, and its stream if it is one."""
        body = self.body(number)
        if number in self._shortened:
            kept = b" ".join(b"%d 0 R" % child for child in self._shortened[number])
            return re.sub(rb"/K\[[^\]]*\]", b"/K[%s]" % kept, body), None
        at = body.find(b"\nstream\n")
        if at < 0:
            return body, None
        length = _number(body[:at], rb"/Length (\d+)", "length of a stream")
        return body[:at], body[at + 8 : at + 8 + length]

    def entry(self, number: int, pattern: bytes) -> bytes:
        found = re.search(pattern, self.body(number))
        if not found:
            raise NotAsExpected(pattern.decode())
        return found[1]

    def renumbering(self, numbers: Mapping[int, int], part: int, *, only_known: bool = False) -> Callable[[bytes], bytes]:
        """A function that gives an object its new references, and ids of its own to the cells of this part."""
        new = {b"%d" % old: b"%d 0 R" % number for old, number in numbers.items()}
        prefix = b"(P%d." % part

        def replace(match: re.Match[bytes]) -> bytes:
            if match[1]:
                return new.get(match[1], b"null") if only_known else new[match[1]]
            return prefix + match[2] + b")"

        def renumber(body: bytes) -> bytes:
            if b"(" in body and b"(" in _SIMPLE.sub(b"", body):
                return b"".join(
                    _SIMPLE.sub(replace, piece) if _SIMPLE.fullmatch(piece) or not text else piece for text, piece in _pieces(body)
                )
            return _SIMPLE.sub(replace, body)

        return renumber

    # --- pages

    def resources_of(self, page: int) -> int:
        return _number(self.body(page), rb"/Resources (\d+) 0 R", "resources")

    def resources_body(self, page: int) -> bytes:
        return self.body(self.resources_of(page))

    def contents_of(self, page: int) -> int:
        return _number(self.body(page), rb"/Contents (\d+) 0 R", "contents")

    def parents_of(self, page: int) -> int:
        """The array that says to which element each piece of marked content of the page belongs."""
        key = _number(self.body(page), rb"/StructParents (\d+)", "structure of a page")
        return self._parent_arrays[key]

    @cached_property
    def _parent_arrays(self) -> dict[int, int]:
        nums = self.entry(self.tree, rb"/ParentTree<</Nums\[([^\]]*)\]")
        return {int(key): int(number) for key, number in re.findall(rb"(\d+) (\d+) 0 R", nums)}

    # --- structure

    def is_structure(self, number: int) -> bool:
        return self.body(number).startswith(b"<</Type/StructElem")

    @cached_property
    def document(self) -> int:
        return self.children(self.tree)[0]

    def children(self, number: int) -> list[int]:
        if number in self._shortened:
            return self._shortened[number]
        found = re.search(rb"/K\[([^\]]*)\]", self.body(number))
        return _numbers(found[1]) if found else []

    @cached_property
    def roles(self) -> dict[bytes, bytes]:
        return dict(_ROLE.findall(self.entry(self.tree, rb"/RoleMap<<([^>]*)>>")))

    def identity(self, number: int, part: int) -> bytes | None:
        body = self.body(number)
        found = _OWN_ID.search(body) if b"/ID(" in body else None
        return b"P%d.%s" % (part, found[1]) if found else None

    def _role(self, number: int) -> bytes:
        return self.entry(number, rb"/S/(\w+)")

    def _above(self, number: int) -> list[int]:
        """The element and its ancestors, up to the document."""
        chain = [number]
        while chain[-1] != self.document:
            chain.append(_number(self.body(chain[-1]), rb"/P (\d+) 0 R", "parent of an element"))
        return chain

    def _row(self, page: int, piece: int) -> int | None:
        """The table row to which a piece of content of the page belongs; -1 is the last piece."""
        leaves = _numbers(self.body(self.parents_of(self.pages[page])))
        if not leaves:
            return None
        return next((element for element in self._above(leaves[piece]) if self._role(element) == b"TR"), None)

    def cuts(self) -> Iterator[tuple[int, int, int]]:
        """The pages that begin with a whole row, the last first: (page, which table of the part, which row of it, its head included)."""
        for page in range(len(self.pages) - 1, 0, -1):
            row = self._row(page, 0)
            if row is None or row == self._row(page - 1, -1):
                continue
            yield (page, *self._rows[row])

    @cached_property
    def _rows(self) -> dict[int, tuple[int, int]]:
        """For each row: which table of the part it stands in, and which row of it it is, its head included."""
        tables = [number for number in self._spans if b"/S/Table/" in self.body(number)[:40]]
        return {
            row: (place, at)
            for place, table in enumerate(tables)
            for at, row in enumerate(inner for group in self.children(table) for inner in self.children(group))
        }

    def prune(self, keep_pages: int) -> None:
        """Forgets every object that only the pages from `keep_pages` on need."""
        if keep_pages == len(self.pages):
            return
        row = self._row(keep_pages, 0)
        if row is None:
            raise NotAsExpected("row where it was to be cut")
        child, gone = row, True
        for parent in self._above(row)[1:]:
            children = self.children(parent)
            kept = children[: children.index(child) + (0 if gone else 1)]
            self._shortened[parent] = kept
            child, gone = parent, not kept
        self._mark([*self.pages[:keep_pages], *(self.parents_of(page) for page in self.pages[:keep_pages]), self.document])

    def _mark(self, roots: list[int]) -> None:
        never = {self.page_tree, self.tree, self.outlines, *self.pages}
        always = {self.catalog, self.info, self.metadata}
        seen, open_ = set(always), [*roots, *always]
        while open_:
            number = open_.pop()
            for found in _REFERENCE.findall(self.split(number)[0]):
                other = int(found)
                if other not in seen and other not in never and other in self._spans:
                    seen.add(other)
                    open_.append(other)
        seen |= set(roots) | {self.page_tree, self.tree}
        dropped = set(self.pages) - set(roots)
        seen |= {target for _, target in self._targets() if not dropped & set(_numbers(self.body(target)))}
        self.live = [number for number in self.live if number in seen]

    # --- bookmarks

    @cached_property
    def bookmarks(self) -> list[int]:
        """The bookmarks, which are all of one level, in order."""
        first = re.search(rb"/First (\d+) 0 R", self.body(self.outlines)) if self.outlines else None
        if first is None:
            return []
        found = [int(first[1])]
        while following := re.search(rb"/Next (\d+) 0 R", self.body(found[-1])):
            found.append(int(following[1]))
        return found

    def _targets(self) -> list[tuple[bytes, int]]:
        return [
            (self.entry(number, rb"(?s)/Title(.*)/Dest "), _number(self.body(number), rb"/Dest (\d+) 0 R", "target of a bookmark"))
            for number in self.bookmarks
        ]

    def bookmark_targets(self) -> list[tuple[bytes, int]]:
        """Title (as it is written) and target of each bookmark that is left."""
        live = set(self.live)
        return [(title, target) for title, target in self._targets() if target in live]


def _spans(data: bytes) -> dict[int, tuple[int, int]]:
    """Where each object's body begins and ends, from the cross-reference table."""
    start = int(data[data.rindex(b"startxref") + 9 :].split()[0])
    head = re.compile(rb"xref\r?\n0 (\d+)\s*\n").match(data, start)
    if not head:
        raise NotAsExpected("cross-reference table")
    table = data[head.end() : head.end() + 20 * int(head[1])]
    offsets = {
        number: int(table[20 * number : 20 * number + 10])
        for number in range(1, int(head[1]))
        if table[20 * number + 17 : 20 * number + 18] == b"n"
    }
    ordered = sorted((offset, number) for number, offset in offsets.items())
    ends = [offset for offset, _ in ordered[1:]] + [start]
    spans = {}
    for (offset, number), end in zip(ordered, ends, strict=True):
        begin = offset + len(b"%d 0 obj\n" % number)
        stop = data.rindex(b"endobj", begin, end)
        spans[number] = (begin, stop - 1 if data[stop - 1] == 10 else stop)
    return dict(sorted(spans.items()))


def _number(body: bytes, pattern: bytes, what: str) -> int:
    found = re.search(pattern, body)
    if not found:
        raise NotAsExpected(what)
    return int(found[1])


def _numbers(array: bytes) -> list[int]:
    return [int(found) for found in _REFERENCE.findall(array)]


def _pieces(body: bytes) -> list[tuple[bool, bytes]]:
    """The body in pieces that are literal strings (which stay as they are, whatever they hold) and pieces between them."""
    pieces, start, depth, at = [], 0, 0, 0
    while at < len(body):
        byte = body[at]
        if byte == 0x5C and depth:
            at += 1
        elif byte == 0x28:
            if depth == 0:
                pieces.append((False, body[start:at]))
                start = at
            depth += 1
        elif byte == 0x29 and depth:
            depth -= 1
            if depth == 0:
                pieces.append((True, body[start : at + 1]))
                start = at + 1
        at += 1
    pieces.append((False, body[start:]))
    return pieces
