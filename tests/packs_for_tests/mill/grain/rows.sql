select number, 'grain ' || number as grain
from generate_series(1, %(rows)s) as number
where case
    when number <= 10 and %(seconds)s > 0 and current_query() ilike 'copy%%' then pg_sleep(%(seconds)s::numeric / least(%(rows)s, 10)) is not null
    else true
end
