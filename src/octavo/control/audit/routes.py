"""The HTTP of the audit list: read it. Nothing here writes to it."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from octavo.control.audit import actions
from octavo.web import problems
from octavo.web.asking import Auditing
from octavo.web.lists import Listed, PageNumber, PageSize
from octavo.web.moments import Instant

router = APIRouter(prefix="/api/audit", tags=["audit"])

_NAME = r"^[a-z][a-z_]*(\.[a-z_]+)?$"


class Shown(BaseModel):
    """One thing that happened."""

    model_config = ConfigDict(from_attributes=True)

    number: int = Field(description="Its number in the organization, from 1 without a gap.")
    at: datetime = Field(description="When, by the database's clock.")
    user_id: int | None = Field(description="The person behind it; null for Octavo itself.")
    key_id: int | None = Field(description="The API key that was used, if one was.")
    actor: str = Field(description="Who, as they were called then.")
    address: str | None = Field(description="The network address it came from.")
    request_id: str | None = Field(description="The request it came by, as the log names it.")
    action: str = Field(description="What was done, e.g. run.requested.")
    subject: str = Field(description="To what kind of thing.")
    subject_id: int | None = Field(description="To which.")
    detail: dict[str, Any] = Field(description="Names, ids, parameters and counts.")


@router.get("", summary="What happened, the latest first", responses=problems.documented(401, 403, 422))
def listed(
    asking: Auditing,
    action: Annotated[
        str | None, Query(description="Only this action, or those that begin with it: run, run.requested.", pattern=_NAME, max_length=100)
    ] = None,
    subject: Annotated[str | None, Query(description="Only what was done to this kind of thing.", pattern=_NAME, max_length=100)] = None,
    subject_id: Annotated[int | None, Query(description="Only what was done to that one.", ge=1, le=2**53 - 1)] = None,
    user_id: Annotated[int | None, Query(description="Only what this person did.", ge=1, le=2**53 - 1)] = None,
    since: Annotated[Instant | None, Query(description="From this time on, with its offset.")] = None,
    until: Annotated[Instant | None, Query(description="Before this time, with its offset.")] = None,
    page: PageNumber = 1,
    page_size: PageSize = 20,
) -> Listed[Shown]:
    with asking.transaction() as connection:
        found, total = actions.entries(
            connection, action=action, subject=subject, subject_id=subject_id, user_id=user_id, since=since, until=until,
            offset=(page - 1) * page_size, limit=page_size,
        )  # fmt: skip
    return Listed(items=[Shown.model_validate(entry) for entry in found], total=total, page=page, page_size=page_size)
