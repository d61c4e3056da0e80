select
    count(distinct clause_id) as clauses,
    count(missing) as months,
    count(*) filter (where missing > 0) as months_below,
    count(*) filter (where missing is null) as months_open,
    (
        select count(*)
        from energy.clause
        join energy.contract on contract.id = clause.contract_id
        where clause.damages_form is not null
            and not (clause.kind = 'availability' and clause.guaranteed_unit = 'percent' or clause.kind = 'generation' and clause.guaranteed_unit = 'MWh')
            and (%(project_id)s is null or contract.project_id = %(project_id)s)
            and (%(contract_id)s is null or contract.id = %(contract_id)s)
    ) as clauses_left_out,
    string_agg(distinct time_zone, ', ' order by time_zone) as time_zones,
    case when count(distinct currency) = 1 then min(currency) end as currency,
    case when count(distinct currency) <= 1 then coalesce(sum(damages) filter (where is_payable), 0) end as payable,
    case when count(distinct currency) <= 1 then coalesce(sum(damages) filter (where not is_payable), 0) end as receivable
from base
