"""Twenty organizations of six people each, with 10,000 contracts and 10,000 invoices apiece, made once in an embedded PostgreSQL."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks import data
from octavo.control import events
from octavo.control.access import actions as access
from octavo.control.templates import actions as templates
from octavo.control.templates import approvals
from octavo.control.tenancy import actions as tenancy
from octavo.database import embedded, migrate
from octavo.database.connection import Connection, Database
from octavo.pipeline import catalog
from octavo.pipeline.document import Organization

FOLDER = (data.FOLDER / "server").resolve()
ORGANIZATIONS = 20
PEOPLE = 5
ROWS = 10_000

_BENCH = events.Actor.system("the benchmark")
_ROWS = (
    "insert into energy.project (name) values ('Plant')",
    "insert into energy.billing_period (name, start_date, end_date) select to_char(m, 'YYYY-MM'), m::date, (m + interval '1 month - 1 day')::date "
    "from generate_series(timestamp '2020-01-01', timestamp '2025-12-01', interval '1 month') m",
    "insert into energy.invoice_line_type (code, name) values ('E', 'Energy')",
    "insert into energy.contract (project_id, number, name, kind, counterparty_name, counterparty_address, counterparty_vat_number, currency, start_date) "
    "select p.id, 'C-' || lpad(g::text, 6, '0'), 'Wind PPA ' || g, 'ppa', 'Buyer ' || g || ' Ltd', g || ' Quay Road' || chr(10) || 'Newcastle', "
    "'GB' || (100000000 + g), 'GBP', date '2020-01-01' + g %% 900 from energy.project p, generate_series(1, %(rows)s) g",
    "insert into energy.invoice_header (contract_id, billing_period_id, invoice_number, issue_date, due_date, status, currency) "
    "select c.id, (select min(id) from energy.billing_period) + n %% 72, 'INV-' || lpad(n::text, 8, '0'), date '2020-02-01' + n::int %% 2000, "
    "date '2020-03-03' + n::int %% 2000, 'issued', 'GBP' from (select id, row_number() over (order by id) as n from energy.contract) c",
    "insert into energy.invoice_line (invoice_header_id, line_number, invoice_line_type_id, description, quantity, unit, unit_price, line_total, tax_rate) "
    "select h.id, 1, (select id from energy.invoice_line_type), 'Energy delivered', q, 'kWh', 0.0614, round(q * 0.0614, 2), 20 "
    "from (select id, (1000 + id %% 9000)::numeric as q from energy.invoice_header) h",
)


@dataclass(frozen=True)
class Person:
    """Somebody with a key. What his organization asks for again and again is approved, as a template."""

    organization: Organization
    key: str
    template: int

    def asks(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """What he sends there: reports by the template."""
        return {**body, "template_id": self.template} if path.endswith("/generate") else dict(body)


@dataclass(frozen=True)
class World:
    """Who there is. `users` ask; each organization has one approver, who asks for nothing."""

    database: Database
    users: list[Person]
    approvers: list[Person]


def prepare() -> World:
    """The world, with new keys."""
    conninfo = embedded.start(FOLDER / "data")
    migrate.apply(conninfo, migrate.sources(catalog.installed().migrations))
    database = Database(conninfo)
    users, approvers = [], []
    for number in range(1, ORGANIZATIONS + 1):
        organization, _ = tenancy.find_or_create(database, f"org-{number}", f"Organization {number}")
        with database.tenant(organization.id) as connection:
            if connection.execute("select from energy.project").fetchone() is None:
                for statement in _ROWS:
                    connection.execute(statement.encode(), {"rows": ROWS})
            template = _template(connection, organization)
            people = [_person(organization, connection, place, template) for place in range(PEOPLE + 1)]
        approvers.append(people[0])
        users.extend(people[1:])
    with database.app() as connection:
        connection.execute("select octavo.gather_statistics('energy')")
    return World(database, users, approvers)


def _member(organization: Organization, connection: Connection, place: int) -> int:
    person = access.person(connection, f"user-{place}@{organization.slug}.example")
    access.set_member(connection, _BENCH, person, role="admin" if place == 0 else "member")
    return person


def _person(organization: Organization, connection: Connection, place: int, template: int) -> Person:
    person = _member(organization, connection, place)
    return Person(organization, access.create_key(connection, _BENCH, user_id=person, name="benchmark", days=2).text, template)


def _template(connection: Connection, organization: Organization) -> int:
    """The invoices as a template, which the approver has approved."""
    known = connection.execute("select id from octavo.report_template where name = 'All invoices'").fetchone()
    if known:
        return int(known[0])
    said = templates.Content("All invoices", "energy.invoices_generated", default_date_range_days=None)
    made = templates.create(connection, _BENCH, said)
    approver = access.principal_of(connection, _member(organization, connection, 0))
    approvals.approve(connection, approver, _BENCH, made.id, rows=ROWS)
    return made.id
