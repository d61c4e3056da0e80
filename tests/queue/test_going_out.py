"""Workers as they are run: a file with a password is made by one that has the secret, and a webhook is told, also when a worker is killed while it tells."""

import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pikepdf
import standardwebhooks

from octavo.control.runs import actions as runs
from octavo.control.webhooks import actions as webhooks
from octavo.pipeline.document import Organization
from octavo.settings import Settings
from octavo.vault import Vault
from tests.control.receiving import Receiver
from tests.queue.conftest import SOMEBODY, Floor, until

SECRET = "a secret that all processes of the installation have"
PASSWORD = "canary-of-a-password"
LISTED = '["127.0.0.0/8"]'
GIVEN = Settings(secret_key=SECRET, webhook_networks=["127.0.0.0/8"])  # type: ignore[arg-type]


def hook(floor: Floor, organization: Organization, receiver: Receiver) -> tuple[int, str]:
    with floor.database.tenant(organization.id) as connection:
        made, secret = webhooks.create(connection, SOMEBODY, Vault(GIVEN), GIVEN, url=receiver.url, events_=["run.completed"])
    return made.id, secret


def test_a_worker_makes_a_file_with_a_password_and_tells_a_webhook(floor: Floor, organization: Organization) -> None:
    with Receiver() as receiver:
        _, secret = hook(floor, organization, receiver)
        sealed = Vault(GIVEN).seal(PASSWORD, runs.sealed_as(organization.id))
        run = floor.ask(organization, format="pdf", rows=10, sealed_password=sealed)
        floor.start(1, secret_key=SECRET, webhook_networks=LISTED)
        done = floor.wait_for(run, "completed", 60)
        until(lambda: receiver.messages, 60)
    (message,) = receiver.messages
    told = standardwebhooks.Webhook(secret).verify(message.body, message.headers)
    assert (told["type"], told["data"]["id"]) == ("run.completed", run.id)
    assert done.file_key is not None
    with pikepdf.open(floor.store / done.file_key, password=PASSWORD) as opened:
        assert opened.encryption.R == 6
    written = [path for path in (floor.folder, floor.temporary) for path in path.rglob("*") if path.is_file()]
    assert [path for path in written if holds(path, PASSWORD.encode())] == []
    assert floor.query("select sealed_password from octavo.generated_report") == [(None,)]


def holds(path: Path, word: bytes) -> bool:
    """Whether a file that is still there has the word in it."""
    try:
        return word in path.read_bytes()
    except FileNotFoundError:
        return False


def test_a_worker_that_was_killed_while_it_told_a_webhook_is_followed_by_another_with_the_same_id(
    floor: Floor, organization: Organization
) -> None:
    def hang(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(60)

    with Receiver([hang, 204]) as receiver:
        hook(floor, organization, receiver)
        first = floor.start(1, secret_key=SECRET, webhook_networks=LISTED, lease_seconds=2)
        floor.wait_for(floor.ask(organization, rows=10), "completed", 60)
        until(lambda: receiver.messages, 60)
        first.kill()
        first.wait()
        floor.start(1, secret_key=SECRET, webhook_networks=LISTED, lease_seconds=2)
        until(lambda: floor.query("select state from octavo.delivery") == [("sent",)], 90)
    assert len(receiver.messages) == 2
    assert receiver.messages[0].body == receiver.messages[1].body
    assert receiver.messages[0].headers["webhook-id"] == receiver.messages[1].headers["webhook-id"]
    assert floor.query("select outcome from octavo.delivery_attempt order by attempt") == [("lost",), ("sent",)]
