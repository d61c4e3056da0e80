"""What is done with organizations and their projects: create one, find one, list them, remove one."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from octavo.control import events
from octavo.database.connection import Connection, Database
from octavo.errors import Conflict, NotFound, UsageError
from octavo.pipeline import branding, periods
from octavo.pipeline.document import Organization

COLUMNS = sql.SQL("o.id, o.slug, o.name, o.locale, o.time_zone, o.currency, o.branding")
"""What an Organization is made of, from octavo.organization o."""


@dataclass(frozen=True)
class Project:
    """A part of an organization."""

    id: int
    name: str
    active: bool


@dataclass(frozen=True)
class Limits:
    """How many requests an organization may make in a minute, and how many rows one of its files may hold; None: what the settings say."""

    requests_per_minute: int | None = None
    most_rows: int | None = None


def create(database: Database, slug: str, name: str, **details: Any) -> Organization:
    """Makes an organization; `details` are locale, time_zone, currency, branding, external_id. Raises UsageError when the slug is taken, or one is wrong."""
    from octavo.pipeline import locales  # only who makes an organization pays for Babel

    settings: dict[str, Any] = {"locale": "en_GB", "time_zone": "UTC", "currency": "EUR", "branding": {}, "external_id": None, **details}
    periods.zone_named(settings["time_zone"])
    locales.named(settings["locale"])
    if not name.isprintable():
        raise UsageError(f"{name!r} is no name: it holds characters that cannot be printed")
    settings["branding"] = Jsonb(branding.checked(settings["branding"]))
    try:
        with database.app() as connection:
            connection.execute(
                "insert into octavo.organization (slug, name, locale, time_zone, currency, branding, external_id) "
                "values (%(slug)s, %(name)s, %(locale)s, %(time_zone)s, %(currency)s, %(branding)s, %(external_id)s)",
                {"slug": slug, "name": name, **settings},
            )
    except psycopg.errors.UniqueViolation as error:
        taken = f"of the external id {settings['external_id']!r}" if "external_id" in (error.diag.constraint_name or "") else repr(slug)
        raise UsageError(f"There is an organization {taken} already") from error
    except psycopg.errors.CheckViolation as error:
        raise UsageError(
            f"{slug!r} is no slug (lower-case letters, digits and -), or the name is empty, or the currency no ISO code"
        ) from error
    return find(database, slug)


def find(database: Database, slug: str) -> Organization:
    """The organization of that slug. Raises NotFound naming those that are there."""
    every = {organization.slug: organization for organization in list_all(database)}
    if slug not in every:
        known = f"there are: {', '.join(every)}" if every else "there are none yet; octavo demo or octavo load makes one"
        raise NotFound(f"There is no organization {slug!r}; {known}")
    return every[slug]


def find_or_create(database: Database, slug: str, name: str) -> tuple[Organization, bool]:
    """The organization of that slug, and whether it was made just now. Of two who ask at once, one makes it. Raises UsageError."""
    with suppress(NotFound):
        return find(database, slug), False
    try:
        return create(database, slug, name), True
    except UsageError:
        with suppress(NotFound):
            return find(database, slug), False
        raise


def named_by_host(connection: Connection, name: str) -> Organization | None:
    """The organization that a host application calls so: by its external id, or by its slug where it has none."""
    with connection.cursor(row_factory=class_row(Organization)) as cursor:
        return cursor.execute(
            sql.SQL(
                "select {} from octavo.organization o where o.external_id = %(name)s or o.external_id is null and o.slug = %(name)s "
                "order by o.external_id nulls last limit 1"
            ).format(COLUMNS),
            {"name": name},
        ).fetchone()


def remove(database: Database, organization: Organization) -> None:
    """Removes an organization that nothing belongs to yet. Raises UsageError when something does."""
    try:
        with database.app() as connection:
            connection.execute("delete from octavo.organization where id = %s", [organization.id])
    except psycopg.errors.ForeignKeyViolation as error:
        raise UsageError(f"The organization {organization.slug!r} is not empty, so it stays") from error


def list_all(database: Database) -> list[Organization]:
    """Every organization, by slug."""
    with database.app() as connection, connection.cursor(row_factory=class_row(Organization)) as cursor:
        return cursor.execute(sql.SQL("select {} from octavo.organization o order by o.slug").format(COLUMNS)).fetchall()


def organization_of(columns: Mapping[str, Any]) -> Organization:
    """The Organization in a row that holds its COLUMNS, among others."""
    return Organization(*(columns[name] for name in ("id", "slug", "name", "locale", "time_zone", "currency", "branding")))


def limits(connection: Connection) -> Limits:
    """The limits that the transaction's organization has of its own."""
    with connection.cursor(row_factory=class_row(Limits)) as cursor:
        found = cursor.execute(
            "select requests_per_minute, most_rows from octavo.organization where id = octavo.current_organization()"
        ).fetchone()
    return found or Limits()


