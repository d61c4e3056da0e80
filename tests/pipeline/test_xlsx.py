"""The workbook: its sheets, headings, filters, totals and charts, as independent readers find them."""

import dataclasses
import re
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet
from openxml_audit import OpenXmlValidator
from python_calamine import CalamineWorkbook

from octavo.pipeline import verify
from octavo.pipeline.catalog import Catalog
from octavo.pipeline.definition import (
    Breakdown,
    Chart,
    Column,
    Date,
    Flag,
    Instant,
    Integer,
    Metrics,
    Money,
    Percent,
    Quantity,
    Table,
    Text,
)
from octavo.pipeline.document import Organization
from octavo.pipeline.writers import xlsx
from octavo.pipeline.writers.xlsx.plan import legal_name
from tests.conftest import Render
from tests.packs_for_tests import inline

LINES = (
    Text("item", "Item"),
    Text("owner", "Owner", pii=True),
    Text("remark", "Remark", long=True),
    Quantity("energy", "Energy", unit="kWh", decimals=3, total=True),
    Money("price", "Unit price", decimals=4),
    Money("amount", "Amount", total=True),
    Percent("variance", "Variance"),
    Date("day", "Day"),
    Instant("read_at", "Read at"),
    Flag("final", "Final"),
    Integer("pieces", "Pieces", total=True),
)
# Of n rows: energy n(n+1)/2 × 0.125, amount n(n+1)/2 × 1.01, pieces n.
LINES_QUERY = """
select lpad(g::text, 4, '0') as item, 'Owner ' || g as owner, repeat('word ', g::int) as remark, g * 0.125 as energy, 0.0512 as price,
       g * 1.01 as amount, 12.5 as variance, date '2014-06-01' as day, timestamptz '2014-06-01 12:00+00' as read_at, true as final, 1 as pieces
from generate_series(1, {rows}) as g order by g
"""

REPORT = (
    Metrics(
        "figures",
        "Key figures",
        query="x.sql",
        columns=(
            Integer("count", "Count"),
            Money("revenue", "Revenue"),
            Quantity("long", "Long", decimals=0),
            Percent("margin", "Margin"),
            Date("first", "First day"),
            Instant("last", "Last reading"),
            Flag("final", "Final"),
            Text("nothing", "Nothing"),
        ),
    ),
    Breakdown(
        "by_type", "By type", query="x.sql", share_of="amount", columns=(Text("type", "Type"), Money("amount", "Amount", total=True))
    ),
    Chart("drawn", "Amount by type", of="by_type", x="type", y=("amount",)),
    Chart("figure", "One figure", of="figures", x="nothing", y=("count",)),
    Table("lines", "Line items", query="x.sql", columns=LINES),
)
QUERIES = {
    "figures": "select 12 as count, 9747747.934 as revenue, 12345678901234567 as long, 12.5 as margin, date '2014-06-01' as first, "
    "timestamptz '2014-06-30 21:50+00' as last, true as final, null::text as nothing",
    "by_type": "select * from (values ('Energy', 75.00), ('Capacity', 25.00)) as v(type, amount)",
    "lines": LINES_QUERY.format(rows=25),
}


def report(**queries: str) -> Catalog:
    texts = QUERIES | queries
    # A chart's query is that of its section.
    return inline.report(REPORT, texts | {"drawn": texts["by_type"], "figure": texts["figures"]})


def lines(rows: int) -> Catalog:
    return inline.table(LINES_QUERY.format(rows=rows), *LINES)


def opened(render: Render, reports: Catalog, **request: Any) -> Any:
    return openpyxl.load_workbook(Path(render(inline.KEY, "xlsx", reports=reports, **request).place))


def formulas(sheet: Worksheet) -> dict[str, str]:
    return {cell.coordinate: cell.value for row in sheet.iter_rows() for cell in row if cell.data_type == "f"}


def summary_lines(workbook: Any) -> dict[str, Any]:
    """The labels of the first sheet with their values; under several equal labels, the first."""
    found: dict[str, Any] = {}
    for row in workbook["Summary"].iter_rows(min_row=2, max_col=2, values_only=True):
        found.setdefault(row[0], row[1])
    return found


# --- a sheet ----------------------------------------------------------------------------------------------------------


def test_a_workbook_is_clean_to_the_validator_of_the_standard(render: Render, tmp_path: Path) -> None:
    for reports in (report(), lines(0)):
        place = render(inline.KEY, "xlsx", reports=reports).place
        result = OpenXmlValidator().validate(place)
        assert result.is_valid, [str(error) for error in result.errors]
        assert verify.verify(Path(place)).recounted


