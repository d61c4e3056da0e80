"""An organization makes so many requests a minute and not one more, on however many servers; a stranger is wrong only so often."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client import REGISTRY

from octavo import app
from octavo.control.events import Actor
from octavo.control.tenancy import actions as tenancy
from octavo.database.connection import Connection, Database
from octavo.errors import TooLarge, TooManyRequests, Unauthenticated
from octavo.pipeline import catalog
from octavo.pipeline.document import Organization
from octavo.settings import Settings
from octavo.web.limits import Door
from tests.web.conftest import Person, people
from tests.web.test_exports_api import CONTRACTS, contracts, work

Open = Callable[..., TestClient]
LIST = "/api/reports/generated"


@pytest.fixture
def opened(database: Database, tmp_path: Path) -> Iterator[Open]:
    """Starts servers with settings of their own, on one database."""
    clients: list[TestClient] = []

    def start(**given: object) -> TestClient:
        settings = Settings(data_dir=tmp_path, **given)  # type: ignore[arg-type]
        clients.append(TestClient(app.web(database, catalog.installed(), settings)).__enter__())
        return clients[-1]

    yield start
    for client in clients:
        client.__exit__(None, None, None)


def limited(by: str) -> float:
    return REGISTRY.get_sample_value("octavo_requests_limited_total", {"by": by}) or 0


def test_the_201st_request_in_a_minute_is_refused_on_whichever_server_it_comes(
    opened: Open, database: Database, organization: Organization, other_organization: Organization
) -> None:
    one, other = opened(), opened()
    key = people(one, database, organization)["member"].headers
    before = limited("organization")
    answers = [(one, other)[number % 2].get(LIST, headers=key).status_code for number in range(200)]
    assert answers == [200] * 200
    refused = other.get(LIST, headers=key)
    assert (refused.status_code, refused.headers["content-type"]) == (429, "application/problem+json")
    assert 1 <= int(refused.headers["retry-after"]) <= 61
    assert "as many requests as it may" in refused.json()["detail"]
    assert one.get(LIST, headers=people(one, database, organization)["admin"].headers).status_code == 429
    assert one.get(LIST, headers=people(one, database, other_organization)["member"].headers).status_code == 200
    assert limited("organization") - before == 2


def count(connection: Connection, allowed: int) -> int:
    row = connection.execute("select octavo.count_request(%s)", [allowed]).fetchone()
    assert row is not None
    return int(str(row[0]))


def move_back(connection: Connection, seconds: int) -> None:
    """As if so many seconds had passed: what was counted lies as much earlier."""
    row = connection.execute("select second, counts from octavo.request_count").fetchone()
    assert row is not None
    second, counts = row
    assert isinstance(second, int) and isinstance(counts, list)
    moved = [counts[(place + seconds) % 61] for place in range(61)]
    connection.execute("update octavo.request_count set second = %s, counts = %s", [second - seconds, moved])


def test_no_minute_holds_more_than_is_allowed_and_what_is_a_minute_old_counts_no_more(
    database: Database, organization: Organization
) -> None:
    with database.tenant(organization.id) as connection:
        assert [count(connection, 3) for _ in range(2)] == [0, 0]
        move_back(connection, 30)
        assert count(connection, 3) == 0
        wait = count(connection, 3)
        assert 29 <= wait <= 31  # until the two of half a minute ago are a minute old
        move_back(connection, 28)
        assert count(connection, 3) > 0
        move_back(connection, 4)
        assert [count(connection, 3) for _ in range(2)] == [0, 0]
        assert count(connection, 3) > 0  # one of the earlier three still counts
        move_back(connection, 1000)
        assert [count(connection, 3) > 0 for _ in range(4)] == [False, False, False, True]


def test_many_at_once_are_counted_exactly(database: Database, organization: Organization) -> None:
    waits: list[int] = []

    def ask() -> None:
        for _ in range(10):
            with database.tenant(organization.id) as connection:
                waits.append(count(connection, 25))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(waits), waits.count(0)) == (80, 25)


def test_an_organization_may_have_a_number_of_its_own(database: Database, organization: Organization) -> None:
    with database.tenant(organization.id) as connection:
        tenancy.set_limits(connection, Actor.system("a test"), tenancy.Limits(requests_per_minute=2))
        assert [count(connection, 200) > 0 for _ in range(3)] == [False, False, True]
        assert tenancy.limits(connection) == tenancy.Limits(2, None)


def test_an_address_is_wrong_only_so_often_and_who_is_known_there_is_let_in(
    opened: Open, database: Database, organization: Organization
) -> None:
    client = opened(strangers_per_minute=3)
    known = people(client, database, organization)["viewer"]
    assert known.get(LIST).status_code == 200
    before = limited("address")
    wrong = [client.get(LIST, headers={"Authorization": f"Bearer {known.key[:-1]}{last}"}).status_code for last in "-_-"]
    assert wrong == [401, 401, 401]
    refused = client.get(LIST)
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 61
    assert limited("address") - before == 1
    assert known.get(LIST).status_code == 200
    assert client.get("/health").status_code == 200
    newcomer = Person(client, people(client, database, organization)["member"].key)
    assert newcomer.get(LIST).status_code == 429  # nobody has seen this key valid yet


def test_strangers_are_forgotten_after_a_minute_and_a_key_that_ended_is_a_strangers() -> None:
    now = [0.0]
    door = Door(1, clock=lambda: now[0])

    def wrong() -> str:
        raise Unauthenticated("no")

    assert door.let_in("here", "good", lambda: "somebody") == "somebody"
    with pytest.raises(Unauthenticated):
        door.let_in("here", "bad", wrong)
    with pytest.raises(TooManyRequests):
        door.let_in("here", "bad", wrong)
    with pytest.raises(Unauthenticated):
        door.let_in("there", "bad", wrong)
    with pytest.raises(Unauthenticated):
        door.let_in("here", "good", wrong)  # it was revoked
    with pytest.raises(TooManyRequests):
        door.let_in("here", "good", lambda: "somebody")
    now[0] = 60
    assert door.let_in("here", "other", lambda: "somebody") == "somebody"


def test_a_stranger_costs_an_organization_nothing(opened: Open, database: Database, organization: Organization) -> None:
    client = opened(requests_per_minute=2)
    person = people(client, database, organization)["viewer"]
    for _ in range(3):
        assert client.get(LIST, headers={"Authorization": f"Bearer {person.key[:-4]}AAAA"}).status_code == 401
    assert [person.get(LIST).status_code for _ in range(3)] == [200, 200, 429]


def test_more_rows_than_a_file_may_hold_are_refused_when_an_export_is_asked_for(
    ours: dict[str, Person], database: Database, organization: Organization
) -> None:
    contracts(database, organization, 3)
    with database.tenant(organization.id) as connection:
        tenancy.set_limits(connection, Actor.system("a test"), tenancy.Limits(most_rows=2))
    refused = ours["member"].post("/api/exports", CONTRACTS)
    assert refused.status_code == 413
    assert "3 rows" in refused.json()["detail"] and "may hold 2" in refused.json()["detail"]
    assert ours["member"].get("/api/exports").json()["total"] == 0


def test_more_rows_than_a_file_may_hold_are_found_before_anything_of_a_report_is_seen(
    ours: dict[str, Person], application: FastAPI, database: Database, organization: Organization
) -> None:
    contracts(database, organization, 3)
    exported = ours["member"].post("/api/exports", CONTRACTS).json()
    reported = ours["member"].post("/api/reports/generate", {"report": "energy.contracts", "format": "csv"}).json()
    with database.tenant(organization.id) as connection:
        tenancy.set_limits(connection, Actor.system("a test"), tenancy.Limits(most_rows=2))
    for _ in (exported, reported):
        with pytest.raises(TooLarge, match="may hold 2"):
            work(application, database)
    assert [path for path in Path(application.state.server.settings.store_place).rglob("*") if path.is_file()] == []
    assert ours["member"].get(f"/api/reports/generated/{reported['id']}").json()["state"] == "processing"  # the worker then fails it
