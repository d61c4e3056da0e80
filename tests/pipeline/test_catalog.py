"""The catalog: packs come in by entry points, and a broken one stops the start, by name."""

import itertools
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from octavo.errors import DefinitionError, NotFound
from octavo.pipeline import catalog
from octavo.pipeline.catalog import Catalog
from octavo.pipeline.document import Organization

PACK = 'from octavo.pipeline.definition import Pack\npack = Pack("{name}", "Pack", schemas=())\n'
REPORT = """
from typing import Annotated
from octavo.pipeline.definition import *
report = Report("Report", "One.", sections=(Table("rows", "Rows", query="rows.sql", columns=(Integer("n", "N"),)),))
"""
ALPHA = Organization(1, "alpha", "Alpha Ltd")
BETA = Organization(2, "beta", "Beta GmbH")

_numbers = itertools.count(1)
Read = Callable[[dict[str, str]], Catalog]


def point(name: str, package: str) -> EntryPoint:
    return EntryPoint(name, f"{package}.pack:pack", catalog.GROUP)


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Reads the catalog of a pack `mine` made of these files, in a package of its own."""
    monkeypatch.syspath_prepend(tmp_path)

    def read_pack(files: dict[str, str]) -> Catalog:
        package = f"made_for_a_test_{next(_numbers)}"
        for path, text in {"__init__.py": "", "pack.py": PACK.format(name="mine"), **files}.items():
            (tmp_path / package / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / package / path).write_bytes(text.encode("latin-1"))
        return catalog.read([point("mine", package)])

    return read_pack


GOOD = {"sales/__init__.py": "", "sales/report.py": REPORT, "sales/rows.sql": "select 1 as n"}


def test_a_folder_with_a_report_is_a_report(read: Read) -> None:
    found = read(GOOD)
    assert list(found.entries) == ["mine.sales"]
    assert found.report("mine.sales").queries == {"rows": "select 1 as n"}


def without(name: str) -> dict[str, str]:
    return {path: text for path, text in GOOD.items() if path != name}


def with_report(text: str) -> dict[str, str]:
    return {**GOOD, "sales/report.py": REPORT + text}


BROKEN = {
    "a pack that cannot be imported": (
        {**GOOD, "pack.py": "import no_such_module"},
        "Pack mine .* cannot be loaded: No module named 'no_such_module'",
    ),
    "a pack that is not there": ({**GOOD, "pack.py": "shop = 1"}, "Pack mine .* cannot be loaded: .* no attribute 'pack'"),
    "a pack that is none": ({**GOOD, "pack.py": "pack = 'mine'"}, "Pack mine .* must name a Pack"),
    "a pack whose name is none": ({**GOOD, "pack.py": PACK.format(name="My Shop")}, "Pack mine .*'My Shop': use lower-case letters"),
    "a report that cannot be imported": (
        {**GOOD, "sales/report.py": "import no_such_module"},
        "Report mine.sales cannot be loaded: No module named",
    ),
    "a report that is no Python": ({**GOOD, "sales/report.py": "report = ("}, "Report mine.sales cannot be loaded: '\\(' was never closed"),
    "a report.py without a report": ({**GOOD, "sales/report.py": "x = 1"}, "Report mine.sales cannot be loaded: .* no attribute 'report'"),
    "a report that is none": ({**GOOD, "sales/report.py": "report = 1"}, "Report mine.sales: report.py must define report = Report"),
    "a missing query of the billing period": (
        {**GOOD, "pack.py": PACK.format(name="mine").replace("schemas=", "billing_period='latest.sql', schemas=")},
        "Pack mine: the file latest.sql cannot be read",
    ),
    "a missing query": (without("sales/rows.sql"), "Report mine.sales, section rows: the file rows.sql cannot be read"),
    "a query that is not UTF-8": (
        {**GOOD, "sales/rows.sql": "select '\xff'"},
        "Report mine.sales, section rows: the file rows.sql is not UTF-8",
    ),
    "a missing layout": (
        with_report("import dataclasses\nreport = dataclasses.replace(report, layout='layout.typ')"),
        "Report mine.sales: the file layout.typ cannot be read",
    ),
    "a column twice": (
        with_report("Table('rows', 'Rows', query='q', columns=(Integer('n', 'N'), Text('n', 'N')))"),
        r"Report mine.sales cannot be loaded: Section rows: the columns \['n'\] stand more than once",
    ),
    "a section without columns": (with_report("Table('rows', 'Rows', query='q', columns=())"), "Section rows has no columns"),
    "a group that is no column": (
        with_report("Table('rows', 'Rows', query='q', columns=(Integer('n', 'N'),), group_by=('m',))"),
        r"Section rows: group_by names \['m'\]",
    ),
    "a share of no number": (
        with_report("Breakdown('rows', 'Rows', query='q', columns=(Text('n', 'N'),), share_of='n')"),
        "Section rows: share_of names 'n', which is no numeric column",
    ),
    "a currency that is no column": (
        with_report("Table('rows', 'Rows', query='q', columns=(Money('n', 'N', currency_column='c'),))"),
        "n takes its currency_column from 'c', which is not there",
    ),
    "a chart of an unknown section": (
        with_report("Report('R', 'R', sections=(*report.sections, Chart('c', 'C', of='nowhere', x='n', y='n')))"),
        "Chart c draws .* of section 'nowhere'",
    ),
    "a chart of an unknown column": (
        with_report("Report('R', 'R', sections=(*report.sections, Chart('c', 'C', of='rows', x='n', y='m')))"),
        r"Chart c draws \['m'\] of section 'rows'",
    ),
    "two sections of one name": (with_report("Report('R', 'R', sections=report.sections * 2)"), "each with a name of its own"),
    "a missing lookup": (
        with_report(
            "class P(Parameters):\n    shop: Annotated[str | None, Lookup('shops.sql')] = None\n"
            "import dataclasses\nreport = dataclasses.replace(report, parameters=P)"
        ),
        "Report mine.sales: the file shops.sql cannot be read",
    ),
    "a missing default of a lookup": (
        {
            **with_report(
                "class P(Parameters):\n    shop: Annotated[str | None, Lookup('shops.sql', default='first.sql')] = None\n"
                "import dataclasses\nreport = dataclasses.replace(report, parameters=P)"
            ),
            "shops.sql": "",
        },
        "Report mine.sales: the file first.sql cannot be read",
    ),
    "a lookup that would be overlooked": (
        with_report(
            "class P(Parameters):\n    shop: Annotated[str, Lookup('shops.sql')] | None = None\n"
            "import dataclasses\nreport = dataclasses.replace(report, parameters=P)"
        ),
        "Report mine.sales: the Lookup of shop must stand outermost",
    ),
    "a folder of migrations without any": (
        {**GOOD, "pack.py": PACK.format(name="mine").replace("schemas=()", "schemas=(), migrations='schema'")},
        "Pack mine: its folder schema holds no",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_pack_stops_the_start_by_name(read: Read, what: str) -> None:
    files, said = BROKEN[what]
    with pytest.raises(DefinitionError, match=said):
        read(files)


def test_two_packs_of_one_name_stop_the_start() -> None:
    here = point("a", "tests.packs_for_tests.shop")
    with pytest.raises(DefinitionError, match="Two packs are called 'shop'"):
        catalog.read([here, EntryPoint("b", here.value, catalog.GROUP)])


@pytest.fixture(scope="module")
def shop() -> Catalog:
    return catalog.read([point("shop", "tests.packs_for_tests.shop")])


def test_a_pack_of_one_organization_is_invisible_to_others(shop: Catalog) -> None:
    assert shop.report("shop.goods", ALPHA).key == "shop.goods"
    with pytest.raises(NotFound) as refused:
        shop.report("shop.goods", BETA)
    assert str(refused.value) == "There is no report 'shop.goods'; there are: none"
    assert refused.value.exit_code == 2


def test_an_unknown_report_is_refused_with_those_that_are_there(shop: Catalog) -> None:
    with pytest.raises(
        NotFound, match=r"There is no report 'shop\.nothing'; there are: shop\.fails, shop\.goods, shop\.slow, shop\.spills, shop\.torn"
    ):
        shop.report("shop.nothing", ALPHA)


def test_a_pack_of_one_organization_guards_no_schema(shop: Catalog) -> None:
    assert shop.schemas == (set(), {"shop"})


def test_the_version_of_a_report_changes_with_its_files(read: Read) -> None:
    first, again, other = read(GOOD), read(GOOD), read({**GOOD, "sales/rows.sql": "select 2 as n"})
    assert first.report("mine.sales").version == again.report("mine.sales").version != other.report("mine.sales").version


def test_a_report_describes_itself_as_data(shop: Catalog) -> None:
    described = catalog.described(shop.report("shop.goods"))
    assert described["key"] == "shop.goods"
    sections = {section["name"]: section for section in described["sections"]}  # type: ignore[attr-defined]
    assert [section["kind"] for section in sections.values()] == ["metrics", "breakdown", "chart", "table"]
    buyer = next(column for column in sections["goods"]["columns"] if column["name"] == "buyer")
    assert buyer == {"name": "buyer", "title": "Buyer", "kind": "text", "description": "", "personal": True, "total": False}
    assert described["parameters"]["properties"]["order"]["enum"] == ["up", "down"]  # type: ignore[index]
