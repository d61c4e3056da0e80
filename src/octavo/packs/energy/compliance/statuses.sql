-- Each status stands there always, so that "none overdue" is said and not left out.
with breach as (
    select breach.status
    from energy.breaches_at(%(as_of_end)s::date - 1) as breach
    join energy.clause on clause.id = breach.clause_id
    join energy.contract on contract.id = breach.contract_id
    where (%(project_id)s is null or contract.project_id = %(project_id)s)
        and (%(contract_id)s is null or contract.id = %(contract_id)s)
        and coalesce(breach.cured_on >= %(as_of_end)s::date - 1 - %(cured_days)s, true)
)
select kind.status, count(breach.status) as breaches
from (values (1, 'overdue'), (2, 'in cure'), (3, 'not notified'), (4, 'open'), (5, 'cured late'), (6, 'cured')) as kind (position, status)
left join breach on breach.status = kind.status
group by kind.position, kind.status
order by kind.position
