"""How far runs are: what a stream of events tells, and no more."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row

from octavo.control.runs import rules
from octavo.database.connection import Connection

MOST = 200
"""At most so many runs are looked at at once, the latest."""


@dataclass(frozen=True)
class Progress:
    """A run at this moment. `seconds_left` is what the rows that are left would take at the pace so far; None where nobody can say."""

    id: int
    report: str
    format: str
    source: str
    requested_by: int | None
    masked: bool
    state: str
    stage: str
    attempt: int
    processed_rows: int
    total_rows: int | None
    percent: int | None
    seconds_left: int | None
    records: int | None
    error_kind: str | None
    error_message: str | None
    created_at: datetime
    completed_at: datetime | None

    @property
    def mark(self) -> str:
        """Names this moment of the run: two that say the same have the same."""
        return f"{self.id}.{self.attempt}.{self.state}.{self.processed_rows}"

    @property
    def over(self) -> bool:
        return self.state in rules.OVER


_COLUMNS = sql.SQL(
    "id, report, format, source, requested_by, masked, state, stage, attempt, processed_rows, total_rows, records, error_kind, error_message, created_at, "
    "completed_at, extract(epoch from clock_timestamp() - started_at)::float8 as worked_seconds"
)


def of(connection: Connection, runs: Collection[int]) -> list[Progress]:
    """The runs of those ids that are there, in the order in which they were asked for."""
    return _read(connection, sql.SQL("id = any(%(ids)s)"), {"ids": list(runs)})


def lately(connection: Connection) -> list[Progress]:
    """The runs that are not over, and those that ended within the last minute."""
    where = sql.SQL("(state = 'pending' or state = 'processing' or completed_at > now() - interval '1 minute')")  # each has an index
    return _read(connection, where, {})


def _read(connection: Connection, where: sql.SQL, values: dict[str, Any]) -> list[Progress]:
    query = sql.SQL("select {} from octavo.generated_report where {} order by created_at desc, id desc limit %(most)s")
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(query.format(_COLUMNS, where), {**values, "most": MOST}).fetchall()
    return [_progress(row) for row in reversed(rows)]


def _progress(row: dict[str, Any]) -> Progress:
    worked = row.pop("worked_seconds")
    percent, left = rules.how_far(row["state"], row["processed_rows"], row["total_rows"], worked)
    return Progress(**row, percent=percent, seconds_left=left)
