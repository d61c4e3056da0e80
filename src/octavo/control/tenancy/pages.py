"""The pages of the organization: what it is called and how its documents look, its business days, its limits; and the first page of the settings."""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any
from zoneinfo import available_timezones

from fastapi.responses import Response
from pydantic import BaseModel, Field

from octavo.control.tenancy import actions, business_days
from octavo.control.tenancy.business_days import Holiday
from octavo.errors import UsageError
from octavo.pipeline import branding
from octavo.web.moments import Day
from octavo.web.pages import logos, visit
from octavo.web.pages.routing import Router

router = Router()

DAYS = [(1, "Monday"), (2, "Tuesday"), (3, "Wednesday"), (4, "Thursday"), (5, "Friday"), (6, "Saturday"), (0, "Sunday")]


class Changed(BaseModel):
    """The organization as the form says it, beside its logo."""

    name: str = Field(min_length=1, max_length=200)
    locale: str = Field(min_length=2, max_length=50)
    time_zone: str = Field(min_length=1, max_length=100)
    currency: str = Field(pattern="^[A-Z]{3}$")
    accent: str = Field("", pattern="^(#[0-9a-fA-F]{6})?$")
    address: str = Field("", max_length=2000)
    vat_number: str = Field("", max_length=50)
    bank: str = Field("", max_length=3000)
    footer: str = Field("", max_length=500)


class Weekend(BaseModel):
    """The days of the week without business."""

    days: list[Annotated[int, Field(ge=0, le=6)]] = Field(max_length=7)


class Called(BaseModel):
    """A holiday that is to be."""

    day: Day
    name: str = Field("", max_length=200)


class Removed(BaseModel):
    """A holiday that is to be none."""

    day: Day


@router.page("/settings")
def index(looking: visit.Managing) -> Response:
    return looking.page("tenancy/index.html", title="Settings")


@router.page("/settings/organization")
def organization(looking: visit.Administering) -> Response:
    now = looking.principal.organization
    looking.form.fill(
        {"name": now.name, "locale": now.locale, "time_zone": now.time_zone, "currency": now.currency, **_written(now.branding)}
    )
    sent = logos.carried(looking.form)
    return looking.page(
        "tenancy/organization.html",
        title="Organization",
        zones=_zones(),
        logo=sent or now.branding.get("logo"),
        logo_sent=sent,
        largest=logos.LARGEST,
    )


@router.form("/settings/organization")
def change(looking: visit.Administering) -> Response:
    said = looking.form.read(Changed)
    logos.refuse_undrawable(looking.form)
    if said is not None and looking.form.ok:
        with looking.form.refusals(), looking.transaction() as connection:
            drawn = logos.said(looking.form, str(actions.current(connection).branding.get("logo") or ""))
            actions.change(
                connection, looking.actor, name=said.name, locale=said.locale, time_zone=said.time_zone, currency=said.currency,
                branding=branding.checked({**_read(said), **({"logo": drawn} if drawn else {})}),
            )  # fmt: skip
    return (
        looking.go("/settings/organization", "Saved. Files that are made from now on follow it.")
        if looking.form.ok
        else organization(looking)
    )


def _written(said: Mapping[str, Any]) -> dict[str, str]:
    """The branding as lines of the form."""
    address, bank = said.get("address") or [], said.get("bank") or []
    pairs = bank.items() if isinstance(bank, Mapping) else bank
    return {
        "accent": str(said.get("accent") or ""), "address": address if isinstance(address, str) else "\n".join(address),
        "vat_number": str(said.get("vat_number") or ""), "bank": "\n".join(f"{label}: {value}" for label, value in pairs),
        "footer": str(said.get("footer") or ""),
    }  # fmt: skip


def _read(said: Changed) -> dict[str, Any]:
    """The lines of the form as a branding, without what is empty. Raises UsageError."""
    bank = []
    for line in filter(None, map(str.strip, said.bank.splitlines())):
        label, colon, value = line.partition(":")
        if not (colon and label.strip() and value.strip()):
            raise UsageError("A line of the bank details is written Label: value, such as IBAN: DE02...; nothing was changed")
        bank.append([label.strip(), value.strip()])
    found = {
        "accent": said.accent, "address": [line.strip() for line in said.address.splitlines() if line.strip()], "vat_number": said.vat_number,
        "bank": bank, "footer": said.footer,
    }  # fmt: skip
    return {name: value for name, value in found.items() if value}


@cache
def _zones() -> list[str]:
    return [*sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/")), "UTC"]


@router.page("/settings/days")
def days(looking: visit.Administering) -> Response:
    with looking.transaction() as connection:
        weekend, holidays = business_days.weekend(connection), business_days.holidays(connection)
    looking.form.fill({"days": weekend})
    return looking.page("tenancy/days.html", title="Business days", every=DAYS, holidays=holidays)


@router.form("/settings/days/weekend")
def set_weekend(looking: visit.Administering) -> Response:
    said = looking.form.read(Weekend)
    if said is not None:
        with looking.form.refusals("days"), looking.transaction() as connection:
            business_days.set_weekend(connection, looking.actor, said.days)
    return looking.go("/settings/days", "Saved. Schedules that ask for business days follow at once.") if looking.form.ok else days(looking)


@router.form("/settings/days/holidays")
def add_holiday(looking: visit.Administering) -> Response:
    said = looking.form.read(Called)
    if said is not None:
        with looking.form.refusals(), looking.transaction() as connection:
            business_days.add_holiday(connection, looking.actor, Holiday(said.day, said.name))
    return looking.go("/settings/days", "The day is a holiday. Schedules follow at once.") if looking.form.ok else days(looking)


@router.form("/settings/days/holidays/remove")
def remove_holiday(looking: visit.Administering) -> Response:
    said = looking.form.read(Removed)
    if said is not None:
        with looking.form.refusals(), looking.transaction() as connection:
            business_days.remove_holiday(connection, looking.actor, said.day)
    return looking.go("/settings/days", "The day is a day like any other.") if looking.form.ok else days(looking)


@router.page("/settings/limits")
def limits(looking: visit.Managing) -> Response:
    with looking.transaction() as connection:
        own = actions.limits(connection)
    return looking.page("tenancy/limits.html", title="Limits", own=own, usual=looking.server.settings)
