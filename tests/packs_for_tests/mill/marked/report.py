"""Rows that bear the mark of their organization: the name of its one plant (see queue/conftest.py)."""

from octavo.pipeline.definition import Integer, Report, Table, Text
from tests.packs_for_tests.mill.grain.report import GrainScope

report = Report(
    "Marked grain",
    "As many rows as are asked for, each with the organization's mark.",
    parameters=GrainScope,
    sections=(Table("rows", "Rows", query="rows.sql", columns=(Integer("number", "Number", total=True), Text("grain", "Grain"))),),
)
