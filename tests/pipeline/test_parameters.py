"""Parameters: what is asked is checked before the database is, and resolved in the snapshot."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest

from octavo.database.connection import Database
from octavo.errors import DefinitionError, UsageError
from octavo.pipeline import parameters
from octavo.pipeline.catalog import Entry
from octavo.pipeline.definition import Field, Integer, Lookup, Parameters, Period, Table
from octavo.pipeline.document import Organization
from octavo.pipeline.snapshot import Snapshot, open_snapshot
from tests.packs_for_tests import inline


class Size(Enum):
    SMALL = "small"
    LARGE = "large"


class Scope(Parameters):
    customer_id: int = Field(..., title="Customer")
    size: Size = Field(Size.SMALL)
    order: Literal["up", "down"] = Field("up")
    at_least: Decimal | None = Field(None)
    since: date | None = Field(None)
    countries: list[str] = Field([])
    strict: bool = Field(False)
    period: Period | None = Field(None, title="Period")


ONE = Table("rows", "Rows", query="rows.sql", columns=(Integer("n", "N"),))


def entry(model: type[Parameters], folder: Path | None = None) -> Entry:
    return inline.report((ONE,), {"rows": "select 1 as n"}, model, folder).entries[inline.KEY]


@pytest.fixture
def snapshot(database: Database, organization: Organization) -> Iterator[Snapshot]:
    with open_snapshot(database, organization, "Europe/Berlin") as opened:
        yield opened


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"customer_id": 1, "colour": "red"}, "has no parameter 'colour'; it has: customer_id, size"),
        ({}, "needs the parameter customer_id; give it with --param customer_id="),
        ({"customer_id": "seventeen"}, "customer_id cannot be 'seventeen'"),
        ({"customer_id": "1.5"}, "customer_id cannot be '1.5'"),
        ({"customer_id": ""}, "customer_id cannot be ''"),
        ({"customer_id": ["1", "2"]}, "customer_id cannot be"),
        ({"customer_id": 1, "size": "medium"}, "size cannot be 'medium': Input should be 'small' or 'large'"),
        ({"customer_id": 1, "order": "sideways"}, "order cannot be 'sideways': Input should be 'up' or 'down'"),
        ({"customer_id": 1, "at_least": "1,5"}, "at_least cannot be '1,5'"),
        ({"customer_id": 1, "since": "2023-02-29"}, "since cannot be '2023-02-29'"),
        ({"customer_id": 1, "strict": "perhaps"}, "strict cannot be 'perhaps'"),
        ({"customer_id": 1, "period": "lately"}, "period cannot be 'lately': 'lately' is no period: say one of today"),
        ({"customer_id": 1, "period": "2014-06-30/2014-06-01"}, "ends before it starts"),
        ({"customer_id": 1, "size": "a\0b"}, "characters that are no text"),
        ({"customer_id": 1, "size": "\udcff"}, "characters that are no text"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(given: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as refused:
        parameters.parse(entry(Scope), given)
    assert said in str(refused.value)
    assert refused.value.exit_code == 2


def test_a_list_may_be_given_once_or_several_times() -> None:
    assert parameters.parse(entry(Scope), {"customer_id": "1", "countries": "France"}).countries == ["France"]  # type: ignore[attr-defined]
    assert parameters.parse(entry(Scope), {"customer_id": "1", "countries": ["A", "B"]}).countries == ["A", "B"]  # type: ignore[attr-defined]


def test_values_are_given_to_the_queries_as_what_they_are(snapshot: Snapshot) -> None:
    asked = {"customer_id": "7", "size": "large", "at_least": "1.50", "since": "2024-02-29", "countries": ["A", "B"], "strict": "yes"}
    values, answers = parameters.resolve(entry(Scope), parameters.parse(entry(Scope), asked), snapshot)
    assert values == {
        "customer_id": 7,
        "size": "large",
        "order": "up",
        "at_least": Decimal("1.50"),
        "since": date(2024, 2, 29),
        "countries": ["A", "B"],
        "strict": True,
        "period_start": None,
        "period_end": None,
        "period_from": None,
        "period_until": None,
    }
    shown = {answer.name: (answer.title, answer.shown) for answer in answers}
    assert shown["customer_id"] == ("Customer", "7")
    assert shown["at_least"] == ("At least", "1.50")
    assert shown["countries"] == ("Countries", "A, B")
    assert shown["strict"] == ("Strict", "yes")
    assert shown["period"] == ("Period", "all")


def test_a_period_is_two_dates_and_two_instants_in_the_zone_of_the_run(snapshot: Snapshot) -> None:
    asked = parameters.parse(entry(Scope), {"customer_id": 1, "period": "2024-03"})
    values, answers = parameters.resolve(entry(Scope), asked, snapshot)
    assert (values["period_start"], values["period_end"]) == (date(2024, 3, 1), date(2024, 4, 1))
    assert values["period_from"] == datetime.fromisoformat("2024-02-29T23:00:00Z")  # Berlin is UTC+1 until 31 March
    assert values["period_until"] == datetime.fromisoformat("2024-03-31T22:00:00Z")  # and UTC+2 from then on
    assert answers[-1].shown == "2024-03-01 to 2024-03-31 (Europe/Berlin)"


def test_a_period_of_one_day_is_shown_as_that_day(snapshot: Snapshot) -> None:
    _, answers = parameters.resolve(entry(Scope), parameters.parse(entry(Scope), {"customer_id": 1, "period": "2024-02-29"}), snapshot)
    assert answers[-1].shown == "2024-02-29 (Europe/Berlin)"


@pytest.mark.parametrize("zone", ["Pacific/Apia", "Pacific/Honolulu", "Pacific/Kiritimati"])
def test_today_is_the_date_in_the_zone_of_the_run(database: Database, organization: Organization, zone: str) -> None:
    with open_snapshot(database, organization, zone) as opened:
        values, _ = parameters.resolve(entry(Scope), parameters.parse(entry(Scope), {"customer_id": 1, "period": "today"}), opened)
        (now, there) = opened.connection.execute("select now() at time zone 'UTC', (now() at time zone %s)::date", [zone]).fetchone() or ()
    assert values["period_start"] == there
    assert abs((values["period_from"].replace(tzinfo=None) - now).total_seconds()) < 3 * 86_400


def test_days_differ_across_the_date_line(database: Database, organization: Organization) -> None:
    """Kiritimati is UTC+14 and Honolulu UTC-10: there it is always one day later, at the same hour."""
    found = []
    for zone in ("Pacific/Kiritimati", "Pacific/Honolulu"):
        with open_snapshot(database, organization, zone) as opened:
            found.append(opened.today)
    assert (found[0] - found[1]).days == 1


@pytest.mark.parametrize(("query", "asks_from"), [("select date '2024-02-01', date '2024-02-29'", "2024-02-01"), (None, None)])
def test_what_the_latest_billing_period_is_the_pack_says(
    snapshot: Snapshot, tmp_path: Path, query: str | None, asks_from: str | None
) -> None:
    asked = entry(Scope, tmp_path)
    if query is not None:
        (tmp_path / "latest.sql").write_text(query)
        pack = replace(asked.pack, pack=replace(asked.pack.pack, billing_period="latest.sql"))
        asked = replace(asked, pack=pack)
    given = parameters.parse(asked, {"customer_id": "1", "period": "latest_billing_period"})
    if asks_from is None:
        with pytest.raises(UsageError, match="There is no completed billing period yet"):
            parameters.resolve(asked, given, snapshot)
    else:
        values, _ = parameters.resolve(asked, given, snapshot)
        assert (values["period_start"], values["period_end"]) == (date.fromisoformat(asks_from), date(2024, 3, 1))


# --- looked up --------------------------------------------------------------------------------------------------------


class City(Enum):
    KIEL = "kiel"


class Looked(Parameters):
    store: Annotated[int | None, Lookup("stores.sql", default="first.sql")] = Field(None, title="Store")


STORES = "select * from (values (1, 'Hamburg, 100 %%'), (2, 'Kiel')) as store (id, name) order by 1;\n"


def look_up(folder: Path, snapshot: Snapshot, given: dict[str, Any], stores: str = STORES, first: str = "select 2") -> Any:
    (folder / "stores.sql").write_text(stores)
    (folder / "first.sql").write_text(first)
    asked = entry(Looked, folder)
    return parameters.resolve(asked, parameters.parse(asked, given), snapshot)


def test_a_looked_up_value_is_shown_by_its_label(snapshot: Snapshot, tmp_path: Path) -> None:
    values, (answer,) = look_up(tmp_path, snapshot, {"store": "1"})
    assert (values, answer.value, answer.shown) == ({"store": 1}, 1, "Hamburg, 100 %")


class Person(Parameters):
    buyer: Annotated[int | None, Lookup("buyers.sql", pii=True)] = Field(None, title="Buyer")


@pytest.mark.parametrize(("masked", "shown", "some"), [(False, "Ada Byron", "7 (Ada Byron)"), (True, "7", "7")])
def test_a_label_that_is_personal_is_told_only_to_who_may_see_it(
    snapshot: Snapshot, tmp_path: Path, masked: bool, shown: str, some: str
) -> None:
    (tmp_path / "buyers.sql").write_text("select 7, 'Ada Byron'")
    asked = entry(Person, tmp_path)
    _, (answer,) = parameters.resolve(asked, parameters.parse(asked, {"buyer": "7"}), snapshot, masked=masked)
    assert (answer.value, answer.shown) == (7, shown)
    with pytest.raises(UsageError) as refused:
        parameters.resolve(asked, parameters.parse(asked, {"buyer": "8"}), snapshot, masked=masked)
    assert str(refused.value).endswith(f"for example: {some}")


class Chosen(Parameters):
    stores: Annotated[list[int], Lookup("stores.sql")] = Field([], title="Stores")
    city: Annotated[City | None, Lookup("cities.sql")] = Field(None, title="City")


def test_each_value_of_a_list_is_looked_up(snapshot: Snapshot, tmp_path: Path) -> None:
    (tmp_path / "stores.sql").write_text(STORES)
    asked = entry(Chosen, tmp_path)
    values, (answer, _) = parameters.resolve(asked, parameters.parse(asked, {"stores": ["2", "1"]}), snapshot)
    assert (values["stores"], answer.shown) == ([2, 1], "Kiel, Hamburg, 100 %")
    with pytest.raises(UsageError, match="there is no stores 3; there are, for example: 1"):
        parameters.resolve(asked, parameters.parse(asked, {"stores": ["2", "3"]}), snapshot)


def test_a_value_of_an_enumeration_is_looked_up_by_what_it_stands_for(snapshot: Snapshot, tmp_path: Path) -> None:
    (tmp_path / "cities.sql").write_text("select 'kiel', 'Kiel'")
    asked = entry(Chosen, tmp_path)
    values, (_, answer) = parameters.resolve(asked, parameters.parse(asked, {"city": "kiel"}), snapshot)
    assert (values["city"], answer.shown) == ("kiel", "Kiel")


def test_a_default_is_looked_up_when_nothing_is_given(snapshot: Snapshot, tmp_path: Path) -> None:
    values, (answer,) = look_up(tmp_path, snapshot, {})
    assert (values, answer.shown) == ({"store": 2}, "Kiel")


@pytest.mark.parametrize("first", ["select 1 where false", "select null::int"])
def test_a_default_that_is_not_there_yet_is_asked_for(snapshot: Snapshot, tmp_path: Path, first: str) -> None:
    with pytest.raises(UsageError, match=r"there is no store yet that could be taken when none is named; give one with store="):
        look_up(tmp_path, snapshot, {}, first=first)


def test_a_value_that_is_not_among_the_options_is_refused_with_some_that_are(snapshot: Snapshot, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no store 3; there are, for example: 1 \(Hamburg, 100 %\), 2 \(Kiel\)"):
        look_up(tmp_path, snapshot, {"store": "3"})


def test_at_most_ten_options_are_named(snapshot: Snapshot, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        look_up(tmp_path, snapshot, {"store": "77"}, stores="select n, 'Store' from generate_series(1, 50) as n")
    assert str(refused.value).count("(Store)") == 10


def test_a_value_is_refused_where_there_are_no_options(snapshot: Snapshot, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no store 1; there are none yet"):
        look_up(tmp_path, snapshot, {"store": "1"}, stores="select 1, 'x' where false")


def test_a_wrong_lookup_names_its_file(database: Database, organization: Organization, tmp_path: Path) -> None:
    wrong = pytest.raises(DefinitionError, match=r"The query stores\.sql is wrong: relation")
    with wrong, open_snapshot(database, organization, "UTC") as opened:
        look_up(tmp_path, opened, {"store": "1"}, stores="select id, name from shop.nowhere")
