"""Several values at once over HTTP: all or none, as runs of a group, as one file or as a zip; and no dataset goes out in parts that would not go out whole."""

import csv
import io
import zipfile
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from octavo.control.exports import jobs as exports
from octavo.database.connection import Database
from octavo.errors import NeedsApproval
from octavo.pipeline import verify
from octavo.pipeline.document import Organization
from octavo.settings import settings
from tests.web.conftest import Person
from tests.web.test_exports_api import work
from tests.web.test_standing_approval import PATH, approve, second

__all__ = ["second"]

People = dict[str, Person]
GENERATE, RUNS = "/api/reports/generate", "/api/reports/generated"
CONTRACTS = {"report": "energy.contracts", "format": "csv", "fields": ["contract_number", "status"]}


@pytest.fixture
def plants(database: Database, organization: Organization) -> dict[str, int]:
    """Three plants, of which the first has three contracts, the second two and the third none."""
    with database.tenant(organization.id, zone="UTC") as connection:
        made = {
            str(name): int(number)
            for number, name in connection.execute(
                "insert into energy.project (name) values ('Alder'), ('Birch'), ('Cedar') returning id, name"
            ).fetchall()
        }
        connection.execute(
            "insert into energy.contract (project_id, number, name, kind, counterparty_name, currency, start_date) "
            "select project_id, number, 'Contract', 'ppa', 'Buyer Ltd', 'EUR', date '2024-01-01' from (values (%(a)s, 'A1'), (%(a)s, 'A2'), (%(a)s, 'A3'), "
            "(%(b)s, 'B1'), (%(b)s, 'B2')) as one(project_id, number)",
            {"a": made["Alder"], "b": made["Birch"]},
        )
    return made


def ask(person: Person, **more: Any) -> dict[str, Any]:
    answer = person.post(GENERATE, {**CONTRACTS, **more})
    assert answer.status_code == 202, answer.text
    made: dict[str, Any] = answer.json()
    return made


def count(database: Database, organization: Organization) -> int:
    with database.tenant(organization.id) as connection:
        row = connection.execute(
            "select (select count(*) from octavo.generated_report) + (select count(*) from octavo_queue.procrastinate_jobs)"
        ).fetchone()
    assert row is not None
    return int(row[0])


def file_of(person: Person, run_id: int, folder: Path) -> Path:
    """The file of a run, downloaded with its manifest beside it."""
    run = person.get(f"{RUNS}/{run_id}").json()
    assert run["state"] == "completed", run
    link = person.get(f"{RUNS}/{run_id}/download").headers["location"]
    sealed = person.get(f"{RUNS}/{run_id}/manifest")
    place = folder / sealed.json()["file"]["name"]
    place.write_bytes(person.client.get(link).content)
    Path(f"{place}.manifest.json").write_text(sealed.text, encoding="utf-8")
    return place


# --- runs -------------------------------------------------------------------------------------------------------------


def test_each_value_has_a_run_and_they_share_a_group(
    ours: People, application: FastAPI, database: Database, plants: dict[str, int], tmp_path: Path
) -> None:
    asked = ours["member"].post(GENERATE, {**CONTRACTS, "each": {"project_id": list(plants.values())}})
    made = asked.json()
    assert asked.status_code == 202
    assert asked.headers["location"] == f"{RUNS}?group_id={made['group_id']}"
    assert [run["parameters"] for run in made["runs"]] == [{"project_id": number} for number in plants.values()]
    assert {(run["group_id"], run["made_as"]) for run in made["runs"]} == {(made["group_id"], "runs")}
    assert {tuple(run["each"]["project_id"]) for run in made["runs"]} == {tuple(plants.values())}
    ask(ours["member"])  # of no group
    listed = ours["member"].get(RUNS, group_id=made["group_id"]).json()
    assert [run["id"] for run in listed["items"]] == [run["id"] for run in reversed(made["runs"])]
    for _ in range(4):
        assert work(application, database)
    rows = []
    for run in made["runs"]:
        place = file_of(ours["member"], run["id"], tmp_path)
        verify.verify(place)
        rows.append([row["contract_number"] for row in csv.DictReader(io.StringIO(place.read_text(encoding="utf-8")))])
    assert rows == [["A1", "A2", "A3"], ["B1", "B2"], []]


