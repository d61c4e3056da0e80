"""Days and moments as people write them: ISO 8601, and never the number of seconds that pydantic would take for one."""

import re
from datetime import date
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator, Field

_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def _instant(value: object) -> object:
    if not isinstance(value, str) or not _INSTANT.match(value):
        raise ValueError("write it as ISO 8601 with an offset, such as 2026-11-21T08:00:00Z")
    return value


def _day(value: object) -> object:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("write it as ISO 8601, such as 2026-11-21")
    return value


Instant = Annotated[AwareDatetime, BeforeValidator(_instant), Field(strict=False)]
"""A moment, with its offset."""
Day = Annotated[date, BeforeValidator(_day), Field(strict=False)]
"""A day, in the zone of whoever is asked."""
