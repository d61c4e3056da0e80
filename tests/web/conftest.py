"""The web application over a real database, and people of two organizations with a key each."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2 as httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from octavo import app
from octavo.control.access import actions as access
from octavo.database.connection import Database
from octavo.pipeline import catalog
from octavo.pipeline.document import Organization
from octavo.settings import Settings


@dataclass(frozen=True)
class Person:
    """Somebody with a key, and a client that shows it."""

    client: TestClient
    key: str

    def get(self, path: str, **query: object) -> httpx.Response:
        return self.client.get(path, params=query or None, headers=self.headers, follow_redirects=False)

    def post(self, path: str, body: object = None, **headers: str) -> httpx.Response:
        return self.client.post(path, json=body, headers={**self.headers, **headers}, follow_redirects=False)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


@pytest.fixture
def application(database: Database, tmp_path: Path) -> Iterator[FastAPI]:
    given = Settings(data_dir=tmp_path / "data", store_url=str(tmp_path / "store"))
    with database.pooled(given.pool_size, wait_seconds=given.pool_wait_seconds) as pooled:
        yield app.web(pooled, catalog.installed(), given)


@pytest.fixture
def client(application: FastAPI) -> Iterator[TestClient]:
    with TestClient(application, raise_server_exceptions=False) as opened:
        yield opened


def people(client: TestClient, database: Database, organization: Organization) -> dict[str, Person]:
    """The administrator, the member and the viewer of an organization, by role."""
    return {credential.role: Person(client, credential.key.text) for credential in access.demo_credentials(database, organization)}


@pytest.fixture
def ours(client: TestClient, database: Database, organization: Organization) -> dict[str, Person]:
    return people(client, database, organization)


@pytest.fixture
def theirs(client: TestClient, database: Database, other_organization: Organization) -> dict[str, Person]:
    return people(client, database, other_organization)
