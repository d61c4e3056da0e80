"""How long an export may take: as it was measured for its format, corrected by what the same dataset took here before."""

from typing import cast

from octavo.database.connection import Connection

_START_MS = 150
_ROWS_PER_SECOND = {"csv": 570_000, "json": 350_000, "xlsx": 220_000, "pdf": 2_800}
"""benchmarks/RESULTS.md: twelve columns on two cores."""
_EARLIER = 50


def milliseconds(connection: Connection, dataset: str, format: str, rows: int) -> int | None:
    """How long a file of so many rows may take; None for a format that was never measured."""
    if format not in _ROWS_PER_SECOND:
        return None
    measured = _START_MS + rows * 1000 / _ROWS_PER_SECOND[format]
    row = connection.execute(
        "select percentile_cont(0.5) within group (order by earlier.duration_ms / (%(start)s + earlier.records * 1000.0 / %(rate)s)) from ("
        "select duration_ms, records from octavo.generated_report where organization_id = octavo.current_organization() and report = %(dataset)s "
        "and format = %(format)s and state in ('completed', 'expired') and duration_ms is not null order by created_at desc, id desc limit %(earlier)s"
        ") as earlier",
        {"start": _START_MS, "rate": _ROWS_PER_SECOND[format], "dataset": dataset, "format": format, "earlier": _EARLIER},
    ).fetchone()
    factor = cast("float | None", row[0]) if row else None
    return round(measured * (1 if factor is None else factor))
