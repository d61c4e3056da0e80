"""Runs are asked for, found, cancelled and retried within one organization, and what is asked for is made only if the transaction commits."""

from datetime import date, timedelta
from decimal import Decimal
from importlib.metadata import EntryPoint
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from octavo.control import events
from octavo.control.runs import actions as runs
from octavo.control.runs import leases, rules
from octavo.database.connection import Database
from octavo.errors import Conflict, NotFound, TooManyRequests, UsageError
from octavo.pipeline import catalog
from octavo.pipeline.document import Organization
from octavo.settings import settings

MILL = catalog.read([EntryPoint("mill", "tests.packs_for_tests.mill.pack:pack", catalog.GROUP)])
SOMEBODY = events.Actor.system("a test")
LEASE = timedelta(seconds=60)
PAUSE = timedelta(seconds=1)


def ask(database: Database, organization: Organization, **asked: Any) -> runs.Run:
    with database.tenant(organization.id) as connection:
        return runs.request(connection, SOMEBODY, **{"report": "mill.grain", "format": "csv", "parameters": {}, "reports": MILL, **asked})


def find(database: Database, run: runs.Run) -> runs.Run:
    with database.tenant(run.organization_id) as connection:
        return runs.find(connection, run.id)


def jobs(database: Database) -> list[Any]:
    with psycopg.connect(make_conninfo(database.conninfo, user="postgres")) as connection:
        return connection.execute(
            "select queue_name, task_name, args, status::text from octavo_queue.procrastinate_jobs order by id"
        ).fetchall()


def recorded(database: Database, run: runs.Run) -> list[str]:
    with database.tenant(run.organization_id) as connection:
        return [
            str(action)
            for (action,) in connection.execute(
                "select action from octavo.audit_entry where subject = 'run' and subject_id = %s order by number", [run.id]
            )
        ]


def claim(database: Database) -> leases.Claim:
    claimed = leases.claim(database, "a test", LEASE, bulk=(False, True), most_running=100)
    assert claimed
    return claimed


def test_asking_stores_the_run_wakes_a_worker_and_records_it(database: Database, organization: Organization) -> None:
    run = ask(database, organization, parameters={"rows": 3, "seconds": Decimal("0.5")}, masked=False)
    assert (run.state, run.attempt, run.source, run.masked, run.parameters) == (
        "pending",
        0,
        "on_demand",
        False,
        {"rows": 3, "seconds": "0.5"},
    )
    assert run.report_version == MILL.entries["mill.grain"].version
    assert jobs(database) == [("interactive", "octavo.wake", {}, "todo")]
    assert recorded(database, run) == ["run.requested"]
    ask(database, organization, bulk=True)
    assert [queue for queue, *_ in jobs(database)] == ["interactive", "bulk"]


