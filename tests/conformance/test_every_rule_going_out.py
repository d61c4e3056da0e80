"""The rules of what goes out (links, passwords on files, addresses that are called), taken away one at a time: a named check turns red each time."""

from typing import Any

import psycopg
import pytest

from octavo import network
from octavo.control.sharing import actions as sharing
from octavo.control.sharing import door
from tests.conformance.tenant_tables import Connection
from tests.conformance.test_every_rule import Check, InCode, InTable, called
from tests.control import test_webhook_addresses
from tests.control.test_webhook_addresses import here
from tests.web import test_protection_api, test_shares_api
from tests.web.conftest import application, client, ours, theirs
from tests.web.test_protection_api import contracts
from tests.web.test_shares_api import run_id, visitor

__all__ = ["application", "client", "contracts", "here", "ours", "run_id", "theirs", "visitor"]  # fixtures of the checks

NOT_THERE = test_shares_api.test_whatever_is_wrong_with_a_link_it_is_not_there
MAKER = test_shares_api.test_what_its_maker_may_not_do_any_more_a_link_does_not_do_either
LONGER = test_shares_api.test_plain_sql_of_the_application_makes_no_link_last_longer
KEPT = test_protection_api.test_the_password_is_kept_until_the_run_is_over_and_no_longer
LET_OUT = test_protection_api.test_an_export_that_is_sent_back_keeps_its_password_and_one_that_is_not_let_out_forgets_it
TAKEN_OFF = test_protection_api.test_plain_sql_of_the_application_takes_no_password_off_what_was_approved
SPELLED = test_webhook_addresses.test_an_address_that_is_not_on_the_public_internet_is_refused_however_it_is_spelled
INSIDE = test_webhook_addresses.test_a_name_that_leads_inside_is_not_called

CARRIER, SIX_TO_FOUR = {"url": "https://100.64.0.1/"}, {"url": "https://[2002:7f00:1::]/"}
RULES: list[tuple[InCode | InTable, Check, dict[str, Any]]] = [
    (InCode(door, "_open", "revoked_at is null and ", ""), NOT_THERE, {}),
    (InCode(door, "_open", "expires_at > clock_timestamp() and ", ""), NOT_THERE, {}),
    (InCode(door, "_open", " and coalesce(downloads < most_downloads, true)", ""), NOT_THERE, {}),
    (InCode(door, "_open", "not actions.setting(connection).enabled", "False"), MAKER, {"loss": "sharing is switched off"}),
    (InCode(sharing, "require", "access.require(principal, MANAGE)", "pass"), MAKER, {"loss": "made a member"}),
    (InCode(sharing, "require", "runs_rules.require_file(run.id, run.state,", "dict(state=run.state,"), MAKER, {"loss": "the run expires"}),
    (InTable("drop trigger hold_share on octavo.share"), LONGER, {}),
    (InTable("alter table octavo.share drop constraint a_share_is_used_no_more_than_it_may"), LONGER, {}),
    (InTable("drop trigger forget_password on octavo.generated_report"), KEPT, {}),
    (InTable("drop trigger forget_password on octavo.export_request"), LET_OUT, {}),
    (InTable("drop trigger hold_protection on octavo.export_request"), TAKEN_OFF, {}),
    (InTable("drop trigger hold_insert_protection on octavo.generated_report"), TAKEN_OFF, {}),
    (InTable("drop trigger hold_update_protection on octavo.generated_report"), TAKEN_OFF, {}),
    (InCode(network, "_SPECIAL_4", '"100.64.0.0/10", ', ""), SPELLED, CARRIER),
    (InCode(network, "_SPECIAL_6", '"2002::/16",', ""), SPELLED, SIX_TO_FOUR),
    (InCode(network, "find", "or is_public(address)", "or True"), INSIDE, {"answers": ["127.0.0.1"]}),
]


@pytest.mark.parametrize(("rule", "check", "more"), RULES, ids=[f"{index}-{check.__name__}" for index, (_, check, _) in enumerate(RULES)])
def test_a_rule_that_is_taken_away_turns_its_check_red(
    rule: InCode | InTable, check: Check, more: dict[str, Any], superuser: Connection, request: pytest.FixtureRequest
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        rule.take_away(superuser, patch)
        with pytest.raises((AssertionError, psycopg.Error, pytest.fail.Exception)):
            called(check, request, more)


@pytest.mark.parametrize(("check", "more"), list({check: (check, more) for _, check, more in RULES}.values()))
def test_with_every_rule_in_place_the_same_checks_are_green(check: Check, more: dict[str, Any], request: pytest.FixtureRequest) -> None:
    called(check, request, more)
