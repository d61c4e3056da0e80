select
    month.month,
    count(month.missing) as months_measured,
    count(*) filter (where month.missing > 0) as months_below,
    contract.currency,
    coalesce(sum(month.damages) filter (where contract.kind = 'ppa'), 0) as payable,
    coalesce(sum(month.damages) filter (where contract.kind <> 'ppa'), 0) as receivable
from energy.guarantee_months(%(period_start)s, %(period_end)s, case %(months_in)s when 'run' then current_setting('TimeZone') end, %(project_id)s, %(contract_id)s) as month
join energy.clause on clause.id = month.clause_id
join energy.contract on contract.id = clause.contract_id
group by contract.currency, month.month
order by contract.currency, month.month
