"""Signing in and out as a browser does it, forms, messages, errors for people, and the files of the pages."""

import gzip
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel, Field

from octavo import demo
from octavo.control.access import actions as access
from octavo.control.exports import rules as exports_rules
from octavo.control.runs import rules as runs_rules
from octavo.database.connection import Database
from octavo.pipeline.document import Organization
from octavo.web.pages import addresses, assets, colours, drawings, form, rendering
from octavo.web.pages.shown import Shown
from tests.web.conftest import Person

People = dict[str, Person]
PASSWORD = "correct horse battery staple"
NBSP = "\N{NO-BREAK SPACE}"


@pytest.fixture
def browser(application: FastAPI) -> TestClient:
    return TestClient(
        application, base_url="http://127.0.0.1", client=("127.0.0.1", 5000), raise_server_exceptions=False, follow_redirects=False
    )


@pytest.fixture
def member(ours: People, database: Database, organization: Organization) -> str:
    """The address of a member who has a password."""
    email = "member@alpha.example"
    with database.tenant(organization.id) as connection:
        person = access.known_person(connection, email)
    access.set_password(database, person, PASSWORD)
    return email


def token_in(text: str) -> str:
    (found,) = set(re.findall(r'name="csrf_token" value="([^"]+)"', text))
    return found


# --- who one is ---------------------------------------------------------------------------------------------------------


def test_a_person_signs_in_goes_where_they_wanted_and_signs_out(browser: TestClient, member: str) -> None:
    assert browser.get("/account").headers["location"] == "/sign-in?next=/account"
    entered = browser.post("/sign-in", data={"email": member.upper(), "password": PASSWORD, "next": "/account"})
    assert (entered.status_code, entered.headers["location"]) == (303, "/account")
    shown = browser.get("/account")
    assert shown.status_code == 200 and member in shown.text
    out = browser.post("/sign-out", data={"csrf_token": token_in(shown.text)})
    assert (out.status_code, out.headers["location"]) == (303, "/sign-in")
    assert browser.get("/account").status_code == 303


@pytest.mark.parametrize(
    "place",
    ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "evil", "/a\nb", "/files/x", "/api/me", "", "/%0d%0a", "\t//x"],
)  # fmt: skip
def test_nobody_is_led_off_the_pages_of_this_server_by_signing_in(browser: TestClient, member: str, place: str) -> None:
    led = browser.post("/sign-in", data={"email": member, "password": PASSWORD, "next": place}).headers["location"]
    assert led == "/" or (led == place == "/%0d%0a"), led


def test_a_wrong_password_is_told_on_the_page_and_what_was_typed_but_the_password_stays(browser: TestClient, member: str) -> None:
    refused = browser.post("/sign-in", data={"email": member, "password": "no such password at all"})
    assert refused.status_code == 401 and "or the password is wrong" in refused.text
    assert f'value="{member}"' in refused.text and "no such password" not in refused.text
    lacking = browser.post("/sign-in", data={"email": member})
    assert lacking.status_code == 422 and 'id="f-password-error">This is needed.' in lacking.text and "set-cookie" not in lacking.headers


def test_whoever_belongs_to_several_chooses_and_can_go_to_another(
    browser: TestClient, member: str, database: Database, other_organization: Organization
) -> None:
    with database.tenant(other_organization.id) as connection:
        from octavo.control.events import Actor

        access.add_member(connection, Actor.system("a test"), member, role="viewer")
    asked = browser.post("/sign-in", data={"email": member, "password": PASSWORD, "next": "/account"})
    assert asked.status_code == 200 and "set-cookie" not in asked.headers and "Beta GmbH" in asked.text and "Alpha Ltd" in asked.text
    (ticket,) = set(re.findall(r'name="ticket" value="([^"]+)"', asked.text))
    wrong = browser.post("/sign-in/organization", data={"ticket": ticket, "organization": "gamma"})
    assert wrong.headers["location"] == "/sign-in" and "set-cookie" not in wrong.headers
    forged = browser.post("/sign-in/organization", data={"ticket": ticket[:-2] + "AA", "organization": "beta"})
    assert forged.status_code == 409 and "set-cookie" not in forged.headers
    entered = browser.post("/sign-in/organization", data={"ticket": ticket, "organization": "beta", "next": "/account"})
    assert entered.headers["location"] == "/account"
    shown = browser.get("/account").text
    assert "<title>Your account · Beta GmbH</title>" in shown
    gone = browser.post("/account/organization", data={"csrf_token": token_in(shown), "organization": "alpha"})
    assert gone.headers["location"] == "/" and "· Alpha Ltd</title>" in browser.get("/").text


