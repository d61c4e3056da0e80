select
    date_trunc(case when %(period_end)s::date - %(period_start)s::date <= 62 then 'day' else 'month' end, day::timestamp)::date as starting,
    sum(sent) as sent,
    sum(accepted) as accepted,
    sum(hard_bounces) as hard_bounces,
    sum(soft_bounces) as soft_bounces,
    sum(block_bounces) as block_bounces,
    sum(undetermined_bounces) as undetermined_bounces,
    sum(out_of_band_bounces) as out_of_band_bounces,
    sum(admin_bounces) as admin_bounces,
    outreach.rate(sum(accepted), sum(sent)) as acceptance_rate,
    outreach.rate(sum(sent) - sum(accepted), sum(sent)) as bounce_rate
from base
group by starting
order by starting
