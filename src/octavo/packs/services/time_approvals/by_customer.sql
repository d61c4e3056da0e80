select customer_code, customer_name, count(*) as entries, sum(hours) as hours
from base
group by customer_code, customer_name
order by entries desc, customer_code