def test_a_new_password_is_typed_twice_and_ends_every_session(browser: TestClient, member: str) -> None:
    browser.post("/sign-in", data={"email": member, "password": PASSWORD})
    token = token_in(browser.get("/account").text)
    new = "another horse battery staple"
    for said, field in (
        ({"current": PASSWORD, "new": new, "again": new + "x"}, "again"),
        ({"current": "wrong", "new": new, "again": new}, "current"),
        ({"current": PASSWORD, "new": "short", "again": "short"}, "new"),
    ):
        refused = browser.post("/account/password", data={"csrf_token": token, **said})
        assert refused.status_code == 422 and f'id="f-{field}-error"' in refused.text, field
        assert PASSWORD not in refused.text and new not in refused.text
    changed = browser.post("/account/password", data={"csrf_token": token, "current": PASSWORD, "new": new, "again": new})
    assert changed.headers["location"] == "/sign-in?changed=yes" and "Your password is changed" in browser.get("/sign-in?changed=yes").text
    assert browser.get("/account").status_code == 303
    assert browser.post("/sign-in", data={"email": member, "password": new}).status_code == 303


def test_the_people_of_the_demonstration_sign_in_with_what_is_printed(
    browser: TestClient, database: Database, organization: Organization
) -> None:
    made = access.demo_passwords(database, access.demo_credentials(database, organization))
    printed = [line.split() for line in demo.introduction(made, "http://127.0.0.1:1").splitlines() if line.startswith("alpha ")]
    assert len(printed) == 6  # three people with a password, and with a key
    for _, role, email, password in printed[:3]:
        assert browser.post("/sign-in", data={"email": email, "password": password}).headers["location"] == "/", role


def test_a_key_opens_no_page(browser: TestClient, ours: People) -> None:
    assert browser.get("/", headers=ours["admin"].headers).headers["location"] == "/sign-in"


def test_a_viewer_is_offered_nothing_that_a_viewer_may_not(
    browser: TestClient, ours: People, database: Database, organization: Organization
) -> None:
    from octavo.web.pages import rail

    for role, lacks in (("viewer", {"/exports", "/settings", "/audit"}), ("member", {"/settings", "/audit"}), ("admin", set())):
        principal = access.authenticate(database, authorization=ours[role].headers["Authorization"])
        assert {one.path for one in rail.ENTRIES if not principal.may(one.needs)} == lacks, role


# --- errors and forms -----------------------------------------------------------------------------------------------------


def test_errors_are_pages_for_people_and_problems_for_programs(browser: TestClient, member: str) -> None:
    for path, kind in (("/nothing", "text/html"), ("/api/nothing", "application/problem+json"), ("/files/x", "application/problem+json")):
        answered = browser.get(path, headers={"Accept": "*/*"})
        assert (answered.status_code, answered.headers["content-type"].partition(";")[0]) == (404, kind), path
    browser.post("/sign-in", data={"email": member, "password": PASSWORD})
    refused = browser.post("/account/password", data={"current": "x"})
    assert refused.status_code == 403 and 'class="rail"' in refused.text and "nothing was changed" in refused.text
    assert browser.put("/account").status_code == 405
    for body, status in ((b"a=%00", 422), (b"a=%ff", 422), (b"a=" + b"x" * 1_100_000, 413), (b"&".join([b"a=1"] * 1001), 422)):
        answered = browser.post("/sign-in", content=body, headers={"Content-Type": "application/x-www-form-urlencoded"})
        assert (answered.status_code, "<h1>" in answered.text) == (status, True), body[:10]
    assert browser.post("/sign-in", json={"email": member}).status_code == 415


