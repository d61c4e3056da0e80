"""Organizations: what one must be, and that two who make the same one at once get one."""

import threading

import pytest

from octavo.control.tenancy import actions as tenancy
from octavo.database.connection import Database
from octavo.errors import NotFound, UsageError


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"slug": "Bad Slug"}, "is no slug"),
        ({"slug": ""}, "is no slug"),
        ({"name": ""}, "the name is empty"),
        ({"name": "Evil\x1b[31m"}, "is no name: it holds characters that cannot be printed"),
        ({"currency": "euro"}, "the currency no ISO code"),
        ({"time_zone": "Mars/Olympus"}, "is no time zone"),
        ({"locale": "xx_YY"}, "is no locale"),
    ],
)
def test_an_organization_that_no_report_could_be_made_for_is_refused(database: Database, wrong: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        tenancy.create(database, **{"slug": "gamma", "name": "Gamma", **wrong})
    assert tenancy.list_all(database) == []


def test_a_slug_is_given_once(database: Database) -> None:
    tenancy.create(database, "gamma", "Gamma")
    with pytest.raises(UsageError, match="There is an organization 'gamma' already"):
        tenancy.create(database, "gamma", "Another")
    assert [organization.name for organization in tenancy.list_all(database)] == ["Gamma"]


def test_of_two_who_want_an_organization_at_once_one_makes_it_and_both_have_it(database: Database) -> None:
    for slug in ("one", "two", "three"):
        found: list[tuple[int, bool]] = []

        def want(slug: str = slug, found: list[tuple[int, bool]] = found) -> None:
            organization, is_new = tenancy.find_or_create(database, slug, slug)
            found.append((organization.id, is_new))

        both = [threading.Thread(target=want) for _ in range(2)]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()
        assert len({number for number, _ in found}) == 1
        assert sorted(is_new for _, is_new in found) == [False, True]


def test_an_organization_is_removed_only_while_nothing_belongs_to_it(database: Database) -> None:
    empty, used = tenancy.create(database, "empty", "Empty"), tenancy.create(database, "used", "Used")
    with database.tenant(used.id) as connection:
        connection.execute("insert into octavo.sample_data (pack) values ('retail')")
    tenancy.remove(database, empty)
    with pytest.raises(UsageError, match="is not empty, so it stays"):
        tenancy.remove(database, used)
    with pytest.raises(NotFound, match="There is no organization 'empty'; there are: used"):
        tenancy.find(database, "empty")
