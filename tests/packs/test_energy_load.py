"""`octavo load energy`: the meter of La Haute Borne comes in whole, once, and adds up to the published figures."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from psycopg import sql

from octavo.database import load
from octavo.database.connection import Database
from octavo.errors import OctavoError
from octavo.pipeline import catalog
from octavo.pipeline.document import Organization

HEADER = "time_utc,net_energy_kwh,availability_kwh,curtailment_kwh\n"


def load_meter(database: Database, organization: Organization, path: Path, zone: str = "UTC") -> dict[str, object]:
    """What the person is told."""
    pack = catalog.installed().pack("energy")
    assert pack.pack.loader is not None
    transform = pack.read(pack.pack.loader.transform)
    return dict(load.load_file(database, organization.id, pack.pack.loader, transform, path, zone=zone, progress=lambda done, size: None))


def total(database: Database, organization: Organization, period: str, kind: str, zone: str = "UTC") -> Any:
    with database.tenant(organization.id) as connection:
        found = connection.execute(
            "select total_value from energy.meter_aggregate join energy.billing_period as period on period.id = billing_period_id "
            "where period.name = %s and aggregation_type = %s and time_zone = %s",
            [period, kind, zone],
        ).fetchall()
    ((value,),) = found
    return value


def count(database: Database, organization: Organization, table: str) -> Any:
    with database.tenant(organization.id) as connection:
        ((found,),) = connection.execute(sql.SQL("select count(*) from energy.{}").format(sql.Identifier(table))).fetchall()
    return found


def gwh(kwh: Decimal) -> Decimal:
    return round(kwh / 1_000_000, 6)


def test_june_2014_in_utc_is_as_published(database: Database, organization: Organization, shared_data: Path) -> None:
    told = load_meter(database, organization, shared_data / "la_haute_borne_plant.csv.gz")
    assert told["Readings in the file"] == "105120"
    net, lost, curtailed = (total(database, organization, "June 2014", kind) for kind in ("net_energy", "availability_loss", "curtailment"))
    assert gwh(net) == Decimal("0.692400")
    assert gwh(lost) == Decimal("0.029417")
    assert round(100 * lost / (net + lost + curtailed), 4) == Decimal("4.0019")
    # In Paris June begins and ends two hours earlier.
    load_meter(database, organization, shared_data / "la_haute_borne_plant.csv.gz", "Europe/Paris")
    assert total(database, organization, "June 2014", "net_energy", "Europe/Paris") != net
    assert total(database, organization, "June 2014", "net_energy") == net
    assert count(database, organization, "meter_reading") == 105_120


@pytest.fixture
def meter_file(tmp_path: Path) -> Path:
    return tmp_path / "meter.csv"


def test_a_reading_that_comes_again_replaces_the_earlier_one(database: Database, organization: Organization, meter_file: Path) -> None:
    meter_file.write_text(HEADER + "2014-06-01 00:00:00+00:00,10.5,0.0,0.0\n2014-06-01 00:10:00+00:00,-1.25,2.0,0.5\n")
    load_meter(database, organization, meter_file)
    assert total(database, organization, "June 2014", "net_energy") == Decimal("9.25")
    meter_file.write_text(HEADER + "2014-06-01 00:10:00+00:00,-2.25,2.0,0.5\n2014-06-30 23:50:00+00:00,100,0,0\n")
    told = load_meter(database, organization, meter_file)
    assert told["Readings that replaced earlier ones"] == "1"
    assert total(database, organization, "June 2014", "net_energy") == Decimal("108.25")
    assert [count(database, organization, table) for table in ("project", "meter", "billing_period", "meter_reading")] == [1, 1, 1, 3]


def test_the_last_hour_of_the_year_is_of_the_next_in_paris(database: Database, organization: Organization, meter_file: Path) -> None:
    meter_file.write_text(HEADER + "2015-12-31 22:50:00+00:00,1,0,0\n2015-12-31 23:00:00+00:00,2,0,0\n")
    load_meter(database, organization, meter_file, "Europe/Paris")
    assert total(database, organization, "December 2015", "net_energy", "Europe/Paris") == 1
    assert total(database, organization, "January 2016", "net_energy", "Europe/Paris") == 2


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("2014-06-01 00:00:00+00:00,1,0,0", "2014-06-01 00:00 UTC stands in the file twice"),
        ("2014-06-01 02:00:00+02:00,1,0,0", "2014-06-01 00:00 UTC stands in the file twice"),
        ("2014-06-01 00:05:00+00:00,1,0,0", "line 3: the time is not the beginning of a ten-minute interval"),
        ("infinity,1,0,0", "line 3: the time is not a point in time"),
        (",1,0,0", "line 3: the time is missing"),
        ("2014-06-01 00:10:00+00:00,NaN,0,0", "line 3: the net energy is not a number"),
        ("2014-06-01 00:10:00+00:00,1,-1,0", "line 3: the energy lost to unavailability is not a number from 0 up"),
        ("2014-06-01 00:10:00+00:00,1,0,Infinity", "line 3: the curtailed energy is not a number from 0 up"),
    ],
)
def test_a_file_with_a_bad_line_is_refused_and_leaves_nothing(
    database: Database, organization: Organization, meter_file: Path, line: str, reason: str
) -> None:
    meter_file.write_text(HEADER + "2014-06-01 00:00:00+00:00,10.5,0.0,0.0\n" + line + "\n")
    with pytest.raises(OctavoError, match=reason):
        load_meter(database, organization, meter_file)
    assert [count(database, organization, table) for table in ("project", "meter", "billing_period", "meter_reading")] == [0, 0, 0, 0]


def test_what_one_organization_loads_no_other_sees(
    database: Database, organization: Organization, other_organization: Organization, meter_file: Path
) -> None:
    meter_file.write_text(HEADER + "2014-06-01 00:00:00+00:00,10.5,0.0,0.0\n")
    load_meter(database, organization, meter_file)
    assert count(database, other_organization, "meter_reading") == 0
    load_meter(database, other_organization, meter_file)
    assert [count(database, each, "meter_reading") for each in (organization, other_organization)] == [1, 1]
