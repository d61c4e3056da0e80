select date_trunc('month', created_at)::date as month, count(*) as quotes, sum(amount) as amount
from base
group by month
order by month
