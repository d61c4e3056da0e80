"""The audit log of the retail pack: JSON that people can read, and that every section counts the same events."""

import json
from typing import Any

import pytest

from octavo.database.connection import Database
from octavo.pipeline.document import Organization
from tests.packs import samples


@pytest.mark.parametrize(
    ("data", "read"),
    [
        ({"unit_price": 1.5, "paid": True, "gift": False}, "gift: no; paid: yes; unit price: 1.5"),
        ({"a": {"b": {"c": [1, [2, 3]]}}}, "a: (b: (c: 1, 2, 3))"),
        ([{"x": 1}, {"x": None}], "(x: 1), (x: –)"),
        ("plain", "plain"), ("", ""), (0, "0"), (None, None), ({}, None), ([], None), ({"empty": {}}, "empty: ()"),
    ],
)  # fmt: skip
def test_json_is_read_as_words(database: Database, organization: Organization, data: Any, read: str | None) -> None:
    with database.tenant(organization.id) as tenant:
        assert tenant.execute("select retail.readable(%s::jsonb)", [json.dumps(data)]).fetchone() == (read,)


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"user_id": "till-2"},
        {"event_type": "sale.cancelled"},
        {"customer_id": "0010"},
        {"period": "previous_quarter"},
        {"sale_id": "100010"},
    ],
)
def test_every_section_counts_the_same_events(database: Database, organization: Organization, asked: dict[str, str]) -> None:
    samples.load(database, organization, "retail", 1)
    found = samples.sections(database, organization, "retail.audit_log", **asked)
    (summary,) = found["summary"]
    assert summary["events"] == len(found["log"]) > 0
    for name in ("by_event_type", "by_user", "over_time"):
        assert samples.add(found[name], "events") == summary["events"], name
    for column, value in asked.items():
        name = {"sale_id": "invoice_number"}.get(column, column)
        if name != "period":
            assert {row[name] for row in found["log"]} == {value}


def test_every_sale_of_the_sample_is_in_its_log(database: Database, organization: Organization) -> None:
    samples.load(database, organization, "retail", 2)
    assert samples.ask(
        database, organization, "select count(*) from retail.sale where not exists (select from retail.audit_event where sale_id = sale.id and event_type like 'sale.%%')",
    ) == [(0,)]  # fmt: skip
    assert samples.ask(database, organization, "select count(*) from retail.audit_event where occurred_at > now()") == [(0,)]
