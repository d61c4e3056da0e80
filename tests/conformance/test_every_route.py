"""Every route, with every value that can name something of another organization, in every place, as every role: nothing is told, nothing changes.

Routes, parameters and fields are read from the OpenAPI document of the whole application; one that is not covered fails.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import httpx2 as httpx
import jsonschema_rs
import pytest
from fastapi import FastAPI

from octavo import app
from octavo.control.access import actions as access
from octavo.database.connection import Database
from octavo.pipeline import catalog
from octavo.pipeline.document import Organization
from octavo.settings import Settings
from tests.conformance.routes import ADMINISTER, ANYBODY, MAY, OPEN, Call, Operation, Place, operations, places
from tests.conformance.tenant_tables import Connection
from tests.conformance.tenants import ACTOR, Books, Tenant, expire, far_apart, foreign, random, send, settle, told, words

OWN_NOTES = {"octavo.api_key": ("last_used_at",), "octavo.session": ("*",), "octavo.request_count": ("*",)}
"""What a refused request of one's own may change all the same: when the key was used, and how many requests there were."""


@pytest.fixture
def application(database: Database, superuser: Connection, tmp_path: Path) -> FastAPI:
    """The whole application, with a pack that belongs to one organization alone, and ids that are found in a text as nothing else is."""
    far_apart(superuser)
    reports = catalog.read([*entry_points(group=catalog.GROUP), EntryPoint("shop", "tests.packs_for_tests.shop.pack:pack", catalog.GROUP)])
    return app.web(
        database,
        reports,
        Settings(data_dir=tmp_path / "data", store_url=str(tmp_path / "store"), requests_per_minute=100_000, strangers_per_minute=100_000),
    )


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


@pytest.fixture
def victim(application: FastAPI, database: Database, organization: Organization, stack: ExitStack) -> Tenant:
    return settle(application, database, organization, stack)


@pytest.fixture
def stranger(application: FastAPI, database: Database, other_organization: Organization, stack: ExitStack) -> Tenant:
    return settle(application, database, other_organization, stack)


@pytest.fixture
def document(application: FastAPI) -> dict[str, Any]:
    return application.openapi()


@pytest.fixture
def books(superuser: Connection) -> Books:
    return Books(superuser, OWN_NOTES)


def fits(answer: httpx.Response, operation: Operation, document: dict[str, Any]) -> list[str]:
    """Where an answer is not what the document says of the operation."""
    described = operation.described["responses"].get(str(answer.status_code))
    if described is None:
        return [f"{operation.name}: {answer.status_code} is not documented: {answer.text[:300]}"]
    content = described.get("content", {})
    kind = answer.headers.get("content-type", "").partition(";")[0]
    if not content:
        return [f"{operation.name}: {answer.status_code} has a body that is not documented"] if answer.content else []
    if kind not in content and "*/*" not in content:
        return [f"{operation.name}: {answer.status_code} is {kind}, not {' or '.join(content)}"]
    if not kind.endswith("json"):
        return []
    schema = {**content[kind]["schema"], "components": document["components"]}
    return [
        f"{operation.name}: {answer.status_code}: {error.message}"
        for error in jsonschema_rs.validator_for(schema).iter_errors(answer.json())
    ]


def leaks(answer: httpx.Response, victim: Tenant, given: Any) -> list[str]:
    """Words of the victim in an answer, but for those that were asked with."""
    text = answer.text + str(answer.headers)
    for word in words(given):
        text = text.replace(word, "")
    return [word for word in (victim.canary,) if word in text]


def attempts(
    stranger: Tenant, victim: Tenant, operation: Operation, document: dict[str, Any]
) -> Iterator[tuple[Place, Call, Any, Call, Any]]:
    """Each way to name something of the victim's in a call that would otherwise do, with the same call naming nothing at all."""
    for place in places(operation, document):
        for theirs in foreign(place.kind, victim, operation):
            nothing, calls = random(place.kind), [stranger.call(operation, document) for _ in range(2)]
            yield place, calls[0].naming(place, theirs), theirs, calls[1].naming(place, nothing), nothing


