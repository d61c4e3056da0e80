"""Organizations and their projects: named once, found by the host's name or their own, and apart from each other."""

import pytest

from octavo.control.access import actions as access
from octavo.control.events import Actor
from octavo.control.tenancy import actions as tenancy
from octavo.database.connection import Database
from octavo.errors import Conflict, NotFound, UsageError
from octavo.pipeline.document import Organization

ACTOR = Actor.system("the tests")


def test_a_slug_and_an_external_id_name_one_organization(database: Database, organization: Organization) -> None:
    tenancy.create(database, "acme", "Acme", external_id="tenant-7")
    with pytest.raises(UsageError, match="organization 'alpha' already"):
        tenancy.create(database, "alpha", "Another")
    with pytest.raises(UsageError, match="external id 'tenant-7' already"):
        tenancy.create(database, "another", "Another", external_id="tenant-7")


def test_the_host_names_an_organization_by_its_external_id_before_any_slug(database: Database) -> None:
    tenancy.create(database, "first", "First", external_id="second")
    tenancy.create(database, "second", "Second")
    with database.app() as connection:
        names = {name: tenancy.named_by_host(connection, name) for name in ("second", "first", "third")}
    assert {name: found and found.slug for name, found in names.items()} == {"second": "first", "first": None, "third": None}


def test_an_organization_that_something_happened_in_stays(database: Database, organization: Organization) -> None:
    with database.tenant(organization.id) as connection:
        access.set_member(connection, ACTOR, access.person(connection, "p@alpha.example"))
    with pytest.raises(UsageError, match="not empty"):
        tenancy.remove(database, organization)


def test_a_project_is_its_organizations_own_and_lets_in_members_alone(
    database: Database, organization: Organization, other_organization: Organization
) -> None:
    with database.tenant(other_organization.id) as connection:
        theirs = tenancy.create_project(connection, ACTOR, "North")
        stranger = access.set_member(connection, ACTOR, access.person(connection, "q@beta.example")).user_id
    with database.tenant(organization.id) as connection:
        own = tenancy.create_project(connection, ACTOR, "North")
        member = access.set_member(connection, ACTOR, access.person(connection, "p@alpha.example")).user_id
        with pytest.raises(Conflict, match="'North' already"):
            tenancy.create_project(connection, ACTOR, "North")
        assert tenancy.projects(connection) == [own]
        tenancy.let_into_project(connection, ACTOR, own.id, member)
        tenancy.let_into_project(connection, ACTOR, own.id, member)
        for project, user in ((theirs.id, member), (own.id, stranger), (10**15, member)):
            with pytest.raises(NotFound):
                tenancy.let_into_project(connection, ACTOR, project, user)
        with pytest.raises(NotFound):
            tenancy.find_project(connection, theirs.id)
        assert (tenancy.projects_of(connection, member), tenancy.projects_of(connection, stranger)) == ({own.id}, frozenset())
