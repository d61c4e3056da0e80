"""The HTTP of members: an administrator says who belongs to the organization, and what they may."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from octavo.control.access import actions
from octavo.web import problems
from octavo.web.asking import Administering
from octavo.web.lists import Listed, PageNumber, PageSize, page_of

router = APIRouter(prefix="/api/members", tags=["access"])

UserId = Annotated[int, Path(ge=1, le=2**53 - 1, description="The person's id.")]
Role = Literal["viewer", "member", "admin"]


class Added(BaseModel):
    """Who is let in."""

    model_config = ConfigDict(extra="forbid", strict=True)

    email: str = Field(description="E-mail address.", min_length=3, max_length=254, pattern="^[^@ ]+@[^@ ]+$")
    role: Role = Field("viewer", description="What they may.")
    view_pii: bool = Field(False, description="Whether they see personal data unmasked although the role alone would not.")


class Changed(BaseModel):
    """What changes; what is not given stays."""

    model_config = ConfigDict(extra="forbid", strict=True)

    role: Role | None = Field(None, description="What they may.")
    view_pii: bool | None = Field(None, description="Whether they see personal data unmasked although the role alone would not.")
    active: bool | None = Field(None, description="Whether they are let in at all.")


class Shown(BaseModel):
    """A member."""

    model_config = ConfigDict(from_attributes=True)

    user_id: int = Field(description="The person's id.")
    name: str = Field(description="E-mail address, or the host application's name for the person where there is none.")
    role: Role = Field(description="What they may.")
    view_pii: bool = Field(description="Whether they see personal data unmasked although the role alone would not.")
    active: bool = Field(description="Whether they are let in.")
    created_at: datetime = Field(description="When they were first let in.")


@router.get("", summary="Members, by name", responses=problems.documented(401, 403, 422))
def listed(asking: Administering, page: PageNumber = 1, page_size: PageSize = 20) -> Listed[Shown]:
    with asking.transaction() as connection:
        found = actions.members(connection)
    return page_of(found, Shown.model_validate, page, page_size)


@router.post("", status_code=201, summary="Let somebody in", responses=problems.documented(401, 403, 409, 422))
def add(asking: Administering, added: Added, response: Response) -> Shown:
    """They get no message and no credential by it. The answer is the same whether or not the person is known to another organization."""
    with asking.transaction() as connection:
        member = actions.add_member(connection, asking.actor, added.email, role=added.role, view_pii=added.view_pii)
    response.headers["Location"] = f"/api/members/{member.user_id}"
    return Shown.model_validate(member)


@router.get("/{user_id}", summary="One member", responses=problems.documented(401, 403, 404, 422))
def shown(asking: Administering, user_id: UserId) -> Shown:
    with asking.transaction() as connection:
        return Shown.model_validate(actions.member(connection, user_id))


@router.patch(
    "/{user_id}", summary="Say what a member may, or let them in no longer", responses=problems.documented(401, 403, 404, 409, 422)
)
def change(asking: Administering, user_id: UserId, changed: Changed) -> Shown:
    """Takes effect with the next request. The last active administrator stays one: 409."""
    with asking.transaction() as connection:
        actions.member(connection, user_id)
        member = actions.set_member(connection, asking.actor, user_id, role=changed.role, view_pii=changed.view_pii, active=changed.active)
    return Shown.model_validate(member)
