"""Dies as it is told to, in the process that makes it and not in the one that asks for it."""

import os
import signal
from multiprocessing import parent_process
from typing import Literal, Self

from pydantic import model_validator

from octavo.pipeline.definition import Field, Integer, Parameters, Report, Table


class PanicException(BaseException):
    """What a panic of a library in Rust is in Python: no Exception."""


class VillainScope(Parameters):
    end: Literal["crash", "abort", "panic", "kill"] = Field(..., title="How to end")

    @model_validator(mode="after")
    def die(self) -> Self:
        if parent_process() is not None:
            if self.end == "panic":
                raise PanicException("called `Option::unwrap()` on a `None` value")
            os.kill(os.getpid(), {"crash": signal.SIGSEGV, "abort": signal.SIGABRT, "kill": signal.SIGKILL}[self.end])
        return self


report = Report(
    "Villain",
    "Dies.",
    parameters=VillainScope,
    sections=(Table("rows", "Rows", query="rows.sql", columns=(Integer("number", "Number"),)),),
)
