"""Two organizations that have one of everything, each with a word of its own in all its texts, so that a leak can be read."""

import re
import secrets
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx2 as httpx
import psycopg
from fastapi import FastAPI
from fastapi.testclient import TestClient
from psycopg import sql

from octavo.control.access import actions as access
from octavo.control.events import Actor
from octavo.control.exports import jobs
from octavo.control.runs import leases
from octavo.control.templates import actions as templates
from octavo.database.connection import Database
from octavo.pipeline.document import Organization
from octavo.pipeline.store import open_store
from tests.conformance.routes import PLAIN, Call, Operation, Place, places
from tests.conformance.tenant_tables import Connection, discover, schemas

ACTOR = Actor.system("the matrix")
FEW = {"report": "energy.contracts", "format": "csv", "filters": [{"field": "contract_number", "op": "in", "value": ["C1", "C2"]}]}
"""What is made without anybody's approval."""
PASSWORD = "correct horse battery staple"


@dataclass
class Tenant:
    """An organization, its people's credentials, and what it has of every kind."""

    organization: Organization
    canary: str
    """A word that stands in every text of this organization and nowhere else."""
    clients: dict[str, TestClient]
    """By role; each shows a key, and "session" the cookie and token of the administrator."""
    password: str = PASSWORD
    email: str = ""
    things: dict[tuple[str, str], Any] = field(default_factory=dict)
    """By kind and state."""

    def has(self, kind: str, state: str = "") -> Any:
        """Something of that kind, in that state where there are several."""
        if (kind, state) in self.things:
            return self.things[kind, state]
        assert (kind, "") in self.things, f"the tenants have no {kind}; teach {__name__} to make one"
        return self.things[kind, ""]

    def call(self, operation: Operation, document: Mapping[str, Any]) -> Call:
        """A call that does what the operation is for, with this organization's own things."""
        path = {place.name: self.has(place.kind, operation.state) for place in places(operation, document) if place.where == "path"}
        path |= {one["name"]: self.has(one["name"]) for one in operation.parameters if one["in"] == "path" and one["name"] in PLAIN}
        return Call(operation, path, body=self._filled(operation.body, operation.state))

    def _filled(self, value: Any, state: str) -> Any:
        if isinstance(value, dict):
            return {name: self._filled(inner, state) for name, inner in value.items()}
        if isinstance(value, str) and "$fresh" in value:
            return value.replace("$fresh", f"fresh-{secrets.token_hex(4)}")
        if isinstance(value, str) and value.startswith("$"):
            return self.has(value[1:], state)
        return value

    def client(self, operation: Operation, role: str = "admin") -> TestClient:
        return self.clients["session" if operation.session else role]


def send(client: TestClient, call: Call) -> httpx.Response:
    """Makes the call."""
    path = call.operation.path
    for name, value in call.path.items():
        path = path.replace("{" + name + "}", httpx.URL("/" + str(value)).raw_path.decode()[1:])
    given = {**call.operation.query, **call.query}
    query = {name: value for name, value in given.items() if not isinstance(value, dict)}
    for exploded in (value for value in given.values() if isinstance(value, dict)):  # each of its properties is a parameter
        query |= exploded
    return client.request(
        call.operation.method.upper(),
        path,
        params=query or None,
        json=call.body,
        headers=dict(call.headers),
        follow_redirects=False,
    )


def far_apart(superuser: Connection) -> None:
    """Has what is made from now on be numbered so that an id is found in a text as nothing else is, and is not guessed."""
    superuser.execute(
        "select setval(c.oid, 7100000 + c.oid::bigint %% 100000 * 100) from pg_class c where relkind = 'S' and relnamespace::regnamespace::text = any(%s)",
        [["octavo", "energy"]],
    )


def settle(application: FastAPI, database: Database, organization: Organization, stack: ExitStack) -> Tenant:
    """Gives an organization one of everything, by the API where there is a way."""
    canary = f"canary{secrets.token_hex(6)}"
    credentials = {one.role: one for one in access.demo_credentials(database, organization)}
    clients = {
        role: stack.enter_context(_client(application, {"Authorization": f"Bearer {one.key.text}"})) for role, one in credentials.items()
    }
    tenant = Tenant(organization, canary, clients)
    _people(application, database, tenant, stack)
    _business(database, tenant)
    _templates(database, tenant)
    _runs(application, database, tenant)
    _exports(application, database, tenant)
    _schedules(tenant)
    _outgoing(database, tenant)
    return tenant


