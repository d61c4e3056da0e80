"""The HTTP of places: folders outside that files are put into."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from octavo.control.delivery import actions
from octavo.control.delivery.routes import deliveries
from octavo.vault import Vault
from octavo.web import problems
from octavo.web.asking import Asking, Viewing, may
from octavo.web.lists import Listed, PageNumber, PageSize, page_of
from octavo.web.repeating import Repeatable

router = APIRouter(prefix="/api/places", tags=["places"], route_class=Repeatable)

Managing = Annotated[Asking, Depends(may(actions.SEND_OUT))]
PlaceId = Annotated[int, Path(ge=1, le=2**53 - 1, description="The place's number.")]

Option = Annotated[str, Field(min_length=1, max_length=500)]
Secret = Annotated[str, Field(min_length=1, max_length=20_000)]


class Said(BaseModel):
    """What a place is."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str = Field(description="What people call it.", min_length=1, max_length=100)
    url: str = Field(
        description="What and where it is, e.g. s3://bucket/folder, sftp://user@host/folder, webdavs://user@host/folder, ftps://user@host/folder, "
        "gs://, az://, gdrive:///folder, dropbox:///folder, onedrive:///folder. No secret stands in it.",
        min_length=5,
        max_length=1000,
    )
    options: dict[str, Option] = Field(
        default_factory=dict, description="What else its kind needs to know: see docs/deliver.md.", max_length=10
    )
    secrets: dict[str, Secret] = Field(
        default_factory=dict,
        description="The passwords and keys that open it. They are kept encrypted and never shown again; left out, those that it has stay.",
        max_length=10,
    )
    active: bool = Field(True, description="Whether files may be put there.")


class Shown(BaseModel):
    """A place. Of its secrets only the names are shown."""

    model_config = ConfigDict(from_attributes=True)

    id: int = Field(description="Its number.")
    name: str = Field(description="What people call it.")
    url: str = Field(description="What and where it is.")
    options: dict[str, Any] = Field(description="What else its kind needs to know.")
    secret_names: list[str] = Field(description="What its secrets are called.")
    active: bool = Field(description="Whether files may be put there.")
    created_at: datetime = Field(description="When it was named.")
    updated_at: datetime = Field(description="When it was changed last.")


@router.get("", summary="Places, by name", responses=problems.documented(401, 403, 422))
def listed(asking: Viewing, page: PageNumber = 1, page_size: PageSize = 20) -> Listed[Shown]:
    with asking.transaction() as connection:
        return page_of(actions.places(connection), Shown.model_validate, page, page_size)


@router.post("", status_code=201, summary="Name a place", responses=problems.documented(401, 403, 409, 422))
def create(asking: Managing, said: Said, response: Response) -> Shown:
    with asking.transaction() as connection:
        made = actions.create_place(connection, asking.actor, actions.PlaceContent(**said.model_dump()), Vault(asking.server.settings))
    response.headers["Location"] = f"/api/places/{made.id}"
    return Shown.model_validate(made)


@router.get("/{place_id}", summary="One place", responses=problems.documented(401, 403, 404, 422))
def one(asking: Viewing, place_id: PlaceId) -> Shown:
    with asking.transaction() as connection:
        return Shown.model_validate(actions.find_place(connection, place_id))


@router.put("/{place_id}", summary="Say anew what a place is", responses=problems.documented(401, 403, 404, 409, 422))
def change(asking: Managing, place_id: PlaceId, said: Said) -> Shown:
    """Where the url or an option changes, the secrets are given again."""
    with asking.transaction() as connection:
        return Shown.model_validate(
            actions.change_place(
                connection, asking.actor, place_id, actions.PlaceContent(**said.model_dump()), Vault(asking.server.settings)
            )
        )


@router.delete(
    "/{place_id}", summary="Put a place out of use, and forget its secrets", responses=problems.documented(401, 403, 404, 409, 422)
)
def deactivate(asking: Managing, place_id: PlaceId) -> Shown:
    with asking.transaction() as connection:
        return Shown.model_validate(actions.deactivate_place(connection, asking.actor, place_id))


@router.post(
    "/{place_id}/test",
    status_code=202,
    summary="Put a small file there and take it away",
    responses=problems.documented(401, 403, 404, 409, 422),
)
def test(asking: Managing, place_id: PlaceId) -> deliveries.Shown:
    """A worker does it; what becomes of it, its delivery tells."""
    with asking.transaction() as connection:
        target = actions.check_targets(connection, [{"channel": "place", "place_id": place_id}], principal=asking.principal)[0]
        return deliveries.Shown.model_validate(actions.try_out(connection, asking.principal, asking.actor, target))
