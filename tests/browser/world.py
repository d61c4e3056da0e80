"""A world to look at: the demonstration's two organizations, with a history of thirty days, things that wait, fail and are at work."""

from dataclasses import dataclass
from datetime import time, timedelta
from typing import Any

import psycopg

from octavo import demo
from octavo.control import events
from octavo.control.access import actions as access
from octavo.control.delivery import actions as delivery
from octavo.control.exports import actions as exports
from octavo.control.exports import jobs, thresholds
from octavo.control.runs import actions as runs
from octavo.control.runs import leases
from octavo.control.schedules import actions as schedules
from octavo.control.sharing import actions as sharing
from octavo.control.templates import actions as templates
from octavo.control.tenancy import actions as tenancy
from octavo.control.webhooks import actions as webhooks
from octavo.database.connection import Connection, Database
from octavo.pipeline import catalog
from octavo.pipeline.document import Organization
from octavo.pipeline.store import open_store
from octavo.settings import Settings
from octavo.vault import Vault
from tests.conftest import superuser

_MANY = 96
_HISTORY = """
insert into octavo.generated_report (organization_id, report, report_version, format, parameters, source, requested_by, requested_by_name, state, created_at)
select %(organization)s, (array['energy.invoice_comparison', 'energy.contracts', 'energy.settlement', 'retail.sales'])[1 + n %% 4], 'x',
    (array['pdf', 'xlsx', 'csv'])[1 + n %% 3], '{}', 'on_demand', %(person)s, %(name)s, 'pending', now() - n * interval '7 hours'
from generate_series(1, %(many)s) as n
"""
_ENDED = """
update octavo.generated_report set state = case when id %% 17 = 0 then 'failed' else 'expired' end, attempt = 1, started_at = created_at,
    completed_at = created_at + interval '3 seconds', records = case when id %% 17 = 0 then null else 40 + id * 37 %% 900 end,
    error_kind = case when id %% 17 = 0 then 'query' end,
    error_message = case when id %% 17 = 0 then 'The query of the section Lines took longer than it may; nothing was made. Ask for a shorter period' end,
    file_bytes = 20000 + id * 911 %% 90000, duration_ms = 800 + id * 131 %% 5000
where organization_id = %(organization)s
"""


@dataclass(frozen=True)
class World:
    """Whom there is to sign in as, by organization and role; and what there is of each kind, for the addresses of pages."""

    people: dict[tuple[str, str], access.Credential]
    things: dict[str, Any]

    def person(self, role: str, organization: str = "aurora") -> access.Credential:
        return self.people[organization, role]


def made(database: Database, settings: Settings) -> World:
    """Makes the world. Its things are the first organization's."""
    reports = catalog.installed()
    organizations = demo.prepare(database, reports)
    people = {(one.organization.slug, one.role): one for one in demo.credentials(database, organizations)}
    things = [_settle(database, organization, people, settings) for organization in organizations]
    return World(people, things[0])


def _settle(
    database: Database, organization: Organization, people: dict[tuple[str, str], access.Credential], settings: Settings
) -> dict[str, Any]:
    admin, member = people[organization.slug, "admin"], people[organization.slug, "member"]
    with database.tenant(organization.id) as connection:
        boss, asker = (access.known_person(connection, one.name) for one in (admin, member))
    _history(database, organization, asker, member.name)
    things: dict[str, Any] = {"report": "energy.generation_summary", "person": asker}
    actor, head = events.Actor(asker, None, member.name), events.Actor(boss, None, admin.name)
    with database.tenant(organization.id, zone=organization.time_zone) as connection:
        things["run"] = runs.request(
            connection, actor, report="energy.contracts", format="pdf", parameters={}, deliver_to=[{"channel": "email", "to": member.name}]
        ).id
    claim = leases.claim(database, "the world", timedelta(minutes=5), bulk=(False, True), most_running=8)
    assert claim is not None
    assert jobs.perform(claim, reports=catalog.installed(), database=database, store=open_store(settings.store_place))
    with database.tenant(organization.id) as connection:
        sharing.create(
            connection, access.principal_of(connection, boss), head, things["run"], days=7, note="the auditors of Hansen & Partner"
        )
        thresholds.change(connection, head, thresholds.Thresholds(personal_threshold=0))
    asked = exports.plan(database, organization, dataset="energy.contracts", format="csv", given={}, masked=False)
    with database.tenant(organization.id, zone=organization.time_zone) as connection:
        things["export"] = exports.request(connection, actor, asked, reason="for the yearly audit").id
        things["working"] = _at_work(connection, head)
        things |= _outgoing(connection, head, settings)
        things |= _due(connection, boss, admin.name)
    return things


