"""A folder in memory for what lives as long as the tests: a database of many files is made there in a tenth of the time that a disk takes."""

import atexit
import os
import shutil
from contextlib import suppress
from pathlib import Path

import psutil

from octavo.database import embedded

MEMORY = Path("/dev/shm")
ENOUGH_BYTES = 4 << 30
_NAME = "octavo-tests-"


def folder(otherwise: Path) -> Path:
    """An empty folder in memory, which is gone with this process; or the other one, where memory is scarce. Start servers in it after this."""
    for old in MEMORY.glob(f"{_NAME}*"):  # of tests that were killed
        if not psutil.pid_exists(int(old.name.removeprefix(_NAME))):
            with suppress(Exception):
                embedded.stop(old / "postgres")
            shutil.rmtree(old, ignore_errors=True)
    try:
        free = shutil.disk_usage(MEMORY).free
        if min(free, psutil.virtual_memory().available) < ENOUGH_BYTES:
            return otherwise
        made = MEMORY / f"{_NAME}{os.getpid()}"
        made.mkdir(mode=0o755)
    except OSError:
        return otherwise
    atexit.register(shutil.rmtree, made, ignore_errors=True)  # after the servers in it, which register later, were stopped
    return made
