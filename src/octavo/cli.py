"""The command line. Every command opens what it needs, calls the same code as the server, and ends with 0, 1 (failed) or 2 (wrong usage).

Results go to stdout; an error is one line on stderr that says what to do.
"""

import json
import logging
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path, PurePath
from types import FrameType
from typing import Annotated, Any

import psycopg
import typer
from typer.exceptions import TyperException

from octavo import __version__, demo, doctor, logs, terminal
from octavo.commands import admin, audit, deliver, openapi, opening, retention, schedule, serve, up, verify, work
from octavo.control import events
from octavo.control.templates import actions as templates
from octavo.control.tenancy import actions as tenancy
from octavo.database import connection, load, migrate
from octavo.database.connection import Database
from octavo.errors import OctavoError, UsageError
from octavo.pipeline import catalog, earlier, merging, periods, protection, run, writers
from octavo.pipeline import each as eaches
from octavo.pipeline.binding import Request
from octavo.pipeline.definition import SampleSize
from octavo.pipeline.document import Document, Organization
from octavo.pipeline.snapshot import open_snapshot
from octavo.pipeline.store import open_store
from octavo.settings import settings

app = typer.Typer(
    name="octavo", help="Reports and exports from PostgreSQL that are right, governed and delivered.", no_args_is_help=True,
    add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None,
)  # fmt: skip

