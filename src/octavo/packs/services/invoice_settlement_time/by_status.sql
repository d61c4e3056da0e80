select status, count(*) as invoices, sum(total) as total, sum(open_amount) as open_amount
from base
group by status
order by invoices desc, status
