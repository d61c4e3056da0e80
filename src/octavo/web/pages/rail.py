"""The rail: what a person is offered. An entry is there when a page of that address is registered, and shown to whoever may open it."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import FastAPI
from starlette.routing import Match

from octavo.control.access.actions import Principal
from octavo.web.pages import addresses
from octavo.web.pages.routing import PageRoute


@dataclass(frozen=True)
class Entry:
    """One entry: its address, the key after `g`, and what somebody may who is offered it."""

    title: str
    path: str
    key: str
    needs: str
    icon: str


VIEW, EXPORT = "reports.view_reports", "reports.export_reports"

ENTRIES = (
    Entry("Home", "/", "h", VIEW, "M3 9.5 10 4l7 5.5V16H12v-4H8v4H3z"),
    Entry("Reports", "/reports", "r", VIEW, "M5 3h7l3 3v11H5zM12 3v3h3M8 10h4M8 13h4"),
    Entry("History", "/history", "y", VIEW, "M10 3a7 7 0 1 1-6.6 4.6M3 3v5h5M10 6v4l3 2"),
    Entry("Schedules", "/schedules", "s", VIEW, "M3 5h14v12H3zM3 9h14M7 3v4M13 3v4"),
    Entry("Exports", "/exports", "e", EXPORT, "M10 3v9M6.5 8.5 10 12l3.5-3.5M3 13v4h14v-4"),
    Entry("Templates", "/templates", "t", VIEW, "M3 4h14v4H3zM3 11h6v6H3zM12 11h5v6h-5z"),
    Entry("Settings", "/settings", "p", "reports.manage", "M3 6h8M15 6h2M3 14h2M9 14h8M13 4v4M7 12v4"),
    Entry("Audit", "/audit", "a", "audit.view", "M10 3l6 2v5c0 4-2.5 6-6 7-3.5-1-6-3-6-7V5zM7.5 10l2 2 3.5-4"),
)


@dataclass(frozen=True)
class Shown:
    """An entry as a page shows it."""

    entry: Entry
    here: bool


def offered(app: FastAPI, principal: Principal, path: str) -> list[Shown]:
    """The entries for this person, on the page of that path."""
    return [Shown(entry, _is_within(path, entry.path)) for entry in ENTRIES if principal.may(entry.needs) and there_is(app, entry.path)]


def registered(app: FastAPI) -> Sequence[PageRoute]:
    """Every route of every page."""
    found: Sequence[PageRoute] = app.state.pages
    return found


def there_is(app: FastAPI, path: str) -> bool:
    """Whether a page of that address is registered."""
    scope = {"type": "http", "method": "GET", "path": path, "root_path": "", "headers": []}
    return any(route.matches(scope)[0] is Match.FULL for route in registered(app))


def _is_within(path: str, entry: str) -> bool:
    return path == entry or (entry != addresses.HOME and path.startswith(f"{entry}/"))
