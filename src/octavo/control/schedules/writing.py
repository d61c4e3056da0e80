"""The pages on which a schedule is written: a template, when, for whom. The rule says itself back in words, with its next ten times, before it is saved."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from fastapi import Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from octavo.control.delivery import actions as delivery
from octavo.control.schedules import actions, words
from octavo.control.schedules.actions import Content, Rule, Schedule
from octavo.control.schedules.pages import ScheduleId
from octavo.control.templates import actions as templates
from octavo.control.webhooks import actions as webhooks
from octavo.database.connection import Connection
from octavo.errors import OctavoError
from octavo.pipeline import conditions, definition
from octavo.web.pages import visit
from octavo.web.pages.form import Form
from octavo.web.pages.routing import Router
from octavo.web.pages.visit import Visit

router = Router()

TIMES = 10
FORMATS = [("pdf", "PDF"), ("xlsx", "XLSX"), ("csv", "CSV"), ("json", "JSON")]
MOST_TEMPLATES = 200
"""As many are offered; of more one begins at the template itself."""
_ALONG = ("time_zone", "emails", "places", "message")
_BY_MONTH = ("monthly", "quarterly", "annual")


class Written(BaseModel):
    """The fields of the form. What the frequency does not need is not looked at."""

    name: str = Field(min_length=1, max_length=200)
    template_id: int = Field(ge=1, le=2**53 - 1)
    formats: list[Literal["pdf", "xlsx", "csv", "json"]] = []
    emails: str = Field("", max_length=50_000)
    places: list[int] = []
    webhooks: list[int] = []
    subject: str = Field("", max_length=200)
    message: str = Field("", max_length=5000)
    only_if: Literal["always", "rows", "metric"] = "always"
    metric: str | None = Field(None, max_length=200)
    comparison: Literal["above", "at_least", "below", "at_most"] | None = None
    threshold: Decimal | None = None
    missed: Literal["skip", "once", "all"] = "once"
    missed_within_hours: int = Field(24, ge=1, le=8784)
    overlap: Literal["skip", "queue", "allow"] = "queue"
    pause_after_failures: int = Field(5, ge=1, le=1000)


class When(BaseModel):
    """The fields of the rule, as typed."""

    frequency: Literal["daily", "weekly", "monthly", "quarterly", "annual", "on_demand"] = "weekly"
    every: int | None = Field(None, ge=1, le=999)
    days_of_week: list[int] = []
    by: Literal["day", "weekday", "business"] = "day"
    day_of_month: int | None = Field(None, ge=-1, le=31)
    weekday_of_month: int | None = None
    weekday: int | None = None
    business_day_of_month: int | None = Field(None, ge=-10, le=10)
    month: int | None = None
    time_of_day: time | None = None
    time_zone: str | None = Field(None, max_length=100)
    starts_on: date | None = None
    ends_on: date | None = None
    when_closed: Literal["run", "skip", "next_business_day", "previous_business_day"] | None = None

    @property
    def rule(self) -> Rule:
        """What the frequency asks for; the rest of the form was not meant."""
        if self.frequency == "on_demand":
            return Rule("on_demand", time_zone=self.time_zone)
        by_month = self.frequency in _BY_MONTH
        by_weekday = by_month and self.by == "weekday"
        weekdays = self.days_of_week if self.frequency == "weekly" else [self.weekday] if by_weekday and self.weekday is not None else None
        return Rule(
            self.frequency,
            every=self.every if self.every != 1 else None,
            days_of_week=weekdays or None,
            day_of_month=self.day_of_month if by_month and self.by == "day" else None,
            weekday_of_month=self.weekday_of_month if by_weekday else None,
            business_day_of_month=self.business_day_of_month if by_month and self.by == "business" else None,
            month=self.month if self.frequency in ("quarterly", "annual") else None,
            time_of_day=self.time_of_day, time_zone=self.time_zone, starts_on=self.starts_on, ends_on=self.ends_on, when_closed=self.when_closed,
        )  # fmt: skip


@dataclass(frozen=True)
class Said:
    """The rule said back: in words with its next times, or why the calendar does not take it."""

    words: str = ""
    times: tuple[Mapping[str, Any], ...] = ()
    wrong: str = ""
    zone: str = "UTC"


@router.page("/schedules/new")
def new(looking: visit.Managing, request: Request, template_id: Annotated[int | None, Query(ge=1, le=2**53 - 1)] = None) -> Response:
    """What a report's page takes along stands in the address: by whose clock, and to whom."""
    looking.form.fill({name: request.query_params[name] for name in _ALONG if request.query_params.get(name)})
    looking.form.fill(
        {"template_id": template_id, "frequency": "weekly", "days_of_week": [1], "by": "day", "time_of_day": "06:00", **_defaults(looking)}
    )
    return _page(looking, None)


