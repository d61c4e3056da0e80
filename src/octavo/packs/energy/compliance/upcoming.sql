with due as (
    select contract_number, project_name, counterparty_name, clause_reference, 'cure' as kind, breach_reference || ' ' || title as title,
        cure_deadline as due_date
    from base
    where cured_on is null
    union all
    select contract.number, project.name, contract.counterparty_name, clause.reference, 'obligation', obligation.title, obligation.due_date
    from energy.obligation
    join energy.clause on clause.id = obligation.clause_id
    join energy.contract on contract.id = clause.contract_id
    join energy.project on project.id = contract.project_id
    where (obligation.fulfilled_on is null or obligation.fulfilled_on >= %(as_of_end)s)
        and (%(project_id)s is null or contract.project_id = %(project_id)s)
        and (%(contract_id)s is null or contract.id = %(contract_id)s)
)
select
    due.*,
    due.due_date - (%(as_of_end)s::date - 1) as days_left,
    due.due_date < %(as_of_end)s::date - 1 as overdue
from due
where due.due_date < %(as_of_end)s::date + %(upcoming_days)s
order by due.due_date, due.contract_number, due.kind, due.title
