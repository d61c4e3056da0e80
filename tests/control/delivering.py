"""Runs that are completed with a file, and what is sent of them: for the tests of deliveries."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from octavo.control import events
from octavo.control.delivery import jobs, leases
from octavo.control.delivery.channel import Bench
from octavo.control.runs import actions as runs
from octavo.control.runs import leases as held
from octavo.control.runs import rules
from octavo.database.connection import Connection, Database
from octavo.pipeline.document import Organization
from octavo.pipeline.store import Folder
from octavo.settings import Settings
from tests.control.test_runs_actions import LEASE, MILL, SOMEBODY

MANIFEST = {
    "title": "Grain",
    "parameters": {"period": {"start": "2026-10-01", "end": "2026-10-31", "time_zone": "Europe/London"}},
}
FIGURES = [("Revenue", "£75,809.50"), ("Units", "6,862")]


def mail(*recipients: str) -> list[dict[str, Any]]:
    return [{"channel": "email", "to": recipient} for recipient in recipients]


def completed(
    database: Database, organization: Organization, store: Path, deliver_to: list[dict[str, Any]], contents: bytes = b"grain\r\nrye\r\n",
    actor: events.Actor = SOMEBODY, **asked: Any,
) -> runs.Run:  # fmt: skip
    """A run whose file lies in the store: its deliveries are written."""
    with database.tenant(organization.id) as connection:
        run = runs.request(
            connection, actor, reports=MILL, deliver_to=deliver_to, **{"report": "mill.grain", "format": "csv", "parameters": {}, **asked}
        )
    return finished(database, run, store, contents)


def finished(database: Database, run: runs.Run, store: Path, contents: bytes = b"grain\r\nrye\r\n") -> runs.Run:
    claim = held.claim(database, "a test", LEASE, bulk=(False, True), most_running=1000)
    assert claim is not None and claim.run_id == run.id
    key = f"{rules.folder(run.organization_id, datetime.now(UTC), run.export_request_id)}{claim.name}.{run.format}"
    (store / key).parent.mkdir(parents=True, exist_ok=True)
    (store / key).write_bytes(contents)
    (store / (key + ".manifest.json")).write_bytes(b"{}\n")
    sealed = held.Sealed(key, len(contents), hashlib.sha256(contents).hexdigest(), "text/csv", 1, 5, False, "1", MANIFEST, FIGURES)
    assert held.publish(database, claim, sealed)
    with database.tenant(run.organization_id) as connection:
        return runs.find(connection, run.id)


def failed(database: Database, run: runs.Run) -> None:
    """Has a run fail for good."""
    claim = held.claim(database, "a test", LEASE, bulk=(False, True), most_running=1000)
    assert claim is not None and claim.run_id == run.id
    failure = rules.Failure("usage", "The report has no such parameter; leave it out", False)
    assert held.fail(database, claim, failure, LEASE)


def rows(database: Database, organization: Organization, columns: str = "recipient, state") -> list[tuple[Any, ...]]:
    """The ledger of an organization, in the order in which it was written."""
    with database.tenant(organization.id) as connection:
        return asked(connection, f"select {columns} from octavo.delivery order by id")  # noqa: S608


def asked(connection: Connection, statement: str, *values: object) -> list[tuple[Any, ...]]:
    return connection.execute(statement.encode(), values).fetchall()


def states(database: Database, organization: Organization) -> dict[str, str]:
    return dict(rows(database, organization))


@contextmanager
def sender(database: Database, store: Path, **given: Any) -> Iterator[jobs.Sender]:
    settings = Settings(store_url=str(store), **{"mail_from": "reports@octavo.example", "mail_timeout_seconds": 5, **given})
    made = jobs.Sender(Bench(database, Folder(store), settings, MILL), "a test", LEASE, lambda settled, seconds: None)
    yield made
    made.close()


def send_due(database: Database, sender: jobs.Sender) -> int:
    """Sends whatever is due, until nothing is; gives how many attempts that were."""
    count = 0
    while claims := leases.claim(database, "a test", LEASE, 50):
        for claim in claims:
            sender.send(claim)
            count += 1
    return count


def make_due(database: Database, organization: Organization) -> None:
    """As if the pauses were over."""
    with database.tenant(organization.id) as connection:
        connection.execute("update octavo.delivery set next_try_at = clock_timestamp() where state = 'pending'")
