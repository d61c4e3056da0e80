"""octavo up: everything in one command; what dies is started again; what stops stops in order; nothing outlives it."""

import json
import signal
import socket
import urllib.error
from pathlib import Path

import psutil
import pytest

from octavo.control.access import actions as access
from octavo.database.connection import Database
from octavo.pipeline.document import Organization
from tests.cli.conftest import CommandLine, wait_until
from tests.cli.running import all_gone, complaints, family, free_port, now, start


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_it_ends_nothing_outlives_it_and_the_embedded_database_is_stopped(bare: CommandLine, number: signal.Signals) -> None:
    up = start(bare).ready()
    data = Path(bare.environment["OCTAVO_DATA_DIR"])
    postgres = psutil.Process(int((data / "postgres" / "postmaster.pid").read_text().splitlines()[0]))
    everything = [*family(up.process), postgres]
    assert len(everything) >= 5  # itself, the web process, the worker with the server of its children, the database
    up.process.send_signal(number)
    out, said = up.process.communicate(timeout=60)
    all_gone(everything)
    assert not list(data.rglob("postmaster.pid"))
    assert (up.process.returncode, complaints(said)) == (-9 if number == signal.SIGKILL else 0, [])
    assert out.startswith(f"octavo is up at {up.address} ")


def test_a_part_that_dies_is_started_again_and_requests_wait_meanwhile(octavo: CommandLine) -> None:
    up = start(octavo, OCTAVO_LOG_FORMAT="text").ready()
    web, worker = up.part("serve"), up.part("work")
    web.kill()
    worker.kill()
    assert up.answers("/health"), "it waits for the next web process"
    wait_until(lambda: up.answers("/metrics", up.metrics_port), 60)
    assert up.part("serve").pid != web.pid and up.part("work").pid != worker.pid
    up.process.terminate()
    _, said = up.process.communicate(timeout=60)
    assert "the web process was ended by SIGKILL; it is started again in 1 s" in said
    assert "the worker was ended by SIGKILL; it is started again in 1 s" in said


def test_an_embedded_database_that_dies_is_started_again(bare: CommandLine) -> None:
    up = start(bare, OCTAVO_LOG_FORMAT="text").ready()
    pidfile = Path(bare.environment["OCTAVO_DATA_DIR"]) / "postgres" / "postmaster.pid"
    killed = pidfile.read_text().splitlines()[0]
    psutil.Process(int(killed)).kill()
    wait_until(lambda: pidfile.exists() and (lines := pidfile.read_text().splitlines()) and lines[0] != killed, 60)
    wait_until(lambda: up.answers("/ready"), 60)
    up.process.terminate()
    _, said = up.process.communicate(timeout=60)
    assert "the embedded database has ended; it is started again" in said
    assert not pidfile.exists()


def test_told_to_stop_it_lets_the_run_at_work_be_finished(octavo: CommandLine, database: Database, organization: Organization) -> None:
    key = next(one.key.text for one in access.demo_credentials(database, organization) if one.role == "member")
    up = start(octavo, OCTAVO_GRACE_SECONDS="60").ready()
    made = up.post("/api/reports/generate", key, {"report": "shop.slow", "format": "csv", "parameters": {"phase": "copy", "seconds": 1}})
    wait_until(lambda: '"state":"processing"' in up.get(f"/api/reports/generated/{made['id']}", key)[1], 30)
    up.process.terminate()
    assert up.process.wait(60) == 0
    with database.tenant(organization.id) as connection:
        found = connection.execute("select state, attempt from octavo.generated_report where id = %s", [made["id"]]).fetchone()
    assert found == ("completed", 1)


def test_told_twice_to_stop_it_ends_at_once_and_gives_up_the_run_at_work(
    octavo: CommandLine, database: Database, organization: Organization
) -> None:
    key = next(one.key.text for one in access.demo_credentials(database, organization) if one.role == "member")
    up = start(octavo, OCTAVO_GRACE_SECONDS="600").ready()
    made = up.post("/api/reports/generate", key, {"report": "shop.slow", "format": "csv", "parameters": {"phase": "copy"}})
    wait_until(lambda: '"state":"processing"' in up.get(f"/api/reports/generated/{made['id']}", key)[1], 30)
    everything, web = family(up.process), up.part("serve")
    up.process.terminate()
    wait_until(lambda: not web.is_running(), 30)
    with pytest.raises(urllib.error.URLError, match="refused"):
        up.get("/health")
    assert up.process.poll() is None, "the worker has ten minutes"
    up.process.terminate()
    _, said = up.process.communicate(timeout=30)
    all_gone(everything)
    assert up.process.returncode == 0
    assert [json.loads(line)["message"] for line in complaints(said)] == ["the worker did not stop in time and was ended"]


