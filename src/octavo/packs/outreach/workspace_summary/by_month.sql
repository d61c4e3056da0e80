select
    date_trunc('month', day::timestamp)::date as month,
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
group by month
order by month