def test_what_another_organization_has_is_answered_like_what_nobody_has_on_every_route_in_every_place(
    victim: Tenant, stranger: Tenant, document: dict[str, Any], books: Books
) -> None:
    before = books.of(victim.organization, own=False)
    wrong: list[str] = []
    tried, covered = 0, set()
    for operation in operations(document):
        for role in ("admin", "member", "viewer") if not operation.session and operation.needs != OPEN else ("admin",):
            for place, theirs, their_value, nothing, no_value in attempts(stranger, victim, operation, document):
                client = stranger.client(operation, role)
                answers = [send(client, theirs), send(client, nothing)]
                what = f"{operation.name} as {role} with the other's {place.kind} in {place.where} {place.name}"
                if (got := told(answers[0], place, their_value)) != (wanted := told(answers[1], place, no_value)):
                    wrong.append(f"{what}: {got} instead of {wanted}")
                wrong += [f"{what} tells {word}" for word in leaks(answers[0], victim, their_value)]
                wrong += [problem for answer in answers for problem in fits(answer, operation, document)]
                if place.where == "path" and operation.needs in MAY[role] and answers[0].status_code != 404:
                    wrong.append(f"{what}: {answers[0].status_code} instead of 404")
                after = books.of(victim.organization, own=False)
                wrong += [f"{what} changes the other's {name}" for name in after if after[name] != before[name]]
                before = after
                tried += 1
                covered.add(operation.name)
    assert wrong == []
    print(f"{tried} attempts on {len(covered)} routes that can name something; {len(operations(document))} routes in all")
    assert tried > 3 * len(covered) > 60


def test_what_is_ones_own_works_so_that_the_refusals_prove_something(
    victim: Tenant, stranger: Tenant, document: dict[str, Any], books: Books
) -> None:
    before = books.of(victim.organization, own=False)
    wrong = []
    ending = ("DELETE /api/session", "PUT /api/session/organization", "PUT /api/session/password")  # last: they end the session
    for operation in sorted(operations(document), key=lambda one: ending.index(one.name) if one.name in ending else -1):
        client = stranger.client(operation)
        if operation.name in ending:
            begun = client.post("/api/session", json={"email": stranger.email, "password": stranger.password})
            client.headers["X-CSRF-Token"] = begun.json()["csrf_token"]
        answer = send(client, stranger.call(operation, document))
        if answer.status_code >= 400:
            wrong.append(f"{operation.name}: {answer.status_code} {answer.text}")
        wrong += fits(answer, operation, document) + [f"{operation.name} tells {word}" for word in leaks(answer, victim, "")]
    assert wrong == []
    assert books.of(victim.organization, own=False) == before


def test_who_may_not_is_refused_on_every_route_and_nothing_changes(
    stranger: Tenant, document: dict[str, Any], books: Books, database: Database
) -> None:
    """A viewer and a member on everything an administrator may, and a narrowed key on everything its administrator may."""
    with database.tenant(stranger.organization.id) as connection:
        boss = access.known_person(connection, stranger.email)
        narrow = access.create_key(connection, ACTOR, user_id=boss, name="narrow", scopes=["reports.view_reports"])
    client = stranger.clients["viewer"].__class__(stranger.clients["viewer"].app, raise_server_exceptions=False)
    client.headers["Authorization"] = f"Bearer {narrow.text}"
    asking = [("viewer", stranger.clients["viewer"]), ("member", stranger.clients["member"]), ("viewer", client)]
    before = books.of(stranger.organization, own=True)
    wrong, refused = [], 0
    for operation in operations(document):
        for role, shown in asking:
            if operation.needs in MAY[role] or operation.needs == OPEN:
                continue
            answer = send(shown, stranger.call(operation, document))
            if answer.status_code != 403:
                wrong.append(f"{operation.name} as {role}: {answer.status_code} instead of 403")
            wrong += fits(answer, operation, document)
            refused += 1
            after = books.of(stranger.organization, own=True)
            wrong += [f"{operation.name} as {role} changes {name}" for name in after if after[name] != before[name]]
            before = after
    assert wrong == []
    assert refused > 30
    assert {one.needs for one in operations(document)} >= {ANYBODY, ADMINISTER, OPEN}


