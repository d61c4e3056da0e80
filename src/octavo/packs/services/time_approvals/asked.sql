-- What the figures need; who decided, only the list tells, which asks for itself.
select person_code, person_name, project_code, project_name, customer_code, customer_name, worked_on, hours, billable, status, decided_at, days, overdue
from services.time_asked(
    %(period_start)s, %(period_end)s, %(as_of_end)s::date - 1, %(customer_id)s, %(project_id)s, %(status)s, %(overdue_after)s, %(overdue_only)s
)
