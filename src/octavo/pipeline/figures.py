"""Key figures as people of a locale read them: with their unit or currency. The same in a PDF and in the mail that brings it."""

from collections.abc import Mapping
from typing import Any

from psycopg import sql

from octavo.pipeline import definition, locales
from octavo.pipeline.document import Compared, Document
from octavo.pipeline.locales import Conventions

NOT_AVAILABLE = "n/a"


def figure(column: definition.Column, values: Mapping[str, Any], conventions: Conventions, currency: str) -> str:
    """A key figure with its unit or currency; "" where there is none."""
    value = values[column.name]
    if value is None:
        return ""
    if isinstance(column, definition.Money):
        code = values[column.currency_column] if column.currency_column else column.currency or currency
        return conventions.money(value, code or currency, column.decimals)
    if isinstance(column, definition.Percent):
        return conventions.percent(value, column.decimals)
    shown = conventions.shower(column)(value)
    unit = (values[column.unit_column] if column.unit_column else column.unit) if isinstance(column, definition.Quantity) else ""
    return f"{shown}\N{NO-BREAK SPACE}{unit}" if unit else shown


def change(
    columns: Mapping[str, definition.Column], compared: Compared, values: Mapping[str, Any], conventions: Conventions, currency: str
) -> str:
    """How a key figure changed: "+£120.00 (+9.1 %)", "no change", or "n/a" where there is nothing to subtract or to divide by."""
    difference = values[compared.change]
    if difference is None:
        return NOT_AVAILABLE
    if not difference:
        return "no change"
    told = _signed(columns[compared.change], values, conventions, currency)
    if not compared.change_percent:
        return told
    return f"{told} ({_signed(columns[compared.change_percent], values, conventions, currency)})"


def _signed(column: definition.Column, values: Mapping[str, Any], conventions: Conventions, currency: str) -> str:
    value = values[column.name]
    told = figure(column, values, conventions, currency) or NOT_AVAILABLE
    return f"+{told}" if value is not None and value > 0 else told


def key_figures(document: Document) -> list[tuple[str, str]]:
    """Title and value of what a document tells in figures: its key figures, or the totals of its tables where it has none. Nothing personal."""
    conventions, currency = locales.named(document.locale), document.organization.currency
    for section in document.tables:
        if isinstance(section.definition, definition.Metrics):
            names = [column.name for column in section.columns]
            row = section.query.first(sql.SQL(", ").join(map(sql.Identifier, names)), 1)
            values = dict(zip(names, row[0], strict=True)) if row else dict.fromkeys(names)
            units = {getattr(column, "currency_column", None) or getattr(column, "unit_column", None) for column in section.columns}
            by_name = {column.name: column for column in section.columns}
            hidden = units | section.beside
            shown = [column for column in section.columns if column.numeric and not column.pii and column.name not in hidden]
            told = []
            for one in shown:
                value = figure(one, values, conventions, currency)
                if value and one.name in section.compared:
                    value = f"{value}, {change(by_name, section.compared[one.name], values, conventions, currency)}"
                told.append((one.title, value))
            return [(title, value) for title, value in told if value]
    totals: list[tuple[str, str]] = []
    for section in document.tables:
        columns = {column.name: column for column in section.columns if not column.pii}
        for total in section.control.totals:
            if column := columns.get(total.column):
                stands: dict[Any, Any] = {column.name: total.value, getattr(column, "currency_column", None): total.currency}
                stands.setdefault(getattr(column, "unit_column", None), None)
                totals.append((column.title, figure(column, stands, conventions, total.currency or currency)))
    return totals


def unit(column: definition.Column, currency: str) -> str:
    """The unit or currency that all values of a column are in, for its heading; "" where there is none, each row has its own, or the title names it."""
    found = ""
    if isinstance(column, definition.Money) and column.currency_column is None:
        found = column.currency or currency
    elif isinstance(column, definition.Quantity) and column.unit_column is None:
        found = column.unit
    elif isinstance(column, definition.Percent):
        found = "%"
    return "" if found in column.title.replace("(", " ").replace(")", " ").split() else found
