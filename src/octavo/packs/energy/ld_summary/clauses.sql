select
    contract.number as contract_number,
    clause.reference as clause_reference,
    contract.counterparty_name,
    project.name as project_name,
    case clause.damages_form
        when 'shortfall_rate' then trim_scale(clause.damages_rate) || ' ' || contract.currency || ' for each MWh that is missing'
        when 'availability_ratio' then '(guaranteed / measured - 1) x net MWh x ' || trim_scale(clause.damages_rate) || ' ' || contract.currency
        else 'the monthly payment falls by ' || trim_scale(clause.damages_rate) || ' percent for each percent that is missing'
            || coalesce(', to nothing below ' || trim_scale(clause.damages_floor) || ' percent', '')
    end || case when coalesce(clause.window_months, 1) > 1 then '; measured over ' || clause.window_months || ' months' else '' end
        || case clause.measured_in when 'hours' then '; by hours' else '' end as form,
    concat_ws('; ', trim_scale(clause.damages_cap_percent) || ' percent of the month', trim_scale(clause.damages_cap_amount) || ' ' || contract.currency || ' a year') as caps,
    clause.guaranteed_value,
    min(month.measured) filter (where month.missing is not null) as lowest,
    case clause.guaranteed_unit when 'percent' then '%%' else clause.guaranteed_unit end as unit,
    count(month.missing) as months_measured,
    count(*) filter (where month.missing > 0) as months_below,
    contract.currency,
    coalesce(sum(month.uncapped), 0) as uncapped,
    case when contract.kind = 'ppa' then coalesce(sum(month.damages), 0) end as payable,
    case when contract.kind <> 'ppa' then coalesce(sum(month.damages), 0) end as receivable
from energy.guarantee_months(%(period_start)s, %(period_end)s, case %(months_in)s when 'run' then current_setting('TimeZone') end, %(project_id)s, %(contract_id)s) as month
join energy.clause on clause.id = month.clause_id
join energy.contract on contract.id = clause.contract_id
join energy.project on project.id = contract.project_id
group by contract.organization_id, contract.id, clause.organization_id, clause.id, project.organization_id, project.id
order by contract.number, clause.reference
