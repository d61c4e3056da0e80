-- What the meters counted, a day a reading: 23 or 25 hours where the clocks change.

insert into energy.meter (project_id, number, name, kind)
select id, 'M-' || to_char(row_number() over (order by name), 'FM000000'), name || ' revenue meter', 'revenue'
from energy.project
where name in (select project from sample_contract);

insert into energy.meter_reading (meter_id, interval_start, interval_minutes, net_energy_kwh, availability_kwh, curtailment_kwh)
select
    meter.id,
    day at time zone project.time_zone,
    extract(epoch from (day + interval '1 day') at time zone project.time_zone - day at time zone project.time_zone)::integer / 60,
    energy.kwh,
    case when pg_temp.noise(chance || 'fault') < 0.12 then round(energy.kwh * 0.62 * pg_temp.noise(chance || 'lost'), 3) else 0 end,
    case when pg_temp.noise(chance || 'grid') < 0.06 then round(energy.kwh * 0.25 * pg_temp.noise(chance || 'curtailed'), 3) else 0 end
from energy.meter
join energy.project on project.id = meter.project_id
cross join generate_series(timestamp '2023-01-01', current_date - interval '1 day', interval '1 day') as day
cross join lateral (select concat_ws('|', %(seed)s, project.name, day::date) as chance) as dice
cross join lateral (
    select round(project.capacity_kw * 24 * (0.35 + 1.3 * pg_temp.noise(chance)) * case project.technology
        when 'solar' then (array[0.09, 0.12, 0.16, 0.20, 0.23, 0.25, 0.26, 0.24, 0.20, 0.15, 0.10, 0.08])[extract(month from day)::integer]
        else (array[0.38, 0.36, 0.33, 0.28, 0.25, 0.21, 0.20, 0.21, 0.25, 0.30, 0.34, 0.37])[extract(month from day)::integer]
    end, 3) as kwh
) as energy
where project.name in (select project from sample_contract)
order by meter.id, day;

select sum(energy.aggregate_readings(meter.id, project.time_zone))
from energy.meter
join energy.project on project.id = meter.project_id
where project.name in (select project from sample_contract);

-- On each day on which energy was lost, a part of the plant was out. What is excused, the clauses say.
insert into energy.outage (project_id, cause, starts_at, ends_at, remark)
select
    meter.project_id, dice.cause, reading.interval_start, reading.interval_start + make_interval(mins => reading.interval_minutes),
    case dice.cause
        when 'scheduled_maintenance' then 'Yearly service' when 'grid' then 'The grid operator switched the line off' when 'force_majeure' then 'Ice on the blades, a storm'
        else 'One unit stood still' end
from energy.meter
join energy.meter_reading as reading on reading.meter_id = meter.id and reading.availability_kwh > 0
cross join lateral (select pg_temp.noise(concat_ws('|', %(seed)s, meter.number, reading.interval_start::date, 'cause')) as value) as chance
cross join lateral (
    select case when value < 0.66 then 'equipment_failure' when value < 0.82 then 'scheduled_maintenance' when value < 0.94 then 'grid' else 'force_majeure' end as cause
) as dice
order by meter.number, reading.interval_start;

-- What each guarantee measured, month by month, and what that costs. Without statistics of what is new the planner would be at a loss.
select octavo.gather_statistics('energy');

create temporary table sample_guarantee on commit drop as
select clause.contract_id, month.*
from energy.guarantee_months('2023-01-01', current_date + 1, null) as month
join energy.clause on clause.id = month.clause_id;

-- One row for each contract and completed month: what was metered, the price that held, the availability.
create temporary table sample_month on commit drop as
select
    contract.id as contract_id, contract.number, contract.kind, plan.tax_rate, plan.currency, period.id as billing_period_id, period.name as period_name,
    period.start_date, period.end_date, extract(month from period.start_date)::integer as month,
    net.id as net_id, round(net.total_value / 1000, 3) as net_mwh, curtailed.id as curtailed_id, round(curtailed.total_value / 1000, 3) as curtailed_mwh,
    guarantee.measured, guarantee.missing, guarantee.damages,
    tariff.id as tariff_id, tariff.unit_price as price, deemed.id as deemed_id, variable.id as variable_id, variable.unit_price as variable_price
from sample_contract as plan
join energy.contract on contract.number = plan.number
join energy.project on project.id = contract.project_id
join energy.meter on meter.project_id = project.id
join energy.billing_period as period on period.start_date >= date '2023-01-01' and period.end_date < current_date
join energy.meter_aggregate as net on (net.meter_id, net.billing_period_id, net.aggregation_type, net.time_zone) = (meter.id, period.id, 'net_energy', project.time_zone)
join sample_guarantee as guarantee on guarantee.contract_id = contract.id and guarantee.month = period.start_date
join energy.meter_aggregate as curtailed
    on (curtailed.meter_id, curtailed.billing_period_id, curtailed.aggregation_type, curtailed.time_zone) = (meter.id, period.id, 'curtailment', project.time_zone)
join energy.clause on clause.contract_id = contract.id and clause.kind = 'pricing'
join energy.clause_tariff as tariff on tariff.clause_id = clause.id and tariff.name in ('Energy', 'Service') and period.start_date between tariff.start_date and tariff.end_date
left join energy.clause_tariff as variable on variable.clause_id = clause.id and variable.name = 'Variable' and period.start_date between variable.start_date and variable.end_date
left join energy.clause_tariff as deemed on deemed.clause_id = clause.id and deemed.applies_to = 'curtailed' and period.start_date between deemed.start_date and deemed.end_date;
