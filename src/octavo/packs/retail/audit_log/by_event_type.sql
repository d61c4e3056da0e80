select event_type, count(distinct user_id) as users, count(*) as events
from base
group by event_type
order by events desc, event_type
