"""One browser and one served world for all tests of the pages: they look, and what they change they change back or leave as it may be."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, Page

from octavo import app
from octavo.database.connection import Database
from octavo.pipeline import catalog
from octavo.settings import Settings
from tests.browser import chromium, world
from tests.browser.chromium import Scheme
from tests.browser.world import World
from tests.conftest import copied
from tests.serving import served


@dataclass(frozen=True)
class Site:
    """A server with a world in it."""

    application: FastAPI
    database: Database
    address: str
    world: World


Looking = Callable[..., Page]
"""looking("admin", width=380, scheme="dark", organization="aurora"): a page in a browser where that person is signed in; None: nobody."""


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Ends with the last of these tests: as long as it lives, the thread runs its event loop, and can run no other."""
    with chromium.launched() as found:
        yield found


@pytest.fixture(scope="package")
def site(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    given = Settings(
        data_dir=folder / "data", store_url=str(folder / "store"), requests_per_minute=1_000_000, strangers_per_minute=1_000_000,
        webhook_networks=["127.0.0.0/8"], delivery_retry_seconds=0.01,
    )  # fmt: skip
    with copied(server) as conninfo, Database(conninfo).pooled(given.pool_size, wait_seconds=given.pool_wait_seconds) as database:
        made = world.made(Database(conninfo), given)
        application = app.web(database, catalog.installed(), given)
        with served(application) as address:
            yield Site(application, database, address, made)


@pytest.fixture
def looking(browser: Browser, site: Site) -> Iterator[Looking]:
    with ExitStack() as opened:

        def look(role: str | None, *, width: int = chromium.WIDE, scheme: Scheme = "light", organization: str = "aurora") -> Page:
            context = browser.new_context(
                viewport={"width": width, "height": 900}, color_scheme=scheme, base_url=site.address, locale="en-GB"
            )
            opened.callback(context.close)
            page = context.new_page()
            if role is not None:
                person = site.world.person(role, organization)
                chromium.sign_in(page, site.address, person.name, person.password)
            return page

        yield look
