"""The form of a report, made from its parameters: every kind of parameter has a field, and what is typed comes back as what the report takes."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

import pytest

from octavo.pipeline import catalog
from octavo.pipeline.catalog import Entry, InstalledPack
from octavo.pipeline.definition import Field, Integer, Lookup, Pack, Parameters, Period, Report, Table
from octavo.web.pages import parameters
from octavo.web.pages.form import Form


class Asked(Parameters):
    period: Period = Field(Period("previous_month"), title="Period")
    as_of: Period | None = Field(None, title="As of")
    store: Annotated[int | None, Lookup("stores.sql")] = Field(None, title="Store", description="All when it is not given.")
    kind: Literal["own_date", "current"] = "current"
    status: Literal["open", "paid"] | None = None
    late: bool = False
    days: int = Field(60, ge=0, le=3650)
    least: Decimal | None = None
    since: date | None = None
    name: str = Field(max_length=20)
    many: list[str] = Field(default_factory=list)


def entry() -> Entry:
    table = Table("rows", "Rows", query="rows.sql", columns=(Integer("n", "N"),))
    report = Report("Rows", "All of them.", sections=(table,), parameters=Asked)
    return Entry("shop.rows", report, InstalledPack(Pack("shop", "Shop", schemas=("shop",)), Path()), Path(), {}, "1")


def test_every_kind_of_parameter_has_its_field() -> None:
    made = {one.name: one for one in parameters.of(entry())}
    assert {name: (one.kind, one.empty) for name, one in made.items()} == {
        "period": ("period", ""), "as_of": ("period", "All"), "store": ("select", "All"), "kind": ("select", ""), "status": ("select", "Any"),
        "late": ("flag", ""), "days": ("number", ""), "least": ("number", "All"), "since": ("date", "All"), "name": ("text", ""), "many": ("several", ""),
    }  # fmt: skip
    assert dict(made["days"].attributes) == {"step": "1", "min": "0", "max": "3650"}
    assert dict(made["name"].attributes) == {"maxlength": "20"} and made["name"].required
    assert made["kind"].options == (("own_date", "Own date"), ("current", "Current"))
    words = dict(made["period"].options)
    assert words["previous_month"] == "Previous month" and parameters.DATES in words and "latest_billing_period" not in words
    assert made["store"].offering(None).kind == "find"


@pytest.mark.parametrize("key", sorted(catalog.installed().entries))
def test_every_report_that_is_installed_is_asked_by_its_defaults(key: str) -> None:
    """What the form holds at the beginning is what the report is asked when nothing is said."""
    known = catalog.installed().entries[key]
    form, made = Form(), parameters.of(known)
    if any(one.required for one in made):
        pytest.skip("it must be told something")
    made = parameters.fill(form, made, {})
    given = parameters.read(form, made, known.report.parameters)
    assert form.ok and given is not None
    assert known.report.parameters(**given) == known.report.parameters()


def test_what_is_typed_is_kept_as_it_is_said_and_what_is_left_empty_is_not() -> None:
    typed = {
        "period": "dates", "period-first": "2026-02-01", "period-last": "2026-03-31", "as_of": "", "store": "7", "kind": "own_date", "status": "",
        "days": "30", "least": "10.50", "since": "2026-01-31", "name": "x", "many": "a, b",
    }  # fmt: skip
    form = Form([(f"p_{name}", value) for name, value in typed.items()])
    assert parameters.read(form, parameters.of(entry()), Asked) == {
        "period": "2026-02-01/2026-03-31", "store": 7, "kind": "own_date", "late": False, "days": 30, "least": "10.50", "since": "2026-01-31", "name": "x",
        "many": ["a", "b"],
    }  # fmt: skip


def test_what_is_wrong_stands_beside_its_field() -> None:
    form = Form(
        [("p_period", "dates"), ("p_period-first", "2026-03-01"), ("p_period-last", "2026-02-01"), ("p_days", "many"), ("p_kind", "other")]
    )
    assert parameters.read(form, parameters.of(entry()), Asked) is None
    assert set(form.errors) == {"p_period", "p_days", "p_kind", "p_name"} and form.status == 422
    assert form.errors["p_name"] == "This is needed." and "ends before it starts" in form.errors["p_period"]


def test_a_period_of_other_days_fills_the_two_days_and_one_of_any_number_of_days_is_a_choice() -> None:
    form = Form()
    made = parameters.fill(form, parameters.of(entry()), {"period": "2026-Q1", "as_of": "last_45d", "late": "true"})
    assert (form.text("p_period"), form.text("p_period-first"), form.text("p_period-last")) == ("dates", "2026-01-01", "2026-03-31")
    assert form.text("p_as_of") == "last_45d" and ("last_45d", "Last 45 days") in made[1].options
    assert form.has("p_late", "on")


def test_what_a_template_leaves_open_need_not_be_said_and_is_checked_where_it_is() -> None:
    made = parameters.of(entry(), left_open=True)
    words = {one.name: one.empty for one in made}
    assert words["kind"] == "As the report has it: Current" and words["name"] == "Said by who asks" and words["many"] == "Said by who asks"
    assert words["days"] == "As the report has it: 60" and words["store"] == "All"
    form = Form([("p_days", "30"), ("p_late", "on"), ("p_name", "")])
    assert parameters.read(form, made, Asked) == {"days": 30, "late": True}  # the name is needed, and not said yet
    assert parameters.read(Form([("p_name", "x")]), made, Asked) == {"name": "x"}  # late stays as the report has it
    wrong = Form([("p_days", "9000")])
    assert parameters.read(wrong, made, Asked) is None and set(wrong.errors) == {"p_days"}
    form = Form()
    parameters.fill(form, made, {"period": "2026-Q1"})
    assert [form.text(name) for name in ("p_period", "p_period-first", "p_kind", "p_days")] == ["dates", "2026-01-01", "", ""]


def test_an_option_that_is_no_more_is_not_lost() -> None:
    made = [one.offering((("1", "Oxford"),)) if one.name == "store" else one for one in parameters.of(entry())]
    made = parameters.fill(Form(), made, {"store": 7})
    assert next(one.options for one in made if one.name == "store") == (("7", "7"), ("1", "Oxford"))
