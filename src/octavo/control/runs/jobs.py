"""What a worker does with a claimed run: make the file with the rights its requester has now, publish it, and throw away what no run refers to."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import cast

from octavo.control.access import actions as access
from octavo.control.runs import actions, leases, rules
from octavo.database.connection import Connection, Database
from octavo.errors import Forbidden
from octavo.pipeline import catalog, manifest
from octavo.pipeline.binding import Request
from octavo.pipeline.choice import Choice
from octavo.pipeline.conditions import Condition
from octavo.pipeline.document import Document, Organization, Progress
from octavo.pipeline.run import render
from octavo.pipeline.store import Store
from octavo.settings import settings
from octavo.vault import Vault

_ATTEMPT = re.compile(r"(\d+-\d+)(?:-|$)")


def perform(
    claim: leases.Claim,
    *,
    reports: catalog.Catalog,
    database: Database,
    store: Store,
    progress: Progress | None = None,
    approved_by: str = "",
    approved_rows: int | None = None,
    vault: Vault | None = None,
    condition: Condition | None = None,
) -> bool:
    """Makes the file of a claimed run, of at most so many rows as are approved, and publishes it. False, and no file, when the run is no longer this attempt's.

    Raises OctavoError; HeldBack when the condition does not hold.
    """
    named = replace(database, application_name=claim.session)
    with named.tenant(claim.organization_id) as connection:
        run = actions.find(connection, claim.run_id)
        organization = actions.organization(connection)
        masked = run.masked or not _may_see_personal_data(connection, run)
        most_rows = actions.most_rows(connection)
        sealed_password = actions.sealed_password(connection, claim.run_id)
    password = None
    if sealed_password is not None:
        password = (vault or Vault(settings())).open(sealed_password, actions.sealed_as(organization.id))
    elif run.protected:  # it was cancelled, or taken back, in this moment
        return False
    folder = rules.folder(organization.id, run.created_at, run.export_request_id)
    told: list[tuple[str, str]] = []

    def look(document: Document) -> None:
        if run.deliver_to and not run.protected:  # what a file hides, the mail beside it does not tell
            from octavo.pipeline import figures  # only who makes files pays for Babel

            told.extend(figures.key_figures(document))

    artefact = render(
        _request(
            run,
            organization,
            masked=masked,
            approved_by=approved_by,
            approved_rows=approved_rows,
            most_rows=most_rows,
            password=password,
            condition=condition,
        ),
        reports=reports,
        database=named,
        store=store,
        name_file=lambda document, extension: f"{folder}{claim.name}.{extension}",
        progress=progress,
        look=look,
        run_id=claim.name,
        save_as=rules.save_as(run.report, run.created_at, run.id),
    )
    sealed = artefact.manifest
    key = folder + sealed.file.name
    published = leases.publish(
        named,
        claim,
        leases.Sealed(
            file_key=key, file_bytes=sealed.file.bytes, sha256=sealed.file.sha256, media_type=artefact.media_type, records=sealed.rows,
            duration_ms=round(artefact.seconds * 1000), masked=sealed.masked, report_version=sealed.report_version,
            manifest=sealed.model_dump(mode="json", exclude_defaults=True), figures=told,
        ),
    )  # fmt: skip
    if not published:
        remove(store, [key])
    return published


def _request(
    run: actions.Run,
    organization: Organization,
    *,
    masked: bool,
    approved_by: str,
    approved_rows: int | None,
    most_rows: int,
    password: str | None,
    condition: Condition | None,
) -> Request:
    return Request(
        report=run.report,
        organization=replace(organization, branding={**organization.branding, **run.branding}),
        format=run.format,
        parameters=run.parameters,
        options=run.options,
        sections=tuple(run.sections),
        choice=Choice.of(run.fields, run.filters, run.arrangement),
        compare=run.compare,
        zone=run.time_zone,
        locale=run.locale,
        masked=masked,
        requested_by=run.requested_by_name,
        approved_by=approved_by,
        approved_rows=approved_rows,
        most_rows=most_rows,
        password=password,
        planned_at=run.planned_at,
        condition=condition,
        each=run.each,
        made_as=run.made_as,
    )


def _may_see_personal_data(connection: Connection, run: actions.Run) -> bool:
    """Whether whoever asked may see personal data now. Raises Forbidden when they may not even have the run any more."""
    if run.requested_by is None:  # Octavo itself, or who runs the server
        return True
    principal = access.principal_of(connection, run.requested_by)
    if not principal.may(rules.NEEDED):
        raise Forbidden(f"{principal.name}, who asked for it, no longer has the permission {rules.NEEDED}; nothing was made")
    return principal.may("reports.view_pii")


def discard(claim: leases.Claim, *, database: Database, store: Store) -> None:
    """Throws away what an attempt left that ended without publishing: its sessions, its scratch, its file. Raises OctavoError.

    Called after the end was written. If the attempt did publish, in the moment in which it was given up, its file stays.
    """
    database.end_sessions(claim.session)
    store.discard_scratch(claim.name)
    with database.tenant(claim.organization_id) as connection:
        run = actions.find(connection, claim.run_id)
    folder = rules.folder(claim.organization_id, run.created_at, run.export_request_id)
    store.abandon_uploads(f"{folder}{claim.name}.", datetime.now(UTC))
    left = [key for key, _ in store.keys(folder) if key.removeprefix(folder).startswith(f"{claim.name}.")]
    remove(store, _unreferenced(database, claim.organization_id, left))


def collect(*, database: Database, store: Store, older_than: timedelta) -> list[str]:
    """Throws away the files of runs that no run refers to, once they are old enough to be nobody's work; gives their keys. Raises OctavoError.

    What a run refers to, or what is at work, is never touched, and nothing whose name no run's file has. Uploads that were begun long ago are ended.
    """
    before = datetime.now(UTC) - older_than
    by_organization: dict[int, list[str]] = {}
    for folder in rules.FOLDERS:
        store.abandon_uploads(folder, before)
        for key, put_at in store.keys(folder):
            owner = rules.owner_of(key)
            if owner and put_at < before:
                by_organization.setdefault(owner[0], []).append(key)
    forgotten = [key for organization, keys in by_organization.items() for key in _unreferenced(database, organization, keys)]
    remove(store, forgotten)
    return forgotten


def _unreferenced(database: Database, organization_id: int, keys: list[str]) -> Iterator[str]:
    files = {key: key.removesuffix(manifest.SUFFIX) for key in keys}
    # In one statement: between two, an attempt at work could be completed, and be in neither.
    with database.tenant(organization_id) as connection:
        rows = connection.execute(
            "select id, attempt, case when state <> 'processing' then file_key end from octavo.generated_report "
            "where state = 'processing' or file_key = any(%s)",
            [list(set(files.values()))],
        ).fetchall()
    known = {key for _, _, key in rows if key is not None}
    at_work = {rules.attempt_name(*cast("tuple[int, int]", (run, attempt))) for run, attempt, key in rows if key is None}
    for key, file in files.items():
        attempt = file.rsplit("/", 1)[-1].partition(".")[0]
        if file not in known and attempt not in at_work:
            yield key


def sweep(*, database: Database, store: Store) -> list[str]:
    """Takes away the scratch of attempts that no worker holds any more; gives their names. Raises OctavoError, psycopg.Error."""
    found = {match[1] for name in store.scratches() if (match := _ATTEMPT.match(name))}
    left = sorted(found - leases.at_work(database)) if found else []  # asked for after looking: what is there now had begun by then
    for name in left:
        store.discard_scratch(name)
    return left


def remove(store: Store, keys: Iterable[str]) -> None:
    """Takes away files with their manifests, whichever of the two is still there. Raises StorageError.

    The file goes first, and not between the two halves of a publishing: else it could be seen without its manifest.
    """
    for key in dict.fromkeys(key.removesuffix(manifest.SUFFIX) for key in keys):
        with store.turn(key):
            store.remove(key)
            store.remove(key + manifest.SUFFIX)
