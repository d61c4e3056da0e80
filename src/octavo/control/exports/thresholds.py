"""When an organization's exports need approval, and for how long an approval may be used."""

from dataclasses import asdict, dataclass

from psycopg.rows import class_row

from octavo.control import events
from octavo.database.connection import Connection


@dataclass(frozen=True)
class Thresholds:
    """The most rows that go out without approval, those of personal data, and the days an approval lasts."""

    threshold: int = 20
    personal_threshold: int = 10
    approval_days: int = 7


def find(connection: Connection) -> Thresholds:
    """What the transaction's organization has said, or else the defaults."""
    with connection.cursor(row_factory=class_row(Thresholds)) as cursor:
        found = cursor.execute("select threshold, personal_threshold, approval_days from octavo.export_setting").fetchone()
    return found or Thresholds()


def change(connection: Connection, actor: events.Actor, said: Thresholds) -> Thresholds:
    """Has the organization say something else; what is approved already stays approved."""
    connection.execute(
        "insert into octavo.export_setting (threshold, personal_threshold, approval_days) "
        "values (%(threshold)s, %(personal_threshold)s, %(approval_days)s) on conflict (organization_id) do update set "
        "threshold = excluded.threshold, personal_threshold = excluded.personal_threshold, approval_days = excluded.approval_days",
        asdict(said),
    )
    events.record(connection, actor, "export_settings.changed", subject="export_settings", detail=asdict(said))
    return said
