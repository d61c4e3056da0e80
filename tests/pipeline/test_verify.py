"""Verifying: what was written is accepted, and every change is found, also by somebody who can compute a hash."""

import hashlib
import json
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from octavo.errors import NotFound, StorageError, VerificationFailed
from octavo.pipeline import manifest
from octavo.pipeline.definition import Breakdown, Integer, Metrics, Money, Quantity, Table, Text
from octavo.pipeline.verify import verify
from tests.conftest import Render
from tests.packs_for_tests import inline
from tests.pipeline import cells

SALES = """
select * from (values ('=Bolt, "M8"', 1234.56, 'EUR', -7), ('Nut' || chr(10) || 'M8', 0.44, 'GBP', 7), (null, 65.44, 'EUR', 40), ('x', null, null, null))
as v (name, price, currency, pieces)
"""
REPORT = inline.report(
    (
        Metrics("figures", "Figures", query="f", columns=(Integer("sales", "Sales"), Money("dearest", "Dearest"))),
        Table("sales", "Sales", query="s", columns=(Text("name", "Name"), Money("price", "Price", currency_column="currency", total=True),
                                                    Text("currency", "Currency"), Integer("pieces", "Pieces", total=True))),
        Breakdown("shares", "Shares", query="b", share_of="pieces", columns=(Text("currency", "Currency"), Quantity("pieces", "Pieces", total=True))),
    ),
    {
        "figures": "select 4 as sales, 1234.56 as dearest",
        "sales": SALES,
        "shares": "select * from (values ('EUR', 33.5), ('GBP', 7)) as v (currency, pieces)",
    },
)  # fmt: skip


@dataclass(frozen=True)
class Shape:
    """One way to write the report: its format, options and sections, and the part of a container that holds the sales."""

    format: str
    options: dict[str, Any]
    sections: tuple[str, ...] = ()
    part: str | None = None


SHAPES = {
    "csv in a zip": Shape("csv", {}, part=r"sales\.csv"),
    "csv in sections": Shape("csv", {"sections": "single"}),
    "csv of one section": Shape("csv", {}, ("sales",)),
    "csv with semicolons": Shape("csv", {"profile": "excel-eu", "sections": "single"}),
    "csv without header": Shape("csv", {"header": "none", "guard": "raw"}, ("sales",)),
    "json": Shape("json", {}),
    "xlsx": Shape("xlsx", {}, part=r"xl/worksheets/sheet\d+\.xml"),
}
Make = Callable[[], Path]


@pytest.fixture(params=SHAPES)
def shape(request: pytest.FixtureRequest) -> Shape:
    return SHAPES[request.param]


@pytest.fixture
def made(render: Render, shape: Shape) -> Path:
    return Path(render(inline.KEY, shape.format, reports=REPORT, options=shape.options, sections=shape.sections).place)


def seal_of(path: Path) -> Path:
    return path.with_name(path.name + manifest.SUFFIX)


def reseal(path: Path) -> None:
    """What a forger does who knows how: the manifest's size and hash are made to fit the file."""
    found = json.loads(seal_of(path).read_text())
    raw = path.read_bytes()
    found["file"] |= {"bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
    seal_of(path).write_text(json.dumps(found))


def change(path: Path, shape: Shape, old: bytes, new: bytes) -> None:
    """Replaces a pattern, exactly once, in the part of the file that holds the sales."""
    if shape.part is None:
        path.write_bytes(replaced(path.read_bytes(), old, new))
        return
    with zipfile.ZipFile(path) as archive:
        parts = {info.filename: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, raw in parts.items():
            holds = re.fullmatch(shape.part, name) and re.search(old, raw) and b"Nut" in raw
            archive.writestr(name, replaced(raw, old, new) if holds else raw)


def replaced(raw: bytes, old: bytes, new: bytes) -> bytes:
    where = raw.rindex(b"Nut") - 400 if b"Nut" in raw else 0  # the figures before hold the same amount
    changed, count = re.subn(old, new, raw[max(where, 0) :], count=1, flags=re.DOTALL)
    assert count == 1
    return raw[: max(where, 0)] + changed


def test_what_was_written_is_accepted_and_counted_again(made: Path, shape: Shape) -> None:
    verified = verify(made)
    assert verified.recounted
    assert verified.manifest.rows == (4 if shape.sections else 7)


def test_one_changed_byte_anywhere_is_found(made: Path) -> None:
    whole = made.read_bytes()
    for place in {0, len(whole) // 3, len(whole) // 2, len(whole) - 1}:
        made.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(VerificationFailed, match=r"is not what was sealed: its SHA-256 is"):
            verify(made)
    made.write_bytes(whole)
    verify(made)


def test_a_changed_amount_is_found_also_under_a_new_hash(made: Path, shape: Shape) -> None:
    change(made, shape, rb"65([.,])44", rb"65\g<1>45")
    reseal(made)
    with pytest.raises(VerificationFailed, match=r"the total of sales\.price in EUR is 1300\.01, not 1300\.00"):
        verify(made)


def test_an_amount_that_changed_its_currency_is_found(made: Path, shape: Shape) -> None:
    change(made, shape, rb"GBP", rb"USD")
    reseal(made)
    with pytest.raises(VerificationFailed) as refused:
        verify(made)
    assert "the total of sales.price in GBP is 0, not 0.44" in str(refused.value)
    assert "section sales has 0.44 USD in price, of which the manifest knows nothing" in str(refused.value)


# The third sale with its line, in each of the formats.
THE_ROW = {"csv": rb"[^\r\n]*65[.,]44[^\r\n]*\r\n", "json": rb'\{"name":null,"price":65\.44[^}]*\},\n', "xlsx": rb'<row r="4".*?</row>'}


def test_a_missing_row_is_found_also_under_a_new_hash(made: Path, shape: Shape) -> None:
    change(made, shape, THE_ROW[shape.format], b"")
    reseal(made)
    with pytest.raises(VerificationFailed, match=r"section sales has 3 rows, not 4|Section sales ends after 3 of its 4 rows") as refused:
        verify(made)
    assert "SHA-256" not in str(refused.value)


def test_a_row_that_adds_up_to_nothing_is_found_to_be_missing(render: Render) -> None:
    path = Path(render(inline.KEY, "csv", reports=REPORT, sections=("sales",)).place)
    change(path, SHAPES["csv of one section"], rb"x,,,\r\n", b"")
    reseal(path)
    with pytest.raises(VerificationFailed, match=r"section sales has 3 rows, not 4$"):
        verify(path)


def test_a_file_that_was_cut_off_is_found(made: Path) -> None:
    made.write_bytes(made.read_bytes()[:-100])
    with pytest.raises(VerificationFailed, match=r"it has [\d,]+ bytes, not"):
        verify(made)
    reseal(made)
    with pytest.raises(VerificationFailed):
        verify(made)


def test_what_is_no_such_file_is_found_and_not_stumbled_over(made: Path) -> None:
    for contents in (b"", b"\0" * 600, b"PK\x03\x04 no zip", b"{", b"\xff\xfe"):
        made.write_bytes(contents)
        reseal(made)
        with pytest.raises(VerificationFailed, match=r"is not what was sealed"):
            verify(made)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda section: section.update(rows=5), "rows, not 5"),
        (lambda section: section["totals"][0].update(value="1"), r"the total of sales\.price in EUR is 1300\.00, not 1$"),
        (lambda section: section.update(totals=[]), None),
    ],
)
def test_an_edited_manifest_is_found(render: Render, edit: Any, said: str | None) -> None:
    path = Path(render(inline.KEY, "json", reports=REPORT, sections=("sales",)).place)
    found = json.loads(seal_of(path).read_text())
    edit(found["sections"][0])
    seal_of(path).write_text(json.dumps(found))
    if said is None:
        assert verify(path).manifest.sections[0].totals == ()  # what a manifest does not promise cannot differ
        return
    with pytest.raises(VerificationFailed, match=said):
        verify(path)


