"""A query that yields fewer rows when it is copied than when it is counted, as no query of a report may."""

from octavo.pipeline.definition import Integer, Report, Table

report = Report(
    "Torn",
    "Counts a thousand rows and copies a part of them.",
    sections=(Table("rows", "Rows", query="rows.sql", columns=(Integer("number", "Number"),)),),
)
