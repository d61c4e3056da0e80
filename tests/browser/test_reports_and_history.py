"""From the catalog to the file, and what becomes of it: as a member, an administrator, a viewer, an outsider and another organization see it."""

import hashlib
import re
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Page, expect

from octavo.control.exports import jobs
from octavo.control.runs import actions as runs
from octavo.control.runs import leases, rules
from octavo.pipeline import catalog
from octavo.pipeline.store import open_store
from tests.browser.conftest import Looking, Site

PASSWORD = "correct horse battery staple"
REPORT = "energy.generation_summary"


def work(site: Site, run: int) -> None:
    """The claim of a run, done here as a worker's child does it; what other tests left waiting is claimed before it, and ends there."""
    while True:
        claim = leases.claim(site.database, "the browser tests", timedelta(minutes=1), bulk=(False, True), most_running=8)
        assert claim is not None
        if claim.run_id == run:
            break
        assert leases.fail(site.database, claim, rules.Failure("cancelled", "It was another test's", False), timedelta(0))
    store = open_store(site.application.state.server.settings.store_place)
    assert jobs.perform(claim, reports=catalog.installed(), database=site.database, store=store)


def fetched(page: Page, name: str) -> bytes:
    """What a link or a button of that name has the browser download."""
    with page.expect_download() as begun:
        page.get_by_role("link", name=name).or_(page.get_by_role("button", name=name)).first.click()
    return Path(begun.value.path()).read_bytes()


def sealed(site: Site, run: int) -> str | None:
    """The hash in the seal of a run."""
    with site.database.tenant(site.world.person("admin").organization.id) as connection:
        return runs.find(connection, run).sha256


def test_a_member_finds_a_report_makes_it_watches_it_and_has_the_file(site: Site, looking: Looking) -> None:
    page = looking("member")
    page.goto("/reports")
    page.keyboard.press("/")
    page.keyboard.type("revenue meters")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Monthly settlement")).to_have_count(0)
    page.get_by_role("link", name="Generation summary").click()
    expect(page.locator("#figures")).to_contain_text("Net energy")
    expect(page.locator("#figures svg")).to_be_visible()
    page.get_by_label("Period", exact=True).select_option("dates")
    page.get_by_label("First day").fill("2026-02-01")
    page.get_by_label("Last day").fill("2026-03-31")
    page.get_by_role("button", name="Show the figures").click()
    page.wait_for_url(f"**/reports/{REPORT}?*period=2026-02-01%2F2026-03-31*")
    expect(page.locator("#figures tbody tr")).to_have_count(2)  # February and March
    page.get_by_label("CSV").check()
    page.get_by_role("button", name="Make the file").click()
    page.wait_for_url("**/history/*")
    run = int(page.url.rsplit("/", 1)[1])
    expect(page.locator(".stands")).to_contain_text("Waiting")
    page.wait_for_timeout(500)  # the stream is open
    work(site, run)
    expect(page.locator(".stands")).to_contain_text("Completed", timeout=2_000)
    expect(page.locator("#facts + dl")).to_contain_text("01.02.2026 – 31.03.2026")
    expect(page.locator("#seal + dl")).to_contain_text(sealed(site, run) or "never")
    assert hashlib.sha256(fetched(page, "Download CSV")).hexdigest() == sealed(site, run)


def test_one_for_each_of_two_months_is_asked_for_by_keys_and_the_history_shows_just_these(looking: Looking) -> None:
    page = looking("member", width=380)
    page.goto(f"/reports/{REPORT}")
    for unfolded in ("One for each of several", "One for each period"):
        page.locator("summary", has_text=re.compile(f"^{unfolded}$")).focus()
        page.keyboard.press("Enter")
    page.get_by_label("Other periods").focus()
    page.keyboard.type("2026-02, 2026-03")
    page.get_by_role("button", name="Make the file").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/history?group_id=*")
    expect(page.get_by_role("status").first).to_contain_text("2 runs are asked for, a file for each")
    expect(page.locator(".runs tbody tr")).to_have_count(2)
    page.get_by_role("link", name="Show all runs").click()
    expect(page.locator(".runs tbody tr")).to_have_count(25)


