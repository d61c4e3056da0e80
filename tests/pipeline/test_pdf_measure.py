"""Widths and depths of a printed table, worked out by hand."""

import pytest

from octavo.pipeline.writers.pdf import measure
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


def test_of_how_many_lines_rows_are() -> None:
    headings = (Heading("a", "A", "", False, True), Heading("b", "B", "", True, False))
    lines = [
        Line("group", ["x"]),
        Line("row", ["a", "1"]),
        Line("row", ["a\nb\nc", "1"]),
        Line("row", ["word " * 40, "1"]),
        Line("total", ["", "2"]),
    ]
    found = measure.depths(Lines("t", "", "", headings, lines), [60, 60], 8)
    assert (*found[:3], found[4]) == (0, 1, 3, 0)
    assert found[3] > 10  # two hundred characters, of which some fifteen go on a line of 52 points
