"""A query that divides by zero at row 50,000 of 60,000; nothing but the copy computes the column."""

from octavo.pipeline.definition import Integer, Report, Table

report = Report(
    "Fails",
    "Fails at row 50,000.",
    sections=(Table("rows", "Rows", query="rows.sql", columns=(Integer("number", "Number"), Integer("ratio", "Ratio"))),),
)