def test_what_cannot_be_asked_is_said_beside_its_field_and_nothing_typed_is_lost(looking: Looking) -> None:
    page = looking("member")
    page.goto("/reports/energy.compliance")
    page.get_by_label("As of").select_option("dates")
    page.get_by_label("First day").fill("2026-03-31")
    page.get_by_label("Last day").fill("2026-02-01")
    page.get_by_role("button", name="Make the file").click()
    expect(page.locator("#f-p_as_of-error")).to_contain_text("ends before it starts")
    expect(page.get_by_label("First day")).to_have_value("2026-03-31")


def test_a_link_with_a_password_lets_an_outsider_in_until_it_is_ended(site: Site, looking: Looking) -> None:
    run = site.world.things["run"]
    boss, outsider = looking("admin"), looking(None)
    boss.goto(f"/history/{run}")
    boss.get_by_text("Make a link").click()
    boss.get_by_label("For whom").fill("the bank")
    boss.get_by_label("Password").fill(PASSWORD)
    boss.get_by_role("button", name="Make the link").click()
    link = boss.locator(".said code").inner_text()
    assert re.fullmatch(re.escape(site.address) + r"/share/\S{40,}", link)
    outsider.goto(link)
    outsider.get_by_label("Password").fill("not the password at all")
    outsider.get_by_role("button", name="Download").click()
    expect(outsider.get_by_role("alert")).to_contain_text("not the password")
    outsider.get_by_label("Password").fill(PASSWORD)
    assert hashlib.sha256(fetched(outsider, "Download")).hexdigest() == sealed(site, run)
    boss.goto(f"/history/{run}")
    assert link not in boss.content()
    line = boss.get_by_role("row", name="the bank")
    expect(line).to_contain_text("with a password")
    line.get_by_role("button", name="End the link").click()
    expect(boss.get_by_role("row", name="the bank")).to_contain_text("Ended")
    gone = outsider.goto(link)
    assert gone is not None and gone.status == 404


def test_a_second_organization_sees_none_of_it(site: Site, looking: Looking) -> None:
    run = site.world.things["run"]
    page = looking("admin", organization="meridian")
    for address in (f"/history/{run}", f"/history/{run}/download", f"/reports/{REPORT}?again={run}"):
        answered = page.goto(address)
        assert answered is not None and answered.status == 404, address
    page.goto("/history")
    assert f"/history/{run}" not in page.content() and "aurora" not in page.content().lower()


def test_a_viewer_is_offered_nothing_that_a_viewer_may_not_do(site: Site, looking: Looking) -> None:
    page = looking("viewer")
    for address in ("/reports", f"/reports/{REPORT}", "/history", *(f"/history/{site.world.things[one]}" for one in ("run", "working"))):
        page.goto(address)
        forms = page.locator("form[method=post]").evaluate_all("all => all.map((one) => new URL(one.action).pathname)")
        assert set(forms) <= {"/sign-out", f"/reports/{REPORT}"}, address
        for word in ("Make", "Run again", "Retry", "Cancel the run", "Make a link", "End the link", "hold", "Schedule it", "template"):
            assert page.locator("main").get_by_role("button", name=word).count() == 0, (address, word)
            assert page.locator("main").get_by_role("link", name=word).count() == 0, (address, word)
    page.goto(f"/reports/{REPORT}")
    page.get_by_role("button", name="Show the figures").click()
    expect(page.locator("#figures")).to_contain_text("Net energy")
    page.goto(f"/history/{site.world.things['run']}")
    assert hashlib.sha256(fetched(page, "Download PDF")).hexdigest() == sealed(site, site.world.things["run"])


def test_without_a_script_the_figures_are_a_page_of_their_own(site: Site, looking: Looking) -> None:
    browser = looking(None).context.browser
    assert browser is not None
    context = browser.new_context(java_script_enabled=False, base_url=site.address)
    page, person = context.new_page(), site.world.person("viewer")
    page.goto(f"/sign-in?next=/reports/{REPORT}")
    page.get_by_label("E-mail address").fill(person.name)
    page.get_by_label("Password").fill(person.password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Figures and first rows").click()
    expect(page.locator("#figures")).to_contain_text("Net energy")
    page.get_by_role("link", name="Back to the report").click()
    assert page.url == f"{site.address}/reports/{REPORT}"
    context.close()
