select
    project.name as project_name,
    metered.month,
    metered.time_zone,
    sum(metered.readings) as readings,
    round(100 * sum(metered.metered_hours) / sum(metered.hours), 2) as covered_percent,
    sum(metered.net_kwh) * 0.001 as net_mwh,
    sum(metered.lost_kwh) * 0.001 as lost_mwh,
    sum(metered.curtailed_kwh) * 0.001 as curtailed_mwh,
    energy.availability_percent(sum(metered.net_kwh + metered.lost_kwh + metered.curtailed_kwh), sum(metered.lost_kwh)) as availability_percent,
    round(100 * sum(metered.net_kwh) filter (where project.capacity_kw is not null)
        / nullif(sum(project.capacity_kw * metered.metered_hours), 0), 4) as capacity_factor_percent
from energy.metered_months(%(period_start)s, %(period_end)s, case %(months_in)s when 'run' then current_setting('TimeZone') end, %(project_id)s) as metered
join energy.project on project.id = metered.project_id
group by project.organization_id, project.id, metered.month, metered.time_zone
order by project.name, metered.month
