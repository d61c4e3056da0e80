select count(*) as events, count(distinct event_type) as event_types, count(distinct user_id) as users,
    count(*) filter (where user_id is null) as by_system, count(distinct ip_address) as addresses, min(occurred_at) as first_at, max(occurred_at) as last_at
from base
