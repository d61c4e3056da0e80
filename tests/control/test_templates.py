"""What an organization is given to begin with, and what the database refuses whatever the application does."""

import psycopg
import pytest

from octavo.control.events import Actor
from octavo.control.templates import actions
from octavo.database.connection import Database
from octavo.pipeline import catalog
from octavo.pipeline.document import Organization


def test_an_organization_is_given_one_template_for_each_report_and_once(database: Database, organization: Organization) -> None:
    reports = catalog.installed()
    with database.tenant(organization.id) as connection:
        made = actions.seed(connection, Actor.system("octavo admin"), reports)
        assert {template.report for template in made} == set(reports.entries)
        assert all(template.project_id is None and template.active for template in made)
        assert actions.seed(connection, Actor.system("octavo admin"), reports) == []
        recorded = connection.execute("select count(*) from octavo.audit_entry where action = 'template.created'").fetchone()
        assert recorded == (len(reports.entries),)


def test_the_templates_of_a_new_organization_are_called_and_made_as_their_reports_say(
    database: Database, organization: Organization
) -> None:
    with database.tenant(organization.id) as connection:
        made = {
            (template.name, template.format) for template in actions.seed(connection, Actor.system("octavo admin"), catalog.installed())
        }
    # the four by the names that the invoice reports were asked for under; the others in their packs' words
    assert made >= {("Invoice to Client", "pdf"), ("Expected Invoice", "pdf"), ("Received Invoice", "pdf"), ("Invoice Comparison", "pdf")}
    assert made >= {("Sales", "xlsx"), ("Contracts", "csv")}


def test_two_templates_for_the_whole_organization_never_share_a_name(database: Database, organization: Organization) -> None:
    insert = "insert into octavo.report_template (name, report) values ('Sales', 'retail.sales')"
    with database.tenant(organization.id) as connection:
        connection.execute(insert)
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute(insert)


def test_a_run_points_to_no_template_of_another_organization(
    database: Database, organization: Organization, other_organization: Organization
) -> None:
    with database.tenant(other_organization.id) as connection:
        row = connection.execute("insert into octavo.report_template (name, report) values ('Sales', 'a.b') returning id").fetchone()
    assert row is not None
    with database.tenant(organization.id) as connection, pytest.raises(psycopg.errors.ForeignKeyViolation):
        connection.execute(
            "insert into octavo.generated_report (report, report_version, format, template_id) values ('a.b', '1', 'csv', %s)", [row[0]]
        )
