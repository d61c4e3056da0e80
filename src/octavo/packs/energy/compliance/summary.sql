with upcoming as (
    select cure_deadline as due_date
    from base
    where cured_on is null
    union all
    select obligation.due_date
    from energy.obligation
    join energy.clause on clause.id = obligation.clause_id
    join energy.contract on contract.id = clause.contract_id
    where (obligation.fulfilled_on is null or obligation.fulfilled_on >= %(as_of_end)s)
        and (%(project_id)s is null or contract.project_id = %(project_id)s)
        and (%(contract_id)s is null or contract.id = %(contract_id)s)
)
select
    %(as_of_end)s::date - 1 as as_of,
    count(*) filter (where cured_on is null) as open,
    count(*) filter (where status = 'overdue') as overdue,
    count(*) filter (where status = 'not notified') as not_notified,
    count(*) filter (where is_cured) as cured,
    round(100.0 * count(*) filter (where is_cured and status = 'cured') / nullif(count(*) filter (where is_cured), 0), 1) as cured_in_time_percent,
    (select count(*) from upcoming where due_date < %(as_of_end)s::date + %(upcoming_days)s) as upcoming,
    (
        select count(*) from upcoming where due_date < least(%(as_of_end)s::date + %(upcoming_days)s, %(as_of_end)s::date - 1)
    ) as upcoming_overdue
from base
cross join lateral (select cured_on >= %(as_of_end)s::date - 1 - %(cured_days)s) as recent (is_cured)