def set_limits(connection: Connection, actor: events.Actor, said: Limits) -> Limits:
    """Gives the transaction's organization limits of its own. It is for who runs the server."""
    connection.execute(
        "update octavo.organization set requests_per_minute = %(requests_per_minute)s, most_rows = %(most_rows)s "
        "where id = octavo.current_organization()",
        asdict(said),
    )
    events.record(connection, actor, "organization.limited", subject="organization", detail=asdict(said))
    return said


def current(connection: Connection) -> Organization:
    """The organization that the transaction works for. Raises NotFound when it names none."""
    with connection.cursor(row_factory=class_row(Organization)) as cursor:
        found = cursor.execute(
            sql.SQL("select {} from octavo.organization o where o.id = octavo.current_organization()").format(COLUMNS)
        ).fetchone()
    if found is None:
        raise NotFound("The transaction names no organization that is there")
    return found


def change(connection: Connection, actor: events.Actor, **said: Any) -> Organization:
    """Has the transaction's organization be called or written otherwise: name, locale, time_zone, currency, branding. Raises UsageError."""
    from octavo.pipeline import locales

    before = current(connection)
    now = replace(before, **said)
    periods.zone_named(now.time_zone)
    locales.named(now.locale)
    if not now.name.strip() or not now.name.isprintable():
        raise UsageError("An organization needs a name, of characters that can be printed; nothing was changed")
    changed = {field: getattr(now, field) for field in said if getattr(now, field) != getattr(before, field)}
    if changed:
        connection.execute(
            "update octavo.organization set name = %s, locale = %s, time_zone = %s, currency = %s, branding = %s where id = %s",
            [now.name, now.locale, now.time_zone, now.currency, Jsonb(dict(now.branding)), now.id],
        )
        if "branding" in changed:
            changed["branding"] = branding.told(changed["branding"])
        events.record(connection, actor, "organization.changed", subject="organization", subject_id=now.id, detail=changed)
    return now


def create_project(connection: Connection, actor: events.Actor, name: str) -> Project:
    """Makes a project in the transaction's organization. Raises UsageError, Conflict when the name is taken."""
    if not name.strip() or not name.isprintable():
        raise UsageError("A project needs a name, of characters that can be printed; nothing was made")
    with connection.cursor(row_factory=class_row(Project)) as cursor:
        made = cursor.execute(
            "insert into octavo.project (name) values (%s) on conflict do nothing returning id, name, active", [name]
        ).fetchone()
    if made is None:
        raise Conflict(f"There is a project {name!r} already; take another name")
    events.record(connection, actor, "project.created", subject="project", subject_id=made.id, detail={"name": name})
    return made


def projects(connection: Connection) -> list[Project]:
    """The projects of the transaction's organization, by name."""
    with connection.cursor(row_factory=class_row(Project)) as cursor:
        return cursor.execute("select id, name, active from octavo.project order by name").fetchall()


def find_project(connection: Connection, project_id: int) -> Project:
    """The project of that id. Raises NotFound."""
    with connection.cursor(row_factory=class_row(Project)) as cursor:
        found = cursor.execute("select id, name, active from octavo.project where id = %s", [project_id]).fetchone()
    if found is None:
        raise NotFound(f"There is no project {project_id}")
    return found


def let_into_project(connection: Connection, actor: events.Actor, project_id: int, user_id: int) -> None:
    """Lets a member of the organization see what belongs to a project; twice is the same. Raises NotFound when either is not there."""
    try:
        with connection.transaction():
            joined = connection.execute(
                "insert into octavo.project_member (project_id, user_id) values (%s, %s) on conflict do nothing", [project_id, user_id]
            ).rowcount
    except psycopg.errors.ForeignKeyViolation as error:
        raise NotFound(f"There is no project {project_id}, or no member {user_id}") from error
    if joined:
        events.record(connection, actor, "project.joined", subject="project", subject_id=project_id, detail={"user_id": user_id})


def put_out_of_project(connection: Connection, actor: events.Actor, project_id: int, user_id: int) -> None:
    """Lets somebody see it no longer. Raises NotFound when they are not in it."""
    statement = "delete from octavo.project_member where project_id = %s and user_id = %s"
    if not connection.execute(statement, [project_id, user_id]).rowcount:
        raise NotFound(f"There is no project {project_id}, or no member {user_id} in it")
    events.record(connection, actor, "project.left", subject="project", subject_id=project_id, detail={"user_id": user_id})


def people_of(connection: Connection, project_id: int) -> list[int]:
    """The ids of the members who were let into a project. Raises NotFound."""
    find_project(connection, project_id)
    rows = connection.execute("select user_id from octavo.project_member where project_id = %s order by user_id", [project_id])
    return [int(str(row[0])) for row in rows]


def projects_of(connection: Connection, user_id: int) -> frozenset[int]:
    """The ids of the projects that a member was let into."""
    rows = connection.execute("select project_id from octavo.project_member where user_id = %s", [user_id])
    return frozenset(int(str(row[0])) for row in rows)