def test_a_table_has_a_frozen_bold_heading_on_colour_and_a_filter_over_its_rows(render: Render) -> None:
    sheet = opened(render, report())["Line items"]
    assert [cell.value for cell in sheet[1]] == [
        "Item", "Owner", "Remark", "Energy (kWh)", "Unit price (GBP)", "Amount (GBP)", "Variance", "Day", "Read at (Europe/London)", "Final", "Pieces",
    ]  # fmt: skip
    assert all(cell.font.b and cell.fill.fgColor.rgb == "FFF1EEE5" for cell in sheet[1])
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:K26"
    assert sheet.dimensions == "A1:K27"
    assert sheet.print_title_rows == "$1:$1"
    assert sheet.print_area == "'Line items'!$A$1:$K$27"
    assert sheet.page_setup.orientation == "landscape"
    assert sheet.sheet_properties.pageSetUpPr.fitToPage and sheet.page_setup.fitToHeight == 0
    assert "&P of &N" in str(sheet.oddFooter.right.text) or "Page &[Page] of &N" in str(sheet.oddFooter.right.text)


def test_the_dimension_in_the_file_is_what_was_written(render: Render) -> None:
    for rows, dimension in ((0, "A1:K1"), (1, "A1:K3"), (25, "A1:K27")):
        with zipfile.ZipFile(render(inline.KEY, "xlsx", reports=lines(rows)).place) as archive:
            assert f'<dimension ref="{dimension}"/>'.encode() in archive.read("xl/worksheets/sheet2.xml")


def test_each_kind_has_its_format_and_its_side(render: Render) -> None:
    sheet = opened(render, report())["Line items"]
    assert [cell.number_format for cell in sheet[2]] == [
        "General", "General", "General", "#,##0.000", "#,##0.0000_);(#,##0.0000)", "#,##0.00_);(#,##0.00)", '#,##0.0" %"', "yyyy-mm-dd",
        "yyyy-mm-dd hh:mm:ss", '"TRUE";"TRUE";"FALSE"', "#,##0",
    ]  # fmt: skip
    assert [cell.alignment.horizontal for cell in sheet[2]][3:7] == ["right"] * 4
    assert [cell.alignment.horizontal for cell in sheet[1]][3:7] == ["right"] * 4
    assert {cell.alignment.horizontal for cell in sheet[2]} == {"right", "left", None}
    assert sheet["G2"].value == 12.5


def test_columns_are_as_wide_as_their_content_up_to_a_cap(render: Render) -> None:
    query = "select repeat('w', 20) as short, repeat('w', 400) as long, 1234567890.12 as amount, repeat('中', 15) as wide"
    sheet = opened(render, inline.table(query, Text("short", "A"), Text("long", "B"), Money("amount", "C"), Text("wide", "D")))["Rows"]
    widths = [sheet.column_dimensions[letter].width for letter in "ABCD"]
    assert 20 < widths[0] < 26
    assert 55 < widths[1] < 65
    assert 16 < widths[2] < 22  # 1,234,567,890.12 and a place for the parenthesis
    assert 30 < widths[3] < 36  # each of these characters is two wide


def test_a_row_is_as_high_as_its_longest_wrapped_text(render: Render) -> None:
    sheet = opened(render, lines(25))["Rows"]
    # 25 words of 5 characters are 125; the column is at most 60 wide, which makes three lines of 15 points.
    assert sheet["C26"].alignment.wrap_text
    assert sheet.row_dimensions[2].height == 15
    assert sheet.row_dimensions[26].height == 45


def test_a_row_is_as_high_as_the_lines_that_its_text_is_broken_into(render: Render) -> None:
    query = "select E'12 quai de la Colonne\\n62200 Boulogne-sur-Mer\\nFrance' as address, null as note"
    sheet = opened(render, inline.table(query, Text("address", "Address", long=True), Text("note", "Note", long=True)))["Rows"]
    assert sheet.row_dimensions[2].height == 45  # three lines of 15 points


def test_every_sheet_opens_at_its_first_cell_at_full_size(render: Render) -> None:
    workbook = opened(render, report())
    assert workbook.active.title == "Summary"
    for sheet in workbook:
        assert sheet.sheet_view.zoomScale in (None, 100)
        assert sheet.sheet_view.topLeftCell in (None, "A1")


# --- totals -----------------------------------------------------------------------------------------------------------


