"""docs/api.md tells the truth: every route is in it, every route in it is there, and its examples answer what they say."""

import functools
import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from octavo import app
from octavo.database.connection import Database
from octavo.pipeline import catalog
from octavo.pipeline.document import Organization
from octavo.settings import Settings
from tests.conformance.tenants import Tenant, settle
from tests.conftest import ROOT

ROUTE = re.compile(r"`((?:GET|POST|PUT|PATCH|DELETE) /[^`]*)`")


def page() -> str:
    return (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


def part(title: str) -> str:
    return page().partition(f"\n## {title}\n")[2].partition("\n## ")[0]


@functools.cache
def routes() -> dict[str, str]:
    """The summary of every route of the OpenAPI document, by method and path."""
    paths = app.routes().openapi()["paths"]
    return {f"{method.upper()} {path}": operation["summary"] for path, item in paths.items() for method, operation in item.items()}


def test_every_route_is_in_the_table_of_routes_with_what_it_does_and_nothing_else_is() -> None:
    rows = dict(re.findall(r"^\| `([A-Z]+ /[^`]+)` \| (.+) \|$", part("Every route"), re.MULTILINE))
    assert rows == routes()


def test_every_endpoint_of_the_other_systems_leads_to_a_route_that_is_there_or_says_what_it_comes_with() -> None:
    rows = re.findall(r"^\| `([A-Z]+ /[^`]+)` \| (.+) \|$", part("From other systems' endpoints to these"), re.MULTILINE)
    assert len(rows) == 49  # as many as their five documents name
    assert len({theirs for theirs, _ in rows}) == len(rows)
    for theirs, here in rows:
        named = ROUTE.findall(here)
        assert named or "comes with" in here, theirs
        assert [route for route in named if route not in routes()] == [], theirs
        reports = re.findall(r"`([a-z_]+\.[a-z_]+)`", here)
        assert [key for key in reports if key not in catalog.installed().entries] == [], theirs
    coming = {here for _, here in rows if "comes with" in here}
    there = {word for word in ("schedule", "notification") for route in routes() if word in route}
    assert not any(word in here for word in there for here in coming), "what is said to come is there"


def test_every_route_that_the_page_names_in_its_text_is_there() -> None:
    text = page().partition("\n## From other systems")[0]
    assert [route for route in ROUTE.findall(text) if route not in routes()] == []


def test_the_permissions_are_those_there_are() -> None:
    from octavo.control.access.rules import PERMISSIONS, ROLES, permissions

    rows = re.findall(r"^\| `([a-z_.]+)` \| .+? \| (\w*) ?\| (\w*) ?\| (\w*) ?\|$", part("Who asks"), re.MULTILINE)
    said = {name: dict(zip(ROLES, granted, strict=True)) for name, *granted in rows}
    assert set(said) == set(PERMISSIONS)
    for role in ROLES:
        assert {name for name, granted in said.items() if granted[role] == "yes"} == permissions(role, view_pii=False)


@pytest.fixture
def application(database: Database, tmp_path: Path) -> FastAPI:
    return app.web(database, catalog.installed(), Settings(data_dir=tmp_path / "data", store_url=str(tmp_path / "store")))


@pytest.fixture
def tenant(application: FastAPI, database: Database, organization: Organization) -> Iterator[Tenant]:
    with ExitStack() as stack:
        made = settle(application, database, organization, stack)
        for state in ("pending", "refused", "withdrawn"):  # the page begins without exports of its own
            made.clients["member"].post(f"/api/exports/{made.has('export', state)}/cancel")
        yield made


def test_the_examples_answer_what_they_say(tenant: Tenant, address: str, tmp_path: Path) -> None:
    key = {role: client.headers["Authorization"].removeprefix("Bearer ") for role, client in tenant.clients.items() if role != "session"}
    environment = {**os.environ, "OCTAVO": address, "KEY": key["member"], "ADMIN": key["admin"]}
    examples = re.findall(r"^```sh\n(.*?)^```\n```json\n(.*?)^```$", page(), re.MULTILINE | re.DOTALL)
    assert len(examples) == page().count("```sh") >= 8
    for command, expected in examples:
        ended = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command], check=True, cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        answer = json.loads(ended.stdout)
        assert _chosen(answer, json.loads(expected)) == json.loads(expected), (command, answer)


def _chosen(answer: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    return {name: answer.get(name) for name in wanted}
