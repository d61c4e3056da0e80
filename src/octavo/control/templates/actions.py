"""What is done with templates: make, find, list, change, put out of use. All within the organization of the transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any, cast

import psycopg
from psycopg import sql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from octavo.control import events
from octavo.control.access.actions import Principal
from octavo.control.runs import actions as runs
from octavo.control.tenancy import actions as tenancy
from octavo.database.connection import Connection
from octavo.errors import Conflict, NotFound, UsageError
from octavo.pipeline import branding as brandings
from octavo.pipeline import catalog, comparison, definition, writers
from octavo.pipeline import each as eaches
from octavo.pipeline import parameters as asked
from octavo.pipeline.choice import NOTHING, Choice

MANAGE = "reports.manage"


@dataclass(frozen=True)
class Content:
    """What a template says. `template_config` may name sections, options of the format, compare, fields, filters and arrangement of a dataset, and
    several values of parameters (`each`) of which one file is made (`made_as`).
    """

    name: str
    report: str
    format: str = "pdf"
    description: str = ""
    project_id: int | None = None
    parameters: Mapping[str, Any] | None = None
    default_date_range_days: int | None = 30
    template_config: Mapping[str, Any] | None = None
    branding_config: Mapping[str, Any] | None = None
    active: bool = True


@dataclass(frozen=True)
class Template:
    """A template as it stands."""

    organization_id: int
    id: int
    project_id: int | None
    name: str
    description: str
    report: str
    format: str
    parameters: dict[str, Any]
    default_date_range_days: int | None
    template_config: dict[str, Any]
    branding_config: dict[str, Any]
    active: bool
    created_by: int | None
    created_at: datetime
    updated_at: datetime
    changed_by: int | None
    approved_by: int | None
    approved_by_name: str
    approved_at: datetime | None
    approved_rows: int | None
    approved_version: str | None

    @property
    def choice(self) -> Choice:
        """What it chooses of a dataset."""
        config = self.template_config
        return Choice.of(config.get("fields", ()), config.get("filters", ()), config.get("arrangement", {}))

    @property
    def compare(self) -> str | None:
        """With what it compares its figures."""
        return cast("str | None", self.template_config.get("compare"))


@dataclass(frozen=True)
class Page:
    """One page of a list, and how many there are in all."""

    items: list[Template]
    total: int


COLUMNS = sql.SQL(", ").join(sql.Identifier(field.name) for field in fields(Template))
_VISIBLE = sql.SQL(
    "(%(all)s or project_id is null or exists (select from octavo.project_member m where m.project_id = t.project_id and m.user_id = %(user_id)s))"
)
_CONFIGURED = ("sections", "options", "compare", "fields", "filters", "arrangement", "each", "made_as")


def create(connection: Connection, actor: events.Actor, content: Content, *, reports: catalog.Catalog | None = None) -> Template:
    """Makes a template. Raises UsageError for what the report or format does not take, NotFound, Conflict when the name is taken."""
    made = _write(
        connection, content, reports,
        sql.SQL("insert into octavo.report_template as t (project_id, name, description, report, format, parameters, default_date_range_days, "
                "template_config, branding_config, active, created_by, changed_by) values (%(project_id)s, %(name)s, %(description)s, %(report)s, %(format)s, "
                "%(parameters)s, %(days)s, %(template_config)s, %(branding_config)s, %(active)s, %(user_id)s, %(user_id)s) returning {}"),
        {"user_id": actor.user_id},
    )  # fmt: skip
    assert made is not None
    _record(connection, actor, "template.created", made)
    return made


def seed(connection: Connection, actor: events.Actor, reports: catalog.Catalog) -> list[Template]:
    """Makes the template that each report names, of those that the organization may see and has none of yet."""
    organization = runs.organization(connection)
    known = {
        str(row[0])
        for row in connection.execute("select report from octavo.report_template union all select name from octavo.report_template")
    }
    wanted = {
        key: (entry.report.template or definition.Template(entry.report.title), entry.report.description)
        for key, entry in reports.entries.items()
        if entry.pack.is_for(organization)
    }
    return [
        create(connection, actor, Content(template.name, key, template.format, description), reports=reports)
        for key, (template, description) in wanted.items()
        if not {key, template.name} & known
    ]


@dataclass(frozen=True)
class Wanted:
    """What is asked for; with a template, what is said here takes the place of what the template says."""

    report: str | None = None
    format: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    sections: Sequence[str] = ()
    choice: Choice = NOTHING
    compare: str | None = None
    time_zone: str | None = None
    locale: str | None = None
    sealed_password: bytes | None = None
    deliver_to: Sequence[Mapping[str, Any]] = ()
    """As delivery.check_targets gave them."""
    subject: str = ""
    message: str = ""
    each: Mapping[str, Any] = field(default_factory=dict)
    """Several values of parameters; see pipeline/each.py. What is said so takes the place of what the template says of them."""
    made_as: str | None = None


def generate(
    connection: Connection, principal: Principal, actor: events.Actor, wanted: Wanted, *, template_id: int | None = None,
    reports: catalog.Catalog | None = None,
) -> runs.Run:  # fmt: skip
    """Asks for a run of a report, by its key or by a template; of a group of runs the first is given.

    Raises NotFound, UsageError, Conflict for a template out of use, TooManyRequests.
    """
    wanted, branding = settled(connection, principal, wanted, template_id, reports=reports)
    return runs.request(
        connection, actor, report=wanted.report or "", format=wanted.format or "pdf", parameters=wanted.parameters, options=wanted.options,
        sections=wanted.sections, choice=wanted.choice, compare=wanted.compare, time_zone=wanted.time_zone, locale=wanted.locale,
        template_id=template_id, branding=branding, masked=not principal.may("reports.view_pii"), sealed_password=wanted.sealed_password, deliver_to=wanted.deliver_to,
        subject=wanted.subject, message=wanted.message, each=wanted.each, made_as=wanted.made_as or "runs", bulk=bool(wanted.each), reports=reports,
    )  # fmt: skip


def settled(
    connection: Connection, principal: Principal, wanted: Wanted, template_id: int | None, *, reports: catalog.Catalog | None = None
) -> tuple[Wanted, Mapping[str, Any]]:
    """What is asked for with what its template says, and the template's branding. Raises NotFound, UsageError, Conflict for a template out of use."""
    branding: Mapping[str, Any] = {}
    if template_id is not None:
        template = find(connection, principal, template_id)
        if not template.active:
            raise Conflict(f"The template {template.name!r} is out of use; take another, or have an administrator put it in use again")
        if wanted.report not in (None, template.report):
            raise UsageError(f"The template {template.name!r} is of {template.report}; leave the report out, or the template")
        wanted = filled(template, wanted, (reports or catalog.installed()).report(template.report, runs.organization(connection)))
        branding = template.branding_config
    if wanted.report is None:
        raise UsageError("Say which report is asked for, by report or by template_id")
    eaches.check_way(wanted.made_as or "runs", wanted.each)
    return wanted, branding


