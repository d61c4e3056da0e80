"""Journeys of those who govern: ask, approve, download; a webhook from its settings to a replay; and what a viewer, and another organization, is not offered."""

import csv
import io
from datetime import timedelta

from playwright.sync_api import Page, expect

from octavo.control.delivery import jobs as delivery
from octavo.control.delivery import leases as deliveries
from octavo.control.delivery.channel import Bench
from octavo.control.exports import jobs
from octavo.control.runs import leases, rules
from octavo.errors import NeedsApproval
from octavo.pipeline.store import open_store
from tests.browser.conftest import Looking, Site
from tests.control.receiving import Receiver


def work(site: Site) -> None:
    """Makes whatever waits, as a worker's child does it."""
    server = site.application.state.server
    while claim := leases.claim(site.database, "a journey", timedelta(minutes=1), bulk=(False, True), most_running=8):
        try:
            assert jobs.perform(claim, reports=server.reports, database=site.database, store=open_store(server.settings.store_place))
        except NeedsApproval:  # of a dataset, left waiting by another test
            assert leases.fail(site.database, claim, rules.Failure("needs_approval", "It needs approval", False), timedelta(0))


def send(site: Site) -> None:
    """Sends whatever is due to webhooks and by mail; the mails fail, for there is no server for them."""
    server = site.application.state.server
    bench = Bench(site.database, open_store(server.settings.store_place), server.settings, server.reports)
    sender = delivery.Sender(bench, "a journey", timedelta(minutes=1), lambda settled, seconds: None)
    for claim in deliveries.claim(site.database, "a journey", timedelta(minutes=1), 100):
        sender.send(claim)


def offered(page: Page) -> list[str]:
    return page.locator("nav.rail a span").all_inner_texts()


def test_one_asks_another_approves_and_the_first_has_the_file(site: Site, looking: Looking) -> None:
    asker, boss = looking("member"), looking("admin")
    asker.goto("/exports")
    asker.get_by_role("link", name="Ask for an export").first.click()
    asker.get_by_role("link", name="Contracts", exact=True).click()
    asker.get_by_label("Payment days").uncheck()
    asker.get_by_label("What it is needed for").fill("for the journey")
    asker.get_by_role("button", name="Look first").click()
    expect(asker.get_by_role("status")).to_contain_text("It needs approval")
    assert (
        asker.get_by_label("What it is needed for").input_value() == "for the journey"
        and not asker.get_by_label("Payment days").is_checked()
    )
    asker.get_by_role("button", name="Ask for it").click()
    expect(asker.locator("main")).to_contain_text("An administrator looks at it")
    assert asker.get_by_role("button", name="Approve").count() == 0
    place = asker.url.removeprefix(site.address)

    boss.goto("/exports")
    boss.get_by_role("listitem").filter(has_text="for the journey").get_by_role("link").click()
    assert boss.url == f"{site.address}{place}"
    expect(boss.get_by_role("region", name="The first rows of the export")).to_contain_text("***")  # as who asked would see it
    boss.get_by_role("button", name="Approve").click()
    expect(boss.get_by_role("status").first).to_contain_text("Approved")
    work(site)

    asker.goto(place)
    with asker.expect_download() as fetched:
        asker.get_by_role("link", name="Download CSV").click()
    rows = list(csv.reader(io.StringIO(fetched.value.path().read_text(encoding="utf-8-sig"))))
    assert rows[0][0] == "contract_number" and "payment_days" not in rows[0] and len(rows) == 1 + 5  # the demonstration's five contracts
    assert {row[rows[0].index("counterparty_name")] for row in rows[1:]} == {"***"}
    asker.goto(place)
    expect(asker.get_by_role("region", name="What happened").or_(asker.locator("section[aria-labelledby=history]"))).to_contain_text(
        "Downloaded"
    )


def test_who_asks_is_told_why_they_cannot_approve_and_takes_it_back(looking: Looking) -> None:
    page = looking("admin")
    page.goto("/exports/new?dataset=energy.contracts")
    page.get_by_role("button", name="Ask for it").click()
    expect(page.locator("main")).to_contain_text("You asked for this yourself, so you cannot approve it")
    assert page.get_by_role("button", name="Approve").count() == 0
    page.get_by_role("link", name="Cancel").click()
    page.get_by_role("button", name="Cancel the export").click()
    expect(page.locator("main")).to_contain_text("Nothing goes out")


def test_a_webhook_is_made_answers_badly_and_is_told_again(site: Site, looking: Looking) -> None:
    page = looking("admin")
    with Receiver([400, 204]) as receiver:
        page.goto("/settings")
        page.get_by_role("link", name="Webhooks", exact=True).click()
        page.get_by_role("link", name="Add a webhook").first.click()
        page.get_by_label("Address").fill(receiver.url)
        page.get_by_label("What it is").fill("The journey")
        page.get_by_role("button", name="Add the webhook").click()
        secret = page.get_by_role("status").locator("code").inner_text()
        assert secret.startswith("whsec_")
        page.get_by_role("button", name="Send a test").click()
        assert secret not in page.content()
        states, place = page.get_by_role("region", name="Messages to this webhook").locator(".pill"), page.url
        for _ in range(20):
            send(site)
            page.goto(place)
            if states.first.inner_text() in ("Sent", "Failed"):
                break
        page.get_by_role("button", name="Send again").first.click()
        expect(page.get_by_role("status")).to_contain_text("sent again")
        before = len(receiver.messages)
        send(site)
        page.goto(place)
        assert states.first.inner_text() == "Sent"
        assert len(receiver.messages) == before + 1 and {one.said["type"] for one in receiver.messages} == {"webhook.test"}
        page.get_by_role("button", name="Pause").click()
        expect(page.locator("main")).to_contain_text("Paused by")
        page.get_by_role("link", name="Delete").click()
        page.get_by_role("button", name="Delete the webhook").click()
        expect(page.locator("main")).to_contain_text("The webhook is gone")


def test_a_viewer_is_offered_nothing_that_a_viewer_may_not_do(site: Site, looking: Looking) -> None:
    viewer, member = looking("viewer"), looking("member")
    assert not {"Exports", "Settings", "Audit"} & set(offered(viewer)) and "Exports" in offered(member)
    for page, places in (
        (viewer, ["/exports", "/exports/new", "/settings", "/settings/members", "/audit", "/audit/chain"]),
        (member, ["/settings", "/audit"]),
    ):
        for place in places:
            answered = page.goto(place)
            assert answered is not None and answered.status == 403, place
            expect(page.get_by_role("alert")).to_contain_text("ask an administrator" if "members" not in place else "Only an administrator")
    viewer.goto("/settings/keys")
    assert viewer.locator("nav.parts a").all_inner_texts() == ["API keys"] and viewer.get_by_role("link", name="All settings").count() == 0


def test_a_second_organization_sees_none_of_it(site: Site, looking: Looking) -> None:
    page, things = looking("admin", organization="meridian"), site.world.things
    for place in (
        f"/exports/{things['export']}", f"/settings/webhooks/{things['webhook']}", f"/settings/places/{things['place']}",
        f"/settings/projects/{things['project']}", f"/settings/deliveries/{things['delivery']}", f"/settings/members/{things['person']}",
    ):  # fmt: skip
        answered = page.goto(place)
        assert answered is not None and answered.status == 404, place
    page.goto("/audit")
    assert "aurora" not in page.content()
