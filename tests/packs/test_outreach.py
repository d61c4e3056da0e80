"""The outreach pack: every rate names its base, each kind of bounce stands apart, and all reports tell of the same messages."""

import re
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from octavo.database.connection import Database
from octavo.pipeline import catalog, definition
from octavo.pipeline.document import Organization
from tests.packs import samples

REPORTS = [name for name in catalog.installed().entries if name.startswith("outreach.")]
COUNTED = (
    "sent", "accepted", "hard_bounces", "soft_bounces", "block_bounces", "undetermined_bounces", "out_of_band_bounces", "admin_bounces",
    "opened", "clicked", "replied", "unsubscribed", "complained",
)  # fmt: skip
BASES = {
    "acceptance_rate": ("accepted", "sent"),
    "hard_bounce_rate": ("hard_bounces", "sent"),
    "soft_bounce_rate": ("soft_bounces", "sent"),
    "block_bounce_rate": ("block_bounces", "sent"),
    "open_rate": ("opened", "accepted"),
    "click_rate": ("clicked", "accepted"),
    "click_to_open_rate": ("clicked", "opened"),
    "reply_rate": ("replied", "accepted"),
    "unsubscribe_rate": ("unsubscribed", "accepted"),
    "complaint_rate": ("complained", "accepted"),
}


@pytest.fixture(params=[1, 2])
def sampled(request: pytest.FixtureRequest, database: Database, organization: Organization) -> Organization:
    samples.load(database, organization, "outreach", request.param)
    return organization


def test_every_rate_names_what_it_is_of() -> None:
    percents = [
        column
        for name in REPORTS
        for section in catalog.installed().report(name).report.sections
        if isinstance(section, definition.Tabular)
        for column in section.columns
        if isinstance(column, definition.Percent)
    ]
    assert len(percents) > 20
    assert [column.name for column in percents if not re.search(r"\b[Oo]f (sent|accepted|opened)$", column.title)] == []
    for column in percents:
        if column.name in BASES:
            assert column.title.endswith(f"of {BASES[column.name][1]}")


@pytest.mark.parametrize("report", ["campaign", "deliverability", "workspace_summary"])
def test_every_rate_is_what_it_says_and_nothing_where_its_base_is_nothing(database: Database, sampled: Organization, report: str) -> None:
    for name, rows in samples.sections(database, sampled, f"outreach.{report}", period="previous_quarter").items():
        for row in rows:
            for rate, (counted, base) in BASES.items():
                if rate in row and {counted, base} <= row.keys():
                    wanted = round(Decimal(100) * row[counted] / row[base], 4) if row[base] else None
                    assert row[rate] is wanted or abs(row[rate] - wanted) <= Decimal("0.0001"), (name, rate)


@pytest.mark.parametrize(
    "asked",
    [{}, {"workspace_id": "W2"}, {"campaign_id": "K04"}, {"status": "paused"}, {"period": "previous_quarter"}, {"period": "last_7d"}],
)
def test_all_reports_tell_of_the_same_messages(database: Database, organization: Organization, asked: dict[str, Any]) -> None:
    samples.load(database, organization, "outreach", 2)
    campaign = samples.sections(database, organization, "outreach.campaign", **asked)
    deliverability = samples.sections(database, organization, "outreach.deliverability", **asked)
    wholes = [
        campaign["summary"],
        campaign["by_campaign"],
        campaign["over_time"],
        *(deliverability[name] for name in ("summary", "over_time", "by_domain", "by_provider")),
    ]
    wholes += [samples.sections(database, organization, f"outreach.{name}", **asked)[name] for name in ("campaigns", "metrics")]
    if asked.keys() <= {"workspace_id", "period"}:
        found = samples.sections(database, organization, "outreach.workspace_summary", **asked)
        wholes += [found["summary"], found["by_workspace"], found["by_month"]]
    (summary,) = samples.sections(database, organization, "outreach.campaign", **asked)["summary"]
    for rows in wholes:
        for column in COUNTED:
            if rows and column in rows[0]:
                assert samples.add(rows, column) == summary[column], column
    bounces = sum(summary[column] for column in COUNTED if column.endswith("_bounces") and column != "admin_bounces")
    assert summary["sent"] == summary["accepted"] + bounces
    assert samples.add(deliverability["by_reason"], "bounces") == bounces
    assert (summary["sent"] > 0) is (asked.get("period") != "last_7d" or summary["sent"] > 0)


