-- Readings are reached by index between two instants. Row-level security lets no condition into an index that works something out of a row, as
-- `first_day at time zone zone` does: so the instants are worked out first, and stand still. What is asked of one plant or contract is worked
-- out for it alone. What is told is the same.

create or replace function energy.metered_days(first_day date, after_day date, zone text)
returns table (project_id bigint, meter_id bigint, time_zone text, day date, readings bigint, minutes bigint, net_kwh numeric, lost_kwh numeric, curtailed_kwh numeric)
language sql stable
as $$
    with span as materialized (
        select project.id as project_id, meter.id as meter_id, local.zone_name,
            first_day::timestamp at time zone local.zone_name as from_at, after_day::timestamp at time zone local.zone_name as until_at
        from energy.project
        cross join lateral (select coalesce(zone, project.time_zone)) as local (zone_name)
        join energy.meter on meter.project_id = project.id and meter.kind = 'revenue'
    )
    select
        span.project_id, span.meter_id, span.zone_name, (reading.interval_start at time zone span.zone_name)::date,
        count(*), sum(reading.interval_minutes), sum(reading.net_energy_kwh), sum(reading.availability_kwh), sum(reading.curtailment_kwh)
    from span
    join energy.meter_reading as reading
        on reading.meter_id = span.meter_id and reading.interval_start >= span.from_at and reading.interval_start < span.until_at
    group by span.project_id, span.meter_id, span.zone_name, (reading.interval_start at time zone span.zone_name)::date
$$;

create function energy.metered_months(first_day date, after_day date, zone text, project bigint)
returns table (
    project_id bigint, time_zone text, month date, hours numeric, metered_hours numeric, readings bigint, net_kwh numeric, lost_kwh numeric, curtailed_kwh numeric
)
language sql stable
as $$
    with span as materialized (
        select plant.id as project_id, meter.id as meter_id, local.zone_name,
            first_day::timestamp at time zone local.zone_name as from_at, after_day::timestamp at time zone local.zone_name as until_at
        from energy.project as plant
        cross join lateral (select coalesce(zone, plant.time_zone)) as local (zone_name)
        join energy.meter on meter.project_id = plant.id and meter.kind = 'revenue'
        where project is null or plant.id = project
    )
    select
        project_id, zone_name, month::date,
        extract(epoch from (month + interval '1 month') at time zone zone_name - month at time zone zone_name) / 3600,
        sum(minutes) / count(*) / 60,
        sum(readings)::bigint, sum(net_kwh), sum(lost_kwh), sum(curtailed_kwh)
    from (
        select
            span.project_id, span.zone_name, date_trunc('month', reading.interval_start at time zone span.zone_name) as month,
            count(*) as readings, sum(reading.interval_minutes) as minutes, sum(reading.net_energy_kwh) as net_kwh,
            sum(reading.availability_kwh) as lost_kwh, sum(reading.curtailment_kwh) as curtailed_kwh
        from span
        join energy.meter_reading as reading
            on reading.meter_id = span.meter_id and reading.interval_start >= span.from_at and reading.interval_start < span.until_at
        group by span.project_id, span.meter_id, span.zone_name, date_trunc('month', reading.interval_start at time zone span.zone_name)
    ) as metered
    group by project_id, zone_name, month
$$;

comment on function energy.metered_months(date, date, text, bigint) is
    'What the revenue meters counted by plant and calendar month, with the hours of the month and those of them that each meter counted; of one plant, or with null of all.';

create or replace function energy.metered_months(first_day date, after_day date, zone text)
returns table (
    project_id bigint, time_zone text, month date, hours numeric, metered_hours numeric, readings bigint, net_kwh numeric, lost_kwh numeric, curtailed_kwh numeric
)
language sql stable
as $$
    select * from energy.metered_months(first_day, after_day, zone, null)
$$;


create function energy.clause_outages(project bigint, contract bigint)
returns table (clause_id bigint, project_id bigint, outages tstzmultirange, excused tstzmultirange)
language sql stable
as $$
    with merged as materialized (
        select
            clause.id as clause_id, agreement.project_id, clause.excused_maintenance_hours, plant.time_zone,
            outage.cause = any (clause.excused_causes) as is_excused, outage.cause = 'scheduled_maintenance' as is_maintenance,
            unnest(range_agg(tstzrange(outage.starts_at, coalesce(outage.ends_at, now())))) as during
        from energy.clause
        join energy.contract as agreement on agreement.id = clause.contract_id
        join energy.project as plant on plant.id = agreement.project_id
        join energy.outage on outage.project_id = plant.id and outage.starts_at < now()
        where clause.damages_form is not null
            and (project is null or agreement.project_id = project) and (contract is null or agreement.id = contract)
        group by clause.id, agreement.project_id, clause.excused_maintenance_hours, plant.time_zone, is_excused, is_maintenance
    ), counted as (
        select clause_id, project_id, during, true as is_excused, excused_maintenance_hours
            - coalesce(sum(extract(epoch from upper(during) - lower(during)) / 3600) over (
                partition by clause_id, extract(year from lower(during) at time zone time_zone)
                order by lower(during) rows between unbounded preceding and 1 preceding
            ), 0) as hours_left
        from merged
        where is_excused and is_maintenance
        union all
        select clause_id, project_id, during, is_excused, null
        from merged
        where not (is_excused and is_maintenance)
    )
    select
        clause_id, project_id, range_agg(during),
        coalesce(range_agg(case when hours_left is null then during
            else tstzrange(lower(during), least(upper(during), lower(during) + greatest(hours_left, 0) * interval '1 hour')) end) filter (where is_excused), '{}')
    from counted
    group by clause_id, project_id
