"""What stands in the database: Octavo's own migrations, then those of each pack, as plain SQL files in order, each applied once.

They run as `octavo_owner`, which owns everything and logs in nowhere. Applying takes a lock, so that two at once are safe.
"""

import contextlib
import io
import warnings
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from octavo.errors import DatabaseError

ROLES = ("octavo_owner", "octavo_app", "octavo_reader")
OWN_MIGRATIONS = Path(__file__).parent / "migrations"

_LOCK = 0x0C7A  # the advisory lock of everyone who migrates


def sources(pack_migrations: tuple[Path, ...] = ()) -> tuple[Path, ...]:
    """The folders of migrations in the order they are applied."""
    return (OWN_MIGRATIONS, *pack_migrations)


def was_begun(connection: psycopg.Connection[tuple[object, ...]]) -> bool:
    """Whether a migration was ever tried here, so that the roles are there and what was applied is written down."""
    return connection.execute("select from pg_tables where schemaname = 'octavo' and tablename = '_yoyo_migration'").rowcount == 1


def pending(connection: psycopg.Connection[tuple[object, ...]], folders: tuple[Path, ...]) -> list[str]:
    """The ids of the migrations that have not been applied here."""
    ids = [path.stem for folder in folders for path in sorted(folder.glob("*.sql")) if not path.name.endswith(".rollback.sql")]
    if not was_begun(connection):
        return ids
    applied = {row[0] for row in connection.execute("select migration_id from octavo._yoyo_migration")}
    return [migration for migration in ids if migration not in applied]


def apply(conninfo: str, folders: tuple[Path, ...]) -> list[str]:
    """Makes the roles, the schema `octavo` and whatever is pending; gives the ids that were applied.

    A migration that fails leaves nothing of itself behind. Raises DatabaseError.
    """
    try:
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute("select pg_advisory_lock(%s)", [_LOCK])
            make_roles(connection)
            connection.execute("set role octavo_owner")
            connection.execute("create schema if not exists octavo")
            connection.execute("grant usage on schema octavo to octavo_app, octavo_reader")
            todo = pending(connection, folders)
            if todo:
                _run(conninfo, folders, _noticing_death(connection))
            connection.execute("grant select on octavo._yoyo_migration to octavo_app")
            return todo
    except psycopg.Error as error:
        raise DatabaseError(f"Migrating failed, and nothing was changed: {_first_line(error)}") from error


def _noticing_death(connection: psycopg.Connection[tuple[object, ...]]) -> str:
    """The option that ends a migration whose process was killed, instead of letting it hold its locks; not every system can."""
    try:
        connection.execute("set client_connection_check_interval = '1s'")
    except psycopg.errors.InvalidParameterValue:
        return ""
    return "-c client_connection_check_interval=1s"


def _first_line(error: psycopg.Error) -> str:
    return (error.diag.message_primary or str(error).strip() or type(error).__name__).splitlines()[0]


def _run(conninfo: str, folders: tuple[Path, ...], options: str) -> None:
    import yoyo
    from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend
    from yoyo.connections import DatabaseURI

    role = "-c role=octavo_owner -c search_path=octavo -c client_min_messages=warning"
    arguments = {**conninfo_to_dict(conninfo), "options": f"{role} {options}"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        uri = DatabaseURI(
            scheme="postgresql+psycopg",
            username=None,
            password=None,
            hostname=None,
            port=None,
            database=str(arguments.pop("dbname")),
            args=arguments,
        )
        backend = PostgresqlPsycopgBackend(uri, "_yoyo_migration")
        try:
            backend.init_database()
            backend.break_lock()  # ours is the advisory lock; a row of yoyo's is what a killed process left
            for migration in backend.to_apply(yoyo.read_migrations(*(str(folder) for folder in folders))):
                try:
                    _apply_one(backend, migration)
                except psycopg.Error as error:
                    raise DatabaseError(
                        f"The migration {migration.id} failed and left nothing behind; those before it stand: {_first_line(error)}"
                    ) from error
        except (yoyo.exceptions.BadMigration, yoyo.exceptions.MigrationConflict) as error:
            raise DatabaseError(f"The migrations cannot be read: {error}") from error
        finally:
            backend.connection.close()


def _apply_one(backend: Any, migration: Any) -> None:
    """Applies a migration and records it in one transaction: yoyo itself uses two, and a process killed between them would block the next."""
    with contextlib.redirect_stdout(io.StringIO()):  # yoyo prints what a SELECT in a migration yields
        migration.load()
        if not migration.use_transactions:
            raise DatabaseError(
                f"The migration {migration.id} asks to run outside a transaction; then a failure would leave half of it, so that is not allowed"
            )
        with backend.transaction():
            migration.process_steps(backend, "apply")
            backend.mark_one(migration, log=False)


def make_roles(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Creates the three roles where they are missing, and lets the login act as each of them."""
    for role in ROLES:
        name = sql.Identifier(role)
        try:
            if not connection.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone():
                _create_role(connection, name)
            if not may_become(connection, role):
                connection.execute(sql.SQL("grant {} to current_user").format(name))
        except psycopg.errors.InsufficientPrivilege as error:
            raise DatabaseError(
                f"The login may not make the role {role}, or act as it; let an administrator run: {_for_an_administrator(connection)}"
            ) from error
    _let_owner_create(connection)


def _for_an_administrator(connection: psycopg.Connection[tuple[object, ...]]) -> str:
    """The statements that make up for what this login may not do."""
    login, database = (sql.Identifier(name).as_string(connection) for name in (connection.info.user, connection.info.dbname))
    there = {name for (name,) in connection.execute("select rolname from pg_roles")}
    missing = [f"create role {role} nologin" for role in ROLES if role not in there]
    return "; ".join([*missing, f"grant {', '.join(ROLES)} to {login}", f"grant create on database {database} to octavo_owner"])


def _create_role(connection: psycopg.Connection[tuple[object, ...]], name: sql.Identifier) -> None:
    try:
        with connection.transaction():
            connection.execute(sql.SQL("create role {} nologin nosuperuser nobypassrls noinherit").format(name))
    except (psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
        return  # made just now for another database of this server; roles belong to all of them


def may_become(connection: psycopg.Connection[tuple[object, ...]], role: str) -> bool:
    """Whether who is connected may act as a role that is there."""
    how = "SET" if connection.info.server_version >= 160000 else "MEMBER"
    row = connection.execute("select pg_has_role(current_user, %s, %s)", [role, how]).fetchone()
    return bool(row and row[0])


def _let_owner_create(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    database = sql.Identifier(connection.info.dbname)
    may_create = "select has_database_privilege('octavo_owner', current_database(), 'create')"
    if connection.execute(may_create).fetchone() == (True,):
        return
    try:
        connection.execute(sql.SQL("grant create on database {} to octavo_owner").format(database))
        granted = connection.execute(may_create).fetchone() == (True,)  # PostgreSQL only warns when one may not grant
    except psycopg.errors.InsufficientPrivilege:
        granted = False
    if not granted:
        raise DatabaseError(
            f"Octavo may not make schemas here; let the owner of the database run: grant create on database {connection.info.dbname} to octavo_owner"
        )
