-- What the plants delivered, by the months of their zone, and what that means for what was guaranteed.

create function energy.metered_days(first_day date, after_day date, zone text)
returns table (project_id bigint, meter_id bigint, time_zone text, day date, readings bigint, minutes bigint, net_kwh numeric, lost_kwh numeric, curtailed_kwh numeric)
language sql stable
as $$
    select
        project.id, meter.id, local.zone_name, (reading.interval_start at time zone local.zone_name)::date,
        count(*), sum(reading.interval_minutes), sum(reading.net_energy_kwh), sum(reading.availability_kwh), sum(reading.curtailment_kwh)
    from energy.project
    cross join lateral (select coalesce(zone, project.time_zone)) as local (zone_name)
    join energy.meter on meter.project_id = project.id and meter.kind = 'revenue'
    join energy.meter_reading as reading
        on reading.meter_id = meter.id
        and reading.interval_start >= first_day::timestamp at time zone local.zone_name
        and reading.interval_start < after_day::timestamp at time zone local.zone_name
    group by project.id, meter.id, local.zone_name, (reading.interval_start at time zone local.zone_name)::date
$$;

comment on function energy.metered_days(date, date, text) is
    'What each revenue meter counted, a row for each day of the zone; a null zone is that of the plant. A reading belongs to the day in which its interval begins.';

create function energy.metered_months(first_day date, after_day date, zone text)
returns table (
    project_id bigint, time_zone text, month date, hours numeric, metered_hours numeric, readings bigint, net_kwh numeric, lost_kwh numeric, curtailed_kwh numeric
)
language sql stable
as $$
    select
        project_id, time_zone, month,
        extract(epoch from (month + interval '1 month') at time zone time_zone - month::timestamp at time zone time_zone) / 3600,
        sum(minutes) / count(distinct meter_id) / 60,
        sum(readings)::bigint, sum(net_kwh), sum(lost_kwh), sum(curtailed_kwh)
    from energy.metered_days(first_day, after_day, zone)
    cross join lateral (select date_trunc('month', day)::date) as calendar (month)
    group by project_id, time_zone, month
$$;

comment on function energy.metered_months(date, date, text) is 'The same by plant and calendar month, with the hours of the month and those of them that each meter counted.';

create function energy.availability_percent(possible numeric, lost numeric) returns numeric
language sql immutable parallel safe
as $$
    select round(100 * (possible - lost) / nullif(greatest(possible, 0), 0), 4)
$$;

comment on function energy.availability_percent(numeric, numeric) is 'What was not lost of what was possible, in percent to four places; null where nothing was possible.';

create function energy.availability_factor(measured numeric, guaranteed numeric, rate numeric, floor_percent numeric) returns numeric
language sql immutable parallel safe
as $$
    select case
        when measured is null then null
        when measured >= guaranteed then 100
        when measured < floor_percent then 0
        else greatest(100 - (guaranteed - measured) * rate, 0)
    end
$$;

comment on function energy.availability_factor(numeric, numeric, numeric, numeric) is
    'Of 100 percent of a payment, what is left: from the guarantee up all, below the floor nothing, between them rate percent less for each percent missing.';

create function energy.hours_in(ranges tstzmultirange) returns numeric
language sql immutable parallel safe
as $$
    select coalesce(sum(extract(epoch from upper(part) - lower(part))), 0) / 3600 from unnest(ranges) as part
$$;

comment on function energy.hours_in(tstzmultirange) is 'How many hours lie in these spans of time; none of them may be endless.';

