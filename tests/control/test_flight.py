"""Who asks the same at the same time is given one answer; nothing is kept, and nobody is given what is not his."""

import threading

import pytest

from octavo.control.summaries.flight import Flight
from octavo.errors import UsageError


def test_who_asks_the_same_while_it_is_worked_out_is_given_that_answer_and_who_comes_later_a_new_one() -> None:
    flight = Flight[int]()
    working, go_on = threading.Event(), threading.Event()
    worked: list[str] = []
    told: list[int] = []

    def work() -> int:
        worked.append("once")
        working.set()
        go_on.wait(30)
        return len(worked)

    threads = [threading.Thread(target=lambda: told.append(flight.share("same", work))) for _ in range(5)]
    threads[0].start()
    working.wait(30)
    for thread in threads[1:]:
        thread.start()
    assert flight.share("other", lambda: 7) == 7  # not held up by them
    while flight.waiting("same") < 4:
        pass
    go_on.set()
    for thread in threads:
        thread.join(30)
    assert (told, worked) == ([1] * 5, ["once"])
    assert flight.share("same", work) == 2


def test_what_goes_wrong_is_told_and_not_kept() -> None:
    flight = Flight[int]()

    def wrong() -> int:
        raise UsageError("no")

    for _ in range(2):
        with pytest.raises(UsageError):
            flight.share("same", wrong)
    assert flight.share("same", lambda: 1) == 1
