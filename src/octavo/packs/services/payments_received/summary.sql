with received as (
    select array_agg(amount order by amount) as amounts from base
)
select
    count(*) as payments,
    coalesce(sum(amount), 0) as amount,
    coalesce(sum(applied), 0) as applied,
    coalesce(sum(unapplied), 0) as unapplied,
    count(*) filter (where days_late > 0) as late,
    round(avg(amount), 4) as mean_amount,
    services.percentile((select amounts from received), 0.5, %(percentile)s) as median_amount,
    services.percentile((select amounts from received), 0.9, %(percentile)s) as p90_amount,
    min(amount) as min_amount,
    max(amount) as max_amount,
    services.percentile_method(%(percentile)s) as percentile_method
from base
