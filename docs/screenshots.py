"""`make screenshots`: the pictures of the pages in README. With a folder, every page as it looks on a desk and on a phone, light and dark, into that.

python docs/screenshots.py [FOLDER [ADDRESS ...]]
"""

import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.browser import addresses, chromium, world  # noqa: E402
from tests.browser.chromium import NARROW, SCHEMES, WIDE, Scheme  # noqa: E402
from tests.browser.conftest import Site  # noqa: E402
from tests.serving import served  # noqa: E402

from octavo import app  # noqa: E402
from octavo.database import embedded, migrate  # noqa: E402
from octavo.database.connection import Database  # noqa: E402
from octavo.pipeline import catalog  # noqa: E402
from octavo.settings import Settings  # noqa: E402

README = {"home": "/", "report": "/reports/energy.generation_summary", "builder": "/templates/build?dataset=energy.contracts"}
"""Which pages stand in README, by the name of their picture."""
HEIGHT = {WIDE: 860, NARROW: 780}


@contextmanager
def site(folder: Path) -> Iterator[Site]:
    """A server with the world of the browser tests."""
    conninfo = embedded.start(folder)
    migrate.apply(conninfo, migrate.sources(catalog.installed().migrations))
    given = Settings(data_dir=folder, store_url=str(folder / "store"), requests_per_minute=1_000_000, strangers_per_minute=1_000_000)
    made = world.made(Database(conninfo), given)
    with Database(conninfo).pooled(given.pool_size, wait_seconds=given.pool_wait_seconds) as database:
        application = app.web(database, catalog.installed(), given)
        with served(application) as address:
            yield Site(application, database, address, made)


def shoot(browser: Browser, site: Site, places: dict[str, str], folder: Path, width: int, scheme: Scheme, *, whole: bool) -> None:
    """A picture of each page, by its name."""
    context = browser.new_context(
        viewport={"width": width, "height": HEIGHT[width]}, color_scheme=scheme, base_url=site.address, device_scale_factor=1.5
    )
    page = context.new_page()
    person = site.world.person("admin")
    for name, place in sorted(places.items(), key=lambda pair: pair[1] not in addresses.OPEN):
        if place not in addresses.OPEN and page.url in ("about:blank", f"{site.address}/sign-in"):
            chromium.sign_in(page, site.address, person.name, person.password)
        page.goto(place, wait_until="load")
        chromium.settle(page)
        page.screenshot(path=folder / f"{name}.png", full_page=whole)
        print(folder / f"{name}.png")
    context.close()


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    with tempfile.TemporaryDirectory() as data, site(Path(data)) as found, chromium.launched() as browser:
        if folder is None:
            shoot(browser, found, README, ROOT / "docs" / "pictures", WIDE, "light", whole=False)
            return
        folder.mkdir(parents=True, exist_ok=True)
        wanted = sys.argv[2:] or list(addresses.pages(found.application, found.world.things))
        for width in (WIDE, NARROW):
            for scheme in SCHEMES:
                named = {f"{re.sub(r'[/?=&]', '-', place.strip('/')) or 'home'}-{width}-{scheme}": place for place in wanted}
                shoot(browser, found, named, folder, width, scheme, whole=True)


if __name__ == "__main__":
    main()
