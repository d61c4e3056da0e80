"""The HTTP of the organization and its projects."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from octavo.control.tenancy import actions, business_days
from octavo.web import problems
from octavo.web.asking import Administering, Viewing
from octavo.web.lists import Listed, PageNumber, PageSize, page_of
from octavo.web.moments import Day
from octavo.web.repeating import Repeatable

router = APIRouter(prefix="/api", tags=["organization"], route_class=Repeatable)

ProjectId = Annotated[int, Path(ge=1, le=2**53 - 1, description="The project's id.")]
HolidayDay = Annotated[Day, Path(description="The day, e.g. 2026-12-25.")]
UserId = Annotated[int, Path(ge=1, le=2**53 - 1, description="The person's id.")]


class Shown(BaseModel):
    """The organization that a credential is for."""

    model_config = ConfigDict(from_attributes=True)

    slug: str = Field(description="Its short name, for good.")
    name: str = Field(description="What people read, on reports too.")
    locale: str = Field(description="How numbers and dates are written in a PDF.")
    time_zone: str = Field(description="IANA zone of periods and instants.")
    currency: str = Field(description="ISO 4217 code.")
    branding: dict[str, Any] = Field(
        description="accent (#rrggbb), logo (a PNG as a data URL), address (lines), vat_number, footer, bank: pairs of label and value."
    )


class Changed(BaseModel):
    """What changes; what is not given stays."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str | None = Field(None, description="What people read.", min_length=1, max_length=200)
    locale: str | None = Field(None, description="How numbers and dates are written in a PDF, e.g. de_DE.", min_length=2, max_length=50)
    time_zone: str | None = Field(None, description="IANA zone of periods and instants, e.g. Europe/Berlin.", min_length=1, max_length=100)
    currency: str | None = Field(None, description="ISO 4217 code.", pattern="^[A-Z]{3}$")
    branding: dict[str, Any] | None = Field(None, description="All of it: what it does not hold is gone. As GET shows it.")


class Named(BaseModel):
    """A project that is to be."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str = Field(description="Its name, unique in the organization.", min_length=1, max_length=200)


class Project(BaseModel):
    """A project."""

    model_config = ConfigDict(from_attributes=True)

    id: int = Field(description="Its id.")
    name: str = Field(description="Its name.")
    active: bool = Field(description="Whether it is in use.")


class Membership(BaseModel):
    """Somebody who was let into a project."""

    user_id: int = Field(description="The person's id; see /api/members.")


class Weekend(BaseModel):
    """The days of the week that are no business days."""

    model_config = ConfigDict(extra="forbid", strict=True)

    days: list[Annotated[int, Field(ge=0, le=6)]] = Field(description="0 is Sunday, 6 Saturday.", max_length=7)


class Holiday(BaseModel):
    """A day on which no business is done."""

    model_config = ConfigDict(from_attributes=True)

    day: date = Field(description="The day.")
    name: str = Field(description="What it is called.")


class Called(BaseModel):
    """What a holiday is called."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str = Field("", description="What it is called.", max_length=200)


@router.get("/organization", summary="The organization", responses=problems.documented(401, 403))
def shown(asking: Viewing) -> Shown:
    with asking.transaction() as connection:
        return Shown.model_validate(actions.current(connection))


@router.patch("/organization", summary="Change the organization", responses=problems.documented(401, 403, 422))
def change(asking: Administering, changed: Changed) -> Shown:
    """When exports need approval is said at /api/exports/settings."""
    said = {name: value for name, value in changed.model_dump(exclude_unset=True).items() if value is not None}
    with asking.transaction() as connection:
        return Shown.model_validate(actions.change(connection, asking.actor, **said))


