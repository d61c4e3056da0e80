"""A server as its users start it: octavo up, in a process of its own, and what is asked of it."""

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

import psutil

from tests.cli.conftest import CommandLine, wait_until


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@dataclass(frozen=True)
class Answer:
    """What a server answered; the names of headers in small letters."""

    status: int
    headers: dict[str, str]
    text: str


@dataclass
class Up:
    """A started octavo up."""

    process: "subprocess.Popen[str]"
    port: int
    metrics_port: int

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, method: str, path: str, key: str | None = None, body: Any = None, *, port: int | None = None, **headers: str) -> "Answer":
        if key:
            headers["Authorization"] = f"Bearer {key}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{port or self.port}{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return Answer(answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read().decode())
        except urllib.error.HTTPError as error:
            return Answer(error.code, {name.lower(): value for name, value in error.headers.items()}, error.read().decode())

    def get(self, path: str, key: str | None = None, *, port: int | None = None) -> tuple[int, str]:
        answer = self.ask("GET", path, key, port=port)
        return answer.status, answer.text

    def post(self, path: str, key: str, body: Any = None) -> dict[str, Any]:
        answer = self.ask("POST", path, key, body)
        assert answer.status < 300, answer.text
        found: dict[str, Any] = json.loads(answer.text)
        return found

    def answers(self, path: str, port: int | None = None) -> bool:
        try:
            return self.get(path, port=port)[0] == 200
        except OSError:
            return False

    def ready(self) -> "Up":
        """Waits until the web process and the worker answer."""
        wait_until(lambda: self.process.poll() is not None or (self.answers("/ready") and self.answers("/metrics", self.metrics_port)), 120)
        assert self.process.poll() is None
        return self

    def part(self, name: str) -> psutil.Process:
        """The process that runs `octavo NAME`."""
        return next(child for child in psutil.Process(self.process.pid).children() if name in child.cmdline())


def start(octavo: CommandLine, *arguments: object, **environment: str) -> Up:
    port, metrics = free_port(), free_port()
    arguments = arguments or ("up",)
    process = octavo.start(*arguments, "--port", port, OCTAVO_METRICS_PORT=str(metrics), **environment)
    return Up(process, port, metrics)


def complaints(said: str) -> list[str]:
    """What a log holds beside what is said when all is well."""
    return [line for line in said.splitlines() if not (line.startswith("{") and json.loads(line)["level"] == "info")]


def all_gone(processes: list[psutil.Process], seconds: float = 60) -> None:
    """Waits until they have all ended; one that nobody has waited for yet has ended too."""

    def alive(process: psutil.Process) -> bool:
        try:
            return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    wait_until(lambda: not [process for process in processes if alive(process)], seconds, pause=0.1)


def family(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    """The process and everything it started."""
    own = psutil.Process(process.pid)
    return [own, *own.children(recursive=True)]


def now() -> float:
    return time.monotonic()
