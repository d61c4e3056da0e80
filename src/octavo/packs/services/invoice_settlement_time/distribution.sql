select name as range, coalesce(invoices, 0) as invoices
from (values (1, '0–7'), (2, '8–14'), (3, '15–30'), (4, '31–60'), (5, '61–90'), (6, 'over 90'), (7, 'not settled')) as range (place, name)
left join (
    select coalesce(width_bucket(days, array[0, 8, 15, 31, 61, 91]), 7) as place, count(*) as invoices
    from base
    group by 1
) as counted using (place)
order by place
