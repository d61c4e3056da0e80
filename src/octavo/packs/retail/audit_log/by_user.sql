select user_id, max(user_name) as user_name, max(occurred_at)::date as last_on, count(*) as events
from base
group by user_id
order by events desc, user_id
