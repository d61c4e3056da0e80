"""octavo verify: a file against its manifest, offline; and, with --again, against what the database would give today."""

import getpass
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from octavo import terminal
from octavo.commands import opening
from octavo.control.tenancy import actions as tenancy
from octavo.errors import VerificationFailed
from octavo.pipeline import again, run, verify
from octavo.pipeline.manifest import Manifest
from octavo.pipeline.store import Folder


def run_verify(
    file: Annotated[Path, typer.Argument(help="An artefact; its manifest lies beside it.")],
    run_again: Annotated[
        bool, typer.Option("--again", help="Ask the database the same once more, and show in what the answer differs.")
    ] = False,
    with_password: Annotated[
        bool,
        typer.Option("--password", help="Ask for the password of the file (or read it from standard input), and count its rows again."),
    ] = False,
) -> None:
    """Check a file against its manifest: bytes, rows, control totals."""
    verified = verify.verify(file, _asked() if with_password else None)
    manifest = verified.manifest
    how = "bytes, rows and control totals agree" if verified.recounted else "bytes agree"
    if manifest.protected and not verified.recounted:
        how += " (the file has a password, so its rows were not counted again)"
    if manifest.parts and not manifest.protected:
        how += f", in each of its {len(manifest.parts)} files and in all of them together"
    terminal.say(f"{file}  {how}  {manifest.rows:,} rows  {terminal.totals(manifest)}".rstrip())
    if run_again:
        _again(file, manifest)


def _asked() -> str:
    """The password, which stands neither on the screen nor in the list of commands."""
    if sys.stdin.isatty():
        return getpass.getpass("Password of the file: ")
    return sys.stdin.readline().rstrip("\r\n")


def _again(file: Path, sealed: Manifest) -> None:
    """What is made once more lies in a temporary folder for as long as it is compared."""
    database, reports = opening.everything()
    organization = tenancy.find(database, sealed.organization)
    request = again.request(sealed, organization, reports.report(sealed.report, organization))
    with tempfile.TemporaryDirectory(prefix="octavo-again-") as folder, terminal.rendering(sealed.report) as progress:
        made = run.render(
            request, reports=reports, database=database, store=Folder(Path(folder)), name_file=lambda *_: file.name, progress=progress
        )
        found = list(again.differences(sealed, file, made.manifest, Path(made.place)))
    when = f"{sealed.snapshot_taken_at:%Y-%m-%d %H:%M:%S %Z}"
    for difference in found:
        terminal.say(f"since {when}: {difference}")
    if found:
        raise VerificationFailed(f"{file.name} is what was sealed; asked again, the database answers otherwise, as said above")
    terminal.say(f"asked again, the database answers the same as at {when}")
