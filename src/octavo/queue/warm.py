"""Imported once by the server from which children are forked, so that a render starts with everything already there. What goes wrong before is a
line of the log."""

import pickle
import sys
from types import TracebackType

import typst  # noqa: F401
import xlsxwriter  # noqa: F401

from octavo import logs
from octavo.pipeline import catalog, charts, fonts  # noqa: F401
from octavo.queue import child  # noqa: F401
from octavo.settings import settings

catalog.installed()
logs.install(settings())
_died = sys.excepthook


def _begun_for_nobody(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """A child whose worker was killed in the moment in which it asked for one is told nothing to do, and goes without a word."""
    if not issubclass(kind, (EOFError, pickle.UnpicklingError)):
        _died(kind, error, trace)


sys.excepthook = _begun_for_nobody
