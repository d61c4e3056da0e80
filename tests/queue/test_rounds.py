"""Workers go the round by themselves, one of them at a time."""

from datetime import timedelta

from octavo.pipeline.document import Organization
from tests.queue.conftest import Floor, until


def test_workers_take_away_what_was_kept_long_enough_once_each(floor: Floor, organizations: list[Organization]) -> None:
    for _ in range(2):
        floor.start(1, round_seconds=1)
    runs = [floor.ask(organization, rows=5) for organization in organizations]
    for run in runs:
        floor.wait_for(run, "completed")
        with floor.database.tenant(run.organization_id) as connection:
            connection.execute(
                "update octavo.generated_report set completed_at = completed_at - %(age)s, expires_at = expires_at - %(age)s",
                {"age": timedelta(days=91)},
            )
    for run in runs:
        floor.wait_for(run, "expired")
    until(lambda: not [path for path in floor.store.rglob("*") if path.is_file()])
    until(lambda: floor.query("select count(*) from octavo.audit_entry where action = 'run.file_deleted'") == [(len(runs),)])
    assert floor.query("select count(*) from octavo.audit_entry where action = 'run.expired'") == [(len(runs),)]
