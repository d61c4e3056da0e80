select *
from services.quotes_asked(
    %(period_from)s, %(period_until)s, %(as_of_end)s::date - 1, %(customer_id)s, %(project_id)s, %(status)s, %(overdue_only)s
)
