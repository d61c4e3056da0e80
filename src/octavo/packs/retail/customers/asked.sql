select *
from retail.customers_asked(
    %(as_of_end)s::date - 1, %(basis)s, %(customer_type)s, %(credit_status)s, %(min_outstanding)s, %(active)s
)
