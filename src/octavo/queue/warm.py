"""Imported once by the server from which children are forked, so that a render starts with everything already there."""

import typst  # noqa: F401
import xlsxwriter  # noqa: F401

from octavo.pipeline import catalog, charts, fonts  # noqa: F401
from octavo.queue import child  # noqa: F401

catalog.installed()
