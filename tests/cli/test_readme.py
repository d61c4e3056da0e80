"""What README has a person type is what happens: its commands, run by bash with curl against octavo up, on a local store and on S3."""

import csv
import io
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from email.message import EmailMessage
from pathlib import Path

import obstore
import openpyxl
import pdfplumber
import pytest
import standardwebhooks
from obstore.store import S3Store

from octavo import demo
from octavo.control.access import actions as access
from octavo.database.connection import Database
from octavo.pipeline import catalog
from tests.buckets import ACCESS, SECRET
from tests.cli.conftest import CommandLine, wait_until
from tests.cli.running import Up, start
from tests.conftest import ROOT
from tests.control.receiving import Receiver
from tests.mailbox import Mailbox, listening
from tests.mailserver import HERE, delivering


def commands(heading: str) -> str:
    """The block of commands under a heading of README."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    (block,) = re.findall(r"```bash\n(.*?)```", section, re.DOTALL)
    return str(block)


def keys(database: Database) -> dict[str, str]:
    """Keys of the people of Aurora, of whom the sample data is there."""
    aurora, _ = demo.prepare(database, catalog.installed())
    return {one.role.upper(): one.key.text for one in access.demo_credentials(database, aurora)}


def typed(heading: str, bare: CommandLine, up: Up, **given: str) -> str:
    """What is printed when the block under the heading is typed into a shell that has these variables."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not here, and the walkthrough is made of it")
    ended = subprocess.run(
        ["bash", "-eu", "-c", commands(heading)],
        check=False,
        cwd=bare.folder,
        env={"PATH": os.environ["PATH"], "OCTAVO": up.address, "METRICS": f"http://127.0.0.1:{up.metrics_port}/metrics", **given},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout + ended.stderr
    return ended.stdout


def ended_in_peace(up: Up) -> None:
    up.process.terminate()
    assert up.process.wait(60) == 0


@pytest.mark.parametrize("store", ["a local store", "S3"])
def test_an_export_goes_from_the_request_to_the_file_as_readme_says(
    bare: CommandLine, conninfo: str, database: Database, request: pytest.FixtureRequest, store: str
) -> None:
    environment = {"OCTAVO_DATABASE_URL": conninfo}
    if store == "S3":
        environment["OCTAVO_STORE_URL"] = f"{request.getfixturevalue('s3')}/readme"
        environment |= {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    given = keys(database)
    up = start(bare, **environment).ready()
    printed = typed("An export, from the request to the file", bare, up, **given)
    answers = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    settings, asked, approved, audit, statistics = answers
    assert settings["personal_threshold"] == 0
    assert (asked["state"], asked["needs_approval"], asked["estimated_rows"]) == (
        "pending",
        True,
        5,
    )  # the sample's five contracts of Aurora
    assert (approved["state"], approved["decided_by_name"]) == ("approved", "octavo demo")
    events = [json.loads(line.removeprefix("data: ")) for line in printed.splitlines() if line.startswith("data: ")]
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
    assert "# HELP octavo_runs_completed_total" in printed
    ended_in_peace(up)


Arrived = Callable[[], list[EmailMessage]]


@pytest.fixture(params=["aiosmtpd", "opensmtpd"])
def mailbox(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[int, Arrived]]:
    """The port of a mail server, and what has arrived for HERE."""
    with ExitStack() as stack:
        if request.param == "aiosmtpd":
            kept = stack.enter_context(listening(Mailbox()))
            yield kept.port, lambda: kept.mails
        else:
            server = stack.enter_context(delivering(tmp_path))
            yield server.port, lambda: server.mails


def test_a_monthly_schedule_fires_and_arrives_by_mail_in_a_bucket_and_at_a_webhook_as_readme_says(
    bare: CommandLine, conninfo: str, database: Database, s3_server: str, mailbox: tuple[int, Arrived]
) -> None:
    port, arrived = mailbox
    given, here = keys(database), '["127.0.0.0/8"]'
    bucket = f"readme-{port}"
    store = S3Store(
        bucket, endpoint=s3_server, access_key_id=ACCESS, secret_access_key=SECRET, region="us-east-1", client_options={"allow_http": True}
    )
    obstore.put(store, "ready", b"")  # this server makes a bucket with its first object
    up = start(
        bare, OCTAVO_DATABASE_URL=conninfo, OCTAVO_MAIL_URL=f"smtp://127.0.0.1:{port}?starttls=optional",
        OCTAVO_MAIL_FROM="reports@octavo.example", OCTAVO_PLACE_NETWORKS=here, OCTAVO_WEBHOOK_NETWORKS=here,
    ).ready()  # fmt: skip
    with Receiver() as receiver:
        printed = typed(
            "A schedule, from the rule to the mailbox", bare, up, ADMIN=given["ADMIN"], HOOK=receiver.url, MAILBOX=HERE, BUCKET=f"s3://{bucket}/octavo",
            REGION="us-east-1", ENDPOINT=s3_server, ACCESS_KEY=ACCESS, SECRET_KEY=SECRET,
        )  # fmt: skip
    hook, times, deliveries, ticks = [json.loads(line) for line in printed.splitlines()]
    assert len(times) == 3 and {one["utc_offset"] for one in times} == {"+00:00"}
    assert [(one["state"], one["attempts"]) for one in deliveries["items"]] == [("sent", 1)] * 6
    assert sorted(one["channel"] for one in deliveries["items"]) == ["email", "email", "place", "place", "webhook", "webhook"]
    (tick,) = ticks["items"]
    assert (tick["state"], tick["kind"]) == ("completed", "planned")

    wait_until(lambda: len(arrived()) == 2, 60)
    files = {}
    for message in arrived():
        assert message["To"] == HERE and str(message["Subject"]).startswith("Expense by category, ")
        (file,) = message.iter_attachments()
        files[str(file.get_filename()).rpartition(".")[2]] = bytes(file.get_payload(decode=True))
    with pdfplumber.open(io.BytesIO(files["pdf"])) as pdf:
        assert "Expense by category" in (pdf.pages[0].extract_text() or "")
    assert "Summary" in openpyxl.load_workbook(io.BytesIO(files["xlsx"])).sheetnames

    lying = {one["path"]: bytes(obstore.get(store, one["path"]).bytes()) for one in obstore.list(store, "octavo").collect()}
    (period,) = {path.split("/")[1] for path in lying}
    assert sorted(lying.values(), key=len) == sorted([*files.values(), *(lying[path] for path in lying if path.endswith(".json"))], key=len)
    assert period != "" and len(lying) == 4  # each file with its manifest

    told = [standardwebhooks.Webhook(hook["secret"]).verify(message.body, message.headers) for message in receiver.messages]
    assert [one["type"] for one in told] == ["run.completed"] * 2
    assert {one["data"]["id"] for one in told} == {one["run_id"] for one in deliveries["items"]}
    ended_in_peace(up)
