"""What is done with shares: make one, list, look, revoke; say whether the organization shares at all. The only file of this folder that others import."""

from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, cast

from psycopg import sql
from psycopg.rows import class_row

from octavo.control import events
from octavo.control.access import actions as access
from octavo.control.access.actions import Principal
from octavo.control.runs import actions as runs
from octavo.control.runs import rules as runs_rules
from octavo.database.connection import Connection
from octavo.errors import Forbidden, NotFound, UsageError

MANAGE = "reports.manage"


@dataclass(frozen=True)
class Share:
    """A share as it stands. Neither its token nor its password is in it."""

    id: int
    run_id: int
    note: str
    has_password: bool
    expires_at: datetime
    most_downloads: int | None
    downloads: int
    last_used_at: datetime | None
    revoked_at: datetime | None
    revoked_by_name: str
    created_by: int
    created_by_name: str
    created_at: datetime
    live: bool
    """Whether it is neither revoked, nor over, nor used up. Whether it leads anywhere its run and its maker's rights decide too."""


@dataclass(frozen=True)
class Use:
    """One use of a share, or an attempt with a wrong password, as the audit list has it."""

    at: datetime
    action: str
    address: str | None


@dataclass(frozen=True)
class Setting:
    """Whether and how an organization shares."""

    enabled: bool = True
    most_days: int = 90
    needs_password: bool = False


_LIVE = sql.SQL("(s.revoked_at is null and s.expires_at > now() and coalesce(s.downloads < s.most_downloads, true))")
_COMPUTED = {"has_password": sql.SQL("s.password_hash is not null"), "live": _LIVE}
_COLUMNS = sql.SQL(", ").join(
    sql.SQL("{} as {}").format(_COMPUTED.get(field.name, sql.Identifier("s", field.name)), sql.Identifier(field.name))
    for field in fields(Share)
)
_SEEN = sql.SQL(
    "octavo.share s join octavo.generated_report r on r.organization_id = s.organization_id and r.id = s.run_id "
    "where (r.source <> 'export' or r.requested_by = %(user_id)s or %(approves)s)"
)


def setting(connection: Connection) -> Setting:
    """Whether the transaction's organization shares."""
    with connection.cursor(row_factory=class_row(Setting)) as cursor:
        found = cursor.execute(
            "select enabled, most_days, needs_password from octavo.sharing_setting where organization_id = octavo.current_organization()"
        ).fetchone()
    return found or Setting()


def set_setting(connection: Connection, actor: events.Actor, said: Setting) -> Setting:
    """Says whether the organization shares. Where it does not, no link leads anywhere until it does again."""
    if not 1 <= said.most_days <= 366:
        raise UsageError("A link lasts 1 to 366 days; nothing was changed")
    connection.execute(
        "insert into octavo.sharing_setting (enabled, most_days, needs_password) values (%(enabled)s, %(most_days)s, %(needs_password)s) "
        "on conflict (organization_id) do update set enabled = excluded.enabled, most_days = excluded.most_days, needs_password = excluded.needs_password",
        asdict(said),
    )
    events.record(connection, actor, "sharing.set", subject="sharing", detail=asdict(said))
    return said


def create(
    connection: Connection, principal: Principal, actor: events.Actor, run_id: int, *, days: int, password: str | None = None,
    most_downloads: int | None = None, note: str = "",
) -> tuple[Share, str]:  # fmt: skip
    """Makes a link to the file of a run; gives it with its token, which is shown this once.

    Raises NotFound, Forbidden, UsageError; Conflict and Gone for a run without a file.
    """
    holds = setting(connection)
    if not holds.enabled:
        raise Forbidden("This organization shares no files by links; an administrator can allow it (PUT /api/reports/shares/settings)")
    if not 1 <= days <= holds.most_days:
        raise UsageError(f"A link of this organization lasts 1 to {holds.most_days} days; nothing was shared")
    if password is None and holds.needs_password:
        raise UsageError("In this organization a link has a password; give one, and tell it by another way than the link")
    if password is not None:
        access.check_password(password)
    if len(note) > 200 or not note.isprintable():
        raise UsageError("The note is one line of at most 200 characters that can be printed; nothing was shared")
    run = runs.find(connection, run_id)
    require(principal, run)
    if principal.user_id is None:
        raise Forbidden("A link is made by a person, whose rights it then depends on")
    token = access.new_token(run.organization_id)
    with connection.cursor(row_factory=class_row(Share)) as cursor:
        made = cursor.execute(
            sql.SQL(
                "insert into octavo.share as s (run_id, token_hash, password_hash, note, expires_at, most_downloads, created_by, created_by_name) "
                "values (%s, %s, %s, %s, now() + make_interval(days => %s), %s, %s, %s) returning {}"
            ).format(_COLUMNS),
            [
                run_id, access.read_token(token).secret_hash, password and access.passwords.HASHER.hash(password), note.strip(), days,
                most_downloads, principal.user_id, actor.name,
            ],
        ).fetchone()  # fmt: skip
    assert made is not None
    events.record(
        connection, actor, "share.created", subject="share", subject_id=made.id,
        detail={"run_id": run_id, "days": days, "most_downloads": most_downloads, "has_password": made.has_password, "sha256": run.sha256},
    )  # fmt: skip
    return made, token