def _client(application: FastAPI, headers: Mapping[str, str]) -> TestClient:
    return TestClient(
        application, base_url="http://127.0.0.1", client=("127.0.0.1", 5000), raise_server_exceptions=False, headers=dict(headers)
    )


def _people(application: FastAPI, database: Database, tenant: Tenant, stack: ExitStack) -> None:
    tenant.email = f"{tenant.canary}@{tenant.organization.slug}.example"
    with database.tenant(tenant.organization.id) as connection:
        boss = access.add_member(connection, ACTOR, tenant.email, role="admin").user_id
        person = access.add_member(connection, ACTOR, f"other-{tenant.email}", role="viewer").user_id
        key = access.create_key(connection, ACTOR, user_id=person, name=f"key {tenant.canary}")
    access.set_password(database, boss, PASSWORD)
    client = stack.enter_context(_client(application, {}))
    begun = client.post("/api/session", json={"email": tenant.email, "password": PASSWORD})
    assert begun.status_code == 201, begun.text
    client.headers["X-CSRF-Token"] = begun.json()["csrf_token"]
    tenant.clients["session"] = client
    tenant.things |= {
        ("person", ""): person, ("key", ""): key.key.id, ("email", ""): tenant.email, ("slug", ""): tenant.organization.slug,
        ("password", ""): PASSWORD,
    }  # fmt: skip
    project = _made(clients := tenant.clients["admin"], "/api/projects", {"name": f"project {tenant.canary}"})
    assert clients.put(f"/api/projects/{project['id']}/members/{person}").status_code == 204
    tenant.things["project", ""] = project["id"]
    assert clients.patch("/api/organization", json={"branding": {"footer": tenant.canary}}).status_code == 200


def _business(database: Database, tenant: Tenant) -> None:
    """Twelve contracts about one plant: more than go out without approval."""
    with database.tenant(tenant.organization.id) as connection:
        row = connection.execute("insert into energy.project (name) values (%s) returning id", [f"Plant {tenant.canary}"]).fetchone()
        assert row is not None
        connection.execute(
            "insert into energy.contract (project_id, number, name, kind, counterparty_name, currency, start_date) "
            "select %s, 'C' || n, %s, 'ppa', %s, 'EUR', date '2024-01-01' from generate_series(1, 12) as n",
            [row[0], f"Contract {tenant.canary}", f"Buyer {tenant.canary}"],
        )
        connection.execute("insert into retail.customer (number, name) values (%s, %s)", [f"No. {tenant.canary}", f"Buyer {tenant.canary}"])
    tenant.things |= {
        ("filters", ""): _filter(f"Plant {tenant.canary}"),
        ("buyer", ""): {"customer_id": f"No. {tenant.canary}"},
        ("report", "summary"): "shop.goods" if tenant.organization.slug == "alpha" else "retail.sales",
        ("plant", ""): row[0], ("parameters", ""): {"project_id": row[0]}, ("each", ""): {"project_id": [row[0]]},
        ("report", ""): "shop.goods" if tenant.organization.slug == "alpha" else "energy.contracts",
    }  # fmt: skip


def _templates(database: Database, tenant: Tenant) -> None:
    said = {"report": "energy.contracts", "format": "csv", "description": tenant.canary}
    for name, project in (("of all", None), ("of a project", tenant.has("project"))):
        made = _made(tenant.clients["admin"], "/api/reports/templates", {**said, "name": f"{name} {tenant.canary}", "project_id": project})
    tenant.things["template", ""] = made["id"]
    with database.tenant(tenant.organization.id) as connection:  # nobody approves what he wrote himself
        content = templates.Content(f"seeded {tenant.canary}", "energy.contracts", "csv", default_date_range_days=None)
        tenant.things["template", "another's"] = templates.create(connection, ACTOR, content).id


def _runs(application: FastAPI, database: Database, tenant: Tenant) -> None:
    asked = {**FEW, "parameters": {"project_id": tenant.has("plant")}}
    place = "/api/reports/generated"
    for state in ("completed", "cancelled", "held", "pending"):
        run = _made(tenant.clients["admin"], "/api/reports/generate", asked)["id"]
        if state == "completed":
            _work(application, database)
            link = tenant.clients["admin"].get(f"{place}/{run}/download", follow_redirects=False).headers["location"]
            tenant.things["link", ""] = link.removeprefix("/files/")
        elif state == "cancelled":
            assert tenant.clients["admin"].post(f"{place}/{run}/cancel").status_code == 200
        elif state == "held":
            assert tenant.clients["admin"].post(f"{place}/{run}/hold", json={"reason": tenant.canary}).status_code == 200
        tenant.things["run", state] = tenant.things["run", ""] = run
    each = {"project_id": [tenant.has("plant")]}
    tenant.things["group", ""] = _made(tenant.clients["admin"], "/api/reports/generate", {**FEW, "each": each})["group_id"]


