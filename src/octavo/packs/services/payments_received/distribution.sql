-- A range holds its greatest amount and not its least, so the amounts are counted from above.
select name as range, coalesce(payments, 0) as payments
from (
    values (6, 'over 50,000'), (5, '25,000–50,000'), (4, '10,000–25,000'), (3, '5,000–10,000'), (2, '1,000–5,000'), (1, 'up to 1,000')
) as range (place, name)
left join (
    select 6 - width_bucket(-amount, array[-50000, -25000, -10000, -5000, -1000]::numeric[]) as place, count(*) as payments
    from base
    group by 1
) as counted using (place)
order by place