@pytest.mark.parametrize(
    "edit",
    [
        lambda found: found["options"].update(delimiter=5),
        lambda found: found["options"].update(delimiter=";;"),
        lambda found: found["options"].clear(),
        lambda found: found["sections"][0]["totals"][0].update(value="many"),
        lambda found: found["sections"][0]["totals"][0].update(column="nowhere"),
        lambda found: found["sections"][0]["columns"][1].update(currency_column="nowhere"),
        lambda found: found["sections"][0].update(rows=-1),
        lambda found: found["sections"].append(found["sections"][0]),
        lambda found: found["sections"].clear(),
        lambda found: found["sections"][0].update(places=["elsewhere.csv"]),
        lambda found: found.update(format="xlsx"),
    ],
)
def test_a_manifest_that_does_not_fit_itself_or_its_file_is_refused_and_not_stumbled_over(render: Render, edit: Any) -> None:
    path = Path(render(inline.KEY, "csv", reports=REPORT, sections=("sales",)).place)
    found = json.loads(seal_of(path).read_text())
    edit(found)
    seal_of(path).write_text(json.dumps(found))
    with pytest.raises(VerificationFailed):
        verify(path)


def test_what_stands_after_the_last_section_is_found(render: Render) -> None:
    path = Path(render(inline.KEY, "csv", reports=REPORT, options={"sections": "single"}).place)
    path.write_bytes(path.read_bytes() + b"EUR,1,2\r\n")
    reseal(path)
    with pytest.raises(VerificationFailed, match="it goes on after its last section"):
        verify(path)


def test_a_folder_is_no_artefact(tmp_path: Path) -> None:
    for folder in (tmp_path, Path(), Path("/")):
        with pytest.raises(NotFound, match="The artefact"):
            verify(folder)


def test_a_missing_artefact_and_a_missing_manifest_are_named(made: Path) -> None:
    seal_of(made).unlink()
    with pytest.raises(NotFound, match=r"The manifest .*\.manifest\.json is not there"):
        verify(made)
    made.unlink()
    with pytest.raises(NotFound, match=r"The artefact"):
        verify(made)


def test_a_manifest_that_is_no_text_is_refused(made: Path) -> None:
    seal_of(made).write_bytes(b"\xff\xfe\0")
    with pytest.raises(StorageError, match=r"cannot be read"):
        verify(made)


@cells.PROPERTY
@given(cells.rows)
def test_every_file_of_any_cells_is_accepted(render: Render, rows: list[cells.Row]) -> None:
    for format, options in (("csv", {}), ("csv", {"guard": "raw", "header": "none", "profile": "excel-eu"}), ("json", {})):
        verify(Path(render(inline.KEY, format, cells.asked(rows), reports=TOTALLED, options=options, zone="UTC").place))


TOTALLED = inline.table(
    cells.QUERY, Text("t", "T"), Quantity("x", "X", total=True), Money("n", "N", currency_column="t", total=True), parameters=cells.Given
)


def test_a_text_of_a_megabyte_and_columns_of_one_empty_cell_are_accepted(render: Render) -> None:
    long = inline.table("select repeat('x', 1000000) as t union all select '' union all select null", Text("t", "T"))
    for format in ("csv", "json"):
        verify(Path(render(inline.KEY, format, reports=long).place))
