"""The pages of keeping: how long what stays, what would go by that, and legal hold on everything."""

from fastapi.responses import Response
from pydantic import BaseModel, Field

from octavo.control.retention import actions, rules
from octavo.control.retention.actions import Going
from octavo.control.retention.rules import Kept
from octavo.web.pages import visit
from octavo.web.pages.routing import Router
from octavo.web.pages.visit import Visit

router = Router()


class Said(BaseModel):
    """How long what is kept, as the form says it."""

    export_days: int = Field(ge=1, le=36600)
    report_days: int = Field(ge=1, le=36600)
    archive_exports: bool
    archive_reports: bool
    archive_years: int = Field(ge=1, le=100)
    row_days: int = Field(ge=1, le=36600)


class Reason(BaseModel):
    """Why."""

    reason: str = Field(min_length=1, max_length=2000)


@router.page("/settings/retention")
def shown(looking: visit.Managing) -> Response:
    return _shown(looking)


@router.form("/settings/retention")
def change(looking: visit.Managing) -> Response:
    """`step` says which: look tells what would go and changes nothing; anything else keeps it so."""
    said, going = looking.form.read(Said), None
    if said is not None:
        kept = Kept(**said.model_dump())
        with looking.form.refusals(), looking.transaction() as connection:
            if looking.form.text("step") == "look":
                going = actions.preview(connection, kept)
            else:
                actions.change(connection, looking.actor, kept)
    if said is None or not looking.form.ok or going is not None:
        return _shown(looking, going)
    return looking.go("/settings/retention", "Saved. It holds for what is there already, too.")


@router.form("/settings/retention/hold")
def hold(looking: visit.Managing) -> Response:
    why = looking.form.read(Reason)
    if why is not None:
        with looking.form.refusals(), looking.transaction() as connection:
            actions.hold_all(connection, looking.actor, why.reason)
    return (
        looking.go("/settings/retention", "Everything is on legal hold. Nothing goes until it is lifted.")
        if looking.form.ok
        else _shown(looking)
    )


@router.form("/settings/retention/release")
def release(looking: visit.Managing) -> Response:
    why = looking.form.read(Reason)
    if why is not None:
        with looking.form.refusals(), looking.transaction() as connection:
            actions.release_all(connection, looking.actor, why.reason)
    return (
        looking.go("/settings/retention", "The hold is lifted. What is due goes at the next round.") if looking.form.ok else _shown(looking)
    )


def _shown(looking: Visit, going: Going | None = None) -> Response:
    with looking.transaction() as connection:
        now = actions.find(connection)
        next_round = actions.going(connection)
    if not looking.form.text("export_days"):  # it was not this form that was sent
        looking.form.fill({name: getattr(now, name) for name in rules.PERIODS})
    return looking.page("retention/retention.html", title="Retention", now=now, going=going, next_round=next_round)
