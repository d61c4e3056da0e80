"""Who one is in the database: every connection and every transaction of Octavo begins and ends here.

A connection works as `octavo_app`. Data is reached in a transaction that names one organization: `tenant` to write, `reader` to
read as `octavo_reader` from one snapshot. Without a name, row-level security shows nothing.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import pq, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from octavo.database import embedded, migrate
from octavo.database.pool import Pool
from octavo.errors import DatabaseError, UsageError
from octavo.settings import Settings

OLDEST_SERVER = 150000

_LONGEST_SILENCE = "60s"
"""How long a transaction that writes may say nothing: one whose process was frozen or cut off must not hold its locks against everybody else."""
_NOTICED = {"keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 30_000}
"""How a connection over TCP whose other side vanished is noticed: within half a minute, where the system would take two hours."""
_SHORT = {"max_parallel_workers_per_gather": "0"}
"""For queries that many ask at once: helpers take longer to begin than such a query takes."""

Connection = psycopg.Connection[tuple[object, ...]]


@dataclass(frozen=True)
class Database:
    """A PostgreSQL that was found fit to work in: new enough, migrated, and unable to bypass row-level security."""

    conninfo: str
    statement_timeout_seconds: float = 3600
    application_name: str = "octavo"
    """What its sessions are called in pg_stat_activity."""
    pool: Pool | None = field(default=None, repr=False, compare=False)
    """Whose connections are used for all but snapshots; without one each is opened when it is needed."""
    readers: Pool | None = field(default=None, repr=False, compare=False)
    """The same for snapshots, so that what reads for long never keeps a request from being let in."""

    @property
    def _statement_timeout(self) -> str:
        """In the milliseconds that PostgreSQL takes: 0 would mean none, and 24 days are the most."""
        return str(min(max(round(self.statement_timeout_seconds * 1000), 1), 2**31 - 1))

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A connection as octavo_app, not yet in a transaction. Raises DatabaseError."""
        with self._taken(self.pool) as connection:
            yield connection

    def _taken(self, pool: Pool | None) -> AbstractContextManager[Connection]:
        return pool.connection() if pool is not None else login(self.conninfo, role="octavo_app", name=self.application_name)

    @contextmanager
    def pooled(self, size: int, *, wait_seconds: float) -> Iterator["Database"]:
        """The same database with at most `size` connections that are used again, and as many for snapshots, until the block is left."""
        conninfo = _as_role(self.conninfo, "octavo_app", self.application_name)
        pool, readers = (Pool(conninfo, place(self.conninfo), size=size, wait_seconds=wait_seconds) for _ in range(2))
        pool.open()
        readers.open()
        try:
            yield replace(self, pool=pool, readers=readers)
        finally:
            readers.close()
            pool.close()

    def address(self, schema: str) -> str:
        """A connection string as octavo_app, at home in `schema`, for a library that connects by itself."""
        given = conninfo_to_dict(self.conninfo).get("options") or ""
        return make_conninfo(
            self.conninfo, application_name=self.application_name, options=f"{given} -c role=octavo_app -c search_path={schema}".strip()
        )

    def end_sessions(self, name: str) -> int:
        """Ends the sessions of that application name, with whatever they run; gives how many there were. Raises DatabaseError."""
        with login(self.conninfo) as connection:
            return connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where application_name = %s and datname = current_database() and usename = current_user and pid <> pg_backend_pid()",
                [name],
            ).rowcount

    @contextmanager
    def app(self) -> Iterator[Connection]:
        """A transaction for what belongs to no one organization: finding and making organizations."""
        with self.connect() as connection, connection.transaction():
            yield connection

    @contextmanager
    def tenant(self, organization_id: int, *, zone: str = "UTC") -> Iterator[Connection]:
        """A transaction that reads and writes the rows of one organization. Commits at the end, or not at all."""
        with self.connect() as connection, connection.transaction():
            _name_tenant(connection, organization_id, zone, {"idle_in_transaction_session_timeout": _LONGEST_SILENCE})
            yield connection

    @contextmanager
    def reader(self, organization_id: int, *, zone: str, as_of: datetime | None = None, short: bool = False) -> Iterator[Connection]:
        """One snapshot of one organization's rows, as octavo_reader: REPEATABLE READ, READ ONLY, never committed. octavo.today() is the day of `as_of`.

        When the block is left by an exception (Ctrl-C too), the query that still runs in the server is cancelled. `short` is for what many
        ask at once and is answered at once.
        """
        settings = {
            "statement_timeout": self._statement_timeout, "idle_in_transaction_session_timeout": "0",
            "work_mem": "64MB",  # reports sort; the default of 4 MB spills to disk
            "jit": "off",  # a report is many expressions over few rows: compiling them took half a second where running them took a twentieth
        }  # fmt: skip
        with self._taken(self.readers) as connection:
            try:
                connection.execute("begin isolation level repeatable read read only")
                more = {
                    "octavo.as_of": as_of.isoformat() if as_of else "",
                    **settings,
                    **(_SHORT if short else {}),
                    "role": "octavo_reader",
                }
                _name_tenant(connection, organization_id, zone, more)
                yield connection
                named = connection.execute("select current_setting('octavo.organization_id', true), current_user").fetchone()
                if named != (str(organization_id), "octavo_reader"):
                    connection.close()  # nobody gets it again
                    raise DatabaseError("A query of the report changed who it reads as; the run was thrown away")
                connection.execute("rollback")
            except BaseException:
                _end(connection)
                raise


