"""A password on a file, asked for over the API: shown once where it is made, kept sealed until the file is made, and nowhere else."""

import logging
from datetime import timedelta
from pathlib import Path

import pikepdf
import psycopg
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from psycopg import sql

from octavo import app
from octavo.control.exports import jobs
from octavo.control.runs import actions as runs
from octavo.control.runs import leases, rules
from octavo.database.connection import Database
from octavo.errors import OtherSecret
from octavo.pipeline import catalog
from octavo.pipeline.document import Organization
from octavo.pipeline.store import open_store
from octavo.settings import Settings
from octavo.vault import Vault
from tests.conftest import superuser
from tests.web.conftest import Person, people

People = dict[str, Person]
CANARY = "canary-51c0ffee-canary"
CONTRACTS = {"report": "energy.contracts", "format": "pdf"}
EXPORT = {"dataset": "energy.contracts", "format": "csv"}


def work(application: FastAPI, database: Database, vault: Vault | None = None) -> leases.Claim:
    """Makes the next run as a worker's child does."""
    server = application.state.server
    claim = leases.claim(database, "test", timedelta(minutes=1), bulk=(False, True), most_running=8)
    assert claim is not None
    jobs.perform(
        claim, reports=server.reports, database=database, store=open_store(server.settings.store_place), vault=vault or server.vault
    )
    return claim


def kept(conninfo: str) -> str:
    """Everything that is in the tables of Octavo and of its queue, as text; what is binary in hexadecimal and as letters."""
    found = []
    with psycopg.connect(superuser(conninfo), dbname=conninfo.split("dbname=")[1].split(maxsplit=1)[0]) as connection:
        names = connection.execute(
            "select relnamespace::regnamespace::text, relname from pg_class where relkind in ('r', 'p') and relnamespace::regnamespace::text in ('octavo', 'octavo_queue')"
        ).fetchall()
        assert len(names) > 20
        for name in names:
            rows = connection.execute(sql.SQL("select to_jsonb(t)::text from {} t").format(sql.Identifier(*name))).fetchall()
            found += [row[0] for row in rows]
    return "\n".join(found)


def file_of(application: FastAPI, person: Person, run_id: int) -> bytes:
    answered = person.get(f"/api/reports/generated/{run_id}/download")
    assert answered.status_code == 307, answered.text
    return person.client.get(answered.headers["location"]).content


