"""Debian's chromium, driven by playwright. Where it is not installed, the tests that need it skip and say so."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
]  # fmt: skip
WIDE, NARROW = 1280, 380
"""Pixels: a desk and a phone."""

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")


@contextmanager
def launched() -> Iterator[Browser]:
    """A browser of its own profile. Skips the test where there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("chromium is not installed, and the pages are looked at in it: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, headless=True, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def sign_in(page: Page, address: str, email: str, password: str) -> None:
    """As a person does it; ends on the first page."""
    page.goto(f"{address}/sign-in")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{address}/")


def settle(page: Page) -> None:
    """Waits until what a page takes in from another is there, and what its form is answered."""
    page.locator("[data-takes]").wait_for(state="detached")
    page.wait_for_timeout(200)  # the stream has said how things stand, and the script has begun what it does at once
    page.wait_for_selector("form[aria-busy]", state="detached")
