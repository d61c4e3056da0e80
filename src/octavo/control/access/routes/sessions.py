"""The HTTP of who I am: what a credential may, and sessions for the pages: sign in, go to another organization, sign out, set a password."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from octavo.control.access import actions
from octavo.control.tenancy import actions as tenancy
from octavo.errors import Forbidden
from octavo.pipeline.document import Organization
from octavo.web import cookies, problems
from octavo.web.asking import Known, Server, address_of, server_of

router = APIRouter(prefix="/api", tags=["access"])

Slug = Annotated[str, Field(description="Slug of the organization.", max_length=63, pattern="^[a-z0-9][a-z0-9-]*$")]


class Place(BaseModel):
    """An organization, as who belongs to it sees it."""

    model_config = ConfigDict(from_attributes=True)

    slug: str = Field(description="Its short name.")
    name: str = Field(description="What people read.")


class Me(BaseModel):
    """Who asks, and what they may now."""

    user_id: int = Field(description="The person's id.")
    name: str = Field(description="The person's e-mail address, or the key's name.")
    role: Literal["viewer", "member", "admin"] = Field(description="The role in this organization.")
    permissions: list[str] = Field(description="What the role, the membership and the scopes of the credential allow together.")
    credential: Literal["key", "session", "token"] = Field(description="What was shown: an API key, a session, or a token of the host.")
    projects: list[int] = Field(description="Ids of the projects that the person was let into.")
    organization: Place = Field(description="The organization that the credential is for.")


class SigningIn(BaseModel):
    """Who signs in."""

    model_config = ConfigDict(extra="forbid", strict=True)

    email: str = Field(description="E-mail address.", min_length=3, max_length=254)
    password: SecretStr = Field(description="Password.", min_length=1, max_length=1000)
    organization: Slug | None = Field(None, description="Slug of the organization; needed by who belongs to several.")


class Elsewhere(BaseModel):
    """Where to go on."""

    model_config = ConfigDict(extra="forbid", strict=True)

    organization: Slug


class Passwords(BaseModel):
    """A new password, and the one that holds."""

    model_config = ConfigDict(extra="forbid", strict=True)

    current: SecretStr = Field(description="The password that holds.", min_length=1, max_length=1000)
    new: SecretStr = Field(description="The new one.", min_length=12, max_length=1000)


class Begun(BaseModel):
    """A session."""

    csrf_token: str = Field(description=f"Goes as {cookies.CSRF_HEADER} with every request that changes something.")
    organization: Place = Field(description="The organization that the session is for.")
    organizations: list[Place] = Field(description="All that the person belongs to.")


@router.get("/me", summary="Who I am and what I may", responses=problems.documented(401))
def me(asking: Known) -> Me:
    principal = asking.principal
    assert principal.user_id is not None
    with asking.transaction() as connection:
        projects = sorted(tenancy.projects_of(connection, principal.user_id))
    return Me(
        user_id=principal.user_id, name=principal.name, role=principal.role, permissions=sorted(principal.permissions), projects=projects,
        credential="key" if principal.key_id is not None else "session" if principal.session_id is not None else "token",
        organization=Place.model_validate(principal.organization),
    )  # fmt: skip


@router.post("/session", status_code=201, summary="Sign in", responses=problems.documented(401, 409, 422, 429))
def sign_in(request: Request, response: Response, asked: SigningIn, server: Annotated[Server, Depends(server_of)]) -> Begun:
    """Sets a cookie that no script can read. Whether the address or the password is wrong is not told, and guessing is slowed."""
    begun = actions.sign_in(
        server.database, asked.email, asked.password.get_secret_value(), address=address_of(request), hours=server.settings.session_hours,
        slug=asked.organization,
    )  # fmt: skip
    cookies.give(request, response, begun)
    return _shown(server, begun.cookie, begun.organization, begun.user_id)


@router.get("/session", summary="My session", responses=problems.documented(401, 403))
def session(request: Request, asking: Known) -> Begun:
    """Gives the token that goes with every request that changes something."""
    cookie = cookies.read(request)
    if asking.principal.session_id is None or asking.principal.user_id is None or cookie is None:
        raise Forbidden("This is for who signed in with a password; a key or a token has no session. See GET /api/me")
    return _shown(asking.server, cookie, asking.principal.organization, asking.principal.user_id)


@router.put("/session/organization", summary="Go on in another organization", responses=problems.documented(401, 403, 404, 422))
def switch(request: Request, response: Response, asking: Known, asked: Elsewhere) -> Begun:
    begun = actions.switch(asking.server.database, asking.principal, asked.organization, address=address_of(request))
    cookies.give(request, response, begun)
    return _shown(asking.server, begun.cookie, begun.organization, begun.user_id)


@router.put(
    "/session/password", status_code=204, summary="Set my password, and end all my sessions",
    responses=problems.documented(401, 403, 422, 429),
)  # fmt: skip
def change_password(request: Request, response: Response, asking: Known, asked: Passwords) -> None:
    actions.change_password(
        asking.server.database, asking.principal, asked.current.get_secret_value(), asked.new.get_secret_value(),
        address=address_of(request),
    )  # fmt: skip
    cookies.take(request, response)


@router.delete("/session", status_code=204, summary="Sign out", responses=problems.documented(401, 403))
def sign_out(request: Request, response: Response, asking: Known) -> None:
    """Ends the session; of a key or a token nothing ends."""
    actions.sign_out(asking.server.database, asking.principal, address=address_of(request))
    cookies.take(request, response)


def _shown(server: Server, cookie: str, organization: Organization, user_id: int) -> Begun:
    return Begun(
        csrf_token=actions.csrf_token(cookie),
        organization=Place.model_validate(organization),
        organizations=[Place.model_validate(one) for one in actions.organizations_of(server.database, user_id)],
    )