def _history(database: Database, organization: Organization, person: int, name: str) -> None:
    values = {"organization": organization.id, "person": person, "name": name, "many": _MANY}
    with psycopg.connect(superuser(database.conninfo), dbname=psycopg.conninfo.conninfo_to_dict(database.conninfo)["dbname"]) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute(_HISTORY.encode(), values)
        connection.execute(_ENDED.encode(), values)


def _at_work(connection: Connection, actor: events.Actor) -> int:
    """A run half done."""
    run = runs.request(connection, actor, report="energy.contracts", format="xlsx", parameters={})
    connection.execute(
        "update octavo.generated_report set state = 'processing', attempt = 1, started_at = now() - interval '8 seconds', stage = 'writing', "
        "total_rows = 12400, processed_rows = 5208, lease_until = now() + %s where id = %s",
        [timedelta(hours=5), run.id],
    )
    return run.id


def _outgoing(connection: Connection, actor: events.Actor, settings: Settings) -> dict[str, int]:
    """Where things go: a project, a place, a webhook with a message that failed, and a test mail."""
    vault, outside = Vault(settings), settings.model_copy(update={"webhook_networks": ["127.0.0.0/8"]})
    found = {"project": tenancy.create_project(connection, actor, "Solar plant North").id}
    tenancy.let_into_project(connection, actor, found["project"], actor.user_id or 0)
    said = delivery.PlaceContent(
        "Archive of the accountants", "sftp://octavo@files.example/in", {"host_key": "SHA256:x"}, {"password": "not so secret"}
    )
    found["place"] = delivery.create_place(connection, actor, said, vault).id
    told = ["run.completed", "export.approved", "export.requested"]
    hook, _ = webhooks.create(
        connection, actor, vault, outside, url="https://hooks.example.org/octavo", events_=told, description="The ledger's inbox"
    )
    found["webhook"] = hook.id
    webhooks.test(connection, actor, hook.id)
    connection.execute(
        "update octavo.delivery set state = 'failed', attempts = 3, next_try_at = null, error_kind = 'answer', answer = '503', "
        "last_error = 'Its server answered 503', ended_at = now() where channel = 'webhook'"
    )
    principal = access.principal_of(connection, actor.user_id or 0)
    target = delivery.check_targets(connection, [{"channel": "email", "to": actor.name}], principal=principal)[0]
    found["delivery"] = delivery.try_out(connection, principal, actor, target).id
    return found


def _due(connection: Connection, boss: int, name: str) -> dict[str, int]:
    principal = access.principal_of(connection, boss)
    actor = events.Actor(boss, None, name)
    content = templates.Content("Contracts every Monday", "energy.contracts", "csv", default_date_range_days=None)
    template = templates.create(connection, actor, content)
    config = {
        "fields": ["contract_number", "kind", "status", "counterparty_name", "start_date"], "filters": [{"field": "kind", "op": "starts_with", "value": "p"},
        {"field": "start_date", "op": "ge", "value": "2001-01-01"}, {"field": "status", "op": "in", "value": ["active", "draft"]}],
        "arrangement": {"order": [{"field": "start_date", "descending": True}], "group_by": ["kind"]},
    }  # fmt: skip
    built = templates.Content("Agreements by kind", "energy.contracts", "xlsx", default_date_range_days=None, template_config=config)
    found = {"template": template.id, "built": templates.create(connection, actor, built).id}
    for title, rule in (("Contracts, weekly", {"frequency": "weekly", "days_of_week": [1]}), ("Contracts, daily", {"frequency": "daily"})):
        said = schedules.Content(
            name=title, template_id=template.id, formats=["csv"], time_of_day=time(6, 0), time_zone="America/New_York", **rule
        )
        found["schedule"] = schedules.create(connection, principal, actor, said).id
    return found
