select customer_code, customer_name, count(*) as invoices, sum(total) as total, sum(open_amount) as open_amount
from base
group by customer_code, customer_name
order by invoices desc, customer_code
