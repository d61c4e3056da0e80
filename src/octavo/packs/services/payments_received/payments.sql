select *
from services.payments_asked(
    %(period_start)s, %(period_end)s, %(as_of_end)s::date - 1, %(customer_id)s, %(project_id)s, %(status)s, %(overdue_only)s
)
where %(method)s::text is null or method = %(method)s
order by received_on, number
