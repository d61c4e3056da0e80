"""What the HTTP of schedules takes and shows."""

from dataclasses import fields
from datetime import date, datetime, time
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from octavo.control.delivery.targets import Target
from octavo.control.runs.routes import Format
from octavo.control.schedules import actions
from octavo.web.moments import Day, Instant


def _time(value: object) -> object:
    return time.fromisoformat(value) if isinstance(value, str) else value


DayOfWeek = Annotated[int, Field(ge=0, le=6)]
Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$", description="What the clock on the wall shows, e.g. 06:00.")]


class Rule(BaseModel):
    """When. What is not given is not asked for; the calendar refuses a rule that is incomplete or contradicts itself, in words."""

    model_config = ConfigDict(extra="forbid", strict=True, from_attributes=True)

    frequency: Literal["daily", "weekly", "monthly", "quarterly", "annual", "on_demand"] = Field(description="on_demand runs only by hand.")
    every: int | None = Field(None, description="Each so-many-th day, week, month, quarter or year, counted from starts_on.", ge=1, le=999)
    days_of_week: list[DayOfWeek] | None = Field(None, description="0 is Sunday, 6 Saturday.", max_length=7)
    day_of_month: int | None = Field(None, description="1 to 31, in a shorter month its last day; -1 is always the last.", ge=-1, le=31)
    weekday_of_month: int | None = Field(None, description="1 to 5, or -1 for the last, of the one day in days_of_week.", ge=-1, le=5)
    business_day_of_month: int | None = Field(
        None, description="1 to 10 from the month's beginning, -1 to -10 from its end.", ge=-10, le=10
    )
    month: int | None = Field(None, description="Of an annual or quarterly rule: 1 to 12.", ge=1, le=12)
    time_of_day: Clock | None = Field(None, description="What the clock on the wall shows, e.g. 06:00.")
    time_zone: str | None = Field(None, description="IANA name, e.g. Europe/Berlin: of the rule and of the periods.", max_length=100)
    starts_on: Day | None = Field(None, description="Nothing runs before this day.")
    ends_on: Day | None = Field(None, description="Nothing runs after this day.")
    when_closed: Literal["run", "skip", "next_business_day", "previous_business_day"] | None = Field(
        None, description="What a day that is no business day does; run when it is not given."
    )

    @property
    def content(self) -> dict[str, Any]:
        """The fields of actions.Rule."""
        said = self.model_dump()
        return said | {"time_of_day": _time(said["time_of_day"])}


class Condition(BaseModel):
    """Whether a file is made at all; asked in the snapshot that it would be of."""

    model_config = ConfigDict(extra="forbid", strict=True)

    only_if: Literal["always", "rows", "metric"] = Field(
        "always", description="rows: when the report has any; metric: when a key figure compares so with the threshold."
    )
    metric: str | None = Field(None, description="section.column of the report's key figures.", max_length=200)
    comparison: Literal["above", "at_least", "below", "at_most"] | None = Field(
        None, description="How the figure must stand to the threshold."
    )
    threshold: int | float | None = Field(None, description="What the figure is compared with.")