def test_a_transaction_that_is_undone_leaves_neither_run_nor_wake_up(database: Database, organization: Organization) -> None:
    with pytest.raises(ZeroDivisionError), database.tenant(organization.id) as connection:
        runs.request(connection, SOMEBODY, report="mill.grain", format="csv", parameters={}, reports=MILL)
        raise ZeroDivisionError
    with database.tenant(organization.id) as connection:
        assert runs.list_(connection).total == 0
    assert jobs(database) == []


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"report": "mill.flour"}, NotFound),
        ({"format": "docx"}, UsageError),
        ({"parameters": {"rows": "many"}}, UsageError),
        ({"parameters": {"colour": "red"}}, UsageError),
        ({"options": {"paper": "silk"}}, UsageError),
        ({"sections": ("flour",)}, NotFound),
        ({"source": "whim"}, UsageError),
    ],
)
def test_what_is_wrong_is_refused_before_anything_is_stored(
    database: Database, organization: Organization, asked: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        ask(database, organization, **asked)
    assert jobs(database) == []


def test_an_organization_may_not_let_more_wait_than_its_limit(
    database: Database, organization: Organization, other_organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OCTAVO_MOST_QUEUED", "2")
    settings.cache_clear()
    try:
        first, _ = ask(database, organization), ask(database, organization)
        with pytest.raises(TooManyRequests, match="2 runs of this organization wait already") as refused:
            ask(database, organization)
        assert refused.value.retry_after > 0
        assert ask(database, other_organization).state == "pending"
        with database.tenant(organization.id) as connection:
            runs.cancel(connection, SOMEBODY, first.id)
        assert ask(database, organization).state == "pending"
    finally:
        settings.cache_clear()


def test_another_organizations_run_is_not_there(database: Database, organization: Organization, other_organization: Organization) -> None:
    run = ask(database, organization)
    for what in (runs.find, lambda c, i: runs.cancel(c, SOMEBODY, i), lambda c, i: runs.retry(c, SOMEBODY, i)):
        with pytest.raises(NotFound, match=f"There is no run {run.id}"), database.tenant(other_organization.id) as connection:
            what(connection, run.id)
    assert find(database, run).state == "pending"


def test_lists_are_filtered_counted_and_come_in_pages_the_latest_first(database: Database, organization: Organization) -> None:
    made = [ask(database, organization, format=name) for name in ("csv", "json", "csv", "csv")]
    with database.tenant(organization.id) as connection:
        page = runs.list_(connection, {"format": "csv", "report": None}, page=1, page_size=2)
        assert ([run.id for run in page.items], page.total) == ([made[3].id, made[2].id], 3)
        assert [run.id for run in runs.list_(connection, {"format": "csv"}, page=2, page_size=2).items] == [made[0].id]
        assert [run.id for run in runs.recent(connection, 3)] == [run.id for run in reversed(made[1:])]
        for filters, page_number, size in (({"colour": "red"}, 1, 10), ({}, 0, 10), ({}, 1, 101)):
            with pytest.raises(UsageError):
                runs.list_(connection, filters, page=page_number, page_size=size)


def test_what_waits_is_cancelled_at_once_and_what_is_over_cannot_be(database: Database, organization: Organization) -> None:
    run = ask(database, organization)
    with database.tenant(organization.id) as connection:
        assert runs.cancel(connection, SOMEBODY, run.id).state == "cancelled"
    refusal = "is cancelled; only one that is pending or processing can become cancelled"
    with pytest.raises(Conflict, match=refusal), database.tenant(organization.id) as connection:
        runs.cancel(connection, SOMEBODY, run.id)
    assert leases.claim(database, "a test", LEASE, bulk=(False, True), most_running=100) is None
    assert recorded(database, run) == ["run.requested", "run.cancelled"]


def test_a_failed_run_is_tried_again_by_hand_with_its_failures_forgotten(database: Database, organization: Organization) -> None:
    run = ask(database, organization)
    refusal = "is pending; only one that is failed or cancelled can become pending"
    with pytest.raises(Conflict, match=refusal), database.tenant(organization.id) as connection:
        runs.retry(connection, SOMEBODY, run.id)
    assert leases.fail(database, claim(database), rules.Failure("usage", "It is wrong", False), PAUSE)
    failed = find(database, run)
    assert (failed.state, failed.error_kind, failed.error_message, failed.failures) == ("failed", "usage", "It is wrong", 1)
    with database.tenant(organization.id) as connection:
        again = runs.retry(connection, SOMEBODY, run.id)
    assert (again.state, again.failures, again.error_kind, again.attempt) == ("pending", 0, None, 1)
    assert claim(database).attempt == 2
    assert recorded(database, run) == ["run.requested", "run.failed", "run.retried"]


def test_statistics_count_by_report_and_format(database: Database, organization: Organization, other_organization: Organization) -> None:
    for name in ("csv", "csv", "csv", "json"):
        ask(database, organization, format=name)
    ask(database, other_organization)
    durations = iter((100, 300))
    for _ in range(2):
        sealed = leases.Sealed("reports/x", 1000, "0" * 64, "text/csv", 7, next(durations), False, "1", {})
        assert leases.publish(database, claim_of(database, organization), sealed)
    leases.fail(database, claim_of(database, organization), rules.Failure("usage", "It is wrong", False), PAUSE)
    with database.tenant(organization.id) as connection:
        told = runs.statistics(connection, days=1)
        row = connection.execute("select * from octavo.get_report_statistics(%s, 1)", [organization.id]).fetchone()
    csv, json = told.pop("by_report")
    assert row == tuple(told.values()) == (4, 2, 1, 1, 14, 200)
    assert (csv["format"], csv["runs"], csv["completed"], csv["failed"], csv["open"]) == ("csv", 3, 2, 1, 0)
    assert (csv["records"], csv["bytes"], csv["mean_ms"], csv["p95_ms"]) == (14, 2000, 200, 300)
    assert (json["format"], json["runs"], json["open"], json["mean_ms"]) == ("json", 1, 1, None)


def test_runs_are_counted_on_the_days_of_the_zone(database: Database, organization: Organization, other_organization: Organization) -> None:
    """Of three days: two first instants and the second before one of them; an export, what came a second too early and another's are not among them."""
    past = (
        ("(current_date - 1)", "expired", "on_demand"), ("(current_date - 1)::timestamptz - interval '1 second'", "failed", "scheduled"),
        ("(current_date - 2)", "expired", "on_demand"), ("(current_date - 2)::timestamptz - interval '1 second'", "failed", "on_demand"),
        ("(current_date - 1)", "failed", "export"), ("(current_date - 1)", "cancelled", "on_demand"),
    )  # fmt: skip
    with database.tenant(other_organization.id, zone="Asia/Kolkata") as connection:
        connection.execute(_PAST.format(sql.SQL("(current_date - 1)")), [1, "on_demand", "failed"])
    with database.tenant(organization.id, zone="Asia/Kolkata") as connection:
        for number, (at, state, source) in enumerate(past, 1):
            connection.execute(_PAST.format(sql.SQL(at)), [number, source, state])
        row = connection.execute("select current_date").fetchone()
        assert row is not None
        today = row[0]
        assert isinstance(today, date)
        day = timedelta(days=1)
        assert runs.by_day(connection, 3) == [(today - 2 * day, 1, 1), (today - day, 1, 0), (today, 0, 0)]


_PAST = sql.SQL("insert into octavo.past_run (id, report, format, source, state, created_at) values (%s, 'mill.grain', 'csv', %s, %s, {})")


def claim_of(database: Database, organization: Organization) -> leases.Claim:
    while (claimed := claim(database)).organization_id != organization.id:
        pass
    return claimed
