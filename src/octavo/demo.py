"""The demonstration: two organizations with sample data and people, and every report of theirs in every format."""

from collections.abc import Iterator
from pathlib import Path

import psycopg

from octavo.control import events
from octavo.control.access import actions as access
from octavo.control.templates import actions as templates
from octavo.control.tenancy import actions as tenancy
from octavo.database.connection import Database
from octavo.errors import NotFound, TooLarge, UsageError
from octavo.pipeline import writers
from octavo.pipeline.binding import Request
from octavo.pipeline.catalog import Catalog, InstalledPack
from octavo.pipeline.definition import SampleSize
from octavo.pipeline.document import Document, Organization
from octavo.pipeline.run import Artefact, render
from octavo.pipeline.store import Folder
from octavo.terminal import filling, rendering, say

_ACTOR = events.Actor.system("octavo demo")

ORGANIZATIONS = (
    {
        "slug": "aurora",
        "name": "Aurora Erneuerbare GmbH",
        "locale": "de_DE",
        "time_zone": "Europe/Berlin",
        "currency": "EUR",
        "branding": {
            "accent": "#0f5c5c",
            "address": ["Speicherstraße 14", "20457 Hamburg", "Deutschland"],
            "vat_number": "DE811234567",
            "bank": [["Bank", "Hanseatische Förderbank"], ["IBAN", "DE02 1203 0000 0000 2020 51"], ["BIC", "BYLADEM1001"]],
            "footer": "Aurora Erneuerbare GmbH · Amtsgericht Hamburg HRB 123456",
        },
    },
    {
        "slug": "meridian",
        "name": "Meridian Trading Ltd",
        "locale": "en_GB",
        "time_zone": "Europe/London",
        "currency": "GBP",
        "branding": {
            "accent": "#7a3b12",
            "address": ["8 Albert Dock", "Liverpool L3 4AF", "United Kingdom"],
            "vat_number": "GB123456789",
            "bank": [["Bank", "Mersey Commercial Bank"], ["IBAN", "GB33 BUKB 2020 1555 5555 55"], ["BIC", "BUKBGB22"]],
            "footer": "Meridian Trading Ltd · registered in England no. 01234567",
        },
    },
)


def prepare(database: Database, reports: Catalog, size: SampleSize = "small") -> list[Organization]:
    """Makes the two organizations with the sample of every pack, where they are not there yet. Raises UsageError when they are there in another size."""
    organizations = []
    for seed, wanted in enumerate(ORGANIZATIONS, start=1):
        try:
            organization = tenancy.find(database, str(wanted["slug"]))
        except NotFound:
            organization = tenancy.create(database, **wanted)  # type: ignore[arg-type]
        with database.tenant(organization.id) as connection:
            templates.seed(connection, _ACTOR, reports)
        for pack in reports.packs.values():
            if pack.pack.sample and pack.is_for(organization):
                load_sample(database, organization, pack, seed, size)
        organizations.append(organization)
    return organizations


def load_sample(database: Database, organization: Organization, pack: InstalledPack, seed: int, size: SampleSize) -> None:
    """Gives the organization the sample of a pack, if it has none. Raises UsageError when it has one of another size."""
    name = pack.pack.name
    with database.tenant(organization.id, zone=organization.time_zone) as connection:
        is_new = connection.execute(
            "insert into octavo.sample_data (pack, size) values (%s, %s) on conflict do nothing returning pack", [name, size]
        ).fetchone()
        found = connection.execute("select size from octavo.sample_data where pack = %s", [name]).fetchone()
        assert found is not None
        if found != (size,):
            raise UsageError(
                f"{organization.slug} has the sample of {name} already, {found[0]}; nothing was changed. "
                f"Go on with --size {found[0]}, or begin in another place: OCTAVO_DATA_DIR, or OCTAVO_DATABASE_URL"
            )
        if is_new:
            connection.execute("set local enable_nestloop = off")  # nothing is known yet of the rows to come
            connection.execute("set local work_mem = '64MB'")
            given = {"seed": seed, "factor": pack.pack.sample_factors[size]}
            with filling(f"{organization.slug} {name}", len(pack.sample_parts)) as progress:
                for part, text in pack.sample_parts.items():
                    progress(part)
                    psycopg.ClientCursor(connection).execute(text.encode(), given)


def render_all(database: Database, reports: Catalog, organizations: list[Organization], folder: Path) -> Iterator[Artefact]:
    """Every report of every organization in every format, into a folder for each organization. What a format does not hold is told and left out."""
    for organization in organizations:
        for entry in reports.entries.values():
            if entry.pack.is_for(organization):
                for name in writers.NAMES:
                    try:
                        with rendering(f"{organization.slug} {entry.key} {name}") as progress:
                            yield render(
                                Request(entry.key, organization, name, requested_by="octavo demo"),
                                reports=reports, database=database, store=Folder(folder / organization.slug), name_file=_plain_name, progress=progress,
                            )  # fmt: skip
                    except TooLarge as error:
                        say(f"{organization.slug}: {error}")


def _plain_name(document: Document, extension: str) -> str:
    return f"{document.report}.{extension}"


def credentials(database: Database, organizations: list[Organization]) -> list[access.Credential]:
    """An administrator, a member and a viewer of each organization, with keys and passwords; those of an earlier demonstration end."""
    made = [credential for organization in organizations for credential in access.demo_credentials(database, organization)]
    return access.demo_passwords(database, made)


def introduction(made: list[access.Credential], address: str | None = None, metrics: str | None = None) -> str:
    """Who there is, with which password and key, and what to try first; without an address of a server, how to start one."""
    passwords = [f"{one.organization.slug:10}{one.role:8}{one.name:26}{one.password}" for one in made if one.password]
    keys = [f"{one.organization.slug:10}{one.role:8}{one.name:26}{one.key.text}" for one in made]
    where = f" at {address}" if address else ""
    lines = ["", f"E-mail addresses and passwords to sign in with{where}, shown this once:", "", *passwords, ""]
    lines += ["Keys for the API, valid for 30 days, shown this once:", "", *keys, ""]
    if address is None:
        return "\n".join([*lines, "octavo up starts the server; README.md says what to ask of it.", ""])
    first = {one.role: one.key.text for one in made if one.organization == made[0].organization}
    return "\n".join(
        [
            *lines,
            f"In another terminal, as the people of {made[0].organization.name}:",
            "",
            f"export OCTAVO={address} METRICS={metrics}",
            f"export ADMIN={first['admin']} MEMBER={first['member']}",
            'curl -sS "$OCTAVO/api/catalog" -H "Authorization: Bearer $MEMBER"',
            'curl -sS "$OCTAVO/api/reports/generate" -H "Authorization: Bearer $MEMBER" -H \'Content-Type: application/json\' \\',
            '    -d \'{"report": "energy.invoice_expected", "format": "pdf"}\'',
            "",
            "README.md goes on from there: an export that an administrator approves.",
            "",
        ]
    )
