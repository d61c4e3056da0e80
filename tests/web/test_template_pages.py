"""Templates as they are written on pages: what is typed is what is kept, a logo is carried along, a PDF shows it, and what is masked stays masked."""

import base64
import io
import re
import struct
import zlib
from typing import Any

import pdfplumber
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from octavo.control.access import actions as access
from octavo.control.templates import examples
from octavo.database.connection import Database
from octavo.errors import Forbidden
from octavo.pipeline import catalog
from octavo.pipeline.arrangement import Arrangement, Order
from octavo.pipeline.choice import Choice, Filter
from octavo.pipeline.document import Organization
from tests.web.conftest import Person
from tests.web.test_exports_api import contracts

PASSWORD = "correct horse battery staple"


def png(width: int, height: int) -> bytes:
    """A grey picture, by the PNG specification."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = (b"\0" + b"\x80" * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.fixture
def browser(application: FastAPI, ours: dict[str, Person], database: Database, organization: Organization) -> TestClient:
    """The administrator's, signed in, with fourteen contracts to look at."""
    contracts(database, organization, 14)
    with database.tenant(organization.id) as connection:
        person = access.known_person(connection, "admin@alpha.example")
    access.set_password(database, person, PASSWORD)
    made = TestClient(
        application, base_url="http://127.0.0.1", client=("127.0.0.1", 5000), raise_server_exceptions=False, follow_redirects=False
    )
    assert made.post("/sign-in", data={"email": "admin@alpha.example", "password": PASSWORD}).status_code == 303
    return made


def token(browser: TestClient) -> str:
    return access.csrf_token(browser.cookies["octavo"])


def kept(database: Database, organization: Organization, template_id: int) -> dict[str, Any]:
    with database.tenant(organization.id) as connection:
        row = connection.execute(
            "select name, format, parameters, template_config, branding_config, default_date_range_days from octavo.report_template where id = %s",
            [template_id],
        ).fetchone()
    assert row is not None
    return dict(zip(("name", "format", "parameters", "config", "branding", "days"), row, strict=True))


WRITTEN = {
    "report": "energy.contracts", "name": "Our contracts", "format": "pdf", "p_status": "active", "accent": "#123abc",
    "address": "1 High Street\n\nLeeds ", "footer": "Registered in England",
}  # fmt: skip


def test_what_is_typed_is_what_is_kept_and_a_logo_goes_along(browser: TestClient, database: Database, organization: Organization) -> None:
    logo = png(40, 10)
    made = browser.post(
        "/templates/new", data={**WRITTEN, "csrf_token": token(browser)}, files={"logo_file": ("logo.png", logo, "image/png")}
    )
    assert made.status_code == 303, made.text
    number = int(made.headers["location"].rsplit("/", 1)[1])
    drawn = f"data:image/png;base64,{base64.b64encode(logo).decode()}"
    wanted = {"accent": "#123abc", "address": ["1 High Street", "Leeds"], "footer": "Registered in England", "logo": drawn}
    assert kept(database, organization, number) == {
        "name": "Our contracts", "format": "pdf", "parameters": {"status": "active"}, "config": {}, "branding": wanted, "days": None,
    }  # fmt: skip
    shown = browser.get(f"/templates/{number}/edit").text
    assert f'<img src="{drawn}"' in shown and 'value="#123abc"' in shown and 'value="active" selected' in shown
    again = browser.post(f"/templates/{number}/edit", data={**WRITTEN, "name": "Renamed", "no_logo": "on", "csrf_token": token(browser)})
    assert again.status_code == 303, again.text
    assert kept(database, organization, number)["branding"] == {name: value for name, value in wanted.items() if name != "logo"}


@pytest.mark.parametrize(("file", "said"), [(b"GIF89a", "it is no PNG"), (b"\x89PNG" * 20_000, "a logo may have 65,536")])
def test_a_logo_that_cannot_be_drawn_is_refused_beside_its_field(browser: TestClient, file: bytes, said: str) -> None:
    refused = browser.post(
        "/templates/new", data={**WRITTEN, "csrf_token": token(browser)}, files={"logo_file": ("logo.png", file, "image/png")}
    )
    assert refused.status_code == 422
    (error,) = re.findall(r'id="f-logo_file-error">([^<]+)', refused.text)
    assert said in error and 'value="Our contracts"' in refused.text


def test_a_pdf_shows_the_first_rows_with_the_branding_that_is_not_saved_yet(
    browser: TestClient, database: Database, organization: Organization
) -> None:
    contracts(database, organization, 30)
    made = browser.post(
        "/templates/preview", data={**WRITTEN, "p_status": "", "csrf_token": token(browser)},
        files={"logo_file": ("logo.png", png(40, 10), "image/png")},
    )  # fmt: skip
    assert (made.status_code, made.headers["content-type"]) == (200, "application/pdf"), made.text
    with pdfplumber.open(io.BytesIO(made.content)) as document:
        text = "\n".join(page.extract_text() for page in document.pages)
        assert any(page.images for page in document.pages)
    assert "Registered in England" in text and "example: at most the first 20 rows of each table" in text and "complete:" not in text
    assert len(set(re.findall(r"\bC\d+\b", text))) <= 20
    refused = browser.post("/templates/preview", data={**WRITTEN, "accent": "red", "csrf_token": token(browser)})
    assert refused.status_code == 422 and "no PDF was made" in refused.text


def test_the_first_rows_are_masked_for_who_may_not_see_personal_data_and_twenty_at_most(
    ours: dict[str, Person], application: FastAPI, database: Database, organization: Organization
) -> None:
    contracts(database, organization, 30)
    entry = catalog.installed().report("energy.contracts", organization)
    choice = Choice(("contract_number", "counterparty_name"), (), Arrangement(order=(Order(field="contract_number"),)))
    clear, masked = (examples.first_rows(database, organization, entry, {}, choice, masked=one) for one in (False, True))
    assert (clear.rows, clear.more, len(clear.groups)) == (20, True, 1)
    with database.tenant(organization.id) as connection:
        numbers = [str(row[0]) for row in connection.execute("select number from energy.contract order by number limit 20")]
    assert [row[0] for row in clear.groups[0].rows] == [row[0] for row in masked.groups[0].rows] == numbers
    assert {row[1] for row in masked.groups[0].rows} <= {"***", ""} and "***" not in {row[1] for row in clear.groups[0].rows}
    with pytest.raises(Forbidden):
        by_name = Choice((), (Filter(field="counterparty_name", op="eq", value="x"),))
        examples.first_rows(database, organization, entry, {}, by_name, masked=True)


def test_a_dataset_as_it_is_has_a_preview_too(browser: TestClient, organization: Organization) -> None:
    table = catalog.dataset(catalog.installed().report("energy.contracts", organization))
    fields = [column.name for column in table.columns]
    shown = browser.post(
        "/templates/build", data={"csrf_token": token(browser), "dataset": "energy.contracts", "do": "preview", "fields": fields}
    )
    assert shown.status_code == 200, re.sub(r"<[^>]+>|\s+", " ", shown.text)
    assert "The first 14 rows" in shown.text and shown.text.count("Buyer Ltd") == 14
