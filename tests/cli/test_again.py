"""octavo verify --again: the same is asked once more, and what is different now is said; the sealed file stays as it is."""

import re

import pytest

from octavo.database.connection import Database
from octavo.pipeline.document import Organization
from tests.cli.conftest import CommandLine
from tests.web.test_exports_api import contracts


@pytest.mark.parametrize("format", ["csv", "xlsx", "json", "pdf"])
def test_what_is_different_now_is_said(octavo: CommandLine, database: Database, organization: Organization, format: str) -> None:
    contracts(database, organization, 5)
    assert octavo("render", "energy.contracts", "--output", f"sealed.{format}").returncode == 0
    files = octavo.files
    before = (octavo.folder / f"sealed.{format}").read_bytes()
    same = octavo("verify", f"sealed.{format}", "--again")
    assert (same.returncode, same.stderr) == (0, "")
    assert "asked again, the database answers the same" in same.stdout
    contracts(database, organization, 2)
    with database.tenant(organization.id) as connection:
        connection.execute("update energy.contract set name = 'Another' where number = 'C1'")
    other = octavo("verify", f"sealed.{format}", "--again")
    assert other.returncode == 1
    assert "asked again, the database answers otherwise" in other.stderr
    said = re.findall(r"^since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC: (.*)$", other.stdout, re.MULTILINE)
    expected = ["section contracts had 5 rows and has 7"]
    if format != "pdf":  # one row that is no longer so, and three that were not there before: it, and two more
        expected.append("of section contracts, 1 rows are in the sealed file alone, and 3 would be new or other ones")
    assert said == expected
    assert octavo.files == files
    assert (octavo.folder / f"sealed.{format}").read_bytes() == before


def test_a_period_is_the_days_that_it_was_then(octavo: CommandLine, organization: Organization) -> None:
    made = octavo("render", "retail.sales", "--param", "period=previous_month", "--format", "json", "--output", "sales.json")
    assert made.returncode == 0, made.stderr
    again = octavo("verify", "sales.json", "--again")
    assert (again.returncode, again.stderr) == (0, "")
