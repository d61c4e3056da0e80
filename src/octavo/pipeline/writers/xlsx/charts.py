"""Native charts on the summary sheet, drawn from the cells of the tables."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from octavo.pipeline import branding, definition
from octavo.pipeline.document import Chart, Document
from octavo.pipeline.writers.xlsx import columns
from octavo.pipeline.writers.xlsx.plan import SUMMARY, SectionPlan
from octavo.pipeline.writers.xlsx.styles import HAIRLINE, INK, QUIET_INK, Styles

_FIRST_DAY = date(1899, 12, 30)  # number 0
_MOST_POINTS = 32_000  # of one series, by the published limits of the older spreadsheets
_WIDTH, _HEIGHT = 620, 320  # pixels
_ROWS_HIGH = 17
_FEW_LABELS = 12
_SHORT_LABEL = 14

Cell = tuple[int, int]


def draw(
    sheet: Worksheet, workbook: Workbook, styles: Styles, document: Document, charts: list[Chart], plans: tuple[SectionPlan, ...],
    metrics: dict[tuple[str, str], Cell], first_column: int,
) -> None:  # fmt: skip
    """Draws each chart beside the summary, from `first_column` on, one under the other. `metrics` says where a key figure stands."""
    by_section = {plan.section.name: plan for plan in plans}
    row = 2
    for chart in charts:
        of, plan = chart.definition.of, by_section.get(chart.definition.of)
        points = plan.section.control.rows if plan else 1
        note = ""
        if plan and (len(plan.sheets) > 1 or points > _MOST_POINTS):
            note = f"{chart.title}: {points:,} points are more than a spreadsheet draws; they are on the sheet {plan.sheets[0].name}"
        elif not plan and not any(section == of for section, _ in metrics):
            note = f"{chart.title}: its figures, the section {of}, were left out"
        if note:
            sheet.write_string(row, first_column, columns.held_text(note, "A chart's title"), styles.make(font_color=QUIET_INK))
            row += 2
        elif points:
            sheet.insert_chart(
                row,
                first_column,
                _drawing(workbook, styles, document, chart, plan, metrics),
                {"object_position": 3, "description": chart.title},
            )
            row += _ROWS_HIGH


def _drawing(
    workbook: Workbook, styles: Styles, document: Document, chart: Chart, plan: SectionPlan | None, metrics: dict[tuple[str, str], Cell]
) -> Any:
    x, *ys = chart.columns
    points = [list(values) for values in zip(*chart.rows(), strict=True)]
    lengths = [len(str(value)) for value in points[0]] if points else []
    lying = chart.definition.mark == "bar" and x.kind == "text" and (len(lengths) > _FEW_LABELS or max(lengths, default=0) > _SHORT_LABEL)
    kind = {"bar": "bar" if lying else "column", "line": "line", "area": "area"}[chart.definition.mark]
    drawing = workbook.add_chart({"type": kind})
    for index, (y, colour) in enumerate(zip(ys, _palette(styles, len(ys)), strict=True)):
        series: dict[str, Any] = {
            "name": y.title,
            "categories": _cells(chart, plan, metrics, x.name),
            "values": _cells(chart, plan, metrics, y.name),
            "values_data": [_number(value) for value in points[index + 1]] if points else [],
            "line": {"color": colour, "width": 2} if kind == "line" else {"none": True},
            "gap": 60,
        }
        if kind != "line":
            series["fill"] = {"color": colour}
        if points:
            series["categories_data"] = [_category(value) for value in points[0]]
        drawing.add_series(series)
    drawing.set_title({"name": chart.title, "overlay": False, "name_font": {"size": 12, "bold": True, "color": INK}})
    drawing.set_legend({"position": "bottom"} if len(ys) > 1 else {"none": True})
    drawing.set_size({"width": _WIDTH, "height": _HEIGHT})
    drawing.set_chartarea({"border": {"color": HAIRLINE}})
    _set_axes(drawing, document, x, ys, lying=lying)
    return drawing


def _set_axes(drawing: Any, document: Document, x: definition.Column, ys: list[definition.Column], *, lying: bool) -> None:
    font = {"color": QUIET_INK, "size": 9, "bold": False}
    labels: dict[str, Any] = {"num_font": font, "line": {"color": HAIRLINE}, "major_tick_mark": "none"}
    if x.kind == "date":
        labels |= {"date_axis": True, "num_format": "yyyy-mm-dd"}
    elif x.kind == "instant":
        labels |= {"num_format": "yyyy-mm-dd hh:mm"}
    if lying:
        labels["reverse"] = True  # the first row on top, as in the table
    labels["label_position"] = "low"  # clear of bars below zero
    figures = {
        "num_font": font,
        "num_format": columns.number_format(ys[0], 0 if ys[0].kind != "percent" else None) or "General",
        "major_gridlines": {"visible": True, "line": {"color": HAIRLINE, "width": 0.75}},
        "line": {"none": True},
        "major_tick_mark": "none",
    }
    if len({columns.heading(document, y) for y in ys}) == 1:
        figures |= {"name": columns.heading(document, ys[0]), "name_font": font}
    if lying:
        figures["label_position"] = "high"  # at the foot of a reversed axis
    # In a chart of lying bars XlsxWriter calls the axis of the figures, which lies too, x.
    across, up = (figures, labels) if lying else (labels, figures)
    drawing.set_x_axis(across)
    drawing.set_y_axis(up)


def _cells(chart: Chart, plan: SectionPlan | None, metrics: dict[tuple[str, str], Cell], name: str) -> list[Any]:
    if plan is None:
        row, column = metrics[chart.definition.of, name]
        return [SUMMARY, row, column, row, column]
    return [plan.sheets[0].name, 1, plan.position(name), plan.sheets[0].rows, plan.position(name)]


def _palette(styles: Styles, count: int) -> list[str]:
    colours = [styles.accent, *branding.SERIES]
    return [colours[index % len(colours)] for index in range(count)]


def _category(value: Any) -> str:
    """What a viewer that does not read the cells shows of them: a date as its number, which the axis formats."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return str((value - _FIRST_DAY).days)
    return "" if value is None else str(value)


def _number(value: Any) -> str | None:
    return format(value, "f") if isinstance(value, Decimal) and value.is_finite() else str(value) if isinstance(value, int) else None
