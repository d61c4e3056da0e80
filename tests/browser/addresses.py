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
    "built": "built",
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
ASKED = {
    "/reports?q=revenue+meters": "Generation summary",
    "/reports?q=xyzzy": "Nothing is called so",
    "/reports/energy.contracts?again={run_id}": "was asked",
    "/reports/retail.sales?period=previous_month&compare=previous_period&e_period=2026-06&e_country=Germany&made-as=zip": "Other periods",
    "/history?report=energy.contracts&state=failed&format=&source=&since=2020-01-01&until=": "Show all runs",
    "/history?since=2199-01-01": "No run is like that",
    "/history?page=2": "Previous",
    "/templates/new?report=retail.sales&format=xlsx&compare=previous_period&then=/schedules/new": "Save and go on to the schedule",
    "/templates/build?dataset=energy.contracts": "Totals are of all rows",
    "/templates/build?template_id={built}": "Totals are of all rows",
    "/schedules?show=overdue": "Overdue",
    "/schedules/new?template_id={template_id}": "What that means",
    "/schedules/{schedule_id}/backfill?after=2020-01-06T00:00&until=2020-01-20T00:00": "14 times are missing",
    "/exports/new?dataset=energy.contracts": "Contracts",
    "/audit?subject=run&action=run.requested": "run.requested",
}
"""Pages that say and show more when they are asked, with words that then stand there: filters, nothing found, the later steps of the builder, what
one page takes along to another."""
OPEN = ("/sign-in",)
"""Pages for whoever is not signed in."""


def asked(things: dict[str, Any]) -> dict[str, str]:
    """The addresses that ask for something, with the words that stand on their page."""
    return {named(address, things): words for address, words in ASKED.items()}


def pages(application: FastAPI, things: dict[str, Any]) -> Iterator[str]:
    """The address of every page, with something of the world in it. Fails on one that names what is not known."""
    for route in rail.registered(application):
        if "GET" in route.methods and route.path not in NO_PAGE:
            yield named(route.path, things)


def named(address: str, things: dict[str, Any]) -> str:
    """The address with something of the world in it."""
    return re.sub(r"\{(\w+)(:\w+)?\}", lambda found: str(things[NAMED[found[1]]]), address)