@pytest.mark.parametrize(
    ("bounced", "complained", "alarms", "alarm"),
    [
        (0, 0, "none", False),
        (49, 0, "none", False),
        (50, 0, "bounces reach 5 % of sent", True),
        (0, 1, "complaints reach 0.10 % of accepted", True),
        (0, 3, "complaints reach 0.30 % of accepted", True),
        (500, 1, "bounces reach 5 % of sent; complaints reach 0.10 % of accepted", True),
    ],
)
def test_alarms_ring_at_five_per_cent_of_bounces_and_a_tenth_of_a_per_cent_of_complaints(
    database: Database, organization: Organization, bounced: int, complained: int, alarms: str, alarm: bool
) -> None:
    with database.tenant(organization.id) as tenant:
        tenant.execute("insert into outreach.workspace (id, code, name) values (1, 'W', 'W')")
        tenant.execute("insert into outreach.sending_domain (id, name) values (1, 'a.example.org')")
        tenant.execute("insert into outreach.campaign (id, code, workspace_id, name) values (1, 'K', 1, 'K')")
        tenant.execute("insert into outreach.lead (id, number, workspace_id, email, created_at) values (1, 'L', 1, 'l@example.org', now())")
        tenant.execute(
            "insert into outreach.message (campaign_id, lead_id, sending_domain_id, provider, sent_at, outcome, complained_at) "
            "select 1, 1, 1, 'p', now(), case when n <= %s then 'soft bounce' else 'accepted' end, case when n > 1000 - %s then now() end from generate_series(1, 1000) n",
            [bounced, complained],
        )
    found = samples.sections(database, organization, "outreach.deliverability")
    assert found["summary"][0]["alarms"] == alarms
    assert found["by_domain"][0]["alarm"] is alarm


def test_the_period_of_leads_is_when_they_came(database: Database, sampled: Organization) -> None:
    every = samples.sections(database, sampled, "outreach.leads")["leads"]
    assert len(every) == 300
    parts = [samples.sections(database, sampled, "outreach.leads", status=status)["leads"] for status in {row["status"] for row in every}]
    assert sorted(row["number"] for part in parts for row in part) == [row["number"] for row in every]
    quarter = samples.sections(database, sampled, "outreach.leads", period="previous_quarter")["leads"]
    assert 0 < len(quarter) < 300
    (summary,) = samples.sections(database, sampled, "outreach.workspace_summary", period="previous_quarter")["summary"]
    assert summary["new_leads"] == len(quarter)


def test_in_the_sample_nobody_is_written_to_after_an_answer_and_the_status_says_what_came(
    database: Database, sampled: Organization
) -> None:
    after = (
        "select count(*) from outreach.message a join outreach.message b on a.lead_id = b.lead_id and b.sent_at > a.sent_at "
        "where a.outcome = 'hard bounce' or a.replied_at is not null or a.unsubscribed_at is not null or a.complained_at is not null"
    )
    assert samples.ask(database, sampled, after) == [(0,)]
    assert samples.ask(
        database, sampled, "select count(*) from outreach.message where sent_at > now() or replied_at > now() or replied_at < sent_at"
    ) == [(0,)]
    assert samples.ask(
        database,
        sampled,
        "select count(*) from outreach.lead where (status = 'new') = exists (select from outreach.message where lead_id = lead.id)",
    ) == [(0,)]
    assert samples.ask(
        database, sampled, "select count(*) from outreach.lead join outreach.message m on m.lead_id = lead.id where m.replied_at is not null and status not in ('replied', 'interested', 'won', 'not interested')",
    ) == [(0,)]  # fmt: skip
    states = {status for (status,) in samples.ask(database, sampled, "select distinct status from outreach.campaign")}
    assert states == {"draft", "active", "paused", "completed"}
    outcomes = {outcome for (outcome,) in samples.ask(database, sampled, "select distinct outcome from outreach.message")}
    assert {"accepted", "hard bounce", "soft bounce", "block bounce", "out-of-band bounce"} <= outcomes


def test_the_same_seed_gives_the_same_sample_once(database: Database, organization: Organization, other_organization: Organization) -> None:
    rows = "select number, first_name, company, status from outreach.lead order by number"
    samples.load(database, organization, "outreach", 1)
    samples.load(database, other_organization, "outreach", 1)
    assert samples.ask(database, organization, rows) == samples.ask(database, other_organization, rows)
    with pytest.raises(psycopg.Error, match="needs an organization without leads of its own"):
        samples.load(database, organization, "outreach", 2)
