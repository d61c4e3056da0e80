-- All but the numbers of the invoices, which only the list of payments tells: they are joined into a text for each payment.
select number, customer_code, customer_name, received_on, method, amount, applied, unapplied, status, days_late
from services.payments_asked(
    %(period_start)s, %(period_end)s, %(as_of_end)s::date - 1, %(customer_id)s, %(project_id)s, %(status)s, %(overdue_only)s
)
where %(method)s::text is null or method = %(method)s
