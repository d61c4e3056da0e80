"""octavo schedule: what whoever runs the server sees of schedules, and does to them by hand."""

import itertools
from datetime import UTC, datetime, time, timedelta

import pytest

from octavo.control.access import actions as access
from octavo.control.events import Actor
from octavo.control.schedules import actions
from octavo.control.templates import actions as templates
from octavo.database.connection import Database
from octavo.pipeline.document import Organization
from tests.cli.conftest import CommandLine

ACTOR = Actor.system("the tests")


@pytest.fixture
def schedule(database: Database, organization: Organization) -> int:
    """Each day at 06:00 in Berlin, the sales of the day before."""
    with database.tenant(organization.id) as connection:
        boss = access.add_member(connection, ACTOR, "boss@alpha.example", role="admin").user_id
        template = templates.create(
            connection, ACTOR, templates.Content("Sales", "retail.sales", "csv", parameters={"period": "yesterday"})
        )
        content = actions.Content(
            name="Sales of the day", template_id=template.id, frequency="daily", time_of_day=time(6), time_zone="Europe/Berlin"
        )
        return actions.create(connection, access.principal_of(connection, boss), ACTOR, content).id


def test_a_schedule_is_listed_shown_paused_and_activated(octavo: CommandLine, schedule: int) -> None:
    listed = octavo("schedule", "list")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert listed.stdout.startswith(f"{schedule}  Sales of the day  csv  next 20")
    times = octavo("schedule", "next", str(schedule), "--count", "3").stdout.splitlines()
    days = [datetime.fromisoformat(line.replace(" +", "+")) for line in times]
    assert [day.time() for day in days] == [time(6)] * 3
    assert [(later.date() - day.date()).days for day, later in itertools.pairwise(days)] == [1, 1]
    assert octavo("schedule", "pause", str(schedule)).stdout == f"{schedule}  Sales of the day  out of use\n"
    assert "out of use" in octavo("schedule", "list").stdout
    assert octavo("schedule", "list", "--paused").stdout == ""  # those that Octavo put out of use
    assert octavo("schedule", "activate", str(schedule)).stdout.startswith(f"{schedule}  Sales of the day  next 20")


def test_a_schedule_is_run_now_and_made_up_for(octavo: CommandLine, schedule: int, database: Database, organization: Organization) -> None:
    """06:00 in Berlin is 04:00 UTC in summer: 31 March 2024 is the first such day."""
    assert octavo("schedule", "trigger", str(schedule)).stdout.startswith("runs ")
    made = octavo("schedule", "backfill", str(schedule), "--after", "2024-03-29T12:00", "--until", "2024-03-31T06:00")
    assert [line.partition("  ")[0] for line in made.stdout.splitlines()] == ["2024-03-30 06:00 +0100", "2024-03-31 06:00 +0200"]
    with database.tenant(organization.id) as connection:
        rows = connection.execute("select planned_at from octavo.generated_report order by planned_at").fetchall()
    assert [row[0] for row in rows][:2] == [datetime(2024, 3, 30, 5, tzinfo=UTC), datetime(2024, 3, 31, 4, tzinfo=UTC)]
    assert datetime.now(UTC) - rows[2][0] < timedelta(minutes=5)
    again = octavo("schedule", "backfill", str(schedule), "--after", "2024-03-29T12:00", "--until", "2024-03-31T06:00")
    assert again.stdout == "nothing is lacking\n"
    shown = octavo("schedule", "show", str(schedule)).stdout
    assert "owned by boss@alpha.example" in shown and shown.count("running") == 3 and "time_of_day 06:00:00" in shown


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("show", "999"), "no schedule 999"), (("backfill", "{}", "--after", "yesterday"), "no moment"), (("trigger", "999"), "no schedule")],
)
def test_what_is_not_there_or_no_moment_is_refused_with_a_line(
    octavo: CommandLine, schedule: int, arguments: tuple[str, ...], words: str
) -> None:
    refused = octavo("schedule", *(argument.format(schedule) for argument in arguments))
    assert (refused.returncode, words in refused.stderr, len(refused.stderr.splitlines())) == (2, True, 1)
