"""What somebody chooses of a dataset: which columns in which order, which rows, by conditions on declared columns, and how they stand.

A condition is composed from the column's own name and a value of its kind, never from SQL that somebody wrote. One on personal data is
for who may see that: for others the rows that come, or do not, would tell it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from itertools import takewhile
from typing import Any, Literal

from psycopg import sql
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from octavo.errors import Forbidden, UsageError
from octavo.pipeline import definition
from octavo.pipeline.arrangement import AS_IT_IS, Arrangement

_EQUAL = ("eq", "ne", "in", "is_null")
_ORDERED = (*_EQUAL, "lt", "le", "gt", "ge")
OPERATORS: Mapping[str, tuple[str, ...]] = {
    "text": (*_EQUAL, "contains", "starts_with"),
    "date": _ORDERED,
    "instant": _ORDERED,
    "flag": ("eq", "ne", "is_null"),
    "integer": _ORDERED,
    "quantity": _ORDERED,
    "money": _ORDERED,
    "percent": _ORDERED,
}
"""What can be asked of a column, by its kind."""

_SQL = {
    "eq": sql.SQL("{0} = {1}"),
    "ne": sql.SQL("{0} is distinct from {1}"),
    "lt": sql.SQL("{0} < {1}"),
    "le": sql.SQL("{0} <= {1}"),
    "gt": sql.SQL("{0} > {1}"),
    "ge": sql.SQL("{0} >= {1}"),
    "contains": sql.SQL("strpos(lower({0}), lower({1})) > 0"),
    "starts_with": sql.SQL("starts_with({0}, {1})"),
}
_WORDS = {
    "eq": "is", "ne": "is not", "lt": "<", "le": "≤", "gt": ">", "ge": "≥", "contains": "contains", "starts_with": "begins with", "in": "is one of",
}  # fmt: skip
_TYPES = {"text": "text", "date": "date", "instant": "timestamptz", "flag": "boolean"}
_MOST = 50


class Filter(BaseModel):
    """A condition that every row fulfils: `field` stands to `value` as `op` says."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    field: str = Field(description="A column of the dataset; see /api/catalog.", max_length=63)
    op: Literal["eq", "ne", "lt", "le", "gt", "ge", "in", "contains", "starts_with", "is_null"] = Field(
        description="contains and starts_with are for text, lt to ge for what has an order, in takes a list, is_null true or false."
    )
    value: str | bool | int | float | list[str | int | float] = Field(
        description="A value of the column's kind; dates as 2014-06-30, instants with their offset, numbers of more than 15 digits as text."
    )


@dataclass(frozen=True)
class Choice:
    """Columns by name (all when there are none), the conditions that every row fulfils, and how the rows are arranged."""

    fields: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    arrangement: Arrangement = AS_IT_IS

    @classmethod
    def of(cls, fields: Sequence[str], filters: Sequence[Mapping[str, Any]], arrangement: Mapping[str, Any]) -> "Choice":
        """From how it is stored. Raises UsageError."""
        try:
            return cls(tuple(fields), tuple(Filter.model_validate(one) for one in filters), Arrangement.of(arrangement))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise UsageError(f"A filter is {{field, op, value}}; {where}: {first['msg']}") from error

    @property
    def stored(self) -> list[dict[str, Any]]:
        """The filters, as they are stored."""
        return [one.model_dump() for one in self.filters]

    def check(self, table: definition.Table, *, masked: bool) -> None:
        """Raises UsageError, Forbidden for what cannot be chosen."""
        self.narrow(table, masked=masked)
        self.condition(table, masked=masked)

    def __bool__(self) -> bool:
        return bool(self.fields or self.filters or self.arrangement)

    def narrow(self, table: definition.Table, *, masked: bool) -> definition.Table:
        """The table with the columns that were chosen, their groups and their totals. Raises UsageError, Forbidden."""
        return self.arrangement.apply(self._columns(table), table, masked=masked)

    def _columns(self, table: definition.Table) -> definition.Table:
        if not self.fields:
            return table
        known = {column.name: column for column in table.columns}
        for name in self.fields:
            _known(table, name)
        if len(set(self.fields)) != len(self.fields):
            raise UsageError("A column is chosen once; fields names one twice")
        for name in self.fields:
            for needed in (getattr(known[name], "currency_column", None), getattr(known[name], "unit_column", None)):
                if needed and needed not in self.fields:
                    raise UsageError(f"The column {name!r} says nothing without {needed!r}; choose that too")
        grouped = tuple(takewhile(lambda name: name in self.fields, table.group_by))
        return replace(table, columns=tuple(known[name] for name in self.fields), group_by=grouped)

    def condition(self, table: definition.Table, *, masked: bool) -> sql.Composable | None:
        """The condition in SQL. Raises UsageError; Forbidden for one on personal data where that is masked."""
        if len(self.filters) > _MOST:
            raise UsageError(f"At most {_MOST} filters may be given")
        parts = [_condition(_known(table, one.field), one, masked=masked) for one in self.filters]
        return sql.SQL(" and ").join(parts) if parts else None

    def shown(self, table: definition.Table) -> list[tuple[str, str, list[str], str]]:
        """What was chosen as people read it: name, title, values, text."""
        told = []
        if self.fields and self.fields != tuple(column.name for column in table.columns):
            titles = [_known(table, name).title for name in self.fields]
            told.append(("fields", "Columns", list(self.fields), ", ".join(titles)))
        if self.filters:
            words = [_said(_known(table, one.field), one) for one in self.filters]
            told.append(("filters", "Only where", [f"{one.field} {one.op} {_plain(one.value)}" for one in self.filters], "; ".join(words)))
        return [*told, *self.arrangement.shown(table)]


