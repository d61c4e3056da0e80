"""A list of runs reads what it shows, however many others there are."""

from datetime import timedelta
from typing import Any, cast

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from octavo.control.runs import actions as runs
from octavo.database.connection import Database
from octavo.pipeline.document import Organization
from tests.conftest import superuser

MANY, RARE = 20_000, 500
"""Runs, an hour apart; of every so many one is of the report that is looked for, which makes 40."""
_HISTORY = """
insert into octavo.generated_report (organization_id, report, report_version, format, parameters, source, requested_by_name, state, created_at, started_at, completed_at)
select %(organization)s, case when n %% %(rare)s = 0 then 'retail.sales' else 'energy.contracts' end, 'x', 'csv', '{}', 'on_demand', 'Somebody', 'cancelled',
    at, at, at from generate_series(1, %(many)s) as n, lateral (select now() - n * interval '1 hour' as at)
"""


@pytest.fixture
def history(database: Database, organization: Organization) -> None:
    name = psycopg.conninfo.conninfo_to_dict(database.conninfo)["dbname"]
    with psycopg.connect(make_conninfo(superuser(database.conninfo), dbname=name), autocommit=True) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute(_HISTORY.encode(), {"organization": organization.id, "many": MANY, "rare": RARE})
        connection.execute("analyze octavo.generated_report")


def read(database: Database, organization: Organization, filters: dict[str, Any], most: int | None) -> tuple[int, int]:
    """How many runs are listed in all, and how many rows were read for that in the table."""
    with database.tenant(organization.id) as connection:
        if "days" in filters:
            first = connection.execute("select now() - %s", [timedelta(days=filters["days"])]).fetchone()
            assert first is not None
            filters = {"report": filters["report"], "created_from": first[0]}
        found = runs.list_(connection, filters, page_size=25, most=most)
        row = connection.execute(
            "select seq_tup_read + coalesce(idx_tup_fetch, 0) from pg_stat_xact_user_tables where schemaname = 'octavo' and relname = 'generated_report'"
        ).fetchone()
    assert row is not None
    return found.total, cast(int, row[0])


@pytest.mark.parametrize("most", [10_000, None], ids=["by the page", "by the API"])
def test_the_runs_of_a_report_are_found_without_reading_those_of_others(
    history: None, database: Database, organization: Organization, most: int | None
) -> None:
    # Of 20,000 hours every 500th: 40 in all, and 100 days are 2,400 hours, which hold 500, 1,000, 1,500 and 2,000.
    for filters, total in (({"report": "retail.sales"}, 40), ({"report": "retail.sales", "days": 100}, 4)):
        listed, touched = read(database, organization, filters, most)
        assert listed == total
        assert touched <= 2 * total, f"{touched} rows were read to count and show {total}"
    assert read(database, organization, {"report": "energy.ld_summary"}, most) == (0, 0)


def test_without_the_index_every_run_would_be_read(history: None, database: Database, organization: Organization) -> None:
    """What the test above measures is the index, and not a plan that is as good without it."""
    name = psycopg.conninfo.conninfo_to_dict(database.conninfo)["dbname"]
    with psycopg.connect(make_conninfo(superuser(database.conninfo), dbname=name), autocommit=True) as connection:
        connection.execute("drop index octavo.generated_report_of_report")
    assert read(database, organization, {"report": "retail.sales"}, None)[1] >= MANY
