"""What a parameter that is looked up may be: the first of its options, or those that a word finds."""

from typing import Any, cast

import psycopg
from psycopg import sql

from octavo.pipeline.catalog import Entry
from octavo.pipeline.definition import Lookup
from octavo.pipeline.snapshot import Snapshot, explained


def first(entry: Entry, lookup: Lookup, snapshot: Snapshot, most: int, *, masked: bool, word: str = "") -> list[tuple[str, str]]:
    """At most so many options as (value, label), in the order of their query: all, or those whose value is the word or whose label holds it.

    Where `masked`, a label that is personal data is neither told nor searched; the value stands in its place.
    """
    with explained(f"The query {lookup.options}"):
        text = psycopg.ClientCursor(snapshot.connection).mogrify(cast(Any, entry.pack.read(lookup.options).rstrip().rstrip(";")), {})
        wanted = sql.SQL("true")
        hidden = masked and lookup.pii
        if word:
            by_label = sql.SQL("" if hidden else " or strpos(lower(label::text), lower({0})) > 0")
            wanted = sql.SQL("(value::text = {0}{1})").format(sql.Literal(word), by_label.format(sql.Literal(word)))  # type: ignore[assignment]
        label = sql.SQL("value" if hidden else "label")
        found = snapshot.connection.execute(
            sql.SQL("select value::text, {}::text from (\n{}\n) as option(value, label) where {} limit {}").format(
                label, sql.SQL(cast(Any, text)), wanted, sql.Literal(most)
            )
        ).fetchall()
    return [(str(value), str(value if name is None else name)) for value, name in found]
