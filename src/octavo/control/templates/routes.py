"""The HTTP of templates: members read them, administrators write them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from octavo.control.templates import actions, approvals
from octavo.web import problems
from octavo.web.asking import Asking, Viewing, may
from octavo.web.lists import Listed, PageNumber, PageSize
from octavo.web.repeating import Repeatable

router = APIRouter(prefix="/api/reports/templates", tags=["templates"], route_class=Repeatable)

TemplateId = Annotated[int, Path(ge=1, le=2**53 - 1, description="The template's id.")]
Managing = Annotated[Asking, Depends(may(actions.MANAGE))]
Approving = Annotated[Asking, Depends(may(approvals.APPROVE))]


class Written(BaseModel):
    """What a template says."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str = Field(description="Its name: unique in the organization, or in its project.", min_length=1, max_length=200)
    report: str = Field(description="Key of the report; see /api/catalog.", max_length=200)
    format: Literal["csv", "xlsx", "json", "pdf"] = Field("pdf", description="The format, unless another is asked for.")
    description: str = Field("", description="What it is for.", max_length=2000)
    project_id: int | None = Field(None, description="The project whose members may use it; all when it is null.", ge=1, le=2**53 - 1)
    parameters: dict[str, Any] = Field(default_factory=dict, description="What the report is asked unless something else is said.")
    default_date_range_days: int | None = Field(
        30, description="Days up to today, where a period is asked for and none named.", ge=1, le=3660
    )
    template_config: dict[str, Any] = Field(
        default_factory=dict,
        description="sections: names of them; options: of the format; compare: as in /api/reports/generate; fields, filters and arrangement: of a dataset, as in /api/exports; "
        "each and made_as (merged or zip): several values of parameters, of which one file is made, as in /api/reports/generate.",
    )
    branding_config: dict[str, Any] = Field(default_factory=dict, description="Logo, colours, address and footer.")
    active: bool = Field(True, description="Whether it is in use.")

    @property
    def content(self) -> actions.Content:
        return actions.Content(**self.model_dump())


class Approved(BaseModel):
    """What is approved of a template."""

    model_config = ConfigDict(extra="forbid", strict=True)

    rows: int = Field(description="The most rows that one file made by it may have.", ge=1, le=2**53 - 1)


class Shown(BaseModel):
    """A template."""

    model_config = ConfigDict(from_attributes=True)

    id: int = Field(description="Its id.")
    project_id: int | None = Field(description="The project whose members may use it; all when it is null.")
    name: str = Field(description="Its name.")
    description: str = Field(description="What it is for.")
    report: str = Field(description="Key of the report.")
    format: str = Field(description="The format, unless another is asked for.")
    parameters: dict[str, Any] = Field(description="What the report is asked unless something else is said.")
    default_date_range_days: int | None = Field(description="Days up to today, where a period is asked for and none named.")
    template_config: dict[str, Any] = Field(description="Sections, and options of the format.")
    branding_config: dict[str, Any] = Field(description="Logo, colours, address and footer.")
    active: bool = Field(description="Whether it is in use.")
    created_by: int | None = Field(description="The person who made it; null for Octavo itself.")
    created_at: datetime = Field(description="When it was made.")
    updated_at: datetime = Field(description="When it was last changed.")
    changed_by: int | None = Field(description="The person who wrote what it says now; null for Octavo itself.")
    approved_by: int | None = Field(description="Of a dataset: the person who lets out what others ask for by it; null while nobody does.")
    approved_by_name: str = Field(description="That person's name.")
    approved_at: datetime | None = Field(description="When that person approved it.")
    approved_rows: int | None = Field(description="The most rows that one file may have under that approval.")


@router.post("", status_code=201, summary="Make a template", responses=problems.documented(401, 403, 404, 409, 413, 422))
def create(asking: Managing, written: Written, response: Response) -> Shown:
    with asking.transaction() as connection:
        made = actions.create(connection, asking.actor, written.content, reports=asking.server.reports)
    response.headers["Location"] = f"/api/reports/templates/{made.id}"
    return Shown.model_validate(made)


@router.get("", summary="Templates, by name", responses=problems.documented(401, 403, 422))
def listed(
    asking: Viewing,
    report: Annotated[str | None, Query(description="Only of that report.", max_length=200)] = None,
    active: Annotated[bool, Query(description="Those in use, or those out of use.")] = True,
    page: PageNumber = 1,
    page_size: PageSize = 20,
) -> Listed[Shown]:
    with asking.transaction() as connection:
        found = actions.list_(connection, asking.principal, report=report, active=active, page=page, page_size=page_size)
    return Listed(items=[Shown.model_validate(template) for template in found.items], total=found.total, page=page, page_size=page_size)


@router.get("/{template_id}", summary="One template", responses=problems.documented(401, 403, 404, 422))
def shown(asking: Viewing, template_id: TemplateId) -> Shown:
    with asking.transaction() as connection:
        return Shown.model_validate(actions.find(connection, asking.principal, template_id))


@router.put("/{template_id}", summary="Change a template", responses=problems.documented(401, 403, 404, 409, 413, 422))
def change(asking: Managing, template_id: TemplateId, written: Written) -> Shown:
    with asking.transaction() as connection:
        return Shown.model_validate(actions.change(connection, asking.actor, template_id, written.content, reports=asking.server.reports))


@router.delete("/{template_id}", summary="Put a template out of use", responses=problems.documented(401, 403, 404, 422))
def deactivate(asking: Managing, template_id: TemplateId) -> Shown:
    with asking.transaction() as connection:
        return Shown.model_validate(actions.deactivate(connection, asking.actor, template_id))


@router.put("/{template_id}/approval", summary="Let out what others ask for by it", responses=problems.documented(401, 403, 404, 409, 422))
def approve(asking: Approving, template_id: TemplateId, approved: Approved) -> Shown:
    """Of a dataset, which otherwise goes out by exports that are approved one by one. Whoever approves has not written the template, and what he asks
    for by it himself is not covered. It ends when the template is changed, when the dataset is another version's, and when he may not approve any more."""
    with asking.transaction() as connection:
        let = approvals.approve(connection, asking.principal, asking.actor, template_id, rows=approved.rows, reports=asking.server.reports)
    return Shown.model_validate(let)


@router.delete("/{template_id}/approval", summary="Let nothing out by it any more", responses=problems.documented(401, 403, 404, 422))
def withdraw(asking: Approving, template_id: TemplateId) -> Shown:
    with asking.transaction() as connection:
        return Shown.model_validate(approvals.withdraw(connection, asking.actor, template_id))
