"""Every page that is looked at, as the application registers it. A page with something in its address says here what that is."""

import re
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from octavo.web.pages import rail

NAMED = {
    "run_id": "run",
    "export_id": "export",
    "schedule_id": "schedule",
    "template_id": "template",
    "report": "report",
    "user_id": "person",
    "project_id": "project",
    "webhook_id": "webhook",
    "place_id": "place",
    "delivery_id": "delivery",
}
"""What stands in an address, and which kind of thing of the world it is."""
NO_PAGE = {
    "/live": "a stream of server-sent events, looked at by tests/browser/test_live.py",
    "/history/{run_id}/download": "leads to the file, fetched by tests/browser/test_reports_and_history.py",
    "/exports/{export_id}/download": "leads to the file",
    "/audit/csv": "a file",
}
"""GET routes that show no page, with the reason. A download is one."""
OPEN = ("/sign-in",)
"""Pages for whoever is not signed in."""


def pages(application: FastAPI, things: dict[str, Any]) -> Iterator[str]:
    """The address of every page, with something of the world in it. Fails on one that names what is not known."""
    for route in rail.registered(application):
        if "GET" in route.methods and route.path not in NO_PAGE:
            yield re.sub(r"\{(\w+)(:\w+)?\}", lambda found: str(things[NAMED[found[1]]]), route.path)
