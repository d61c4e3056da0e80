"""A round of retention in a process of its own that is killed at a given moment: before (odd N) or after (even N) it touches the store.

python -m tests.control.dying CONNINFO PLACE SLUG N
"""

import os
import signal
import sys
from typing import Any

from octavo.control.retention import jobs
from octavo.control.tenancy import actions as tenancy
from octavo.database.connection import Database
from octavo.pipeline.store import open_store


class Dying:
    """A store that ages before and after each change, and takes the process along when it dies."""

    def __init__(self, place: str, lives: int) -> None:
        self._store = open_store(place)
        self._lives = lives

    def __getattr__(self, name: str) -> Any:
        given = getattr(self._store, name)
        if name not in ("copy", "remove"):
            return given

        def touch(*arguments: Any) -> Any:
            self._age()
            done = given(*arguments)
            self._age()
            return done

        return touch

    def _age(self) -> None:
        self._lives -= 1
        if self._lives == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def main(conninfo: str, place: str, slug: str, lives: str) -> None:
    database = Database(conninfo)
    jobs.tend(database, Dying(place, int(lives)), tenancy.find(database, slug))  # type: ignore[arg-type]


if __name__ == "__main__":
    main(*sys.argv[1:])
