"""The workbook around the rows, made by XlsxWriter: styles, the summary, headings, filters, totals, print set-up.

A table's sheet holds everything but its rows. In their place, a second row of empty cells shows which cell format each column has;
`sheets` takes it out, puts the rows in, and moves the totals below them. (At their own place XlsxWriter would go through every row above.)
"""

import io
from decimal import Decimal

from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name, xl_rowcol_to_cell
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from octavo.pipeline import branding, definition, locales
from octavo.pipeline.document import Document
from octavo.pipeline.writers.xlsx import columns, summary
from octavo.pipeline.writers.xlsx.plan import SUMMARY, SectionPlan, Sheet, TotalsRow
from octavo.pipeline.writers.xlsx.styles import HIGHLIGHT, Styles

_PAPER = {"letter": 1, "a4": 9}
_LONGEST_FOOTER = 255

TOTALS_ROW = 2
"""Where the frame has the first row of totals, from 0."""


def make(document: Document, plans: tuple[SectionPlan, ...]) -> bytes:
    """The workbook without rows. Its first sheet is the summary; the others are those of `plans`, in order."""
    file = io.BytesIO()
    workbook = Workbook(file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False})
    workbook.set_properties(
        {
            "title": document.title,
            "subject": document.report,
            "author": document.organization.name,
            "comments": f"Run {document.run_id}",
            "created": document.taken_at,
        }
    )
    styles = Styles(workbook, branding.accent(document.organization.branding))
    front = workbook.add_worksheet(SUMMARY)
    front.set_tab_color(styles.accent)
    for plan in plans:
        for sheet in plan.sheets:
            worksheet = workbook.add_worksheet(sheet.name)
            _set_table(worksheet, styles, plan, sheet)
            _set_page(worksheet, document, landscape=True)
            worksheet.repeat_rows(0)
    summary.write(front, workbook, styles, document, plans)
    _set_page(front, document, landscape=summary.has_charts(document))
    workbook.close()
    return file.getvalue()


def _set_page(worksheet: Worksheet, document: Document, *, landscape: bool) -> None:
    if landscape:
        worksheet.set_landscape()
    worksheet.set_paper(_PAPER[locales.named(document.locale).paper])
    worksheet.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.7)
    worksheet.fit_to_pages(1, 0)
    name = document.title.replace("&", "&&")
    footer = f"&L&8 {name}   {document.run_id}&R&8 Page &P of &N"
    worksheet.set_footer(footer if len(footer) <= _LONGEST_FOOTER else f"&L&8 {document.run_id}&R&8 Page &P of &N")


def _set_table(worksheet: Worksheet, styles: Styles, plan: SectionPlan, sheet: Sheet) -> None:
    top = any(look.wraps for look in plan.looks)
    for index, look in enumerate(plan.looks):
        worksheet.set_column(index, index, look.width)
        worksheet.write_string(0, index, columns.held_text(look.heading, f"The heading of {look.column.name}"), styles.header(look))
        if sheet.rows and (cell := styles.cell(look, top=top)):
            worksheet.write_blank(1, index, None, cell)
    worksheet.set_row(0, columns.height(max(look.heading_lines for look in plan.looks)) + 6)
    worksheet.freeze_panes(1, 0)
    last_column = len(plan.looks) - 1
    worksheet.autofilter(0, 0, sheet.rows, last_column)
    for look in plan.looks if sheet.rows else ():
        if isinstance(look.column, definition.Flag) and look.column.highlight:
            flag = xl_rowcol_to_cell(1, plan.position(look.column.name), col_abs=True)
            rule = {"type": "formula", "criteria": f"={flag}", "format": styles.workbook.add_format({"bg_color": HIGHLIGHT})}
            worksheet.conditional_format(1, 0, sheet.rows, last_column, rule)
    end = sheet.rows
    if sheet is plan.sheets[-1]:
        for offset, totals in enumerate(plan.totals):
            _write_totals(worksheet, styles, plan, totals, TOTALS_ROW + offset)
        end += len(plan.totals)
    worksheet.print_area(0, 0, end, last_column)
    texts = [sheet.cells(index) for index, look in enumerate(plan.looks) if look.column.kind == "text"]
    if texts and sheet.rows:
        # An identifier such as 0042 is text on purpose; Excel need not mark it.
        worksheet.ignore_errors({"number_stored_as_text": " ".join(texts)})


def _write_totals(worksheet: Worksheet, styles: Styles, plan: SectionPlan, totals: TotalsRow, row: int) -> None:
    """The label, the currency where there are several, and a formula for each sum, which holds the exact sum as its value."""
    currency_columns = {plan.currency_column(name) for name in totals.values} if totals.currency is not None else set()
    for index, look in enumerate(plan.looks):
        name, label = look.column.name, index == 0 and look.column.name not in totals.values
        style = styles.total(look, first=totals is plan.totals[0], last=totals is plan.totals[-1], label=label)
        if name in totals.values:
            _write_sum(worksheet, style, plan, totals, row, index)
        elif name in currency_columns and totals.currency:
            worksheet.write_string(row, index, totals.currency, style)
        elif label:
            worksheet.write_string(row, index, "Total", style)
        else:
            worksheet.write_blank(row, index, None, style)


def _write_sum(worksheet: Worksheet, style: Format, plan: SectionPlan, totals: TotalsRow, row: int, index: int) -> None:
    look = plan.looks[index]
    value = totals.values[look.column.name]
    cell = None
    if totals.currency is not None:
        below = plan.sheets[-1].last_row + row - TOTALS_ROW
        place = xl_rowcol_to_cell(below, plan.position(plan.currency_column(look.column.name)), col_abs=True)
        cell = place if totals.currency else '""'
    worksheet.write_formula(row, index, plan.formula(look.column.name, cell), style, _Digits(value) if value.is_finite() else str(value))


class _Digits(Decimal):
    """A value whose text has no exponent, as a cell's cached value is written."""

    def __str__(self) -> str:
        return format(self, "f")


def last_cell(plan: SectionPlan, sheet: Sheet) -> str:
    """The lower right corner of what a sheet holds."""
    rows = sheet.last_row + (len(plan.totals) if sheet is plan.sheets[-1] else 0)
    return f"{xl_col_to_name(len(plan.looks) - 1)}{rows}"
