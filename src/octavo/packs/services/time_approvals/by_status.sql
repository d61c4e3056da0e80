select status, count(*) as entries, sum(hours) as hours
from base
group by status
order by entries desc, status
