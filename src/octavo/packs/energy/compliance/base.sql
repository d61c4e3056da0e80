-- Every breach until the day, as it stood at its end; which of them a section tells it says itself.
select
    contract.number as contract_number,
    project.name as project_name,
    contract.counterparty_name,
    clause.reference as clause_reference,
    breach.reference as breach_reference,
    breach.title,
    breach.occurred_on,
    breach.notice_date,
    breach.cure_deadline,
    breach.cured_on,
    breach.status,
    breach.days_left,
    breach.remark
from energy.breaches_at(%(as_of_end)s::date - 1) as breach
join energy.clause on clause.id = breach.clause_id
join energy.contract on contract.id = breach.contract_id
join energy.project on project.id = contract.project_id
where (%(project_id)s is null or contract.project_id = %(project_id)s)
    and (%(contract_id)s is null or contract.id = %(contract_id)s)