create function energy.clause_outages()
returns table (clause_id bigint, project_id bigint, outages tstzmultirange, excused tstzmultirange)
language sql stable
as $$
    with merged as (
        select
            clause.id as clause_id, contract.project_id, clause.excused_maintenance_hours, project.time_zone,
            outage.cause = any (clause.excused_causes) as is_excused, outage.cause = 'scheduled_maintenance' as is_maintenance,
            unnest(range_agg(tstzrange(outage.starts_at, coalesce(outage.ends_at, now())))) as during
        from energy.clause
        join energy.contract on contract.id = clause.contract_id
        join energy.project on project.id = contract.project_id
        join energy.outage on outage.project_id = project.id and outage.starts_at < now()
        where clause.damages_form is not null
        group by clause.id, contract.project_id, clause.excused_maintenance_hours, project.time_zone, is_excused, is_maintenance
    ), counted as (
        select *, case when is_excused and is_maintenance then
            excused_maintenance_hours - coalesce(sum(extract(epoch from upper(during) - lower(during)) / 3600) over (
                partition by clause_id, is_excused, is_maintenance, extract(year from lower(during) at time zone time_zone)
                order by lower(during) rows between unbounded preceding and 1 preceding
            ), 0) end as hours_left
        from merged
    )
    select
        clause_id, project_id, range_agg(during),
        coalesce(range_agg(tstzrange(lower(during), case when hours_left is null then upper(during)
            else least(upper(during), lower(during) + greatest(hours_left, 0) * interval '1 hour') end)) filter (where is_excused), '{}')
    from counted
    group by clause_id, project_id
$$;

comment on function energy.clause_outages() is
    'For each clause with damages, when its plant was out, and when that is excused: by cause, and of scheduled maintenance the first hours of a calendar year.';

