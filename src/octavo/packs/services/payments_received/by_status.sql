select status, count(*) as payments, sum(amount) as amount
from base
group by status
order by payments desc, status
