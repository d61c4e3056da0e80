select id::text as event_id, occurred_at, event_type, user_id, user_name, user_email, ip_address, user_agent, invoice_number,
    customer_number as customer_id, customer_name, description, retail.readable(details) as details
from base
order by occurred_at, id
