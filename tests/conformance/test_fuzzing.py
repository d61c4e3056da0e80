"""schemathesis over the whole OpenAPI document with all its checks, on a server as it is served: as an administrator and as a member.

It finds answers of 5xx, statuses and shapes that are not documented, routes that answer without a credential, wrong input that is
taken. `OCTAVO_FUZZ_SECONDS` says for how long each; in CI 30 seconds.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from fastapi import FastAPI

from octavo import app
from octavo.database.connection import Database
from octavo.pipeline import catalog
from octavo.pipeline.document import Organization
from octavo.settings import Settings
from tests.conformance.routes import KINDS
from tests.conformance.tenant_tables import Connection
from tests.conformance.tenants import Tenant, far_apart, settle
from tests.conftest import ROOT

SECONDS = int(os.environ.get("OCTAVO_FUZZ_SECONDS", "30"))
NAMED = ("run_id", "export_id", "template_id", "project_id", "user_id", "report", "dataset", "token", "webhook_id", "share_id")

TAKING = ("/api/keys/{key_id}", "/api/members/{user_id}")
"""What takes a credential or its rights away. Fuzzed without the lists, in which the very key and person that ask would be found."""


@pytest.fixture
def application(database: Database, superuser: Connection, tmp_path: Path) -> FastAPI:
    far_apart(superuser)  # else what is made up may be the id of the very key that is used
    return app.web(
        database,
        catalog.installed(),
        Settings(
            data_dir=tmp_path / "data", store_url=str(tmp_path / "store"), requests_per_minute=1_000_000, strangers_per_minute=1_000_000
        ),
    )


@pytest.fixture
def tenant(application: FastAPI, database: Database, organization: Organization) -> Iterator[Tenant]:
    with ExitStack() as stack:
        yield settle(application, database, organization, stack)


def configuration(tenant: Tenant) -> str:
    """The settings, with what there really is beside what is made up, so that more than the 404 is seen."""
    lines = [(ROOT / "schemathesis.toml").read_text()]
    for name in NAMED:
        values = [value for (kind, _), value in tenant.things.items() if kind == KINDS[name]]
        lines += [f"[dictionaries.{name}]", f"values = {json.dumps(sorted(set(values)))}"]
    lines += ["[parameters]"] + [f'{name} = {{ dictionary = "{name}", probability = 0.5 }}' for name in NAMED]
    return "\n".join(lines)


@pytest.mark.parametrize("role", ["admin", "member"])
def test_schemathesis_finds_nothing(role: str, tenant: Tenant, address: str, tmp_path: Path) -> None:
    (tmp_path / "schemathesis.toml").write_text(configuration(tenant))
    whole = [option for path in TAKING for option in ("--exclude-path", path)]
    _run(tenant, role, address, tmp_path, "--max-time", str(SECONDS), *whole)
    alone = [option for path in TAKING for option in ("--include-path", path)]
    _run(tenant, role, address, tmp_path, "--max-time", "10", "--phases", "coverage,fuzzing", *alone)
    me = tenant.clients[role].get("/api/me")
    assert me.status_code == 200 and me.json()["role"] == role, "the credential did not last"


def _run(tenant: Tenant, role: str, address: str, folder: Path, *options: str) -> None:
    # Without --checks all: every check is on by default, and naming them would take the exceptions of schemathesis.toml back.
    schemathesis = str(Path(sys.executable).with_name("schemathesis"))
    shown = f"Authorization: {tenant.clients[role].headers['Authorization']}"
    command = [schemathesis, "run", f"{address}/openapi.json", "--header", shown, *options]
    ended = subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True, timeout=SECONDS + 600)
    print(ended.stdout[-1500:])
    assert ended.returncode == 0, ended.stdout[-20_000:]
    assert "No issues found" in ended.stdout or "Test cases" in ended.stdout
