"""Every page that is registered, in a real browser: axe finds nothing, light and dark, wide and narrow; nothing is stopped by the policy; no sideways scrolling."""

from itertools import pairwise

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page

from tests.browser import addresses, chromium
from tests.browser.chromium import NARROW, SCHEMES, WIDE, Scheme
from tests.browser.conftest import Looking, Site

MOST_TRANSFERRED = 150_000
"""Bytes of a first visit: the page with all that it fetches."""


def violations(page: Page) -> list[str]:
    """What axe finds, with where."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {one['help']}: {node['html'][:160]} {node.get('failureSummary', '')[:200]}" for one in found for node in one["nodes"]
    ]


def walked(site: Site) -> list[str]:
    every = list(addresses.pages(site.application, site.world.things))
    assert "/" in every and "/account" in every
    return [*every, *addresses.asked(site.world.things)]


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_axe_finds_nothing_and_the_page_fits(site: Site, looking: Looking, scheme: Scheme, width: int) -> None:
    signed_in, stranger = looking("admin", width=width, scheme=scheme), looking(None, width=width, scheme=scheme)
    said: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            said.append(message.text)

    for page in (signed_in, stranger):
        page.on("console", note)
        page.on("pageerror", lambda error: said.append(str(error)))
    wrong, told = [], addresses.asked(site.world.things)
    for address in walked(site):
        page = stranger if address in addresses.OPEN else signed_in
        answered = page.goto(address, wait_until="load")
        assert answered is not None and answered.status == 200, address
        chromium.settle(page)
        assert told.get(address, "") in page.locator("main").inner_text(), address
        wrong += [f"{address} ({scheme}, {width}): {problem}" for problem in violations(page)]
        beyond = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if beyond > 0:
            wrong.append(f"{address} ({scheme}, {width}): {beyond} px too wide")
    assert wrong == []
    assert said == []


def test_what_a_first_visit_fetches_is_little(site: Site, looking: Looking) -> None:
    page = looking("admin")
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    fetched: list[int] = []
    session.on("Network.loadingFinished", lambda event: fetched.append(int(event["encodedDataLength"])))
    for address in walked(site):
        fetched.clear()
        page.goto(address, wait_until="load")
        assert 0 < sum(fetched) <= MOST_TRANSFERRED, (address, sum(fetched))


def test_without_a_script_a_person_signs_in_reads_the_keys_and_signs_out(site: Site, looking: Looking) -> None:
    browser = looking(None).context.browser
    assert browser is not None
    context = browser.new_context(java_script_enabled=False, base_url=site.address)
    page = context.new_page()
    person = site.world.person("viewer")
    page.goto("/account")
    page.get_by_label("E-mail address").fill(person.name)
    page.get_by_label("Password").fill(person.password)
    page.get_by_role("button", name="Sign in").click()
    assert page.url == f"{site.address}/account"
    page.goto("/#keys")
    assert page.get_by_role("heading", name="Keys").is_visible()
    page.get_by_role("button", name="Sign out").click()
    assert page.url == f"{site.address}/sign-in"
    page.goto("/")
    assert page.url == f"{site.address}/sign-in"
    context.close()


def test_keys_go_and_show_the_keys(looking: Looking) -> None:
    page = looking("admin")
    page.goto("/account")
    page.keyboard.press("?")
    assert page.get_by_role("dialog").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("h")
    page.wait_for_url("**/")
    assert page.get_by_role("heading", name="Home").is_visible()


_LABELS = """
all => all.map(one => {
  const range = document.createRange();
  range.selectNodeContents(one);
  const box = range.getBoundingClientRect(), target = one.getBoundingClientRect();
  return [box.left, box.right, target.width, target.height];
})
"""
"""Of each entry, where its words and its icon begin and end, and how large it is to the finger."""


@pytest.mark.parametrize("width", [360, NARROW])
def test_on_a_phone_the_words_of_the_bar_stand_apart(looking: Looking, width: int) -> None:
    page = looking("admin", width=width)
    labels = page.eval_on_selector_all(".rail a", _LABELS)
    assert len(labels) == 8
    between = [after[0] - before[1] for before, after in pairwise(labels)]
    assert min(between) >= 4, between
    assert labels[0][0] >= 2 and labels[-1][1] <= width - 2
    assert min(label[2] for label in labels) >= 24 and min(label[3] for label in labels) >= 44  # WCAG 2.2, 2.5.8 asks for 24
