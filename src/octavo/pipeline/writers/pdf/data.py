"""A document as the JSON that layouts read: everything is text in the locale of the document, or a length in points.

What a layout finds in it is described in docs/write-a-report.md and used in layouts/octavo.typ.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from octavo.pipeline import branding, charts, definition, figures, locales
from octavo.pipeline.document import Answer, Chart, Document, Rows
from octavo.pipeline.earlier import Earlier
from octavo.pipeline.locales import Conventions
from octavo.pipeline.periods import DateRange
from octavo.pipeline.writers.pdf import measure, tables, wrapping
from octavo.pipeline.writers.pdf.characters import Characters

_LOGO = "logo.png"


@dataclass(frozen=True)
class Printed:
    """A table, measured: its lines, the size of its text, the widths of its columns, and how high each line is."""

    table: tables.Lines
    size: float
    widths: Sequence[float]
    rows: Sequence[wrapping.Row]


@dataclass(frozen=True)
class Content:
    """The whole document: `header` for every page, its sections in order, each ready as JSON or a table in lines, and the files that it shows."""

    header: dict[str, Any]
    sections: tuple[dict[str, Any] | Printed, ...]
    files: Mapping[str, bytes]

    @property
    def lines(self) -> int:
        return sum(len(section.table.lines) for section in self.sections if isinstance(section, Printed))

    def ends_with_sums(self, section: int, line: int) -> bool:
        """Whether nothing but sums follows in that table from that line on."""
        printed = self.sections[section]
        return isinstance(printed, Printed) and all(following.kind in ("subtotal", "total") for following in printed.table.lines[line:])


def content(document: Document, paper: str, characters: Characters) -> Content:
    """Reads every section of the document, once, and lays out its tables. Raises Torn."""
    conventions = locales.named(document.locale)
    own_layout = document.layout is not None
    read: list[dict[str, Any] | tables.Lines | Chart] = []
    for section in document.sections:
        if isinstance(section, Chart):
            read.append(section)
        elif isinstance(section.definition, definition.Metrics):
            read.append(_metrics(section, document, conventions, characters, own_layout))
        else:
            table = tables.lines(section, conventions, characters, document.organization.currency, records=own_layout)
            read.extend([table] if own_layout else tables.parts(table, section.compared, lambda part: measure.fits(part, paper)))
    asked = {place: measure.columns(table) for place, table in enumerate(read) if isinstance(table, tables.Lines)}
    page = measure.sheet([] if own_layout else list(asked.values()), paper)
    printed: list[dict[str, Any] | Printed] = []
    for place, part in enumerate(read):
        if isinstance(part, tables.Lines):
            printed.append(_printed(part, asked[place], page))
        else:
            printed.append(_chart(part, document, conventions, characters, page) if isinstance(part, Chart) else part)
    logo = branding.logo(document.organization.branding)
    header = _header(document, page, conventions, characters)
    header["logo"] = {"file": f"/{_LOGO}", "width": logo.width, "height": logo.height} if logo else None
    return Content(header, tuple(printed), {_LOGO: logo.png} if logo else {})


def _printed(table: tables.Lines, asked: list[measure.Column], page: measure.Sheet) -> Printed:
    size = measure.size(asked, page)
    widths = measure.widths(asked, page, size)
    return Printed(table, size, widths, wrapping.wrap(table, widths, size))


def _header(document: Document, page: measure.Sheet, conventions: Conventions, characters: Characters) -> dict[str, Any]:
    shown, organization = characters.shown, document.organization
    brand = organization.branding
    facts = [[shown(answer.title), shown(_asked(answer, conventions))] for answer in document.parameters if answer.shown]
    facts.append(["Times in", shown(document.zone)])
    if document.masked:
        facts.append(["Personal data", "masked"])
    read = sum(section.rows_read for section in document.tables)
    made = f"{conventions.instant(document.taken_at)} {document.zone}"
    complete = f"complete: {conventions.number(read, 0)} of {conventions.number(document.rows, 0)} rows"
    if document.first_rows is not None:
        complete = f"example: at most the first {conventions.number(document.first_rows, 0)} rows of each table"
    foot = [shown(str(brand["footer"]))] if brand.get("footer") else []
    return {
        "title": shown(document.title),
        "description": shown(document.description),
        "lang": conventions.language,
        "region": conventions.territory or None,
        "accent": branding.accent(document.organization.branding),
        "organization": {
            "name": shown(organization.name),
            "address": [shown(line) for line in _address(brand.get("address", ()))],
            "vat_number": shown(str(brand.get("vat_number", "") or "")),
            "bank": [[shown(str(label)), shown(str(value))] for label, value in _bank(brand.get("bank"))],
        },
        "parameters": facts,
        "foot": [*foot, "  ·  ".join((f"Run {document.run_id}", f"made {made}", complete))],
        "page": {"width": page.width, "height": page.height},
    }


def _asked(answer: Answer, conventions: Conventions) -> str:
    """What a parameter was, its dates and numbers by the locale. The zone of a period stands beside it as that of all times."""
    match answer.value:
        case DateRange() as period:
            return _days(period, conventions)
        case Earlier() as earlier:
            return earlier.told(lambda days: _days(days, conventions))
        case date() as day:
            return conventions.date(day)
        case Decimal() as number if answer.shown == str(number):
            exponent = number.as_tuple().exponent
            return conventions.number(number, max(0, -exponent if isinstance(exponent, int) else 0))
    return answer.shown


def _days(period: DateRange, conventions: Conventions) -> str:
    first, last = conventions.date(period.start), conventions.date(period.last_day)
    return first if first == last else f"{first} \N{EN DASH} {last}"


def _address(address: Any) -> list[str]:
    return address.splitlines() if isinstance(address, str) else [str(line) for line in address or ()]


def _bank(bank: Any) -> Sequence[tuple[Any, Any]]:
    pairs = bank.items() if isinstance(bank, Mapping) else bank or ()
    return [(label, value) for label, value in pairs]


def _metrics(section: Rows, document: Document, conventions: Conventions, characters: Characters, own_layout: bool) -> dict[str, Any]:
    values = dict(zip((column.name for column in section.columns), next(iter(list(section.rows()))), strict=True))
    hidden = {tables.key_column(column) for column in section.columns} | section.beside
    told = [column for column in section.columns if column.name not in hidden]
    shown = [
        [
            characters.shown(column.title),
            characters.shown(figures.figure(column, values, conventions, document.organization.currency)) or tables.NOTHING,
        ]
        for column in told
    ]
    made: dict[str, Any] = {"kind": "metrics", "name": section.name, "title": characters.shown(section.title), "figures": shown}
    made["changes"] = [_changed(section, column, values, document, conventions, characters) for column in told]
    if own_layout:
        made["names"] = list(values)
        made["records"] = [[characters.shown(conventions.shower(column)(values[column.name])) for column in section.columns]]
    return made


def _changed(
    section: Rows,
    column: definition.Column,
    values: Mapping[str, Any],
    document: Document,
    conventions: Conventions,
    characters: Characters,
) -> list[str]:
    """The lines under a figure: how it changed, and what it was before; none where nothing is compared."""
    if (compared := section.compared.get(column.name)) is None:
        return []
    by_name, currency = {one.name: one for one in section.columns}, document.organization.currency
    before = figures.figure(by_name[compared.before], values, conventions, currency) or tables.NOTHING
    change = figures.change(by_name, compared, values, conventions, currency)
    return [characters.shown(change), characters.shown(f"before {before}")]


def _chart(section: Chart, document: Document, conventions: Conventions, characters: Characters, page: measure.Sheet) -> dict[str, Any]:
    points = list(section.rows())
    style = charts.Style(
        branding.accent(document.organization.branding),
        document.organization.currency,
        width=page.room * charts.UNITS_TO_A_POINT,
        height=charts.HEIGHT if page.upright else charts.LOW,
        shown=characters.shown,
    )
    return {
        "kind": "chart",
        "name": section.name,
        "title": characters.shown(section.title),
        "svg": charts.draw(section, points, conventions, style) if points else "",
        "alt": characters.shown(charts.description(section, points, conventions)),
    }
