-- As they stood when the period ended, or stand today.
select
    contract.number as contract_number,
    clause.reference as clause_reference,
    breach.reference as breach_reference,
    breach.title,
    breach.occurred_on,
    breach.notice_date,
    breach.cure_deadline,
    breach.cured_on,
    breach.status,
    breach.days_left
from energy.breaches_at(least(%(period_end)s::date - 1, current_date)) as breach
join energy.clause on clause.id = breach.clause_id
join energy.contract on contract.id = breach.contract_id
where clause.damages_form is not null
    and breach.occurred_on >= %(period_start)s
    and (%(project_id)s is null or contract.project_id = %(project_id)s)
    and (%(contract_id)s is null or contract.id = %(contract_id)s)
order by breach.occurred_on, breach.reference
