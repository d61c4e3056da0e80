select 'group ' || (number - 1) * 3 / greatest(%(rows)s, 1) as "group", count(*) as goods
from generate_series(1, %(rows)s) as number
group by 1
order by 1
