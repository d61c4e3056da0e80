"""The formats there are. A writer's module is imported when it is first asked for, so that a CSV does not pay for a PDF."""

import importlib
from functools import cache

from octavo.errors import NotFound
from octavo.pipeline.writer import Format

NAMES = ("csv", "xlsx", "json", "pdf")


@cache
def named(name: str) -> Format:
    """The format of that name. Raises NotFound."""
    if name not in NAMES:
        raise NotFound(f"There is no format {name!r}; there are: {', '.join(NAMES)}")
    format_: Format = importlib.import_module(f"octavo.pipeline.writers.{name}").FORMAT
    return format_