class Asked(BaseModel):
    """A form."""

    name: str = Field(min_length=2)
    days: int = 7
    formats: list[str] = []
    masked: bool = False
    amount: Decimal | None = None


def test_a_form_is_read_by_its_model_and_says_what_is_wrong_beside_each_field() -> None:
    sent = form.parse(b"name=caf%C3%A9&days=&formats=csv&formats=pdf&masked=on&amount=12.50")
    assert sent.read(Asked) == Asked(name="café", days=7, formats=["csv", "pdf"], masked=True, amount=Decimal("12.50"))
    assert sent.ok and (sent.text("days"), sent.text("none"), sent.has("formats", "pdf")) == ("", "", True)
    wrong = form.parse(b"name=x&days=many")
    assert wrong.read(Asked) is None
    assert set(wrong.errors) == {"name", "days"} and wrong.status == 422
    nothing = form.parse(b"")
    assert nothing.read(Asked) is None and nothing.errors == {"name": "This is needed."}
    filled = form.Form().fill({"name": "x", "masked": True, "formats": ["csv"], "amount": None, "off": False})
    assert (filled.text("name"), filled.text("masked"), filled.all("formats"), filled.text("amount"), filled.all("off")) == (
        "x",
        "on",
        ["csv"],
        "",
        [],
    )


def test_what_was_done_is_said_once_and_only_in_the_session_that_did_it(application: FastAPI, browser: TestClient, member: str) -> None:
    browser.post("/sign-in", data={"email": member, "password": PASSWORD})
    browser.cookies.set("octavo-said", "WyI8Yj5ieSBzb21lYm9keSBlbHNlPC9iPiIsICJ4Il0=")
    assert "somebody else" not in browser.get("/account").text


# --- figures, times, colours, files ------------------------------------------------------------------------------------------


def test_figures_and_times_are_written_as_the_locale_has_them_and_never_without_zone_or_currency() -> None:
    berlin, london = Shown("de_DE", "Europe/Berlin", "EUR"), Shown("en_GB", "Europe/London", "GBP")
    moment = datetime(2026, 12, 8, 5, 0, tzinfo=UTC)
    assert str(berlin.instant(moment)) == f'<time datetime="2026-12-08T05:00:00+00:00">08.12.2026, 06:00{NBSP}CET</time>'
    assert str(london.instant(moment, "Asia/Dubai")).endswith(f"8 Dec 2026, 09:00{NBSP}UTC+04:00</time>")
    assert (berlin.number(Decimal("-1234.5"), 1), london.number(1234567)) == ("\N{MINUS SIGN}1.234,5", "1,234,567")
    assert (berlin.money(Decimal("12.3")), london.money(Decimal("12.3"), "EUR")) == (f"12,30{NBSP}€", "€12.30")
    assert london.period(date(2026, 11, 1), date(2026, 12, 1)) == "1 Nov 2026 – 30 Nov 2026"
    assert london.period(date(2026, 11, 1), date(2026, 11, 2)) == "1 Nov 2026"
    assert [london.duration(one) for one in (400, 12_400, 200_000, 7_500_000)] == [
        f"0.4{NBSP}s", f"12{NBSP}s", f"3{NBSP}min 20{NBSP}s", f"2{NBSP}h 5{NBSP}min",
    ]  # fmt: skip
    assert [london.bytes(one) for one in (0, 999, 1000, 999_949, 999_950, 1_234_567)] == [
        f"0{NBSP}bytes", f"999{NBSP}bytes", f"1.0{NBSP}kB", f"999.9{NBSP}kB", f"1.0{NBSP}MB", f"1.2{NBSP}MB",
    ]  # fmt: skip
    assert {london.number(None), london.money(None), london.instant(None), london.bytes(None)} == {"–"}


