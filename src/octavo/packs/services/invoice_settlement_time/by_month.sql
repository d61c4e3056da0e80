select date_trunc('month', issued_on::timestamp)::date as month, sum(invoices)::bigint as invoices, sum(total) as total, sum(open_amount) as open_amount
from (select issued_on, count(*) as invoices, sum(total) as total, sum(open_amount) as open_amount from base group by issued_on) as day
group by month
order by month
