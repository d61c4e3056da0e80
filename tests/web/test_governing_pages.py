"""What the pages of exports, settings and the audit list keep to: the plan that was looked at, secrets shown once, nothing lost by looking, nothing cut."""

import base64
import csv
import io
import re
from collections.abc import Callable

import httpx2 as httpx
import psycopg
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from psycopg.conninfo import make_conninfo

from octavo.control.access import actions as access
from octavo.control.audit import actions as audit
from octavo.control.audit import pages as audit_pages
from octavo.control.events import Actor, record
from octavo.control.tenancy import actions as tenancy
from octavo.database.connection import Database
from octavo.pipeline.document import Organization
from tests.web.conftest import Person
from tests.web.test_template_pages import png

People = dict[str, Person]
PASSWORD = "correct horse battery staple"
Signed = Callable[[str], "Browser"]


class Browser:
    """Somebody in a browser: forms carry the token of the session."""

    def __init__(self, client: TestClient) -> None:
        self._client = client

    def get(self, path: str, status: int = 200) -> str:
        answered = self._client.get(path)
        assert answered.status_code == status, (path, answered.text)
        return answered.text

    def post(self, path: str, /, files: dict[str, tuple[str, bytes, str]] | None = None, **fields: object) -> httpx.Response:
        data = {"csrf_token": access.csrf_token(self._client.cookies["octavo"]), **fields}
        return self._client.post(path, data=data, files=files)


@pytest.fixture
def signed(application: FastAPI, ours: People, database: Database, organization: Organization) -> Signed:
    def sign_in(role: str) -> Browser:
        client = TestClient(
            application, base_url="http://127.0.0.1", client=("127.0.0.1", 5000), raise_server_exceptions=False, follow_redirects=False
        )
        email = f"{role}@{organization.slug}.example"
        with database.tenant(organization.id) as connection:
            person = access.known_person(connection, email)
        access.set_password(database, person, PASSWORD)
        assert client.post("/sign-in", data={"email": email, "password": PASSWORD}).status_code == 303
        return Browser(client)

    return sign_in


def test_what_is_approved_is_the_plan_that_was_looked_at(signed: Signed, database: Database, organization: Organization) -> None:
    member, admin = signed("member"), signed("admin")
    with database.tenant(organization.id) as connection:
        row = connection.execute("insert into energy.project (name) values ('Plant') returning id").fetchone()
        assert row is not None
        connection.execute(
            "insert into energy.contract (project_id, number, name, kind, counterparty_name, currency, start_date) "
            "select %s, 'C' || n, 'Contract', 'ppa', 'Buyer', 'EUR', date '2024-01-01' from generate_series(1, 12) as n",
            [row[0]],
        )
    wish = {"dataset": "energy.contracts", "format": "csv", "fields": ["contract_number", "counterparty_name"], "reason": "why"}
    looked = member.post("/exports/new", **wish, step="look")
    assert looked.status_code == 200 and "It needs approval" in looked.text and "No exports yet" in member.get("/exports")
    assert "Choose at least one column" in member.post("/exports/new", **{**wish, "fields": []}).text
    few = {"field.1": "contract_number", "op.1": "in", "value.1": "C1, C2"}
    assert "It needs no approval" in member.post("/exports/new", **wish, **few, step="look").text  # two rows of ten that may go out
    hidden = {"field.1": "counterparty_name", "op.1": "eq", "value.1": "Buyer"}
    assert member.post("/exports/new", **wish, **hidden).status_code == 403
    place = member.post("/exports/new", **wish, step="ask").headers["location"]
    shown = admin.get(place)
    assert "personal data, masked" in shown and "***" in shown and ">C1<" in shown and "Buyer" not in shown
    (plan,) = re.findall(r'name="plan_hash" value="([0-9a-f]{64})"', shown)
    refused = admin.post(f"{place}/approve", plan_hash="0" * 64)
    assert refused.status_code == 409 and "not what you looked at" in refused.text
    assert admin.post(f"{place}/reject", reason="").status_code == 422
    assert member.post(f"{place}/approve", plan_hash=plan).status_code == 403
    assert admin.post(f"{place}/approve", plan_hash=plan).status_code == 303
    assert "Approved by" in member.get(place)


def test_a_key_and_a_secret_are_shown_once(signed: Signed) -> None:
    admin, viewer = signed("admin"), signed("viewer")
    made = viewer.post("/settings/keys", name="mine", days="1", scopes=["reports.view_reports"])
    (key,) = set(re.findall(r"oct_[a-z0-9]+_[A-Za-z0-9_-]{43}", made.text))
    assert made.status_code == 201 and key not in viewer.get("/settings/keys") and "mine" in viewer.get("/settings/keys")
    assert viewer.post("/settings/keys", name="more", scopes=["reports.manage"]).status_code == 403
    assert "of no use" in viewer.post("/settings/keys", name="nothing").text
    hook = admin.post("/settings/webhooks/new", url="https://hooks.example.org/x", events=["run.completed"])
    (secret,) = set(re.findall(r"whsec_[A-Za-z0-9+/=]+", hook.text))
    (place,) = set(re.findall(r'action="(/settings/webhooks/\d+)"', hook.text))
    assert secret not in admin.get(place)
    place_made = admin.post(
        "/settings/places/new", kind="sftp", name="In", url="sftp://o@files.example/in", **{"secret.password": "not shown"}
    )
    assert place_made.status_code == 303 and "not shown" not in admin.get(place_made.headers["location"])


