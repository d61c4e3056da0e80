"""Statistics and the latest runs tell what the SQL functions tell: reports apart from exports."""

from typing import Any

from fastapi import FastAPI
from psycopg import sql

from octavo.database.connection import Database
from octavo.pipeline.document import Organization
from tests.web.conftest import Person
from tests.web.test_exports_api import ask, contracts, work


def test_statistics_and_the_latest_runs_agree_with_the_functions_of_the_database(
    ours: dict[str, Person], theirs: dict[str, Person], application: FastAPI, database: Database, organization: Organization
) -> None:
    contracts(database, organization, 3)
    for person, format in ((ours["member"], "csv"), (ours["member"], "csv"), (ours["admin"], "json"), (theirs["member"], "csv")):
        assert person.post("/api/reports/generate", {"report": "energy.contracts", "format": format}).status_code == 202
    while work(application, database):
        pass
    ask(ours["member"])

    def functions(name: str) -> dict[str, Any]:
        with database.tenant(organization.id) as connection:
            cursor = connection.execute(sql.SQL("select * from octavo.{}(octavo.current_organization(), 30)").format(sql.Identifier(name)))
            row = cursor.fetchone()
            assert row is not None and cursor.description is not None
            return {column.name: value for column, value in zip(cursor.description, row, strict=True)}

    told = ours["viewer"].get("/api/reports/statistics").json()
    by_report = told.pop("by_report")
    assert told == functions("get_report_statistics")
    assert (told["total_reports"], told["completed_reports"], told["total_records_exported"]) == (3, 3, 9)
    assert [(row["report"], row["format"], row["runs"], row["records"]) for row in by_report] == [
        ("energy.contracts", "csv", 2, 6), ("energy.contracts", "json", 1, 3),
    ]  # fmt: skip
    exports = ours["admin"].get("/api/exports/statistics").json()
    assert exports == functions("get_export_statistics")
    assert (exports["total_exports"], exports["completed_exports"]) == (1, 0)
    assert [(run["format"], run["source"]) for run in ours["viewer"].get("/api/reports/recent").json()] == [
        ("json", "on_demand"), ("csv", "on_demand"), ("csv", "on_demand"),
    ]  # fmt: skip
