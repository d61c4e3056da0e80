"""The fence, the four eyes and the last administrator, taken away one at a time: a named check turns red each time.

A rule whose loss nobody notices is not proved. What keeps organizations apart is taken away in test_every_guard. Code is compiled anew
without the rule, the database of the test loses it; then the check is called as it stands in its own file.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
import pytest
from psycopg import sql

from octavo.control.exports import actions as exports
from octavo.control.exports import jobs as export_jobs
from octavo.control.runs import leases
from octavo.control.templates import approvals
from tests.conformance.tenant_tables import Connection
from tests.control import test_runs_leases
from tests.web import test_access_api, test_approval, test_exports_api, test_standing_approval
from tests.web.conftest import application, client, ours
from tests.web.test_approval import asked
from tests.web.test_standing_approval import second, template

__all__ = ["application", "asked", "client", "ours", "second", "template"]  # fixtures of the checks

Check = Callable[..., None]


@dataclass(frozen=True)
class InCode:
    """`old` becomes `new` in what `name` is bound to in a module."""

    module: ModuleType
    name: str
    old: str
    new: str

    def take_away(self, superuser: Connection, patch: pytest.MonkeyPatch) -> None:
        text = Path(inspect.getfile(self.module)).read_text(encoding="utf-8")
        begin = text.index(f"\ndef {self.name}(") if f"\ndef {self.name}(" in text else text.index(f"\n{self.name} = ")
        part, rest = text[begin:].split("\n\n\n", 1)
        assert self.old in part, f"{self.module.__name__}.{self.name} says it otherwise now; teach {__name__}"
        names = dict(vars(self.module))
        exec(compile(text[:begin] + part.replace(self.old, self.new) + "\n\n\n" + rest, str(self.module.__file__), "exec"), names)
        patch.setattr(self.module, self.name, names[self.name])


@dataclass(frozen=True)
class InFunction:
    """`old` becomes `new` in a function of the database."""

    name: str
    old: str
    new: str

    def take_away(self, superuser: Connection, patch: pytest.MonkeyPatch) -> None:
        row = superuser.execute("select pg_get_functiondef(%s::regprocedure)", [self.name]).fetchone()
        assert row is not None and self.old in row[0], f"{self.name} says it otherwise now; teach {__name__}"
        superuser.execute(row[0].replace(self.old, self.new).encode())


@dataclass(frozen=True)
class InTable:
    """A constraint or a trigger of a table is dropped."""

    statement: str

    def take_away(self, superuser: Connection, patch: pytest.MonkeyPatch) -> None:
        superuser.execute(sql.SQL(self.statement))


def plain(said: str) -> dict[str, Any]:
    """The arguments of the check of plain SQL by which that refusal is provoked."""
    for mark in test_approval.test_plain_sql_of_the_application_goes_no_way_round_the_four_eyes.pytestmark:
        for statement, refusal in mark.args[1]:
            if refusal == said:
                return {"statement": statement, "said": said}
    raise AssertionError(f"nothing provokes {said!r}")


STALE = test_runs_leases.test_an_attempt_that_lost_its_run_can_do_nothing_to_it
CANCELLED = test_runs_leases.test_an_attempt_whose_run_was_cancelled_publishes_nothing
OWN = test_approval.test_nobody_approves_his_own_export_with_another_credential
PLAIN = test_approval.test_plain_sql_of_the_application_goes_no_way_round_the_four_eyes
OTHER_RUN = test_approval.test_a_run_that_is_not_what_was_approved_is_not_published
GROWN = test_exports_api.test_the_database_publishes_no_more_rows_than_were_approved
UNASKED = test_standing_approval.test_a_dataset_that_needs_approval_is_not_made_by_asking_for_a_report
OTHERWISE = test_standing_approval.test_what_the_template_does_not_say_is_not_covered
HIMSELF = test_standing_approval.test_nobody_is_covered_by_his_own_approval
WROTE = test_standing_approval.test_nobody_approves_a_template_that_he_wrote
CHANGED = test_standing_approval.test_a_change_of_what_it_says_ends_the_approval_and_a_change_of_its_name_does_not
LEFT = test_standing_approval.test_an_approval_ends_with_the_rights_of_who_gave_it_and_when_it_is_withdrawn
LAST = test_access_api.test_the_last_active_administrator_stays_one

NO_ATTEMPT = "mine=sql.SQL(\"id = %(run_id)s and state = 'processing'\")"
REQUEST, DECIDED = "alter table octavo.export_request drop constraint {}", "what_needs_approval_was_approved_by_somebody"
RULES: list[tuple[InCode | InFunction | InTable, Check, dict[str, Any]]] = [
    *((InCode(leases, name, "mine=_MINE", NO_ATTEMPT), STALE, {}) for name in ("renew", "publish", "give_back", "fail")),
    (InCode(leases, "_MINE", " and state = 'processing'", ""), CANCELLED, {}),
    (InCode(exports, "_undecided", "principal.user_id == export.requested_by", "False"), OWN, {}),
    (InTable(REQUEST.format("four_eyes")), PLAIN, plain("four_eyes")),
    (InTable(REQUEST.format(DECIDED)), PLAIN, plain(DECIDED)),
    (InTable("drop trigger hold_request on octavo.export_request"), PLAIN, plain("goes on needing it")),
    (InTable("drop trigger hold_insert_to_approval on octavo.generated_report"), PLAIN, plain("not approved")),
    (InTable("drop trigger hold_update_to_approval on octavo.generated_report"), GROWN, {}),
    (InTable("drop trigger keep_an_administrator on octavo.membership"), LAST, {}),
    (InFunction("octavo.hold_to_approval()", "elsif new.records > asked.most_rows then", "elsif false then"), GROWN, {}),
    (InFunction("octavo.hold_to_approval()", "new.parameters <> asked.parameters", "false"), OTHER_RUN, {}),
    (InCode(export_jobs, "_leave", "_Leave(rows=actions.threshold(connection, entry))", "_Leave()"), UNASKED, {}),
    (InCode(approvals, "covering", " or not _as_approved(run, template, entry)", ""), OTHERWISE, {}),
    (InCode(approvals, "covering", "template.approved_by == run.requested_by", "False"), HIMSELF, {}),
    (InCode(approvals, "covering", "not approver.may(APPROVE) or ", ""), LEFT, {}),
    (InCode(approvals, "approve", "template.changed_by == principal.user_id", "False"), WROTE, {}),
    (InTable("alter table octavo.report_template drop constraint four_eyes"), WROTE, {}),
    (InTable("drop trigger hold_to_what_was_approved on octavo.report_template"), CHANGED, {}),
    (InFunction("octavo.hold_request()", "elsif not new.needs_approval and", "elsif false and"), PLAIN, plain("need approval")),
]


def called(check: Check, request: pytest.FixtureRequest, more: dict[str, Any]) -> None:
    """Calls a check as pytest would."""
    check(**{name: more[name] if name in more else request.getfixturevalue(name) for name in inspect.signature(check).parameters})


@pytest.mark.parametrize(("rule", "check", "more"), RULES, ids=[f"{index}-{check.__name__}" for index, (_, check, _) in enumerate(RULES)])
def test_a_rule_that_is_taken_away_turns_its_check_red(
    rule: InCode | InFunction | InTable, check: Check, more: dict[str, Any], superuser: Connection, request: pytest.FixtureRequest
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        rule.take_away(superuser, patch)
        with pytest.raises((AssertionError, psycopg.Error, pytest.fail.Exception)):
            called(check, request, more)


@pytest.mark.parametrize(
    ("check", "more"),
    [
        (STALE, {}),
        (CANCELLED, {}),
        (OWN, {}),
        (PLAIN, plain("four_eyes")),
        (OTHER_RUN, {}),
        (GROWN, {}),
        (LAST, {}),
        *((check, {}) for check in (UNASKED, OTHERWISE, HIMSELF, WROTE, CHANGED, LEFT)),
    ],
)
def test_with_every_rule_in_place_the_same_checks_are_green(check: Check, more: dict[str, Any], request: pytest.FixtureRequest) -> None:
    called(check, request, more)
