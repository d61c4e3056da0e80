select customer_code, customer_name, count(*) as payments, sum(amount) as amount
from base
group by customer_code, customer_name
order by payments desc, customer_code