def test_a_password_that_was_given_opens_the_file_and_stands_nowhere(
    ours: People, application: FastAPI, database: Database, conninfo: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    asked = ours["member"].post(
        "/api/reports/generate", {**CONTRACTS, "protection": {"password": CANARY}}, **{"Idempotency-Key": "protected"}
    )
    assert (asked.status_code, asked.json()["protected"], asked.json()["password"]) == (202, True, None), asked.text
    before = kept(conninfo)
    work(application, database)
    contents = file_of(application, ours["member"], asked.json()["id"])
    (tmp_path / "it.pdf").write_bytes(contents)
    with pytest.raises(pikepdf.PasswordError):
        pikepdf.open(tmp_path / "it.pdf")
    with pikepdf.open(tmp_path / "it.pdf", password=CANARY) as opened:
        assert len(opened.pages) >= 1
    stored = b"".join(path.read_bytes() for path in (tmp_path / "store").rglob("*") if path.is_file())
    assert len(stored) > len(contents)
    for where in (before, kept(conninfo), caplog.text, asked.text):
        assert CANARY not in where
        assert CANARY.encode().hex() not in where
    assert CANARY.encode() not in stored


def test_a_password_that_is_made_is_shown_once(
    ours: People, application: FastAPI, database: Database, conninfo: str, tmp_path: Path
) -> None:
    answers = [
        ours["member"].post("/api/reports/generate", {**CONTRACTS, "protection": {}}, **{"Idempotency-Key": "made"}) for _ in range(2)
    ]
    first, again = (answer.json() for answer in answers)
    assert len(first["password"]) == 23
    assert (again["id"], again["password"], answers[1].headers["idempotency-replayed"]) == (first["id"], None, "true")
    assert {**again, "password": first["password"]} == first
    place = f"/api/reports/generated/{first['id']}"
    assert "password" not in ours["member"].get(place).json()
    assert first["password"] not in kept(conninfo)
    work(application, database)
    (tmp_path / "it.pdf").write_bytes(file_of(application, ours["member"], first["id"]))
    with pikepdf.open(tmp_path / "it.pdf", password=first["password"]) as opened:
        assert len(opened.pages) >= 1
    assert first["password"] not in kept(conninfo)


def test_the_password_is_kept_until_the_run_is_over_and_no_longer(
    ours: People, application: FastAPI, database: Database, organization: Organization
) -> None:
    def sealed(run_id: int) -> bytes | None:
        with database.tenant(organization.id) as connection:
            return runs.sealed_password(connection, run_id)

    ids = [ours["member"].post("/api/reports/generate", {**CONTRACTS, "protection": {}}).json()["id"] for _ in range(3)]
    assert all(sealed(run_id) for run_id in ids)
    work(application, database)
    claim = leases.claim(database, "test", timedelta(minutes=1), bulk=(False, True), most_running=8)
    assert claim is not None
    assert leases.fail(database, claim, rules.Failure("database", "it was away", True), timedelta(0))
    assert sealed(claim.run_id)  # it will be tried again
    claim = leases.claim(database, "test", timedelta(minutes=1), bulk=(False, True), most_running=8)
    assert claim is not None and leases.fail(database, claim, rules.Failure("usage", "it is wrong", False), timedelta(0))
    assert ours["member"].post(f"/api/reports/generated/{ids[2]}/cancel").status_code == 200
    assert [sealed(run_id) for run_id in ids] == [None, None, None]
    for run_id in ids[1:]:
        refused = ours["member"].post(f"/api/reports/generated/{run_id}/retry")
        assert (refused.status_code, "was forgotten" in refused.json()["detail"]) == (409, True)


def test_who_has_another_secret_makes_nothing_and_says_so(ours: People, application: FastAPI, database: Database, tmp_path: Path) -> None:
    assert ours["member"].post("/api/reports/generate", {**CONTRACTS, "protection": {}}).status_code == 202
    with pytest.raises(OtherSecret, match="the same OCTAVO_SECRET_KEY") as raised:
        work(application, database, Vault(Settings(data_dir=tmp_path / "another")))
    failure = rules.failure(raised.value, 2048)
    assert (failure.kind, failure.passing) == ("secret", True)
    assert list((tmp_path / "store").rglob("*.pdf")) == []


def test_a_sealed_password_opens_in_its_organization_alone(application: FastAPI) -> None:
    vault: Vault = application.state.server.vault
    sealed = vault.seal(CANARY, runs.sealed_as(1))
    assert vault.open(sealed, runs.sealed_as(1)) == CANARY
    assert sealed != vault.seal(CANARY, runs.sealed_as(1))
    for wrong in (sealed[:-1], sealed[:-1] + bytes([sealed[-1] ^ 1]), b"", b"x" * 40):
        with pytest.raises(OtherSecret):
            vault.open(wrong, runs.sealed_as(1))
    with pytest.raises(OtherSecret):
        vault.open(sealed, runs.sealed_as(2))


@pytest.mark.parametrize(
    "wrong", [{"password": "short"}, {"password": "ümlaute-ümlaute"}, {"password": 12345678901234}, {"secret": "x"}, "x"]
)
def test_a_bad_password_is_refused_without_repeating_it(ours: People, conninfo: str, wrong: object) -> None:
    for path, body in (("/api/reports/generate", CONTRACTS), ("/api/exports", EXPORT)):
        refused = ours["member"].post(path, {**body, "protection": wrong})
        assert refused.status_code == 422
        if isinstance(wrong, dict):
            assert not any(str(value) in refused.text for value in wrong.values() if len(str(value)) > 4)
    with psycopg.connect(superuser(conninfo), dbname=conninfo.split("dbname=")[1].split(maxsplit=1)[0]) as connection:
        assert connection.execute("select count(*) from octavo.generated_report").fetchone() == (0,)


def test_a_pdf_for_the_archive_takes_no_password(ours: People) -> None:
    body = {**CONTRACTS, "options": {"standard": "pdf/a-3b"}, "protection": {}}
    refused = ours["member"].post("/api/reports/generate", body)
    assert (refused.status_code, "PDF/A takes no password" in refused.json()["detail"]) == (422, True)


# --- exports ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def contracts(database: Database, organization: Organization) -> None:
    """Twelve contracts, which are personal data: more than go out without approval."""
    with database.tenant(organization.id) as connection:
        row = connection.execute("insert into energy.project (name) values ('Plant') returning id").fetchone()
        assert row is not None
        connection.execute(
            "insert into energy.contract (project_id, number, name, kind, counterparty_name, currency, start_date) "
            "select %s, 'C' || n, 'Contract', 'ppa', 'Buyer', 'EUR', date '2024-01-01' from generate_series(1, 12) as n",
            [row[0]],
        )


def test_an_export_keeps_its_password_over_its_approval(
    ours: People, contracts: None, application: FastAPI, database: Database, conninfo: str
) -> None:
    asked = ours["member"].post("/api/exports", {**EXPORT, "protection": {"password": CANARY}}).json()
    plain = ours["member"].post("/api/exports", EXPORT).json()
    assert (asked["state"], asked["protected"], asked["password"], plain["protected"]) == ("pending", True, None, False)
    assert asked["plan_hash"] != plain["plan_hash"]
    assert CANARY not in kept(conninfo)
    assert ours["admin"].post(f"/api/exports/{asked['id']}/approve").status_code == 200
    work(application, database)
    shown = ours["member"].get(f"/api/exports/{asked['id']}").json()
    assert (shown["state"], shown["protected"]) == ("completed", True)
    contents = file_of(application, ours["member"], shown["run_id"])
    assert contents[:2] == b"PK" and b"energy.contracts.csv" in contents and b"Contract" not in contents
    assert '"sealed_password": "' not in kept(conninfo)


def test_an_export_that_is_sent_back_keeps_its_password_and_one_that_is_not_let_out_forgets_it(
    ours: People, contracts: None, application: FastAPI, database: Database, conninfo: str, organization: Organization
) -> None:
    first, second, third = (ours["member"].post("/api/exports", {**EXPORT, "protection": {}}).json()["id"] for _ in range(3))
    assert ours["admin"].post(f"/api/exports/{first}/approve").status_code == 200
    with database.tenant(organization.id) as connection:
        connection.execute(
            "insert into energy.contract (project_id, number, name, kind, counterparty_name, currency, start_date) "
            "select project_id, 'D' || n, name, kind, counterparty_name, currency, start_date from energy.contract, generate_series(1, 3) n where number = 'C1'"
        )
    work(application, database)
    assert ours["member"].get(f"/api/exports/{first}").json()["state"] == "pending"
    assert ours["admin"].post(f"/api/exports/{second}/reject", {"reason": "no"}).status_code == 200
    assert ours["member"].post(f"/api/exports/{third}/cancel").status_code == 200
    assert kept(conninfo).count('"sealed_password": "') == 1
    assert ours["admin"].post(f"/api/exports/{first}/approve").status_code == 200
    work(application, database)
    assert ours["member"].get(f"/api/exports/{first}").json()["state"] == "completed"
    assert '"sealed_password": "' not in kept(conninfo)


def test_plain_sql_of_the_application_takes_no_password_off_what_was_approved(
    ours: People, contracts: None, application: FastAPI, database: Database, organization: Organization
) -> None:
    export = ours["member"].post("/api/exports", {**EXPORT, "protection": {}}).json()["id"]
    statements = [("update octavo.export_request set protected = false, sealed_password = null", "does not change")]
    for statement, said in statements:
        with pytest.raises(psycopg.Error, match=said), database.tenant(organization.id) as connection:
            connection.execute(statement)
    assert ours["admin"].post(f"/api/exports/{export}/approve").status_code == 200
    with pytest.raises(psycopg.Error, match="not what was approved"), database.tenant(organization.id) as connection:
        connection.execute("update octavo.generated_report set protected = false, sealed_password = null")
    with pytest.raises(psycopg.Error, match="not what was approved"), database.tenant(organization.id) as connection:
        connection.execute(
            "insert into octavo.generated_report (report, report_version, format, parameters, options, fields, filters, masked, source, export_request_id, "
            "requested_by) select report, report_version, format, parameters, options, fields, filters, masked, source, export_request_id, requested_by "
            "from octavo.generated_report"
        )


def test_web_processes_that_share_a_secret_know_each_others_answers(database: Database, organization: Organization, tmp_path: Path) -> None:
    secret = "a secret of thirty-two bytes or so"
    servers = [
        app.web(
            database, catalog.installed(),
            Settings(data_dir=tmp_path / name, store_url=str(tmp_path / "store"), secret_key=secret),  # type: ignore[arg-type]
        )
        for name in ("one", "two")
    ]  # fmt: skip
    one, two = (TestClient(server, raise_server_exceptions=False) for server in servers)
    member = people(one, database, organization)["member"]
    key = {"Idempotency-Key": "shared"}
    first = member.post("/api/reports/generate", {**CONTRACTS, "protection": {"password": CANARY}}, **key)
    again = Person(two, member.key).post("/api/reports/generate", {**CONTRACTS, "protection": {"password": CANARY}}, **key)
    other = Person(two, member.key).post("/api/reports/generate", {**CONTRACTS, "protection": {"password": CANARY + "x"}}, **key)
    assert (first.json()["id"], again.headers["idempotency-replayed"], other.status_code) == (again.json()["id"], "true", 422)
