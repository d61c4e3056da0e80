select
    date_trunc(case when %(period_end)s::date - %(period_start)s::date <= 62 then 'day' else 'month' end, day::timestamp)::date as starting,
    sum(sent) as sent,
    sum(accepted) as accepted,
    sum(opened) as opened,
    sum(clicked) as clicked,
    sum(replied) as replied,
    sum(unsubscribed) as unsubscribed,
    sum(complained) as complained,
    outreach.rate(sum(opened), sum(accepted)) as open_rate,
    outreach.rate(sum(replied), sum(accepted)) as reply_rate
from base
group by starting
order by starting