def test_the_tints_are_those_of_the_stylesheet() -> None:
    sheet = (Path(assets.__file__).parent / "static" / "octavo.css").read_text(encoding="utf-8")
    assert re.findall(r"--tint: (#[0-9a-f]{6})", sheet) == [colours.TINT, colours.DARK_TINT]


def test_contrast_is_that_of_wcag_and_every_accent_can_be_read_on_both_papers() -> None:
    assert round(colours.contrast("#000000", "#ffffff"), 2) == 21.0
    assert round(colours.contrast("#777777", "#ffffff"), 2) == 4.48  # the grey that famously just fails
    for accent in ("#0f5c5c", "#7a3b12", "#ffee00", "#ffffff", "#000000", "#ff0000", "#8888ff"):
        for paper in (colours.TINT, colours.DARK_TINT):
            found = colours.readable(accent, paper)
            assert colours.contrast(found, paper) >= colours.READABLE, (accent, paper)
            assert colours.contrast(colours.on(found), found) >= colours.READABLE, (accent, paper)


def test_the_files_are_kept_for_good_and_packed_and_others_are_not_there(browser: TestClient) -> None:
    for place in (assets.address("octavo.css"), assets.address("octavo.js")):
        answered = browser.get(place, headers={"Accept-Encoding": "gzip"})
        assert answered.headers["cache-control"] == "public, max-age=31536000, immutable" and answered.headers["content-encoding"] == "gzip"
        assert len(answered.content) > int(answered.headers["content-length"])
        assert browser.get(place, headers={"Accept-Encoding": "identity"}).content == answered.content
    sheet = browser.get(assets.accent("#7A3B12"))
    assert sheet.status_code == 200 and sheet.text.startswith(":root{--accent:#7a3b12;")
    for name in ("octavo.css", "accent-7a3b12.css", "accent-zzzzzz-00000000.css", "..%2Foctavo.css", "mark-000000000000.svg"):
        assert browser.get(f"/static/{name}").status_code == 404, name
    assert gzip.decompress(gzip.compress(b"x")) == b"x"


def test_a_drawing_holds_shapes_and_words_alone() -> None:
    nasty = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink" width="10" height="5" viewBox="0 0 10 5" onload="a()">'
        '<script>a()</script><style>b</style><a x:href="javascript:c"><text>gone</text></a><g style="fill:red" fill="#0F5C5C"><text fill="#1c1e21">'
        "&lt;b&gt;</text><foreignObject/></g></svg>"
    )
    assert str(drawings.clean(nasty, 'Runs "by" day')) == (
        '<svg viewBox="0 0 10 5" role="img" aria-label="Runs &quot;by&quot; day"><g fill="var(--accent)"><text fill="var(--ink)">&lt;b&gt;</text></g></svg>'
    )


def test_every_state_has_a_pill() -> None:
    states = {*runs_rules.STATES, *exports_rules.STATES, "sending", "sent", "unknown"}
    template = rendering.environment().from_string('{% import "ui.html" as ui with context %}{{ ui.pill(state) }}')
    for state in states:
        assert "<svg" in template.render(state=state, csrf_token=""), state


def test_an_address_is_a_page_by_its_path_alone() -> None:
    pages = {
        path: addresses.is_page({"path": path})
        for path in ("/", "/history", "/apis", "/docs-x", "/share/x", "/below/api", "/api", "/api/x", "/static/x")
    }
    assert [path for path, is_page in pages.items() if not is_page] == ["/api", "/api/x", "/static/x"]
    assert not addresses.is_page({"path": "/below/api/x", "root_path": "/below"})