def test_the_totals_are_the_only_formulas_and_carry_the_exact_sums(render: Render) -> None:
    place = Path(render(inline.KEY, "xlsx", reports=report()).place)
    workbook = openpyxl.load_workbook(place)
    assert {sheet.title: formulas(sheet) for sheet in workbook} == {
        "Summary": {},
        "By type": {"B4": "=SUBTOTAL(109,B2:B3)"},
        "Line items": {"D27": "=SUBTOTAL(109,D2:D26)", "F27": "=SUBTOTAL(109,F2:F26)", "K27": "=SUBTOTAL(109,K2:K26)"},
    }
    assert workbook["Line items"]["A27"].value == "Total"
    with zipfile.ZipFile(place) as archive:
        sheet = archive.read("xl/worksheets/sheet3.xml").decode()
    # 25 × 26 / 2 = 325; × 0.125 = 40.625, × 1.01 = 328.25.
    assert re.findall(r"</f><v>([^<]*)</v>", sheet) == ["40.625", "328.25", "25"]


def test_a_total_beyond_15_digits_keeps_every_digit(render: Render) -> None:
    query = "select g * 100000000000000.01 as amount from generate_series(1, 9) as g"
    place = render(inline.KEY, "xlsx", reports=inline.table(query, Money("amount", "Amount", total=True))).place
    with zipfile.ZipFile(place) as archive:
        # 45 × 100000000000000.01
        assert b"<f>SUBTOTAL(109,A2:A10)</f><v>4500000000000000.45</v>" in archive.read("xl/worksheets/sheet2.xml")


def test_amounts_in_several_currencies_have_a_total_each(render: Render) -> None:
    query = """select g as pieces, g * 1.5 as amount, (array['EUR', 'GBP', null])[g] as currency from generate_series(1, 3) as g"""
    columns = (
        Text("currency", "Currency"),
        Integer("pieces", "Pieces", total=True),
        Money("amount", "Amount", currency_column="currency", total=True),
    )
    place = Path(render(inline.KEY, "xlsx", reports=inline.table(query, *columns)).place)
    sheet = openpyxl.load_workbook(place)["Rows"]
    assert sheet["C1"].value == "Amount"
    assert sheet.auto_filter.ref == "A1:C4"
    assert formulas(sheet) == {
        "B5": "=SUBTOTAL(109,B2:B4)",
        "C6": '=SUMIF(A2:A4,"",C2:C4)',
        "C7": "=SUMIF(A2:A4,$A7,C2:C4)",
        "C8": "=SUMIF(A2:A4,$A8,C2:C4)",
    }
    assert [sheet[place].value for place in ("A7", "A8")] == ["EUR", "GBP"]
    cached = [row[2] for row in CalamineWorkbook.from_path(place).get_sheet_by_name("Rows").to_python()[5:]]
    assert cached == [4.5, 1.5, 3.0]


def test_amounts_in_one_currency_have_it_in_the_heading(render: Render) -> None:
    query = "select 'USD' as currency, 1.50 as amount"
    columns = (Text("currency", "Currency"), Money("amount", "Amount", currency_column="currency", total=True))
    sheet = opened(render, inline.table(query, *columns))["Rows"]
    assert sheet["B1"].value == "Amount (USD)"
    assert formulas(sheet) == {"B3": "=SUBTOTAL(109,B2:B2)"}


def test_a_total_that_is_no_number_is_a_text(render: Render) -> None:
    query = "select v::numeric as amount from unnest(array['1', 'NaN']) as v"
    place = render(inline.KEY, "xlsx", reports=inline.table(query, Money("amount", "Amount", total=True))).place
    with zipfile.ZipFile(place) as archive:
        assert re.search(rb'<c r="A4"[^>]* t="str"><f>SUBTOTAL\(109,A2:A3\)</f><v>NaN</v>', archive.read("xl/worksheets/sheet2.xml"))


def test_a_table_without_rows_is_its_heading(render: Render) -> None:
    workbook = opened(render, lines(0))
    sheet = workbook["Rows"]
    assert sheet["A1"].value == "Item"
    assert sheet.auto_filter.ref in ("A1:K1", "A1")
    assert sheet.max_row == 1
    assert summary_lines(workbook)["Rows"] == 0


# --- further sheets ---------------------------------------------------------------------------------------------------


