"""From a schedule and a planned time to the runs that are asked for: with the rights that its owner has now, by its template as it stands now."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from octavo.control.access import actions as access
from octavo.control.access.actions import Principal
from octavo.control.delivery import actions as delivery
from octavo.control.runs import actions as runs
from octavo.control.runs import orders
from octavo.control.runs import rules as run_rules
from octavo.control.schedules.actions import Schedule
from octavo.control.templates import actions as templates
from octavo.database.connection import Connection
from octavo.errors import Forbidden, NotFound
from octavo.pipeline import catalog

_ADOPT = "take the schedule over (PUT with take_over) and activate it again"


@dataclass(frozen=True)
class Standing:
    """What a schedule that can run stands on."""

    owner: Principal
    template: templates.Template


@dataclass(frozen=True)
class Stopped:
    """Why it cannot: the kind of the reason, and the reason."""

    why: str
    reason: str


class Making:
    """What is found once for all the schedules of a transaction."""

    def __init__(self, connection: Connection, reports: catalog.Catalog | None = None) -> None:
        self._connection = connection
        self._reports = reports or catalog.installed()
        self._organization = runs.organization(connection)
        self._owners: dict[int, Principal | Stopped] = {}
        self._templates: dict[tuple[int, int], Standing | Stopped] = {}

    def stands(self, schedule: Schedule) -> Standing | Stopped:
        """On what a schedule stands now, or why it cannot run."""
        key = (schedule.owner_id, schedule.template_id)
        if key not in self._templates:
            self._templates[key] = self._standing(*key)
        found = self._templates[key]
        if isinstance(found, Standing) and schedule.deliver_to:
            try:
                delivery.require_right(self._connection, found.owner, schedule.deliver_to)
            except Forbidden:
                return Stopped("owner", f"Its owner, {found.owner.name}, may no longer have files go to others; {_ADOPT}")
        return found

    def for_asker(self, schedule: Schedule, principal: Principal) -> Standing | Stopped:
        """On what a run of the schedule stands that somebody asks for with his own rights."""
        return self._by_template(principal, schedule.template_id)

    def _standing(self, owner_id: int, template_id: int) -> Standing | Stopped:
        if owner_id not in self._owners:
            self._owners[owner_id] = self._owner(owner_id)
        owner = self._owners[owner_id]
        return owner if isinstance(owner, Stopped) else self._by_template(owner, template_id)

    def _by_template(self, owner: Principal, template_id: int) -> Standing | Stopped:
        try:
            template = templates.find(self._connection, owner, template_id)
        except NotFound:
            return Stopped("owner", f"Its owner, {owner.name}, may no longer use its template; {_ADOPT}")
        if not template.active:
            return Stopped(
                "template",
                f"Its template {template.name!r} is out of use; put that in use again, or choose another, and activate the schedule",
            )
        return Standing(owner, template)

    def _owner(self, owner_id: int) -> Principal | Stopped:
        try:
            owner = access.principal_of(self._connection, owner_id)
        except Forbidden:
            return Stopped("owner", f"Its owner is no active member of the organization any more; {_ADOPT}")
        if not owner.may(run_rules.NEEDED):
            return Stopped("owner", f"Its owner, {owner.name}, no longer has the permission {run_rules.NEEDED}; {_ADOPT}")
        return owner

    def order(
        self, schedule: Schedule, standing: Standing, planned_at: datetime, *, bulk: bool = True, sent: bool = True, **more: Any
    ) -> list[orders.Order]:
        """What is asked for at a planned time, one run for each format, with the rights of whom it stands on.

        Raises NotInstalled, UsageError for what the template, as it stands now, does not take.
        """
        template, who = standing.template, standing.owner
        entry = self._reports.report(template.report, self._organization)
        zone = schedule.time_zone or self._organization.time_zone
        masked = not who.may("reports.view_pii")
        return [
            self._order(
                entry, template, format, schedule.parameters, masked=masked, bulk=bulk, requested_by=who.user_id, requested_by_name=who.name,
                time_zone=zone, planned_at=planned_at, subject=schedule.subject, message=schedule.message,
                deliver_to=[dict(target) for target in schedule.deliver_to] if sent else [], **more,
            )
            for format in schedule.formats
        ]  # fmt: skip

    def _order(
        self, entry: catalog.Entry, template: templates.Template, format: str, parameters: Mapping[str, Any], *, masked: bool, **more: Any
    ) -> orders.Order:
        wanted = templates.filled(template, templates.Wanted(format=format, parameters=parameters), entry)
        orders.check(
            entry, format, wanted.parameters, wanted.options, wanted.sections, each=wanted.each, made_as=wanted.made_as or "runs", compare=wanted.compare
        )  # fmt: skip
        if wanted.choice:
            wanted.choice.check(catalog.dataset(entry), masked=masked)
        return orders.Order(
            report=entry.key, report_version=entry.version, format=format, parameters=orders.as_json(wanted.parameters), options=dict(wanted.options),
            sections=list(wanted.sections), fields=list(wanted.choice.fields), filters=wanted.choice.stored, arrangement=wanted.choice.arrangement.stored, compare=wanted.compare, template_id=template.id, masked=masked,
            branding=dict(template.branding_config), each=orders.as_json(wanted.each), made_as=wanted.made_as or "runs", **more,
        )  # fmt: skip
