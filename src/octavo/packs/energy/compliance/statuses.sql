-- Each status stands there always, so that "none overdue" is said and not left out.
select kind.status, count(breach.status) as breaches
from (values (1, 'overdue'), (2, 'in cure'), (3, 'not notified'), (4, 'open'), (5, 'cured late'), (6, 'cured')) as kind (position, status)
left join base as breach
    on breach.status = kind.status and coalesce(breach.cured_on >= %(as_of_end)s::date - 1 - %(cured_days)s, true)
group by kind.position, kind.status
order by kind.position