def _name_tenant(connection: Connection, organization_id: int, zone: str, more: Mapping[str, str]) -> None:
    """Says for whom the transaction is and how it goes on, all in one question; a role comes last, because it may be allowed less."""
    settings = {
        "octavo.organization_id": str(organization_id), "timezone": zone, "datestyle": "ISO, YMD", "intervalstyle": "iso_8601",
        "extra_float_digits": "1", "bytea_output": "hex", **more,
    }  # fmt: skip
    call = sql.SQL("set_config(%s, %s, true)")
    try:
        connection.execute(
            sql.SQL("select {}").format(sql.SQL(", ").join([call] * len(settings))), [text for pair in settings.items() for text in pair]
        )
    except psycopg.errors.InvalidParameterValue as error:
        raise UsageError(f"{zone!r} is no time zone that the database knows; use an IANA name such as Europe/Berlin or UTC") from error


def _end(connection: Connection) -> None:
    """Ends a snapshot that was left by an exception: between two queries it is rolled back, in the middle of one that is cancelled."""
    if connection.info.transaction_status in (pq.TransactionStatus.INTRANS, pq.TransactionStatus.INERROR):
        with suppress(psycopg.Error):  # the server is gone: there is nothing left to end
            connection.execute("rollback")
            return
    _cancel(connection)


def _cancel(connection: Connection) -> None:
    try:
        connection.cancel_safe(timeout=5)
    except psycopg.Error:
        connection.close()  # the server is gone: there is nothing left to cancel
    connection.close()


@contextmanager
def login(conninfo: str, *, role: str | None = None, name: str = "octavo") -> Iterator[Connection]:
    """A connection as the login itself, or as `role`; `name` is its application_name. Raises DatabaseError when there is none to be had."""
    try:
        connection = psycopg.connect(_as_role(conninfo, role, name), autocommit=True)
    except psycopg.OperationalError as error:
        raise DatabaseError(f"The database at {place(conninfo)} cannot be used: {_reason(error)}") from error
    with connection:
        yield connection


def _as_role(conninfo: str, role: str | None, name: str) -> str:
    given = conninfo_to_dict(conninfo).get("options") or ""
    options = {"options": f"{given} -c role={role}".strip()} if role else {}
    return make_conninfo(conninfo, application_name=name, client_encoding="UTF8", **options)


def place(conninfo: str) -> str:
    """Where a database is, fit to be shown: without password and user."""
    parts = conninfo_to_dict(conninfo)
    return f"{parts.get('host') or 'localhost'}:{parts.get('port') or 5432}/{parts.get('dbname') or ''}"


