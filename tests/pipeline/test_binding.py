"""Binding: sections of a report in one snapshot, with their control figures counted before anything is read."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from octavo.database.connection import Database
from octavo.errors import DefinitionError, NotFound, Torn
from octavo.pipeline import parameters
from octavo.pipeline.binding import Request, bind
from octavo.pipeline.definition import Breakdown, Chart, Integer, Metrics, Money, Section, Table, Text
from octavo.pipeline.document import Chart as BoundChart
from octavo.pipeline.document import Document, Organization
from octavo.pipeline.snapshot import Snapshot, open_snapshot
from tests.packs_for_tests import inline

FIGURES = Metrics("figures", "Figures", query="figures.sql", columns=(Integer("n", "N"),))
GROUPS = Breakdown("groups", "Groups", query="groups.sql", share_of="n", columns=(Text("name", "Name"), Integer("n", "N", total=True)))
PICTURE = Chart("picture", "Picture", of="groups", x="name", y=("n",))
ROWS = Table("rows", "Rows", query="rows.sql", columns=(Text("name", "Name", pii=True), Money("price", "Price", total=True)))

QUERIES = {
    "figures": "select 3 as n",
    "groups": "select * from (values ('a', 1), ('b', 2), (null, 5), ('d', null)) as v (name, n)",
    "picture": "select * from (values ('a', 1), ('b', 2), (null, 5), ('d', null)) as v (name, n)",
    "rows": "select * from (values ('x', 1.10), ('y', 2.20)) as v (name, price)",
}


@pytest.fixture
def snapshot(database: Database, organization: Organization) -> Iterator[Snapshot]:
    with open_snapshot(database, organization, "UTC") as opened:
        yield opened


def bound(
    snapshot: Snapshot, *sections: Section, queries: dict[str, str] = QUERIES, told: list[Any] | None = None, **asked: Any
) -> Document:
    entry = inline.report(sections, queries).entries[inline.KEY]
    request = Request(inline.KEY, snapshot.organization, "csv", **asked)
    told = [] if told is None else told
    return bind(
        entry, request, parameters.parse(entry, {}), snapshot, "0123456789abcdef", lambda section, rows: told.append((section, rows))
    )


def test_a_document_knows_its_rows_and_totals_before_it_is_read(snapshot: Snapshot) -> None:
    document = bound(snapshot, FIGURES, GROUPS, PICTURE, ROWS)
    assert [section.name for section in document.sections] == ["figures", "groups", "picture", "rows"]
    assert [(section.name, section.control.rows) for section in document.tables] == [("figures", 1), ("groups", 4), ("rows", 2)]
    assert document.rows == 7
    assert [total.value for total in document.tables[2].control.totals] == [Decimal("3.30")]


def test_only_the_sections_that_are_named_are_bound_in_the_reports_order(snapshot: Snapshot) -> None:
    document = bound(snapshot, FIGURES, GROUPS, PICTURE, ROWS, sections=("rows", "figures"))
    assert [section.name for section in document.sections] == ["figures", "rows"]


def test_a_chart_may_be_chosen_without_the_section_it_draws(snapshot: Snapshot) -> None:
    (chart,) = bound(snapshot, GROUPS, PICTURE, sections=("picture",)).sections
    assert isinstance(chart, BoundChart)
    assert list(chart.rows()) == [("a", 1), ("b", 2), (None, 5), ("d", None)]


def test_an_unknown_section_is_refused_with_those_that_are_there(snapshot: Snapshot) -> None:
    with pytest.raises(NotFound, match=r"inline\.report has no section 'sales'; it has: figures, rows"):
        bound(snapshot, FIGURES, ROWS, sections=("sales",))


@pytest.mark.parametrize(("query", "rows"), [("select 1 as n where false", 0), ("select 1 as n union all select 2", 2)])
def test_key_figures_are_exactly_one_row(snapshot: Snapshot, query: str, rows: int) -> None:
    with pytest.raises(DefinitionError, match=f"Section figures is key figures, and its query yields {rows} rows; it must yield one"):
        bound(snapshot, FIGURES, queries={"figures": query})


def test_a_breakdown_ends_with_the_share_of_the_whole_in_percent(snapshot: Snapshot) -> None:
    """1, 2 and 5 of 8 are 12.5, 25 and 62.5 percent; what has no figure has no share."""
    (groups,) = bound(snapshot, GROUPS).tables
    assert [column.name for column in groups.columns] == ["name", "n", "share"]
    assert list(groups.rows()) == [("a", 1, Decimal("12.5")), ("b", 2, Decimal("25")), (None, 5, Decimal("62.5")), ("d", None, None)]


def test_there_is_no_share_of_nothing(snapshot: Snapshot) -> None:
    (groups,) = bound(snapshot, GROUPS, queries={"groups": "select * from (values ('a', 0), ('b', 0)) as v (name, n)"}).tables
    assert list(groups.rows()) == [("a", 0, None), ("b", 0, None)]


def test_a_masked_document_masks_in_every_section(snapshot: Snapshot) -> None:
    (rows,) = bound(snapshot, ROWS, masked=True).tables
    assert list(rows.rows()) == [("***", Decimal("1.10")), ("***", Decimal("2.20"))]


def test_what_was_read_is_counted_and_told(snapshot: Snapshot) -> None:
    told: list[Any] = []
    document = bound(snapshot, GROUPS, ROWS, told=told)
    for section in document.tables:
        list(section.rows())
    document.agree()
    assert told == [("groups", 1)] * 4 + [("rows", 1)] * 2


def test_what_was_not_read_whole_is_torn(snapshot: Snapshot) -> None:
    document = bound(snapshot, ROWS)
    next(document.tables[0].rows())
    with pytest.raises(Torn, match="Section rows: 1 rows were written of 2; the file was thrown away"):
        document.agree()


def test_a_section_is_read_once(snapshot: Snapshot) -> None:
    (rows,) = bound(snapshot, ROWS).tables
    list(rows.rows())
    with pytest.raises(Torn, match="Section rows was read twice"):
        list(rows.rows())
