"""Widths and depths of a printed table, worked out by hand."""

import pytest

from octavo.pipeline.writers.pdf import measure, wrapping
from octavo.pipeline.writers.pdf.measure import Column, Sheet
from octavo.pipeline.writers.pdf.tables import Heading, Line, Lines

PAGE = Sheet(40 + 2 * measure.MARGIN, 100)


def test_where_cells_must_wrap_all_take_as_many_lines_and_a_long_text_gets_the_most_room() -> None:
    """Of 40 the number has 10. The texts of 60 and 20 lose 2 on each line: 60 / n + 2 + 20 / n + 2 = 30 for n = 40 / 13 lines."""
    columns = [Column(10, 10, 10, False, 0), Column(60, 60, 2, True, 0), Column(20, 20, 2, True, 0)]
    assert measure.widths(columns, PAGE, 1) == pytest.approx([10, 21.5, 8.5], abs=0.05)


def test_a_column_is_never_narrower_than_its_longest_word() -> None:
    """The second word needs 14, so that 16 are left to the other, although it has six times as much to say."""
    columns = [Column(10, 10, 10, False, 0), Column(120, 120, 2, True, 0), Column(20, 20, 14, True, 0)]
    number, long, short = measure.widths(columns, PAGE, 1)
    assert (number, long, short) == pytest.approx((10, 16 * 1, 14), abs=0.2)


HEADINGS = (Heading("a", "A", "", False, True), Heading("b", "B", "", True, False))


def wrapped(*texts: str, room: float) -> tuple[list[str], list[wrapping.Row]]:
    """What becomes of these cells in a column that has so much room, in ems, beside one of numbers; text of 10 points."""
    table = Lines("t", "", "", HEADINGS, [Line("row", [text, "1"]) for text in texts])
    found = wrapping.wrap(table, [room * 10 * 1.03 + 8, 60], 10)
    return [line.cells[0] for line in table.lines], found


def test_a_text_goes_on_on_the_next_line_before_the_word_that_does_not_fit() -> None:
    """Every digit is 0.497 em wide and a space 0.2, so that two words of three digits take 3.182 and three 4.873; four are too much for 5."""
    cells, rows = wrapped("123 456 789 012 345", "123 456 789", "123\n456 789 012 345", room=5)
    assert cells == ["123 456 789 \n012 345", "123 456 789", "123\n456 789 012 \n345"]
    assert [row.lines for row in rows] == [2, 1, 3]
    assert rows[0].height(10) == pytest.approx(2 * 10 + 2.5 + 6.8)  # a quarter of the size between lines, 3.4 points above and below


def test_a_word_that_is_too_long_is_cut_behind_a_sign_or_where_it_must() -> None:
    """Of ten digits four fit 2 ems (1.988); a sign in the second half of what fits is a better place."""
    cells, rows = wrapped("0123456789", "012-345-678", room=2)
    assert cells == ["0123\n4567\n89", "012-\n345-\n678"]
    assert [row.lines for row in rows] == [3, 3]


def test_the_height_of_what_is_no_row_of_another_face_or_very_high_is_left_to_typst() -> None:
    table = Lines(
        "t",
        "",
        "",
        HEADINGS,
        [Line("group", ["x"]), Line("row", ["日本 " * 20, "1"]), Line("row", ["a\n" * 20 + "a", "1"]), Line("total", ["", "2"])],
    )
    group, foreign, high, total = wrapping.wrap(table, [60, 60], 8)
    assert (group.lines, foreign.exact, high.lines, total.lines) == (0, False, 21, 0)
    assert [row.height(8) for row in (group, foreign, high, total)] == [0, 0, 0, 0]
    assert (foreign.whole, high.whole) == (True, False)
