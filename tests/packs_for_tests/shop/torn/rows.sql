select number
from generate_series(1, 1000) as number
where case when current_query() ilike 'copy%%' then number <= 990 else true end
