with told as (
    select
        clause_id, count(missing) as months_measured, count(*) filter (where missing > 0) as months_below,
        min(measured) filter (where missing is not null) as lowest, coalesce(sum(uncapped), 0) as uncapped, coalesce(sum(damages), 0) as damages
    from base
    group by clause_id
)
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
    told.lowest,
    case clause.guaranteed_unit when 'percent' then '%%' else clause.guaranteed_unit end as unit,
    told.months_measured,
    told.months_below,
    contract.currency,
    told.uncapped,
    case when contract.kind = 'ppa' then told.damages end as payable,
    case when contract.kind <> 'ppa' then told.damages end as receivable
from told
join energy.clause on clause.id = told.clause_id
join energy.contract on contract.id = clause.contract_id
join energy.project on project.id = contract.project_id
order by contract.number, clause.reference
