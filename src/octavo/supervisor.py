"""The processes of one `octavo up`: started together, started again when one dies, stopped in order, and none outlives the one that started them."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FrameType

_log = logging.getLogger("octavo.up")

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
_STEADY_SECONDS = 60
"""After how long a process counts as one that runs, so that its next end is a new misfortune."""
_LOOK_SECONDS = 0.1
_CHECK_SECONDS = 5.0


@dataclass
class Part:
    """One process of the whole: what it is called, how it is started, and how long it may take to stop."""

    name: str
    arguments: Sequence[str]
    stop_seconds: float
    environment: dict[str, str] = field(default_factory=dict)
    pass_fds: tuple[int, ...] = ()
    process: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0
    pause: float = _FIRST_PAUSE
    due_at: float = 0

    def start(self) -> None:
        """Starts it in a session of its own, so that Ctrl-C reaches only the supervisor; its stdin ends when the supervisor does."""
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "octavo", *self.arguments, "--supervised"], stdin=subprocess.PIPE, start_new_session=True,
            env={**os.environ, **self.environment}, pass_fds=self.pass_fds,
        )  # fmt: skip

    def tend(self) -> None:
        """Starts it again, after a pause, when it has ended."""
        now = time.monotonic()
        if self.process is not None and (code := self.process.poll()) is not None:
            self._forget()
            if now - self.started_at > _STEADY_SECONDS:
                self.pause = _FIRST_PAUSE
            how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
            _log.warning("the %s %s; it is started again in %g s", self.name, how, self.pause, extra={"part": self.name})
            self.due_at = now + self.pause
            self.pause = min(self.pause * 2, _LONGEST_PAUSE)
        elif self.process is None and now >= self.due_at:
            self.start()

    def stop(self, impatient: Callable[[], bool]) -> None:
        """Tells it to stop and waits until it has; ends it when it takes too long or when there is no more patience."""
        if self.process is None:
            return
        self.process.terminate()
        deadline = time.monotonic() + self.stop_seconds
        while self.process.poll() is None:
            if impatient() or time.monotonic() > deadline:
                _log.warning("the %s did not stop in time and was ended", self.name, extra={"part": self.name})
                self.process.kill()
                self.process.wait()
            time.sleep(_LOOK_SECONDS / 2)
        self._forget()

    def _forget(self) -> None:
        assert self.process is not None
        if self.process.stdin:
            self.process.stdin.close()
        self.process = None


def supervise(parts: Sequence[Part], check: Callable[[], None], begun: Callable[[], None], told_to_stop: Callable[[], None]) -> None:
    """Keeps the parts going until SIGTERM, SIGINT or SIGHUP; then stops them in their order. A second signal ends them at once.

    `check` is called every few seconds, to see after whatever else they need; `begun` once, when it may be told to stop; `told_to_stop`
    once it was, before any part is.
    """
    told = 0

    def hear(number: int, frame: FrameType | None) -> None:
        nonlocal told
        told += 1

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, hear)  # also afterwards: whatever is stopped at the exit is stopped in peace
    for part in parts:
        part.start()
    begun()
    check_at = time.monotonic() + _CHECK_SECONDS
    try:
        while not told:
            time.sleep(_LOOK_SECONDS)
            for part in parts:
                part.tend()
            if time.monotonic() >= check_at:
                check()
                check_at = time.monotonic() + _CHECK_SECONDS
    finally:
        told_to_stop()
        patience = told
        for part in parts:
            part.stop(lambda: told > max(patience, 1))


def end_with_supervisor() -> None:
    """Called in a part: when the supervisor is gone, however it went, this process is told to stop as by it."""

    def wait() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True, name="supervisor").start()
