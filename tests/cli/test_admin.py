"""octavo admin and octavo audit, as who runs the server uses them."""

import re
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from octavo.control.access import actions as access
from octavo.database.connection import Database
from tests.cli.conftest import CommandLine


def test_an_organization_is_made_with_its_administrator_and_a_key_that_works(octavo: CommandLine, database: Database) -> None:
    made = octavo("admin", "organization", "gamma", "--name", "Gamma Inc", "--currency", "USD", "--admin-email", "boss@gamma.example")
    assert (made.returncode, made.stderr) == (0, "")
    lines = made.stdout.splitlines()
    assert lines[:2] == ["made gamma (Gamma Inc)", "boss@gamma.example is its administrator"]
    assert re.fullmatch(r"API key, valid until \d{4}-\d\d-\d\d, shown this once:", lines[2])
    principal = access.authenticate(database, authorization=f"Bearer {lines[3]}")
    assert (principal.organization.slug, principal.role) == ("gamma", "admin")
    with database.tenant(principal.organization.id) as connection:
        names = {name for (name,) in connection.execute("select name from octavo.report_template")}
    assert {"Invoice to Client", "Expected Invoice", "Received Invoice", "Invoice Comparison"} <= names


def test_an_organization_is_given_limits_of_its_own_and_loses_them_again(octavo: CommandLine) -> None:
    limits = ("admin", "limits", "--organization", "alpha")
    assert octavo(*limits).stdout == "alpha: 200 requests a minute, 10,000,000 rows in a file\n"
    assert octavo(*limits, "--requests-per-minute", "1000").stdout == "alpha: 1,000 requests a minute, 10,000,000 rows in a file\n"
    assert octavo(*limits, "--most-rows", "5000").stdout == "alpha: 1,000 requests a minute, 5,000 rows in a file\n"
    assert octavo(*limits, "--requests-per-minute", "0").stdout == "alpha: 200 requests a minute, 5,000 rows in a file\n"


def test_a_member_gets_a_key_that_is_listed_without_its_secret_and_revoked(octavo: CommandLine, database: Database) -> None:
    assert octavo("admin", "member", "p@alpha.example", "--role", "member", "--view-pii", "--organization", "alpha").stdout == (
        "p@alpha.example is member of alpha, sees personal data\n"
    )
    key = octavo(
        "admin", "key", "p@alpha.example", "--name", "nightly", "--scope", "reports.export_reports", "--days", "7"
    ).stdout.splitlines()[-1]
    assert access.authenticate(database, authorization=f"Bearer {key}").permissions == {"reports.export_reports"}
    prefix = key.split("_")[1]
    listed = octavo("admin", "keys").stdout
    assert listed.startswith(f"{prefix}  p@alpha.example  nightly  reports.export_reports  until ")
    assert key.split("_", 2)[2] not in listed
    assert octavo("admin", "revoke", prefix).stdout == f"revoked {prefix}\n"
    assert "  revoked 20" in octavo("admin", "keys").stdout
    unknown = octavo("admin", "key", "nobody@alpha.example")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert "nobody@alpha.example" in unknown.stderr


def test_the_audit_list_is_verified_against_itself_and_an_anchor(octavo: CommandLine, conninfo: str, tmp_path: Path) -> None:
    for role in ("viewer", "member", "admin"):
        octavo("admin", "member", "p@alpha.example", "--role", role)
    anchored = octavo("audit", "anchor")
    assert re.fullmatch(r"octavo-audit alpha 3 [0-9a-f]{64} 20\S+\n", anchored.stdout)
    kept = tmp_path / "anchors"
    kept.write_text(anchored.stdout)
    whole = octavo("audit", "verify", "--anchor", kept)
    assert (whole.returncode, whole.stdout) == (0, "alpha  3 entries agree, 1 anchors too\n")

    with psycopg.connect(make_conninfo(conninfo, user="postgres"), autocommit=True) as intruder:
        intruder.execute("set session_replication_role = replica")
        intruder.execute("delete from octavo.audit_entry where number = 3")
        intruder.execute("update octavo.audit_head h set number = 2, hash = e.hash from octavo.audit_entry e where e.number = 2")
        assert octavo("audit", "verify").returncode == 0
        cut = octavo("audit", "verify", "--anchor", kept)
        assert (cut.returncode, cut.stdout.startswith("alpha  entry 3: the entry was there at 20")) == (1, True)
        assert "the list is not what was written" in cut.stderr.lower()
        intruder.execute("update octavo.audit_entry set detail = '{}' where number = 1")
    edited = octavo("audit", "verify", "--organization", "alpha")
    assert (edited.returncode, edited.stdout) == (1, "alpha  entry 1: the entry, or its place, was changed\n")
