select *
from services.invoices_asked(
    %(period_start)s, %(period_end)s, %(as_of_end)s::date - 1, %(customer_id)s, %(project_id)s, %(status)s, %(overdue_only)s
)