def test_a_port_that_is_taken_is_told_at_once_and_nothing_is_started(octavo: CommandLine) -> None:
    taken = start(octavo).ready()
    for command in (("up",), ("serve",), ("demo",)):
        refused = octavo(*command, "--port", taken.port)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert (
            refused.stderr == f"octavo: 127.0.0.1:{taken.port} cannot be listened on: Address already in use; choose another with --port\n"
        )
    assert octavo.files == []
    taken.process.terminate()
    taken.process.wait(60)


def test_told_to_stop_a_web_process_ends_its_streams_at_once(octavo: CommandLine, database: Database, organization: Organization) -> None:
    key = next(one.key.text for one in access.demo_credentials(database, organization) if one.role == "viewer")
    server = start(octavo, "serve")
    wait_until(lambda: server.answers("/ready"), 60)
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as stream:
        stream.sendall(f"GET /api/reports/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n".encode())
        assert b"200 OK" in stream.recv(4096)
        begun = now()
        server.process.terminate()
        assert server.process.wait(30) == 0
        assert now() - begun < 10, "sooner than the time that open requests are given"


def test_serve_stops_by_itself_and_several_serve_one_database(octavo: CommandLine) -> None:
    servers = [start(octavo, "serve") for _ in range(2)]
    for server in servers:
        wait_until(lambda server=server: server.answers("/ready"), 60)  # type: ignore[misc]
    for server in servers:
        server.process.send_signal(signal.SIGINT)
    for server in servers:
        out, said = server.process.communicate(timeout=30)
        assert (server.process.returncode, out) == (0, f"octavo serves {server.address}, documented at /docs\n")
        assert complaints(said) == []


def test_forwarded_headers_are_believed_only_when_told(octavo: CommandLine, database: Database, organization: Organization) -> None:
    key = next(one.key.text for one in access.demo_credentials(database, organization) if one.role == "admin")
    believed = start(octavo, "serve", "--trust-proxy", "127.0.0.1", "--root-path", "/reports")
    alone = start(octavo, "serve")
    for number, server in enumerate((believed, alone)):
        wait_until(lambda server=server: server.answers("/ready"), 60)  # type: ignore[misc]
        said = {"X-Forwarded-For": f"203.0.113.{number}"}
        created = server.ask("POST", "/api/reports/generate", key, {"report": "retail.sales", "format": "csv"}, **said)
        place = f"{'/reports' if server is believed else ''}/api/reports/generated/{number + 1}"
        assert (created.status, created.headers["location"]) == (202, place)
    with database.tenant(organization.id) as connection:
        rows = connection.execute("select address from octavo.audit_entry where action = 'run.requested' order by number").fetchall()
    assert [str(address) for (address,) in rows] == ["203.0.113.0", "127.0.0.1"]


def test_the_demonstration_prints_what_to_do_next_and_serves(bare: CommandLine) -> None:
    begun, port, metrics = now(), free_port(), free_port()
    process = bare.start("demo", "--port", port, "--out", "files", OCTAVO_METRICS_PORT=str(metrics))
    assert process.stdout
    printed = ""
    while "octavo is up at" not in printed:
        line = process.stdout.readline()
        assert line, "it ended"
        assert now() - begun < 300
        printed += line
    keys = {tuple(line.split()[:3]) for line in printed.splitlines() if " oct_" in line and "@" in line}
    assert {(slug, role) for slug, role, _ in keys} == {
        (slug, role) for slug in ("aurora", "meridian") for role in ("admin", "member", "viewer")
    }
    assert f"\nexport OCTAVO=http://127.0.0.1:{port} METRICS=http://127.0.0.1:{metrics}/metrics\nexport ADMIN=oct_" in printed
    assert (bare.folder / "files" / "aurora" / "energy.invoice_expected.pdf").exists()
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == 0
