"""The pages that say who belongs here and what they may: members, who is let into which project, and API keys."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import Path
from fastapi.responses import Response
from pydantic import BaseModel, Field

from octavo.control.access import actions
from octavo.control.access.actions import NewKey
from octavo.control.tenancy import actions as tenancy
from octavo.web.lists import PageNumber
from octavo.web.pages import visit
from octavo.web.pages.routing import Router
from octavo.web.pages.visit import Visit

router = Router()

UserId = Annotated[int, Path(ge=1, le=2**53 - 1)]
ProjectId = Annotated[int, Path(ge=1, le=2**53 - 1)]
Role = Literal["viewer", "member", "admin"]

PAGE_SIZE = 50
MAY = {
    "reports.view_reports": "See reports and their figures", "reports.export_reports": "Make reports and ask for exports",
    "reports.approve_exports": "Decide about exports of others", "reports.manage": "Manage templates, schedules and settings",
    "reports.view_pii": "See personal data unmasked", "audit.view": "Read the audit list",
}  # fmt: skip
"""What each permission lets somebody do."""
ROLES = [
    ("viewer", "Viewer: sees reports"), ("member", "Member: also makes reports and asks for exports"),
    ("admin", "Administrator: all of it, personal data too"),
]  # fmt: skip


class Added(BaseModel):
    """Who is let in."""

    email: str = Field(min_length=3, max_length=254, pattern="^[^@ ]+@[^@ ]+$")
    role: Role
    view_pii: bool


class Changed(BaseModel):
    """What a member may."""

    role: Role
    view_pii: bool


class Named(BaseModel):
    """A project that is to be."""

    name: str = Field(min_length=1, max_length=200)


class Who(BaseModel):
    """A member, chosen or meant."""

    user_id: Annotated[int, Field(ge=1, le=2**53 - 1)]


class Wanted(BaseModel):
    """A key that is asked for."""

    name: str = Field(min_length=1, max_length=200)
    days: int | None = Field(None, ge=1, le=3650)
    scopes: list[str] = Field(max_length=6)


class Ended(BaseModel):
    """A key that is to end."""

    key_id: Annotated[int, Field(ge=1, le=2**53 - 1)]


# --- members ------------------------------------------------------------------------------------------------------------


@router.page("/settings/members")
def members(looking: visit.Administering, page: PageNumber = 1) -> Response:
    with looking.transaction() as connection:
        found = actions.members(connection)
    shown = found[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    looking.form.fill({"role": "viewer"})
    return looking.page(
        "access/members.html", title="Members", members=shown, total=len(found), page=page, page_size=PAGE_SIZE, roles=ROLES,
        me=looking.principal.user_id,
    )  # fmt: skip


@router.form("/settings/members")
def add_member(looking: visit.Administering) -> Response:
    """They get no message and no credential by it."""
    said = looking.form.read(Added)
    if said is not None:
        with looking.form.refusals("email"), looking.transaction() as connection:
            actions.add_member(connection, looking.actor, said.email, role=said.role, view_pii=said.view_pii)
    return (
        looking.go("/settings/members", "They belong here now. Tell them: they get no message by it.")
        if looking.form.ok
        else members(looking)
    )


@router.page("/settings/members/{user_id}")
def member(looking: visit.Administering, user_id: UserId) -> Response:
    with looking.transaction() as connection:
        found = actions.member(connection, user_id)
        own = tenancy.projects_of(connection, user_id)
        projects = [one for one in tenancy.projects(connection) if one.id in own]
        keys = [one for one in actions.keys_of(connection, user_id=user_id) if one.revoked_at is None]
    looking.form.fill({"role": found.role, "view_pii": found.view_pii})
    return looking.page(
        "access/member.html", title=found.name, member=found, projects=projects, keys=keys, roles=ROLES, me=looking.principal.user_id
    )


@router.form("/settings/members/{user_id}")
def change_member(looking: visit.Administering, user_id: UserId) -> Response:
    said = looking.form.read(Changed)
    if said is not None:
        with looking.form.refusals(), looking.transaction() as connection:
            actions.member(connection, user_id)
            actions.set_member(connection, looking.actor, user_id, role=said.role, view_pii=said.view_pii)
    return (
        looking.go(f"/settings/members/{user_id}", "Saved. It holds from their next request on.")
        if looking.form.ok
        else member(looking, user_id)
    )


@router.form("/settings/members/{user_id}/put-out")
def put_out(looking: visit.Administering, user_id: UserId) -> Response:
    return _set_active(looking, user_id, active=False, said="They are let in no longer. Their keys and sessions here do not hold any more.")


@router.form("/settings/members/{user_id}/let-in")
def let_in(looking: visit.Administering, user_id: UserId) -> Response:
    return _set_active(looking, user_id, active=True, said="They are let in again, and so are keys of theirs that have not ended.")


def _set_active(looking: Visit, user_id: int, *, active: bool, said: str) -> Response:
    with looking.form.refusals(), looking.transaction() as connection:
        actions.member(connection, user_id)
        actions.set_member(connection, looking.actor, user_id, active=active)
    return looking.go(f"/settings/members/{user_id}", said) if looking.form.ok else member(looking, user_id)


# --- projects -----------------------------------------------------------------------------------------------------------


@router.page("/settings/projects")
def projects(looking: visit.Administering, page: PageNumber = 1) -> Response:
    with looking.transaction() as connection:
        found = tenancy.projects(connection)
    shown = found[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    return looking.page("access/projects.html", title="Projects", projects=shown, total=len(found), page=page, page_size=PAGE_SIZE)


@router.form("/settings/projects")
def create_project(looking: visit.Administering) -> Response:
    said, made = looking.form.read(Named), None
    if said is not None:
        with looking.form.refusals("name"), looking.transaction() as connection:
            made = tenancy.create_project(connection, looking.actor, said.name)
    return looking.go(f"/settings/projects/{made.id}", "The project is there. Let people in.") if made else projects(looking)


@router.page("/settings/projects/{project_id}")
def project(looking: visit.Administering, project_id: ProjectId) -> Response:
    with looking.transaction() as connection:
        found = tenancy.find_project(connection, project_id)
        inside = set(tenancy.people_of(connection, project_id))
        everybody = actions.members(connection)
    return looking.page(
        "access/project.html", title=found.name, project=found, inside=[one for one in everybody if one.user_id in inside],
        others=[(one.user_id, one.name) for one in everybody if one.user_id not in inside and one.active],
    )  # fmt: skip


@router.form("/settings/projects/{project_id}/let-in")
def let_into_project(looking: visit.Administering, project_id: ProjectId) -> Response:
    said = looking.form.read(Who)
    if said is not None:
        with looking.form.refusals("user_id"), looking.transaction() as connection:
            tenancy.let_into_project(connection, looking.actor, project_id, said.user_id)
    return (
        looking.go(f"/settings/projects/{project_id}", "They see what belongs to the project.")
        if looking.form.ok
        else project(looking, project_id)
    )


@router.form("/settings/projects/{project_id}/put-out")
def put_out_of_project(looking: visit.Administering, project_id: ProjectId) -> Response:
    said = looking.form.read(Who)
    if said is not None:
        with looking.form.refusals(), looking.transaction() as connection:
            tenancy.put_out_of_project(connection, looking.actor, project_id, said.user_id)
    return looking.go(f"/settings/projects/{project_id}", "They see it no longer.") if looking.form.ok else project(looking, project_id)


# --- keys ---------------------------------------------------------------------------------------------------------------


@router.page("/settings/keys")
def keys(looking: visit.Known, page: PageNumber = 1) -> Response:
    return _keys(looking, page)


@router.form("/settings/keys")
def create_key(looking: visit.Known) -> Response:
    """The answer shows the key, this once: there is no address at which it stands."""
    said, made = looking.form.read(Wanted), None
    if said is not None:
        with looking.form.refusals(), looking.transaction() as connection:
            scopes = None if set(said.scopes) == {name for name, _ in _offered(looking)} else said.scopes
            if not said.scopes:
                looking.form.refuse("A key that may nothing is of no use; choose what it may.", field="scopes")
            else:
                made = actions.create_own_key(connection, looking.actor, looking.principal, name=said.name, scopes=scopes, days=said.days)
    return _keys(looking, 1, made=made)


@router.form("/settings/keys/end")
def end_key(looking: visit.Known) -> Response:
    said = looking.form.read(Ended)
    if said is not None:
        with looking.form.refusals(), looking.transaction() as connection:
            actions.revoke_key(connection, looking.actor, said.key_id, user_id=_whose(looking))
    return looking.go("/settings/keys", "The key has ended. What used it is refused from now on.") if looking.form.ok else _keys(looking, 1)


def _keys(looking: Visit, page: int, *, made: NewKey | None = None) -> Response:
    with looking.transaction() as connection:
        found = actions.keys_of(connection, user_id=_whose(looking))
        names = {one.user_id: one.name for one in actions.members(connection)} if looking.administers else {}
    offered = _offered(looking)
    if made is not None:
        looking.form = type(looking.form)()  # what was typed is done
    looking.form.fill({"days": 90, "scopes": [name for name, _ in offered]})
    return looking.page(
        "access/keys.html", title="API keys", status=201 if made else None, keys=found[(page - 1) * PAGE_SIZE : page * PAGE_SIZE],
        total=len(found), page=page, page_size=PAGE_SIZE, made=made, names=names, offered=offered, words=MAY, now=datetime.now(UTC),
    )  # fmt: skip


def _offered(looking: Visit) -> list[tuple[str, str]]:
    return [(name, words) for name, words in MAY.items() if looking.may(name)]


def _whose(looking: Visit) -> int | None:
    """Whose keys are dealt with: one's own, or everybody's for who administers."""
    return None if looking.administers else looking.principal.user_id
