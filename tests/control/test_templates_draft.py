"""The steps of the builder: what each button does to a draft, and which choice a draft is. By hand, on a dataset of five columns."""

import pytest

from octavo.control.templates import draft
from octavo.control.templates.draft import Condition, Draft
from octavo.errors import UsageError
from octavo.pipeline.arrangement import Arrangement, Order
from octavo.pipeline.choice import Choice, Filter
from octavo.pipeline.definition import Date, Flag, Instant, Money, Table, Text
from octavo.web.pages import form

TABLE = Table(
    "lines", "Lines", query="lines.sql",
    columns=(Text("who", "Who"), Date("day", "Day"), Money("amount", "Amount", total=True), Flag("paid", "Paid"), Instant("at", "At")),
)  # fmt: skip
OWN = ("who", "day", "amount", "paid", "at")


def test_it_begins_with_the_dataset_as_it_is_which_chooses_nothing() -> None:
    begun = draft.begin(TABLE)
    assert begun == Draft(OWN, totals=("amount",))
    assert draft.choice(begun, TABLE, "UTC") == Choice()
    assert draft.config(Choice()) == {}


@pytest.mark.parametrize(
    ("does", "fields", "note"),
    [
        ("up:day", ("day", "who", "amount", "paid", "at"), "Day is now column 1 of 5."),
        ("up:who", OWN, "Who is now column 1 of 5."),
        ("down:day", ("who", "amount", "day", "paid", "at"), "Day is now column 3 of 5."),
        ("down:at", OWN, "At is now column 5 of 5."),
        ("drop:paid", ("who", "day", "amount", "at"), "Paid is left out."),
        ("add:who", OWN, ""),
        ("add:nobody", OWN, ""),
        ("up:nobody", OWN, ""),
        ("preview", OWN, ""),
        ("", OWN, ""),
    ],
)
def test_a_button_moves_adds_or_drops_a_column(does: str, fields: tuple[str, ...], note: str) -> None:
    moved = draft.step(draft.begin(TABLE), does, TABLE)
    assert (moved.fields, moved.note) == (fields, note)


def test_what_is_left_out_is_no_group_and_no_total_any_more_and_comes_back_as_the_last() -> None:
    left = draft.step(Draft(OWN, groups=("amount", "who"), totals=("amount",)), "drop:amount", TABLE)
    assert left == Draft(("who", "day", "paid", "at"), groups=("who",))
    assert draft.step(left, "add:amount", TABLE).fields == ("who", "day", "paid", "at", "amount")


def test_conditions_come_and_go_by_number() -> None:
    one = draft.step(draft.begin(TABLE), "filter:day", TABLE)
    two = draft.step(one, "filter:who", TABLE)
    assert two.filters == (Condition("day"), Condition("who"))
    assert draft.step(two, "unfilter:0", TABLE).filters == (Condition("who"),)
    assert draft.step(two, "unfilter:7", TABLE).filters == two.filters


def test_a_form_is_read_without_what_is_no_column() -> None:
    sent = form.parse(
        b"fields=at&fields=who&fields=ghost&fields=who&f0_field=ghost&f1_field=who&f1_op=contains&f1_value=x&o0_field=day&o0_way=down"
        b"&o1_field=day&g0_field=&g1_field=who&totals=amount&totals=ghost"
    )
    assert draft.of_form(sent, TABLE) == Draft(
        ("at", "who"), (Condition("who", "contains", "x"),), (("day", False),), ("who",), ("amount",)
    )  # fmt: skip


def test_a_draft_becomes_the_choice_that_a_template_keeps_and_comes_back_as_it_was() -> None:
    made = Draft(
        ("who", "amount"),
        (
            Condition("who", "in", "Ann; Bo"), Condition("day", "ge", "2026-06-30"), Condition("amount", "gt", "12.50"),
            Condition("paid", "eq", "false"), Condition("at", "lt", "2026-06-30T12:00"), Condition("day", "filled", ""),
        ),
        (("day", True),), ("who",), (),
    )  # fmt: skip
    said = draft.choice(made, TABLE, "Europe/Berlin")
    assert said == Choice(
        ("who", "amount"),
        (
            Filter(field="who", op="in", value=["Ann", "Bo"]), Filter(field="day", op="ge", value="2026-06-30"),
            Filter(field="amount", op="gt", value="12.50"), Filter(field="paid", op="eq", value=False),
            Filter(field="at", op="lt", value="2026-06-30T12:00:00+02:00"), Filter(field="day", op="is_null", value=False),
        ),
        Arrangement(order=(Order(field="day", descending=True),), group_by=("who",), totals=()),
    )  # fmt: skip
    said.check(TABLE, masked=False)
    assert draft.of_choice(TABLE, said, "Europe/Berlin") == made


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (Draft(()), "at least one column"),
        (Draft(OWN, (Condition("amount", "gt", ""),)), "Amount is compared with nothing yet"),
        (Draft(OWN, (Condition("paid", "gt", "true"),)), "Paid cannot be asked so"),
        (Draft(OWN, (Condition("at", "gt", "noon"),)), "At is compared with a day and a time"),
    ],
)
def test_what_cannot_be_meant_is_said_in_words(made: Draft, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        draft.choice(made, TABLE, "UTC")
