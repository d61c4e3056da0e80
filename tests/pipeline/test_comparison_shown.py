"""How a comparison reads: the takings of test_comparison in a workbook and on paper, and wide tables in parts."""

from pathlib import Path
from typing import Any

import openpyxl
import pdfplumber

from octavo.pipeline import verify
from octavo.pipeline.catalog import Catalog
from octavo.pipeline.document import Compared
from octavo.pipeline.writers.pdf import tables
from tests.conftest import Render
from tests.packs_for_tests import inline
from tests.pipeline.test_comparison import DRAWN, FIGURES, JUNE, PREVIOUS, SHOPS, entry

REPORT = entry(FIGURES, DRAWN, SHOPS)
REPORTS = Catalog({"inline": REPORT.pack}, {inline.KEY: REPORT})


def made(render: Render, format: str, given: dict[str, Any] = JUNE) -> Path:
    place = Path(render(inline.KEY, format, given, reports=REPORTS, compare=PREVIOUS).place)
    verify.verify(place)
    return place


def test_a_workbook_tells_key_figures_and_control_totals_beside_what_they_were(render: Render) -> None:
    book = openpyxl.load_workbook(made(render, "xlsx"))
    lines = {row[0]: row[1:5] for row in book["Summary"].iter_rows(values_only=True) if row[0]}
    assert lines["Figures"] == ("Now", "Before", "Change", "Change %")
    assert lines["Amount (GBP)"] in ((150, 150, 0, 0), (150, 150, 0, None))  # of the key figures, or of the control totals
    assert lines["Mean"] == (50, 30, 20, None)
    assert lines["Best"] == ("south", None, None, None)
    assert lines["Control totals: Shops"] == ("Now", "Before", "Change", None)
    assert lines["Takings"] == (3, 5, -2, None)
    assert lines["Compared with"][0] == "previous period, 2014-05-01 to 2014-05-31 (Europe/London)"
    header, north, south, west, total = book["Shops"].iter_rows(values_only=True)
    assert header[5:10] == ("Amount (GBP)", "Amount before (GBP)", "Amount change (GBP)", "Amount change %", "Last on")
    assert [row[0] for row in (north, south, west, total)] == ["north", "south", "west", "Total"]
    assert north[5:9] == (120, 100, 20, 20)
    assert south[5:9] == (30, None, 30, None)
    assert west[5:9] == (None, 50, -50, -100)
    (chart,) = book["Summary"]._charts
    assert [series.val.numRef.f for series in chart.series] == ["Shops!$F$2:$F$4", "Shops!$G$2:$G$4"]


def test_of_nothing_a_workbook_says_that_there_is_no_percent(render: Render) -> None:
    book = openpyxl.load_workbook(made(render, "xlsx", {"period": "2014-05"}))
    first = {}
    for row in book["Summary"].iter_rows(values_only=True):
        first.setdefault(row[0], row[1:5])
    assert first["Amount (GBP)"] == (150, 0, 150, "n/a")
    assert first["Mean"] == (30, None, None, None)


def test_paper_tells_the_change_under_a_key_figure(render: Render) -> None:
    minus = "\N{MINUS SIGN}"
    with pdfplumber.open(made(render, "pdf")) as pdf:
        text = " ".join((pdf.pages[0].extract_text() or "").replace("\N{NO-BREAK SPACE}", " ").split())
    assert "Compared with previous period, 1 May 2014 – 31 May 2014" in text
    for said in ("£150.00", "no change", "before £150.00", f"{minus}2 ({minus}40.0%)", "before 5", "+20.0 pp", "before 30.0%"):
        assert said in text
    assert "Amount before" in text  # in the table, and beside the chart
    with pdfplumber.open(made(render, "pdf", {"period": "2014-05"})) as pdf:
        text = " ".join((pdf.pages[0].extract_text() or "").split())
    assert "+£150.00 (n/a)" in text
    assert "before –" in text


COMPARED = {name: Compared(f"{name}_before", f"{name}_change", f"{name}_change_percent") for name in ("a", "b", "c")}


def lines(*figures: str) -> tables.Lines:
    names = ["label", *(name for figure in figures for name in (figure, *vars(COMPARED[figure]).values())), "flag"]
    headings = tuple(tables.Heading(name, name, "", numeric=name not in ("label", "flag"), wraps=False) for name in names)
    rows = [
        tables.Line("group", ["A"], label="Group"),
        tables.Line("row", list(names)),
        tables.Line("total", ["", *names[1:]], label="Total"),
    ]
    return tables.Lines("wide", "Wide", "What it is.", headings, rows)


def test_a_table_that_is_too_wide_is_set_in_parts_of_as_many_figures_as_fit() -> None:
    """A label, a flag and four columns for a figure: ten columns hold two figures."""
    first, second = tables.parts(lines("a", "b", "c"), COMPARED, lambda table: len(table.headings) <= 10)
    assert [(part.title, part.description) for part in (first, second)] == [("Wide (1 of 2)", "What it is."), ("Wide (2 of 2)", "")]
    assert [head.name for head in second.headings] == ["label", "flag", "c", "c_before", "c_change", "c_change_percent"]
    assert [line.cells for line in second.lines] == [
        ["A"],
        ["label", "flag", "c", "c_before", "c_change", "c_change_percent"],
        ["", "flag", "c", "c_before", "c_change", "c_change_percent"],
    ]
    assert len(first.headings) == 10


def test_a_figure_alone_is_set_whether_it_fits_or_not_and_what_fits_stays_whole() -> None:
    assert [len(part.headings) for part in tables.parts(lines("a", "b"), COMPARED, lambda table: False)] == [6, 6]
    (whole,) = tables.parts(lines("a", "b"), COMPARED, lambda table: True)
    assert whole.title == "Wide"
    (plain,) = tables.parts(lines("a"), {}, lambda table: False)
    assert plain.title == "Wide"
