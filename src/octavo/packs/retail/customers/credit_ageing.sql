select number as customer_id, name, customer_type, open_items, days_0_30, days_31_60, days_61_90, over_90, unapplied_credits, balance, oldest_days
from base
where open_items > 0 or unapplied_credits <> 0
order by number