def _reason(error: psycopg.Error) -> str:
    text = " ".join(str(error).split())
    return text.split("FATAL:")[-1].strip() if "FATAL:" in text else text


def open_database(settings: Settings, pack_migrations: tuple[Path, ...] = ()) -> Database:
    """The database of these settings, checked. The embedded one is started and migrated; any other must have been migrated.

    `pack_migrations` are the folders of the packs' own migrations.

    Raises DatabaseError when it cannot be reached, is too old, or its login would see past row-level security.
    """
    conninfo = address(settings)
    pending = lacking(conninfo, pack_migrations)
    if pending and settings.database_url is None:
        migrate.apply(conninfo, migrate.sources(pack_migrations))
    elif pending:
        raise DatabaseError(f"The database at {place(conninfo)} lacks {len(pending)} migrations; run: octavo migrate")
    return Database(conninfo, settings.statement_timeout_seconds)


def lacking(conninfo: str, pack_migrations: tuple[Path, ...] = ()) -> list[str]:
    """Checks the database and gives the ids of the migrations that it lacks. Raises DatabaseError."""
    with login(conninfo) as connection:
        check(connection)
        try:
            if migrate.was_begun(connection):
                _act_as_app(connection)
            return migrate.pending(connection, migrate.sources(pack_migrations))
        except psycopg.Error as error:
            raise DatabaseError(f"The database at {place(conninfo)} cannot be used: {_reason(error)}") from error


def _act_as_app(connection: Connection) -> None:
    for role in ("octavo_app", "octavo_reader"):
        if not migrate.may_become(connection, role):
            raise DatabaseError(
                f"The login may not act as {role}; let an administrator run: grant {', '.join(migrate.ROLES)} to {connection.info.user}"
            )
    connection.execute("set role octavo_app")


def address(settings: Settings) -> str:
    """The connection string for these settings; starts the embedded server when no address is set."""
    if settings.database_url is None:
        return embedded.start(settings.data_dir)
    server, _, database = settings.database_url.partition("://")[2].partition("/")
    if server.count("@") > 1 or "@" in database.partition("?")[0]:  # libpq would take a part of the password for the host, and tell it
        raise DatabaseError("OCTAVO_DATABASE_URL cannot be read: in a password write @ as %40 and / as %2F")
    try:
        return make_conninfo(settings.database_url, **{**_NOTICED, **_given(settings), "connect_timeout": settings.connect_timeout_seconds})
    except psycopg.ProgrammingError as error:
        raise DatabaseError("OCTAVO_DATABASE_URL is no PostgreSQL address; write postgresql://user:password@host:5432/database") from error


def _given(settings: Settings) -> dict[str, Any]:
    """What the address itself says about noticing a lost connection."""
    return {name: value for name, value in conninfo_to_dict(settings.database_url or "").items() if name in _NOTICED}


def check(connection: Connection) -> None:
    """Raises DatabaseError unless the server is new enough and the login cannot bypass row-level security."""
    if connection.info.server_version < OLDEST_SERVER:
        raise DatabaseError(
            f"The database is PostgreSQL {connection.info.server_version // 10000}; Octavo needs {OLDEST_SERVER // 10000} or newer"
        )
    if (encoding := connection.info.parameter_status("server_encoding")) != "UTF8":
        raise DatabaseError(
            f"The database {connection.info.dbname} holds text as {encoding}; Octavo needs UTF8: create database ... encoding 'UTF8' template template0"
        )
    row = connection.execute("select rolname, rolsuper, rolbypassrls from pg_roles where rolname = session_user").fetchone()
    assert row is not None
    name, superuser, bypasses = row
    if superuser or bypasses:
        what = "a superuser" if superuser else "allowed to bypass row-level security"
        raise DatabaseError(
            f"The role {name} is {what}, so organizations would not be kept apart; connect as one created with: create role octavo login createrole nosuperuser nobypassrls"
        )
