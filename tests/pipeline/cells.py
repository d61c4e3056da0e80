"""Cells of every kind for the writers' tests: strategies, a report that yields them as they were given, and a CSV reader of our own."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from octavo.pipeline.catalog import Catalog
from octavo.pipeline.definition import Column, Date, Flag, Instant, Integer, Parameters, Quantity, Text
from tests.packs_for_tests import inline

PROPERTY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])

TRIGGERS = "=+-@\t\r\n＝＋－＠"
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
risky_texts = st.text(st.sampled_from(TRIGGERS + "'\", ;|1a.(%"), max_size=8)
wide_decimals = st.builds(
    lambda digits, places: (
        Decimal(digits).scaleb(-places) if abs(digits) < 10**25 else Decimal((int(digits < 0), tuple(map(int, str(abs(digits)))), -places))
    ),
    st.one_of(st.integers(-(10**25), 10**25), st.integers(-(10**1000), 10**1000)),
    st.integers(0, 300),
)
numbers = st.one_of(
    wide_decimals, st.sampled_from([Decimal("NaN"), Decimal("Infinity"), Decimal("-Infinity"), Decimal(0), Decimal("-0.00")])
)
dates = st.one_of(st.dates(), st.sampled_from([date(1, 1, 1), date(9999, 12, 31)]))
instants = st.datetimes(timezones=st.just(UTC))
rows = st.lists(
    st.tuples(
        st.one_of(st.none(), texts, risky_texts), st.one_of(st.none(), numbers), st.one_of(st.none(), dates), st.one_of(st.none(), instants),
        st.one_of(st.none(), st.booleans()),
    ),
    max_size=25,
)  # fmt: skip

Row = tuple[str | None, Decimal | None, date | None, datetime | None, bool | None]


class Given(Parameters):
    texts: list[str | None]
    numbers: list[str | None]  # as text: a parameter may not be NaN
    dates: list[date | None]
    instants: list[datetime | None]
    flags: list[bool | None]


COLUMNS: tuple[Column, ...] = (
    Integer("n", "N"), Text("t", "T"), Quantity("x", "X"), Date("d", "D"), Instant("i", "I"), Flag("f", "F"),
)  # fmt: skip

QUERY = """
select n, t, x, d, i, f
from unnest(%(texts)s::text[], %(numbers)s::text[]::numeric[], %(dates)s::date[], %(instants)s::timestamptz[], %(flags)s::boolean[]) with ordinality
  as given (t, x, d, i, f, n)
order by n
"""


def reports(*columns: Column) -> Catalog:
    """The report that yields the rows it is asked for, numbered from 1."""
    return inline.table(QUERY, *(columns or COLUMNS), parameters=Given)


def asked(given: list[Row]) -> dict[str, Any]:
    columns: dict[str, Any] = {name: [row[index] for row in given] for index, name in enumerate(Given.model_fields)}
    return {**columns, "numbers": [None if number is None else str(number) for number in columns["numbers"]]}


def asked_texts(given: list[str | None]) -> dict[str, Any]:
    return asked([(text, None, None, None, None) for text in given])


def parse_csv(raw: bytes, delimiter: str = ",", line_end: str = "\r\n") -> Iterator[list[str | None]]:
    """RFC 4180, with what csv.reader does not tell: None is a cell with nothing in it, "" is one with two quotes."""
    text, at = raw.decode(), 0
    while at < len(text):
        row: list[str | None] = []
        while True:
            if text.startswith('"', at):
                cell, at = "", at + 1
                while True:
                    end = text.index('"', at)
                    cell += text[at:end]
                    at = end + 1
                    if not text.startswith('"', at):
                        break
                    cell, at = cell + '"', at + 1
                row.append(cell)
            else:
                ends = [end for end in (text.find(delimiter, at), text.find(line_end, at)) if end >= 0]
                row.append(text[at : min(ends)] or None)
                at = min(ends)
            if not text.startswith(delimiter, at):
                break
            at += 1
        assert text.startswith(line_end, at), f"a row does not end where it should: {text[at : at + 20]!r}"
        at += len(line_end)
        yield row