def test_every_value_is_one_that_there_is_now(ours: People, plants: dict[str, int]) -> None:
    made = ask(ours["member"], each={"project_id": "*"})
    assert [run["parameters"]["project_id"] for run in made["runs"]] == list(plants.values())


def test_one_value_that_cannot_be_asked_refuses_all_and_changes_nothing(
    ours: People, database: Database, organization: Organization, plants: dict[str, int]
) -> None:
    before = count(database, organization)
    good = plants["Alder"]
    for made_as in ("runs", "merged", "zip"):
        for each, status, said in (
            ({"project_id": [good, good + 999]}, 422, f"there is no project_id {good + 999}"),
            ({"project_id": [good, good]}, 422, "are the same"),
            ({"status": ["active", "asleep"]}, 422, "status cannot be"),
            ({"plant": [1]}, 422, "no parameter 'plant'"),
            ({"project_id": []}, 422, "at least one"),
            ({"status": "*"}, 422, "no list of values of its own"),
            ({"project_id": list(range(201))}, 413, "at most 200"),
        ):
            refused = ours["member"].post(GENERATE, {**CONTRACTS, "each": each, "made_as": made_as})
            assert (refused.status_code, said in refused.json()["detail"]) == (status, True), refused.text
    refused = ours["member"].post(GENERATE, {**CONTRACTS, "made_as": "zip"})
    assert (refused.status_code, "of several values" in refused.json()["detail"]) == (422, True)
    assert count(database, organization) == before


