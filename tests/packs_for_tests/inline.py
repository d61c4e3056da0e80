"""Reports written inside a test: a catalog of one report, from its definition and the texts of its queries."""

from collections.abc import Mapping
from pathlib import Path

from octavo.pipeline.catalog import Catalog, Entry, InstalledPack
from octavo.pipeline.definition import Column, Pack, Parameters, Report, Section, Table

KEY = "inline.report"


def report(
    sections: tuple[Section, ...], queries: Mapping[str, str], parameters: type[Parameters] = Parameters, folder: Path | None = None
) -> Catalog:
    """The catalog of one report, `inline.report`; `queries` are texts by section."""
    pack = InstalledPack(Pack("inline", "Inline", schemas=()), folder or Path(__file__).parent)
    entry = Entry(
        KEY, Report("Inline", "A report of a test.", sections=sections, parameters=parameters), pack, pack.folder, queries, "0" * 12
    )
    return Catalog({"inline": pack}, {KEY: entry})


def table(query: str, *columns: Column, parameters: type[Parameters] = Parameters) -> Catalog:
    """The catalog of one report that is one table, `rows`."""
    return report((Table("rows", "Rows", query="rows.sql", columns=columns),), {"rows": query}, parameters)