NOTHING = Choice()
"""All columns and all rows."""


def _known(table: definition.Table, name: str) -> definition.Column:
    for column in table.columns:
        if column.name == name:
            return column
    raise UsageError(f"There is no column {name!r}; there are: {', '.join(column.name for column in table.columns)}")


def _condition(column: definition.Column, asked: Filter, *, masked: bool) -> sql.Composable:
    if asked.op not in OPERATORS[column.kind]:
        raise UsageError(f"{column.name} cannot be asked by {asked.op!r}; it can by: {', '.join(OPERATORS[column.kind])}")
    if masked and column.pii:
        raise Forbidden(f"{column.name} holds personal data, which you may not see; so rows cannot be chosen by it. Leave that filter out")
    type_ = sql.SQL(_TYPES.get(column.kind, "numeric"))
    field = sql.SQL("{}::{}").format(sql.Identifier(column.name), type_)
    if asked.op == "is_null":
        return sql.SQL("{} is {}").format(field, sql.SQL("null" if _flag(column, asked.value) else "not null"))

    read = _READ.get(column.kind, _number)

    def literal(value: Any) -> sql.Composed:
        return sql.SQL("{}::{}").format(sql.Literal(read(column, value)), type_)

    if asked.op == "in":
        if not isinstance(asked.value, list) or not 1 <= len(asked.value) <= 1000:
            raise UsageError(f"{column.name} in ... takes a list of 1 to 1,000 values")
        return sql.SQL("{} in ({})").format(field, sql.SQL(", ").join(literal(value) for value in asked.value))
    return _SQL[asked.op].format(field, literal(asked.value))


def _wrong(column: definition.Column, value: Any, wanted: str) -> UsageError:
    return UsageError(f"{column.name} cannot be compared with {value!r}: it is no {wanted}")


def _flag(column: definition.Column, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _wrong(column, value, "true or false")
    return value


def _text(column: definition.Column, value: Any) -> str:
    if not isinstance(value, str) or "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise _wrong(column, value, "text")
    return value


def _date(column: definition.Column, value: Any) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise _wrong(column, value, "date such as 2014-06-30") from error


def _instant(column: definition.Column, value: Any) -> datetime:
    try:
        read = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise _wrong(column, value, "point in time such as 2014-06-30T12:00:00+02:00") from error
    if read.tzinfo is None:
        raise _wrong(column, value, "point in time without its offset, as in 2014-06-30T12:00:00+02:00")
    return read


def _number(column: definition.Column, value: Any) -> Decimal:
    """A JSON number that went through a float is what it was written as, for up to 15 digits; more are said as a text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _wrong(column, value, "number")
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        raise _wrong(column, value, "number") from error
    if not number.is_finite() or abs(number.adjusted()) > 1000:
        raise _wrong(column, value, "number")
    return number


_READ: Mapping[str, Callable[[definition.Column, Any], object]] = {"text": _text, "date": _date, "instant": _instant, "flag": _flag}


def _said(column: definition.Column, asked: Filter) -> str:
    if asked.op == "is_null":
        return f"{column.title} is {'' if asked.value else 'not '}empty"
    return f"{column.title} {_WORDS[asked.op]} {_plain(asked.value)}"


def _plain(value: Any) -> str:
    return ", ".join(str(item) for item in value) if isinstance(value, list) else str(value)