def test_what_is_too_long_for_a_sheet_goes_on_on_a_further_one(render: Render, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "ROWS_PER_SHEET", 10)
    artefact = render(inline.KEY, "xlsx", reports=report())
    workbook = openpyxl.load_workbook(artefact.place)
    assert workbook.sheetnames == ["Summary", "By type", "Line items", "Line items (2)", "Line items (3)"]
    assert artefact.manifest.sections[2].places == ("Line items", "Line items (2)", "Line items (3)")
    sheets = [workbook[name] for name in workbook.sheetnames[2:]]
    assert len({tuple(cell.value for cell in sheet[1]) for sheet in sheets}) == 1
    # 25 rows: nine to a sheet, seven and the totals on the last.
    assert [sheet.auto_filter.ref for sheet in sheets] == ["A1:K10", "A1:K10", "A1:K8"]
    assert [sheet.print_title_rows for sheet in sheets] == ["$1:$1"] * 3
    found = [row[0] for sheet in sheets for row in sheet.iter_rows(min_row=2, values_only=True) if row[0] != "Total"]
    assert found == [f"{number:04}" for number in range(1, 26)]
    assert formulas(sheets[0]) == formulas(sheets[1]) == {}
    assert formulas(sheets[2])["K9"] == "=SUBTOTAL(109,'Line items'!K2:K10)+SUBTOTAL(109,'Line items (2)'!K2:K10)+SUBTOTAL(109,K2:K8)"
    assert verify.verify(Path(artefact.place)).recounted
    assert OpenXmlValidator().validate(artefact.place).is_valid


@pytest.mark.parametrize(
    ("rows", "filters"), [(8, ["A1:K9"]), (9, ["A1:K9", "A1:K2"]), (17, ["A1:K10", "A1:K9"]), (18, ["A1:K9", "A1:K9", "A1:K3"])]
)
def test_the_totals_stand_under_rows_on_the_last_sheet(
    render: Render, monkeypatch: pytest.MonkeyPatch, rows: int, filters: list[str]
) -> None:
    # Ten rows to a sheet are a heading and nine others. Where the totals would be the tenth, every sheet holds eight.
    monkeypatch.setattr(xlsx, "ROWS_PER_SHEET", 10)
    artefact = render(inline.KEY, "xlsx", reports=lines(rows))
    sheets = openpyxl.load_workbook(artefact.place).worksheets[1:]
    assert [sheet.auto_filter.ref for sheet in sheets] == filters
    assert all(sheet.max_row <= 10 for sheet in sheets)
    assert sheets[-1].cell(sheets[-1].max_row, 1).value == "Total"


def test_a_sheet_without_totals_is_filled_to_its_last_row(render: Render, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "ROWS_PER_SHEET", 10)
    workbook = opened(render, inline.table("select g as n from generate_series(1, 9) as g", Integer("n", "N")))
    assert workbook.sheetnames == ["Summary", "Rows"]
    assert workbook["Rows"].max_row == 10


def test_a_sheet_holds_as_many_rows_as_spreadsheets_do() -> None:
    assert xlsx.ROWS_PER_SHEET == 2**20
    assert xlsx.FORMAT.max_rows is None


@pytest.mark.parametrize(
    ("title", "taken", "name"),
    [
        ("Line items", set(), "Line items"),
        ("Line items", {"line items"}, "Line items (2)"),
        ("Line items", {"line items", "line items (2)"}, "Line items (3)"),
        ("Summary", {"summary"}, "Summary (2)"),
        ("History", {"history"}, "History (2)"),
        ("Paid/open: [all] *?\\", set(), "Paid open all"),
        ("'quoted'", set(), "quoted"),
        ("/", set(), "Sheet"),
        ("a" * 40, set(), "a" * 31),
        ("a" * 40, {"a" * 31}, "a" * 27 + " (2)"),
        ("\U0001f600" * 20, set(), "\U0001f600" * 15),
    ],
)
def test_a_sheet_is_called_by_its_title_as_far_as_names_go(title: str, taken: set[str], name: str) -> None:
    assert legal_name(title, taken) == name


# --- the summary ------------------------------------------------------------------------------------------------------


def test_the_first_sheet_says_what_was_asked_and_what_is_held(render: Render) -> None:
    artefact = render(inline.KEY, "xlsx", reports=report(), zone="Europe/Berlin")
    workbook = openpyxl.load_workbook(artefact.place)
    sheet, found = workbook["Summary"], summary_lines(workbook)
    assert (sheet["A1"].value, sheet["A2"].value) == ("Inline", "Alpha Ltd")
    assert found["Key"] == inline.KEY
    assert found["Run"] == artefact.manifest.run_id
    assert found["Personal data"] == "shown"
    assert found["Data as of (Europe/Berlin)"].replace(microsecond=0) == artefact.manifest.snapshot_taken_at.replace(
        tzinfo=None, microsecond=0
    )
    assert found["Count"] == 12
    assert found["Revenue (GBP)"] == 9747747.934
    assert found["Long"] == "12345678901234567"
    assert found["Margin"] == 12.5
    assert str(found["First day"]) == "2014-06-01 00:00:00"
    assert str(found["Last reading (Europe/Berlin)"]) == "2014-06-30 23:50:00"
    assert found["Final"] is True
    assert found["Nothing"] is None
    assert found["Control totals: Line items"] is None
    assert found["Energy (kWh)"] == 40.625
    assert found["Pieces"] == 25


