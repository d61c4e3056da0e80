select status, count(*) as quotes, sum(amount) as amount
from base
group by status
order by quotes desc, status