@router.form("/schedules/new")
def create(looking: visit.Managing) -> Response:
    if looking.form.text("do") == "save" and (content := _content(looking.form, None)) is not None:
        with looking.form.refusals(), looking.transaction() as connection:
            made = actions.create(connection, looking.principal, looking.actor, content, reports=looking.server.reports)
        if looking.form.ok:
            return looking.go(f"/schedules/{made.id}", f"“{made.name}” is scheduled.")
    return _page(looking, None)


@router.page("/schedules/{schedule_id}/edit")
def edit(looking: visit.Managing, schedule_id: ScheduleId) -> Response:
    with looking.transaction() as connection:
        schedule = actions.find(connection, looking.principal, schedule_id)
    looking.form.fill({**_filled(schedule), **_defaults(looking)})
    return _page(looking, schedule)


@router.form("/schedules/{schedule_id}/edit")
def change(looking: visit.Managing, schedule_id: ScheduleId) -> Response:
    with looking.transaction() as connection:
        schedule = actions.find(connection, looking.principal, schedule_id)
    if looking.form.text("do") == "save" and (content := _content(looking.form, schedule)) is not None:
        with looking.form.refusals(), looking.transaction() as connection:
            actions.change(
                connection, looking.principal, looking.actor, schedule_id, content, take_over=looking.form.has("take_over", "on"),
                reports=looking.server.reports,
            )  # fmt: skip
        if looking.form.ok:
            return looking.go(f"/schedules/{schedule_id}", f"“{content.name}” is changed.")
    return _page(looking, schedule)


def say_back(connection: Connection, when: When) -> Said:
    """The rule in words with its next times; what the calendar refuses, in its words."""
    rule, zone = when.rule, when.time_zone or "UTC"
    if rule.frequency == "on_demand":
        return Said(f"{words.of(rule)}.")
    try:
        with connection.transaction():
            times = actions.next_times(connection, rule, TIMES)
    except OctavoError as error:
        return Said(wrong=f"{str(error).removesuffix('; nothing was changed')}.", zone=zone)
    first = times[0]["run_at"].astimezone(ZoneInfo(zone)) if times else None
    return Said(f"{words.sentence(rule, first, datetime.now(UTC))}.", tuple(times), zone=zone)


def _defaults(looking: Visit) -> dict[str, Any]:
    return {
        "time_zone": looking.principal.organization.time_zone, "only_if": "always", "missed": "once", "missed_within_hours": 24, "overlap": "queue",
        "pause_after_failures": 5, "by": "day", "when_closed": "run",
    }  # fmt: skip


