select id as value, name as label
from energy.billing_period
order by end_date desc, start_date desc, id desc