def _exports(application: FastAPI, database: Database, tenant: Tenant) -> None:
    asked = {"dataset": "energy.contracts", "reason": tenant.canary, "parameters": {"project_id": tenant.has("plant")}}
    # The run that waits must not be taken instead of the export's.
    for state in ("completed", "withdrawn", "refused", "pending"):
        export = _made(tenant.clients["member"], "/api/exports", asked)
        assert export["state"] == "pending"
        if state == "completed":
            assert tenant.clients["admin"].post(f"/api/exports/{export['id']}/approve").status_code == 200
            while tenant.clients["admin"].get(f"/api/exports/{export['id']}").json()["state"] != "completed":
                _work(application, database)
        tenant.things["export", state] = tenant.things["export", ""] = export["id"]
        tenant.things["plan", state] = tenant.things["plan", ""] = export["plan_hash"]
    # Whatever waited was made meanwhile: one more that waits.
    run = _made(tenant.clients["admin"], "/api/reports/generate", FEW)
    tenant.things["run", "pending"] = tenant.things["run", ""] = run["id"]


def _schedules(tenant: Tenant) -> None:
    """One to be put out of use and changed, one that is out of use, one that is run by hand; by templates that other routes leave alone."""
    template = _made(
        tenant.clients["admin"],
        "/api/reports/templates",
        {"name": f"scheduled {tenant.canary}", "report": "energy.contracts", "format": "csv"},
    )["id"]
    said = {"template_id": template, "rule": {"frequency": "daily", "time_of_day": "06:00", "time_zone": "UTC"}, "message": tenant.canary}
    for state in ("idle", "triggered", ""):
        made = _made(tenant.clients["admin"], "/api/reports/scheduled", {**said, "name": f"{state} {tenant.canary}"})["id"]
        if state == "idle":
            assert tenant.clients["admin"].post(f"/api/reports/scheduled/{made}/deactivate").status_code == 200
        tenant.things["schedule", state] = made
    tenant.things["template", "scheduled"] = template
    tenant.things["day", ""] = "2026-12-25"
    assert tenant.clients["admin"].put("/api/organization/holidays/2026-12-25", json={"name": tenant.canary}).status_code == 200


def _outgoing(database: Database, tenant: Tenant) -> None:
    """Links for outsiders, and webhooks with a message that has ended."""
    admin = tenant.clients["admin"]
    for state in ("doomed", "shared"):
        asked = {"run_id": tenant.has("run", "completed"), "note": tenant.canary}
        made = _made(admin, "/api/reports/shares", asked)
        tenant.things["share", state] = tenant.things["share", ""] = made["id"]
        tenant.things["link", state] = made["token"]
        hook = _made(admin, "/api/webhooks", {"url": f"https://{tenant.canary}.example/", "description": tenant.canary})
        tenant.things["webhook", state] = tenant.things["webhook", ""] = hook["id"]
    for state in ("doomed", "mailed"):
        said = {"name": f"{state} {tenant.canary}", "url": f"sftp://octavo@{tenant.canary}.example/in", "secrets": {"password": PASSWORD}}
        tenant.things["place", state] = tenant.things["place", ""] = _made(admin, "/api/places", said)["id"]
    told = _made(tenant.clients["member"], "/api/reports/notifications/test", {})
    tenant.things["delivery", "mailed"] = told["id"]
    tenant.things["delivery", ""] = _made(admin, f"/api/webhooks/{tenant.has('webhook')}/test", None)["id"]
    with database.tenant(tenant.organization.id) as connection:
        connection.execute(
            "update octavo.delivery set state = 'failed', next_try_at = null, error_kind = 'matrix', last_error = %s",
            [tenant.canary],
        )


