"""What README has a person type is what happens: its commands, run by bash with curl against octavo up, on a local store and on S3."""

import csv
import json
import os
import re
import shutil
import subprocess

import pytest

from octavo import demo
from octavo.control.access import actions as access
from octavo.database.connection import Database
from octavo.pipeline import catalog
from tests.cli.conftest import CommandLine, wait_until
from tests.cli.running import start
from tests.conftest import ROOT


def commands() -> str:
    """The block of commands of the walkthrough, as it stands in README."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("## An export, from the request to the file")[1].split("\n## ")[0]
    (block,) = re.findall(r"```bash\n(.*?)```", section, re.DOTALL)
    return str(block)


@pytest.mark.parametrize("store", ["a local store", "S3"])
def test_an_export_goes_from_the_request_to_the_file_as_readme_says(
    bare: CommandLine, conninfo: str, database: Database, request: pytest.FixtureRequest, store: str
) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not here, and the walkthrough is made of it")
    environment = {"OCTAVO_DATABASE_URL": conninfo}
    if store == "S3":
        environment["OCTAVO_STORE_URL"] = f"{request.getfixturevalue('s3')}/readme"
        environment |= {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    aurora, _ = demo.prepare(database, catalog.installed())
    keys = {one.role: one.key.text for one in access.demo_credentials(database, aurora)}
    up = start(bare, **environment).ready()
    given = {
        "OCTAVO": up.address,
        "METRICS": f"http://127.0.0.1:{up.metrics_port}/metrics",
        "ADMIN": keys["admin"],
        "MEMBER": keys["member"],
    }
    typed = subprocess.run(
        ["bash", "-eu", "-c", commands()],
        check=False,
        cwd=bare.folder,
        env={"PATH": os.environ["PATH"], **given},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (typed.returncode, typed.stderr) == (0, ""), typed.stdout + typed.stderr
    answers = [json.loads(line) for line in typed.stdout.splitlines() if line.startswith("{")]
    settings, asked, approved, audit, statistics = answers
    assert settings["personal_threshold"] == 0
    assert (asked["state"], asked["needs_approval"], asked["estimated_rows"]) == (
        "pending",
        True,
        5,
    )  # the sample's five contracts of Aurora
    assert (approved["state"], approved["decided_by_name"]) == ("approved", "octavo demo")
    events = [json.loads(line.removeprefix("data: ")) for line in typed.stdout.splitlines() if line.startswith("data: ")]
    assert (events[-1]["state"], events[-1]["percent"], events[-1]["records"]) == ("completed", 100, 5)
    with (bare.folder / "contracts.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["contract_number"] for row in rows] == ["OM-01", "OM-02", "PPA-01", "PPA-02", "PPA-03"]
    assert {row["counterparty_name"] for row in rows} == {"***"}
    actions = [entry["action"] for entry in audit["items"]]
    assert actions == ["export.downloaded", "run.completed", "export.approved", "run.requested", "export.requested"]
    assert (statistics["completed_exports"], statistics["total_records_exported"]) == (1, 5)
    counted = 'octavo_runs_completed_total{format="csv",report="energy.contracts",source="export"} 1.0'
    wait_until(lambda: counted in up.get("/metrics", port=up.metrics_port)[1])  # it is counted a moment after it is told
    assert "# HELP octavo_runs_completed_total" in typed.stdout
    up.process.terminate()
    assert up.process.wait(60) == 0
