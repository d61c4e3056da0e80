"""From a dataset to files that come by themselves: build, save, schedule, trigger; by mouse, by keys alone, without a script; and who is offered nothing of it."""

import re
from contextlib import ExitStack

import pytest
from playwright.sync_api import Page, expect

from tests.browser import chromium
from tests.browser.conftest import Looking, Site

BUILDER = "/templates/build?dataset=energy.contracts"


def columns(page: Page) -> list[str]:
    """The chosen columns as the form would send them."""
    found: list[str] = page.eval_on_selector_all("[name=fields]", "all => all.map(one => one.value)")
    return found


def rest(page: Page) -> None:
    """Waits until what was typed has been said back."""
    page.wait_for_timeout(600)
    page.wait_for_selector("form[aria-busy]", state="detached")


def test_a_dataset_is_built_saved_scheduled_and_triggered_and_its_run_is_there(looking: Looking) -> None:
    page = looking("admin")
    page.goto("/templates")
    page.get_by_role("link", name="Build from a dataset").click()
    page.get_by_role("link", name=re.compile("^Contracts")).click()
    expect(page.locator(".excerpt tbody tr").first).to_be_visible()
    before = columns(page)
    page.get_by_role("button", name="Leave Address out").click()
    expect(page.locator(".excerpt thead")).not_to_contain_text("Address")
    page.locator("[data-name=status]").drag_to(page.locator("[data-name=contract_number]"), target_position={"x": 60, "y": 3})
    rest(page)
    assert columns(page) == ["status", *(name for name in before if name not in ("status", "counterparty_address"))]
    page.get_by_label("Condition on").select_option("kind")
    page.get_by_role("button", name="Add", exact=True).click()
    page.locator("#f0_op").select_option("starts_with")
    page.locator("#f0_value").fill("ppa")
    rest(page)
    kinds = page.locator(".excerpt tbody td:nth-child(5)").all_inner_texts()
    assert kinds and set(kinds) == {"ppa"}
    page.get_by_label("Name").fill("Power purchase agreements")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Power purchase agreements")).to_be_visible()
    expect(page.get_by_text("Kind begins with ppa")).to_be_visible()
    expect(page.get_by_text("Not approved")).to_be_visible()
    page.get_by_role("link", name="Schedule it").click()
    page.get_by_label("Name").fill("Agreements, every last Friday")
    page.get_by_label("How often").select_option("monthly")
    page.get_by_label("A weekday of the month").check()
    page.get_by_label("Which", exact=False).last.select_option("-1")
    page.get_by_label("Weekday", exact=True).or_(page.locator("#f-weekday")).first.select_option("5")
    said = page.locator("#said")
    expect(said).to_contain_text("On the last Friday of every month at 06:00 in Berlin; next on ")
    expect(said.locator(".times li")).to_have_count(10)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Agreements, every last Friday")).to_be_visible()
    expect(page.locator("main")).to_contain_text("On the last Friday of every month at 06:00 in Berlin")
    page.get_by_role("button", name="Trigger now").click()
    expect(page.get_by_role("status")).to_contain_text("It runs now")
    row = page.locator("tbody tr").first
    expect(row).to_contain_text("by hand")
    expect(row).to_contain_text(re.compile(r"Run \d+"))


def test_the_builder_works_by_keys_alone(looking: Looking) -> None:
    page = looking("admin")
    page.goto(BUILDER)
    rest(page)
    before = columns(page)
    down = page.get_by_role("button", name="Move Contract no. down")
    down.focus()
    page.keyboard.press("Enter")
    rest(page)
    assert columns(page)[:2] == [before[1], before[0]]
    assert page.evaluate("document.activeElement.id") == "down-contract_number"  # so that it goes on with the next press
    page.keyboard.press("Space")
    rest(page)
    assert columns(page).index("contract_number") == 2
    expect(page.locator("#said [role=status]")).to_contain_text("Contract no. is now column 3 of 12.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    rest(page)
    assert "contract_number" not in columns(page)
    page.get_by_role("button", name="Add Contract no.").focus()
    page.keyboard.press("Enter")
    rest(page)
    assert columns(page)[-1] == "contract_number"


def test_without_a_script_every_step_is_a_button(looking: Looking, site: Site) -> None:
    browser = looking(None).context.browser
    assert browser is not None
    with ExitStack() as opened:
        context = browser.new_context(java_script_enabled=False, base_url=site.address)
        opened.callback(context.close)
        page = context.new_page()
        person = site.world.person("admin")
        chromium.sign_in(page, site.address, person.name, person.password)
        page.goto(BUILDER)
        page.get_by_role("button", name="Leave Contract no. out").click()
        page.get_by_role("button", name="Move From up").click()
        assert page.locator(".excerpt tbody tr").count() > 0
        page.get_by_label("Condition on").select_option("payment_days")
        page.get_by_role("button", name="Add", exact=True).click()
        page.get_by_label("How").select_option("gt")
        page.get_by_label("Value").fill("100000")
        page.get_by_role("button", name="Show the first rows").click()
        assert page.get_by_text("No row fits").is_visible()
        page.goto("/schedules/new")
        page.get_by_label("How often").select_option("daily")
        page.get_by_role("button", name="Say it back").click()
        assert page.get_by_text(re.compile("^Every day at 06:00 in Berlin; next on ")).is_visible()


def test_a_viewer_is_offered_nothing_that_a_viewer_may_not_do(site: Site, looking: Looking) -> None:
    page = looking("viewer")
    for address in (
        "/schedules",
        "/templates",
        f"/schedules/{site.world.things['schedule']}",
        f"/templates/{site.world.things['template']}",
    ):
        answered = page.goto(address)
        assert answered is not None and answered.status == 200
        assert page.locator("main form[method=post]").count() == 0, address
        for offered in ("New", "Edit", "Build", "Make up", "Schedule it", "Trigger", "Change columns"):
            assert page.locator("main").get_by_role("link", name=offered).count() == 0, (address, offered)
    for address in ("/schedules/new", "/templates/new", BUILDER, f"/schedules/{site.world.things['schedule']}/edit"):
        answered = page.goto(address)
        assert answered is not None and answered.status == 403, address


@pytest.mark.parametrize("kind", ["schedule", "template"])
def test_the_second_organization_sees_none_of_it(site: Site, looking: Looking, kind: str) -> None:
    number = site.world.things[kind]
    page = looking("admin", organization="meridian")
    page.goto(f"/{kind}s")
    assert page.locator(f'main a[href="/{kind}s/{number}"]').count() == 0
    for address in (f"/{kind}s/{number}", f"/{kind}s/{number}/edit"):
        answered = page.goto(address)
        assert answered is not None and answered.status == 404, address
    if kind == "template":
        answered = page.goto(f"/templates/build?template_id={number}")
        assert answered is not None and answered.status == 404
