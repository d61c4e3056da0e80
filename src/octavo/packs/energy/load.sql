-- The revenue meter of La Haute Borne, from ten-minute intervals named by their beginning. The same file again replaces, it doubles nothing.

select octavo.refuse('Line ' || max(line) || ': the interval ' || to_char(time_utc at time zone 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC stands in the file twice; nothing was loaded')
from staging
group by time_utc
having count(*) > 1
order by min(line)
limit 1;

insert into energy.project (name, technology, capacity_kw, country, time_zone)
values ('La Haute Borne', 'wind', 8200, 'FR', 'Europe/Paris')
on conflict (organization_id, name) do nothing;

insert into energy.contract (project_id, number, name, kind, counterparty_name, currency, start_date)
select id, 'LHB-PPA', 'La Haute Borne power purchase', 'ppa', 'Buyer not named', 'EUR', date '2014-01-01'
from energy.project
where name = 'La Haute Borne'
on conflict (organization_id, number) do nothing;

insert into energy.meter (project_id, number, name, kind)
select id, 'LHB-REVENUE', 'La Haute Borne revenue meter', 'revenue'
from energy.project
where name = 'La Haute Borne'
on conflict (organization_id, number) do nothing;

insert into energy.billing_period (name, start_date, end_date)
select to_char(month, 'FMMonth YYYY'), month::date, (month + interval '1 month' - interval '1 day')::date
from (select min(time_utc at time zone %(zone)s) as first, max(time_utc at time zone %(zone)s) as last from staging) as span
cross join lateral generate_series(date_trunc('month', first), last, interval '1 month') as month
on conflict (organization_id, start_date, end_date) do nothing;

create temporary table replaced on commit drop as
select count(*) as readings
from staging
join energy.meter on meter.number = 'LHB-REVENUE'
join energy.meter_reading as reading on reading.meter_id = meter.id and reading.interval_start = staging.time_utc;

insert into energy.meter_reading (meter_id, interval_start, interval_minutes, net_energy_kwh, availability_kwh, curtailment_kwh)
select meter.id, staging.time_utc, 10, staging.net_energy_kwh, staging.availability_kwh, staging.curtailment_kwh
from staging
join energy.meter on meter.number = 'LHB-REVENUE'
order by staging.line
on conflict (organization_id, meter_id, interval_start)
do update set
    interval_minutes = excluded.interval_minutes,
    net_energy_kwh = excluded.net_energy_kwh,
    availability_kwh = excluded.availability_kwh,
    curtailment_kwh = excluded.curtailment_kwh;

create temporary table aggregated on commit drop as
select energy.aggregate_readings(id, %(zone)s) as aggregates
from energy.meter
where number = 'LHB-REVENUE';

select octavo.gather_statistics('energy');

select label, figure
from (
    select count(*) as readings, min(time_utc) as first, max(time_utc) as last, sum(net_energy_kwh) as net,
        sum(availability_kwh) as lost, sum(curtailment_kwh) as curtailed
    from staging
) as file
cross join replaced
cross join aggregated
cross join lateral (
    values
        (1, 'Readings in the file', file.readings::text),
        (2, 'Readings that replaced earlier ones', replaced.readings::text),
        (3, 'First interval', to_char(file.first at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')),
        (4, 'Last interval', to_char(file.last at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')),
        (5, 'Net energy, kWh', file.net::text),
        (6, 'Lost to unavailability, kWh', file.lost::text),
        (7, 'Curtailed, kWh', file.curtailed::text),
        (8, 'Aggregates by billing period in ' || %(zone)s, aggregated.aggregates::text)
) as told (position, label, figure)
order by position
