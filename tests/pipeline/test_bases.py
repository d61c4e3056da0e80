"""A base of few rows is worked out once in a snapshot, and what its sections read is what it yielded: every value, and how texts are sorted."""

from collections.abc import Iterator

import pytest
from psycopg import sql

from octavo.database.connection import Database
from octavo.pipeline import bases
from octavo.pipeline.definition import Instant, Text
from octavo.pipeline.document import Organization
from octavo.pipeline.snapshot import Snapshot, open_snapshot


@pytest.fixture
def snapshot(database: Database, organization: Organization) -> Iterator[Snapshot]:
    with open_snapshot(database, organization, "Australia/Lord_Howe") as opened:
        yield opened


def kept(snapshot: Snapshot, text: str) -> sql.Composable | None:
    return bases.kept(snapshot.connection, sql.SQL(text))  # type: ignore[arg-type]


VALUES = """
    select * from (values
        (true, 1::smallint, -2147483648, 9223372036854775807, 0.10::numeric, 1e-130::numeric, '', 'é"\\\\ ''' || chr(10) || '{}%% ''x', '001'::varchar(9),
         'ab'::bpchar(5), date '0044-03-15 BC', timestamptz '2024-02-29 23:59:59.999999+00', '6f9619ff-8b86-d011-b42d-00c04fc964ff'::uuid),
        (null, null, null, null, 'NaN'::numeric, 123456789012345678901234567890.123456789::numeric, null, null, null, null, date 'infinity', timestamptz '-infinity', null)
    ) as many (a, b, c, d, e, f, g, h, i, j, "k L", m, n)
"""


def test_every_value_comes_back_as_it_was(snapshot: Snapshot) -> None:
    constant = kept(snapshot, VALUES)
    assert constant is not None
    shown = 'select a, b, c, d, e::text, f::text, g, h, i, j::text, "k L"::text, m::text, n::text, {} from ({}) as told'
    types = sql.SQL(", ").join(sql.SQL("pg_typeof({})::text").format(sql.Identifier(name)) for name in (*"abcdefghij", "k L", *"mn"))
    before = snapshot.connection.execute(sql.SQL(shown).format(types, sql.SQL(VALUES))).fetchall()
    after = snapshot.connection.execute(sql.SQL(shown).format(types, constant)).fetchall()
    assert len(before) == 2 and before[0][4] == "0.10" and before[1][4] == "NaN"
    assert after == before


@pytest.mark.parametrize("collation", ['"C"', "ucs_basic", None])
def test_texts_are_sorted_as_before(snapshot: Snapshot, collation: str | None) -> None:
    said = f"collate {collation}" if collation else ""
    words = "select word {} as word, other from (values ('a', 'ä'), ('B', 'Z')) as words (word, other)"
    constant = kept(snapshot, words.format(said))
    assert constant is not None
    told = snapshot.connection.execute(sql.SQL("select collation for (word), collation for (other) from ({}) as told").format(constant))
    assert told.fetchall() == [(collation or '"default"', '"default"')] * 2


def test_what_is_long_or_no_plain_value_is_left_as_it_is(snapshot: Snapshot) -> None:
    many = "select n from generate_series(1, {}) as n"
    assert kept(snapshot, many.format(bases.MOST_ROWS)) is not None
    assert kept(snapshot, many.format(bases.MOST_ROWS + 1)) is None
    wide = "select repeat('x', {}) as word"
    assert kept(snapshot, wide.format(bases.MOST_CHARACTERS - 100)) is not None
    assert kept(snapshot, wide.format(bases.MOST_CHARACTERS)) is None
    assert kept(snapshot, "select 1 as n, 2 as n") is None
    assert kept(snapshot, "select 1.5::float8 as x") is None
    assert kept(snapshot, "select array[1] as x") is None
    nothing = kept(snapshot, "select 1 as n, 'x' as word where false")
    assert nothing is not None
    assert snapshot.connection.execute(nothing).fetchall() == []


def test_the_sections_of_a_file_read_what_was_worked_out_once(snapshot: Snapshot) -> None:
    base = "select %(word)s as word, clock_timestamp() as at"
    columns = (Text("word", "Word"), Instant("at", "At"))

    def told(word: str) -> list[tuple[object, ...]]:
        return list(snapshot.query("rows", "select * from base", {"word": word}, columns, masked=False, base=base).rows())

    first = told("one 100%")
    assert told("one 100%") == first
    assert told("two")[0][1] != first[0][1]  # asked otherwise, it is another
