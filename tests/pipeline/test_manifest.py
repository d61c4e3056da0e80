"""The manifest: everything that is needed to know years later what a file is, in exact digits."""

import hashlib
import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pytest

from octavo import __version__
from octavo.errors import VerificationFailed
from octavo.pipeline import manifest
from octavo.pipeline.definition import Integer, Money, Parameters, Period, Table, Text
from octavo.pipeline.periods import DateRange
from tests.conftest import Render
from tests.packs_for_tests import inline


class Asked(Parameters):
    period: Period | None = None
    order: Literal["up", "down"] = "up"
    limit: Decimal | None = None


REPORT = inline.report(
    (
        Table(
            "rows", "Rows", query="r",
            columns=(Text("name", "Name", pii=True), Money("price", "Price", currency_column="currency", total=True), Text("currency", "Currency"),
                     Integer("n", "N", total=True)),
        ),
    ),
    {"rows": "select * from (values ('=a', 1.10, 'EUR', 1), ('b', 1e30::numeric + 0.01, 'GBP', 2)) as v (name, price, currency, n)"},
    Asked,
)  # fmt: skip


def written(render: Render, **request: Any) -> tuple[Path, dict[str, Any]]:
    artefact = render(
        inline.KEY, "csv", {"period": "2024-02", "limit": "1.50"}, reports=REPORT, zone="Europe/Berlin", requested_by="a test", **request
    )
    path = Path(artefact.place)
    return path, json.loads(path.with_name(path.name + manifest.SUFFIX).read_text())


def test_a_manifest_says_what_the_file_is(render: Render) -> None:
    path, found = written(render, options={"profile": "excel-eu"})
    raw = path.read_bytes()
    assert found["file"] == {"name": path.name, "bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
    assert (found["octavo"], found["report"], found["report_version"], found["title"]) == (__version__, inline.KEY, "0" * 12, "Inline")
    assert (found["organization"], found["format"], found["requested_by"], found["masked"]) == ("alpha", "csv", "a test", False)
    assert found["options"]["delimiter"] == ";" and found["options"]["decimal"] == ","
    assert found["time_zone"] == "Europe/Berlin"
    assert datetime.fromisoformat(found["snapshot_taken_at"]).tzinfo is not None


def test_a_manifest_holds_the_parameters_as_they_were_resolved(render: Render) -> None:
    _, found = written(render)
    period = {"start": "2024-02-01", "end": "2024-02-29", "time_zone": "Europe/Berlin"}
    assert found["parameters"] == {"period": period, "order": "up", "limit": "1.50"}


def test_a_manifest_holds_rows_and_exact_totals_by_currency(render: Render) -> None:
    (section,) = written(render)[1]["sections"]
    assert section["rows"] == 2
    assert section["totals"] == [
        {"column": "price", "value": "1.10", "currency": "EUR"},
        {"column": "n", "value": "3"},
        {"column": "price", "value": "1000000000000000000000000000000.01", "currency": "GBP"},
    ]
    assert section["guarded"] == {"name": 1}
    assert [column["name"] for column in section["columns"]] == ["name", "price", "currency", "n"]


def test_a_manifest_says_which_columns_were_masked(render: Render) -> None:
    _, found = written(render, masked=True)
    assert found["masked"] is True
    assert [column["name"] for column in found["sections"][0]["columns"] if column.get("masked")] == ["name"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda found: found.pop("file"), "file: Field required"),
        (lambda found: found.update(released_by="nobody"), "released_by: Extra inputs are not permitted"),
        (lambda found: found["sections"][0].update(rows="many"), "sections.0.rows: Input should be a valid integer"),
    ],
)
def test_an_edited_manifest_is_refused(render: Render, change: Any, said: str) -> None:
    _, found = written(render)
    change(found)
    with pytest.raises(VerificationFailed, match=said):
        manifest.read(json.dumps(found))


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", "{", "\0"])
def test_what_is_no_manifest_is_refused(text: str) -> None:
    with pytest.raises(VerificationFailed, match="is not one of Octavo's, or was edited"):
        manifest.read(text)


@pytest.mark.parametrize(
    ("amount", "expected"), [("1E+3", "1000"), ("1E-7", "0.0000001"), ("-0.00", "-0.00"), ("1.10", "1.10"), ("0E+2", "0")]
)
def test_amounts_are_plain_digits(amount: str, expected: str) -> None:
    found = manifest.digits(Decimal(amount))
    assert "E" not in found
    assert Decimal(found) == Decimal(expected)


def test_parameters_are_plain_json() -> None:
    period = DateRange(date(2024, 2, 1), date(2024, 3, 1), "UTC")
    assert manifest.plain(period) == {"start": "2024-02-01", "end": "2024-02-29", "time_zone": "UTC"}
    assert manifest.plain([Decimal("1E+2"), date(2024, 2, 29), None, True, 7]) == ["100", "2024-02-29", None, True, 7]
