"""A long PDF is set in chunks, and nobody can tell: text, places, tags and bookmarks are those of one piece."""

import io
import re
import shutil
import subprocess
from pathlib import Path

import pikepdf
import pytest

from octavo.database.connection import Database
from octavo.pipeline.definition import Integer, Metrics, Money, Quantity, Table, Text
from octavo.pipeline.document import Organization
from octavo.pipeline.writers.pdf.parts import NotAsExpected, Part
from tests.pipeline import printing

FIRST = Table(
    "first", "First (1 0 R)", query="first", group_by=("plant", "month"),
    columns=(Text("plant", "Plant"), Integer("month", "Month"), Text("name", "Name", long=True), Quantity("q", "Energy", unit="kWh", total=True), Money("m", "Amount", total=True)),
)  # fmt: skip
SECOND = Table("second", "Second", query="second", columns=(Integer("n", "Number"), Text("name", "Name")))
FIGURES = Metrics("figures", "Key figures", query="figures", columns=(Integer("n", "Rows"),))
QUERIES = {
    "first": """select 'Plant ' || n / 70 as plant, n / 23 as month, case when n % 17 = 0 then repeat('Several lines of prose ' || n || '. ', 12) else 'name ' || n end as name,
        n * 1.25 as q, (n - 60) * 0.1 as m from generate_series(0, 179) n order by 1, 2, n""",
    "figures": "select 180 as n",
    "second": "select n, 'second ' || n as name from generate_series(1, 90) n",
}
SECTIONS = (FIRST, FIGURES, SECOND)


@pytest.fixture(scope="module")
def qpdf() -> str:
    found = shutil.which("qpdf")
    if found is None:
        pytest.skip("qpdf is not installed, so the file's structure is not checked by it")
    return found


def joined(database: Database, organization: Organization, lines: int, **options: str) -> bytes:
    return printing.printed(database, organization, SECTIONS, QUERIES, lines_in_a_chunk=lines, options=options)


@pytest.mark.parametrize("lines", [57, 130, 285])
def test_a_joined_document_is_the_unjoined_one_word_for_word_and_place_for_place(
    database: Database, organization: Organization, lines: int
) -> None:
    whole, parts = joined(database, organization, 2_000), joined(database, organization, lines)
    made = re.compile(r"made .* complete", re.DOTALL)
    assert [made.sub("", page) for page in printing.pages(parts)] == [made.sub("", page) for page in printing.pages(whole)]
    minute = re.compile(r"\d\d:\d\d")
    for ours, theirs in zip(printing.places(parts), printing.places(whole), strict=True):
        assert [word for word in ours if not minute.search(word[0])] == [word for word in theirs if not minute.search(word[0])]


def test_tags_and_parents_agree_over_every_seam(database: Database, organization: Organization) -> None:
    with pikepdf.open(io.BytesIO(joined(database, organization, 57))) as file:
        tree = file.Root.StructTreeRoot
        numbers = [int(number) for number in list(tree.ParentTree.Nums)[::2]]
        assert numbers == list(range(len(file.pages)))
        parents = list(tree.ParentTree.Nums)[1::2]
        reached = {element.objgen for element in printing.elements(file)}
        claimed = set()
        for element in printing.elements(file):
            for kid in element.get("/K", []):
                if not isinstance(kid, pikepdf.Dictionary):
                    claimed.add((element.Pg.objgen, int(kid), element.objgen))
                elif kid.get("/Type") == "/MCR":
                    claimed.add((kid.Pg.objgen, int(kid.MCID), element.objgen))
                else:
                    assert kid.P.objgen == element.objgen
        said = {
            (page.objgen, mcid, parent.objgen) for page in file.pages for mcid, parent in enumerate(parents[int(page.obj.StructParents)])
        }
        assert said == claimed
        assert {parent for _, _, parent in said} <= reached
        names = list(tree.IDTree.Names)
        assert [str(name) for name in names[::2]] == sorted({str(element.ID) for element in printing.elements(file) if "/ID" in element})
        referred = {
            str(header)
            for element in printing.elements(file)
            for attribute in element.get("/A", [])
            for header in attribute.get("/Headers", [])
        }
        assert referred <= {str(name) for name in names[::2]}


def test_rows_are_tagged_once_each(database: Database, organization: Organization) -> None:
    with pikepdf.open(io.BytesIO(joined(database, organization, 57))) as file:
        data_rows = [row for row in printing.elements(file) if row.S == "/TR" and row.K[0].S == "/TD"]
    subtotals = 10 + 3  # (0..179) / 23 gives months 0 to 7; months 3 and 6 fall into two plants: 8 + 2 groups in 3 plants
    assert len(data_rows) == 180 + subtotals + 1 + 90


def test_bookmarks_lead_to_every_section(database: Database, organization: Organization) -> None:
    with pikepdf.open(io.BytesIO(joined(database, organization, 57))) as file:
        with file.open_outline() as outline:
            assert [item.title for item in outline.root] == ["First (1 0 R)", "Key figures", "Second"]
            targets = [file.pages.index(pikepdf.Page(item.destination[0])) for item in outline.root]
        second = next(
            place
            for place, page in enumerate(printing.pages(joined(database, organization, 57)))
            if "Number Name" in page and "\nSecond\n" in page
        )
        assert targets == [0, second, second]


@pytest.mark.parametrize("lines", [57, 2_000])
@pytest.mark.parametrize(
    ("standard", "marks"), [("pdf/a-3b", ("<pdfaid:part>3<", "<pdfaid:conformance>B<")), ("pdf/ua-1", ("<pdfuaid:part>1<",))]
)
def test_standards_are_kept_in_one_piece_and_in_many(
    database: Database, organization: Organization, tmp_path: Path, qpdf: str, lines: int, standard: str, marks: tuple[str, ...]
) -> None:
    made = joined(database, organization, lines, standard=standard)
    assert all(mark in printing.metadata(made) for mark in marks)
    with pikepdf.open(io.BytesIO(made)) as file:
        assert file.Root.MarkInfo.Marked
        assert standard == "pdf/a-3b" or file.Root.ViewerPreferences.DisplayDocTitle
        assert re.search(r"<xmpTPg:NPages>(\d+)<", printing.metadata(made)).group(1) == str(len(file.pages))
        assert str(file.docinfo.Title) == "Inline"
        assert ("/OutputIntents" in file.Root) == (standard == "pdf/a-3b")
        for page in file.pages:
            for font in page.resources.Font.values():
                assert {"/FontFile2", "/FontFile3"} & set(font.DescendantFonts[0].FontDescriptor.keys())
    (tmp_path / "made.pdf").write_bytes(made)
    checked = subprocess.run([qpdf, "--check", str(tmp_path / "made.pdf")], capture_output=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_row_higher_than_the_page_is_whole(database: Database, organization: Organization) -> None:
    table = Table("t", "T", query="t", columns=(Integer("n", "N"), Text("a", "A", long=True)))
    query = "select n, (select string_agg('word' || n || '_' || i, ' ' order by i) from generate_series(1, case when n = 3 then 2500 else 1 end) i) as a from generate_series(1, 9) n"
    text = " ".join(printing.pages(printing.printed(database, organization, table, query, lines_in_a_chunk=3)))
    found = re.findall(r"word3_(\d+)", text)
    assert found == [str(number) for number in range(1, 2501)]


def test_a_pdf_of_another_build_is_refused_by_name() -> None:
    with pytest.raises(NotAsExpected, match="has no cross-reference table"):
        Part(b"%PDF-1.7\nstartxref\n3\n%%EOF")
