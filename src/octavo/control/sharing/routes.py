"""The HTTP of sharing: links are made, listed and ended by members; whoever has one looks at its page and fetches the file."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from octavo import metrics
from octavo.control.sharing import actions, door, page
from octavo.errors import TooManyRequests, Unauthenticated
from octavo.web import files, problems
from octavo.web.asking import Asking, Viewing, address_of, may, server_of
from octavo.web.limits import Door
from octavo.web.lists import Listed, PageNumber, PageSize
from octavo.web.repeating import Repeatable

router = APIRouter()
managed = APIRouter(prefix="/api/reports/shares", tags=["sharing"], route_class=Repeatable)
opened = APIRouter(tags=["sharing"])

ShareId = Annotated[int, Path(ge=1, le=2**53 - 1, description="The share's id.")]
Managing = Annotated[Asking, Depends(may(actions.MANAGE))]
Token = Annotated[str, Path(description="What the link holds.")]


class Asked(BaseModel):
    """A link that is to be made."""

    model_config = ConfigDict(extra="forbid", strict=True)

    run_id: int = Field(ge=1, le=2**53 - 1, description="The run whose file it leads to.")
    days: int = Field(7, ge=1, le=366, description="For how many days; the organization's settings say how many there may be.")
    password: str | None = Field(
        None, description="Which whoever has the link must know as well: 12 to 1,000 characters. Tell it another way.", max_length=1000
    )
    most_downloads: int | None = Field(
        None, ge=1, le=1_000_000, description="How often the file may be fetched; any number of times without it."
    )
    note: str = Field("", description="For whom it is; only members read it.", max_length=200)


class Shown(BaseModel):
    """A share: a link to the file of a run."""

    model_config = ConfigDict(from_attributes=True)

    id: int = Field(description="Its id.")
    run_id: int = Field(description="The run whose file it leads to.")
    note: str = Field(description="For whom it is.")
    has_password: bool = Field(description="Whether whoever has the link must know a password as well.")
    expires_at: datetime = Field(description="Until when it leads anywhere.")
    most_downloads: int | None = Field(description="How often the file may be fetched; null: any number of times.")
    downloads: int = Field(description="How often it was fetched.")
    last_used_at: datetime | None = Field(description="When it was fetched last.")
    revoked_at: datetime | None = Field(description="When the link was ended by hand.")
    revoked_by_name: str = Field(description="By whom.")
    created_by: int = Field(description="The person who made it, and whose rights decide at each use.")
    created_by_name: str = Field(description="Their name, or their key's.")
    created_at: datetime = Field(description="When it was made.")
    live: bool = Field(description="Whether it is neither ended, nor over, nor used up.")


class Made(Shown):
    """A share with its link."""

    token: str | None = Field(description="What the link holds; shown here, once.")
    url: str | None = Field(description="The link; shown here, once.")


class Use(BaseModel):
    """One use of a link."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime = Field(description="When.")
    action: str = Field(description="share.downloaded, or share.refused for a wrong password.")
    address: str | None = Field(description="From which network address.")


class Setting(BaseModel):
    """Whether and how the organization shares."""

    model_config = ConfigDict(extra="forbid", strict=True, from_attributes=True)

    enabled: bool = Field(description="Whether links lead anywhere; false switches off those that were made before as well.")
    most_days: int = Field(ge=1, le=366, description="For how many days a link may be made.")
    needs_password: bool = Field(description="Whether a link is made with a password only.")


@managed.post("", status_code=201, summary="Share the file of a run by a link", responses=problems.documented(401, 403, 404, 409, 410, 422))
def create(asking: Managing, asked: Asked, request: Request, response: Response) -> Made:
    """The link is shown this once. It leads to the file for as long as its maker may fetch and share it."""
    asking.show_once("token", "url")
    with asking.transaction() as connection:
        made, token = actions.create(
            connection, asking.principal, asking.actor, asked.run_id, days=asked.days, password=asked.password,
            most_downloads=asked.most_downloads, note=asked.note,
        )  # fmt: skip
    response.headers["Location"] = f"/api/reports/shares/{made.id}"
    return Made(**vars(made), token=token, url=page.address(request, token))


@managed.get("", summary="Shares, the latest first", responses=problems.documented(401, 403, 422))
def listed(
    asking: Viewing,
    run_id: Annotated[int | None, Query(ge=1, le=2**53 - 1, description="Only of that run.")] = None,
    live: Annotated[bool | None, Query(description="Only those that are neither ended, nor over, nor used up; or only the others.")] = None,
    page: PageNumber = 1,
    page_size: PageSize = 20,
) -> Listed[Shown]:
    with asking.transaction() as connection:
        found, total = actions.list_(connection, asking.principal, run_id=run_id, live=live, page=page, page_size=page_size)
    return Listed(items=[Shown.model_validate(one) for one in found], total=total, page=page, page_size=page_size)


@managed.get("/settings", summary="Whether the organization shares files by links", responses=problems.documented(401, 403))
def setting(asking: Viewing) -> Setting:
    with asking.transaction() as connection:
        return Setting.model_validate(actions.setting(connection))


