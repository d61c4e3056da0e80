"""Webhooks from end to end: what happens is written down with what is to be told of it, sent signed, tried again, and paused when nobody answers."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import psycopg
import pytest
import standardwebhooks
from fastapi import FastAPI
from fastapi.testclient import TestClient

from octavo import app
from octavo.control import events
from octavo.control.delivery import jobs as delivery
from octavo.control.delivery import leases
from octavo.control.delivery.channel import Bench
from octavo.control.delivery.channels.webhook import Webhook
from octavo.control.runs import actions as runs
from octavo.control.webhooks import actions as webhooks
from octavo.control.webhooks import rules
from octavo.database.connection import Database
from octavo.pipeline import catalog
from octavo.pipeline.document import Organization
from octavo.pipeline.store import open_store
from octavo.settings import Settings
from tests.conftest import superuser
from tests.control.receiving import Receiver
from tests.web.conftest import Person, people
from tests.web.test_downloads import make
from tests.web.test_protection_api import kept

People = dict[str, Person]
CONTRACTS = {"report": "energy.contracts", "format": "csv"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        data_dir=tmp_path / "data", store_url=str(tmp_path / "store"), webhook_networks=["127.0.0.0/8"], delivery_retry_seconds=0.01,
        public_url="https://reports.example/octavo/",
    )  # fmt: skip


@pytest.fixture
def application(database: Database, settings: Settings) -> FastAPI:
    return app.web(database, catalog.installed(), settings)


@pytest.fixture
def client(application: FastAPI) -> Iterator[TestClient]:
    with TestClient(application, raise_server_exceptions=False) as opened:
        yield opened


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as opened:
        yield opened


class Post:
    """Sends what is due, as the senders of a worker do, one after the other."""

    def __init__(self, database: Database, settings: Settings) -> None:
        bench = Bench(database, open_store(settings.store_place), settings, catalog.installed())
        self._database, self._sender = database, delivery.Sender(bench, "test", timedelta(minutes=1), lambda settled, seconds: None)

    def send(self) -> int:
        """What is due now; gives how many attempts that were."""
        claims = leases.claim(self._database, "test", timedelta(minutes=1), 100)
        for claim in claims:
            self._sender.send(claim)
        return len(claims)

    def send_all(self, connection: psycopg.Connection[Any]) -> int:
        """Until nothing waits any more, whatever the pauses."""
        sent = 0
        while True:
            connection.execute("update octavo.delivery set next_try_at = now() where state = 'pending'")
            if not (count := self.send()):
                return sent
            sent += count


@pytest.fixture
def post(database: Database, settings: Settings) -> Post:
    return Post(database, settings)


@pytest.fixture
def root(conninfo: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(superuser(conninfo), dbname=conninfo.split("dbname=")[1].split(maxsplit=1)[0], autocommit=True) as connection:
        yield connection


def hook(person: Person, receiver: Receiver, *names: str, **more: Any) -> dict[str, Any]:
    answered = person.post("/api/webhooks", {"url": receiver.url, "events": list(names), **more})
    assert answered.status_code == 201, answered.text
    made: dict[str, Any] = answered.json()
    return made


def verified(receiver: Receiver, secret: str) -> list[dict[str, Any]]:
    """The messages, as the library of Standard Webhooks takes them."""
    library = standardwebhooks.Webhook(secret)
    return [library.verify(message.body, message.headers) for message in receiver.messages]


# --- signing ----------------------------------------------------------------------------------------------------------


def test_the_published_vector_of_standard_webhooks_verifies() -> None:
    """From the test of its reference libraries (standard-webhooks/standard-webhooks)."""
    made = rules.signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_secret_has_256_bits_and_is_shown_once(ours: People, receiver: Receiver, conninfo: str) -> None:
    body = {"url": receiver.url, "events": ["run.completed"]}
    first = ours["admin"].post("/api/webhooks", body, **{"Idempotency-Key": "hook"})
    again = ours["admin"].post("/api/webhooks", body, **{"Idempotency-Key": "hook"})
    made = first.json()
    assert (first.status_code, first.headers["location"]) == (201, f"/api/webhooks/{made['id']}")
    assert made["secret"].startswith("whsec_") and len(base64.b64decode(made["secret"].removeprefix("whsec_"))) == 32
    assert (again.json(), again.headers["idempotency-replayed"]) == ({**made, "secret": None}, "true")
    for answer in (ours["admin"].get(f"/api/webhooks/{made['id']}"), ours["admin"].get("/api/webhooks")):
        assert "secret" not in answer.text.replace("old_secret_until", "")
    secret = made["secret"].removeprefix("whsec_")
    everything = kept(conninfo)
    assert secret not in everything and base64.b64decode(secret).hex() not in everything


# --- events -----------------------------------------------------------------------------------------------------------


def test_what_happened_is_told_signed_without_anything_of_the_report(
    ours: People, application: FastAPI, database: Database, post: Post, receiver: Receiver
) -> None:
    made = hook(ours["admin"], receiver, "run.completed")
    run_id = make(ours["member"], application, database, {**CONTRACTS, "parameters": {"status": "active"}})
    assert post.send() == 1
    (told,) = verified(receiver, made["secret"])
    assert told == {
        "type": "run.completed", "timestamp": told["timestamp"],
        "data": {"organization": "alpha", "subject": "run", "id": run_id, "url": f"https://reports.example/octavo/api/reports/generated/{run_id}"},
    }  # fmt: skip
    assert datetime.fromisoformat(told["timestamp"]).tzinfo is not None
    (message,) = receiver.messages
    assert (message.headers["content-type"], message.headers["webhook-id"].split("_")[:2]) == ("application/json", ["evt", "1"])
    shown = ours["viewer"].get(f"/api/webhooks/{made['id']}/deliveries").json()
    assert [(one["event"], one["subject_id"], one["state"], one["attempts"], one["answer"]) for one in shown["items"]] == [
        ("run.completed", run_id, "sent", 1, "HTTP 204")
    ]
    assert post.send() == 0


def test_an_event_and_what_is_told_of_it_are_there_together_or_not_at_all(
    ours: People, database: Database, organization: Organization, receiver: Receiver, root: psycopg.Connection[Any]
) -> None:
    hook(ours["admin"], receiver, "run.failed")
    actor = events.Actor.system("test")
    with pytest.raises(ZeroDivisionError), database.tenant(organization.id) as connection:
        events.record(connection, actor, "run.failed", subject="run", subject_id=1)
        assert connection.execute("select count(*) from octavo.delivery").fetchone() == (1,)
        raise ZeroDivisionError
    assert root.execute("select count(*) from octavo.delivery").fetchone() == (0,)
    with database.tenant(organization.id) as connection:
        number = events.record(connection, actor, "run.failed", subject="run", subject_id=1)
        events.record(connection, actor, "run.requested", subject="run", subject_id=1)
    assert root.execute("select occasion, purpose from octavo.delivery").fetchall() == [(str(number), "event")]


def test_a_webhook_is_told_of_its_own_organization_and_of_what_it_asked_for_alone(
    ours: People, theirs: People, application: FastAPI, database: Database, post: Post, receiver: Receiver
) -> None:
    hook(ours["admin"], receiver, "run.completed", "export.requested")
    with Receiver() as others:
        hook(theirs["admin"], others, "run.completed")
        make(theirs["member"], application, database, CONTRACTS)
        post.send()
        post.send()
        assert len(others.messages) == 1
    assert receiver.messages == []
    assert ours["member"].post("/api/exports", {"dataset": "energy.contracts"}).status_code == 202
    post.send()
    assert [one.said["type"] for one in receiver.messages] == ["export.requested"]


def test_every_event_that_can_be_asked_for_is_one_that_something_records() -> None:
    source = Path(rules.__file__).parents[2]
    text = "\n".join(path.read_text(encoding="utf-8") for path in source.rglob("*.py") if path != Path(rules.__file__))
    for name in rules.EVENTS:
        assert f'"{name}"' in text, name
    assert not any(name.startswith(("delivery.", "webhook.")) for name in rules.EVENTS)  # these would tell of themselves without end


# --- targets ----------------------------------------------------------------------------------------------------------


def test_a_run_that_names_a_webhook_as_its_target_is_told_to_it_once(
    ours: People, application: FastAPI, database: Database, organization: Organization, post: Post, receiver: Receiver
) -> None:
    made = hook(ours["admin"], receiver)
    run_id = targeted(database, organization, ours["admin"], application, made["id"])
    assert post.send() == 1
    (told,) = verified(receiver, made["secret"])
    assert (told["type"], told["data"]["id"], told["data"]["report"], told["data"]["format"]) == (
        "run.completed",
        run_id,
        "energy.contracts",
        "csv",
    )
    assert set(told["data"]) == {"organization", "subject", "id", "report", "format", "url"}
    assert receiver.messages[0].headers["webhook-id"] == f"run_{organization.id}_{run_id}"


def targeted(database: Database, organization: Organization, person: Person, application: FastAPI, webhook_id: int) -> int:
    """A completed run whose target is a webhook."""
    from octavo.control.access import actions as access
    from octavo.control.delivery import actions as deliveries

    principal = access.authenticate(database, authorization=f"Bearer {person.key}")
    with database.tenant(organization.id) as connection:
        targets = deliveries.check_targets(connection, [{"channel": "webhook", "webhook_id": webhook_id}], principal=principal)
        run = runs.request(
            connection, events.Actor.of(principal), report="energy.contracts", format="csv", parameters={}, deliver_to=targets
        )
    from tests.web.test_protection_api import work

    work(application, database)
    return run.id


@pytest.mark.parametrize("wrong", [{}, {"webhook_id": "1"}, {"webhook_id": True}, {"webhook_id": -1}, {"webhook_id": 1, "url": "x"}])
def test_a_target_that_names_no_webhook_is_refused(wrong: dict[str, Any], database: Database, organization: Organization) -> None:
    from octavo.errors import UsageError

    with database.tenant(organization.id) as connection, pytest.raises(UsageError):
        Webhook.check(connection, {"channel": "webhook", **wrong})


# --- trying again -----------------------------------------------------------------------------------------------------


def test_what_is_not_taken_is_sent_again_with_the_same_id_until_it_is(
    ours: People, application: FastAPI, database: Database, post: Post, receiver: Receiver, root: psycopg.Connection[Any]
) -> None:
    made = hook(ours["admin"], receiver, "run.completed")
    receiver.answers = [500, 500, 500, 200]
    make(ours["member"], application, database, CONTRACTS)
    assert post.send_all(root) == 4
    assert len(receiver.messages) == 4
    assert len({one.headers["webhook-id"] for one in receiver.messages}) == 1
    assert len({one.body for one in receiver.messages}) == 1
    shown = ours["admin"].get(f"/api/webhooks/{made['id']}/deliveries").json()["items"][0]
    assert (shown["state"], shown["attempts"], shown["answer"], shown["error"]) == ("sent", 4, "HTTP 200", None)
    after = ours["admin"].get(f"/api/webhooks/{made['id']}").json()
    assert (after["state"], after["failing_since"], after["last_answer"]) == ("active", None, "HTTP 200")


def test_after_eight_tries_over_three_days_it_has_failed(
    ours: People, application: FastAPI, database: Database, post: Post, receiver: Receiver, root: psycopg.Connection[Any]
) -> None:
    assert sum(Webhook.pauses) == 3 * 24 * 60 and len(Webhook.pauses) == 7  # minutes, since the first pause is one minute
    made = hook(ours["admin"], receiver, "run.completed")
    receiver.answers = [503]
    make(ours["member"], application, database, CONTRACTS)
    assert post.send_all(root) == 8
    shown = ours["admin"].get(f"/api/webhooks/{made['id']}/deliveries?state=failed").json()["items"][0]
    assert (shown["attempts"], shown["error_kind"], "HTTP 503" in shown["error"]) == (8, "refused_there", True)
    assert ours["admin"].get(f"/api/webhooks/{made['id']}").json()["failing_since"] is not None


@pytest.mark.parametrize(("answer", "kind"), [(302, "redirected"), (404, "refused_there"), (429, "refused_there")])
def test_what_other_answers_mean_is_said_in_the_log(
    ours: People, application: FastAPI, database: Database, post: Post, receiver: Receiver, answer: int, kind: str
) -> None:
    made = hook(ours["admin"], receiver, "run.completed")
    receiver.answers = [answer]
    make(ours["member"], application, database, CONTRACTS)
    post.send()
    shown = ours["admin"].get(f"/api/webhooks/{made['id']}/deliveries").json()["items"][0]
    assert (shown["state"], shown["error_kind"], f"HTTP {answer}" in shown["error"]) == ("pending", kind, True)


def test_a_server_that_is_gone_for_good_is_told_nothing_more_until_somebody_says_so(
    ours: People, application: FastAPI, database: Database, post: Post, receiver: Receiver, root: psycopg.Connection[Any]
) -> None:
    made = hook(ours["admin"], receiver, "run.completed")
    place = f"/api/webhooks/{made['id']}"
    receiver.answers = [410, 200]
    make(ours["member"], application, database, CONTRACTS)
    make(ours["member"], application, database, CONTRACTS)
    assert post.send_all(root) == 2
    assert len(receiver.messages) == 1  # the second was not sent any more
    shown = ours["admin"].get(place).json()
    assert (shown["state"], "410" in shown["state_reason"]) == ("disabled", True)
    make(ours["member"], application, database, CONTRACTS)
    assert post.send_all(root) == 0
    assert ours["admin"].post(f"{place}/test").status_code == 409
    assert ours["admin"].client.patch(place, json={"active": True}, headers=ours["admin"].headers).json()["state"] == "active"
    make(ours["member"], application, database, CONTRACTS)
    assert (post.send_all(root), len(receiver.messages)) == (1, 2)
    actions = [row[0] for row in root.execute("select action from octavo.audit_entry where subject = 'webhook' order by number")]
    assert actions == ["webhook.created", "webhook.disabled", "webhook.changed"]


def test_a_webhook_to_which_nothing_has_arrived_for_days_is_paused(
    ours: People,
    application: FastAPI,
    database: Database,
    post: Post,
    receiver: Receiver,
    root: psycopg.Connection[Any],
    settings: Settings,
) -> None:
    assert settings.webhook_pause_days == 5
    made = hook(ours["admin"], receiver, "run.completed")
    place = f"/api/webhooks/{made['id']}"
    receiver.answers = [500]
    make(ours["member"], application, database, CONTRACTS)
    post.send()
    assert ours["admin"].get(place).json()["state"] == "active"
    root.execute("update octavo.webhook set failing_since = now() - interval '4 days 23 hours'")
    root.execute("update octavo.delivery set next_try_at = now()")
    post.send()
    assert ours["admin"].get(place).json()["state"] == "active"
    root.execute("update octavo.webhook set failing_since = now() - interval '5 days 1 minute'")
    root.execute("update octavo.delivery set next_try_at = now()")
    post.send()
    shown = ours["admin"].get(place).json()
    assert (shown["state"], shown["state_reason"]) == ("paused", "No message has arrived for 5 days: HTTP 500")
    assert post.send_all(root) == 1  # what was under way ends
    assert ours["admin"].get(f"{place}/deliveries").json()["items"][0]["state"] == "failed"
    assert len(receiver.messages) == 3


def test_a_webhook_inside_is_not_called_where_nothing_is_listed(
    ours: People, application: FastAPI, database: Database, receiver: Receiver, settings: Settings
) -> None:
    """As if an address had come into the database before the list was made shorter."""
    made = hook(ours["admin"], receiver, "run.completed")
    make(ours["member"], application, database, CONTRACTS)
    Post(database, settings.model_copy(update={"webhook_networks": []})).send()
    shown = ours["admin"].get(f"/api/webhooks/{made['id']}/deliveries").json()["items"][0]
    assert (shown["state"], shown["error_kind"]) == ("failed", "refused")
    assert receiver.messages == []


# --- by hand ----------------------------------------------------------------------------------------------------------


def test_while_a_secret_is_rotated_both_sign(
    ours: People, application: FastAPI, database: Database, post: Post, receiver: Receiver, root: psycopg.Connection[Any]
) -> None:
    first = hook(ours["admin"], receiver, "run.completed")
    place = f"/api/webhooks/{first['id']}"
    second = ours["admin"].post(f"{place}/secret")
    assert (second.status_code, second.json()["old_secret_until"] is not None) == (200, True)
    make(ours["member"], application, database, CONTRACTS)
    post.send()
    assert len(receiver.messages[0].headers["webhook-signature"].split()) == 2
    assert verified(receiver, first["secret"]) == verified(receiver, second.json()["secret"]) != []
    root.execute("update octavo.webhook set old_secret_until = now()")
    receiver.messages.clear()
    make(ours["member"], application, database, CONTRACTS)
    post.send()
    assert len(verified(receiver, second.json()["secret"])) == 1
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        verified(receiver, first["secret"])
    third = ours["admin"].post(f"{place}/secret", {"hours": 0}).json()
    assert third["old_secret_until"] is None
    assert len({first["secret"], second.json()["secret"], third["secret"]}) == 3


def test_a_test_says_that_it_is_one(ours: People, post: Post, receiver: Receiver, database: Database, organization: Organization) -> None:
    made = hook(ours["admin"], receiver)
    for count in (1, 2):
        asked = ours["admin"].post(f"/api/webhooks/{made['id']}/test")
        assert (asked.status_code, asked.json()["event"], asked.json()["state"]) == (202, "webhook.test", "pending"), asked.text
        post.send()
        assert [one["type"] for one in verified(receiver, made["secret"])] == ["webhook.test"] * count
    assert len({one.headers["webhook-id"] for one in receiver.messages}) == 2
    with database.tenant(organization.id) as connection:
        connection.execute("set local enable_nestloop = off")  # however the database reads it: only an event has a number
        assert [one.event for one in webhooks.deliveries(connection, made["id"])[0]] == ["webhook.test"] * 2


def test_what_was_sent_is_sent_once_more_with_its_id(
    ours: People, application: FastAPI, database: Database, organization: Organization, post: Post, receiver: Receiver
) -> None:
    made = hook(ours["admin"], receiver, "run.completed")
    place = f"/api/webhooks/{made['id']}/deliveries"
    targeted(database, organization, ours["admin"], application, made["id"])
    first = ours["admin"].get(place).json()["items"]
    assert ours["admin"].post(f"{place}/{first[0]['id']}/replay").status_code == 409  # it is under way
    post.send()
    for one in first:
        for _ in range(2):
            again = ours["admin"].post(f"{place}/{one['id']}/replay")
            assert (again.status_code, again.json()["event"], again.json()["subject_id"]) == (202, one["event"], one["subject_id"]), (
                again.text
            )
            post.send()
    assert len(receiver.messages) == 6
    assert sorted({one.headers["webhook-id"].split("_")[0] for one in receiver.messages}) == ["evt", "run"]
    assert len({one.headers["webhook-id"] for one in receiver.messages}) == 2
    assert len({(one.headers["webhook-id"], one.body) for one in receiver.messages}) == 2
    assert len(ours["admin"].get(place).json()["items"]) == 6


def test_what_is_changed_holds_and_what_is_deleted_is_gone(
    ours: People, application: FastAPI, database: Database, post: Post, receiver: Receiver, root: psycopg.Connection[Any]
) -> None:
    made = hook(ours["admin"], receiver, "run.completed", description="to the ledger")
    place, admin = f"/api/webhooks/{made['id']}", ours["admin"]
    changed = admin.client.patch(
        place,
        json={"url": receiver.url + "/other", "events": ["run.failed", "run.failed"], "description": "elsewhere"},
        headers=admin.headers,
    ).json()
    assert (changed["url"], changed["events"], changed["description"]) == (receiver.url + "/other", ["run.failed"], "elsewhere")
    make(ours["member"], application, database, CONTRACTS)
    assert post.send() == 0
    assert admin.post(f"{place}/test").status_code == 202
    assert admin.client.delete(place, headers=admin.headers).status_code == 204
    assert admin.get(place).status_code == 404
    assert post.send_all(root) == 0
    assert receiver.messages == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "http://example.org/"}, {"url": "https://10.0.0.1/"}, {"url": "https://example.org/", "events": ["run.exploded"]},
        {"url": "https://example.org/", "events": ["delivery.failed"]}, {"url": "https://example.org/", "more": 1}, {"events": []},
        {"url": "https://example.org/", "description": "x" * 201}, {"url": "https://example.org/", "description": "a\nb"},
    ],
)  # fmt: skip
def test_a_webhook_that_cannot_be_is_refused_and_nothing_is_made(
    database: Database, organization: Organization, tmp_path: Path, wrong: dict[str, Any]
) -> None:
    strict = app.web(database, catalog.installed(), Settings(data_dir=tmp_path / "strict", store_url=str(tmp_path / "store")))
    admin = people(TestClient(strict, raise_server_exceptions=False), database, organization)["admin"]
    refused = admin.post("/api/webhooks", wrong)
    assert refused.status_code == 422, refused.text
    assert admin.get("/api/webhooks").json()["total"] == 0


def test_who_may_not_manage_reports_reads_and_writes_nothing(ours: People, receiver: Receiver) -> None:
    made = hook(ours["admin"], receiver)
    place = f"/api/webhooks/{made['id']}"
    for role in ("member", "viewer"):
        assert ours[role].get(place).status_code == ours[role].get(f"{place}/deliveries").status_code == 200
        assert ours[role].post("/api/webhooks", {"url": receiver.url}).status_code == 403
        assert ours[role].post(f"{place}/secret").status_code == ours[role].post(f"{place}/test").status_code == 403


def test_an_organization_has_so_many_webhooks_and_no_more(ours: People, receiver: Receiver, root: psycopg.Connection[Any]) -> None:
    made = hook(ours["admin"], receiver)
    root.execute(
        "insert into octavo.webhook (organization_id, url, sealed_secret) select organization_id, url, sealed_secret from octavo.webhook, generate_series(2, %s)",
        [rules.MOST],
    )
    refused = ours["admin"].post("/api/webhooks", {"url": receiver.url})
    assert (refused.status_code, "at most 50" in refused.json()["detail"]) == (409, True)
    assert ours["admin"].client.delete(f"/api/webhooks/{made['id']}", headers=ours["admin"].headers).status_code == 204
    hook(ours["admin"], receiver)


def test_a_secret_of_another_organization_opens_nothing_here(
    ours: People, database: Database, organization: Organization, receiver: Receiver, application: FastAPI
) -> None:
    made = hook(ours["admin"], receiver)
    vault = application.state.server.vault
    with database.tenant(organization.id) as connection:
        assert webhooks.secrets(connection, vault, made["id"]) == [made["secret"]]
        connection.execute(
            "update octavo.webhook set sealed_secret = %s", [vault.seal("whsec_AAAA", "the secret of a webhook of organization 99")]
        )
    from octavo.errors import OtherSecret

    with database.tenant(organization.id) as connection, pytest.raises(OtherSecret):
        webhooks.secrets(connection, vault, made["id"])


def test_the_message_is_json_in_utf_8_without_a_byte_more(ours: People, post: Post, receiver: Receiver) -> None:
    hook(ours["admin"], receiver)
    assert ours["admin"].post("/api/webhooks/1/test").status_code == 202
    post.send()
    (message,) = receiver.messages
    assert json.dumps(message.said, separators=(",", ":"), ensure_ascii=False).encode() == message.body
    assert int(message.headers["content-length"]) == len(message.body)
    assert abs(int(message.headers["webhook-timestamp"]) - datetime.now(UTC).timestamp()) < 600
    assert ip_network("127.0.0.0/8")
