select
    contract_number, buyer_name, project_name, time_zone, net_mwh, currency,
    coalesce(sum(amount) filter (where kind in ('energy', 'deemed energy', 'monthly payment')), 0) as energy_amount,
    coalesce(sum(amount) filter (where kind = 'adjustment'), 0) as adjustment_amount,
    coalesce(sum(amount) filter (where kind = 'liquidated damages'), 0) as damages_amount,
    sum(amount) as net_amount,
    invoiced_amount,
    invoiced_amount - sum(amount) as difference,
    invoiced_amount <> sum(amount) as differs
from base
group by contract_id, contract_number, buyer_name, project_name, time_zone, net_mwh, currency, invoiced_amount
order by contract_number
