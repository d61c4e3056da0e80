"""Every page that is registered: strangers are sent to sign in, a form of another session or site changes nothing, nothing inline is in it,
and an organization's pages hold no word of another's.
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from octavo import app
from octavo.control.access import actions as access
from octavo.database.connection import Database
from octavo.pipeline import catalog
from octavo.pipeline.document import Organization
from octavo.settings import Settings
from octavo.web.pages import rail
from octavo.web.pages.routing import PageRoute
from tests.conformance.routes import KINDS
from tests.conformance.tenant_tables import Connection
from tests.conformance.tenants import PASSWORD, Books, Tenant, far_apart, settle

OPEN = {"/sign-in", "/sign-in/organization"}
"""For whoever is not signed in: they take a password, or what was given to whoever had shown one."""
STREAMS = {"/live"}
OWN_NOTES = {"octavo.api_key": ("last_used_at",), "octavo.session": ("*",), "octavo.request_count": ("*",)}
ROOT = "/below"
"""What a proxy may put before every path."""


@pytest.fixture
def application(database: Database, superuser: Connection, tmp_path: Path) -> FastAPI:
    far_apart(superuser)
    given = Settings(
        data_dir=tmp_path / "data", store_url=str(tmp_path / "store"), requests_per_minute=100_000, strangers_per_minute=100_000
    )
    return app.web(database, catalog.installed(), given)


@pytest.fixture
def tenants(
    application: FastAPI, database: Database, organization: Organization, other_organization: Organization
) -> Iterator[list[Tenant]]:
    with ExitStack() as stack:
        yield [settle(application, database, one, stack) for one in (organization, other_organization)]


def every(application: FastAPI, method: str) -> list[PageRoute]:
    return [route for route in rail.registered(application) if method in route.methods]


def browser(application: FastAPI, root: str = "") -> TestClient:
    return TestClient(application, base_url="http://127.0.0.1", client=("127.0.0.1", 5000), raise_server_exceptions=False, root_path=root)


def signed_in(application: FastAPI, tenant: Tenant, root: str = "") -> TestClient:
    client = browser(application, root)
    answered = client.post("/sign-in", data={"email": tenant.email, "password": tenant.password}, follow_redirects=False)
    assert answered.status_code == 303, answered.text
    return client


def addresses(route: PageRoute, tenant: Tenant) -> Iterator[str]:
    """The addresses of a page that name something of this organization, of every state that it is there in."""
    found = re.findall(r"\{(\w+)(?::\w+)?\}", route.path)
    if not found:
        yield route.path
        return
    assert len(found) == 1 and found[0] in KINDS, f"{route.path}: it is not known what it names; say it in tests/conformance/routes.py"
    for value in {str(value) for (kind, _), value in tenant.things.items() if kind == KINDS[found[0]]}:
        yield re.sub(r"\{.*\}", value, route.path)


def test_strangers_are_sent_to_sign_in_and_from_there_back(application: FastAPI, tenants: list[Tenant]) -> None:
    client = browser(application)
    seen = 0
    for route in [*every(application, "GET"), *every(application, "POST")]:
        for method in {"GET", "POST"} & route.methods:
            for address in () if route.path in OPEN else addresses(route, tenants[0]):
                answered = client.request(method, address, follow_redirects=False)
                wanted = "" if method == "POST" or address == "/" else f"?next={address}"
                assert (answered.status_code, answered.headers["location"], answered.text) == (303, f"/sign-in{wanted}", ""), address
                seen += 1
    assert seen > 5


def test_a_page_holds_no_word_of_another_organization(application: FastAPI, tenants: list[Tenant]) -> None:
    ours, theirs = tenants
    own, strange = signed_in(application, ours), signed_in(application, theirs)
    wrong, told = [], 0
    for route in every(application, "GET"):
        for address in () if route.path in STREAMS | OPEN else addresses(route, ours):
            mine, others = own.get(address, follow_redirects=False), strange.get(address, follow_redirects=False)
            told += ours.canary in mine.text
            if mine.status_code >= 500:
                wrong.append(f"{address}: {mine.status_code}")
            if ours.canary in others.text.replace(address, ""):
                wrong.append(f"{address} tells of another organization")
            if "{" in route.path and others.status_code != 404 and not route.path.startswith("/reports/{report}"):
                wrong.append(f"{address} of another organization: {others.status_code} instead of 404")
    assert wrong == []
    assert told, "no page shows anything of its own organization, so this proves nothing"


def test_a_form_without_this_sessions_token_or_from_another_site_changes_nothing(
    application: FastAPI, tenants: list[Tenant], superuser: Connection
) -> None:
    ours, theirs = tenants
    client, books = signed_in(application, ours), Books(superuser, OWN_NOTES)
    token = access.csrf_token(client.cookies["octavo"])
    others = access.csrf_token(signed_in(application, theirs).cookies["octavo"])
    before = books.of(ours.organization, own=True)
    for route in every(application, "POST"):
        for address in addresses(route, ours):
            if route.path not in OPEN:
                for wrong in ({}, {"csrf_token": others}, {"csrf_token": ""}):
                    answered = client.post(address, data={**wrong, "organization": ours.organization.slug}, follow_redirects=False)
                    assert (answered.status_code, "not of this session" in answered.text) == (403, True), address
            elsewhere = client.post(
                address, data={"csrf_token": token, "email": ours.email, "password": PASSWORD}, headers={"Sec-Fetch-Site": "cross-site"},
                follow_redirects=False,
            )  # fmt: skip
            assert (elsewhere.status_code, "another site" in elsewhere.text) == (403, True), address
    assert books.of(ours.organization, own=True) == before


def test_every_page_is_strict_and_every_address_in_it_is_below_the_proxys_path(application: FastAPI, tenants: list[Tenant]) -> None:
    client = signed_in(application, tenants[0], ROOT)
    looked = 0
    for route in every(application, "GET"):
        for address in () if route.path in STREAMS else addresses(route, tenants[0]):
            answered = client.get(f"{ROOT}{address}", follow_redirects=False)
            if not answered.headers.get("content-type", "").startswith("text/html"):
                continue
            policy = answered.headers["content-security-policy"]
            assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy, address
            assert answered.headers["x-content-type-options"] == "nosniff" and answered.headers["cache-control"] == "no-store"
            assert not re.search(r"<style|<script(?![^>]* src=)|\sstyle=|\son[a-z]+=|javascript:", answered.text), address
            for place in re.findall(r'(?:href|src|action|data-live)="(/[^"]*)"', answered.text):
                assert place.startswith(f"{ROOT}/"), f"{address} leads to {place}: write at(...) around it"
            assert not re.search(r'(?:href|src|action)="(?:https?:)?//', answered.text), address
            looked += 1
    assert looked >= 3


def test_every_page_is_for_people_and_stands_in_no_document_for_programs(application: FastAPI) -> None:
    documented = application.openapi()["paths"]
    assert every(application, "GET") and every(application, "POST")
    for route in rail.registered(application):
        assert isinstance(route, PageRoute) and not route.include_in_schema and route.path not in documented
        assert route.methods <= {"GET", "POST"}, route.path
