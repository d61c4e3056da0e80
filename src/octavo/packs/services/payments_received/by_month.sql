select date_trunc('month', received_on::timestamp)::date as month, count(*) as payments, sum(amount) as amount
from base
group by month
order by month