$$;

comment on function energy.clause_outages(bigint, bigint) is
    'For each clause with damages, when its plant was out, and when that is excused: by cause, and of scheduled maintenance the first hours of a calendar year. Of one plant, of one contract, or with null of all.';

create or replace function energy.clause_outages()
returns table (clause_id bigint, project_id bigint, outages tstzmultirange, excused tstzmultirange)
language sql stable
as $$
    select * from energy.clause_outages(null, null)
$$;


create function energy.guarantee_months(first_day date, after_day date, zone text, project bigint, contract bigint)
returns table (
    clause_id bigint, month date, time_zone text, covered_percent numeric, net_mwh numeric, lost_mwh numeric, excused_mwh numeric, curtailed_mwh numeric,
    possible_mwh numeric, excused_hours numeric, measured numeric, missing numeric, missing_mwh numeric, factor_percent numeric,
    uncapped numeric, value_of_month numeric, damages numeric
)
language sql stable
as $$
    with guarantee as (
        select
            clause.*, agreement.project_id, agreement.currency, coalesce(zone, plant.time_zone) as time_zone, coalesce(clause.window_months, 1) as months,
            date_trunc('month', agreement.start_date + interval '1 month' - interval '1 day')::date as first_month, agreement.end_date
        from energy.clause
        join energy.contract as agreement on agreement.id = clause.contract_id
        join energy.project as plant on plant.id = agreement.project_id
        where clause.damages_form is not null
            and (project is null or agreement.project_id = project) and (contract is null or agreement.id = contract)
            and (clause.kind = 'availability' and clause.guaranteed_unit = 'percent' or clause.kind = 'generation' and clause.guaranteed_unit = 'MWh')
    ), span as (
        select (date_trunc('year', first_day) - make_interval(months => coalesce(max(months), 1) - 1))::date as first_day from guarantee
    ), metered as (
        select found.* from span cross join lateral energy.metered_months(span.first_day, after_day, zone, project) as found
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
        select *, outages - excused as lost from energy.clause_outages(project, contract)
    ), part as materialized (
        select during.clause_id, during.time_zone, meter.id as meter_id, lower(during.excused) as starts_at, upper(during.excused) as ends_at,
            lower(during.excused) - interval '25 hours' as earliest
        from (
            select outage.clause_id, guarantee.project_id, guarantee.time_zone, unnest(outage.excused) as excused
            from outage
            join guarantee on guarantee.id = outage.clause_id
        ) as during
        join energy.meter on meter.project_id = during.project_id and meter.kind = 'revenue'
        where upper(during.excused) > (select span.first_day from span) - interval '1 day' and lower(during.excused) < after_day + interval '1 day'
    ), excused_loss as (
        select part.clause_id, date_trunc('month', reading.interval_start at time zone part.time_zone)::date as month,
            sum(reading.availability_kwh * extract(epoch from least(part.ends_at, reading.interval_start + make_interval(mins => reading.interval_minutes))
                - greatest(part.starts_at, reading.interval_start)) / (60 * reading.interval_minutes)) as kwh
        from part
        join energy.meter_reading as reading on reading.meter_id = part.meter_id and reading.availability_kwh > 0
            and reading.interval_start < part.ends_at and reading.interval_start > part.earliest
            and reading.interval_start + make_interval(mins => reading.interval_minutes) > part.starts_at
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

comment on function energy.guarantee_months(date, date, text, bigint, bigint) is
    'As guarantee_months(date, date, text), of the contracts of one plant, of one contract, or with null of all.';

create or replace function energy.guarantee_months(first_day date, after_day date, zone text)
returns table (
    clause_id bigint, month date, time_zone text, covered_percent numeric, net_mwh numeric, lost_mwh numeric, excused_mwh numeric, curtailed_mwh numeric,
    possible_mwh numeric, excused_hours numeric, measured numeric, missing numeric, missing_mwh numeric, factor_percent numeric,
    uncapped numeric, value_of_month numeric, damages numeric
)
language sql stable
as $$
    select * from energy.guarantee_months(first_day, after_day, zone, null, null)
$$;


create or replace function energy.settlement_lines(period bigint, contract bigint, project bigint)
returns table (contract_id bigint, line_number integer, kind text, description text, quantity numeric, unit text, unit_price numeric, amount numeric)
language sql stable
as $$
    with settled as (
        select agreement.id, agreement.project_id, agreement.currency, plant.time_zone, billing.start_date, billing.end_date
        from energy.billing_period as billing
        cross join energy.contract as agreement
        join energy.project as plant on plant.id = agreement.project_id
        where billing.id = period and agreement.kind = 'ppa'
            and agreement.start_date <= billing.end_date and coalesce(agreement.end_date, 'infinity') >= billing.start_date
            and (contract is null or agreement.id = contract) and (project is null or agreement.project_id = project)
    ), priced as materialized (
        select settled.*, tariff.name, tariff.unit, tariff.unit_price, tariff.applies_to, during.from_day, during.to_day,
            during.from_day::timestamp at time zone settled.time_zone as from_at, (during.to_day + 1)::timestamp at time zone settled.time_zone as until_at
        from settled
        join energy.clause on clause.contract_id = settled.id and clause.kind = 'pricing'
        join energy.clause_tariff as tariff on tariff.clause_id = clause.id and tariff.currency = settled.currency
        cross join lateral (
            select greatest(tariff.start_date, settled.start_date), least(coalesce(tariff.end_date, 'infinity'), settled.end_date)
        ) as during (from_day, to_day)
        where tariff.unit in ('MWh', 'kWh', 'month')
            and tariff.start_date <= settled.end_date and coalesce(tariff.end_date, 'infinity') >= settled.start_date
    ), counted as (
        select priced.*, case
            when priced.unit = 'month' then (
                select count(*)::numeric from generate_series(date_trunc('month', from_day::timestamp), to_day, interval '1 month') as month where month >= from_day
            )
            else round(coalesce(metered.kwh, 0) / case priced.unit when 'MWh' then 1000 else 1 end, 3)
        end as quantity
        from priced
        left join lateral (
            select sum(case priced.applies_to when 'curtailed' then reading.curtailment_kwh else reading.net_energy_kwh end) as kwh
            from energy.meter
            join energy.meter_reading as reading on reading.meter_id = meter.id
                and reading.interval_start >= priced.from_at and reading.interval_start < priced.until_at
            where meter.project_id = priced.project_id and meter.kind = 'revenue' and priced.unit <> 'month'
        ) as metered on true
    ), owed as materialized (
        select months.clause_id, months.month, months.damages
        from energy.billing_period as billing
        cross join lateral energy.guarantee_months(date_trunc('month', billing.start_date)::date, billing.end_date + 1, null, project, contract) as months
        where billing.id = period and months.damages <> 0
    ), damage as (
        select clause.contract_id, clause.reference, to_char(owed.month, 'YYYY-MM') as month, owed.damages, owed.month as first_day
        from owed
        join energy.clause on clause.id = owed.clause_id
        join settled on settled.id = clause.contract_id
    ), line as (
        select id as contract_id, 1 as rank, case when unit = 'month' then 'monthly payment' when applies_to = 'curtailed' then 'deemed energy' else 'energy' end as kind,
            name || ', ' || to_char(from_day, 'YYYY-MM-DD') || ' to ' || to_char(to_day, 'YYYY-MM-DD') as description,
            quantity, unit::text, unit_price::numeric, round(quantity * unit_price, 2) as amount, from_day, applies_to = 'curtailed' as is_later, name as sorted
        from counted
        where quantity <> 0 or applies_to = 'metered'
        union all
        select settled.id, 2, 'adjustment', adjustment.description, adjustment.quantity, adjustment.unit, adjustment.unit_price, adjustment.amount,
            null, false, lpad(adjustment.position::text, 12, '0')
        from settled
        join energy.adjustment on adjustment.contract_id = settled.id and adjustment.billing_period_id = period
        union all
        select contract_id, 3, 'liquidated damages', 'Liquidated damages, ' || month || ' (clause ' || reference || ')', 1, 'month', -damages, -damages, first_day, false, reference
        from damage
    )
    select contract_id, row_number() over (partition by contract_id order by rank, is_later, from_day, sorted)::integer, kind, description, quantity, unit, unit_price, amount
    from line
$$;


-- Days of a term are counted as whole numbers: 0 is a Monday.

create or replace function energy.add_days(from_day date, days integer, kind text, in_country text) returns date
language sql stable
as $$
    select case kind
        when 'calendar' then from_day + days
        when 'business' then case when days = 0 then from_day else (
            select from_day + term.n
            from generate_series(1, 10 + days * 3) as term (n)
            where (from_day - date '2000-01-03' + term.n + 700000000) % 7 < 5
                and not exists (select from energy.holiday where holiday.country = in_country and holiday.day = from_day + term.n)
            order by term.n
            offset days - 1 limit 1
        ) end
    end
$$;

revoke execute on function
    energy.metered_months(date, date, text, bigint), energy.clause_outages(bigint, bigint), energy.guarantee_months(date, date, text, bigint, bigint)
from public;
grant execute on function
    energy.metered_months(date, date, text, bigint), energy.clause_outages(bigint, bigint), energy.guarantee_months(date, date, text, bigint, bigint)
to octavo_app, octavo_reader;
