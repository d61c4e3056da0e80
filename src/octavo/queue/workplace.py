"""A folder for whatever the children of one worker put among the temporary files, so that nothing of it outlives them.

It is held by a lock that the kernel takes back however the worker ends; what a killed worker left, the next one on the machine clears away.
"""

import fcntl
import os
import shutil
import tempfile
from multiprocessing import util as finalizing
from pathlib import Path

_MAKING, _MADE = "octavo-new-", "octavo-w-"  # short, since a socket lies in it, whose path may have 103 bytes
_HELD = "held"
_AFTER_ALL = -1000
"""When the folder goes: after multiprocessing has taken its own temporary files out of it."""


class Workplace:
    """The folder of this process, which is where its own temporary files go from then on; `room` makes one in it for each child."""

    def __init__(self) -> None:
        self._among = Path(tempfile.gettempdir())
        making = Path(tempfile.mkdtemp(prefix=_MAKING))
        self._lock = (making / _HELD).open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._folder = making.with_name(_MADE + making.name.removeprefix(_MAKING))
        making.rename(self._folder)  # seen by others only now that it is held
        tempfile.tempdir = str(self._folder)
        finalizing.Finalize(None, shutil.rmtree, (self._folder, True), exitpriority=_AFTER_ALL)

    def room(self) -> Path:
        """A new folder for one child. Raises OSError."""
        return Path(tempfile.mkdtemp(dir=self._folder))

    def clear_abandoned(self) -> list[Path]:
        """Takes away the workplaces on this machine whose worker is gone; gives them."""
        return [folder for folder in self._among.glob(f"{_MADE}*") if folder != self._folder and _cleared(folder)]


def _cleared(folder: Path) -> bool:
    try:
        lock = os.open(folder / _HELD, os.O_RDWR)
    except OSError:  # just cleared by another, or another user's
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True
