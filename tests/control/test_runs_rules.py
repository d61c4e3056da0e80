"""The states of a run are written once, and what a failure means is decided without asking anybody."""

import errno
import signal
from datetime import timedelta

import psycopg
import pytest

from octavo import errors
from octavo.control.runs import rules
from octavo.database.connection import Database

SECOND = timedelta(seconds=1)


def test_the_database_allows_exactly_the_states_of_the_rules(database: Database) -> None:
    with database.app() as connection:
        check = connection.execute(
            "select pg_get_constraintdef(oid) from pg_constraint where conname = 'generated_report_state'"
        ).fetchone()
        sources = connection.execute(
            "select pg_get_constraintdef(oid) from pg_constraint where conname = 'generated_report_source_check'"
        ).fetchone()
    assert check and sources
    assert [part.split("'")[0] for part in str(check[0]).split("'")[1::2]] == list(rules.STATES)
    assert str(sources[0]).split("'")[1::2] == list(rules.SOURCES)


def test_every_state_has_its_way_and_what_is_over_is_left_only_by_hand_or_by_expiring() -> None:
    assert set(rules.TRANSITIONS) == set(rules.STATES)
    assert {after for ways in rules.TRANSITIONS.values() for after in ways} == set(rules.STATES)
    assert {state: rules.TRANSITIONS[state] for state in rules.OVER} == {
        "completed": ("expired",),
        "failed": ("pending",),
        "cancelled": ("pending",),
        "expired": (),
    }


@pytest.mark.parametrize(
    ("error", "kind", "passing"),
    [
        (errors.UsageError("no such parameter"), "usage", False),
        (errors.NotFound("no such report"), "usage", False),
        (errors.TooLarge("too many rows"), "too_large", False),
        (errors.Forbidden("not any more"), "forbidden", False),
        (errors.DefinitionError("wrong SQL"), "definition", False),
        (errors.Torn("rows are missing"), "torn", False),
        (errors.QueryFailed("division by zero"), "query", False),
        (errors.DatabaseError("the connection is gone"), "database", True),
        (psycopg.errors.AdminShutdown("terminating connection"), "database", True),
        (psycopg.InterfaceError("the connection is closed"), "database", True),
        (errors.StorageError("the disk is full"), "storage", True),
        (MemoryError(), "memory", False),
        (RuntimeError("can't start new thread"), "memory", False),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "memory", False),
        (psycopg.OperationalError("out of memory for query result"), "memory", False),
        (errors.NotInstalled("another version has it"), "not_installed", True),
        (errors.Interrupted("Typst was killed"), "lost", True),
        (psycopg.errors.ReadOnlySqlTransaction("a standby took over"), "database", True),
        (psycopg.errors.InternalError_("something in the server"), "database", True),
        (psycopg.errors.UniqueViolation("a mistake of ours"), "internal", False),
        (OSError(errno.ENOSPC, "No space left on device"), "machine", True),
        (OSError(errno.EMFILE, "Too many open files"), "machine", True),
    ],
)
def test_what_may_pass_is_tried_again_and_what_is_wrong_is_not(error: BaseException, kind: str, passing: bool) -> None:
    failure = rules.failure(error, 2048)
    assert (failure.kind, failure.passing) == (kind, passing)


def test_what_the_database_refuses_with_a_reason_is_told_and_not_tried_again(database: Database) -> None:
    with pytest.raises(psycopg.Error) as refused, database.app() as connection:
        connection.execute("select octavo.refuse('The export has more rows than were approved; ask for it again')")
    failure = rules.failure(refused.value, 2048)
    assert (failure.kind, failure.passing) == ("refused", False)
    assert failure.message == "The export has more rows than were approved; ask for it again"


def test_a_crash_of_a_library_is_tried_once_more_and_one_that_was_killed_as_often_as_whatever_passes() -> None:
    for number in (signal.SIGSEGV, signal.SIGABRT, signal.SIGTRAP):
        crashed = rules.lost(-number)
        assert crashed.kind == "crashed"
        assert [rules.pause_after(failures, SECOND, crashed.most) for failures in (1, 2)] == [SECOND, None]
    for code in (-signal.SIGKILL, -signal.SIGTERM, 0, 255, None):
        assert (rules.lost(code).kind, rules.lost(code).most) == ("lost", rules.MOST_FAILURES)


def test_of_an_error_that_is_not_ours_only_the_name_is_told() -> None:
    failure = rules.failure(KeyError("4711, Jane Doe"), 2048)
    assert "Jane" not in failure.message and "KeyError" in failure.message
    assert not failure.passing


def test_each_pause_is_longer_than_the_last_and_after_six_failures_it_is_enough() -> None:
    pauses = [rules.pause_after(failures, SECOND) for failures in range(1, 7)]
    assert pauses == [1 * SECOND, 5 * SECOND, 15 * SECOND, 60 * SECOND, 300 * SECOND, None]
    assert rules.pause_after(2, 10 * SECOND) == 50 * SECOND
