select date_trunc('month', worked_on::timestamp)::date as month, sum(entries)::bigint as entries, sum(hours) as hours
from (select worked_on, count(*) as entries, sum(hours) as hours from base group by worked_on) as day
group by month
order by month