create function energy.guarantee_months(first_day date, after_day date, zone text)
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
        select * from energy.clause_outages()
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
            energy.hours_in((coalesce(outage.outages, '{}') - coalesce(outage.excused, '{}')) * tstzmultirange(tstzrange(month.starts_at, month.ends_at))) as lost_hours
        from month
        left join metered on metered.project_id = month.project_id and metered.month = month.month
        left join excused_loss on excused_loss.clause_id = month.clause_id and excused_loss.month = month.month
        left join outage on outage.clause_id = month.clause_id
    ), measured as (
        select
            current.clause_id, current.month,
            case
                when guarantee.guaranteed_unit = 'MWh' then round(sum(earlier.net_kwh + earlier.curtailed_kwh + earlier.excused_kwh) / 1000, 3)
                when guarantee.measured_in = 'hours' then energy.availability_percent(sum(earlier.hours - earlier.excused_hours), sum(earlier.lost_hours))
                else energy.availability_percent(
                    sum(earlier.net_kwh + earlier.curtailed_kwh + earlier.lost_kwh - earlier.excused_kwh), sum(earlier.lost_kwh - earlier.excused_kwh)
                )
            end as measured,
            place.months_so_far = guarantee.months as is_assessed
        from counted as current
        join guarantee on guarantee.id = current.clause_id
        cross join lateral (
            select case guarantee.guaranteed_unit when 'percent' then guarantee.months else mod(
                (extract(year from current.month) * 12 + extract(month from current.month)
                    - extract(year from guarantee.first_month) * 12 - extract(month from guarantee.first_month))::integer, guarantee.months) + 1 end
        ) as place (months_so_far)
        join counted as earlier on earlier.clause_id = current.clause_id
            and earlier.month <= current.month and earlier.month > current.month - make_interval(months => place.months_so_far)
        group by current.clause_id, current.month, guarantee.guaranteed_unit, guarantee.measured_in, guarantee.months, place.months_so_far
    ), priced as (
        select
            counted.*, guarantee.damages_form, guarantee.damages_rate, guarantee.damages_cap_percent, guarantee.damages_cap_amount,
            guarantee.guaranteed_value, measured.measured, price.a_month,
            round(counted.net_kwh / 1000, 3) as net_mwh,
            round((counted.net_kwh + counted.curtailed_kwh + counted.lost_kwh - counted.excused_kwh) / 1000, 3) as possible_mwh,
            case when measured.is_assessed and measured.measured is not null then round(greatest(guarantee.guaranteed_value - measured.measured, 0), 4) end as missing,
            guarantee.guaranteed_unit,
            case when measured.is_assessed and guarantee.damages_form = 'capacity_factor' then
                energy.availability_factor(measured.measured, guarantee.guaranteed_value, guarantee.damages_rate, guarantee.damages_floor) end as factor_percent,
            round(price.a_month + price.a_mwh * greatest(counted.net_kwh, 0) / 1000, 2) as value_of_month
        from counted
        join guarantee on guarantee.id = counted.clause_id
        join measured on measured.clause_id = counted.clause_id and measured.month = counted.month
        cross join lateral (
            select
                coalesce(sum(tariff.unit_price) filter (where tariff.unit = 'month'), 0) as a_month,
                coalesce(sum(case tariff.unit when 'MWh' then tariff.unit_price when 'kWh' then 1000 * tariff.unit_price end)
                    filter (where tariff.applies_to = 'metered'), 0) as a_mwh
            from energy.clause as priced_by
            join energy.clause_tariff as tariff on tariff.clause_id = priced_by.id
            where priced_by.contract_id = guarantee.contract_id and tariff.currency = guarantee.currency
                and counted.month between tariff.start_date and coalesce(tariff.end_date, 'infinity')
        ) as price
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

comment on function energy.guarantee_months(date, date, text) is
    'Every whole month of [first_day, after_day) that has ended, for each clause that guarantees an availability or a generation and says what falling short costs: '
    'what was measured, what is missing (null where it is not assessed yet or nothing was metered), and the damages by the form of the clause, within its caps. '
    'A null zone means the months of the plant''s own. Needs no more than meter readings, so other guarantees are not in it.';


-- Days: when a cure is due.

create function energy.add_days(from_day date, days integer, kind text, in_country text) returns date
language sql stable
as $$
    select case kind
        when 'calendar' then from_day + days
        when 'business' then case when days = 0 then from_day else (
            select term.day::date
            from generate_series(from_day + interval '1 day', from_day::timestamp + make_interval(days => 10 + days * 3), interval '1 day') as term (day)
            where extract(isodow from term.day) < 6
                and not exists (select from energy.holiday where holiday.country = in_country and holiday.day = term.day::date)
            order by term.day
            offset days - 1 limit 1
        ) end
    end
$$;

comment on function energy.add_days(date, integer, text, text) is
    'The last day of a term that begins on the day after from_day: so many calendar days, or so many days of which none is a Saturday, a Sunday or a holiday of the country.';


create function energy.breaches_at(as_of date)
returns table (
    breach_id bigint, clause_id bigint, contract_id bigint, project_id bigint, reference text, title text, occurred_on date, notice_date date,
    cure_deadline date, cured_on date, status text, days_left integer, remark text
)
language sql stable
as $$
    select id, clause_id, contract_id, project_id, reference, title, occurred_on, notice_date, cure_deadline, cured_on,
        case
            when cured_on is not null then case when cured_on > cure_deadline then 'cured late' else 'cured' end
            when notice_date is null then 'not notified'
            when cure_deadline is null then 'open'
            when cure_deadline < as_of then 'overdue'
            else 'in cure'
        end,
        case when cured_on is null then cure_deadline - as_of end,
        remark
    from (
        select
            breach.id, breach.clause_id, clause.contract_id, contract.project_id, breach.reference, breach.title, breach.occurred_on, breach.remark,
            known.notice_date, case when breach.cured_on <= as_of then breach.cured_on end as cured_on,
            case when known.notice_date is not null then
                coalesce(breach.extended_to, energy.add_days(known.notice_date, clause.cure_days, clause.cure_days_kind, project.country)) end as cure_deadline
        from energy.breach
        cross join lateral (select case when breach.notice_date <= as_of then breach.notice_date end) as known (notice_date)
        join energy.clause on clause.id = breach.clause_id
        join energy.contract on contract.id = clause.contract_id
        join energy.project on project.id = contract.project_id
        where breach.occurred_on <= as_of
    ) as found
$$;

comment on function energy.breaches_at(date) is
    'Every breach until the end of a day, as it stood then: not notified, in cure, overdue, open (the clause gives no time to cure), cured, or cured late. '
    'The notice starts the clock; the deadline is the last day of the cure, or the later day that was agreed.';


revoke execute on function
    energy.metered_days(date, date, text), energy.metered_months(date, date, text), energy.availability_percent(numeric, numeric),
    energy.availability_factor(numeric, numeric, numeric, numeric), energy.hours_in(tstzmultirange), energy.clause_outages(),
    energy.guarantee_months(date, date, text), energy.add_days(date, integer, text, text), energy.breaches_at(date)
from public;
grant execute on function
    energy.metered_days(date, date, text), energy.metered_months(date, date, text), energy.availability_percent(numeric, numeric),
    energy.availability_factor(numeric, numeric, numeric, numeric), energy.hours_in(tstzmultirange), energy.clause_outages(),
    energy.guarantee_months(date, date, text), energy.add_days(date, integer, text, text), energy.breaches_at(date)
to octavo_app, octavo_reader;