class Written(BaseModel):
    """What a schedule says."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str = Field(description="Its name.", min_length=1, max_length=200)
    template_id: int = Field(description="The template that says what is made.", ge=1, le=2**53 - 1)
    rule: Rule = Field(description="When.")
    formats: list[Format] = Field(default_factory=list, description="A file in each; in the template's when there are none.", max_length=10)
    parameters: dict[str, Any] = Field(
        default_factory=dict,
        description="What takes the place of the template's; a relative period is as of the planned time, in the rule's zone.",
    )
    deliver_to: list[Target] = Field(default_factory=list, description="Where each file goes.", max_length=1000)
    subject: str = Field("", description="The subject of its mails.", max_length=200)
    message: str = Field("", description="What its mails say above the figures.", max_length=5000)
    missed: Literal["skip", "once", "all"] = Field(
        "once", description="What becomes of times that passed while no worker was there: skipped; the latest of them; all of them."
    )
    missed_within_hours: int = Field(24, description="What lies longer back is skipped in any case.", ge=1, le=8784)
    overlap: Literal["skip", "queue", "allow"] = Field(
        "queue", description="What a run does while the one before it is not over: it is skipped; it waits; it begins beside it."
    )
    condition: Condition = Field(default_factory=Condition, description="Whether a file is made at all.")
    pause_after_failures: int = Field(5, description="After so many failures in a row it is paused.", ge=1, le=1000)

    @property
    def content(self) -> actions.Content:
        said = self.model_dump(exclude={"rule", "condition", "take_over", "deliver_to"}) | self.rule.content | self.condition.model_dump()
        said["deliver_to"] = [target.content for target in self.deliver_to]
        threshold = said["threshold"]
        return actions.Content(**(said | {"threshold": None if threshold is None else Decimal(str(threshold))}))


class Changed(Written):
    """What a schedule says from now on."""

    take_over: bool = Field(False, description="Have it run with the rights of who sends this, instead of its owner's.")


class Schedule(BaseModel):
    """A schedule."""

    id: int = Field(description="Its id.")
    name: str = Field(description="Its name.")
    template_id: int = Field(description="The template that says what is made.")
    rule: Rule = Field(description="When.")
    formats: list[str] = Field(description="A file in each.")
    parameters: dict[str, Any] = Field(description="What takes the place of the template's.")
    deliver_to: list[dict[str, Any]] = Field(description="Where each file goes.")
    subject: str = Field(description="The subject of its mails.")
    message: str = Field(description="What its mails say above the figures.")
    missed: str = Field(description="skip, once or all.")
    missed_within_hours: int = Field(description="What lies longer back is skipped in any case.")
    overlap: str = Field(description="skip, queue or allow.")
    condition: Condition = Field(description="Whether a file is made at all.")
    pause_after_failures: int = Field(description="After so many failures in a row it is paused.")
    owner_id: int = Field(description="The person with whose rights, as they are then, it runs.")
    active: bool = Field(description="Whether it is in use.")
    failures: int = Field(description="How many times failed in a row.")
    paused_at: datetime | None = Field(description="When Octavo put it out of use.")
    paused_reason: str | None = Field(description="Why it did.")
    next_run_at: datetime | None = Field(description="When it runs next; null on demand, out of use, or when no time is left.")
    next_run_days: list[date] | None = Field(description="The days of the rule that this run stands for.")
    last_planned_at: datetime | None = Field(description="The last time of its rule that was taken.")
    created_at: datetime = Field(description="When it was made.")
    updated_at: datetime = Field(description="When it was last changed.")

    @classmethod
    def of(cls, schedule: actions.Schedule) -> "Schedule":
        told = {one.name: getattr(schedule, one.name) for one in fields(schedule)}
        rule = {one.name: told.pop(one.name) for one in fields(actions.Rule)}
        clock = rule["time_of_day"]
        rule["time_of_day"] = clock and clock.isoformat("seconds" if clock.second else "minutes")
        condition = {name: told.pop(name) for name in ("only_if", "metric", "comparison")}
        threshold = told.pop("threshold")
        number = None if threshold is None else int(threshold) if threshold == threshold.to_integral_value() else float(threshold)
        shown = told | {"rule": Rule.model_construct(**rule), "condition": Condition.model_construct(**condition, threshold=number)}
        return cls.model_validate({name: shown[name] for name in cls.model_fields})


class Time(BaseModel):
    """A time at which a rule comes due."""

    run_at: datetime = Field(description="The instant.")
    local_time: str = Field(description="What the clock of the zone shows then.")
    utc_offset: str = Field(description="Its offset from UTC then, e.g. +02:00.")
    days: list[date] = Field(description="The days of the rule that it stands for.")

    @classmethod
    def of(cls, told: dict[str, Any]) -> "Time":
        return cls.model_validate({**told, "local_time": told["local_time"].isoformat(" ")})


class Tick(BaseModel):
    """A time of a schedule, and what became of it."""

    model_config = ConfigDict(from_attributes=True)

    schedule_id: int = Field(description="The schedule.")
    planned_at: datetime = Field(description="When it was to run; relative periods are as of then.")
    kind: str = Field(description="planned by the rule, triggered by hand, or backfill.")
    days: list[date] = Field(description="The days of the rule that it stands for.")
    state: str = Field(description="queued, running, completed, failed or skipped.")
    why: str | None = Field(
        description="The kind of the reason: missed, overlap, condition, owner, template, changed, deactivated, paused, request, run or cancelled."
    )
    reason: str = Field(description="Why it was skipped, failed or waits.")
    fired_at: datetime | None = Field(description="When its runs were asked for.")
    settled_at: datetime | None = Field(description="When it was over.")
    runs: list[int] = Field(description="Its runs, one for each format, that are still kept.")


class Previewed(BaseModel):
    """What a preview is of."""

    model_config = ConfigDict(extra="forbid", strict=True)

    planned_at: Instant | None = Field(None, description="As of when; the next time of the schedule, or now, when it is not given.")
    formats: list[Format] = Field(default_factory=list, description="Only these of its formats.", max_length=10)


class Stretch(BaseModel):
    """The times that are made up for."""

    model_config = ConfigDict(extra="forbid", strict=True)

    after: Instant = Field(description="The times of the rule after this instant,")
    until: Instant = Field(description="and up to this one, which has passed.")
    send: bool = Field(False, description="Whether its recipients get them.")