def test_the_last_administrator_stays_and_a_settings_form_says_what_is_wrong(
    signed: Signed, database: Database, organization: Organization
) -> None:
    admin = signed("admin")
    with database.tenant(organization.id) as connection:
        person = access.known_person(connection, f"admin@{organization.slug}.example")
    refused = admin.post(f"/settings/members/{person}", role="viewer")
    assert refused.status_code == 409 and "administrator" in refused.text
    assert admin.post(f"/settings/members/{person}/put-out").status_code == 409
    said = {"name": "Alpha", "locale": "en_GB", "time_zone": "Europe/Nowhere", "currency": "EUR"}
    assert admin.post("/settings/organization", **said).status_code in (400, 422)
    bank = admin.post("/settings/organization", **{**said, "time_zone": "Europe/Berlin"}, bank="no colon")
    assert bank.status_code in {400, 422}
    assert admin.post("/settings/organization", **{**said, "time_zone": "Europe/Berlin"}, bank="IBAN: DE02").status_code == 303
    assert "IBAN: DE02" in admin.get("/settings/organization")


def test_the_logo_is_given_shown_kept_and_taken_away_in_the_settings(
    signed: Signed, database: Database, organization: Organization
) -> None:
    admin, place = signed("admin"), "/settings/organization"
    said = {"name": "Alpha Ltd", "locale": "en_GB", "time_zone": "Europe/London", "currency": "GBP", "footer": "Leeds"}
    drawn = f"data:image/png;base64,{base64.b64encode(png(40, 10)).decode()}"

    def branding() -> dict[str, object]:
        with database.tenant(organization.id) as connection:
            return dict(tenancy.current(connection).branding)

    bent = admin.post(place, {"logo_file": ("logo.png", b"GIF89a", "image/png")}, **said)
    assert bent.status_code == 422 and "it is no PNG" in re.findall(r'id="f-logo_file-error">([^<]+)', bent.text)[0] and branding() == {}
    wrong = admin.post(place, {"logo_file": ("logo.png", png(40, 10), "image/png")}, **{**said, "time_zone": "Europe/Nowhere"})
    assert wrong.status_code == 422 and f'<img src="{drawn}"' in wrong.text and branding() == {}  # shown, and kept by nothing but the form
    (carried,) = re.findall(r'<input type="hidden" name="logo" value="([^"]+)"', wrong.text)
    assert carried == drawn and admin.post(place, logo=carried, **said).status_code == 303
    assert branding() == {"footer": "Leeds", "logo": drawn}
    page = admin.get(place)
    assert f'<img src="{drawn}"' in page and 'name="no_logo"' in page and 'name="logo"' not in page
    assert admin.post(place, **{**said, "footer": "York"}).status_code == 303 and branding() == {"footer": "York", "logo": drawn}
    other = admin.post(place, {"logo_file": ("logo.png", png(20, 20), "image/png")}, **said)
    assert other.status_code == 303 and branding()["logo"] not in ("", drawn)
    assert admin.post(place, no_logo="on", **said).status_code == 303 and branding() == {"footer": "Leeds"}
    assert "<img src=" not in admin.get(place).partition("<main")[2]


def test_looking_what_would_go_changes_nothing(signed: Signed) -> None:
    admin = signed("admin")
    said = {"export_days": "1", "report_days": "2", "archive_years": "3", "row_days": "4"}
    assert "If you save this" in admin.post("/settings/retention", **said, step="look").text
    assert 'name="export_days" value="7"' in admin.get("/settings/retention")
    assert admin.post("/settings/retention", **said, step="save").status_code == 303
    assert 'name="export_days" value="1"' in admin.get("/settings/retention")
    assert admin.post("/settings/retention/hold", reason="a lawsuit").status_code == 303
    assert admin.post("/settings/retention", **{**said, "report_days": "1"}).status_code == 409


def test_the_list_as_csv_is_guarded_recorded_and_never_cut(
    signed: Signed, database: Database, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = signed("admin")
    with database.tenant(organization.id) as connection:
        record(
            connection,
            Actor.system("=1+1"),
            "project.created",
            subject="project",
            subject_id=1,
            detail={"name": "x", "deep": {"er": [1, 2]}},
        )
    shown = admin.get("/audit?action=project.created")
    assert "<dt>Deep › Er</dt><dd>1, 2</dd>" in shown and "run.requested" not in re.sub('placeholder="[^"]*"', "", shown)
    rows = list(csv.reader(io.StringIO(admin.get("/audit/csv?action=project"))))
    assert rows[0][:3] == ["number", "at", "actor"] and [row[2] for row in rows[1:]] == ["'=1+1"]
    assert "audit.exported" in admin.get("/audit?subject=audit")
    assert "That cannot be asked" in admin.get("/audit?action=no+action", 422)
    monkeypatch.setattr(audit_pages, "MOST_ROWS", 3)
    assert "Narrow it by days" in admin.get("/audit/csv", 413)
    assert len(list(csv.reader(io.StringIO(admin.get("/audit/csv?action=project"))))) == 2


def test_the_chain_is_verified_from_a_page_as_by_the_command(signed: Signed, database: Database, organization: Organization) -> None:
    admin = signed("admin")
    before = audit.anchor(database, organization)
    whole = admin.post("/audit/chain")
    assert f"{before.number} entries agree" in whole.text and f"up to entry {before.number}" in admin.get("/audit")
    with psycopg.connect(make_conninfo(database.conninfo, user="postgres")) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute(
            "update octavo.audit_entry set actor = 'somebody else' where organization_id = %s and number = 2", [organization.id]
        )
    assert "the entry, or its place, was changed" in admin.post("/audit/chain").text and "1 problems" in admin.get("/audit")
