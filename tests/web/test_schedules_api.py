"""Schedules over HTTP: administrators write them and run them by hand, members read them, and another organization's are not there."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from octavo.database.connection import Database
from octavo.pipeline.document import Organization
from tests.web.conftest import Person

People = dict[str, Person]
PATH, TEMPLATES = "/api/reports/scheduled", "/api/reports/templates"
DAILY = {"frequency": "daily", "time_of_day": "06:00", "time_zone": "Europe/Berlin"}


def template(ours: People) -> int:
    said = {"name": "Monthly sales", "report": "retail.sales", "format": "xlsx", "parameters": {"period": "previous_month"}}
    return int(ours["admin"].post(TEMPLATES, said).json()["id"])


def written(ours: People, **said: Any) -> dict[str, Any]:
    return {"name": "Sales", "template_id": template(ours), "rule": DAILY, **said}


def put(person: Person, path: str, body: object) -> Any:
    return person.client.put(path, json=body, headers=person.headers)


def delete(person: Person, path: str) -> Any:
    return person.client.delete(path, headers=person.headers)


def test_an_administrator_makes_changes_and_puts_out_of_use_a_schedule_that_members_read(ours: People) -> None:
    said = written(
        ours, formats=["pdf", "xlsx"], subject="Sales", message="Good morning", deliver_to=[{"channel": "email", "to": "a@b.example"}],
        missed="all", missed_within_hours=72, overlap="allow", pause_after_failures=3,
        condition={"only_if": "metric", "metric": "summary.revenue", "comparison": "above", "threshold": 1000.5},
    )  # fmt: skip
    made = ours["admin"].post(PATH, said)
    assert made.status_code == 201, made.text
    place = made.headers["location"]
    shown = ours["viewer"].get(place).json()
    for name, value in said.items():
        if name == "rule":
            assert {key: shown["rule"][key] for key in DAILY} == DAILY
        else:
            assert shown[name] == value, name
    assert (shown["active"], shown["failures"], shown["paused_reason"]) == (True, 0, None)
    assert datetime.fromisoformat(shown["next_run_at"]) > datetime.now(UTC)
    del said["condition"]
    changed = put(ours["admin"], place, {**said, "name": "Other", "rule": {"frequency": "on_demand"}}).json()
    assert (changed["name"], changed["next_run_at"], changed["condition"]["only_if"]) == ("Other", None, "always")
    assert ours["member"].get(PATH).json()["items"][0]["name"] == "Other"
    assert delete(ours["admin"], place).json()["active"] is False
    assert ours["member"].get(PATH, active=True).json()["total"] == 0
    assert ours["admin"].post(place + "/activate").json()["active"] is True
    assert ours["admin"].post(place + "/deactivate").json()["active"] is False
    actions = [
        entry["action"] for entry in ours["admin"].get("/api/audit", page_size=100).json()["items"] if entry["subject"] == "schedule"
    ]
    assert actions[::-1] == ["schedule.created", "schedule.changed", "schedule.deactivated", "schedule.activated", "schedule.deactivated"]


@pytest.mark.parametrize("role", ["member", "viewer"])
def test_who_does_not_manage_reports_writes_no_schedules_and_runs_none(ours: People, role: str) -> None:
    said = written(ours)
    place = ours["admin"].post(PATH, said).headers["location"]
    assert ours[role].post(PATH, said).status_code == 403
    assert put(ours[role], place, said).status_code == 403
    assert delete(ours[role], place).status_code == 403
    for verb in ("activate", "deactivate", "trigger", "preview"):
        assert ours[role].post(f"{place}/{verb}").status_code == 403, verb
    assert ours[role].get(place + "/next").status_code == 200
    assert ours[role].get(place + "/ticks").status_code == 200


def test_the_next_times_are_told_with_the_offset_that_holds_then(ours: People) -> None:
    """The clocks of Berlin go back on 27 October 2030, the last Sunday: 02:30 comes twice, and is run at its first."""
    rule = {"frequency": "daily", "time_of_day": "02:30", "time_zone": "Europe/Berlin", "starts_on": "2030-10-26", "ends_on": "2030-10-28"}
    expected = [("2030-10-26 02:30:00", "+02:00"), ("2030-10-27 02:30:00", "+02:00"), ("2030-10-28 02:30:00", "+01:00")]
    times = ours["viewer"].post(PATH + "/next", rule).json()
    assert [(one["local_time"], one["utc_offset"]) for one in times] == expected
    assert datetime.fromisoformat(times[1]["run_at"]) == datetime(2030, 10, 27, 0, 30, tzinfo=UTC)
    place = ours["admin"].post(PATH, written(ours, rule=rule)).headers["location"]
    assert ours["viewer"].get(place + "/next").json() == times
    assert ours["viewer"].get(place + "/next", count=2).json() == times[:2]


def test_a_rule_that_contradicts_itself_is_refused_in_the_words_of_the_calendar(ours: People) -> None:
    wrong = {"frequency": "weekly", "time_of_day": "06:00", "time_zone": "Europe/Berlin"}
    for answer in (ours["admin"].post(PATH + "/next", wrong), ours["admin"].post(PATH, written(ours, rule=wrong))):
        assert (answer.status_code, "days_of_week" in answer.json()["detail"]) == (422, True)
    assert ours["admin"].get(PATH).json()["total"] == 0


def test_upcoming_and_overdue_say_what_is_next_and_what_nobody_took(ours: People, database: Database, organization: Organization) -> None:
    soon = (datetime.now(UTC) + timedelta(hours=2)).strftime("%H:%M")
    said = written(ours, rule={"frequency": "daily", "time_of_day": soon, "time_zone": "UTC"})
    one = ours["admin"].post(PATH, said).json()["id"]
    year = ours["admin"].post(
        PATH, {**said, "rule": {"frequency": "daily", "time_of_day": soon, "time_zone": "UTC", "starts_on": "2100-01-01"}}
    )
    assert year.status_code == 201
    assert [item["id"] for item in ours["viewer"].get(PATH + "/upcoming", hours=3).json()["items"]] == [one]
    assert ours["viewer"].get(PATH + "/upcoming", hours=1).json()["total"] == 0
    assert ours["viewer"].get(PATH + "/overdue").json()["total"] == 0
    import psycopg
    from psycopg.conninfo import make_conninfo

    with psycopg.connect(make_conninfo(database.conninfo, user="postgres"), autocommit=True) as superuser:
        superuser.execute("set session_replication_role = replica")
        superuser.execute("update octavo.scheduled_report set next_run_at = now() - interval '1 hour' where id = %s", [one])
    assert [item["id"] for item in ours["viewer"].get(PATH + "/overdue").json()["items"]] == [one]


def test_trigger_preview_and_backfill_ask_for_runs_that_the_schedule_then_shows(ours: People) -> None:
    place = ours["admin"].post(PATH, written(ours, formats=["csv"])).headers["location"]
    triggered = ours["admin"].post(place + "/trigger")
    assert (triggered.status_code, triggered.json()["state"], triggered.json()["kind"]) == (202, "running", "triggered")
    (run,) = ours["admin"].post(place + "/preview").json()
    assert (run["schedule_id"], run["source"]) == (None, "on_demand")
    made = ours["admin"].post(place + "/backfill", {"after": "2024-01-01T00:00:00Z", "until": "2024-01-03T00:00:00Z"})
    assert (made.status_code, [tick["planned_at"] for tick in made.json()]) == (202, ["2024-01-01T05:00:00Z", "2024-01-02T05:00:00Z"])
    ticks = ours["viewer"].get(place + "/ticks", state="running").json()
    assert (ticks["total"], {tick["kind"] for tick in ticks["items"]}) == (3, {"triggered", "backfill"})
    schedule = int(place.rpartition("/")[2])
    runs = ours["viewer"].get("/api/reports/generated", schedule_id=schedule).json()
    assert (runs["total"], {item["schedule_id"] for item in runs["items"]}) == (3, {schedule})


def test_a_schedule_is_taken_over_by_who_says_so_and_by_nobody_else(ours: People, database: Database, organization: Organization) -> None:
    from octavo.control.access import actions as access
    from octavo.control.events import Actor

    said = written(ours)
    made = ours["admin"].post(PATH, said)
    place, owner = made.headers["location"], made.json()["owner_id"]
    with database.tenant(organization.id) as connection:
        second = access.add_member(connection, Actor.system("the tests"), "second@alpha.example", role="admin").user_id
        key = access.create_key(connection, Actor.system("the tests"), user_id=second, name="second").text
    other = Person(ours["admin"].client, key)
    assert put(other, place, {**said, "name": "Changed"}).json()["owner_id"] == owner
    assert put(other, place, {**said, "take_over": True}).json()["owner_id"] == second


@pytest.mark.parametrize("what", ["", "/next", "/ticks"])
def test_another_organizations_schedule_is_answered_like_one_that_never_was(ours: People, theirs: People, what: str) -> None:
    place = theirs["admin"].post(PATH, written(theirs)).headers["location"]
    answer = ours["admin"].get(place + what)
    nothing = ours["admin"].get(PATH + "/999999" + what)
    assert answer.status_code == nothing.status_code == 404
    assert ours["admin"].get(PATH).json()["total"] == 0


def test_an_administrator_says_the_weekend_and_the_holidays_and_members_read_them(ours: People) -> None:
    calendar = "/api/organization"
    assert ours["viewer"].get(calendar + "/weekend").json() == {"days": [0, 6]}
    assert put(ours["admin"], calendar + "/weekend", {"days": [6, 5, 5]}).json() == {"days": [5, 6]}
    assert put(ours["admin"], calendar + "/weekend", {"days": [0, 1, 2, 3, 4, 5, 7]}).status_code == 422
    assert put(ours["member"], calendar + "/weekend", {"days": []}).status_code == 403
    assert put(ours["admin"], calendar + "/holidays/2026-12-25", {"name": "Christmas"}).json() == {"day": "2026-12-25", "name": "Christmas"}
    assert put(ours["admin"], calendar + "/holidays/2026-12-25", {"name": "Christmas Day"}).status_code == 200
    assert put(ours["admin"], calendar + "/holidays/2026-13-25", {}).status_code == 422
    assert put(ours["member"], calendar + "/holidays/2026-12-26", {}).status_code == 403
    found = ours["viewer"].get(calendar + "/holidays", since="2026-12-01", until="2026-12-31").json()
    assert found["items"] == [{"day": "2026-12-25", "name": "Christmas Day"}]
    assert ours["viewer"].get(calendar + "/holidays", since="2027-01-01").json()["total"] == 0
    assert delete(ours["admin"], calendar + "/holidays/2026-12-25").status_code == 204
    assert delete(ours["admin"], calendar + "/holidays/2026-12-25").status_code == 404
