select method, count(*) as payments, sum(amount) as amount
from base
group by method
order by amount desc, method
