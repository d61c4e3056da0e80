"""How somebody wants the rows of a dataset: in which order, in which groups, with the totals of which columns.

It changes nothing of what is in the file, only how it stands there. Rows that are alike in what was asked stay in the order of the query.
"""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from psycopg import sql
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from octavo.errors import Forbidden, UsageError
from octavo.pipeline import definition

_MOST = 10


class Order(BaseModel):
    """A column that rows are sorted by."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    field: str = Field(description="A column of the dataset.", max_length=63)
    descending: bool = Field(False, description="The largest, the latest first. What is empty comes last either way.")


class Arrangement(BaseModel):
    """How the rows of a dataset stand in the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    order: tuple[Order, ...] = Field((), description="What the rows are sorted by, the first first.", max_length=_MOST)
    group_by: tuple[str, ...] = Field(
        (),
        description="Chosen columns whose values make groups, the outermost first; a PDF has a heading and subtotals for each.",
        max_length=3,
    )
    totals: tuple[str, ...] | None = Field(
        None, description="The chosen columns whose sums are shown; as the dataset says it when it is not given.", max_length=100
    )

    def __bool__(self) -> bool:
        return self != AS_IT_IS

    @property
    def stored(self) -> dict[str, Any]:
        """As it is stored: what was said, and nothing else."""
        return self.model_dump(mode="json", exclude_defaults=True)

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Arrangement":
        """From how it is stored. Raises UsageError."""
        try:
            return cls.model_validate(dict(stored))
        except ValidationError as error:
            first = error.errors()[0]
            raise UsageError(f"The rows cannot be arranged so: {'.'.join(str(part) for part in first['loc'])}: {first['msg']}") from error

    def apply(self, table: definition.Table, whole: definition.Table, *, masked: bool) -> definition.Table:
        """The table with these groups and totals; `whole` is what its columns were chosen from. Raises UsageError, Forbidden for personal data."""
        known = {column.name: column for column in table.columns}
        for name in (*self.group_by, *(self.totals or ())):
            if name not in known:
                raise UsageError(
                    f"{name!r} is not among the columns of the file; choose it too, or leave it out. They are: {', '.join(known)}"
                )
        for column in self._sorted_by(table, whole):
            if masked and column.pii:
                raise Forbidden(f"{column.name} holds personal data, which you may not see; so rows cannot stand by it. Leave that out")
        if len(set(self.group_by)) != len(self.group_by):
            raise UsageError("A column makes groups once; group_by names one twice")
        grouped = self.group_by or table.group_by
        return replace(table, columns=tuple(self._totalled(column) for column in table.columns), group_by=grouped)

    def sorting(self, table: definition.Table) -> sql.Composable | None:
        """What rows are sorted by, in SQL, of a table that it was applied to; None where the query's order stands."""
        if not (self.order or self.group_by):
            return None
        ways = [(name, False) for name in table.group_by] + [
            (one.field, one.descending) for one in self.order if one.field not in table.group_by
        ]
        turned = {one.field for one in self.order if one.descending}
        return sql.SQL(", ").join(
            sql.SQL("{} desc nulls last" if down or name in turned else "{} nulls last").format(sql.Identifier(name)) for name, down in ways
        )

    def shown(self, whole: definition.Table) -> list[tuple[str, str, list[str], str]]:
        """What was said, as people read it: name, title, values, text."""
        titles = {column.name: column.title for column in whole.columns}
        told = []
        if self.group_by:
            told.append(("group_by", "Grouped by", list(self.group_by), ", ".join(titles.get(name, name) for name in self.group_by)))
        if self.order:
            values = [f"{one.field}{' descending' if one.descending else ''}" for one in self.order]
            words = [f"{titles.get(one.field, one.field)}{', descending' if one.descending else ''}" for one in self.order]
            told.append(("order", "Sorted by", values, "; ".join(words)))
        if self.totals is not None:
            told.append(("totals", "Totals of", list(self.totals), ", ".join(titles.get(name, name) for name in self.totals) or "nothing"))
        return told

    def _sorted_by(self, table: definition.Table, whole: definition.Table) -> list[definition.Column]:
        known = {column.name: column for column in whole.columns}
        names = [*self.group_by, *(one.field for one in self.order)]
        for name in names:
            if name not in known:
                raise UsageError(f"There is no column {name!r}; there are: {', '.join(known)}")
        return [known[name] for name in names]

    def _totalled(self, column: definition.Column) -> definition.Column:
        if self.totals is None:
            return column
        wanted = column.name in self.totals
        if "total" in {field.name for field in fields(column)}:
            return replace(column, total=wanted)  # type: ignore[call-arg]
        if wanted:
            raise UsageError(f"The column {column.name!r} has no sum; totals are of amounts, quantities and counts")
        return column


AS_IT_IS = Arrangement()
"""As the dataset says it."""
