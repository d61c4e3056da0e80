"""octavo retention: does at once what the workers' round does, or says what it would do."""

from datetime import timedelta
from typing import Annotated

import typer

from octavo.commands import opening
from octavo.control.retention import actions, jobs
from octavo.control.runs import jobs as runs
from octavo.control.tenancy import actions as tenancy
from octavo.errors import Conflict, OctavoError
from octavo.pipeline.store import open_store
from octavo.settings import settings

app = typer.Typer(help="How long what is kept.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """How long what is kept."""


@app.command("run")
def run_retention(
    organization: Annotated[
        str | None, typer.Option("--organization", help="Slug of the organization.", show_default="all of them")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what is due, and change nothing.")] = False,
) -> None:
    """Delete or archive the files that have been kept long enough, as each organization says; what is on legal hold stays."""
    database, _ = opening.everything()
    chosen = [tenancy.find(database, organization)] if organization else tenancy.list_all(database)
    if dry_run:
        for one in chosen:
            with database.tenant(one.id) as connection:
                due = actions.going(connection)
            print(
                f"{one.slug}  due: {due.files_to_delete:,} files to delete, {due.files_to_archive:,} to archive, "
                f"{due.archived_to_delete:,} archived ones to delete, {due.rows_to_delete:,} rows to delete; {due.held:,} stay on legal hold"
            )
        return
    given = settings()
    store = open_store(given.store_place)
    wrong = 0
    with actions.alone(database) as alone:
        if not alone:
            raise Conflict("A worker is at it at this moment; wait until it is through, or let it do the work")
        for one in chosen:
            done = jobs.tend(database, store, one, storage_class=given.archive_storage_class)
            print(
                f"{one.slug}  {done.deleted:,} files deleted ({done.archive_ended:,} of them from the archive), {done.archived:,} archived, "
                f"{done.forgotten:,} rows deleted, {done.traces:,} of past times and messages"
            )
            for what in done.wrong:
                print(f"{one.slug}  {what}")
            wrong += len(done.wrong)
        if organization is None:
            left = runs.collect(database=database, store=store, older_than=timedelta(seconds=given.lease_seconds, hours=1))
            if left:
                print(f"{len(left):,} files deleted that no run refers to")
    if wrong:
        raise OctavoError(f"{wrong} files could not be put into the archive, and stay where they are; see above")
