"""The HTTP of API keys: make one for oneself, see it listed, end it. The text of a key is in one answer, the one that makes it."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from octavo.control.access import actions
from octavo.web import problems
from octavo.web.asking import Asking, Known
from octavo.web.lists import Listed, PageNumber, PageSize, page_of

router = APIRouter(prefix="/api/keys", tags=["access"])

KeyId = Annotated[int, Path(ge=1, le=2**53 - 1, description="The key's id.")]
Permission = Literal[
    "reports.view_reports", "reports.export_reports", "reports.approve_exports", "reports.manage", "reports.view_pii", "audit.view"
]


class Wanted(BaseModel):
    """A key that is asked for."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str = Field(description="What it is for.", min_length=1, max_length=200)
    scopes: list[Permission] | None = Field(
        None, description="What it is narrowed to; all that its person may when it is null.", max_length=6
    )
    days: int | None = Field(90, description="How many days it is valid; null for ever.", ge=1, le=3650)


class Shown(BaseModel):
    """An API key, without its secret."""

    model_config = ConfigDict(from_attributes=True)

    id: int = Field(description="Its id.")
    user_id: int = Field(description="The person it belongs to, and never may more than.")
    name: str = Field(description="What it is for.")
    prefix: str = Field(description="The public part of it.")
    scopes: list[str] | None = Field(description="What it is narrowed to; null: all that its person may.")
    created_at: datetime = Field(description="When it was made.")
    expires_at: datetime | None = Field(description="When it ends; null: never.")
    revoked_at: datetime | None = Field(description="When it was ended by hand.")
    last_used_at: datetime | None = Field(description="When it was last used, to the minute.")


class Made(Shown):
    """A key that was just made."""

    secret: str = Field(description="The key itself. Nobody can show it again; Octavo keeps only what it hashes to.")


@router.get("", summary="My API keys, or all of them for administrators; the newest first", responses=problems.documented(401, 422))
def listed(asking: Known, page: PageNumber = 1, page_size: PageSize = 20) -> Listed[Shown]:
    with asking.transaction() as connection:
        found = actions.keys_of(connection, user_id=_whose(asking))
    return page_of(found, Shown.model_validate, page, page_size)


@router.post("", status_code=201, summary="Make an API key for myself", responses=problems.documented(401, 403, 422))
def create(asking: Known, wanted: Wanted, response: Response) -> Made:
    """For who signed in or shows a token of the host application: a key makes no keys."""
    with asking.transaction() as connection:
        made = actions.create_own_key(connection, asking.actor, asking.principal, name=wanted.name, scopes=wanted.scopes, days=wanted.days)
    response.headers["Location"] = f"/api/keys/{made.key.id}"
    return Made(**vars(made.key), secret=made.text)


@router.delete("/{key_id}", summary="End an API key at once", status_code=204, responses=problems.documented(401, 404, 422))
def revoke(asking: Known, key_id: KeyId) -> None:
    """One's own; an administrator ends any. Twice is the same."""
    with asking.transaction() as connection:
        actions.revoke_key(connection, asking.actor, key_id, user_id=_whose(asking))


def _whose(asking: Asking) -> int | None:
    """Whose keys are dealt with: one's own, unless an administrator asks with all that he may."""
    return None if actions.administers(asking.principal) else asking.principal.user_id
