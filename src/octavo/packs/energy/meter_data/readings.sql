select
    project.name as project_name,
    meter.number as meter_number,
    meter.kind as meter_kind,
    reading.interval_start,
    reading.interval_minutes,
    (reading.interval_start at time zone local.zone_name)::date as day,
    local.zone_name as time_zone,
    reading.net_energy_kwh,
    reading.availability_kwh,
    reading.curtailment_kwh
from energy.project
cross join lateral (select case %(months_in)s when 'run' then current_setting('TimeZone') else project.time_zone::text end) as local (zone_name)
join energy.meter on meter.project_id = project.id
join energy.meter_reading as reading
    on reading.meter_id = meter.id
    and reading.interval_start >= %(period_start)s::timestamp at time zone local.zone_name
    and reading.interval_start < %(period_end)s::timestamp at time zone local.zone_name
where (%(project_id)s is null or project.id = %(project_id)s)
    and (%(meter_kind)s::text is null or meter.kind = %(meter_kind)s)
order by project.name, meter.number, reading.interval_start
