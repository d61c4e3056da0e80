"""A query that takes a minute a row, or as long as is asked, while it is counted or while it is copied."""

from typing import Literal

from octavo.pipeline.definition import Field, Integer, Parameters, Report, Table


class SlowScope(Parameters):
    phase: Literal["count", "copy"] = Field(..., title="Which of the two takes long")
    seconds: int = Field(60, ge=0, title="How long each of the three rows takes")


report = Report(
    "Slow",
    "Takes a while.",
    parameters=SlowScope,
    sections=(Table("rows", "Rows", query="rows.sql", columns=(Integer("number", "Number", total=True),)),),
)
