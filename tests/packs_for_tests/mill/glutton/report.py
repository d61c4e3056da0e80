"""Takes as much memory as it is told to, in the process that makes it and not in the one that asks for it."""

from multiprocessing import parent_process
from typing import Self

from pydantic import model_validator

from octavo.pipeline.definition import Field, Integer, Parameters, Report, Table


class GluttonScope(Parameters):
    megabytes: int = Field(..., title="Memory to take")

    @model_validator(mode="after")
    def take(self) -> Self:
        if parent_process() is not None:
            assert len(bytearray(self.megabytes * 1024**2)) > 0
        return self


report = Report(
    "Glutton",
    "Takes memory.",
    parameters=GluttonScope,
    sections=(Table("rows", "Rows", query="rows.sql", columns=(Integer("number", "Number"),)),),
)
