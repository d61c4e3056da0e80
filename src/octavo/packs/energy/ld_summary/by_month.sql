select
    month,
    count(missing) as months_measured,
    count(*) filter (where missing > 0) as months_below,
    currency,
    coalesce(sum(damages) filter (where is_payable), 0) as payable,
    coalesce(sum(damages) filter (where not is_payable), 0) as receivable
from base
group by currency, month
order by currency, month
