select date_trunc('month', issued_on::timestamp)::date as month, count(*) as invoices, sum(total) as total, sum(open_amount) as open_amount
from base
group by month
order by month
