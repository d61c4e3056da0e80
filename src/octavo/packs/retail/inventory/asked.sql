select *
from retail.stock_asked(
    %(as_of_end)s::date - 1, %(store_id)s, %(category)s, %(status)s, %(min_quantity)s, %(exclude_zero_value)s
)
