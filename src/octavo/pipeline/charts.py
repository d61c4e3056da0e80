"""Charts in the house style, as SVG: a clean Vega-Lite specification, the same picture in a PDF and on a page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Protocol

from octavo.pipeline import branding, definition, fonts
from octavo.pipeline.definition import Chart as Drawn
from octavo.pipeline.definition import Column
from octavo.pipeline.locales import Conventions

INK, MUTED, HAIRLINE = "#1c1e21", "#5f6368", "#e4e1d8"
FONT = "Source Sans Pro"
HEIGHT, LOW = 215, 180  # LOW: where a page lies on its side

# A chart is drawn for type of 10 units, which a PDF sets at 7.6 points.
UNITS_TO_A_POINT = 1.32


class Chart(Protocol):
    """What is drawn: `columns` are x and then each y. document.Chart is one, and a page may have others."""

    @property
    def definition(self) -> Drawn: ...
    @property
    def columns(self) -> tuple[Column, ...]: ...


@dataclass(frozen=True)
class Style:
    """What differs from house to house: the accent (#rrggbb), the organization's currency for amounts that name none, the width
    and the height in units of the picture, and what is done to text before it is shown.
    """

    accent: str
    currency: str
    width: float = 640
    height: float = HEIGHT
    shown: Callable[[str], str] = str


def draw(chart: Chart, points: Sequence[tuple[Any, ...]], conventions: Conventions, style: Style) -> str:
    """The chart of these points (x, then each y) as SVG."""
    drawn = specification(chart, points, conventions, style)
    return str(_renderer().vegalite_to_svg(drawn, format_locale=_numbers(conventions), time_format_locale=_times(conventions)))


def specification(chart: Chart, points: Sequence[tuple[Any, ...]], conventions: Conventions, style: Style) -> dict[str, Any]:
    """The Vega-Lite specification of the chart. Categories keep the order of the query; a line over dates is spaced by time."""
    shown = style.shown
    x, *figures = chart.columns
    mark_type = chart.definition.mark
    timed = mark_type != "bar" and x.kind in ("date", "instant") and bool(points) and all(isinstance(point[0], date) for point in points)
    monthly = x.kind == "date" and bool(points) and all(isinstance(point[0], date) and point[0].day == 1 for point in points)
    label = conventions.month if monthly else conventions.shower(x)
    titles = [shown(column.title) for column in figures]
    values = [
        {"x": _moment(point[0]) if timed else shown(label(point[0])), "y": _coordinate(value), "series": title}
        for point in points
        for title, value in zip(titles, point[1:], strict=True)
    ]
    axis_x: dict[str, Any] = {"title": None, "labelAngle": 0 if timed or _fits(values, style.width) else -40, "labelOverlap": True}
    if timed and x.kind == "date":
        axis_x |= {"format": _date_format([point[0] for point in points], conventions, monthly), "tickCount": 8}
    colours = [style.accent, *branding.SERIES]
    encoding: dict[str, Any] = {
        "x": {"field": "x", "type": "temporal" if timed else "nominal", "sort": None, "axis": axis_x, "scale": {"type": "utc"} if timed else {"paddingInner": 0.35}},
        "y": {"field": "y", "type": "quantitative", "stack": "zero" if mark_type == "area" else None, "axis": {"title": _unit(figures, style.currency), "tickCount": 5}},
        "color": {"field": "series", "type": "nominal", "sort": titles, "scale": {"domain": titles, "range": [colours[place % len(colours)] for place in range(len(titles))]},
                  "legend": {"title": None, "orient": "top", "offset": 26} if len(figures) > 1 else None},
    }  # fmt: skip
    if len(figures) > 1 and mark_type == "bar":
        encoding["xOffset"] = {"field": "series", "sort": titles}
    marks: dict[str, dict[str, Any]] = {
        "bar": {},
        "line": {"strokeWidth": 1.8, "point": {"size": 18} if len(points) <= 40 else False},
        "area": {"opacity": 0.85},
    }
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": style.width,
        "height": style.height,
        "autosize": {"type": "fit", "contains": "padding"},
        "data": {"values": values},
        "mark": {"type": mark_type, **marks[mark_type]},
        "encoding": encoding,
        "config": _STYLE,
    }


def description(chart: Chart, points: Sequence[tuple[Any, ...]], conventions: Conventions) -> str:
    """The chart in words, for those who cannot see it."""
    x, *figures = chart.columns
    kind = {"bar": "Bar chart", "line": "Line chart", "area": "Area chart"}[chart.definition.mark]
    said = f"{kind}: {' and '.join(column.title for column in figures)} by {x.title}, {len(points)} points."
    for place, column in enumerate(figures, 1):
        known = [(point[place], point[0]) for point in points if _coordinate(point[place]) is not None]
        if known:
            show, at = conventions.shower(column), conventions.shower(x)
            low, high = min(known, key=lambda pair: pair[0]), max(known, key=lambda pair: pair[0])
            said += f" {column.title} runs from {show(low[0])} ({at(low[1])}) to {show(high[0])} ({at(high[1])})."
    return said


def _fits(values: Sequence[dict[str, Any]], width: float) -> bool:
    """Whether the labels of the categories stand beside each other."""
    labels = {str(value["x"]) for value in values}
    return sum(10 * fonts.regular().width(label) + 12 for label in labels) < width - 60


def _date_format(days: Sequence[date], conventions: Conventions, monthly: bool) -> str:
    """How dates stand on an axis, in the signs of d3: in the order of the locale, and with the year only where it matters."""
    if monthly:
        return "%b %Y"
    day = "%-d %b" if conventions.date(days[0])[:1].isdigit() else "%b %-d"
    return f"{day} %Y" if len({moment.year for moment in days}) > 1 else day


def _unit(figures: Sequence[definition.Column], currency: str) -> str | None:
    """The unit that all figures share, as the title of their axis."""
    units = {_unit_of(column, currency) for column in figures}
    return (units.pop() or None) if len(units) == 1 else None


def _unit_of(column: definition.Column, currency: str) -> str:
    if isinstance(column, definition.Money):
        return "" if column.currency_column else column.currency or currency
    if isinstance(column, definition.Percent):
        return "%"
    return getattr(column, "unit", "")


def _moment(value: date) -> str:
    """A date or time of day as it stands on the clock there, which the chart takes for UTC and so does not move."""
    return f"{value.replace(tzinfo=None).isoformat()}Z" if isinstance(value, datetime) else value.isoformat()


def _coordinate(value: Any) -> float | None:
    """A place on paper: the only thing for which a figure becomes a float."""
    return None if value is None or not Decimal(value).is_finite() else float(value)


def _numbers(conventions: Conventions) -> dict[str, Any]:
    return {
        "decimal": conventions.decimal,
        "thousands": conventions.group,
        "grouping": [3],
        "currency": ["", ""],
        "minus": "\N{MINUS SIGN}",
    }


def _times(conventions: Conventions) -> dict[str, Any]:
    """The names of days and months, as d3 wants them."""
    days, months = conventions.locale.days["format"], conventions.locale.months["format"]
    sunday_first = [6, 0, 1, 2, 3, 4, 5]
    return {
        "dateTime": "%x, %X",
        "date": "%d %b %Y",
        "time": "%H:%M",
        "periods": ["AM", "PM"],
        "days": [days["wide"][day] for day in sunday_first],
        "shortDays": [days["abbreviated"][day] for day in sunday_first],
        "months": [months["wide"][month] for month in range(1, 13)],
        "shortMonths": [months["abbreviated"][month] for month in range(1, 13)],
    }


@cache
def _renderer() -> Any:
    """vl-convert, imported when a chart is first drawn, with the fonts of the house."""
    import vl_convert

    vl_convert.register_font_directory(str(fonts.folder()))
    return vl_convert


_STYLE: dict[str, Any] = {
    "background": None,
    "font": FONT,
    "padding": 2,
    "view": {"stroke": None},
    "axis": {
        "labelColor": MUTED,
        "titleColor": MUTED,
        "labelFontSize": 10,
        "titleFontSize": 10,
        "titleFontWeight": "normal",
        "domain": False,
        "ticks": False,
        "labelPadding": 6,
    },
    "axisX": {"grid": False, "domain": True, "domainColor": INK, "domainWidth": 0.6},
    "axisY": {
        "grid": True,
        "gridColor": HAIRLINE,
        "gridWidth": 0.6,
        "titleAngle": 0,
        "titleAlign": "left",
        "titleAnchor": "end",
        "titleY": -8,
        "titleX": 0,
    },
    "legend": {"labelColor": INK, "labelFontSize": 10, "symbolSize": 70},
}
