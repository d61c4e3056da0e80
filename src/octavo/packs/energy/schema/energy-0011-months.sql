-- Months of many plants and clauses, reached by the shorter way. What is told of them is the same.

-- Of the kinds of clauses that a guarantee is found by, and of what a plant's meters and outages are: the planner takes the conditions for
-- unrelated, expects one row where there are hundreds, and goes through them for each other.
create statistics energy.clause_of_a_kind (mcv, dependencies) on organization_id, contract_id, kind, guaranteed_unit, damages_form from energy.clause;
create statistics energy.meter_of_one (dependencies) on organization_id, project_id from energy.meter;
create statistics energy.meter_reading_of_one (dependencies) on organization_id, meter_id from energy.meter_reading;
create statistics energy.outage_of_one (dependencies) on organization_id, project_id from energy.outage;
create statistics energy.clause_tariff_of_one (dependencies) on organization_id, clause_id from energy.clause_tariff;
create statistics energy.breach_of_one (dependencies) on organization_id, clause_id from energy.breach;


-- A month is added up from its readings at once; the days between are nobody's.

create or replace function energy.metered_months(first_day date, after_day date, zone text)
returns table (
    project_id bigint, time_zone text, month date, hours numeric, metered_hours numeric, readings bigint, net_kwh numeric, lost_kwh numeric, curtailed_kwh numeric
)
language sql stable
as $$
    select
        project_id, zone_name, month::date,
        extract(epoch from (month + interval '1 month') at time zone zone_name - month at time zone zone_name) / 3600,
        sum(minutes) / count(*) / 60,
        sum(readings)::bigint, sum(net_kwh), sum(lost_kwh), sum(curtailed_kwh)
    from (
        select
            project.id as project_id, local.zone_name, date_trunc('month', reading.interval_start at time zone local.zone_name) as month,
            count(*) as readings, sum(reading.interval_minutes) as minutes, sum(reading.net_energy_kwh) as net_kwh,
            sum(reading.availability_kwh) as lost_kwh, sum(reading.curtailment_kwh) as curtailed_kwh
        from energy.project
        cross join lateral (select coalesce(zone, project.time_zone)) as local (zone_name)
        join energy.meter on meter.project_id = project.id and meter.kind = 'revenue'
        join energy.meter_reading as reading
            on reading.meter_id = meter.id
            and reading.interval_start >= first_day::timestamp at time zone local.zone_name
            and reading.interval_start < after_day::timestamp at time zone local.zone_name
        group by project.id, meter.id, local.zone_name, date_trunc('month', reading.interval_start at time zone local.zone_name)
    ) as metered
    group by project_id, zone_name, month
$$;


-- What a month is paid at is looked up for all months together.

