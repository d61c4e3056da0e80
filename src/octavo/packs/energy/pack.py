"""The energy pack: its schema, its sample, and the revenue-meter file that it loads."""

from octavo.pipeline.definition import Loader, Pack

# Ten-minute intervals of one revenue meter; an interval is named by the instant it begins. Energy may be negative: import at night.
METER_FILE = Loader(
    columns={
        "time_utc": "timestamptz",
        "net_energy_kwh": "numeric",
        "availability_kwh": "numeric",
        "curtailment_kwh": "numeric",
    },
    transform="load.sql",
    checks={
        "time_utc is not null": "the time is missing",
        "isfinite(time_utc)": "the time is not a point in time",
        "time_utc = date_bin('10 minutes', time_utc, timestamptz '2000-01-01 00:00+00')": "the time is not the beginning of a ten-minute interval",
        "net_energy_kwh is not null and net_energy_kwh not in ('NaN', 'Infinity', '-Infinity')": "the net energy is not a number",
        "availability_kwh is not null and availability_kwh >= 0 and availability_kwh < 'Infinity'": "the energy lost to unavailability is not a number from 0 up",
        "curtailment_kwh is not null and curtailment_kwh >= 0 and curtailment_kwh < 'Infinity'": "the curtailed energy is not a number from 0 up",
    },
    zone="UTC",
)

pack = Pack(
    "energy",
    "Energy contracts",
    schemas=("energy",),
    migrations="schema",
    sample="sample",
    sample_factors={"small": 1, "medium": 8, "large": 50},
    loader=METER_FILE,
    billing_period="lookups/latest_billing_dates.sql",
)
