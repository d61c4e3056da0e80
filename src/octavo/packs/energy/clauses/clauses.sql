select
    project.name as project_name,
    contract.name as contract_name,
    contract.number as contract_number,
    clause.reference as clause_reference,
    clause.title,
    replace(clause.kind, '_', ' ') as kind,
    clause.wording,
    clause.guaranteed_value,
    clause.guaranteed_unit,
    case when clause.guaranteed_value is not null then coalesce(clause.window_months, 1) end as window_months,
    case when clause.guaranteed_value is not null then clause.measured_in end as measured_in,
    replace(clause.damages_form, '_', ' ') as damages_form,
    clause.damages_rate,
    clause.damages_floor,
    clause.damages_cap_percent,
    clause.damages_cap_amount,
    contract.currency,
    case when clause.damages_form is not null then replace(array_to_string(clause.excused_causes, ', '), '_', ' ') end as excused_causes,
    clause.excused_maintenance_hours,
    clause.cure_days,
    clause.cure_days_kind = 'business' as cure_business_days
from energy.clause
join energy.contract on contract.id = clause.contract_id
join energy.project on project.id = contract.project_id
where (%(project_id)s is null or contract.project_id = %(project_id)s)
    and (%(contract_id)s is null or contract.id = %(contract_id)s)
    and (%(kind)s::text is null or clause.kind = %(kind)s)
    and (not %(with_damages)s or clause.damages_form is not null)
order by project.name, contract.name, contract.number, clause.reference
