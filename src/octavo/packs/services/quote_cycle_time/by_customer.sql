select customer_code, customer_name, count(*) as quotes, sum(amount) as amount
from base
group by customer_code, customer_name
order by quotes desc, customer_code
