select name as range, coalesce(quotes, 0) as quotes
from (values (1, '0–1'), (2, '2–3'), (3, '4–7'), (4, '8–14'), (5, '15–30'), (6, 'over 30')) as range (place, name)
left join (
    select width_bucket(days, array[0, 2, 4, 8, 15, 31]) as place, count(*) as quotes
    from base
    where status = 'accepted' or %(measured)s = 'decided' and status = 'rejected' or %(measured)s = 'closed' and days is not null
    group by 1
) as counted using (place)
order by place
