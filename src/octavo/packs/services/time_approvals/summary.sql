with decided as (
    select array_agg(days order by days) filter (where days is not null) as days from base
)
select
    count(*) as entries,
    coalesce(sum(hours), 0) as hours,
    coalesce(sum(hours) filter (where status = 'approved'), 0) as approved_hours,
    coalesce(sum(hours) filter (where status = 'rejected'), 0) as rejected_hours,
    coalesce(sum(hours) filter (where status = 'submitted'), 0) as waiting_hours,
    round(100.0 * count(*) filter (where status = 'approved') / nullif(count(decided_at), 0), 4) as approval_rate,
    round(100 * coalesce(sum(hours) filter (where billable), 0) / nullif(sum(hours), 0), 4) as billable_rate,
    count(*) filter (where overdue) as overdue,
    round(avg(days), 4) as mean_days,
    services.percentile_of_days((select days from decided), 0.5, %(percentile)s) as median_days,
    services.percentile_of_days((select days from decided), 0.9, %(percentile)s) as p90_days,
    min(days) as min_days,
    max(days) as max_days,
    services.percentile_method(%(percentile)s) as percentile_method
from base
