"""Rows that are known beforehand: number n and "grain n"; copying the first ten takes the time."""

from decimal import Decimal

from octavo.pipeline.definition import Field, Integer, Parameters, Report, Table, Text


class GrainScope(Parameters):
    rows: int = Field(10, ge=0, title="Rows")
    seconds: Decimal = Field(Decimal(0), ge=0, title="How long copying them takes")


report = Report(
    "Grain",
    "As many rows as are asked for.",
    parameters=GrainScope,
    sections=(
        Table("rows", "Rows", query="rows.sql", columns=(Integer("number", "Number", total=True), Text("grain", "Grain", pii=True))),
    ),
)
