select *
from retail.audit_asked(
    %(period_from)s, %(period_until)s, %(event_type)s, %(user_id)s, %(sale_id)s, %(customer_id)s
)