def _made(client: TestClient, path: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
    answer = client.post(path, json=body)
    assert answer.status_code in (201, 202), answer.text
    found: dict[str, Any] = answer.json()
    return found


def _work(application: FastAPI, database: Database) -> None:
    """One claim, done here as a worker's child does it."""
    server = application.state.server
    claim = leases.claim(database, "the matrix", timedelta(minutes=1), bulk=(False, True), most_running=8)
    assert claim is not None
    assert jobs.perform(claim, reports=server.reports, database=database, store=open_store(server.settings.store_place))


def _filter(plant: str) -> list[dict[str, str]]:
    return [{"field": "project_name", "op": "eq", "value": plant}]


_NUMBERED = ("schedule", "run", "export", "template", "project", "person", "key", "webhook", "delivery", "share", "place", "group")
_RANDOM: dict[str, Callable[[], Any]] = {
    **dict.fromkeys(_NUMBERED, lambda: secrets.randbelow(2**40) + 2**40),
    "parameters": lambda: {"project_id": secrets.randbelow(2**30) + 2**30},
    "each": lambda: {"project_id": [secrets.randbelow(2**30) + 2**30]},
    "filters": lambda: _filter(f"Plant {secrets.token_hex(6)}"),
    "buyer": lambda: {"customer_id": f"No. {secrets.token_hex(8)}"},
    "report": lambda: f"pack{secrets.token_hex(4)}.report",
    "slug": lambda: f"slug-{secrets.token_hex(4)}",
    "email": lambda: f"somebody-{secrets.token_hex(4)}@nobody.example",
    "plan": lambda: secrets.token_hex(32),
    "link": lambda: secrets.token_urlsafe(48),
}


def random(kind: str) -> Any:
    """Something of that kind that nobody has."""
    assert kind in _RANDOM, f"nothing random of the kind {kind} is known; teach {__name__} to make it"
    return _RANDOM[kind]()


def foreign(kind: str, tenant: Tenant, operation: Operation) -> list[Any]:
    """What a stranger may try of another organization's. A link that holds lets in whoever has it; so it is changed in its middle and at its ends."""
    value = tenant.has(kind, operation.state)
    if kind != "link":
        return [value]
    half = len(value) // 2
    return [value[:place] + ("A" if value[place] != "A" else "B") + value[place + 1 :] for place in (0, half, len(value) - 2)]


_FRESH = re.compile(r"fresh-[0-9a-f]{8}")
_TIMES = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_MADE = re.compile(r'("(?:id|user_id|run_id|number|prefix|secret|plan_hash|csrf_token|token|url)": ?)("[^"]*"|\d+)')


def told(answer: httpx.Response, place: Place, value: Any) -> tuple[int, str, str, str]:
    """What an answer tells, but for the value that was asked with, the request id and the time."""
    text = answer.text
    if answer.status_code in (201, 202):  # what was made has an id of its own
        text = _MADE.sub(r"\1X", text)
    location = re.sub(r"\d+", "N", answer.headers.get("location", ""))
    return (
        answer.status_code, answer.headers.get("content-type", ""), location,
        _without(_FRESH.sub("FRESH", _TIMES.sub("T", text)), answer.headers.get("x-request-id", ""), value),
    )  # fmt: skip


def words(value: Any) -> list[str]:
    """Every word that a value was asked with, however deep, the longest first."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    found = [str(value)] if inner is None else [word for one in inner for word in words(one)]
    return sorted((word for word in found if len(word) > 3), key=len, reverse=True)


def _without(text: str, request_id: str, value: Any) -> str:
    for word in words(value):
        text = text.replace(word, "VALUE")
    return text.replace(request_id, "REQUEST") if request_id else text


class Books:
    """Everything the database holds of an organization, to see whether anything changed."""

    def __init__(self, superuser: Connection, volatile: Mapping[str, tuple[str, ...]]) -> None:
        self._superuser = superuser
        self._tables = [table.name for table in discover(superuser, schemas())]
        self._volatile = volatile

    def of(self, organization: Organization, *, own: bool) -> dict[str, str]:
        """A fingerprint of each table's rows; with `own` without what every request of one's own may change."""
        found = {}
        for name in (*self._tables, "octavo.organization", "octavo.app_user"):
            left_out = self._volatile.get(name, ()) if own else ()
            if "*" in left_out:
                continue
            where = {
                "octavo.organization": "id = %(id)s",
                "octavo.app_user": "id in (select user_id from octavo.membership where organization_id = %(id)s)",
            }.get(name, "organization_id = %(id)s")
            row = self._superuser.execute(
                sql.SQL(
                    "select md5(string_agg(line, '|' order by line)) from (select (to_jsonb(t) - %(out)s::text[])::text as line from {} t where {}) x"
                ).format(sql.Identifier(*name.split(".")), sql.SQL(where)),
                {"id": organization.id, "out": list(left_out)},
            ).fetchone()
            assert row is not None
            found[name] = str(row[0])
        return found


def expire(connection: psycopg.Connection[Any], key_id: int) -> None:
    connection.execute("update octavo.api_key set expires_at = now() where id = %s", [key_id])
