"""What a running server tells of itself: who asked what and what became of it, in lines and in figures, and nothing that is anybody's secret."""

import json
import re
from typing import Any

import pytest

from octavo.control.access import actions as access
from octavo.database.connection import Database
from octavo.pipeline.document import Organization
from tests.cli.conftest import CommandLine, wait_until
from tests.cli.running import Up, start

CANARY = "canary7f3a9"
MADE = {"report": "shop.goods", "format": "csv", "parameters": {"rows": 20}}
SPILT = {"report": "shop.spills", "format": "csv", "parameters": {"word": CANARY}}


@pytest.fixture
def keys(database: Database, organization: Organization) -> dict[str, str]:
    return {str(one.role): one.key.text for one in access.demo_credentials(database, organization)}


def ask(up: Up, key: str, asked: dict[str, Any], state: str) -> int:
    """Asks for a report and waits for its end."""
    run = int(up.post("/api/reports/generate", key, asked)["id"])
    wait_until(lambda: f'"state":"{state}"' in up.get(f"/api/reports/generated/{run}", key)[1], 60)
    return run


def test_the_log_tells_each_request_and_each_run_and_no_canary(
    octavo: CommandLine, conninfo: str, database: Database, organization: Organization, keys: dict[str, str]
) -> None:
    with database.tenant(organization.id) as connection:
        connection.execute("insert into energy.project (name) values (%s)", [f"Plant {CANARY}"])
    octavo.environment["OCTAVO_DATABASE_URL"] = f"{conninfo} password={CANARY}"
    host = {"JWT_SECRET": CANARY * 4, "JWT_ISSUER": "host", "JWT_AUDIENCE": "octavo"}
    up = start(octavo, **{f"OCTAVO_{name}": value for name, value in host.items()}).ready()
    made = ask(up, keys["member"], MADE, "completed")
    spilt = ask(up, keys["member"], SPILT, "failed")
    for key, body in (
        (keys["member"][:-4] + CANARY[:4], MADE),
        (f"oct_{CANARY}", MADE),
        (f"a.{CANARY}.c", MADE),
        (keys["member"], {**MADE, CANARY: CANARY}),
        (keys["member"], {"report": CANARY}),
        (keys["member"], {**MADE, "parameters": {"rows": CANARY}}),
    ):
        assert up.ask("POST", "/api/reports/generate", key, body).status in (401, 404, 422)
    assert up.ask("GET", f"/{CANARY}?key={CANARY}", keys["member"]).status == 404
    assert up.ask("GET", f"/files/{CANARY}").status == 404
    mine = up.ask("GET", f"/api/reports/generated/{made}", keys["member"], **{"X-Request-ID": "asked-by-me"})
    assert mine.headers["x-request-id"] == "asked-by-me"
    up.process.terminate()
    out, said = up.process.communicate(timeout=60)
    assert up.process.returncode == 0
    for secret in (CANARY, *(key.rsplit("_", 1)[1] for key in keys.values())):
        assert secret not in out + said
    told = [json.loads(line) for line in said.splitlines()]
    assert all({"time", "level", "logger", "message"} <= set(line) for line in told)
    (access_line,) = [line for line in told if line.get("request_id") == "asked-by-me"]
    assert (access_line["logger"], access_line["method"], access_line["route"]) == (
        "octavo.access",
        "GET",
        "/api/reports/generated/{run_id}",
    )
    assert (access_line["status"], access_line["organization"]) == (200, organization.id)
    assert isinstance(access_line["ms"], int)
    ends = {line["run"]: line for line in told if line["logger"] == "octavo.worker" and "state" in line}
    assert {name: ends[made][name] for name in ("message", "report", "format", "source", "state", "attempt", "organization")} == {
        "message": "run completed",
        "report": "shop.goods",
        "format": "csv",
        "source": "on_demand",
        "state": "completed",
        "attempt": 1,
        "organization": organization.id,
    }
    assert (ends[spilt]["level"], ends[spilt]["state"], ends[spilt]["kind"]) == ("warning", "failed", "query")
    assert [line for line in told if line["level"] in ("error", "critical")] == []


