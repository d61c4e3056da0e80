-- What callers other than Python need too: the latest completed billing period, and readings added up by billing period.

create function octavo.get_latest_completed_billing_period() returns bigint
language sql stable
as $$
    select id
    from energy.billing_period
    where end_date < current_date
    order by end_date desc, start_date desc, id desc
    limit 1
$$;

comment on function octavo.get_latest_completed_billing_period() is
    'The id of the organization''s billing period that ended last before today, or null. Of two that end on the same day, the shorter one.';

revoke execute on function octavo.get_latest_completed_billing_period() from public;
grant execute on function octavo.get_latest_completed_billing_period() to octavo_app, octavo_reader;

create function energy.aggregate_readings(meter bigint, zone text) returns bigint
language sql volatile
as $$
    with period as (
        select
            id,
            start_date::timestamp at time zone zone as starts_at,
            (end_date + 1)::timestamp at time zone zone as ends_at
        from energy.billing_period
    ), total as (
        select
            period.id as billing_period_id,
            count(reading.id) as reading_count,
            coalesce(sum(reading.net_energy_kwh), 0) as net_energy,
            coalesce(sum(reading.availability_kwh), 0) as availability_loss,
            coalesce(sum(reading.curtailment_kwh), 0) as curtailment
        from period
        left join energy.meter_reading as reading
            on reading.meter_id = meter and reading.interval_start >= period.starts_at and reading.interval_start < period.ends_at
        group by period.id
    ), written as (
        insert into energy.meter_aggregate (meter_id, billing_period_id, aggregation_type, time_zone, total_value, unit, reading_count)
        select meter, total.billing_period_id, kind.aggregation_type, zone, kind.total_value, 'kWh', total.reading_count
        from total
        cross join lateral (
            values ('net_energy', total.net_energy), ('availability_loss', total.availability_loss), ('curtailment', total.curtailment)
        ) as kind (aggregation_type, total_value)
        where total.reading_count > 0
            or exists (
                select from energy.meter_aggregate as known
                where known.meter_id = meter and known.billing_period_id = total.billing_period_id
                    and known.aggregation_type = kind.aggregation_type and known.time_zone = zone
            )
        on conflict (organization_id, meter_id, billing_period_id, aggregation_type, time_zone)
        do update set total_value = excluded.total_value, unit = excluded.unit, reading_count = excluded.reading_count
        returning 1
    )
    select count(*) from written
$$;

comment on function energy.aggregate_readings(bigint, text) is
    'Adds up a meter''s readings for each billing period that has any. A reading belongs to the period in whose days, which begin at midnight in the zone, its interval begins. Gives how many aggregates were written; doing it again replaces them.';

revoke execute on function energy.aggregate_readings(bigint, text) from public;
grant execute on function energy.aggregate_readings(bigint, text) to octavo_app;