def filled(template: Template, wanted: Wanted, entry: catalog.Entry) -> Wanted:
    """What is asked for, with what the template says where nothing was said."""
    config = template.template_config
    each = wanted.each or {name: values for name, values in config.get("each", {}).items() if name not in wanted.parameters}
    parameters = {**{name: value for name, value in template.parameters.items() if name not in each}, **wanted.parameters}
    if template.default_date_range_days is not None:
        unsaid = [name for name in asked.periods_of(entry.report.parameters) if name not in parameters and name not in each]
        parameters |= dict.fromkeys(unsaid, f"last_{template.default_date_range_days}d")
    format_ = wanted.format or template.format
    options = config.get("options", {}) if format_ == template.format else {}
    chosen = template.choice
    return replace(
        wanted, report=entry.key, format=format_, parameters=parameters, each=each,
        made_as=wanted.made_as or (config.get("made_as") if each and not wanted.each else None), options={**options, **wanted.options},
        sections=wanted.sections or config.get("sections", ()),
        choice=Choice(
            wanted.choice.fields or chosen.fields, wanted.choice.filters or chosen.filters, wanted.choice.arrangement or chosen.arrangement
        ),
        compare=wanted.compare or template.compare,
    )  # fmt: skip


def change(
    connection: Connection, actor: events.Actor, template_id: int, content: Content, *, reports: catalog.Catalog | None = None
) -> Template:
    """Has a template say something else. Raises as `create`, and NotFound."""
    changed = _write(
        connection, content, reports,
        sql.SQL("update octavo.report_template as t set project_id = %(project_id)s, name = %(name)s, description = %(description)s, report = %(report)s, "
                "format = %(format)s, parameters = %(parameters)s, default_date_range_days = %(days)s, template_config = %(template_config)s, "
                "branding_config = %(branding_config)s, active = %(active)s, changed_by = %(user_id)s, updated_at = now() where id = %(id)s returning {}"),
        {"id": template_id, "user_id": actor.user_id},
    )  # fmt: skip
    if changed is None:
        raise no(template_id)
    _record(connection, actor, "template.changed", changed)
    return changed


def deactivate(connection: Connection, actor: events.Actor, template_id: int) -> Template:
    """Puts a template out of use; what was made with it stays. Raises NotFound."""
    with connection.cursor(row_factory=class_row(Template)) as cursor:
        left = cursor.execute(
            sql.SQL("update octavo.report_template as t set active = false, updated_at = now() where id = %s returning {}").format(COLUMNS),
            [template_id],
        ).fetchone()
    if left is None:
        raise no(template_id)
    _record(connection, actor, "template.deactivated", left)
    return left


