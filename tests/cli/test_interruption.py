"""Ctrl-C, SIGTERM and dead servers: the query is ended, nothing is left, and a server that was started is stopped."""

import os
import signal
import time
from pathlib import Path

import psycopg
import pytest

from tests.cli.conftest import CommandLine, Running, end, wait_until
from tests.conftest import superuser

SLOW = ("render", "shop.slow", "--output", "out/", "--param")
SOON = 2.5  # seconds, the start of a stopping process on a busy machine included


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("phase", ["count", "copy"])
def test_an_interrupted_render_ends_at_once_and_leaves_nothing(
    octavo: CommandLine, running: Running, phase: str, number: signal.Signals
) -> None:
    process = octavo.start(*SLOW, f"phase={phase}")
    wait_until(lambda: [query for query in running() if "pg_sleep" in query and query.lower().startswith("copy") == (phase == "copy")])
    took, said = end(process, number)
    assert (process.returncode, said) == (1, "octavo: interrupted; what was not finished was thrown away\n")
    assert took < SOON
    assert octavo.files == []
    wait_until(lambda: not running(), 1)


def test_a_killed_backend_leaves_nothing(octavo: CommandLine, running: Running, conninfo: str) -> None:
    process = octavo.start(*SLOW, "phase=copy")
    wait_until(lambda: [query for query in running() if query.lower().startswith("copy")])
    with psycopg.connect(superuser(conninfo), autocommit=True) as admin:
        admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where query ilike 'copy%pg_sleep%' and pid <> pg_backend_pid()"
        )
    _, said = process.communicate(timeout=20)
    assert process.returncode == 1
    assert said.splitlines() == [said.strip()]
    assert "the database ended the connection" in said
    assert octavo.files == []


def test_a_process_that_is_killed_publishes_nothing(octavo: CommandLine, running: Running) -> None:
    """Nobody can tidy up after kill -9: what stays is hidden scratch, never a file under its name."""
    process = octavo.start(*SLOW, "phase=copy")
    wait_until(lambda: [query for query in running() if query.lower().startswith("copy")])
    end(process, signal.SIGKILL)
    assert [name for name in octavo.files if not Path(name).name.startswith(".octavo-")] == []


def test_the_embedded_server_is_stopped_by_whoever_started_it(bare: CommandLine) -> None:
    data = Path(bare.environment["OCTAVO_DATA_DIR"])
    assert bare("migrate").returncode == 0
    assert not list(data.rglob("postmaster.pid"))
    made = bare("admin", "organization", "alpha")
    assert (made.returncode, made.stderr) == (0, "")
    assert not list(data.rglob("postmaster.pid"))

    process = bare.start(*SLOW, "phase=copy")
    wait_until(lambda: list(data.rglob("postmaster.pid")))
    wait_until(lambda: any(name.endswith(".part") for name in bare.files))
    time.sleep(0.5)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does it: to everyone in the foreground
    _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (1, "octavo: interrupted; what was not finished was thrown away\n")
    assert bare.files == []
    assert not list(data.rglob("postmaster.pid"))

    done = bare("render", "shop.goods", "--section", "goods")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("pause", [0.0005, 0.005, 0.02])
def test_an_impatient_second_ctrl_c_changes_nothing(octavo: CommandLine, running: Running, pause: float) -> None:
    process = octavo.start(*SLOW, "phase=copy")
    wait_until(lambda: [query for query in running() if query.lower().startswith("copy")])
    process.send_signal(signal.SIGINT)
    time.sleep(pause)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert (process.returncode, said) == (1, "octavo: interrupted; what was not finished was thrown away\n")
    assert octavo.files == []
    wait_until(lambda: not running(), 1)


@pytest.mark.parametrize("format", ["json", "xlsx"])
def test_no_format_leaves_temporary_files(octavo: CommandLine, running: Running, tmp_path: Path, format: str) -> None:
    (tmp_path / "temporary").mkdir()
    process = octavo.start(*SLOW, "phase=copy", "--format", format, TMPDIR=str(tmp_path / "temporary"))
    wait_until(lambda: [query for query in running() if query.lower().startswith("copy")])
    took, said = end(process, signal.SIGINT)
    assert (process.returncode, said) == (1, "octavo: interrupted; what was not finished was thrown away\n")
    assert took < SOON
    assert octavo.files == []
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.parametrize("moment", ["fonts", "setting"])
def test_a_pdf_that_is_interrupted_leaves_no_process_and_no_file(octavo: CommandLine, tmp_path: Path, moment: str) -> None:
    """Fifteen thousand rows take seconds to set; the fonts are read in a folder that stands for a few hundredths of a second."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    arguments = ("render", "shop.goods", "--param", "rows=15000", "--format", "pdf", "--output", "out/")
    process = octavo.start(*arguments, TMPDIR=str(temporary))
    wait_until(lambda: list(temporary.glob("octavo-fonts-*")), pause=0.001)
    if moment == "setting":
        wait_until(lambda: not list(temporary.glob("octavo-fonts-*")))
        time.sleep(1)
    begun = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (1, "octavo: interrupted; what was not finished was thrown away\n")
    assert time.monotonic() - begun < SOON
    assert octavo.files == []
    assert list(temporary.iterdir()) == []
    wait_until(lambda: not lives(process.pid), 2)  # one that was killed is there until somebody has taken notice of it


def lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
