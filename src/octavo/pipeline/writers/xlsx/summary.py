"""The first sheet: what the report is, what it was asked, its key figures, its control totals, its charts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from octavo.pipeline import comparison, definition
from octavo.pipeline.document import Chart, Document, Rows
from octavo.pipeline.figures import NOT_AVAILABLE
from octavo.pipeline.writers.xlsx import charts, columns
from octavo.pipeline.writers.xlsx.plan import SectionPlan
from octavo.pipeline.writers.xlsx.styles import HAIRLINE, QUIET_INK, Styles

_FIRST_SERIAL_DAY = date(1900, 3, 1)  # as in cells.py
_VALUE_WIDTH = 34
_BESIDE_WIDTH = 18
_COMPARED = ("Now", "Before", "Change", "Change %")
_WIDEST_LABEL = 48


@dataclass
class _Page:
    """The sheet being written, from top to bottom: labels in column A, values in column B, and what they are compared with beside them."""

    sheet: Worksheet
    styles: Styles
    zone: str
    row: int = 0
    widest: int = 20
    metrics: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    """Where the figure of (section, column) stands."""

    def heading(self, text: str, titles: Sequence[str] = ("",)) -> None:
        """A heading; `titles` are those of the columns of values."""
        self.row += 1
        rule: dict[str, Any] = {"bold": True, "bottom": 1, "bottom_color": self.styles.accent, "font_color": self.styles.accent}
        self.sheet.write_string(self.row, 0, columns.held_text(text, "A heading"), self.styles.make(**rule))
        for column, title in enumerate(titles, start=1):
            if title:
                self.sheet.write_string(self.row, column, title, self.styles.make(align="right", **rule))
            else:
                self.sheet.write_blank(self.row, column, None, self.styles.make(**rule))
        self.row += 1

    def line(self, label: str, value: Any, number_format: str | None = None, beside: Sequence[tuple[Any, str | None]] = ()) -> None:
        """One label with its value: a number where a double holds it exactly, a date where there is a serial for it, or text; and other values,
        with their formats, beside it.
        """
        self.widest = max(self.widest, min(len(label) + 2, _WIDEST_LABEL))
        rule: dict[str, Any] = {"bottom": 1, "bottom_color": HAIRLINE, "valign": "vcenter", "text_wrap": True}
        self.sheet.write_string(self.row, 0, columns.held_text(label, "A label"), self.styles.make(font_color=QUIET_INK, **rule))
        plain = self.styles.make(align="left", **rule)
        right = self.styles.make(align="right", **rule)
        for column, (one, format_) in enumerate(((value, number_format), *beside), start=1):
            side = "left" if isinstance(one, date) else "right"
            formatted = self.styles.make(num_format=format_, align=side, **rule) if format_ else right
            self._value(column, one, right if one == NOT_AVAILABLE else plain, right, formatted)
        if (lines := max(columns.lines(label, _WIDEST_LABEL), columns.lines(value, _VALUE_WIDTH) if isinstance(value, str) else 1)) > 1:
            self.sheet.set_row(self.row, columns.height(lines))
        self.row += 1

    def _value(self, column: int, value: Any, plain: Format, right: Format, formatted: Format) -> None:
        match value:
            case None:
                self.sheet.write_blank(self.row, column, None, plain)
            case bool():
                self.sheet.write_boolean(self.row, column, value, right)
            case int() | Decimal():
                if columns.fits_double(Decimal(value)):
                    self.sheet.write_number(self.row, column, value, formatted)
                else:
                    self.sheet.write_string(self.row, column, format(value, "f") if isinstance(value, Decimal) else str(value), right)
            case datetime() if value.year >= 1901:
                self.sheet.write_datetime(self.row, column, value.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None), formatted)
            case date() if not isinstance(value, datetime) and value >= _FIRST_SERIAL_DAY:
                self.sheet.write_datetime(self.row, column, value, formatted)
            case _:
                self.sheet.write_string(self.row, column, columns.held_text(str(value), "A value of the summary"), plain)


def has_charts(document: Document) -> bool:
    return any(isinstance(section, Chart) for section in document.sections)


def write(sheet: Worksheet, workbook: Workbook, styles: Styles, document: Document, plans: tuple[SectionPlan, ...]) -> None:
    """Writes the sheet; reads every Metrics section."""
    page = _Page(sheet, styles, document.zone)
    _masthead(page, document)
    if document.parameters:
        page.heading("Parameters")
        for answer in document.parameters:
            page.line(answer.title, answer.shown)
    for section in document.tables:
        if isinstance(section.definition, definition.Metrics):
            _key_figures(page, document, section)
    _control_totals(page, document, plans)
    sheet.set_column(0, 0, page.widest)
    sheet.set_column(1, 1, _VALUE_WIDTH)
    gap = 2
    if any(section.compared for section in document.tables):
        gap = 1 + len(_COMPARED)
        sheet.set_column(2, gap - 1, _BESIDE_WIDTH)
    sheet.set_column(gap, gap, 3)
    sheet.hide_gridlines(2)
    drawn = [section for section in document.sections if isinstance(section, Chart)]
    charts.draw(sheet, workbook, styles, document, drawn, plans, page.metrics, gap + 1)


def _masthead(page: _Page, document: Document) -> None:
    title = page.styles.make(bold=True, font_size=18, font_color=page.styles.accent, valign="vcenter")
    page.sheet.set_row(0, 28)
    page.sheet.write_string(0, 0, columns.held_text(document.title, "The title"), title)
    page.sheet.write_string(1, 0, document.organization.name, page.styles.make(font_size=12))
    page.row = 2
    page.heading("Report")
    page.line("Key", document.report)
    page.line(f"Data as of ({document.zone})", document.taken_at, "yyyy-mm-dd hh:mm:ss")
    page.line("Personal data", "masked" if document.masked else "shown")
    page.line("Run", document.run_id)
    if document.requested_by:
        page.line("Requested by", document.requested_by)


def _key_figures(page: _Page, document: Document, section: Rows) -> None:
    """Its figures; where they are compared, with what they were, the change, and that in percent."""
    page.heading(section.title, _COMPARED if section.compared else ("",))
    by_name = {column.name: column for column in section.columns}
    for row in section.rows():
        values = dict(zip(by_name, row, strict=True))
        for column in section.columns:
            if column.name in section.beside:
                continue
            currency = values.get(getattr(column, "currency_column", None) or "")
            label = columns.heading(document, column, [currency] if currency else ())
            names = [column.name]
            if compared := section.compared.get(column.name):
                names += [compared.before, compared.change, compared.change_percent]
            page.metrics |= {(section.name, name): (page.row, place) for place, name in enumerate(names, start=1) if name}
            beside = [(values[name], _format(by_name[name])) if name else (None, None) for name in names[1:]]
            if compared and compared.change_percent and values[compared.change_percent] is None:
                beside[-1] = (NOT_AVAILABLE, None)
            page.line(label, values[column.name], columns.number_format(column), beside)


def _format(column: definition.Column) -> str | None:
    """The format of what stands beside a figure: its unit is that of the label, unless it is percentage points."""
    format_ = columns.number_format(column)
    unit = column.unit if isinstance(column, definition.Quantity) else ""
    return f'{format_}" {unit}"' if unit == comparison.POINTS else format_


def _control_totals(page: _Page, document: Document, plans: tuple[SectionPlan, ...]) -> None:
    """What each table holds, as the database counted it: its rows, and every digit of its totals."""
    for plan in plans:
        compared, beside = plan.section.compared, plan.section.beside
        page.heading(f"Control totals: {plan.section.title}", _COMPARED[:3] if compared else ("",))
        page.line("Rows", plan.section.control.rows, "#,##0")
        looks = {look.column.name: look for look in plan.looks}
        found = {(total.column, total.currency): total.value for total in plan.section.control.totals}
        told = [total for total in plan.section.control.totals if total.column not in beside]
        for total in sorted(told, key=lambda total: (plan.position(total.column), total.currency or "")):
            look = looks[total.column]
            names = [total.column, *((compared[total.column].before, compared[total.column].change) if total.column in compared else ())]
            sums = [(value := found[name, total.currency], _total_format(looks[name].column, value)) for name in names]
            several = len(columns.currencies(plan.section, look.column)) > 1
            label = f"{look.heading} ({total.currency or 'no currency'})" if several else look.heading
            page.line(label, *sums[0], sums[1:])


def _total_format(column: definition.Column, value: Decimal) -> str | None:
    """With every digit of the sum."""
    exponent = value.normalize().as_tuple().exponent if columns.fits_double(value) else 0
    return columns.number_format(column, max(getattr(column, "decimals", 0), -exponent if isinstance(exponent, int) else 0))