def _write(
    connection: Connection, content: Content, reports: catalog.Catalog | None, statement: sql.SQL, more: Mapping[str, Any]
) -> Template | None:
    _check(connection, content, reports)
    values = {
        "project_id": content.project_id, "name": content.name, "description": content.description, "report": content.report,
        "format": content.format, "parameters": Jsonb(dict(content.parameters or {})), "days": content.default_date_range_days,
        "template_config": Jsonb(dict(content.template_config or {})), "branding_config": Jsonb(brandings.checked(content.branding_config or {})),
        "active": content.active, **more,
    }  # fmt: skip
    try:
        with connection.transaction(), connection.cursor(row_factory=class_row(Template)) as cursor:
            return cursor.execute(statement.format(COLUMNS), values).fetchone()
    except psycopg.errors.UniqueViolation as error:
        raise Conflict(f"There is a template {content.name!r} already where this one belongs; take another name") from error


def _check(connection: Connection, content: Content, reports: catalog.Catalog | None) -> None:
    """Refuses at once whatever could never be generated."""
    if not content.name.strip():
        raise UsageError("A template needs a name")
    if content.project_id is not None:
        tenancy.find_project(connection, content.project_id)
    entry = (reports or catalog.installed()).report(content.report, runs.organization(connection))
    config = dict(content.template_config or {})
    if unknown := set(config) - set(_CONFIGURED):
        raise UsageError(f"template_config has no {', '.join(sorted(unknown))}; it has: {', '.join(_CONFIGURED)}")
    sections, options = config.get("sections", []), config.get("options", {})
    each, made_as = config.get("each", {}), config.get("made_as")
    if made_as not in (eaches.WAYS[1:] if each else (None,)):
        raise UsageError("A template that names several values in each has one file made of them: say made_as merged or zip, and only then")
    columns, filters, arrangement = config.get("fields", []), config.get("filters", []), config.get("arrangement", {})
    if not all(isinstance(given, list) for given in (sections, columns, filters)) or not all(
        isinstance(given, dict) for given in (options, arrangement, each)
    ):
        raise UsageError(
            "In template_config sections and fields are a list of names, filters a list of conditions, options, arrangement and each are objects"
        )
    if columns or filters or arrangement:
        Choice.of([str(name) for name in columns], filters, arrangement).check(catalog.dataset(entry), masked=False)
    known = [section.name for section in entry.report.sections]
    for name in sections:
        if name not in known:
            raise NotFound(f"{entry.key} has no section {name!r}; it has: {', '.join(known)}")
    if (compare := config.get("compare")) is not None:
        comparison.refuse(entry, str(compare), sections)
        if each:
            comparison.refuse_together(str(compare))
    writers.named(content.format).read_options(dict(options))
    model = entry.report.parameters
    given = dict(content.parameters or {})
    needed = {name for name, field in model.model_fields.items() if field.is_required()} - set(given) - set(each)
    if not needed:  # what has no default yet is said when it is generated, and checked then
        eaches.check(entry, given, each)
    else:
        asked.refuse_unknown(entry, [*given, *each])


def _record(connection: Connection, actor: events.Actor, action: str, template: Template) -> None:
    events.record(
        connection, actor, action, subject="template", subject_id=template.id,
        detail={"name": template.name, "report": template.report, "format": template.format, "project_id": template.project_id},
    )  # fmt: skip


def no(template_id: int) -> NotFound:
    """What is raised for a template that is not there."""
    return NotFound(f"There is no template {template_id}")


def find(connection: Connection, principal: Principal, template_id: int) -> Template:
    """The template of that id, if this principal may see it. Raises NotFound."""
    with connection.cursor(row_factory=class_row(Template)) as cursor:
        found = cursor.execute(
            sql.SQL("select {} from octavo.report_template as t where id = %(id)s and {}").format(COLUMNS, _VISIBLE),
            {"id": template_id, **_sight(principal)},
        ).fetchone()
    if found is None:
        raise no(template_id)
    return found


def list_(
    connection: Connection,
    principal: Principal,
    *,
    report: str | None = None,
    active: bool = True,
    search: str | None = None,
    project_id: int | None = None,
    page: int = 1,
    page_size: int = 20,
) -> Page:
    """The templates that this principal may see, by name: those of the organization and of his projects, or all for who manages them.

    `search`: with that in their names; `project_id`: only that project's.
    """
    where = sql.SQL(
        "octavo.report_template as t where {} and (%(report)s::text is null or report = %(report)s) and active = %(active)s "
        "and (%(search)s::text is null or strpos(lower(name), lower(%(search)s)) > 0) and (%(project_id)s::bigint is null or project_id = %(project_id)s)"
    ).format(_VISIBLE)
    values = {
        "report": report, "active": active, "search": search, "project_id": project_id, "limit": page_size, "offset": (page - 1) * page_size,
        **_sight(principal),
    }  # fmt: skip
    counted = connection.execute(sql.SQL("select count(*) from {}").format(where), values).fetchone()
    with connection.cursor(row_factory=class_row(Template)) as cursor:
        items = cursor.execute(
            sql.SQL("select {} from {} order by name, id limit %(limit)s offset %(offset)s").format(COLUMNS, where), values
        ).fetchall()
    return Page(items, cast(int, counted[0]) if counted else 0)


def _sight(principal: Principal) -> dict[str, Any]:
    return {"all": principal.may(MANAGE), "user_id": principal.user_id}