def test_a_control_total_shows_every_digit(render: Render) -> None:
    sheet = opened(render, inline.table("select 9747747.934 as amount", Money("amount", "Amount", total=True)))["Summary"]
    (cell,) = [row[1] for row in sheet.iter_rows(max_col=2) if row[0].value == "Amount (GBP)"]
    assert (cell.value, cell.number_format) == (9747747.934, "#,##0.000_);(#,##0.000)")


def test_a_masked_workbook_says_so_and_holds_no_personal_data(render: Render) -> None:
    workbook = opened(render, report(), masked=True)
    assert summary_lines(workbook)["Personal data"] == "masked"
    assert {row[1] for row in workbook["Line items"].iter_rows(min_row=2, max_row=26, values_only=True)} == {"***"}


def test_charts_are_native_and_drawn_from_the_cells(render: Render) -> None:
    place = Path(render(inline.KEY, "xlsx", reports=report()).place)
    with zipfile.ZipFile(place) as archive:
        charts = [archive.read(name).decode() for name in sorted(archive.namelist()) if name.startswith("xl/charts/chart")]
    assert len(charts) == 2
    assert "<c:f>'By type'!$A$2:$A$3</c:f>" in charts[0]
    assert "<c:f>'By type'!$B$2:$B$3</c:f>" in charts[0]
    assert "<c:v>75.00</c:v>" in charts[0]
    assert "<c:f>Summary!$B$" in charts[1]


def test_a_chart_of_more_points_than_a_sheet_holds_is_told_of(render: Render, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "ROWS_PER_SHEET", 10)
    workbook = opened(render, report(by_type="select 'T' || g as type, g * 1.00 as amount from generate_series(1, 20) as g"))
    texts = {cell.value for row in workbook["Summary"].iter_rows() for cell in row}
    assert "Amount by type: 20 points are more than a spreadsheet draws; they are on the sheet By type" in texts


def test_a_chart_whose_section_was_left_out_is_told_of(render: Render) -> None:
    workbook = opened(render, report(), sections=("drawn", "lines"))
    texts = {cell.value for row in workbook["Summary"].iter_rows() for cell in row}
    assert "Amount by type: its figures, the section by_type, were left out" in texts


@pytest.mark.parametrize(("given", "colour"), [("#8a1c3b", "FF8A1C3B"), ("red; drop table", "FF0F5C5C"), (None, "FF0F5C5C")])
def test_an_organization_has_its_own_accent_when_it_is_a_colour(
    render: Render, organization: Organization, given: str | None, colour: str
) -> None:
    branded = dataclasses.replace(organization, branding={"accent": given})
    workbook = opened(render, report(), organization=branded)
    assert workbook["Summary"]["A1"].font.color.rgb == colour
    assert workbook["Line items"]["A1"].border.bottom.color.rgb == colour


def test_paper_is_that_of_the_country(render: Render) -> None:
    assert opened(render, lines(1), locale="en_US")["Rows"].page_setup.paperSize == 1
    assert opened(render, lines(1), locale="de_DE")["Rows"].page_setup.paperSize == 9


def test_titles_may_hold_anything(render: Render) -> None:
    column: Column = Money("amount", 'A "title" & <more> _x0041_', currency="EUR", total=True)
    workbook = opened(render, inline.table("select 1.00 as amount", column))
    assert workbook["Rows"]["A1"].value.replace("_x005F_", "_") == 'A "title" & <more> _x0041_ (EUR)'
    assert Decimal(str(workbook["Rows"]["A2"].value)) == 1


def test_rows_that_must_not_be_overlooked_are_tinted(render: Render) -> None:
    flags = inline.table(
        "select g as n, g = 2 as late from generate_series(1, 3) g", Integer("n", "N"), Flag("late", "Late", highlight=True)
    )
    sheet = opened(render, flags)["Rows"]
    ((area, (rule,)),) = [(str(area.sqref), rules) for area, rules in sheet.conditional_formatting._cf_rules.items()]
    assert (area, rule.formula) == ("A2:B4", ["$B2"])
    assert [row[1].value for row in sheet.iter_rows(min_row=2)] == [False, True, False]