@managed.put("/settings", summary="Say whether the organization shares files by links", responses=problems.documented(401, 403, 422))
def set_setting(asking: Managing, said: Setting) -> Setting:
    with asking.transaction() as connection:
        return Setting.model_validate(actions.set_setting(connection, asking.actor, actions.Setting(**said.model_dump())))


@managed.get("/{share_id:id}", summary="One share", responses=problems.documented(401, 403, 404, 422))
def shown(asking: Viewing, share_id: ShareId) -> Shown:
    with asking.transaction() as connection:
        return Shown.model_validate(actions.find(connection, asking.principal, share_id))


@managed.delete("/{share_id:id}", status_code=204, summary="End a link", responses=problems.documented(401, 403, 404, 422))
def revoke(asking: Managing, share_id: ShareId) -> None:
    with asking.transaction() as connection:
        actions.revoke(connection, asking.principal, asking.actor, share_id)


@managed.get("/{share_id}/uses", summary="Who used a link, the latest first", responses=problems.documented(401, 403, 404, 422))
def uses(asking: Managing, share_id: ShareId, page: PageNumber = 1, page_size: PageSize = 20) -> Listed[Use]:
    with asking.transaction() as connection:
        found, total = actions.uses(connection, asking.principal, share_id, page=page, page_size=page_size)
    return Listed(items=[Use.model_validate(one) for one in found], total=total, page=page, page_size=page_size)


# --- whoever has a link -----------------------------------------------------------------------------------------------

_PAGE: dict[str, Any] = {"content": {"text/html": {"schema": {"type": "string"}}}}
_PAGES: dict[int | str, dict[str, Any]] = {
    404: {"description": "The link leads nowhere, or not any more", **_PAGE},
    429: {"description": "Too many links that lead nowhere, or too many wrong passwords", **_PAGE},
    **{status: {"description": HTTPStatus(status).phrase, **_PAGE} for status in (422, 502, 503)},
}
_REFUSED: dict[int | str, dict[str, Any]] = {status: {"description": HTTPStatus(status).phrase, **_PAGE} for status in (413, 415)}
_FORM = {"application/x-www-form-urlencoded": {"schema": {"type": "object", "properties": {"password": {"type": "string"}}}}}


@opened.get(
    "/share/{token}",
    summary="The page of a link",
    response_class=Response,
    responses={200: {"description": "What it leads to", **_PAGE}, **_PAGES},
)
def look(request: Request, token: Token) -> Response:
    """Looking uses nothing up, so whoever follows the links in a mail before its reader does no harm."""
    try:
        found = _behind(request, token)
    except TooManyRequests as error:
        return _wait(request, error)
    if found is None:
        metrics.SHARES.labels("gone").inc()
        return _gone(request)
    metrics.SHARES.labels("shown").inc()
    return page.shown(request, found, files.link(request, found.run))


@opened.post(
    "/share/{token}", summary="Fetch the file of a link", status_code=303, response_class=Response, openapi_extra={"requestBody": {"content": _FORM}},
    responses={303: {"description": "To the file, for a few minutes"}, 403: {"description": "The password is another", **_PAGE}, **_PAGES, **_REFUSED},
)  # fmt: skip
async def fetch(request: Request, token: Token) -> Response:
    """Counts as a download and is recorded."""
    return await run_in_threadpool(_fetch, request, token, _password(await request.body()))


def _password(form: bytes) -> str:
    """The password in a form; none in what is no form."""
    try:
        return parse_qs(form.decode(), max_num_fields=10).get("password", [""])[0]
    except ValueError:
        return ""


def _fetch(request: Request, token: str, password: str) -> Response:
    try:
        found = _behind(request, token)
        taken = door.take(
            server_of(request).database, token, password, address=address_of(request), request_id=str(request.scope.get("octavo.request_id", "")),
            link=lambda run: files.link(request, run),
        )  # fmt: skip
    except Unauthenticated:
        taken = door.Taken("gone")
    except TooManyRequests as error:
        return _wait(request, error)
    metrics.SHARES.labels(taken.how).inc()
    if taken.how == "wrong" and found is not None:
        return page.shown(request, found, files.link(request, found.run), problem=page.WRONG, status=403)
    return RedirectResponse(taken.place, 303) if taken.how == "taken" else _gone(request)


def _behind(request: Request, token: str) -> door.Opened | None:
    """What a link leads to. Who comes with too many that lead nowhere waits, like whoever guesses at keys. Raises TooManyRequests."""
    guard: Door = request.app.state.door

    def find() -> door.Opened:
        found = door.look(server_of(request).database, token)
        if found is None:
            raise Unauthenticated("leads nowhere")
        return found

    try:
        return guard.let_in(address_of(request) or "unknown", f"share {token}", find)
    except Unauthenticated:
        return None


def _gone(request: Request) -> Response:
    return page.told(request, "Nothing here", page.GONE, 404)


def _wait(request: Request, error: TooManyRequests) -> Response:
    answered = page.told(request, "Too many attempts", f"Too many attempts. Wait {error.retry_after} seconds, then try again.", 429)
    answered.headers["Retry-After"] = str(error.retry_after)
    return answered


router.include_router(managed)
router.include_router(opened)
