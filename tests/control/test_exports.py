"""When an export needs approval, what a plan is, and what the database refuses whatever the application does."""

from dataclasses import replace
from datetime import date
from enum import Enum

import psycopg
import pytest

from octavo.control import events
from octavo.control.access import actions as access
from octavo.control.exports import actions, rules
from octavo.control.exports.rules import Plan
from octavo.control.runs import actions as runs
from octavo.database.connection import Database
from octavo.errors import UsageError
from octavo.pipeline import catalog
from octavo.pipeline.document import Organization
from octavo.pipeline.periods import DateRange

PLAN = Plan("energy.contracts", "0123456789ab", {"status": "active"}, ["contract_number"], [], "csv", {}, True, True, 25)


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        ("'meter_data', 20", False),
        ("'meter_data', 21", True),
        ("'contract', 25", True),
        ("'contract', 10", False),
        ("'contract', 11", True),
        ("'invoice_generated', 11", True),
        ("'meter_data', 50, 50", False),
        ("'meter_data', 51, 50", True),
        ("'contract', 11, 50", True),
        ("'contract', 6, 5", True),
        ("'energy.contracts', 11, null, true", True),
        ("'energy.contracts', 11, null, false", False),
        ("'meter_data', null", True),
    ],
)
def test_more_than_twenty_records_need_approval_and_of_personal_data_more_than_ten(
    database: Database, organization: Organization, arguments: str, needed: bool
) -> None:
    with database.tenant(organization.id) as connection:
        assert connection.execute(f"select octavo.check_export_requires_approval({arguments})".encode()).fetchone() == (needed,)


def test_each_organization_has_its_own_thresholds(database: Database, organization: Organization, other_organization: Organization) -> None:
    question = "select octavo.check_export_requires_approval('meter_data', 6), octavo.check_export_requires_approval('contract', 4)"
    with database.tenant(organization.id) as connection:
        connection.execute("insert into octavo.export_setting (threshold, personal_threshold) values (5, 3)")
        assert connection.execute(question).fetchone() == (True, True)
    with database.tenant(other_organization.id) as connection:
        assert connection.execute(question).fetchone() == (False, False)


def test_statistics_of_another_organization_are_empty(
    database: Database, organization: Organization, other_organization: Organization
) -> None:
    with database.tenant(other_organization.id) as connection:
        connection.execute("insert into octavo.generated_report (report, report_version, format) values ('a.b', '1', 'csv')")
        own = connection.execute("select total_reports, pending_reports from octavo.get_report_statistics(%s, 30)", [other_organization.id])
        assert own.fetchone() == (1, 1)
    with database.tenant(organization.id) as connection:
        foreign = connection.execute("select total_reports from octavo.get_report_statistics(%s, 30)", [other_organization.id])
        assert foreign.fetchone() == (0,)


@pytest.mark.parametrize(
    "other",
    [
        replace(PLAN, dataset="energy.invoices_generated"),
        replace(PLAN, report_version="ba9876543210"),
        replace(PLAN, parameters={"status": "ended"}),
        replace(PLAN, parameters={}),
        replace(PLAN, fields=["contract_number", "contract_name"]),
        replace(PLAN, filters=[{"field": "status", "op": "eq", "value": "active"}]),
        replace(PLAN, format="xlsx"),
        replace(PLAN, options={"guard": "raw"}),
        replace(PLAN, masked=False),
        replace(PLAN, estimated_rows=26),
    ],
)
def test_another_plan_has_another_hash(other: Plan) -> None:
    assert other.hash != PLAN.hash


def test_the_order_in_which_parameters_are_named_changes_no_hash() -> None:
    one, two = replace(PLAN, parameters={"a": 1, "b": "ü"}), replace(PLAN, parameters={"b": "ü", "a": 1})
    assert one.hash == two.hash


def test_parameters_are_pinned_to_what_they_mean_today() -> None:
    class Colour(Enum):
        RED = "red"

    given = {
        "period": DateRange(date(2014, 6, 1), date(2014, 7, 1), "UTC"), "nothing": None, "day": date(2014, 6, 30), "colour": Colour.RED,
        "many": (Colour.RED, 2), "flag": False,
    }  # fmt: skip
    assert rules.pinned(given) == {
        "period": "2014-06-01/2014-06-30", "day": "2014-06-30", "colour": "red", "many": ["red", 2], "flag": False,
    }  # fmt: skip


def test_a_dataset_is_a_report_of_one_table() -> None:
    entries = catalog.installed().entries
    for key in ("energy.contracts", "energy.invoices_generated"):
        assert rules.is_personal(catalog.dataset(entries[key]))
    with pytest.raises(UsageError, match="not a dataset"):
        catalog.dataset(entries["retail.sales"])


@pytest.mark.parametrize(("estimated", "covered"), [(0, 0), (9, 9), (10, 11), (20, 22), (25, 27), (100, 110)])
def test_an_approval_covers_a_tenth_more_than_was_estimated(estimated: int, covered: int) -> None:
    assert rules.most_rows(estimated, by_person=True, threshold=20) == covered


def test_no_run_of_an_export_comes_into_being_without_its_request(database: Database, organization: Organization) -> None:
    with database.tenant(organization.id) as connection, pytest.raises(psycopg.errors.CheckViolation, match="an_export_has_its_request"):
        connection.execute(
            "insert into octavo.generated_report (report, report_version, format, source) values ('a.b', '1', 'csv', 'export')"
        )


@pytest.mark.parametrize(
    ("format", "rows", "bulk"), [("csv", 100_000, False), ("csv", 100_001, True), ("pdf", 2_000, False), ("pdf", 2_001, True)]
)
def test_an_export_that_takes_long_in_its_format_waits_behind_those_that_somebody_waits_for(
    database: Database, organization: Organization, format: str, rows: int, bulk: bool
) -> None:
    with database.tenant(organization.id) as connection:
        connection.execute("insert into octavo.export_setting (threshold, personal_threshold) values (1000000, 1000000)")
        person = access.person(connection, "ann@example.org")
        access.set_member(connection, events.Actor.system("a test"), person, role="member")
        asked = actions.request(
            connection, events.Actor(person, None, "ann@example.org"), replace(PLAN, format=format, estimated_rows=rows)
        )
        assert asked.run_id is not None
        assert runs.find(connection, asked.run_id).bulk is bulk
