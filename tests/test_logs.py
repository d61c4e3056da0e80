"""What a process says of itself: lines that machines read, about what they are about, and no value of anything."""

import asyncio
import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from octavo import logs
from octavo.settings import Settings
from tests.conftest import ROOT

CANARY = "canary-7f3a9"


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = (root.handlers[:], root.level, logging.getLogger("octavo").level, sys.excepthook)
    stream = io.StringIO()
    logs.install(Settings(log_format="json"), stream)
    yield stream
    root.handlers[:], level, octavo_level, sys.excepthook = before
    root.setLevel(level)
    logging.getLogger("octavo").setLevel(octavo_level)
    logging.captureWarnings(False)


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_line_says_when_how_grave_who_what_and_about_what(out: io.StringIO) -> None:
    with logs.about(logs.Subject(request_id="r1")):
        logs.name_organization(7)
        logging.getLogger("octavo.web").info("answered", extra={"status": 200, "secret": CANARY})
    logging.getLogger("octavo.web").warning("after")
    first, second = lines(out)
    assert first.pop("time").endswith("+00:00")
    assert first == {
        "level": "info",
        "logger": "octavo.web",
        "message": "answered",
        "organization": 7,
        "request_id": "r1",
        "status": 200,
    }
    assert set(second) == {"time", "level", "logger", "message"}


def test_of_an_exception_its_kind_and_places_are_told_and_never_its_text(out: io.StringIO) -> None:
    try:
        raise psycopg.errors.UniqueViolation(f"Key (name)=({CANARY}) already exists")
    except psycopg.Error as error:
        logging.getLogger("octavo.worker").exception("it failed")
        logging.getLogger("psycopg.pool").warning("error connecting: %s", error)
        logging.getLogger("octavo.worker").warning("because of %s and %r", error, error)
    told = lines(out)
    assert told[0]["error"] == "UniqueViolation"
    assert told[0]["where"][0].startswith(__file__)
    assert told[1]["message"] == "error connecting: UniqueViolation"
    assert CANARY not in out.getvalue()


def test_what_nobody_awaited_is_told_without_what_it_held(out: io.StringIO) -> None:
    async def main() -> None:
        async def fail() -> None:
            raise ValueError(CANARY)

        asyncio.create_task(fail())  # noqa: RUF006 - that is the case
        await asyncio.sleep(0.01)

    asyncio.run(main())
    assert [line["message"] for line in lines(out)] == ["Task exception was never retrieved"]
    assert CANARY not in out.getvalue()


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_process_that_dies_says_so_in_the_same_form(form: str) -> None:
    script = f"from octavo import logs, settings; logs.install(settings.Settings(log_format={form!r})); raise ValueError({CANARY!r})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 1
    assert "ended by an error that nobody expected" in done.stderr and "ValueError" in done.stderr
    assert CANARY not in done.stderr
    assert (form == "json") == done.stderr.startswith("{")