def _filled(schedule: Schedule) -> dict[str, Any]:
    by_weekday = schedule.weekday_of_month is not None
    said = {name: getattr(schedule, name) for name in (*When.model_fields, *Written.model_fields) if hasattr(schedule, name)}
    targets = schedule.deliver_to
    return {
        **said,
        "by": "weekday" if by_weekday else "business" if schedule.business_day_of_month is not None else "day",
        "weekday": schedule.days_of_week[0] if by_weekday and schedule.days_of_week else None,
        "days_of_week": None if by_weekday else schedule.days_of_week,
        "time_of_day": schedule.time_of_day and schedule.time_of_day.isoformat("seconds" if schedule.time_of_day.second else "minutes"),
        "emails": "\n".join(str(one["to"]) for one in targets if one["channel"] == "email"),
        "places": [one["place_id"] for one in targets if one["channel"] == "place"],
        "webhooks": [one["webhook_id"] for one in targets if one["channel"] == "webhook"],
    }


def _content(form: Form, schedule: Schedule | None) -> Content | None:
    written, when = form.read(Written), form.read(When)
    if written is None or when is None:
        return None
    targets: list[Mapping[str, Any]] = [{"channel": "email", "to": one} for one in written.emails.replace(",", "\n").split()]
    known = {one["place_id"]: one for one in (schedule.deliver_to if schedule else ()) if one["channel"] == "place"}
    targets += [known.get(one, {"channel": "place", "place_id": one}) for one in written.places]
    targets += [{"channel": "webhook", "webhook_id": one} for one in written.webhooks]
    said = written.model_dump(exclude={"emails", "places", "webhooks"})
    if written.only_if != "metric":
        said |= {"metric": None, "comparison": None, "threshold": None}
    rule = {name: getattr(when.rule, name) for name in Rule.__dataclass_fields__}
    return Content(**said, **rule, deliver_to=targets, parameters=schedule.parameters if schedule else {})


def _page(looking: Visit, schedule: Schedule | None) -> Response:
    form, step = looking.form, looking.form.text("do") not in ("", "save")
    when = form.read(When)
    with looking.transaction() as connection:
        every = templates.list_(connection, looking.principal, page_size=MOST_TEMPLATES).items
        named = form.text("template_id")
        if named.isdecimal() and len(named) < 16 and not any(str(one.id) == named for one in every):
            with form.refusals("template_id"):
                every = [templates.find(connection, looking.principal, int(named)), *every]
        said = say_back(connection, when) if when is not None else Said(wrong="What is wrong is said beside its field.")
        places = [(one.id, one.name) for one in delivery.places(connection) if one.active or form.has("places", str(one.id))]
        hooks = [(one.id, one.description or one.url) for one in webhooks.list_(connection)]
    if step:
        form.status = 200
    chosen = next((one for one in every if str(one.id) == form.text("template_id")), None)
    return looking.page(
        "schedules/edit.html", title=f"Edit “{schedule.name}”" if schedule else "New schedule", schedule=schedule, said=said,
        templates=[(one.id, f"{one.name} ({looking.report_title(one.report)})") for one in every], chosen=chosen, figures=_figures(looking, chosen),
        places=places, webhooks=hooks, formats=FORMATS, zones=_zones(), days=[(day, words.DAYS[day]) for day in (1, 2, 3, 4, 5, 6, 0)],
        months=list(enumerate(words.MONTHS, 1)), comparisons=[(name, told[0]) for name, told in conditions.COMPARISONS.items()],
        mine=schedule is None or schedule.owner_id == looking.principal.user_id,
    )  # fmt: skip


def _figures(looking: Visit, template: templates.Template | None) -> list[tuple[str, str]]:
    """The key figures of the template's report that a condition may ask."""
    entry = looking.server.reports.entries.get(template.report) if template else None
    sections = entry.report.sections if entry else ()
    return [
        (f"{section.name}.{column.name}", column.title)
        for section in sections if isinstance(section, definition.Metrics) for column in section.columns if column.numeric
    ]  # fmt: skip


@cache
def _zones() -> list[str]:
    """The zones that have rules and are called by a place."""
    areas = ("Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
    return ["UTC", *sorted(name for name in available_timezones() if name.split("/")[0] in areas)]