def test_more_runs_than_may_wait_are_all_refused(
    ours: People, database: Database, organization: Organization, plants: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OCTAVO_MOST_QUEUED", "2")
    settings.cache_clear()
    try:
        before = count(database, organization)
        refused = ours["member"].post(GENERATE, {**CONTRACTS, "each": {"project_id": "*"}})
        assert (refused.status_code, count(database, organization)) == (429, before)
        ask(ours["member"], each={"project_id": "*"}, made_as="zip")  # that is one run
    finally:
        settings.cache_clear()


def test_a_request_with_a_key_is_done_once(ours: People, database: Database, organization: Organization, plants: dict[str, int]) -> None:
    asked = {**CONTRACTS, "each": {"project_id": "*"}}
    first = ours["member"].post(GENERATE, asked, **{"Idempotency-Key": "all-contracts"})
    after = count(database, organization)
    again = ours["member"].post(GENERATE, asked, **{"Idempotency-Key": "all-contracts"})
    assert (again.json(), again.headers["location"]) == (first.json(), first.headers["location"])
    other = ours["member"].post(GENERATE, {**asked, "made_as": "zip"}, **{"Idempotency-Key": "all-contracts"})
    assert (other.status_code, count(database, organization)) == (422, after)


def test_a_run_of_a_group_is_cancelled_and_begun_anew_alone(
    ours: People, application: FastAPI, database: Database, plants: dict[str, int]
) -> None:
    made = ask(ours["member"], each={"project_id": "*"})
    one = f"{RUNS}/{made['runs'][1]['id']}"
    assert ours["member"].post(f"{one}/cancel").json()["state"] == "cancelled"
    states = {run["id"]: run["state"] for run in ours["member"].get(RUNS, group_id=made["group_id"]).json()["items"]}
    assert [states[run["id"]] for run in made["runs"]] == ["pending", "cancelled", "pending"]
    assert ours["member"].post(f"{one}/retry").json()["group_id"] == made["group_id"]
    for _ in range(3):
        assert work(application, database)
    assert ours["member"].get(one).json()["records"] == 2


def test_a_group_of_another_organization_is_empty(ours: People, theirs: People, plants: dict[str, int]) -> None:
    made = ask(ours["member"], each={"project_id": "*"})
    assert theirs["admin"].get(RUNS, group_id=made["group_id"]).json()["total"] == 0
    refused = theirs["admin"].post(GENERATE, {**CONTRACTS, "each": {"project_id": [plants["Alder"]]}})
    assert (refused.status_code, "Alder" in refused.text) == (422, False)


def test_a_password_is_that_of_all_files(ours: People, application: FastAPI, database: Database, plants: dict[str, int]) -> None:
    made = ask(ours["member"], each={"project_id": "*"}, protection={})
    assert made["password"]
    assert {run["protected"] for run in made["runs"]} == {True}
    perform = partial(exports.perform, vault=application.state.server.vault)
    for _ in range(3):
        assert work(application, database, perform)
    assert {run["state"] for run in ours["member"].get(RUNS, group_id=made["group_id"]).json()["items"]} == {"completed"}


# --- one file ---------------------------------------------------------------------------------------------------------


def test_one_file_has_the_rows_of_all(
    ours: People, application: FastAPI, database: Database, plants: dict[str, int], tmp_path: Path
) -> None:
    run = ask(ours["member"], each={"project_id": "*"}, made_as="merged")
    assert (run["made_as"], run["each"], run["parameters"]) == ("merged", {"project_id": "*"}, {})
    assert work(application, database)
    place = file_of(ours["member"], run["id"], tmp_path)
    verify.verify(place)
    _, *rows = csv.reader(io.StringIO(place.read_text(encoding="utf-8")))
    assert [row[:2] for row in rows] == [["Alder", "A1"], ["Alder", "A2"], ["Alder", "A3"], ["Birch", "B1"], ["Birch", "B2"]]


def test_a_zip_has_a_file_for_each(ours: People, application: FastAPI, database: Database, plants: dict[str, int], tmp_path: Path) -> None:
    run = ask(ours["member"], each={"project_id": "*"}, made_as="zip")
    assert work(application, database)
    done = ours["member"].get(f"{RUNS}/{run['id']}").json()
    assert done["records"] == 5
    place = file_of(ours["member"], run["id"], tmp_path)
    assert [part.rows for part in verify.verify(place).manifest.parts] == [3, 2, 0]
    with zipfile.ZipFile(place) as archive:
        assert len(archive.namelist()) == 6
    answer = ours["member"].client.get(ours["member"].get(f"{RUNS}/{run['id']}/download").headers["location"])
    assert answer.headers["content-type"] == "application/zip"


def test_what_a_template_says_gives_way(
    ours: People, application: FastAPI, database: Database, plants: dict[str, int], tmp_path: Path
) -> None:
    template = (
        ours["admin"]
        .post(PATH, {"name": "Birch", "report": "energy.contracts", "format": "json", "parameters": {"project_id": plants["Birch"]}})
        .json()
    )
    answer = ours["member"].post(
        GENERATE, {"template_id": template["id"], "each": {"project_id": [plants["Alder"], plants["Birch"]]}, "made_as": "zip"}
    )
    assert answer.status_code == 202, answer.text
    assert work(application, database)
    manifest = ours["member"].get(f"{RUNS}/{answer.json()['id']}/manifest").json()
    assert (manifest["format"], [part["sections"][0]["rows"] for part in manifest["parts"]]) == ("json", [3, 2])


# --- templates and schedules ------------------------------------------------------------------------------------------

EACH_PLANT = {
    "name": "Contracts of each plant",
    "report": "energy.contracts",
    "format": "csv",
    "template_config": {"each": {"project_id": "*"}, "made_as": "zip"},
}


def test_a_template_may_name_several_and_each_part_of_it_gives_way(
    ours: People, application: FastAPI, database: Database, plants: dict[str, int]
) -> None:
    made = ours["admin"].post(PATH, EACH_PLANT)
    assert made.status_code == 201, made.text
    by_template = {"template_id": made.json()["id"]}

    def generate(**more: Any) -> dict[str, Any]:
        answer = ours["member"].post(GENERATE, {**by_template, **more})
        assert answer.status_code == 202, answer.text
        said: dict[str, Any] = answer.json()
        return said

    asked = [
        generate(),
        generate(made_as="merged"),
        generate(each={"project_id": [plants["Birch"]]}),
        generate(parameters={"project_id": plants["Birch"]}),
    ]
    assert [one.get("made_as") for one in asked] == ["zip", "merged", None, "runs"]
    assert [len(one["runs"]) for one in (asked[2], generate(made_as="runs"))] == [1, 3]
    while work(application, database):
        pass
    records = [ours["member"].get(f"{RUNS}/{one.get('id') or one['runs'][0]['id']}").json()["records"] for one in asked]
    assert records == [5, 5, 2, 2]


@pytest.mark.parametrize(
    "config", [{"each": {"project_id": "*"}}, {"made_as": "zip"}, {"each": {"project_id": "*"}, "made_as": "runs"}, {"each": {"plant": [1]}, "made_as": "zip"},
               {"each": {"project_id": 1}, "made_as": "zip"}, {"each": ["project_id"], "made_as": "zip"}]
)  # fmt: skip
def test_a_template_that_could_not_be_made_is_refused(ours: People, config: dict[str, Any]) -> None:
    assert ours["admin"].post(PATH, {**EACH_PLANT, "template_config": config}).status_code == 422


def test_a_schedule_makes_one_zip_of_a_template_that_names_several(
    ours: People, application: FastAPI, database: Database, plants: dict[str, int], tmp_path: Path
) -> None:
    template = ours["admin"].post(PATH, EACH_PLANT).json()
    said = {"name": "Daily", "template_id": template["id"], "rule": {"frequency": "daily", "time_of_day": "06:00", "time_zone": "UTC"}}
    on_figure = {"only_if": "metric", "metric": "summary.x", "comparison": "above", "threshold": 1}
    assert ours["admin"].post("/api/reports/scheduled", {**said, "condition": on_figure}).status_code == 422
    schedule = ours["admin"].post("/api/reports/scheduled", said)
    assert schedule.status_code == 201, schedule.text
    triggered = ours["admin"].post(f"/api/reports/scheduled/{schedule.json()['id']}/trigger")
    assert triggered.status_code == 202, triggered.text
    assert work(application, database)
    (run,) = ours["admin"].get(RUNS, schedule_id=schedule.json()["id"]).json()["items"]
    assert [part.rows for part in verify.verify(file_of(ours["admin"], run["id"], tmp_path)).manifest.parts] == [3, 2, 0]


def test_an_approved_template_that_names_several_covers_them_together(
    ours: People, second: Person, application: FastAPI, database: Database, plants: dict[str, int]
) -> None:
    thresholds(ours, 1)
    template = ours["admin"].post(PATH, EACH_PLANT).json()
    assert approve(second, template, rows=5).status_code == 200
    assert ours["member"].post(GENERATE, {"template_id": template["id"]}).status_code == 202
    assert work(application, database)
    assert approve(second, template, rows=4).status_code == 200
    for made_as in ("zip", "merged"):
        ours["member"].post(GENERATE, {"template_id": template["id"], "made_as": made_as})
        with pytest.raises(NeedsApproval, match="5 rows"):
            work(application, database)


# --- approval ---------------------------------------------------------------------------------------------------------


def thresholds(ours: People, rows: int) -> None:
    said = ours["admin"].client.put(
        "/api/exports/settings", json={"threshold": rows, "personal_threshold": rows, "approval_days": 3}, headers=ours["admin"].headers
    )
    assert said.status_code == 200, said.text


@pytest.mark.parametrize("made_as", ["runs", "merged", "zip"])
def test_a_dataset_does_not_go_out_in_parts(
    made_as: str, ours: People, application: FastAPI, database: Database, plants: dict[str, int]
) -> None:
    thresholds(ours, 4)  # either plant alone has fewer
    ask(ours["member"], each={"project_id": "*"}, made_as=made_as)
    with pytest.raises(NeedsApproval, match="5 rows"):
        work(application, database)


@pytest.mark.parametrize("made_as", ["runs", "merged", "zip"])
def test_what_all_parts_together_may_goes_out(
    made_as: str, ours: People, application: FastAPI, database: Database, plants: dict[str, int]
) -> None:
    thresholds(ours, 5)
    ask(ours["member"], each={"project_id": "*"}, made_as=made_as)
    assert work(application, database)


@pytest.mark.parametrize("made_as", ["runs", "merged", "zip"])
def test_an_approved_template_covers_no_other_values(
    made_as: str, ours: People, second: Person, application: FastAPI, database: Database, plants: dict[str, int]
) -> None:
    thresholds(ours, 4)
    template = ours["admin"].post(PATH, {"name": "All contracts", "report": "energy.contracts", "format": "csv"}).json()
    assert approve(second, template).status_code == 200
    ours["member"].post(GENERATE, {"template_id": template["id"]})
    assert work(application, database)
    ours["member"].post(GENERATE, {"template_id": template["id"], "each": {"project_id": "*"}, "made_as": made_as})
    with pytest.raises(NeedsApproval, match="5 rows"):
        work(application, database)
