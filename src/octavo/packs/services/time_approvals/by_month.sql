select date_trunc('month', worked_on::timestamp)::date as month, count(*) as entries, sum(hours) as hours
from base
group by month
order by month
