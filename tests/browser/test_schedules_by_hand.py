"""What a person does with a schedule whose owner left: takes it over, activates it, and makes up for the times that passed meanwhile."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import expect

from octavo.control.access import actions as access
from octavo.control.runs import leases, rules
from octavo.control.schedules import jobs
from octavo.control.schedules.actions import Schedule
from octavo.pipeline.store import open_store
from tests.browser.conftest import Looking, Site
from tests.control.planned import ACTOR, REPORTS, Desk


def work(site: Site, wanted: set[int]) -> None:
    """Makes the files of these runs as workers do; what other tests left waiting is claimed between them, and ends there."""
    store = open_store(site.application.state.server.settings.store_place)
    left = set(wanted)
    while left:
        claim = leases.claim(site.database, "the browser tests", timedelta(minutes=1), bulk=(False, True), most_running=8)
        assert claim is not None, f"runs {left} wait, and none of them can be claimed"
        if claim.run_id in left:
            assert jobs.perform(claim, reports=REPORTS, database=site.database, store=store)
            left.remove(claim.run_id)
        else:
            assert leases.fail(site.database, claim, rules.Failure("cancelled", "It was another test's", False), timedelta(0))


def left_behind(site: Site) -> tuple[Desk, Schedule, datetime]:
    """A daily schedule of an administrator who was put out before its time came, two seconds ago: Octavo paused it."""
    organization = site.world.person("admin").organization
    with site.database.tenant(organization.id) as connection:
        vera = access.add_member(connection, ACTOR, "vera@aurora.example", role="admin").user_id
    desk = Desk(site.database, organization, Path("nowhere"), vera)
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=2)
    schedule = desk.due(at, template=desk.template("retail.sales", default_date_range_days=30), name="Sales, each day", formats=["csv"])
    with site.database.tenant(organization.id) as connection:
        access.set_member(connection, ACTOR, vera, active=False)
    desk.fire()
    return desk, schedule, at


def test_a_schedule_whose_owner_left_is_taken_over_activated_and_made_up_for(site: Site, looking: Looking) -> None:
    admin = site.world.person("admin")
    desk, schedule, at = left_behind(site)
    with site.database.tenant(admin.organization.id) as connection:
        mine = access.known_person(connection, admin.name)
    page = looking("admin")
    place = f"/schedules/{schedule.id}"
    page.goto(place)
    main = page.locator("main")
    expect(main.get_by_role("note")).to_contain_text("Octavo paused it")
    expect(main.get_by_role("note")).to_contain_text("It would be paused at once again: Its owner is no active member")

    page.get_by_role("button", name="Activate").click()  # which is refused as long as she owns it
    expect(main).to_contain_text("Its owner is no active member of the organization any more")
    expect(main).to_contain_text("nothing was changed")

    page.goto(place)
    page.get_by_role("link", name="Take over").click()
    page.get_by_role("dialog").get_by_role("button", name="Take over").click()
    expect(page.get_by_role("status")).to_contain_text("It runs with your rights from now on")
    expect(main).to_contain_text("(you)")
    expect(page.get_by_role("link", name="Take over")).to_have_count(0)
    expect(main.get_by_role("note")).to_contain_text("Activate it when that is mended")

    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_role("status")).to_contain_text("It is in use again, and counts from now")
    expect(main.locator(".lead")).to_contain_text("In use")

    page.get_by_role("link", name="Make up for times that passed").click()
    # Every day at that time: those three, two and one day ago; that of today was skipped, and lies after the stretch.
    page.get_by_label("After").fill((at - timedelta(days=3, minutes=1)).strftime("%Y-%m-%dT%H:%M"))
    page.get_by_label("Up to").fill((at - timedelta(hours=12)).strftime("%Y-%m-%dT%H:%M"))
    page.get_by_role("button", name="Show what is missing").click()
    expect(page.get_by_role("heading", name="3 times are missing")).to_be_visible()
    stretch = page.url
    assert desk.runs(schedule) == []  # looking asks for nothing
    page.get_by_role("button", name="Make up for 3 times").click()
    expect(page.get_by_role("status").first).to_contain_text("3 times are made up for")
    made = main.get_by_role("row", name=re.compile("made up for"))
    expect(made).to_have_count(3)
    runs = desk.runs(schedule)
    assert sorted(run.planned_at for run in runs if run.planned_at) == [at - timedelta(days=days) for days in (3, 2, 1)]
    assert {(run.requested_by, run.format, run.source) for run in runs} == {(mine, "csv", "scheduled")}
    work(site, {run.id for run in runs})
    page.reload()
    expect(made.filter(has_text="Completed")).to_have_count(3)
    for run in runs:
        assert run.planned_at is not None
        expect(made.filter(has=page.get_by_role("link", name=f"Run {run.id}", exact=True))).to_have_count(1)
    page.goto(stretch)
    expect(main).to_contain_text("Nothing is missing")

    page.goto(place)
    page.get_by_role("link", name="Deactivate").click()
    page.get_by_role("dialog").get_by_role("button", name="Deactivate").click()
    expect(main.locator(".lead")).to_contain_text("Out of use")
