"""Every report with a period, compared: what was before is what the report itself says of those days, in every format; the others refuse it."""

import csv
import json
from collections import Counter
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import babel.numbers
import pdfplumber
import pytest

from octavo.database.connection import Database
from octavo.errors import UsageError
from octavo.pipeline import catalog, comparison, definition, parameters, readback, verify
from octavo.pipeline.catalog import Entry
from octavo.pipeline.document import Organization
from octavo.pipeline.periods import DateRange, Period
from octavo.pipeline.run import Artefact
from tests import examples
from tests.conftest import Render

ENTRIES = catalog.installed().entries
COMPARED = {
    key: entry
    for key, entry in ENTRIES.items()
    if parameters.periods_of(entry.report.parameters) and any(comparison.comparable(section) for section in entry.report.sections)
}
OTHERS = {key: entry for key, entry in ENTRIES.items() if key not in COMPARED}
every_compared = pytest.mark.parametrize("entry", COMPARED.values(), ids=COMPARED.keys())

Sections = dict[str, list[dict[str, Any]]]


def test_the_reports_that_are_compared_are_those_with_figures_of_a_period() -> None:
    assert {
        "energy.compliance", "energy.expense_by_category", "energy.financial_summary", "energy.generation_summary", "energy.invoice_aging",
        "energy.ld_summary", "outreach.campaign", "outreach.deliverability", "outreach.workspace_summary", "retail.audit_log", "retail.customers",
        "retail.inventory", "retail.sales", "services.invoice_settlement_time", "services.payments_received", "services.quote_cycle_time",
        "services.time_approvals",
    } <= set(COMPARED)  # fmt: skip


@every_compared
def test_what_was_before_is_what_the_report_says_of_those_days(
    entry: Entry, render: Render, database: Database, organization: Organization
) -> None:
    """The example's days are those before: the report is asked for the days that follow them."""
    example = examples.seed(database, organization, entry)
    asked = following(entry, example)
    then, now = read(render(entry.key, "json", example)), read(render(entry.key, "json", asked))
    artefact = render(entry.key, "json", asked, compare="previous_period")
    verify.verify(Path(artefact.place))
    sections = read(artefact)
    assert list(sections) == list(now)
    figures = 0
    for section in entry.report.sections:
        if isinstance(section, definition.Chart):
            continue
        if not comparison.comparable(section):
            assert sections[section.name] == now[section.name]
            continue
        names = [column.name for column in examples.columns(section) if column.numeric]
        labels = [column.name for column in section.columns if column.kind == "text" and not isinstance(section, definition.Metrics)]
        found = sections[section.name]
        for suffix, truth in (("", now[section.name]), ("_before", then[section.name])):
            assert side(found, labels, [name + suffix for name in names]) == side(truth, labels, names), (section.name, suffix)
        totals = {
            column.name for column in section.columns if getattr(column, "total", False) and not isinstance(section, definition.Metrics)
        }
        percents = {column.name for column in examples.columns(section) if column.kind == "percent"}
        for row in found:
            for name in names:
                check_change(row, name, counts_from_nothing=name in totals, of_percent=name in percents)
                figures += 1
    assert figures


def following(entry: Entry, example: dict[str, Any]) -> dict[str, Any]:
    """The same question of the days that follow: of as many whole months, or of as many days."""
    first, *others = parameters.periods_of(entry.report.parameters)
    days = resolved(example[first])
    after = (days.end.year - days.start.year) * 12 + days.end.month - days.start.month if days.start.day == days.end.day == 1 else 0
    asked = {**example, first: _said(days.end, _later(days.end, after) if after else days.end + (days.end - days.start))}
    for name in others:
        if name in example:
            last = resolved(example[name]).last_day
            assert after
            ends_month = (last + timedelta(days=1)).day == 1
            moved = _later(last.replace(day=1), after + 1) - timedelta(days=1) if ends_month else _later(last, after)
            asked[name] = moved.isoformat()
    return asked


def resolved(said: str) -> DateRange:
    return Period.parse(said).resolve(date(2014, 1, 1), "UTC")


def _said(start: date, end: date) -> str:
    return f"{start}/{end - timedelta(days=1)}"


