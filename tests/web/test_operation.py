"""What tells how a process is: /ready says what is missing, and the API is documented without anything from elsewhere."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import psycopg
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from octavo import app as octavo_app
from octavo.database.connection import Database
from octavo.pipeline import catalog
from octavo.settings import Settings
from octavo.web import readiness
from tests.conftest import superuser


def test_ready_is_who_can_read_the_database_and_write_the_store_and_leaves_nothing_there(client: TestClient, tmp_path: Path) -> None:
    assert client.get("/ready").json()["status"] == "ok"
    assert [path for path in (tmp_path / "store").rglob("*") if path.is_file()] == []


def test_not_ready_says_that_the_database_does_not_answer_while_health_is_well(client: TestClient, conninfo: str) -> None:
    name = sql.Identifier(str(conninfo_to_dict(conninfo)["dbname"]))
    with psycopg.connect(superuser(conninfo), autocommit=True) as admin:
        admin.execute(sql.SQL("alter database {} allow_connections false").format(name))
        try:
            refused = client.get("/ready")
            assert (refused.status_code, refused.json()["detail"]) == (503, "The database does not answer; octavo doctor says more")
            assert client.get("/health").status_code == 200
            assert "octavo_database_up 0.0" in client.get("/metrics").text
        finally:
            admin.execute(sql.SQL("alter database {} allow_connections true").format(name))
    assert client.get("/ready").status_code == 200


def test_not_ready_says_that_migrations_are_missing(client: TestClient, conninfo: str) -> None:
    with psycopg.connect(
        superuser(conninfo).replace("dbname=postgres", f"dbname={conninfo_to_dict(conninfo)['dbname']}"), autocommit=True
    ) as admin:
        admin.execute("delete from octavo._yoyo_migration where migration_id = 'octavo-0010-metrics'")
    refused = client.get("/ready")
    assert (refused.status_code, refused.json()["detail"]) == (503, "The database lacks 1 migrations; run: octavo migrate")


def test_not_ready_says_that_the_store_cannot_be_written(database: Database, tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file where the folder should be")
    application = octavo_app.web(database, catalog.installed(), Settings(data_dir=tmp_path, store_url=str(tmp_path / "store")))
    with TestClient(application) as client:
        refused = client.get("/ready")
    assert refused.status_code == 503
    assert "cannot be written" in refused.json()["detail"]


def test_a_good_answer_stands_for_ten_seconds_so_that_asking_costs_nothing(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.get("/ready").status_code == 200
    (tmp_path / "store").rmdir()
    (tmp_path / "store").write_text("a file where the folder should be")
    assert client.get("/ready").status_code == 200
    monkeypatch.setattr(readiness, "_GOOD_SECONDS", 0)
    assert client.get("/ready").status_code == 503


class _Loads(HTMLParser):
    """What a page would have a browser fetch, run or leave open."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.anchors: set[str] = set()
        self.links: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("script", "link", "img", "iframe", "object", "form") or "src" in given or any(name.startswith("on") for name in given):
            self.fetched.append(tag)
        if given.get("id"):
            self.anchors.add(str(given["id"]))
        if tag == "a":
            self.links.add(str(given["href"]))


def test_the_api_is_documented_on_one_page_that_fetches_nothing(client: TestClient, application: FastAPI) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    read = _Loads()
    read.feed(page.text)
    assert read.fetched == []
    assert {link for link in read.links if not link.startswith("#")} == {"/openapi.json"}
    assert {link[1:] for link in read.links if link.startswith("#")} <= read.anchors
    for path, methods in application.openapi()["paths"].items():
        for method, operation in methods.items():
            assert f"<code>{method.upper()} {path}</code>" in page.text
            assert operation["summary"].replace("'", "&#x27;") in page.text


def test_the_style_of_the_page_is_the_one_that_its_policy_allows(client: TestClient) -> None:
    import base64
    import hashlib

    page = client.get("/docs")
    (style,) = re.findall(r"<style>(.*?)</style>", page.text, re.DOTALL)
    allowed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{allowed}'" in page.headers["content-security-policy"]


def test_the_command_prints_the_document_that_is_served(client: TestClient, capsys: pytest.CaptureFixture[str]) -> None:
    from octavo.commands import openapi

    openapi.print_document()
    assert json.loads(capsys.readouterr().out) == client.get("/openapi.json").json()
