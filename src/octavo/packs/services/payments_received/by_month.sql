select date_trunc('month', received_on::timestamp)::date as month, sum(payments)::bigint as payments, sum(amount) as amount
from (select received_on, count(*) as payments, sum(amount) as amount from base group by received_on) as day
group by month
order by month
