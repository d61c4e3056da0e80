"""JSON: numbers are digits, nothing is null, and the control figures stand in the file."""

import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import pytest
from hypothesis import given

from octavo.errors import UsageError
from octavo.pipeline.definition import Breakdown, Integer, Metrics, Money, Parameters, Period, Table, Text
from tests.conftest import Render
from tests.packs_for_tests import inline
from tests.pipeline import cells


def loaded(path: str) -> Any:
    return json.loads(
        Path(path).read_bytes(), parse_float=Decimal, parse_int=Decimal, parse_constant=lambda name: pytest.fail(f"{name} is no JSON")
    )


@cells.PROPERTY
@given(cells.rows)
def test_every_cell_comes_back(render: Render, rows: list[cells.Row]) -> None:
    document = loaded(render(inline.KEY, "json", cells.asked(rows), reports=cells.reports(), zone="UTC").place)
    found = document["sections"]["rows"]
    assert [row["t"] for row in found] == [row[0] for row in rows]
    assert [number(row["x"]) for row in found] == [number(row[1]) for row in rows]
    assert [row["d"] and date.fromisoformat(row["d"]) for row in found] == [row[2] for row in rows]
    assert [row["i"] and datetime.fromisoformat(row["i"]) for row in found] == [row[3] for row in rows]
    assert [row["f"] for row in found] == [row[4] for row in rows]
    assert document["control"]["rows"]["rows"] == len(rows)


def number(value: Any) -> Any:
    """NaN and the infinities are texts, as JSON has no numbers for them."""
    return value if value is None or isinstance(value, str) else str(value) if not value.is_finite() else value


class Asked(Parameters):
    least: Decimal = Decimal("0.10")
    period: Period | None = None
    word: Annotated[str | None, "nothing"] = None


REPORT = inline.report(
    (
        Metrics("figures", "Figures", query="f", columns=(Integer("n", "N"), Money("dearest", "Dearest"))),
        Breakdown("shares", "Shares", query="s", share_of="n", columns=(Text("name", "Name"), Integer("n", "N", total=True))),
        Table(
            "rows",
            "Rows",
            query="r",
            columns=(Money("price", "Price", currency_column="currency", total=True), Text("currency", "Currency", pii=True)),
        ),
        Table("none", "None", query="e", columns=(Money("price", "Price", total=True),)),
    ),
    {
        "figures": "select 2 as n, 9999999999999999999.99 as dearest",
        "shares": "select * from (values ('a', 1), ('b', 3)) as v (name, n)",
        "rows": "select * from (values (1.10, 'EUR'), (2.20, 'EUR'), (99999999999999999999.01, 'GBP'), (5, null)) as v (price, currency)",
        "none": "select 1.0 as price where false",
    },
    Asked,
)


def test_a_document_is_one_object_with_its_figures(render: Render) -> None:
    artefact = render(inline.KEY, "json", {"period": "2024-02", "least": "0.1000"}, reports=REPORT, zone="Europe/Berlin")
    found = loaded(artefact.place)
    assert found["report"] == inline.KEY
    assert found["organization"] == {"slug": "alpha", "name": "Alpha Ltd"}
    assert found["parameters"] == {
        "least": "0.1000",
        "period": {"start": "2024-02-01", "end": "2024-02-29", "time_zone": "Europe/Berlin"},
        "word": None,
    }
    assert found["run_id"] == artefact.manifest.run_id
    assert datetime.fromisoformat(found["snapshot_taken_at"]) == artefact.manifest.snapshot_taken_at
    assert found["masked"] is False
    assert found["sections"] == {
        "figures": {"n": 2, "dearest": Decimal("9999999999999999999.99")},
        "shares": [{"name": "a", "n": 1, "share": 25}, {"name": "b", "n": 3, "share": 75}],
        "rows": [
            {"price": Decimal("1.10"), "currency": "EUR"},
            {"price": Decimal("2.20"), "currency": "EUR"},
            {"price": Decimal("99999999999999999999.01"), "currency": "GBP"},
            {"price": 5, "currency": None},
        ],
        "none": [],
    }
    assert found["control"] == {
        "figures": {"rows": 1, "totals": {}},
        "shares": {"rows": 2, "totals": {"n": "4"}},
        "rows": {"rows": 4, "totals": {"price": {"EUR": "3.30", "GBP": "99999999999999999999.01", "": "5"}}},
        "none": {"rows": 0, "totals": {"price": "0"}},
    }


def test_numbers_keep_their_places(render: Render) -> None:
    assert b'"price":1.10,' in Path(render(inline.KEY, "json", reports=REPORT).place).read_bytes()


def test_masked_cells_are_masked_and_the_document_says_so(render: Render) -> None:
    found = loaded(render(inline.KEY, "json", reports=REPORT, masked=True).place)
    assert found["masked"] is True
    assert {row["currency"] for row in found["sections"]["rows"]} == {"***", None}


def test_json_has_no_options(render: Render) -> None:
    with pytest.raises(UsageError, match=r"JSON cannot be made with indent='2'.*its options are: none"):
        render(inline.KEY, "json", reports=REPORT, options={"indent": "2"})