@router.get(
    "/projects",
    summary="Projects, by name: those one was let into, or all for administrators",
    responses=problems.documented(401, 403, 422),
)
def projects(asking: Viewing, page: PageNumber = 1, page_size: PageSize = 20) -> Listed[Project]:
    with asking.transaction() as connection:
        found = actions.projects(connection)
        if not asking.principal.may("reports.manage") and asking.principal.user_id is not None:
            own = actions.projects_of(connection, asking.principal.user_id)
            found = [project for project in found if project.id in own]
    return page_of(found, Project.model_validate, page, page_size)


@router.post("/projects", status_code=201, summary="Make a project", responses=problems.documented(401, 403, 409, 422))
def create(asking: Administering, named: Named, response: Response) -> Project:
    with asking.transaction() as connection:
        made = actions.create_project(connection, asking.actor, named.name)
    response.headers["Location"] = f"/api/projects/{made.id}/members"
    return Project.model_validate(made)


@router.get("/projects/{project_id}/members", summary="Who was let into a project", responses=problems.documented(401, 403, 404, 422))
def people(asking: Administering, project_id: ProjectId, page: PageNumber = 1, page_size: PageSize = 20) -> Listed[Membership]:
    with asking.transaction() as connection:
        found = actions.people_of(connection, project_id)
    return page_of(found, lambda user_id: Membership(user_id=user_id), page, page_size)


@router.put(
    "/projects/{project_id}/members/{user_id}", status_code=204, summary="Let a member into a project",
    responses=problems.documented(401, 403, 404, 422),
)  # fmt: skip
def let_in(asking: Administering, project_id: ProjectId, user_id: UserId) -> None:
    with asking.transaction() as connection:
        actions.let_into_project(connection, asking.actor, project_id, user_id)


@router.delete(
    "/projects/{project_id}/members/{user_id}", status_code=204, summary="Let a member see a project no longer",
    responses=problems.documented(401, 403, 404, 422),
)  # fmt: skip
def put_out(asking: Administering, project_id: ProjectId, user_id: UserId) -> None:
    with asking.transaction() as connection:
        actions.put_out_of_project(connection, asking.actor, project_id, user_id)


@router.get("/organization/weekend", summary="The days of the week that are no business days", responses=problems.documented(401, 403))
def weekend(asking: Viewing) -> Weekend:
    with asking.transaction() as connection:
        return Weekend(days=business_days.weekend(connection))


@router.put(
    "/organization/weekend", summary="Say which days of the week are no business days", responses=problems.documented(401, 403, 413, 422)
)
def set_weekend(asking: Administering, said: Weekend) -> Weekend:
    """Schedules that ask for business days follow at once."""
    with asking.transaction() as connection:
        return Weekend(days=business_days.set_weekend(connection, asking.actor, said.days))


@router.get("/organization/holidays", summary="Holidays, by day", responses=problems.documented(401, 403, 422))
def holidays(
    asking: Viewing,
    since: Annotated[Day | None, Query(description="From this day on.")] = None,
    until: Annotated[Day | None, Query(description="Up to this day.")] = None,
    page: PageNumber = 1,
    page_size: PageSize = 20,
) -> Listed[Holiday]:
    with asking.transaction() as connection:
        found = business_days.holidays(connection, since=since, until=until)
    return page_of(found, Holiday.model_validate, page, page_size)


@router.put("/organization/holidays/{day}", summary="Make a day a holiday", responses=problems.documented(401, 403, 413, 422))
def add_holiday(asking: Administering, day: HolidayDay, called: Called) -> Holiday:
    """Schedules that ask for business days follow at once."""
    with asking.transaction() as connection:
        return Holiday.model_validate(business_days.add_holiday(connection, asking.actor, business_days.Holiday(day, called.name)))


@router.delete(
    "/organization/holidays/{day}", status_code=204, summary="Make a holiday a day like any other",
    responses=problems.documented(401, 403, 404, 422),
)  # fmt: skip
def remove_holiday(asking: Administering, day: HolidayDay) -> None:
    with asking.transaction() as connection:
        business_days.remove_holiday(connection, asking.actor, day)
