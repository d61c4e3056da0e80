select
    count(distinct month.clause_id) as clauses,
    count(month.missing) as months,
    count(*) filter (where month.missing > 0) as months_below,
    count(*) filter (where month.missing is null) as months_open,
    (
        select count(*)
        from energy.clause
        join energy.contract on contract.id = clause.contract_id
        where clause.damages_form is not null
            and not (clause.kind = 'availability' and clause.guaranteed_unit = 'percent' or clause.kind = 'generation' and clause.guaranteed_unit = 'MWh')
            and (%(project_id)s is null or contract.project_id = %(project_id)s)
            and (%(contract_id)s is null or contract.id = %(contract_id)s)
    ) as clauses_left_out,
    string_agg(distinct month.time_zone, ', ' order by month.time_zone) as time_zones,
    case when count(distinct contract.currency) = 1 then min(contract.currency) end as currency,
    case when count(distinct contract.currency) <= 1 then coalesce(sum(month.damages) filter (where contract.kind = 'ppa'), 0) end as payable,
    case when count(distinct contract.currency) <= 1 then coalesce(sum(month.damages) filter (where contract.kind <> 'ppa'), 0) end as receivable
from energy.guarantee_months(%(period_start)s, %(period_end)s, case %(months_in)s when 'run' then current_setting('TimeZone') end, %(project_id)s, %(contract_id)s) as month
join energy.clause on clause.id = month.clause_id
join energy.contract on contract.id = clause.contract_id