def value(text: str, series: str) -> float:
    """The value of one series in an exposition; 0 where it is not there yet."""
    found = re.search(rf"^{re.escape(series)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_metrics_count_what_is_done_and_name_nothing_that_is_not_known(octavo: CommandLine, keys: dict[str, str]) -> None:
    up = start(octavo).ready()
    run = ask(up, keys["member"], MADE, "completed")
    ask(up, keys["member"], SPILT, "failed")
    assert up.ask("POST", f"/api/{CANARY}", keys["member"], {}).status == 404
    assert up.ask("BREW", "/api/catalog", keys["member"]).status == 405
    assert up.ask("POST", "/api/reports/generate", keys["member"], {"report": CANARY}).status == 404
    assert up.ask("POST", "/api/reports/generate", keys["member"], {}).status == 422

    made, spilt = 'format="csv",report="shop.goods",source="on_demand"', 'format="csv",kind="query",report="shop.spills",source="on_demand"'
    wait_until(lambda: value(up.get("/metrics", port=up.metrics_port)[1], f"octavo_runs_failed_total{{{spilt}}}") == 1)
    worker = up.get("/metrics", port=up.metrics_port)[1]
    assert value(worker, f"octavo_runs_started_total{{{made}}}") == 1
    assert value(worker, f"octavo_runs_completed_total{{{made}}}") == 1
    assert value(worker, f"octavo_run_rows_total{{{made}}}") == 24  # 20 goods, 2 groups twice: as `octavo render` says
    assert (
        value(worker, f"octavo_run_bytes_total{{{made}}}")
        == json.loads(up.get(f"/api/reports/generated/{run}", keys["member"])[1])["file_bytes"]
    )
    assert value(worker, f"octavo_run_seconds_count{{{made}}}") == 1
    assert value(worker, 'octavo_run_wait_seconds_count{source="on_demand"}') == 2
    assert value(worker, "octavo_worker_slots") == 2

    web = up.get("/metrics")[1]
    assert value(web, 'octavo_http_requests_total{method="POST",route="/api/reports/generate",status="202"}') == 2
    assert value(web, 'octavo_http_requests_total{method="POST",route="other",status="404"}') == 1
    assert value(web, 'octavo_http_requests_total{method="other",route="/api/catalog",status="405"}') == 1
    assert value(web, 'octavo_refused_input_total{route="/api/reports/generate",status="422"}') == 1
    for text in (web, worker):
        assert value(text, "octavo_database_up") == 1
        assert value(text, "octavo_workers") == 1
        assert value(text, 'octavo_queue_runs{kind="interactive"}') == 0
        assert CANARY not in text and "alpha" not in text
    up.process.terminate()
    up.process.wait(60)


def test_the_queue_is_counted_as_it_is(octavo: CommandLine, keys: dict[str, str]) -> None:
    server = start(octavo, "serve")
    wait_until(lambda: server.answers("/ready"), 60)
    for _ in range(3):
        server.post("/api/reports/generate", keys["member"], MADE)
    wait_until(lambda: value(server.get("/metrics")[1], 'octavo_queue_runs{kind="interactive"}') == 3)
    text = server.get("/metrics")[1]
    assert value(text, 'octavo_queue_runs{kind="bulk"}') == 0
    assert value(text, 'octavo_queue_oldest_seconds{kind="interactive"}') > 0
    assert value(text, "octavo_workers") == 0
    server.process.terminate()
    server.process.wait(60)


def test_two_workers_cannot_show_their_metrics_on_one_port(octavo: CommandLine) -> None:
    first = start(octavo).ready()
    second = octavo("work", OCTAVO_METRICS_PORT=str(first.metrics_port))
    assert second.returncode == 2
    (line,) = [json.loads(line) for line in second.stderr.splitlines()]
    assert line["level"] == "critical"
    assert line["message"] == (
        f"The metrics cannot be shown on 127.0.0.1:{first.metrics_port}: Address already in use; set OCTAVO_METRICS_PORT to another port for each worker"
    )
    first.process.terminate()
    first.process.wait(60)
