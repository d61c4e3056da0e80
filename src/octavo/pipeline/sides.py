"""Sides: the SELECT of a compared section, which puts the rows of now and of then side by side. Postgres matches, subtracts and divides.

Rows of one label are matched, those of one label among each other in their order, so that none is told twice; a row of one side alone is kept.
"""

from collections.abc import Sequence

from psycopg import sql

from octavo.pipeline import definition
from octavo.pipeline.definition import Column, Tabular
from octavo.pipeline.earlier import Earlier
from octavo.pipeline.periods import DateRange


def counting(section: Tabular) -> set[str]:
    """The columns that say in which currency or unit others are."""
    named = (getattr(column, attribute, None) for column in section.columns for attribute in ("currency_column", "unit_column"))
    return {name for name in named if name}


class Sides:
    """Composes the SELECT that puts the rows of now and of then side by side."""

    def __init__(self, section: Tabular, columns: Sequence[Column], now: DateRange, earlier: Earlier, currency: str) -> None:
        """`columns` are the section's own, with its share where it has one; `currency` that of amounts that name none."""
        self._section = section
        self._columns = columns
        self._now = now
        self._earlier = earlier
        self._currency = currency
        self._of_one_row = isinstance(section, definition.Metrics)
        self._counting = counting(section) if self._of_one_row else set()
        first = section.columns[0]
        self._series = first if first.kind in ("date", "instant") and not self._of_one_row else None
        self._labels = [column for column in section.columns if column.kind == "text" and not self._of_one_row]

    def joined(self, now: sql.Composable, then: sql.Composable, where: sql.Composable | None) -> sql.Composable:
        told = [term for column in self._columns for term in self._terms(column)]
        places = sql.SQL(
            "now.octavo_place as octavo_now, past.octavo_place as octavo_then, now.octavo_key is null and past.octavo_strange as octavo_strange"
        )
        return sql.SQL(
            "with octavo_now as ({now}), octavo_then as ({then}) select * from (select {told}, {places} from ({keyed_now}) as now "
            "full join ({keyed_then}) as past using (octavo_key, octavo_nth)) as compared order by {order}"
        ).format(
            now=self._side(now, where), then=self._side(then, where), told=sql.SQL(", ").join(told), places=places,
            keyed_now=self._keyed("octavo_now", then=False), keyed_then=self._keyed("octavo_then", then=True), order=self._order(),
        )  # fmt: skip

    def _side(self, text: sql.Composable, where: sql.Composable | None) -> sql.Composable:
        share: sql.Composable = sql.SQL("")
        if isinstance(self._section, definition.Breakdown):
            share = sql.SQL(", round(100.0 * {0} / nullif(sum({0}) over (), 0), 4) as share").format(sql.Identifier(self._section.share_of))
        chosen: sql.Composable = sql.SQL("where {}").format(where) if where is not None else sql.SQL("")
        return sql.SQL("select *, row_number() over () as octavo_place{} from (\n{}\n) as source {}").format(share, text, chosen)

    def _keyed(self, side: str, *, then: bool) -> sql.Composable:
        """The rows of a side with what they are matched by; rows of one label are matched in their order, so that none is told twice."""
        day: sql.Composable = sql.SQL("null")
        strange: sql.Composable = sql.SQL("false")
        parts: list[sql.Composable] = [sql.SQL('{}::text collate "C"').format(sql.Identifier(column.name)) for column in self._labels]
        if self._series is not None:
            own = sql.Identifier(self._series.name)
            day = self._forward(own) if then else own
            strange = sql.SQL("octavo_day is null and {} is not null").format(own)
            parts.insert(
                0, sql.SQL("(case when {} then 'before ' || {}::text else octavo_day::text end) collate \"C\"").format(strange, own)
            )
        return sql.SQL(
            "select *, row_number() over (partition by octavo_key order by octavo_place) as octavo_nth from ("
            "select *, array[{key}]::text[] as octavo_key, {strange} as octavo_strange from (select *, {day} as octavo_day from {side}) as dated) as keyed"
        ).format(key=sql.SQL(", ").join(parts), strange=strange, day=day, side=sql.Identifier(side))

    def _forward(self, own: sql.Identifier) -> sql.Composable:
        """The day of now that a day before answers to; null where the month has none, as no February has a 30th.

        Where days are counted, months still answer to months: the first of the one period to the first of the other.
        """
        assert self._series is not None
        step, now, then = self._earlier.step, self._now.start, self._earlier.days.start
        type_ = sql.SQL("date" if self._series.kind == "date" else "timestamptz")
        months = step.months or (now.year - then.year) * 12 + now.month - then.month
        by_months = sql.SQL(
            "case when {own} + make_interval(months => {n}) - make_interval(months => {n}) = {own} then ({own} + make_interval(months => {n}))::{type} end"
        ).format(own=own, n=sql.Literal(months), type=type_)
        if step.months:
            return by_months
        monthly = sql.SQL(
            "(select bool_and(extract(day from octavo_any) = 1) from (select {0} from octavo_now union all select {0} from octavo_then) as every (octavo_any))"
        ).format(own)
        return sql.SQL("case when {monthly} then {by_months} else ({own} + make_interval(days => {n}))::{type} end").format(
            monthly=monthly, by_months=by_months, own=own, n=sql.Literal(step.days), type=type_
        )

    def _terms(self, column: Column) -> list[sql.Composable]:
        """A column with what stands beside it. What is neither label nor figure is told of now alone."""
        name = sql.Identifier(column.name)
        if column is self._series:
            return [sql.SQL("coalesce(now.{0}, past.octavo_day, past.{0}) as {0}").format(name)]
        if column in self._labels:
            return [sql.SQL("coalesce(now.{0}::text, past.{0}::text) as {0}").format(name)]
        terms: list[sql.Composable] = [sql.SQL("now.{0} as {0}").format(name)]
        if column.numeric:
            names = [sql.Identifier(f"{column.name}_{word}") for word in ("before", "change", "change_percent")]
            change = self._change(column)
            terms += [
                sql.SQL("past.{} as {}").format(name, names[0]),
                sql.SQL("{} as {}").format(change, names[1]),
                sql.SQL("round(100 * ({}) / nullif(abs(past.{}), 0), 4) as {}").format(change, name, names[2]),
            ]
        elif column.name in self._counting:
            terms += [
                sql.SQL("past.{} as {}").format(name, sql.Identifier(f"{column.name}_before")),
                sql.SQL("coalesce(now.{0}, past.{0}) as {1}").format(name, sql.Identifier(f"{column.name}_change")),
            ]
        return terms

    def _change(self, column: Column) -> sql.Composable:
        name = sql.Identifier(column.name)
        counted = getattr(column, "currency_column", None) or getattr(column, "unit_column", None)
        if not self._of_one_row and getattr(column, "total", False):
            return sql.SQL(
                "case when num_nonnulls(now.{0}, past.{0}) > 0 then coalesce(now.{0}, 0)::numeric - coalesce(past.{0}, 0) end"
            ).format(name)
        difference = sql.SQL("now.{0}::numeric - past.{0}").format(name)
        if not (self._of_one_row and counted):
            return difference
        own = self._currency if isinstance(column, definition.Money) else ""
        return sql.SQL(
            "case when coalesce(now.{unit}, {own}) = coalesce(past.{unit}, {own}) or now.{unit} is null and now.{name} = 0 "
            "or past.{unit} is null and past.{name} = 0 then {difference} end"
        ).format(unit=sql.Identifier(counted), own=sql.Literal(own), name=name, difference=difference)

    def _order(self) -> sql.Composable:
        """As now, with what is there no more at the end of its group; a series by its dates."""
        terms: list[sql.Composable] = []
        groups = self._section.group_by if isinstance(self._section, definition.Table) else ()
        for depth in range(len(groups)):
            within = sql.SQL(", ").join(sql.Identifier(name) for name in groups[: depth + 1])
            terms += [
                sql.SQL("min({}) over (partition by {}) nulls last").format(sql.Identifier(place), within)
                for place in ("octavo_now", "octavo_then")
            ]
        if self._series is not None:
            terms += [sql.SQL("octavo_strange"), sql.SQL("{} nulls last").format(sql.Identifier(self._series.name))]
        terms += [sql.SQL("octavo_now nulls last"), sql.SQL("octavo_then")]
        return sql.SQL(", ").join(terms)
