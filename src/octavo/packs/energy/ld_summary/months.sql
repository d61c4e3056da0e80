select
    contract.number || ' clause ' || clause.reference || ', ' || clause.title as guarantee,
    month.month,
    month.time_zone,
    month.covered_percent,
    month.net_mwh,
    month.lost_mwh,
    month.excused_mwh,
    month.excused_hours,
    month.curtailed_mwh,
    month.measured,
    clause.guaranteed_value,
    case clause.guaranteed_unit when 'percent' then '%%' else clause.guaranteed_unit end as unit,
    month.missing,
    month.factor_percent,
    contract.currency,
    month.uncapped,
    case when contract.kind = 'ppa' then month.damages end as payable,
    case when contract.kind <> 'ppa' then month.damages end as receivable,
    coalesce(month.missing > 0, false) as below
from energy.guarantee_months(%(period_start)s, %(period_end)s, case %(months_in)s when 'run' then current_setting('TimeZone') end, %(project_id)s, %(contract_id)s) as month
join energy.clause on clause.id = month.clause_id
join energy.contract on contract.id = clause.contract_id
order by contract.number, clause.reference, month.month
