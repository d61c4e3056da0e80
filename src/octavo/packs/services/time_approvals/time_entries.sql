select *
from services.time_asked(
    %(period_start)s, %(period_end)s, %(as_of_end)s::date - 1, %(customer_id)s, %(project_id)s, %(status)s, %(overdue_after)s, %(overdue_only)s
)
order by worked_on, number
