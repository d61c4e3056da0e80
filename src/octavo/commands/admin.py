"""octavo admin: what whoever runs the server does, above all organizations: make them, let people in, make and end keys."""

import getpass
import sys
from typing import Annotated

import typer

from octavo.commands import opening
from octavo.control import events
from octavo.control.access import actions as access
from octavo.control.templates import actions as templates
from octavo.control.tenancy import actions as tenancy
from octavo.errors import UsageError
from octavo.pipeline import periods
from octavo.settings import settings

app = typer.Typer(help="What only an administrator does.", no_args_is_help=True)

_ACTOR = events.Actor.system("octavo admin")

Email = Annotated[str, typer.Argument(help="E-mail address of the person.")]
Days = Annotated[int, typer.Option(help="How long a key is valid; 0 for ever.", min=0, max=3650)]


@app.command("organization")
def create_organization(
    slug: Annotated[str, typer.Argument(help="Lower-case letters, digits and -.")],
    name: Annotated[str | None, typer.Option(help="What people read.", show_default="the slug")] = None,
    locale: Annotated[str, typer.Option(help="Of numbers and dates in a PDF.")] = "en_GB",
    zone: Annotated[str, typer.Option(help="IANA time zone of its periods.")] = "UTC",
    currency: Annotated[str, typer.Option(help="ISO 4217.")] = "EUR",
    external_id: Annotated[str | None, typer.Option(help="How the host application's tokens and tables name it.")] = None,
    admin_email: Annotated[str | None, typer.Option(help="Make this person its first administrator, with an API key.")] = None,
    days: Days = 90,
) -> None:
    """Make an organization, with its first administrator and their key, and a template of each report."""
    periods.zone_named(zone)
    database, reports = opening.everything()
    made, first = access.found(
        database, _ACTOR, slug, name or slug, admin_email=admin_email, days=days or None, furnish=lambda connection: templates.seed(connection, _ACTOR, reports),
        locale=locale, time_zone=zone, currency=currency, external_id=external_id,
    )  # fmt: skip
    print(f"made {made.slug} ({made.name})")
    if first:
        print(f"{first.name} is its administrator")
        _show(first.key)


@app.command("user")
def set_user(
    email: Email,
    password: Annotated[bool, typer.Option("--password", help="Set a password: asked for, or the first line of stdin.")] = False,
    subject: Annotated[str | None, typer.Option(help="How the host application's tokens name the person.")] = None,
    active: Annotated[
        bool | None, typer.Option("--activate/--deactivate", help="Whether any credential of theirs works.", show_default=False)
    ] = None,
) -> None:
    """Make a person, or change what holds for them in every organization."""
    database, _ = opening.everything()
    word = _password() if password else None
    with database.app() as connection:
        user_id = access.person(connection, email)
    if word is not None:
        access.set_password(database, user_id, word)
    if subject is not None:
        access.set_subject(database, user_id, subject)
    if active is not None:
        access.set_active(database, user_id, active=active)
    print(f"user {user_id}  {email}")


@app.command("member")
def set_member(
    email: Email,
    role: Annotated[str | None, typer.Option(help=f"One of {', '.join(access.ROLES)}.", show_default="viewer, or as it is")] = None,
    view_pii: Annotated[
        bool | None, typer.Option("--view-pii/--no-view-pii", help="Whether personal data is shown unmasked.", show_default=False)
    ] = None,
    active: Annotated[
        bool | None, typer.Option("--activate/--deactivate", help="Whether they are let in at all.", show_default=False)
    ] = None,
    organization: opening.Slug = None,
) -> None:
    """Give a person a place in an organization, or change it. It takes effect at once."""
    database, _ = opening.everything()
    target = opening.organization(database, organization)
    with database.tenant(target.id) as connection:
        user_id = access.person(connection, email)
        member = access.set_member(connection, _ACTOR, user_id, role=role, view_pii=view_pii, active=active)
    print(
        f"{member.name} is {'' if member.active else 'an inactive '}{member.role} of {target.slug}{', sees personal data' if member.view_pii else ''}"
    )


@app.command("key")
def create_key(
    email: Email,
    name: Annotated[str, typer.Option(help="What it is for.")] = "octavo admin",
    scope: Annotated[
        list[str] | None, typer.Option(help="Narrow it to this permission; may be repeated.", show_default="all of the person's")
    ] = None,
    days: Days = 90,
    organization: opening.Slug = None,
) -> None:
    """Make an API key for a member, and print it once."""
    database, _ = opening.everything()
    target = opening.organization(database, organization)
    with database.tenant(target.id) as connection:
        user_id = access.known_person(connection, email)
        made = access.create_key(connection, _ACTOR, user_id=user_id, name=name, scopes=scope or None, days=days or None)
    _show(made)


@app.command("keys")
def list_keys(organization: opening.Slug = None) -> None:
    """List the API keys of an organization."""
    database, _ = opening.everything()
    target = opening.organization(database, organization)
    with database.tenant(target.id) as connection:
        names = {member.user_id: member.name for member in access.members(connection)}
        for key in access.keys_of(connection):
            ends = (
                f"revoked {key.revoked_at:%Y-%m-%d}"
                if key.revoked_at
                else f"until {key.expires_at:%Y-%m-%d}"
                if key.expires_at
                else "for ever"
            )
            used = f"used {key.last_used_at:%Y-%m-%d}" if key.last_used_at else "never used"
            print(f"{key.prefix}  {names[key.user_id]}  {key.name}  {' '.join(key.scopes or ['everything'])}  {ends}  {used}")


@app.command("revoke")
def revoke_key(prefix: Annotated[str, typer.Argument(help="The part of the key after oct_, as octavo admin keys lists it.")], organization: opening.Slug = None) -> None:  # fmt: skip
    """End an API key at once."""
    database, _ = opening.everything()
    target = opening.organization(database, organization)
    with database.tenant(target.id) as connection:
        found = [key for key in access.keys_of(connection) if key.prefix == prefix]
        if not found:
            raise UsageError(f"There is no key {prefix!r} in {target.slug}; octavo admin keys lists them")
        access.revoke_key(connection, _ACTOR, found[0].id)
    print(f"revoked {prefix}")


@app.command("limits")
def set_limits(
    requests_per_minute: Annotated[
        int | None, typer.Option(help="Requests in any minute; 0: what the settings say.", min=0, max=10_000_000, show_default="as it is")
    ] = None,
    most_rows: Annotated[
        int | None, typer.Option(help="Rows in one file; 0: what the settings say.", min=0, max=2**62, show_default="as it is")
    ] = None,
    organization: opening.Slug = None,
) -> None:
    """Give an organization limits of its own, and show which it has."""
    database, _ = opening.everything()
    target = opening.organization(database, organization)
    with database.tenant(target.id) as connection:
        before = tenancy.limits(connection)
        now = tenancy.Limits(
            before.requests_per_minute if requests_per_minute is None else requests_per_minute or None,
            before.most_rows if most_rows is None else most_rows or None,
        )
        if now != before:
            tenancy.set_limits(connection, _ACTOR, now)
    print(
        f"{target.slug}: {now.requests_per_minute or settings().requests_per_minute:,} requests a minute, {now.most_rows or settings().most_rows:,} rows in a file"
    )


def _show(made: access.NewKey) -> None:
    until = f"until {made.key.expires_at:%Y-%m-%d}" if made.key.expires_at else "for ever"
    print(f"API key, valid {until}, shown this once:\n{made.text}")


def _password() -> str:
    return getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
