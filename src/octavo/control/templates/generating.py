"""The HTTP of asking for a report: by its key, or by a template, of which each part may be said otherwise."""

from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from octavo.control.delivery import actions as delivery
from octavo.control.delivery.targets import Target
from octavo.control.runs import actions as runs
from octavo.control.runs.routes import Format, Shown
from octavo.control.templates import actions, several
from octavo.pipeline import each as eaches
from octavo.pipeline.arrangement import AS_IT_IS, Arrangement
from octavo.pipeline.choice import Choice, Filter
from octavo.pipeline.earlier import How
from octavo.web import problems, protecting
from octavo.web.asking import Exporting
from octavo.web.protecting import Protection
from octavo.web.repeating import Repeatable

router = APIRouter(prefix="/api/reports", tags=["reports"], route_class=Repeatable)


class Asked(BaseModel):
    """A report that is asked for."""

    model_config = ConfigDict(extra="forbid", strict=True)

    report: str | None = Field(
        None, description="Key of the report, e.g. retail.sales; see /api/catalog. That of the template when one is named.", max_length=200
    )
    template_id: Annotated[int, Field(ge=1, le=2**53 - 1)] | None = Field(
        None, description="The template to begin with; what else is said here takes the place of what it says."
    )
    format: Format | None = Field(None, description="The format of the file: the template's, or pdf, when it is not given.")
    parameters: dict[str, Any] = Field(
        default_factory=dict,
        description="What the report is asked, as its parameters say. Each takes the place of the template's; a period that neither names "
        "covers the template's default_date_range_days.",
    )
    options: dict[str, Any] = Field(
        default_factory=dict, description="Options of the format; those of the template hold where it is the template's format."
    )
    sections: list[str] = Field(
        default_factory=list, description="Only these sections; the template's, or all, when it is empty.", max_length=100
    )
    fields: list[str] = Field(
        default_factory=list, description="Of a dataset: its columns, in order; the template's, or all, when it is empty.", max_length=500
    )
    filters: list[Filter] = Field(
        default_factory=list,
        description="Of a dataset: only the rows that fulfil all of these; the template's when it is empty.",
        max_length=50,
    )
    arrangement: Arrangement = Field(
        AS_IT_IS, description="Of a dataset: how its rows are sorted and grouped, and what is summed; the template's when it is not given."
    )
    compare: How | None = Field(
        None, description="Tells the figures beside those of an earlier period, with the changes; the template's when it is not given."
    )
    time_zone: str | None = Field(
        None, description="Zone of periods and instants; the organization's when it is not given.", max_length=100
    )
    locale: str | None = Field(None, description="Locale of a PDF; the organization's when it is not given.", max_length=50)
    deliver_to: list[Target] = Field(
        default_factory=list,
        description="Where the file goes when it is made. Elsewhere than to oneself it takes reports.manage.",
        max_length=1000,
    )
    subject: str = Field("", description="The subject of its mails; {report}, {date} and {period} stand for what they say.", max_length=200)
    message: str = Field("", description="What its mails say above the figures.", max_length=5000)
    protection: Protection | None = Field(None, description="Has the file take a password; without it, it takes none.")
    each: dict[str, list[Any] | Literal["*"]] = Field(
        default_factory=dict,
        description=f"Several values of parameters at once, by parameter: a list, or * for all that its look-up offers. At most {eaches.MOST} "
        "combinations; those of the template when it is empty.",
        max_length=20,
    )
    made_as: Literal["runs", "merged", "zip"] | None = Field(
        None,
        description="What is made of the combinations of each: a run for each of them, or in one snapshot one file with the rows of all, or a zip "
        "with a file for each. Runs, or what the template says with its each, when it is not given.",
    )


class Requested(Shown):
    """The run that was asked for."""

    password: str | None = Field(description="The password that was made for the file; shown here, once, and kept nowhere.")


class RequestedEach(BaseModel):
    """The runs that were asked for at once, in the order of the values: each a file of its own."""

    group_id: int = Field(description="Their group, by which they are listed.")
    runs: list[Shown] = Field(description="The runs.")
    password: str | None = Field(description="The password that was made for the files; shown here, once, and kept nowhere.")


@router.post("/generate", status_code=202, summary="Ask for a report", responses=problems.documented(401, 403, 404, 409, 413, 422, 429))
def generate(asking: Exporting, asked: Asked, response: Response) -> Requested | RequestedEach:
    said = asked.model_dump(exclude={"template_id", "fields", "filters", "arrangement", "protection", "deliver_to"})
    sealed, made = protecting.seal(asking, asked.protection)
    choice = Choice(tuple(asked.fields), tuple(asked.filters), asked.arrangement)
    delivery.check_words(asked.subject, asked.message)
    wanted, reports = actions.Wanted(**said, choice=choice, sealed_password=sealed), asking.server.reports
    if asked.each or asked.template_id is not None:
        with asking.transaction() as connection:
            settled, _ = actions.settled(connection, asking.principal, wanted, asked.template_id, reports=reports)
        if settled.each:
            wanted = several.checked(asking.server.database, asking.principal, wanted, settled, reports)
    with asking.transaction() as connection:
        targets = delivery.check_targets(connection, [target.content for target in asked.deliver_to], principal=asking.principal)
        wanted = replace(wanted, deliver_to=targets)
        run = actions.generate(connection, asking.principal, asking.actor, wanted, template_id=asked.template_id, reports=reports)
        group = runs.group(connection, run.group_id) if run.group_id is not None else []
    if run.group_id is not None:
        response.headers["Location"] = f"/api/reports/generated?group_id={run.group_id}"
        return RequestedEach(group_id=run.group_id, runs=[Shown.model_validate(one) for one in group], password=made)
    response.headers["Location"] = f"/api/reports/generated/{run.id}"
    return Requested(**Shown.model_validate(run).model_dump(), password=made)
