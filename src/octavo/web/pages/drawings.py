"""Charts on a page: the SVG of pipeline/charts.py, in the colours of the page, with nothing in it that the Content-Security-Policy would stop."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal
from xml.etree import ElementTree

from markupsafe import Markup

from octavo.pipeline import charts, definition
from octavo.pipeline.definition import Column
from octavo.pipeline.document import Organization
from octavo.pipeline.locales import Conventions, named

_SVG = "{http://www.w3.org/2000/svg}"
_DRAWN = {"svg", "g", "path", "line", "rect", "text", "circle"}
_SAID = {
    "viewBox", "d", "x", "y", "x1", "x2", "y1", "y2", "width", "height", "cx", "cy", "r", "transform", "fill", "fill-opacity", "stroke",
    "stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-miterlimit", "stroke-linecap", "stroke-linejoin", "opacity", "text-anchor",
    "font-size", "font-weight", "display",
}  # fmt: skip
_TONES = {charts.INK: "var(--ink)", charts.MUTED: "var(--soft)", charts.HAIRLINE: "var(--hair)"}
_ACCENT = "#0f5c5c"
"""Drawn in ours; on the page it is the organization's."""


@dataclass(frozen=True)
class Picture:
    """A chart of figures that no report holds: `columns` are x and then each y."""

    definition: definition.Chart
    columns: tuple[Column, ...]


def bars(title: str, x: Column, figures: Sequence[Column]) -> Picture:
    """A bar chart of these columns."""
    return _picture("bar", title, x, figures)


def lines(title: str, x: Column, figures: Sequence[Column]) -> Picture:
    """A line chart of these columns; over dates it is spaced by time."""
    return _picture("line", title, x, figures)


def _picture(mark: Literal["bar", "line"], title: str, x: Column, figures: Sequence[Column]) -> Picture:
    names = tuple(column.name for column in figures)
    return Picture(definition.Chart("figures", title, of="figures", x=x.name, y=names, mark=mark), (x, *figures))


def inline(
    chart: charts.Chart, points: Sequence[tuple[Any, ...]], organization: Organization, *, width: float = 480, height: float = 170
) -> Markup:
    """The chart of these points, to stand in a page; it says in words what it shows."""
    return _drawn(Picture(chart.definition, chart.columns), tuple(points), named(organization.locale), organization.currency, width, height)


@lru_cache(maxsize=500)
def _drawn(
    chart: Picture, points: tuple[tuple[Any, ...], ...], conventions: Conventions, currency: str, width: float, height: float
) -> Markup:
    style = charts.Style(_ACCENT, currency, width, height)
    return clean(
        charts.draw(chart, points, conventions, style), f"{chart.definition.title}. {charts.description(chart, points, conventions)}"
    )


def clean(svg: str, words: str) -> Markup:
    """An SVG with the elements and attributes of a drawing alone, in the page's colours, as wide as its place; `words` say what it shows."""
    root = ElementTree.fromstring(svg)
    drawn = _cleaned(root)
    for name in ("width", "height"):
        drawn.attrib.pop(name, None)
    drawn.attrib |= {"role": "img", "aria-label": words}
    return Markup(ElementTree.tostring(drawn, encoding="unicode"))  # what is text in it was escaped just now


def _cleaned(element: ElementTree.Element) -> ElementTree.Element:
    attributes = {name: _tone(value) for name, value in element.attrib.items() if name in _SAID}
    made = ElementTree.Element(element.tag.removeprefix(_SVG), attributes)
    made.text = element.text
    made.extend(_cleaned(child) for child in element if child.tag.removeprefix(_SVG) in _DRAWN)
    return made


def _tone(value: str) -> str:
    return "var(--accent)" if value.lower() == _ACCENT else _TONES.get(value.lower(), value)
