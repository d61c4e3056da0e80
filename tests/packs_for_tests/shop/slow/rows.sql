select number
from generate_series(1, 3) as number
where case when (%(phase)s = 'copy') = (current_query() ilike 'copy%%') then pg_sleep(%(seconds)s) is not null else true end