def require(principal: Principal, run: runs.Run) -> None:
    """Raises what says why this principal may not share, or no longer share, the file of a run: asked when a link is made and at each use."""
    if not runs_rules.may_see(principal, run):
        raise NotFound(f"There is no run {run.id}")
    access.require(principal, MANAGE)
    runs_rules.require_file(run.id, run.state, archived=run.archived_at is not None, for_admin=False)
    if not run.masked:
        access.require(principal, "reports.view_pii")


def _sight(principal: Principal) -> dict[str, Any]:
    return {"user_id": principal.user_id, "approves": principal.may("reports.approve_exports")}


def find(connection: Connection, principal: Principal, share_id: int) -> Share:
    """The share of that id, for who sees its run. Raises NotFound."""
    with connection.cursor(row_factory=class_row(Share)) as cursor:
        found = cursor.execute(
            sql.SQL("select {} from {} and s.id = %(id)s").format(_COLUMNS, _SEEN), {"id": share_id, **_sight(principal)}
        ).fetchone()
    if found is None:
        raise NotFound(f"There is no share {share_id}")
    return found


def list_(
    connection: Connection, principal: Principal, *, run_id: int | None = None, live: bool | None = None, page: int = 1, page_size: int = 20
) -> tuple[list[Share], int]:
    """The shares of runs that this principal sees, the latest first, and how many there are in all."""
    where = sql.SQL("{} and (%(run_id)s::bigint is null or s.run_id = %(run_id)s) and (%(live)s::boolean is null or {} = %(live)s)").format(
        _SEEN, _LIVE
    )
    values = {"run_id": run_id, "live": live, "limit": page_size, "offset": (page - 1) * page_size, **_sight(principal)}
    counted = connection.execute(sql.SQL("select count(*) from {}").format(where), values).fetchone()
    with connection.cursor(row_factory=class_row(Share)) as cursor:
        found = cursor.execute(
            sql.SQL("select {} from {} order by s.id desc limit %(limit)s offset %(offset)s").format(_COLUMNS, where), values
        ).fetchall()
    return found, cast(int, counted[0]) if counted else 0


def revoke(connection: Connection, principal: Principal, actor: events.Actor, share_id: int) -> None:
    """Ends a link at once; a link of a download that was just begun lasts its few minutes. Twice is the same. Raises NotFound."""
    find(connection, principal, share_id)
    ended = connection.execute(
        "update octavo.share set revoked_at = now(), revoked_by_name = %s where id = %s and revoked_at is null", [actor.name, share_id]
    ).rowcount
    if ended:
        events.record(connection, actor, "share.revoked", subject="share", subject_id=share_id)


def uses(connection: Connection, principal: Principal, share_id: int, *, page: int = 1, page_size: int = 20) -> tuple[list[Use], int]:
    """The uses of a share, the latest first, and how many there are in all. Raises NotFound."""
    find(connection, principal, share_id)
    where = sql.SQL(
        "octavo.audit_entry where organization_id = octavo.current_organization() and subject = 'share' and subject_id = %(id)s "
        "and action in ('share.downloaded', 'share.refused')"
    )
    values = {"id": share_id, "limit": page_size, "offset": (page - 1) * page_size}
    counted = connection.execute(sql.SQL("select count(*) from {}").format(where), values).fetchone()
    with connection.cursor(row_factory=class_row(Use)) as cursor:
        found = cursor.execute(
            sql.SQL("select at, action, address from {} order by number desc limit %(limit)s offset %(offset)s").format(where), values
        ).fetchall()
    return found, cast(int, counted[0]) if counted else 0