create or replace function energy.guarantee_months(first_day date, after_day date, zone text)
returns table (
    clause_id bigint, month date, time_zone text, covered_percent numeric, net_mwh numeric, lost_mwh numeric, excused_mwh numeric, curtailed_mwh numeric,
    possible_mwh numeric, excused_hours numeric, measured numeric, missing numeric, missing_mwh numeric, factor_percent numeric,
    uncapped numeric, value_of_month numeric, damages numeric
)
language sql stable
as $$
    with guarantee as (
        select
            clause.*, contract.project_id, contract.currency, coalesce(zone, project.time_zone) as time_zone, coalesce(clause.window_months, 1) as months,
            date_trunc('month', contract.start_date + interval '1 month' - interval '1 day')::date as first_month, contract.end_date
        from energy.clause
        join energy.contract on contract.id = clause.contract_id
        join energy.project on project.id = contract.project_id
        where clause.damages_form is not null
            and (clause.kind = 'availability' and clause.guaranteed_unit = 'percent' or clause.kind = 'generation' and clause.guaranteed_unit = 'MWh')
    ), span as (
        select (date_trunc('year', first_day) - make_interval(months => coalesce(max(months), 1) - 1))::date as first_day from guarantee
    ), metered as (
        select found.* from span cross join lateral energy.metered_months(span.first_day, after_day, zone) as found
    ), month as (
        select guarantee.id as clause_id, guarantee.project_id, guarantee.time_zone, calendar.month::date as month,
            calendar.month at time zone guarantee.time_zone as starts_at, (calendar.month + interval '1 month') at time zone guarantee.time_zone as ends_at
        from guarantee
        cross join span
        cross join lateral generate_series(greatest(span.first_day, guarantee.first_month)::timestamp, after_day - interval '1 day', interval '1 month') as calendar (month)
        where calendar.month + interval '1 month' <= after_day
            and calendar.month + interval '1 month' - interval '1 day' <= coalesce(guarantee.end_date, 'infinity')
            and (calendar.month + interval '1 month') at time zone guarantee.time_zone <= now()
    ), outage as materialized (
        select *, outages - excused as lost from energy.clause_outages()
    ), excused_loss as (
        select part.clause_id, date_trunc('month', reading.interval_start at time zone part.time_zone)::date as month,
            sum(reading.availability_kwh * extract(epoch from least(upper(part.during), reading.interval_start + make_interval(mins => reading.interval_minutes))
                - greatest(lower(part.during), reading.interval_start)) / (60 * reading.interval_minutes)) as kwh
        from (
            select outage.clause_id, guarantee.project_id, guarantee.time_zone, unnest(outage.excused) as during
            from outage
            join guarantee on guarantee.id = outage.clause_id
        ) as part
        join energy.meter on meter.project_id = part.project_id and meter.kind = 'revenue'
        join energy.meter_reading as reading on reading.meter_id = meter.id and reading.availability_kwh > 0
            and reading.interval_start < upper(part.during)
            and reading.interval_start > lower(part.during) - interval '25 hours'
            and reading.interval_start + make_interval(mins => reading.interval_minutes) > lower(part.during)
        where upper(part.during) > (select span.first_day from span) - interval '1 day' and lower(part.during) < after_day + interval '1 day'
        group by part.clause_id, date_trunc('month', reading.interval_start at time zone part.time_zone)
    ), counted as (
        select
            month.clause_id, month.month, month.time_zone, round(100 * metered.metered_hours / metered.hours, 2) as covered_percent,
            metered.net_kwh, metered.lost_kwh, metered.curtailed_kwh, case when metered.month is not null then coalesce(excused_loss.kwh, 0) end as excused_kwh,
            energy.hours_in(tstzmultirange(tstzrange(month.starts_at, month.ends_at))) as hours,
            energy.hours_in(coalesce(outage.excused, '{}') * tstzmultirange(tstzrange(month.starts_at, month.ends_at))) as excused_hours,
            energy.hours_in(coalesce(outage.lost, '{}') * tstzmultirange(tstzrange(month.starts_at, month.ends_at))) as lost_hours
        from month
        left join metered on metered.project_id = month.project_id and metered.month = month.month
        left join excused_loss on excused_loss.clause_id = month.clause_id and excused_loss.month = month.month
        left join outage on outage.clause_id = month.clause_id
    ), summed as (
        -- What a window comes to is what was summed up to its end less what was summed up to its beginning.
        select counted.*, guarantee.damages_form, guarantee.damages_rate, guarantee.damages_cap_percent, guarantee.damages_cap_amount,
            guarantee.damages_floor, guarantee.guaranteed_value, guarantee.guaranteed_unit, guarantee.measured_in, guarantee.months,
            case guarantee.guaranteed_unit when 'percent' then guarantee.months else mod(
                (extract(year from counted.month) * 12 + extract(month from counted.month)
                    - extract(year from guarantee.first_month) * 12 - extract(month from guarantee.first_month))::integer, guarantee.months) + 1 end as months_so_far,
            count(net_kwh) over so_far as metered_months,
            coalesce(sum(net_kwh + curtailed_kwh + excused_kwh) over so_far, 0) as generated,
            coalesce(sum(net_kwh + curtailed_kwh + lost_kwh - excused_kwh) over so_far, 0) as possible,
            coalesce(sum(lost_kwh - excused_kwh) over so_far, 0) as lost,
            sum(hours - excused_hours) over so_far as answered_hours,
            sum(lost_hours) over so_far as out_hours
        from counted
        join guarantee on guarantee.id = counted.clause_id
        window so_far as (partition by counted.clause_id order by counted.month)
    ), measured as (
        select *, months_so_far = months as is_assessed,
            case
                when guaranteed_unit <> 'MWh' and measured_in = 'hours' then energy.availability_percent(
                    answered_hours - coalesce(lag(answered_hours, months_so_far) over by_month, 0), out_hours - coalesce(lag(out_hours, months_so_far) over by_month, 0))
                when metered_months = coalesce(lag(metered_months, months_so_far) over by_month, 0) then null
                when guaranteed_unit = 'MWh' then round((generated - coalesce(lag(generated, months_so_far) over by_month, 0)) / 1000, 3)
                else energy.availability_percent(
                    possible - coalesce(lag(possible, months_so_far) over by_month, 0), lost - coalesce(lag(lost, months_so_far) over by_month, 0))
            end as measured
        from summed
        window by_month as (partition by clause_id order by month)
    ), price as materialized (
        select
            month.clause_id, month.month,
            coalesce(sum(tariff.unit_price) filter (where tariff.unit = 'month'), 0) as a_month,
            coalesce(sum(case tariff.unit when 'MWh' then tariff.unit_price when 'kWh' then 1000 * tariff.unit_price end)
                filter (where tariff.applies_to = 'metered'), 0) as a_mwh
        from month
        join guarantee on guarantee.id = month.clause_id
        join energy.clause as priced_by on priced_by.contract_id = guarantee.contract_id
        left join energy.clause_tariff as tariff on tariff.clause_id = priced_by.id and tariff.currency = guarantee.currency
            and month.month between tariff.start_date and coalesce(tariff.end_date, 'infinity')
        group by month.clause_id, month.month
    ), priced as (
        select
            measured.*, price.a_month,
            round(net_kwh / 1000, 3) as net_mwh,
            round((net_kwh + curtailed_kwh + lost_kwh - excused_kwh) / 1000, 3) as possible_mwh,
            case when is_assessed and measured is not null then round(greatest(guaranteed_value - measured, 0), 4) end as missing,
            case when is_assessed and damages_form = 'capacity_factor' then
                energy.availability_factor(measured, guaranteed_value, damages_rate, damages_floor) end as factor_percent,
            round(price.a_month + price.a_mwh * greatest(net_kwh, 0) / 1000, 2) as value_of_month
        from measured
        join price on price.clause_id = measured.clause_id and price.month = measured.month
    ), owed as (
        select *, case damages_form
            when 'shortfall_rate' then round(missing_mwh * damages_rate, 2)
            when 'availability_ratio' then round(case when missing = 0 then 0 else (guaranteed_value / nullif(measured, 0) - 1) * greatest(net_mwh, 0) * damages_rate end, 2)
            when 'capacity_factor' then round(a_month * (100 - factor_percent) / 100, 2)
        end as uncapped
        from priced
        cross join lateral (
            select case guaranteed_unit when 'MWh' then round(missing, 3) else round(missing / 100 * greatest(possible_mwh, 0), 3) end
        ) as shortfall (missing_mwh)
    ), capped as (
        select *, case when missing is not null then least(uncapped, round(damages_cap_percent / 100 * greatest(value_of_month, 0), 2)) end as within_month
        from owed
    )
    select
        clause_id, month, time_zone, covered_percent, net_mwh, round(lost_kwh / 1000, 3), round(excused_kwh / 1000, 3), round(curtailed_kwh / 1000, 3),
        possible_mwh, round(excused_hours, 2), measured, missing, missing_mwh, factor_percent, uncapped, value_of_month, damages
    from (
        select *, case when damages_cap_amount is null or within_month is null then within_month
            else least(sum(within_month) over this_year, damages_cap_amount) - least(sum(within_month) over this_year - within_month, damages_cap_amount)
        end as damages
        from capped
        window this_year as (partition by clause_id, extract(year from month) order by month)
    ) as limited
    where month >= first_day
$$;