def _later(day: date, months: int) -> date:
    whole = day.year * 12 + day.month - 1 + months
    return day.replace(year=whole // 12, month=whole % 12 + 1)


def read(artefact: Artefact) -> Sections:
    told = json.loads(Path(artefact.place).read_text(encoding="utf-8"), parse_float=Decimal)["sections"]
    return {name: [rows] if isinstance(rows, dict) else rows for name, rows in told.items()}


def side(rows: list[dict[str, Any]], labels: list[str], names: list[str]) -> Counter[tuple[Any, ...]]:
    """The rows of one period with their texts; those without any figure are not told apart from those that are not there."""
    told = [tuple(row[name] for name in (*labels, *names)) for row in rows]
    return Counter(row for row in told if any(figure is not None for figure in row[len(labels) :]))


def check_change(row: dict[str, Any], name: str, *, counts_from_nothing: bool, of_percent: bool) -> None:
    now, before, change = row[name], row[f"{name}_before"], row[f"{name}_change"]
    if counts_from_nothing and not now is before is None:
        assert change == (now or 0) - (before or 0), (name, row)
    elif now is None or before is None:
        assert change is None, (name, row)
    else:
        assert change == now - before, (name, row)
    if of_percent:
        assert f"{name}_change_percent" not in row
        return
    percent = row[f"{name}_change_percent"]
    if change is None or not before:
        assert percent is None, (name, row)
    else:
        assert percent == (100 * Decimal(change) / abs(Decimal(before))).quantize(Decimal("0.0001"), ROUND_HALF_UP), (name, row)


@every_compared
def test_every_format_holds_the_same_comparison(entry: Entry, render: Render, database: Database, organization: Organization) -> None:
    asked = following(entry, examples.seed(database, organization, entry))
    made = {format: render(entry.key, format, asked, compare="previous_period") for format in ("json", "csv", "xlsx", "pdf")}
    for artefact in made.values():
        verify.verify(Path(artefact.place))
        assert artefact.manifest.parameters["compare"]["how"] == "previous_period"
        assert artefact.manifest.sections == made["json"].manifest.sections or artefact.manifest.rows == made["json"].manifest.rows
    cells = {format: numbers(made[format]) for format in ("json", "csv", "xlsx")}
    assert cells["csv"] == cells["json"]
    for name, rows in cells["xlsx"].items():
        assert rows == cells["json"][name], name
    with pdfplumber.open(made["pdf"].place) as pdf:
        pressed = "".join("".join((page.extract_text() or "").split()) for page in pdf.pages)
    assert "Comparedwithpreviousperiod," in pressed
    for section in entry.report.sections:
        if not isinstance(section, definition.Chart) and comparison.comparable(section):
            for row in read(made["json"])[section.name]:
                for column in section.columns:
                    if column.numeric and (before := row[f"{column.name}_before"]) is not None:
                        assert shown(before, getattr(column, "decimals", 0), organization.locale) in pressed, (section.name, column.name)


def numbers(artefact: Artefact) -> dict[str, list[list[Decimal | None]]]:
    """The numbers of every section that has rows of its own, by readers that share no code with the writers."""
    found: dict[str, list[list[Decimal | None]]] = {}
    for section, row in readback.READERS[artefact.manifest.format](Path(artefact.place), artefact.manifest):
        numeric = [place for place, column in enumerate(section.columns) if column.kind in ("integer", "quantity", "money", "percent")]
        texts = [row[place] for place in numeric]
        found.setdefault(section.name, []).append([Decimal(text) if text is not None else None for text in texts])
    if artefact.manifest.format == "xlsx":  # key figures stand on its summary sheet, which is no table
        return {section.name: found.get(section.name, []) for section in artefact.manifest.sections if section.kind != "metrics"}
    return {section.name: found.get(section.name, []) for section in artefact.manifest.sections}


def shown(value: Any, decimals: int, locale: str) -> str:
    rounded = abs(Decimal(value).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP))
    return babel.numbers.format_decimal(rounded, "#,##0" + ("." + "0" * decimals if decimals else ""), locale=locale)


@pytest.mark.parametrize("entry", OTHERS.values(), ids=OTHERS.keys())
def test_what_has_no_period_or_no_figures_refuses_it(entry: Entry, render: Render, tmp_path: Path) -> None:
    asked = json.loads((entry.folder / "example" / "params.json").read_text(encoding="utf-8"))
    with pytest.raises(UsageError, match=f"{entry.key} (is about no period|has only rows here)"):
        render(entry.key, "csv", asked, compare="previous_period")
    assert list(tmp_path.glob(f"{entry.key}*")) == []


def test_a_csv_calls_what_stands_beside_a_figure_by_its_name(render: Render, database: Database, organization: Organization) -> None:
    asked = examples.seed(database, organization, ENTRIES["retail.sales"])
    artefact = render("retail.sales", "csv", asked, compare="same_period_last_year", sections=("by_country",))
    with Path(artefact.place).open(encoding="utf-8", newline="") as file:
        header = next(csv.reader(file))
    assert header[-7:] == [
        "revenue", "revenue_before", "revenue_change", "revenue_change_percent", "share", "share_before", "share_change",
    ]  # fmt: skip
