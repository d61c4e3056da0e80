-- Every guarantee, month by month, with what the sections tell of its clause and contract.
select
    month.*,
    contract.number as contract_number,
    contract.kind = 'ppa' as is_payable,
    contract.currency,
    clause.reference as clause_reference,
    clause.title as clause_title,
    clause.guaranteed_value,
    case clause.guaranteed_unit when 'percent' then '%%' else clause.guaranteed_unit end as unit
from energy.guarantee_months(%(period_start)s, %(period_end)s, case %(months_in)s when 'run' then current_setting('TimeZone') end, %(project_id)s, %(contract_id)s) as month
join energy.clause on clause.id = month.clause_id
join energy.contract on contract.id = clause.contract_id