def test_without_a_credential_that_holds_every_route_answers_the_same(
    stranger: Tenant, victim: Tenant, document: dict[str, Any], books: Books, database: Database, superuser: Connection
) -> None:
    """None, a malformed, an unknown, a revoked and an expired key, one of a member who was put out, a cookie that is none: 401, word for word."""
    with database.tenant(stranger.organization.id) as connection:
        put_out = access.add_member(connection, ACTOR, "gone@nobody.example", role="admin").user_id
        keys = {
            name: access.create_key(connection, ACTOR, user_id=put_out if name == "gone" else stranger.has("person"), name=name)
            for name in ("revoked", "expired", "gone")
        }
        access.set_member(connection, ACTOR, put_out, active=False)
        access.revoke_key(connection, ACTOR, keys["revoked"].key.id)
    expire(superuser, keys["expired"].key.id)
    good = stranger.clients["admin"].headers["Authorization"].removeprefix("Bearer ")
    elsewhere = victim.clients["admin"].headers["Authorization"].removeprefix("Bearer ")
    shown: dict[str, dict[str, str]] = {
        "none": {}, "empty": {"Authorization": ""}, "malformed": {"Authorization": "Bearer oct_wrong"}, "other scheme": {"Authorization": "Basic YTpi"},
        "another's secret": {"Authorization": f"Bearer {good.rpartition('_')[0]}_{elsewhere.rpartition('_')[2]}"[:4096]},
        **{name: {"Authorization": f"Bearer {key.text}"} for name, key in keys.items()},
        "cookie": {"Cookie": f"octavo={stranger.organization.id}.{'A' * 43}"}, "broken cookie": {"Cookie": "octavo=x"},
    }  # fmt: skip
    bare = stranger.clients["admin"].__class__(
        stranger.clients["admin"].app, base_url="http://127.0.0.1", client=("127.0.0.1", 1), raise_server_exceptions=False
    )
    before = books.of(stranger.organization, own=False)
    wrong = []
    for operation in operations(document):
        if operation.needs == OPEN:
            continue
        call = stranger.call(operation, document)
        bodies = set()
        for name, headers in shown.items():
            answer = send(bare, Call(operation, call.path, call.query, headers, call.body))
            if answer.status_code != 401:
                wrong.append(f"{operation.name} with {name}: {answer.status_code} instead of 401")
            wrong += fits(answer, operation, document)
            bodies.add(answer.text.replace(answer.headers["x-request-id"], ""))
        if len(bodies) != 1:
            wrong.append(f"{operation.name}: the refusals differ: {bodies}")
    assert wrong == []
    assert books.of(stranger.organization, own=False) == before


def test_a_session_changes_nothing_with_another_sessions_token(
    stranger: Tenant, victim: Tenant, document: dict[str, Any], books: Books
) -> None:
    client = stranger.clients["session"]
    before = books.of(stranger.organization, own=True)
    tried = 0
    for operation in operations(document):
        if operation.needs == OPEN or operation.method == "get":
            continue
        for token in ("", victim.clients["session"].headers["X-CSRF-Token"]):
            call = stranger.call(operation, document)
            answer = send(client, Call(operation, call.path, call.query, {"X-CSRF-Token": token}, call.body))
            assert (answer.status_code, "form" in answer.json()["detail"]) == (403, True), operation.name
            tried += 1
    assert tried > 30
    assert books.of(stranger.organization, own=True) == before
