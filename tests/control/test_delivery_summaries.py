"""The weekly summary: on Monday at 08:00 where the organization is, once, to whom it names."""

from pathlib import Path
from typing import Any

import pytest

from octavo.control.delivery import actions, summaries
from octavo.control.runs import actions as runs
from octavo.database.connection import Database
from octavo.pipeline.document import Organization
from tests.control.delivering import completed, failed, mail, rows, send_due, sender
from tests.control.test_runs_actions import MILL, SOMEBODY
from tests.mailbox import Mailbox, listening

ANNA, BERT = "anna@alpha.example", "bert@alpha.example"


@pytest.mark.parametrize(
    ("zone", "after", "due"),
    [
        ("Europe/London", "2026-11-21 12:00+00", "2026-11-23 08:00+00"),  # a Saturday, and the Monday after it
        ("Europe/London", "2026-11-23 07:59:59+00", "2026-11-23 08:00+00"),
        ("Europe/London", "2026-11-23 08:00+00", "2026-11-30 08:00+00"),
        ("Europe/Berlin", "2026-03-28 12:00+00", "2026-03-30 06:00+00"),  # the clocks went forward in between
        ("Europe/Berlin", "2026-10-24 12:00+00", "2026-10-26 07:00+00"),  # and back
        ("Pacific/Auckland", "2026-11-22 18:00+00", "2026-11-22 19:00+00"),  # where it is Monday already
    ],
)
def test_a_summary_is_due_on_monday_at_eight_where_the_organization_is(zone: str, after: str, due: str, database: Database) -> None:
    with database.app() as connection:
        row = connection.execute("select octavo.monday_morning(%s, %s::timestamptz) = %s::timestamptz", [zone, after, due]).fetchone()
    assert row == (True,)


def want(database: Database, organization: Organization, **said: Any) -> None:
    with database.tenant(organization.id) as connection:
        actions.change_setting(connection, SOMEBODY, actions.Said(**{"recipients": [ANNA, BERT], "weekly_summary": True, **said}))


def make_due(database: Database, organization: Organization) -> None:
    with database.tenant(organization.id) as connection:
        connection.execute("update octavo.notification_setting set next_summary_at = now() - interval '1 minute'")


def test_a_summary_that_is_due_is_written_once_and_the_next_one_is_a_week_later(
    database: Database, organization: Organization, other_organization: Organization
) -> None:
    want(database, organization)
    want(database, other_organization, weekly_summary=False)
    assert summaries.write_due(database) == 0
    make_due(database, organization)
    assert summaries.write_due(database) == 2
    assert summaries.write_due(database) == 0
    make_due(database, organization)
    assert summaries.write_due(database) == 0, "this Monday's was told already"
    assert rows(database, organization) == [(ANNA, "pending"), (BERT, "pending")]
    assert rows(database, other_organization) == []
    with database.tenant(organization.id) as connection:
        (due,) = (
            connection.execute(
                "select next_summary_at > now() and next_summary_at <= now() + interval '7 days 1 hour' from octavo.notification_setting"
            ).fetchone()
            or ()
        )
    assert due is True


def test_a_summary_counts_the_week_before_names_what_failed_and_no_export(
    database: Database, organization: Organization, tmp_path: Path
) -> None:
    want(database, organization)
    for number in range(3):
        completed(database, organization, tmp_path, mail(BERT) if number else [])
    with database.tenant(organization.id) as connection:
        run = runs.request(connection, SOMEBODY, reports=MILL, report="mill.grain", format="csv", parameters={})
    failed(database, run)
    with database.tenant(organization.id) as connection:
        connection.execute("delete from octavo.delivery where purpose = 'failure'")
        connection.execute(
            "update octavo.generated_report set created_at = (date_trunc('week', now() at time zone 'Europe/London') - interval '3 days') at time zone 'Europe/London'"
        )
        connection.execute(
            "update octavo.delivery set state = 'failed', next_try_at = null, error_kind = 'x', last_error = 'x', "
            "created_at = (date_trunc('week', now() at time zone 'Europe/London') - interval '3 days') at time zone 'Europe/London'"
        )
    completed(database, organization, tmp_path, [])  # of this week, so it is not counted
    make_due(database, organization)
    assert summaries.write_due(database) == 2
    with listening(Mailbox()) as box, sender(database, tmp_path, mail_url=f"smtp://127.0.0.1:{box.port}?starttls=none") as one:
        send_due(database, one)
    assert {message["To"] for message in box.mails} == {ANNA, BERT}
    said = box.mails[0].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    lines = said.splitlines()
    for line in ("Made: 3", "Not made: 1", "Exports: 0", "Rows: 3", "Sent: 0", "Not sent: 2"):
        assert line in lines
    assert "The report has no such parameter; leave it out" in said


def test_who_is_no_recipient_any_more_gets_no_summary(database: Database, organization: Organization, tmp_path: Path) -> None:
    want(database, organization)
    make_due(database, organization)
    summaries.write_due(database)
    want(database, organization, recipients=[ANNA])
    with listening(Mailbox()) as box, sender(database, tmp_path, mail_url=f"smtp://127.0.0.1:{box.port}?starttls=none") as one:
        send_due(database, one)
    assert box.recipients == {ANNA: 1}
    assert rows(database, organization) == [(ANNA, "sent"), (BERT, "failed")]
