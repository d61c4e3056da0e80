select name as range, coalesce(entries, 0) as entries
from (values (1, '0'), (2, '1'), (3, '2–3'), (4, '4–7'), (5, '8–14'), (6, 'over 14')) as range (place, name)
left join (
    select width_bucket(days, array[0, 1, 2, 4, 8, 15]) as place, count(*) as entries
    from base
    where days is not null
    group by 1
) as counted using (place)
order by place
