select date_trunc(case when %(period_end)s::date - %(period_start)s::date <= 62 then 'day' else 'month' end, occurred_at)::date as starting,
    count(distinct user_id) as users, count(*) as events
from base
group by starting
order by starting
