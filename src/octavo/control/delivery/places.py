"""The places outside that an organization has named: folders of buckets, drives and servers, with the secrets that open them.

A secret goes in and never comes out: it is sealed with a key that the database does not have, opened only to open the place, and shown to nobody.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from octavo import network
from octavo.control import events
from octavo.control.delivery.door import Door, Secrets, Where, taken_apart
from octavo.control.delivery.doors import DOORS, KINDS
from octavo.database.connection import Connection
from octavo.errors import Conflict, NotFound, UsageError
from octavo.settings import Settings
from octavo.vault import Vault

_LONGEST = {"option": 500, "secret": 20_000}


@dataclass(frozen=True)
class Place:
    """A place, without its secrets."""

    id: int
    name: str
    url: str
    options: dict[str, Any]
    secret_names: list[str]
    active: bool
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True)
class Content:
    """What is said of a place. Secrets that are not said again stay as they are, where the place stays the same."""

    name: str
    url: str
    options: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    active: bool = True


_COLUMNS = sql.SQL(", ").join(sql.Identifier(one.name) for one in fields(Place))


def find(connection: Connection, place_id: int) -> Place:
    """The place of that number. Raises NotFound."""
    with connection.cursor(row_factory=class_row(Place)) as cursor:
        found = cursor.execute(sql.SQL("select {} from octavo.place where id = %s").format(_COLUMNS), [place_id]).fetchone()
    if found is None:
        raise NotFound(f"There is no place {place_id}")
    return found


def list_(connection: Connection) -> list[Place]:
    """All places of the organization, by name."""
    with connection.cursor(row_factory=class_row(Place)) as cursor:
        return cursor.execute(sql.SQL("select {} from octavo.place order by name, id").format(_COLUMNS)).fetchall()


def create(connection: Connection, actor: events.Actor, content: Content, vault: Vault) -> Place:
    """Names a place. Raises UsageError, Conflict when the name is taken."""
    _check(content, set(content.secrets))
    with _name_free(content.name):
        row = connection.execute(
            "insert into octavo.place (name, url, options, active, created_by) values (%s, %s, %s, %s, %s) returning id",
            [content.name, content.url, Jsonb(dict(content.options)), content.active, actor.user_id],
        ).fetchone()
    assert row is not None
    place_id = int(str(row[0]))
    _seal(connection, place_id, content.secrets, vault)
    return _told(connection, actor, "place.created", place_id)


def change(connection: Connection, actor: events.Actor, place_id: int, content: Content, vault: Vault) -> Place:
    """Says anew what a place is. Its secrets are said again when it is another server, folder or user: nobody sends them elsewhere. Raises as `create`, NotFound."""
    before = find(connection, place_id)
    same = (before.url, before.options) == (content.url, dict(content.options))
    if not same and before.secret_names and not content.secrets:
        raise UsageError(
            "Where the url or an option changes, the secrets are given again, so that they go to nobody they were not meant for"
        )
    _check(content, set(content.secrets or before.secret_names))
    with _name_free(content.name):
        connection.execute(
            "update octavo.place set name = %s, url = %s, options = %s, active = %s, updated_at = now() where id = %s",
            [content.name, content.url, Jsonb(dict(content.options)), content.active, place_id],
        )
    if content.secrets:
        _seal(connection, place_id, content.secrets, vault)
    return _told(connection, actor, "place.changed", place_id)


def deactivate(connection: Connection, actor: events.Actor, place_id: int) -> Place:
    """Puts a place out of use and forgets its secrets; what was put there stays there. Raises NotFound."""
    find(connection, place_id)
    connection.execute(
        "update octavo.place set active = false, secrets = null, secret_names = '{}', updated_at = now() where id = %s", [place_id]
    )
    return _told(connection, actor, "place.deactivated", place_id)


def where(connection: Connection, place: Place, vault: Vault, settings: Settings) -> Where:
    """The place with its secrets, to be opened. Raises OtherSecret when they were sealed elsewhere."""
    row = connection.execute("select secrets, organization_id from octavo.place where id = %s", [place.id]).fetchone()
    sealed, organization_id = row if row else (None, 0)
    opened = json.loads(vault.open(bytes(sealed), _about(int(str(organization_id)), place.id))) if isinstance(sealed, bytes) else {}
    scheme, host, port, user, folder = taken_apart(place.url, KINDS)
    return Where(
        scheme, host, port, user, folder, {name: str(value) for name, value in place.options.items()}, Secrets(opened),
        network.networks(settings.place_networks, "OCTAVO_PLACE_NETWORKS"), settings.mail_timeout_seconds,
    )  # fmt: skip


@contextmanager
def opened(place: Where) -> Iterator[Door]:
    """The place, open. Raises Shut, Refusing."""
    door = DOORS[place.scheme](place)
    try:
        yield door
    finally:
        door.close()


def _check(content: Content, secrets: set[str]) -> None:
    """Refuses at once whatever could never be opened."""
    if not content.name.strip() or len(content.name) > 100 or not content.name.isprintable():
        raise UsageError("A place has a name of at most 100 characters that can be printed")
    kind = KINDS[taken_apart(content.url, KINDS)[0]]
    for said, known, what in ((content.options, kind.options, "option"), (content.secrets, kind.secrets, "secret")):
        if unknown := set(said) - set(known):
            raise UsageError(f"{kind.title} takes no {what} {min(unknown)!r}; it takes: {', '.join(known) or 'none'}")
        for name, value in said.items():
            if not isinstance(value, str) or not value or len(value) > _LONGEST[what] or "\0" in value:
                raise UsageError(f"The {what} {name} is a text of 1 to {_LONGEST[what]:,} characters")
    for needed in kind.needed if content.active else ():
        if not set(needed.split("|")) & secrets:
            raise UsageError(f"{kind.title} needs the secret {needed.replace('|', ' or ')}")


def _seal(connection: Connection, place_id: int, secrets: Mapping[str, str], vault: Vault) -> None:
    row = connection.execute("select octavo.current_organization()").fetchone()
    assert row is not None
    sealed = vault.seal(json.dumps(dict(secrets)), _about(int(str(row[0])), place_id))
    connection.execute("update octavo.place set secrets = %s, secret_names = %s where id = %s", [sealed, sorted(secrets), place_id])


def _about(organization_id: int, place_id: int) -> str:
    return f"secrets of place {place_id} of organization {organization_id}"


@contextmanager
def _name_free(name: str) -> Iterator[None]:
    try:
        yield
    except psycopg.errors.UniqueViolation as error:
        raise Conflict(f"There is a place {name!r} already; take another name") from error


def _told(connection: Connection, actor: events.Actor, action: str, place_id: int) -> Place:
    place = find(connection, place_id)
    detail = {"name": place.name, "url": place.url, "options": place.options, "secret_names": place.secret_names, "active": place.active}
    events.record(connection, actor, action, subject="place", subject_id=place_id, detail=detail)
    return place
