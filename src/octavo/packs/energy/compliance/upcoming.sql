with due as (
    select breach.contract_id, breach.clause_id, 'cure' as kind, breach.reference || ' ' || breach.title as title, breach.cure_deadline as due_date
    from energy.breaches_at(%(as_of_end)s::date - 1) as breach
    where breach.cured_on is null and breach.cure_deadline is not null
    union all
    select clause.contract_id, clause.id, 'obligation', obligation.title, obligation.due_date
    from energy.obligation
    join energy.clause on clause.id = obligation.clause_id
    where obligation.fulfilled_on is null or obligation.fulfilled_on >= %(as_of_end)s
)
select
    due.due_date,
    due.due_date - (%(as_of_end)s::date - 1) as days_left,
    due.kind,
    due.title,
    contract.number as contract_number,
    project.name as project_name,
    contract.counterparty_name,
    clause.reference as clause_reference,
    due.due_date < %(as_of_end)s::date - 1 as overdue
from due
join energy.clause on clause.id = due.clause_id
join energy.contract on contract.id = due.contract_id
join energy.project on project.id = contract.project_id
where due.due_date < %(as_of_end)s::date + %(upcoming_days)s
    and (%(project_id)s is null or contract.project_id = %(project_id)s)
    and (%(contract_id)s is null or contract.id = %(contract_id)s)
order by due.due_date, contract.number, due.kind, due.title
