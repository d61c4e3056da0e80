"""The page that says whether the organization shares files by links, and which links there are."""

from typing import Annotated

from fastapi.responses import Response
from pydantic import BaseModel, Field

from octavo.control.sharing import actions
from octavo.web.lists import PageNumber
from octavo.web.pages import visit
from octavo.web.pages.routing import Router

router = Router()

PAGE_SIZE = 20


class Said(BaseModel):
    """Whether and how the organization shares."""

    enabled: bool
    most_days: int = Field(ge=1, le=366)
    needs_password: bool


class Ended(BaseModel):
    """A link that is to end."""

    share: Annotated[int, Field(ge=1, le=2**53 - 1)]


@router.page("/settings/sharing")
def shown(looking: visit.Managing, page: PageNumber = 1) -> Response:
    with looking.transaction() as connection:
        now = actions.setting(connection)
        links, total = actions.list_(connection, looking.principal, run_id=None, live=True, page=page, page_size=PAGE_SIZE)
    if not looking.form.text("most_days"):
        looking.form.fill(vars(now))
    return looking.page("sharing/settings.html", title="Sharing", now=now, links=links, total=total, page=page, page_size=PAGE_SIZE)


@router.form("/settings/sharing")
def change(looking: visit.Managing) -> Response:
    said = looking.form.read(Said)
    if said is not None:
        with looking.form.refusals(), looking.transaction() as connection:
            actions.set_setting(connection, looking.actor, actions.Setting(**said.model_dump()))
    return looking.go("/settings/sharing", "Saved. It holds at once.") if looking.form.ok else shown(looking)


@router.form("/settings/sharing/end")
def end(looking: visit.Managing) -> Response:
    said = looking.form.read(Ended)
    if said is not None:
        with looking.form.refusals(), looking.transaction() as connection:
            actions.revoke(connection, looking.principal, looking.actor, said.share)
    return looking.go("/settings/sharing", "The link has ended.") if looking.form.ok else shown(looking)