app.add_typer(admin.app, name="admin")
app.add_typer(audit.app, name="audit")
app.add_typer(deliver.app, name="deliver")
app.add_typer(retention.app, name="retention")
app.add_typer(schedule.app, name="schedule")


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one command and exits with its code."""
    for number in _STOPPING:
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):  # a shell's nohup has it ignored
            signal.signal(number, _stop)
    terminal.outlive_reader()
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = app(given or ["--help"], standalone_mode=False)
        sys.stdout.flush()
    except TyperException as error:
        _fail(error.format_message(), error.exit_code)
    except OctavoError as error:
        _fail(str(error), error.exit_code)
    except psycopg.Error as error:
        _fail(f"The database gave up ({error.sqlstate or 'connection lost'}); see octavo doctor, and run it again", 1)
    except OSError as error:
        _fail(f"{error.filename or 'The output'} cannot be used: {error.strerror or error}", 1)
    except KeyboardInterrupt:
        code = 130
    if code == 130:
        _ignore_more()
        _fail("interrupted; what was not finished was thrown away", 1, logging.WARNING)  # somebody wanted it
    sys.exit(code if isinstance(code, int) else 0)


_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _stop(number: int, frame: FrameType | None) -> None:
    _ignore_more()
    raise KeyboardInterrupt


def _ignore_more() -> None:
    """An impatient second signal must keep no half file from being thrown away, nor the embedded server from being stopped."""
    for number in _STOPPING:
        signal.signal(number, signal.SIG_IGN)


def _fail(message: str, code: int, level: int = logging.CRITICAL) -> None:
    line = terminal.plain(" ".join(message.split()))
    if logs.installed():
        logging.getLogger("octavo").log(level, "%s", line)
    else:
        print(f"octavo: {line}", file=sys.stderr)
    sys.exit(code)


def _pairs(given: list[str], what: str) -> dict[str, Any]:
    """name=value texts as a mapping; a name that comes twice is a list."""
    pairs: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f"{text!r} is no {what}; write name=value")
        if name in pairs:
            pairs[name] = [*(pairs[name] if isinstance(pairs[name], list) else [pairs[name]]), value]
        else:
            pairs[name] = value
    return pairs


@app.command("version")
def show_version() -> None:
    """Say which Octavo this is."""
    print(__version__)


@app.command("demo")
def run_demo(
    out: Annotated[Path, typer.Option(help="Folder to write into.")] = Path("octavo-demo"),
    no_serve: Annotated[bool, typer.Option("--no-serve", help="End when the files are made.")] = False,
    port: serve.Port = 8780,
    size: Annotated[
        SampleSize, typer.Option(help="How much sample data; large has 1,000,000 lines of sales in each organization, and takes minutes.")
    ] = "small",
) -> None:
    """Load sample data for two organizations, render every report in every format, print keys, and serve."""
    from octavo.web import serving

    with ExitStack() as stack:
        listener = None if no_serve else stack.enter_context(serving.listen("127.0.0.1", port))
        database, reports = opening.everything()
        organizations = demo.prepare(database, reports, size)
        artefacts = list(demo.render_all(database, reports, organizations, out))
        terminal.console().print(terminal.file_table(artefacts))
        credentials = demo.credentials(database, organizations)
        if listener is None:
            print(demo.introduction(credentials))
            return
        metrics = up.metrics_port(listener)
        print(demo.introduction(credentials, serving.place(listener), up.metrics_place(metrics)), flush=True)
        up.keep_up(listener, metrics)


@app.command("migrate")
def run_migrate() -> None:
    """Bring the database to this version of Octavo and its packs."""
    conninfo = connection.address(settings())
    with connection.login(conninfo) as session:
        connection.check(session)
    applied = migrate.apply(conninfo, migrate.sources(catalog.installed().migrations))
    print("\n".join(f"applied {name}" for name in applied) or "nothing to apply")


@app.command("catalog")
def show_catalog(as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False) -> None:
    """List the reports with their parameters and sections."""
    entries = catalog.installed().entries.values()
    if as_json:
        print(json.dumps([catalog.described(entry) for entry in entries], indent=2, ensure_ascii=False))
        return
    for entry in entries:
        print(f"{entry.key}  {entry.report.title}: {entry.report.description}")
        for name, field in entry.report.parameters.model_fields.items():
            print(f"    --param {name}=...  {field.title or name}{' (must be given)' if field.is_required() else ''}")


@app.command("render")
def render_report(
    report: Annotated[str, typer.Argument(help="Key of the report, e.g. retail.sales.")],
    param: Annotated[list[str] | None, typer.Option("--param", help="A parameter, name=value; may be repeated.")] = None,
    format_: Annotated[
        str | None, typer.Option("--format", help=f"One of {', '.join(writers.NAMES)}.", show_default="as the output is called, or csv")
    ] = None,
    option: Annotated[list[str] | None, typer.Option("--option", help="An option of the format, name=value; may be repeated.")] = None,
    section: Annotated[list[str] | None, typer.Option("--section", help="Only this section; may be repeated.")] = None,
    output: Annotated[str | None, typer.Option("--output", "-o", help="File to write; a folder or a bucket's URL ends in /.")] = None,
    organization: opening.Slug = None,
    zone: Annotated[str | None, typer.Option(help="Time zone of periods and instants.", show_default="the organization's")] = None,
    locale: Annotated[str | None, typer.Option(help="Locale of a PDF, e.g. de_DE.", show_default="the organization's")] = None,
    masked: Annotated[bool, typer.Option("--masked", help="Mask personal data.")] = False,
    compare: Annotated[
        str | None, typer.Option(help=f"Compare its figures with an earlier period: {' or '.join(earlier.HOWS)}.", show_default="nothing")
    ] = None,
    protect: Annotated[
        bool, typer.Option("--protect", help="Put a password on the file, which is made and shown once, on stderr.")
    ] = False,
    each: Annotated[
        list[str] | None,
        typer.Option("--each", help="A parameter with one of several values, name=value; name=* for all; may be repeated."),
    ] = None,
    made_as: Annotated[str, typer.Option("--as", help=f"What is made of them, one of {', '.join(eaches.WAYS)}.")] = eaches.WAYS[0],
) -> None:
    """Make one report into a file with its manifest beside it; or, with --each, of several values a file each, one file or a zip."""
    entry = catalog.installed().report(report)
    folder, name = _destination(output)
    called = PurePath(name).suffix[1:].lower()
    kind = format_ or (called if called in writers.NAMES else "csv")
    writers.named(kind)
    if compare:
        earlier.named(compare)
    parameters, options = _pairs(param or [], "parameter"), _pairs(option or [], "option")
    database, reports = opening.everything()
    request = Request(
        report,
        opening.organization(database, organization),
        kind,
        parameters,
        options,
        tuple(section or ()),
        zone,
        locale,
        masked,
        "octavo render",
        compare=compare,
        password=protection.made() if protect else None,
        each={
            name: values if isinstance(values, list) or values == eaches.EVERY else [values]
            for name, values in _pairs(each or [], "parameter").items()
        },
        made_as=made_as,
    )
    eaches.check_way(made_as, request.each)
    requests = [request]
    if request.each and made_as == "runs":
        if name:
            raise UsageError(f"{name} is one file, and there would be several; name a folder, or have them --as merged or zip")
        eaches.check(entry, parameters, request.each)
        with open_snapshot(database, request.organization, zone or request.organization.time_zone) as snapshot:
            requests = merging.apart(reports.report(report, request.organization), request, snapshot)

    def name_file(document: Document, extension: str) -> str:
        if document.parts and called not in ("", "zip"):
            print(f"octavo: {name} is a zip, of {len(document.parts)} files, whatever its name says", file=sys.stderr)
        elif document.protected and extension == "zip" and called in writers.NAMES:
            print(f"octavo: {name} is a zip with the {kind.upper()} in it, whatever its name says", file=sys.stderr)
        elif called == "csv" and extension == "zip":
            print(f"octavo: {name} is a zip, of one CSV for each of the {len(document.tables)} sections", file=sys.stderr)
        elif called != extension and called in (*writers.NAMES, "zip"):
            print(f"octavo: {name} is {kind.upper()}, whatever its name says", file=sys.stderr)
        number = f"-{len(made) + 1:03}" if len(requests) > 1 else ""
        return name or f"{document.report}-{document.organization.slug}-{document.taken_at:%Y%m%d-%H%M%S}{number}.{extension}"

    made: list[run.Artefact] = []
    for one in requests:
        with terminal.rendering(report) as progress:
            made.append(
                run.render(one, reports=reports, database=database, store=open_store(folder), name_file=name_file, progress=progress)
            )
        terminal.say(terminal.finished(made[-1]))
    if request.password is not None:
        print(f"octavo: the password of the file is {request.password}", file=sys.stderr)


def _destination(output: str | None) -> tuple[str, str]:
    """The folder or bucket, and the name in it; the name is empty where Octavo is to choose one."""
    if not output:
        return ".", ""
    if output.endswith("/") or ("://" not in output and Path(output).is_dir()):
        return output, ""
    if output == "-":
        raise UsageError("Octavo writes a file with its manifest beside it, not to standard output; name a file")
    if not output.isprintable() or ("://" in output and "/" not in output.partition("://")[2]):
        raise UsageError(f"{output!r} is no file to write; name a file, or a folder or a bucket's URL that ends in /")
    folder, _, name = output.rpartition("/")
    return folder or ("/" if output.startswith("/") else "."), name


@app.command("load")
def load_file(
    pack: Annotated[str, typer.Argument(help="The pack whose file it is: retail or energy.")],
    file: Annotated[Path, typer.Argument(help="A CSV file, plain or .gz.")],
    organization: opening.Slug = None,
    zone: Annotated[str | None, typer.Option(help="Time zone of the file's times, or of its months.", show_default="the pack's")] = None,
) -> None:
    """Bring a file into a pack's tables, whole or not at all."""
    found = catalog.installed().pack(pack)
    loader = found.pack.loader
    if loader is None:
        raise UsageError(f"The pack {pack} loads no files")
    if zone:
        periods.zone_named(zone)
    database, reports = opening.everything()
    with _organization_to_fill(database, reports, organization or settings().organization) as target, terminal.reading(file) as progress:
        transform = found.read(loader.transform)
        figures = load.load_file(database, target.id, loader, transform, file, zone=zone or loader.zone, progress=progress)
    terminal.say(f"{file.name} → {target.slug}: " + ", ".join(f"{label} {figure}" for label, figure in figures))


@contextmanager
def _organization_to_fill(database: Database, reports: catalog.Catalog, slug: str) -> Iterator[Organization]:
    """The organization of that slug; one that is made for the file goes again when the file is refused, and has its templates when it is not."""
    target, is_new = tenancy.find_or_create(database, slug, slug.replace("-", " ").title())
    try:
        yield target
        if is_new:
            with database.tenant(target.id) as connection:
                templates.seed(connection, events.Actor.system("octavo load"), reports)
    except BaseException:
        if is_new:
            with suppress(UsageError):  # meanwhile somebody else has filled it: then it stays
                tenancy.remove(database, target)
        raise


app.command("up")(up.run_up)
app.command("verify")(verify.run_verify)
app.command("serve")(serve.run_serve)
app.command("work")(work.run_work)
app.command("openapi")(openapi.print_document)


@app.command("doctor")
def run_doctor() -> None:
    """Look over the environment and say what is wrong with it."""
    findings = list(doctor.examine(settings()))
    for finding in findings:
        terminal.say(f"{'ok ' if finding.good else 'BAD'}  {finding.what}: {finding.found}")
    if not all(finding.good for finding in findings):
        raise OctavoError("something is wrong; see above")
