"""Fails by an error whose text, in the database, holds the word that was asked for."""

from octavo.pipeline.definition import Field, Integer, Parameters, Report, Table


class SpillScope(Parameters):
    word: str = Field(..., title="What is taken for a number")


report = Report(
    "Spills",
    "Takes a word for a number.",
    parameters=SpillScope,
    sections=(Table("rows", "Rows", query="rows.sql", columns=(Integer("number", "Number"),)),),
)
