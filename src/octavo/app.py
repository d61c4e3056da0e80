"""The web process: the list of modules, and the shell around their routes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import prometheus_client
from fastapi import FastAPI

from octavo import __version__, metrics
from octavo.control.access import actions, governing
from octavo.control.access import pages as access_pages
from octavo.control.access import routes as access
from octavo.control.audit import pages as audit_pages
from octavo.control.audit import routes as audit
from octavo.control.delivery import pages as delivery_pages
from octavo.control.delivery import routes as delivery
from octavo.control.exports import pages as exports_pages
from octavo.control.exports import requesting
from octavo.control.exports import routes as exports
from octavo.control.history import pages as history_pages
from octavo.control.home import pages as home_pages
from octavo.control.reports import pages as reports_pages
from octavo.control.retention import pages as retention_pages
from octavo.control.retention import routes as retention
from octavo.control.runs import pages as runs_pages
from octavo.control.runs import routes as runs
from octavo.control.runs import streams
from octavo.control.schedules import pages as schedules_pages
from octavo.control.schedules import routes as schedules
from octavo.control.schedules import writing as schedules_writing
from octavo.control.sharing import pages as sharing_pages
from octavo.control.sharing import routes as sharing
from octavo.control.summaries import routes as summaries
from octavo.control.summaries.flight import Flight
from octavo.control.templates import building as templates_building
from octavo.control.templates import generating
from octavo.control.templates import pages as templates_pages
from octavo.control.templates import routes as templates
from octavo.control.templates import writing as templates_writing
from octavo.control.tenancy import pages as tenancy_pages
from octavo.control.tenancy import routes as tenancy
from octavo.control.webhooks import pages as webhooks_pages
from octavo.control.webhooks import routes as webhooks
from octavo.database.connection import Database
from octavo.pipeline.catalog import Catalog
from octavo.settings import Settings
from octavo.web import catalog, contract, documentation, files, health, problems
from octavo.web.asking import Server
from octavo.web.bodies import Bodies
from octavo.web.limits import Door
from octavo.web.links import Signer
from octavo.web.live import Live
from octavo.web.pages import assets
from octavo.web.passing import Passing
from octavo.web.readiness import Readiness

MODULES = (
    access,
    tenancy,
    catalog,
    templates,
    generating,
    schedules,
    summaries,
    runs,
    streams,
    delivery,
    exports,
    retention,
    sharing,
    webhooks,
    audit,
    files,
    health,
    documentation,
)

PAGES = (
    home_pages,
    access_pages,
    runs_pages,
    reports_pages,
    history_pages,
    schedules_writing,
    schedules_pages,
    templates_writing,
    templates_building,
    templates_pages,
    requesting,  # /exports/new before /exports/{export_id}
    exports_pages,
    tenancy_pages,
    governing,
    delivery_pages,
    webhooks_pages,
    retention_pages,
    sharing_pages,
    audit_pages,
)
"""What people look at; the rail offers those of rail.ENTRIES that are here."""


def routes() -> FastAPI:
    """Every route, and nothing behind it: what the OpenAPI document is made from."""
    app = FastAPI(
        title="Octavo", version=__version__, summary="Reports and exports from PostgreSQL that are right, governed and delivered.",
        docs_url=None, redoc_url=None, redirect_slashes=False, lifespan=_living,
    )  # fmt: skip
    for module in (*MODULES, *PAGES, assets):
        app.include_router(module.router)
    app.state.pages = tuple(route for module in PAGES for route in module.router.routes)
    problems.install(app)
    contract.install(app)
    app.add_middleware(Bodies)
    app.add_middleware(Passing)
    return app


def web(database: Database, reports: Catalog, settings: Settings) -> FastAPI:
    """The application that `octavo serve` runs. Raises UsageError where the settings are not safe to serve with."""
    app = routes()
    app.state.server = Server(database, reports, settings, actions.Host.of(settings))
    app.state.door = Door(settings.strangers_per_minute)
    app.state.summaries = Flight[bytes]()
    app.state.proven = set()
    app.state.signer = Signer(app.state.server.vault)
    app.state.live = Live(database)
    app.state.readiness = Readiness(app.state.server)
    silent = timedelta(seconds=settings.lease_seconds + settings.grace_seconds)
    app.state.metrics = metrics.registry_of(prometheus_client.REGISTRY, database, silent)
    return app


@asynccontextmanager
async def _living(app: FastAPI) -> AsyncIterator[None]:
    app.state.live.open()
    yield
    close(app)


def close(app: FastAPI) -> None:
    """Ends what would go on for ever, because the process stops."""
    app.state.live.close()
