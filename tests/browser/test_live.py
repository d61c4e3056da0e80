"""What moves on a page moves within a second, and a hundred open pages cost one connection that listens."""

import threading
import time
from contextlib import ExitStack

import httpx2 as httpx
from playwright.sync_api import expect

from octavo.control import events
from octavo.control.access import actions as access
from octavo.control.runs import actions as runs
from octavo.database.connection import Database
from tests.browser.conftest import Looking, Site

LISTENING = (
    "select count(*) from pg_stat_activity where datname = current_database() and application_name = 'octavo listens to octavo_runs'"
)


def _rows(database: Database, organization: int, run: int, rows: int) -> None:
    with database.tenant(organization) as connection:
        connection.execute("update octavo.generated_report set processed_rows = %s where id = %s", [rows, run])


def test_a_page_shows_the_progress_of_a_run_within_a_second_and_a_run_that_begins(site: Site, looking: Looking) -> None:
    page = looking("member")
    organization, run = site.world.person("member").organization, site.world.things["working"]
    place = page.locator(f'[data-run="{run}"]')
    expect(place).to_contain_text("42")  # 5,208 of 12,400
    page.wait_for_timeout(500)  # the stream is open
    _rows(site.database, organization.id, run, 6_200)
    expect(place).to_contain_text("50", timeout=1_000)
    with site.database.tenant(organization.id) as connection:
        person = access.known_person(connection, site.world.person("member").name)
        begun = runs.request(connection, events.Actor(person, None, "m"), report="energy.contracts", format="csv", parameters={})
    line = page.locator(f'[data-run="{begun.id}"]')
    expect(line).to_contain_text("Waiting", timeout=1_500)
    with site.database.tenant(organization.id) as connection:
        runs.cancel(connection, events.Actor(person, None, "m"), begun.id)
    expect(line).to_contain_text("Cancelled", timeout=1_500)
    _rows(site.database, organization.id, run, 5_208)


def test_a_hundred_open_pages_cost_one_connection_for_listening(site: Site) -> None:
    person = site.world.person("viewer")
    with ExitStack() as opened:
        client = opened.enter_context(httpx.Client(base_url=site.address, limits=httpx.Limits(max_connections=200), timeout=60))
        client.post("/sign-in", data={"email": person.name, "password": person.password})
        first = [threading.Event() for _ in range(100)]

        def read(stream: httpx.Response, told: threading.Event) -> None:
            try:
                for _ in stream.iter_lines():
                    told.set()
            except httpx.HTTPError:
                pass  # it is closed at the end of the test

        streams = [opened.enter_context(client.stream("GET", "/live")) for _ in first]
        for stream, told in zip(streams, first, strict=True):
            threading.Thread(target=read, args=(stream, told), daemon=True).start()
        assert all(told.wait(30) for told in first)
        time.sleep(1)
        with site.database.app() as connection:
            row = connection.execute(LISTENING).fetchone()
        assert row == (1,)
