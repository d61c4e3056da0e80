"""octavo audit: proves that the list of what happened is what was written, and prints anchors to keep elsewhere."""

from pathlib import Path
from typing import Annotated

import typer

from octavo.commands import opening
from octavo.control.audit import actions as audit
from octavo.control.tenancy import actions as tenancy
from octavo.database.connection import Database
from octavo.errors import VerificationFailed
from octavo.pipeline.document import Organization

app = typer.Typer(help="The list of what happened.", no_args_is_help=True)

Which = Annotated[str | None, typer.Option("--organization", help="Slug of the organization.", show_default="all of them")]

_MOST_SHOWN = 20


@app.command("verify")
def verify(
    organization: Which = None,
    anchor: Annotated[
        Path | None, typer.Option(help="File with lines of octavo audit anchor, kept where the database's owner cannot write.")
    ] = None,
) -> None:
    """Check the list of each organization: every entry, that none is missing, and that it still holds what was anchored."""
    anchors = audit.read_anchors(anchor.read_text(encoding="utf-8")) if anchor else []
    database, _ = opening.everything()
    organizations = _organizations(database, organization)
    wrong = 0
    for chosen in organizations:
        found = audit.verify(database, chosen, anchors)
        wrong += len(found.problems)
        for problem in found.problems[:_MOST_SHOWN]:
            print(f"{chosen.slug}  entry {problem.number}: {problem.text}")
        if len(found.problems) > _MOST_SHOWN:
            print(f"{chosen.slug}  and {len(found.problems) - _MOST_SHOWN:,} more")
        if not found.problems:
            print(f"{chosen.slug}  {found.entries:,} entries agree{f', {found.anchors} anchors too' if found.anchors else ''}")
    strange = {one.organization for one in anchors} - {chosen.slug for chosen in organizations} if organization is None else set()
    if strange:
        raise VerificationFailed(f"There are anchors of organizations that are not here: {', '.join(sorted(strange))}")
    if wrong:
        raise VerificationFailed(f"The list is not what was written, in {wrong:,} places; see above, and compare with a backup")


@app.command("anchor")
def print_anchors(organization: Which = None) -> None:
    """Print where each list ends now, one line an organization: number, hash, time. Keep it outside, for octavo audit verify --anchor."""
    database, _ = opening.everything()
    for chosen in _organizations(database, organization):
        print(audit.anchor(database, chosen).line)


def _organizations(database: Database, slug: str | None) -> list[Organization]:
    return [tenancy.find(database, slug)] if slug else tenancy.list_all(database)
