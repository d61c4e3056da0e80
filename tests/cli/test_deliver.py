"""octavo deliver: the ledger on the command line."""

from octavo.database.connection import Database
from octavo.pipeline.document import Organization
from tests.cli.conftest import CommandLine


def test_a_delivery_is_asked_for_listed_and_sent_once_more(octavo: CommandLine, database: Database, organization: Organization) -> None:
    asked = octavo("deliver", "test", "--to", "anna@alpha.example", "--organization", "alpha")
    assert (asked.returncode, asked.stderr) == (0, "")
    assert "to anna@alpha.example is pending" in asked.stdout
    with database.tenant(organization.id) as connection:
        connection.execute(
            "update octavo.delivery set state = 'failed', next_try_at = null, error_kind = 'refused', last_error = 'no such person'"
        )
        row = connection.execute("select id from octavo.delivery").fetchone()
    assert row is not None
    listed = octavo("deliver", "list", "--state", "failed", "--organization", "alpha")
    assert listed.stdout == f"{row[0]}  failed  email  anna@alpha.example  test  no such person\n"
    assert octavo("deliver", "retry", row[0], "--organization", "alpha").returncode == 0
    assert octavo("deliver", "list", "--organization", "alpha").stdout.split()[1] == "pending"
    again = octavo("deliver", "retry", row[0], "--organization", "alpha")
    assert (again.returncode, again.stdout) == (2, "")
    assert "is pending; only one that is failed or unknown is sent once more" in again.stderr


def test_what_cannot_be_tried_is_refused(octavo: CommandLine) -> None:
    for arguments in ((), ("--to", "a@b.example", "--place", "1"), ("--to", "nobody"), ("--place", "17")):
        refused = octavo("deliver", "test", *arguments, "--organization", "alpha")
        assert (refused.returncode, refused.stdout) == (2, "")
